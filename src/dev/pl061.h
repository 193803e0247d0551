/*
 * PL061 GPIO controller: 8 lines, any of which the board may drive.  On the
 * virt board line 3 is the power key.
 *
 * Place: a device of the board, mapped by the machine with pl061_ops.
 * Threads: vCPU threads by MMIO, any thread by pl061_set_input(); one lock
 * (RANK_DEVICE).  ARM DDI 0190.
 */
#ifndef PARMA_DEV_PL061_H
#define PARMA_DEV_PL061_H

#include "dev/irq.h"
#include "mem/physmap.h"

#define PL061_SIZE 0x1000
#define PL061_POWER_KEY 3 /* line of the virt board's gpio-keys node */

struct pl061;
extern const struct mmio_ops pl061_ops;

/* Never fails (BUG without memory). */
struct pl061 *pl061_new(struct irq_line irq);
/* Drives input line n (0..7); seen by the guest where the line is an input. */
void pl061_set_input(struct pl061 *p, unsigned n, bool level);
/* Presses the power key: the guest sees a rising edge; released shortly after. Any thread. */
void pl061_power_key(struct pl061 *p);
void pl061_reset(struct pl061 *p);
/* After timer_service_stop(). */
void pl061_free(struct pl061 *p);

#endif
