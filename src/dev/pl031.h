/*
 * PL031 real-time clock: a counter of seconds with one alarm.
 *
 * Place: a device of the board, mapped by the machine with pl031_ops.
 * Threads: vCPU threads by MMIO, the timer thread by the alarm; one lock
 * (RANK_DEVICE).  ARM DDI 0224.
 */
#ifndef PARMA_DEV_PL031_H
#define PARMA_DEV_PL031_H

#include <stdint.h>

#include "dev/irq.h"
#include "mem/physmap.h"

#define PL031_SIZE 0x1000

struct pl031;
extern const struct mmio_ops pl031_ops;

/* start_s: what the clock shows now, seconds since 1970. Never fails (BUG without memory). */
struct pl031 *pl031_new(uint64_t start_s, struct irq_line irq);
/* The machine was reset: the alarm is off, the time goes on. */
void pl031_reset(struct pl031 *r);
/* After timer_service_stop(). */
void pl031_free(struct pl031 *r);

#endif
