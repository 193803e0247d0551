/*
 * A board of nothing but vCPU structs and an interrupt controller: what its
 * tests drive.  vcpu_set_line() is here, so that no vCPU code is linked.
 */
#ifndef PARMA_TESTS_DEV_GIC_BOARD_H
#define PARMA_TESTS_DEV_GIC_BOARD_H

#include <string.h>

#include "a64/eval.h"
#include "a64/vcpu.h"
#include "base/bug.h"
#include "dev/gic.h"
#include "tests/tap.h"

#define DIST UINT64_C(0x08000000)
#define CPUIF UINT64_C(0x08010000)
#define RDIST UINT64_C(0x080a0000)
#define RDIST2 UINT64_C(0x4000000000)

static struct vcpu *cpus[128];
static struct physmap *pm;
static struct gic *gic;

void vcpu_set_line(struct vcpu *c, uint32_t line, bool level)
{
	if (level)
		at_or(&c->irq_lines, line);
	else
		at_and(&c->irq_lines, ~line);
}

__attribute__((unused)) static uint64_t rd(unsigned cpu, uint64_t a, unsigned size)
{
	const struct mem_region *r = physmap_find(pm, mk_gpa(a));
	uint64_t v;

	BUG_ON(r == NULL || !physmap_mmio_read(r, mk_gpa(a), size, cpu, &v));
	return v;
}

__attribute__((unused)) static void wr(unsigned cpu, uint64_t a, unsigned size, uint64_t v)
{
	const struct mem_region *r = physmap_find(pm, mk_gpa(a));

	BUG_ON(r == NULL || !physmap_mmio_write(r, mk_gpa(a), size, cpu, v));
}

__attribute__((unused)) static uint32_t rd32(unsigned cpu, uint64_t a) { return (uint32_t)rd(cpu, a, 4); }
__attribute__((unused)) static void wr32(unsigned cpu, uint64_t a, uint32_t v) { wr(cpu, a, 4, v); }

__attribute__((unused)) static unsigned lines(unsigned cpu) { return ld_acq(&cpus[cpu]->irq_lines); }

/* Makes the board; affinity as on QEMU's virt: 16 to a cluster (GICv3), 8 (GICv2). */
__attribute__((unused)) static void board(unsigned version, unsigned n, unsigned nspis)
{
	struct gicr_region regions[2] = {{mk_gpa(RDIST), 0xf60000}, {mk_gpa(RDIST2), 0x4000000}};
	struct err e;
	int rc;

	for (unsigned k = 0; k < n; k++) {
		if (cpus[k] == NULL)
			cpus[k] = calloc(1, sizeof(*cpus[k]));
		memset(cpus[k], 0, sizeof(*cpus[k]));
		cpus[k]->index = k;
		cpus[k]->mpidr = BIT(31) | (version == 3 ? (k / 16 << 8 | k % 16) : k);
	}
	pm = physmap_new();
	gic = version == 3 ? gicv3_new(cpus, n, nspis, &e) : gicv2_new(cpus, n, nspis, &e);
	BUG_ON(gic == NULL);
	rc = version == 3 ? gicv3_map(gic, pm, mk_gpa(DIST), regions, 2, &e)
			  : gicv2_map(gic, pm, mk_gpa(DIST), mk_gpa(CPUIF), &e);
	BUG_ON(rc);
}

__attribute__((unused)) static void unboard(void)
{
	gic_free(gic);
	physmap_free(pm);
}

__attribute__((unused)) static void spi(unsigned n, bool level)
{
	struct irq_line l = gic_spi_line(gic, n);

	irq_set(&l, level);
}

__attribute__((unused)) static void ppi(unsigned cpu, unsigned n, bool level)
{
	struct irq_line l = gic_ppi_line(gic, cpu, n);

	irq_set(&l, level);
}

#endif
