/*
 * Making, mapping, resetting and wiring an interrupt controller (gic.h).
 * Set-up is one thread's; the wires may be driven by any.
 */
#include <stdlib.h>
#include <string.h>

#include "a64/vcpu.h"
#include "base/bug.h"
#include "dev/gic_priv.h"

static struct gic *gic_new(unsigned version, struct vcpu **cpus, unsigned n, unsigned nspis, struct err *e)
{
	unsigned max = version == 3 ? GICV3_MAX_CPUS : GICV2_MAX_CPUS;
	struct gic *g;

	if (n == 0 || n > max) {
		err_set(e, EXIT_USAGE, "a GICv%u serves 1 to %u vCPUs, not %u%s", version, max, n,
			version == 2 && n > max ? "; use gic-version=3" : "");
		return NULL;
	}
	BUG_ON(nspis > GIC_MAX_SPIS);
	g = calloc(1, sizeof(*g));
	if (g != NULL) {
		g->version = version;
		g->pri_bits = version == 3 ? 5 : 8;
		g->ncpus = n;
		g->nbanks = 1 + (nspis + 31) / 32;
		g->bank = calloc(g->nbanks, sizeof(*g->bank));
		g->cpu = aligned_alloc(64, n * sizeof(*g->cpu));
	}
	if (g == NULL || g->bank == NULL || g->cpu == NULL) {
		err_set(e, EXIT_HOST, "no memory for the interrupt controller of %u vCPUs", n);
		if (g != NULL) {
			free(g->bank);
			free(g->cpu);
		}
		free(g);
		return NULL;
	}
	memset(g->cpu, 0, n * sizeof(*g->cpu));
	for (unsigned k = 0; k < n; k++)
		gic_cpu_init(g, k, cpus[k]);
	for (unsigned k = 0; k < g->nbanks; k++)
		gic_bank_init(g, k);
	gic_reset(g);
	return g;
}

struct gic *gicv3_new(struct vcpu **cpus, unsigned n, unsigned nspis, struct err *e)
{
	struct gic *g = gic_new(3, cpus, n, nspis, e);

	for (unsigned k = 0; g != NULL && k < n; k++) {
		cpus[k]->gic = &gicv3_icc_ops;
		cpus[k]->gic_cpu = &g->cpu[k];
	}
	return g;
}

struct gic *gicv2_new(struct vcpu **cpus, unsigned n, unsigned nspis, struct err *e)
{
	return gic_new(2, cpus, n, nspis, e);
}

void gic_free(struct gic *g)
{
	if (g == NULL)
		return;
	for (unsigned k = 0; k < g->ncpus; k++)
		lock_destroy(&g->cpu[k].lock);
	for (unsigned k = 0; k < g->nbanks; k++)
		lock_destroy(&g->bank[k].lock);
	free(g->cpu);
	free(g->bank);
	free(g);
}

int gicv3_map(struct gic *g, struct physmap *pm, gpa dist, const struct gicr_region *r, unsigned nr, struct err *e)
{
	unsigned first = 0;

	physmap_add_mmio(pm, dist, GICD_SIZE, &gicv3_dist_ops, g);
	for (unsigned k = 0; k < nr && k < GICR_MAX_REGIONS && first < g->ncpus; k++) {
		unsigned room = (unsigned)MIN(r[k].size / GICR_SIZE_PER_CPU, (uint64_t)GICV3_MAX_CPUS);
		unsigned count = MIN(room, g->ncpus - first);

		g->window[k] = (struct gicr_window){g, first, count};
		g->nwindows = k + 1;
		physmap_add_mmio(pm, r[k].start, (uint64_t)count * GICR_SIZE_PER_CPU, &gicv3_rdist_ops, &g->window[k]);
		first += count;
	}
	if (first < g->ncpus)
		return err_set(e, EXIT_USAGE, "the board has redistributors for %u vCPUs, not %u", first, g->ncpus);
	return 0;
}

int gicv2_map(struct gic *g, struct physmap *pm, gpa dist, gpa cpu_if, struct err *e)
{
	physmap_add_mmio(pm, dist, GICD_SIZE, &gicv2_dist_ops, g);
	physmap_add_mmio(pm, cpu_if, GICC_SIZE, &gicv2_cpu_ops, g);
	return 0;
}

static void reset_private(struct gic_cpu *c)
{
	lock_take(&c->lock);
	gic_irqs_reset(&c->s);
	c->s.edge = 0xffff;
	if (c->g->version == 2)
		c->s.enabled = 0xffff;
	memset(c->sgi_from, 0, sizeof(c->sgi_from));
	c->waker = 6;
	c->rctlr = 0;
	lock_drop(&c->lock);
}

void gic_reset(struct gic *g)
{
	at_xchg(&g->ctlr, 0); /* vCPUs are stopped: no order needed */
	for (unsigned k = 1; k < g->nbanks; k++)
		gic_bank_reset(&g->bank[k]);
	for (unsigned k = 0; k < g->ncpus; k++) {
		reset_private(&g->cpu[k]);
		gic_cpu_reset_if(&g->cpu[k]);
		gic_cpu_eligible(&g->cpu[k]);
	}
}

void gic_cpu_reset(struct gic *g, unsigned k)
{
	BUG_ON(k >= g->ncpus);
	if (g->version == 2)
		return;
	gic_cpu_reset_if(&g->cpu[k]);
	gic_cpu_eligible(&g->cpu[k]);
}

static void set_spi(void *ctl, unsigned id, bool level) { gic_spi_level(ctl, id, level); }
static void set_ppi(void *ctl, unsigned id, bool level) { gic_cpu_level(ctl, id, level); }

struct irq_line gic_spi_line(struct gic *g, unsigned n)
{
	BUG_ON(n + 32 >= g->nbanks * 32);
	return (struct irq_line){set_spi, g, n + 32};
}

struct irq_line gic_ppi_line(struct gic *g, unsigned k, unsigned n)
{
	BUG_ON(k >= g->ncpus || n >= 16);
	return (struct irq_line){set_ppi, &g->cpu[k], n + 16};
}
