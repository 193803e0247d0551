/*
 * What each system register does: the handlers of the rows in sysreg.def, the
 * table itself with its index over all encodings, PSTATE by MSR (immediate),
 * and reset values.  Who may access a register is settled in sysreg.c before
 * a handler runs.  Owner's thread.
 */
#include "a64/sysreg_priv.h"

#include <pthread.h>
#include <string.h>

#include "a64/eval.h"
#include "a64/exception.h"
#include "a64/gtimer.h"
#include "a64/pmu.h"
#include "a64/probe.h"
#include "a64/sysbits.h"
#include "a64/tlbset.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/hostrand.h"

#define SPSR_MASK 0xf1f013df
#define FPSR_BITS 0x0800009fu

/* -- identification -- */

static uint64_t rd_midr(struct vcpu *c) { return c->model->midr; }
static uint64_t rd_mpidr(struct vcpu *c) { return c->mpidr | BIT(31); }
static uint64_t rd_revidr(struct vcpu *c) { return c->model->revidr; }
static uint64_t rd_clidr(struct vcpu *c) { return c->model->clidr; }
static uint64_t rd_ctr(struct vcpu *c) { return c->model->ctr; }

static uint64_t rd_ccsidr(struct vcpu *c)
{
	return c->sys.csselr < CPU_CACHES ? c->model->ccsidr[c->sys.csselr] : 0;
}

static uint64_t rd_dczid(struct vcpu *c)
{
	bool prohibited = c->el == 0 && !(c->sys.sctlr & SCTLR_DZE);

	return (CPU_LINE_LOG2 - 2) | (prohibited ? BIT(4) : 0);
}

/* -- control and memory -- */

static uint64_t rd_sctlr(struct vcpu *c) { return c->sys.sctlr; }
static uint64_t rd_cpacr(struct vcpu *c) { return c->sys.cpacr; }
static uint64_t rd_ttbr0(struct vcpu *c) { return c->sys.ttbr0; }
static uint64_t rd_ttbr1(struct vcpu *c) { return c->sys.ttbr1; }
static uint64_t rd_tcr(struct vcpu *c) { return c->sys.tcr; }
static uint64_t rd_mair(struct vcpu *c) { return c->sys.mair; }

static uint64_t sctlr_mask(const struct vcpu *c)
{
	return SCTLR_M | SCTLR_A | SCTLR_C | SCTLR_SA | SCTLR_SA0 | SCTLR_UMA | SCTLR_I | SCTLR_DZE | SCTLR_UCT |
	       SCTLR_NTWI | SCTLR_NTWE | SCTLR_WXN | SCTLR_UCI | (vcpu_has(c, FEAT_LSE2) ? SCTLR_NAA : 0) |
	       (vcpu_has(c, FEAT_SPECRES) ? SCTLR_ENRCTX : 0) | (vcpu_has(c, FEAT_PAN) ? SCTLR_SPAN : 0) |
	       (vcpu_has(c, FEAT_SSBS) ? SCTLR_DSSBS : 0);
}

static uint64_t sctlr_res1(const struct vcpu *c) { return SCTLR_RES1 | (vcpu_has(c, FEAT_PAN) ? 0 : SCTLR_SPAN); }

static void wr_sctlr(struct vcpu *c, uint64_t v)
{
	uint64_t old = c->sys.sctlr;

	c->sys.sctlr = (v & sctlr_mask(c)) | sctlr_res1(c);
	if ((old ^ c->sys.sctlr) & SCTLR_WXN)
		tlbset_inv_all(c);
	cpu_ctx_update(c);
}

static void wr_cpacr(struct vcpu *c, uint64_t v)
{
	c->sys.cpacr = v & (UINT64_C(3) << 20);
	cpu_ctx_update(c);
}

static void wr_ttbr0(struct vcpu *c, uint64_t v)
{
	c->sys.ttbr0 = v;
	tlbset_switch(c);
}

static void wr_ttbr1(struct vcpu *c, uint64_t v)
{
	c->sys.ttbr1 = v;
	tlbset_switch(c);
}

static uint64_t tcr_mask(const struct vcpu *c)
{
	return (mask64(39) & ~(BIT(6) | BIT(35))) | (vcpu_has(c, FEAT_HAFDBS) ? TCR_HA | TCR_HD : 0) |
	       (vcpu_has(c, FEAT_HPDS) ? BIT(41) | BIT(42) : 0) | (vcpu_has(c, FEAT_E0PD) ? BIT(55) | BIT(56) : 0);
}

