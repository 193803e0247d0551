/*
 * An interrupt wire: what a device holds of the interrupt controller.
 *
 * The controller fills the struct (gic_spi_line(), gic_ppi_line()); the device
 * calls irq_set() whenever its output changes, and may repeat a level.  Any
 * thread may call; the controller locks for itself (rank RANK_GIC), so the
 * caller may hold its own device lock (RANK_DEVICE).
 */
#ifndef PARMA_DEV_IRQ_H
#define PARMA_DEV_IRQ_H

#include <stdbool.h>
#include <stddef.h>

struct irq_line {
	void (*set)(void *ctl, unsigned n, bool level); /* CONST_AFTER_INIT; NULL: not wired */
	void *ctl;                                      /* CONST_AFTER_INIT */
	unsigned n;                                     /* CONST_AFTER_INIT: meaning is the controller's */
};

/* Drives the wire; nothing happens where it is not connected. */
static inline void irq_set(const struct irq_line *l, bool level)
{
	if (l->set != NULL)
		l->set(l->ctl, l->n, level);
}

#endif
