/*
 * The interrupt controller of the board: GICv3 with system-register CPU
 * interfaces (up to 128 vCPUs) or GICv2 (up to 8), one Security state.
 *
 * The machine makes one, maps its windows, takes a wire for each device
 * (irq_line) and hands it to the device.  The controller tells a vCPU by
 * vcpu_set_line().  All functions but the makers, gic_map and gic_free may be
 * called on any thread while vCPUs run.  Locking: see gic_priv.h.
 */
#ifndef PARMA_DEV_GIC_H
#define PARMA_DEV_GIC_H

#include <stdbool.h>

#include "base/err.h"
#include "base/types.h"
#include "dev/irq.h"
#include "mem/physmap.h"

struct gic;
struct vcpu;

#define GICV3_MAX_CPUS 128
#define GICV2_MAX_CPUS 8
#define GIC_MAX_SPIS 960

#define GICD_SIZE 0x10000
#define GICC_SIZE 0x10000
#define GICR_SIZE_PER_CPU 0x20000

/*
 * Makes a controller for cpus[0..n) with nspis shared interrupts (rounded up
 * to a multiple of 32).  gicv3_new() also sets each vCPU's gic and gic_cpu.
 * NULL with e filled if n or nspis is more than the architecture's version has
 * or there is no memory.
 */
struct gic *gicv3_new(struct vcpu **cpus, unsigned n, unsigned nspis, struct err *e);
struct gic *gicv2_new(struct vcpu **cpus, unsigned n, unsigned nspis, struct err *e);
/* No vCPU and no device may use it any more. */
void gic_free(struct gic *g);

/* One contiguous run of redistributor frames: vCPUs in order of index, each region filled before the next. */
struct gicr_region {
	gpa start;
	uint64_t size; /* bytes; size / GICR_SIZE_PER_CPU frames fit */
};

/*
 * Maps the windows. The regions must have room for all vCPUs; only as much of
 * each as there are vCPUs for is mapped. 0, or -1 with e filled.
 */
int gicv3_map(struct gic *g, struct physmap *pm, gpa dist, const struct gicr_region *r, unsigned nr, struct err *e);
int gicv2_map(struct gic *g, struct physmap *pm, gpa dist, gpa cpu_if, struct err *e);

/* Back to the state after power-on, wires keep their levels. vCPUs must be stopped. */
void gic_reset(struct gic *g);
/* vCPU k was reset (PSCI CPU_ON): its system-register interface too. Nothing happens with GICv2. */
void gic_cpu_reset(struct gic *g, unsigned k);

/* The wire of shared interrupt n (0.., INTID n + 32; the number in a device tree). */
struct irq_line gic_spi_line(struct gic *g, unsigned n);
/* The wire of private interrupt n (0..15, INTID n + 16) of vCPU k. */
struct irq_line gic_ppi_line(struct gic *g, unsigned k, unsigned n);

#endif