static void wr_tcr(struct vcpu *c, uint64_t v)
{
	uint64_t old = c->sys.tcr;

	c->sys.tcr = v & tcr_mask(c);
	if (old != c->sys.tcr)
		tlbset_inv_all(c);
	cpu_ctx_update(c);
}

static void wr_mair(struct vcpu *c, uint64_t v)
{
	if (c->sys.mair != v)
		tlbset_inv_all(c);
	c->sys.mair = v;
}

/* -- exceptions and PSTATE -- */

static uint64_t rd_sp_el0(struct vcpu *c)
{
	if (!c->spsel)
		exc_undef(c);
	return c->sp_el[0];
}

static void wr_sp_el0(struct vcpu *c, uint64_t v)
{
	if (!c->spsel)
		exc_undef(c);
	c->sp_el[0] = v;
}

static uint64_t rd_spsel(struct vcpu *c) { return c->spsel; }
static void wr_spsel(struct vcpu *c, uint64_t v)
{
	vcpu_set_el_sp(c, 1, v & 1);
	cpu_ctx_update(c);
}
static uint64_t rd_currentel(struct vcpu *c) { return (uint64_t)c->el << 2; }
static uint64_t rd_rvbar(struct vcpu *c) { return c->sys.rvbar; }

static uint64_t rd_isr(struct vcpu *c)
{
	uint64_t lines = probe_outside(c, ld_acq(&c->irq_lines));

	return (lines & LINE_IRQ ? BIT(7) : 0) | (lines & LINE_FIQ ? BIT(6) : 0);
}

static uint64_t rd_nzcv(struct vcpu *c) { return c->nzcv & 0xf0000000; }
static void wr_nzcv(struct vcpu *c, uint64_t v) { c->nzcv = v & 0xf0000000; }
static uint64_t rd_daif(struct vcpu *c) { return (uint64_t)c->daif << 6; }

static void set_daif(struct vcpu *c, uint8_t daif)
{
	c->daif = daif;
	if (unlikely(c->sys.mdscr & (MDSCR_SS | MDSCR_MDE)))
		cpu_ctx_update(c);
	exc_masks_changed(c);
}

static void wr_daif(struct vcpu *c, uint64_t v) { set_daif(c, v >> 6 & 15); }

static uint64_t rd_fpcr(struct vcpu *c) { return c->fp.fpcr; }
static uint64_t rd_fpsr(struct vcpu *c) { return c->fp.fpsr; }

static void wr_fpcr(struct vcpu *c, uint64_t v)
{
	c->fp.fpcr = v & (FPCR_AHP | FPCR_DN | FPCR_FZ | 3u << FPCR_RMODE_SHIFT |
			  (vcpu_has(c, FEAT_FP16) ? FPCR_FZ16 : 0));
	cpu_ctx_update(c);
}

static void wr_fpsr(struct vcpu *c, uint64_t v)
{
	c->fp.fpsr = v & FPSR_BITS;
	if (unlikely(c->fp.fpcr & FPCR_FZ)) /* CTX_FZ_IXC */
		cpu_ctx_update(c);
}

static uint64_t rd_pan(struct vcpu *c) { return c->pan ? SPSR_PAN : 0; }
static uint64_t rd_uao(struct vcpu *c) { return c->uao ? SPSR_UAO : 0; }
static uint64_t rd_dit(struct vcpu *c) { return c->dit ? SPSR_DIT : 0; }
static uint64_t rd_ssbs(struct vcpu *c) { return c->ssbs ? SPSR_SSBS : 0; }

static void wr_pan(struct vcpu *c, uint64_t v)
{
	c->pan = !!(v & SPSR_PAN);
	tlbset_switch(c);
}

static void wr_uao(struct vcpu *c, uint64_t v)
{
	c->uao = !!(v & SPSR_UAO);
	cpu_ctx_update(c);
}

static void wr_dit(struct vcpu *c, uint64_t v) { c->dit = !!(v & SPSR_DIT); }
static void wr_ssbs(struct vcpu *c, uint64_t v) { c->ssbs = !!(v & SPSR_SSBS); }

