/*
 * GICv3 CPU interface as system registers (ICC_*_EL1), for a PE without EL2
 * and EL3: SRE is always on, groups 0 and 1 are both here, priorities are
 * seen unshifted, ICC_BPR1 is the Non-secure copy.
 *
 * Called on the vCPU's own thread (struct gic_cpu_ops in a64/vcpu.h).
 * IHI 0069, 12.2.  Unimplemented registers are UNDEFINED: return false.
 */
#include "a64/eval.h"
#include "a64/vcpu.h"
#include "dev/gic_priv.h"

#define ICC(crm, op2) SYSREG(3, 0, 12, crm, op2)
#define ICC_PMR SYSREG(3, 0, 4, 6, 0)
#define ICC_IAR0 ICC(8, 0)
#define ICC_EOIR0 ICC(8, 1)
#define ICC_HPPIR0 ICC(8, 2)
#define ICC_BPR0 ICC(8, 3)
#define ICC_AP0R0 ICC(8, 4)
#define ICC_AP1R0 ICC(9, 0)
#define ICC_DIR ICC(11, 1)
#define ICC_RPR ICC(11, 3)
#define ICC_SGI1R ICC(11, 5)
#define ICC_ASGI1R ICC(11, 6)
#define ICC_SGI0R ICC(11, 7)
#define ICC_IAR1 ICC(12, 0)
#define ICC_EOIR1 ICC(12, 1)
#define ICC_HPPIR1 ICC(12, 2)
#define ICC_BPR1 ICC(12, 3)
#define ICC_CTLR ICC(12, 4)
#define ICC_SRE ICC(12, 5)
#define ICC_IGRPEN0 ICC(12, 6)
#define ICC_IGRPEN1 ICC(12, 7)

#define CTLR_CBPR (1u << 0)
#define CTLR_EOIMODE (1u << 1)
#define CTLR_PRIBITS(n) (((n) - 1u) << 8)
#define CTLR_IDBITS_24 (1u << 11)
#define CTLR_A3V (1u << 15)
#define CTLR_RSS (1u << 18)
#define SRE_ALL 7u /* SRE, DFB, DIB: fixed */

/* ICC_SGI*R targets: a list of 16 Aff0 values in a cluster, or all others. */
static void send_sgi(struct gic_cpu *from, uint64_t val, unsigned groups)
{
	struct gic *g = from->g;
	unsigned n = (unsigned)bits(val, 27, 24);
	uint64_t cluster = bits(val, 55, 48) << 32 | bits(val, 39, 32) << 16 | bits(val, 23, 16) << 8;
	unsigned first = (unsigned)bits(val, 47, 44) * 16;
	bool others = val & BIT(40);

	for (unsigned k = 0; k < g->ncpus; k++) {
		uint64_t mpidr = g->cpu[k].vc->mpidr;
		unsigned aff0 = mpidr & 0xff;
		bool hit;

		if (others)
			hit = k != from->index;
		else
			hit = (mpidr & UINT64_C(0xff00ffff00)) == cluster && aff0 >= first && aff0 < first + 16 &&
			      bit(val, aff0 - first);
		if (hit)
			gic_cpu_sgi(&g->cpu[k], n, from->index, groups);
	}
}

static uint64_t read_bpr(struct gic_cpu *c, unsigned group)
{
	if (group && c->cbpr)
		return MIN(c->bpr[0] + 1u, 7u);
	return c->bpr[group];
}

static uint64_t read_ctlr(const struct gic_cpu *c)
{
	return (c->cbpr ? CTLR_CBPR : 0) | (c->split ? CTLR_EOIMODE : 0) | CTLR_PRIBITS(c->g->pri_bits) |
	       CTLR_IDBITS_24 | CTLR_A3V | CTLR_RSS;
}

/* Registers that are plain state. c->lock held. */
static bool read_state(struct gic_cpu *c, uint32_t enc, uint64_t *val)
{
	switch (enc) {
	case ICC_PMR:
		*val = c->pmr;
		return true;
	case ICC_BPR0:
	case ICC_BPR1:
		*val = read_bpr(c, enc == ICC_BPR1);
		return true;
	case ICC_AP0R0:
	case ICC_AP1R0:
		*val = c->apr[enc == ICC_AP1R0][0];
		return true;
	case ICC_CTLR:
		*val = read_ctlr(c);
		return true;
	case ICC_SRE:
		*val = SRE_ALL;
		return true;
	case ICC_IGRPEN0:
	case ICC_IGRPEN1:
		*val = c->grp_en[enc == ICC_IGRPEN1];
		return true;
	default:
		return false;
	}
}

static bool icc_read(void *gic_cpu, uint32_t enc, uint64_t *val)
{
	struct gic_cpu *c = gic_cpu;
	bool good;

	switch (enc) {
	case ICC_IAR0:
	case ICC_IAR1:
		*val = gic_cpu_ack(c, enc == ICC_IAR0 ? 1 : 2);
		return true;
	case ICC_HPPIR0:
	case ICC_HPPIR1:
		*val = gic_cpu_pending(c, enc == ICC_HPPIR0 ? 1 : 2);
		return true;
	case ICC_RPR:
		*val = gic_cpu_running(c);
		return true;
	default:
		lock_take(&c->lock);
		good = read_state(c, enc, val);
		lock_drop(&c->lock);
		return good;
	}
}

static void write_bpr(struct gic_cpu *c, unsigned group, uint64_t val)
{
	if (group && c->cbpr)
		return;
	c->bpr[group] = (uint8_t)MAX((unsigned)val & 7, gic_min_bpr(c->g, group));
}

/* Plain state. c->lock held. */
static bool write_state(struct gic_cpu *c, uint32_t enc, uint64_t val)
{
	switch (enc) {
	case ICC_PMR:
		c->pmr = (uint8_t)val & gic_prio_mask(c->g);
		return true;
	case ICC_BPR0:
	case ICC_BPR1:
		write_bpr(c, enc == ICC_BPR1, val);
		return true;
	case ICC_AP0R0:
	case ICC_AP1R0:
		c->apr[enc == ICC_AP1R0][0] = (uint32_t)val;
		return true;
	case ICC_CTLR:
		c->cbpr = val & CTLR_CBPR;
		c->split = val & CTLR_EOIMODE;
		return true;
	case ICC_SRE:
		return true;
	case ICC_IGRPEN0:
	case ICC_IGRPEN1:
		c->grp_en[enc == ICC_IGRPEN1] = val & 1;
		return true;
	default:
		return false;
	}
}

static bool icc_write(void *gic_cpu, uint32_t enc, uint64_t val)
{
	struct gic_cpu *c = gic_cpu;
	bool good;

	switch (enc) {
	case ICC_EOIR0:
	case ICC_EOIR1:
		gic_cpu_eoi(c, val & 0xffffff, enc == ICC_EOIR0 ? 1 : 2);
		return true;
	case ICC_DIR:
		gic_cpu_deactivate(c, val & 0xffffff);
		return true;
	case ICC_SGI1R:
		send_sgi(c, val, 2);
		return true;
	case ICC_SGI0R:
	case ICC_ASGI1R: /* "the other Security state": with one state, what would be Secure is group 0 */
		send_sgi(c, val, 1);
		return true;
	default:
		lock_take(&c->lock);
		good = write_state(c, enc, val);
		if (good)
			gic_cpu_update(c);
		lock_drop(&c->lock);
		if (enc == ICC_IGRPEN0 || enc == ICC_IGRPEN1)
			gic_cpu_eligible(c);
		return good;
	}
}

const struct gic_cpu_ops gicv3_icc_ops = {.read = icc_read, .write = icc_write};
