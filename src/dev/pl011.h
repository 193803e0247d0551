/*
 * PL011 UART (Arm DDI 0183, r1p4), complete but for DMA (DMACR is kept, there
 * is no DMA controller on the board): FIFOs, trigger levels, receive timeout,
 * loopback, modem lines, PrimeCell identification.
 *
 * Baud rates do not slow anything down: a character leaves the transmit FIFO
 * as soon as the chardev takes it.  While the chardev's ring is full, the FIFO
 * fills and FR.TXFF and the transmit interrupt behave as on a slow line.
 * As is usual for emulators, output works before software has set CR.UARTEN.
 *
 * Threads: vCPUs (MMIO) and the I/O thread (input); one lock, rank DEVICE.
 */
#ifndef PARMA_DEV_PL011_H
#define PARMA_DEV_PL011_H

#include "dev/chardev.h"
#include "dev/irq.h"
#include "mem/physmap.h"

#define PL011_SIZE 0x1000

struct pl011;

struct pl011_config {
	struct chardev *chardev; /* NULL: not connected */
};

/* NULL with e filled if the chardev is taken. */
struct pl011 *pl011_new(const struct pl011_config *cfg, struct irq_line irq, struct err *e);
/* To the state after power-on. Any thread. */
void pl011_reset(struct pl011 *p);
/* Before the chardev is; no vCPU runs any more. */
void pl011_free(struct pl011 *p);

/* For physmap_add_mmio(), the device being the struct pl011. */
extern const struct mmio_ops pl011_mmio;

#endif