static uint64_t rd_rndr(struct vcpu *c)
{
	uint64_t v = 0;
	bool good = hostrand(&v, sizeof(v));

	c->nzcv = good ? 0 : 0x40000000;
	return probe_outside(c, good ? v : 0);
}

/* Number of cores in the cluster; the rest of the register does nothing here. */
static uint64_t rd_l2ctlr(struct vcpu *c) { return (uint64_t)MIN(c->nvcpus - 1, 3u) << 24; }
static void wr_ignored(struct vcpu *c, uint64_t v) {}

/* -- generic timers -- */

static uint64_t rd_counter(struct vcpu *c) { return counter_now(); }
static uint64_t rd_cntkctl(struct vcpu *c) { return c->sys.cntkctl; }
static void wr_cntkctl(struct vcpu *c, uint64_t v) { c->sys.cntkctl = v & 0x3ff; }

#define TIMER(name, which) \
	static uint64_t rd_##name##_tval(struct vcpu *c) { return gtimer_tval(c, which); } \
	static uint64_t rd_##name##_ctl(struct vcpu *c) { return gtimer_ctl(c, which); } \
	static uint64_t rd_##name##_cval(struct vcpu *c) { return c->sys.cnt_cval[which]; } \
	static void wr_##name##_tval(struct vcpu *c, uint64_t v) { gtimer_set_cval(c, which, counter_now() + sext(v, 32)); } \
	static void wr_##name##_ctl(struct vcpu *c, uint64_t v) { gtimer_set_ctl(c, which, v); } \
	static void wr_##name##_cval(struct vcpu *c, uint64_t v) { gtimer_set_cval(c, which, v); }
TIMER(cntp, GT_PHYS)
TIMER(cntv, GT_VIRT)
#undef TIMER

/* -- performance monitors -- */

static uint64_t rd_pmcr(struct vcpu *c) { return pmu_pmcr(c); }
static void wr_pmcr(struct vcpu *c, uint64_t v) { pmu_set_pmcr(c, v); }
static uint64_t rd_pmcnten(struct vcpu *c) { return c->pmu.enabled; }
static uint64_t rd_pminten(struct vcpu *c) { return c->pmu.inten; }
static uint64_t rd_pmceid0(struct vcpu *c) { return pmu_ceid0(); }
static uint64_t rd_pmuserenr(struct vcpu *c) { return c->pmu.userenr; }
static void wr_pmuserenr(struct vcpu *c, uint64_t v) { c->pmu.userenr = v & 15; }
static uint64_t rd_pmselr(struct vcpu *c) { return c->pmu.select; }
static void wr_pmselr(struct vcpu *c, uint64_t v) { c->pmu.select = v & 31; }

static uint64_t rd_pmovs(struct vcpu *c)
{
	pmu_sync(c);
	pmu_update(c);
	return probe_outside(c, c->pmu.overflow);
}

/* *set becomes v within the valid counters; starts or stops what it enables. */
static void pmu_change(struct vcpu *c, uint64_t *set, uint64_t v)
{
	pmu_sync(c);
	if (set == &c->pmu.enabled)
		pmu_enable(c, v & pmu_mask(c));
	else
		*set = v & pmu_mask(c);
	pmu_update(c);
}

static void wr_pmcntenset(struct vcpu *c, uint64_t v) { pmu_change(c, &c->pmu.enabled, c->pmu.enabled | v); }
static void wr_pmcntenclr(struct vcpu *c, uint64_t v) { pmu_change(c, &c->pmu.enabled, c->pmu.enabled & ~v); }
static void wr_pmintenset(struct vcpu *c, uint64_t v) { pmu_change(c, &c->pmu.inten, c->pmu.inten | v); }
static void wr_pmintenclr(struct vcpu *c, uint64_t v) { pmu_change(c, &c->pmu.inten, c->pmu.inten & ~v); }
static void wr_pmovsset(struct vcpu *c, uint64_t v) { pmu_change(c, &c->pmu.overflow, rd_pmovs(c) | v); }
static void wr_pmovsclr(struct vcpu *c, uint64_t v) { pmu_change(c, &c->pmu.overflow, rd_pmovs(c) & ~v); }
static void wr_pmswinc(struct vcpu *c, uint64_t v) { pmu_swinc(c, v); }
static uint64_t rd_pmccntr(struct vcpu *c) { return pmu_count(c, PMU_CYCLE); }
static void wr_pmccntr(struct vcpu *c, uint64_t v) { pmu_set_count(c, PMU_CYCLE, v); }
static uint64_t rd_pmccfiltr(struct vcpu *c) { return c->pmu.type[PMU_CYCLE]; }
static void wr_pmccfiltr(struct vcpu *c, uint64_t v) { pmu_set_type(c, PMU_CYCLE, v); }

static uint64_t rd_pmxevtyper(struct vcpu *c)
{
	uint64_t n = c->pmu.select;

	return pmu_has(c, n) || n == PMU_CYCLE ? c->pmu.type[n] : 0;
}

static void wr_pmxevtyper(struct vcpu *c, uint64_t v)
{
	if (pmu_has(c, c->pmu.select) || c->pmu.select == PMU_CYCLE)
		pmu_set_type(c, (unsigned)c->pmu.select, v);
}

static uint64_t rd_pmxevcntr(struct vcpu *c)
{
	return pmu_has(c, c->pmu.select) ? pmu_count(c, (unsigned)c->pmu.select) : 0;
}

static void wr_pmxevcntr(struct vcpu *c, uint64_t v)
{
	if (pmu_has(c, c->pmu.select))
		pmu_set_count(c, (unsigned)c->pmu.select, v);
}

/* -- debug -- */

/* Breakpoints, watchpoints or their enables changed: single-stepping and watched pages follow. */
static void debug_changed(struct vcpu *c)
{
	tlbset_inv_lines(c);
	cpu_ctx_update(c);
}

static uint64_t rd_mdscr(struct vcpu *c) { return c->sys.mdscr; }

static void wr_mdscr(struct vcpu *c, uint64_t v)
{
	uint64_t mask = MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE | BIT(14);

	if (c->sys.oslock) /* the saved halves of external debug */
		mask |= BIT(6) | BIT(26) | BIT(27) | BIT(29) | BIT(30) | BIT(31) | BIT(21) | BIT(22) | BIT(23);
	c->sys.mdscr = (c->sys.mdscr & ~mask) | (v & mask);
	debug_changed(c);
}

static uint64_t rd_oslsr(struct vcpu *c) { return BIT(3) | (c->sys.oslock ? BIT(1) : 0); }

static void wr_oslar(struct vcpu *c, uint64_t v)
{
	c->sys.oslock = v & 1;
	debug_changed(c);
}

static uint64_t rd_osdlr(struct vcpu *c) { return c->sys.osdlr; }

/* The OS Double Lock, where there is one (ID_AA64DFR0.DoubleLock). */
static void wr_osdlr(struct vcpu *c, uint64_t v)
{
	c->sys.osdlr = c->model->debug_version < 8 ? v & 1 : 0;
	debug_changed(c);
}

static uint64_t rd_claim(struct vcpu *c) { return c->sys.dbgclaim; }
static uint64_t rd_claimset(struct vcpu *c) { return 0xff; }
static void wr_claimset(struct vcpu *c, uint64_t v) { c->sys.dbgclaim |= v & 0xff; }
static void wr_claimclr(struct vcpu *c, uint64_t v) { c->sys.dbgclaim &= ~(v & 0xff); }

uint64_t *sysreg_debug(struct vcpu *c, uint32_t enc)
{
	unsigned n = enc >> 3 & 15, op2 = enc & 7;

	if ((enc & ~SYSREG(0, 0, 0, 15, 7)) != SYSREG(2, 0, 0, 0, 0) || op2 < 4)
		return NULL;
	if (n >= (op2 < 6 ? c->model->brps : c->model->wrps))
		return NULL;
	switch (op2) {
	case 4: return &c->sys.dbgbvr[n];
	case 5: return &c->sys.dbgbcr[n];
	case 6: return &c->sys.dbgwvr[n];
	default: return &c->sys.dbgwcr[n];
	}
}

void sysreg_debug_write(struct vcpu *c, uint32_t enc, uint64_t *reg, uint64_t v)
{
	switch (enc & 7) {
	case 4: *reg = v; break; /* what its bits mean is up to the control register, which may be written later */
	case 6: *reg = sext(v, 49) & ~UINT64_C(3); break;
	case 5: *reg = (v & 0x00ffe1e7) | 0x1e0; break; /* whole words only: BAS is RES1 */
	default: *reg = v & 0x1f1fffff; break;
	}
	debug_changed(c);
}

/* -- the table -- */

#define rd_none NULL
#define wr_none NULL
#define ROW(f, n, o0, o1, cn, cm, o2, acc, el0r) \
	.name = #n, .enc = SYSREG(o0, o1, cn, cm, o2), .access = acc, .el0 = EL0_##el0r, .feat = FEAT_##f
#define REGF(f, n, o0, o1, cn, cm, o2, acc, el0r, r, w) \
	{ROW(f, n, o0, o1, cn, cm, o2, acc, el0r), .rd = rd_##r, .wr = wr_##w},
#define CSTF(f, n, o0, o1, cn, cm, o2, acc, el0r, v) \
	{ROW(f, n, o0, o1, cn, cm, o2, acc, el0r), .value = (v), .constant = true},
#define MEM(n, o0, o1, cn, cm, o2, acc, el0r, field, bits_) \
	{ROW(NONE, n, o0, o1, cn, cm, o2, acc, el0r), .off = offsetof(struct sysstate, field), \
	 .value = (uint64_t)(int64_t)(bits_)},
#define REG(n, ...) REGF(NONE, n, __VA_ARGS__)
#define CST(n, ...) CSTF(NONE, n, __VA_ARGS__)

static const struct sysreg regs[] = {
	{.name = "none"}, /* index 0 means "not there" */
#include "a64/sysreg.def"
};

static uint8_t reg_index[1 << 16]; /* CONST_AFTER_INIT: by encoding */
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static void index_build(void)
{
	_Static_assert(ARRAY_SIZE(regs) < 256, "index type");
	for (unsigned k = 1; k < ARRAY_SIZE(regs); k++) {
		BUG_ON(reg_index[regs[k].enc]);
		reg_index[regs[k].enc] = (uint8_t)k;
	}
}

void sysreg_init(void) { pthread_once(&index_once, index_build); }

const struct sysreg *sysreg_row(uint32_t enc)
{
	unsigned k = reg_index[enc & 0xffff];

	return k ? &regs[k] : NULL;
}

const char *sysreg_name(uint32_t enc)
{
	const struct sysreg *r = sysreg_row(enc);

	return r ? r->name : NULL;
}

/* -- MSR (immediate) -- */

/* DAIFSet and DAIFClr. */
static void msr_daif(struct vcpu *c, uint8_t daif)
{
	if (c->el == 0 && !(c->sys.sctlr & SCTLR_UMA))
		exc_sys_trap(c);
	set_daif(c, daif);
}

/* Raises UNDEFINED unless the model has `f`, at EL0 too if el1. */
static void need(struct vcpu *c, enum feat f, bool el1)
{
	if ((f && !vcpu_has(c, f)) || (el1 && c->el == 0))
		exc_undef(c);
}

void cpu_msr_imm(struct vcpu *c, unsigned op1, unsigned op2, unsigned imm)
{
	switch (op1 << 3 | op2) {
	case 0 << 3 | 3:
		need(c, FEAT_UAO, true);
		wr_uao(c, imm & 1 ? SPSR_UAO : 0);
		break;
	case 0 << 3 | 4:
		need(c, FEAT_PAN, true);
		wr_pan(c, imm & 1 ? SPSR_PAN : 0);
		break;
	case 0 << 3 | 5:
		need(c, FEAT_NONE, true);
		wr_spsel(c, imm);
		break;
	case 3 << 3 | 1:
		need(c, FEAT_SSBS2, false);
		c->ssbs = imm & 1;
		break;
	case 3 << 3 | 2:
		need(c, FEAT_DIT, false);
		c->dit = imm & 1;
		break;
	case 3 << 3 | 6: msr_daif(c, c->daif | (imm & 15)); break;
	case 3 << 3 | 7: msr_daif(c, c->daif & ~imm & 15); break;
	default: exc_undef(c);
	}
}

void sysreg_reset(struct vcpu *c)
{
	uint64_t rvbar = c->sys.rvbar;

	memset(&c->sys, 0, sizeof(c->sys));
	c->sys.rvbar = rvbar;
	c->sys.sctlr = sctlr_res1(c) | SCTLR_SA | SCTLR_SA0 | SCTLR_NTWI | SCTLR_NTWE | SCTLR_SPAN;
	c->sys.cntfrq = COUNTER_HZ;
	c->sys.oslock = 1;
}
