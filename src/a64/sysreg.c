/*
 * MRS, MSR (register) and MSR (immediate): access rules, traps of EL0, and
 * the handlers of the rows in sysreg.def.
 *
 * Look-up is one load from an index over all encodings of op0 2 and 3.
 * Groups with regular encodings (ID registers, breakpoints, event counters,
 * the GIC's CPU interface) are taken by rule before the table.
 *
 * Order of checks as in the manual: the register exists and may be accessed
 * in that direction (else UNDEFINED), then EL0's rules (UNDEFINED or a trap
 * with EC 0x18), then the access.  Owner's thread.
 */
#include "a64/sysreg.h"

#include <pthread.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "a64/eval.h"
#include "a64/exception.h"
#include "a64/gtimer.h"
#include "a64/pmu.h"
#include "a64/sysbits.h"
#include "a64/tlbset.h"
#include "base/hostrand.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/log.h"

enum access { RW = 3, RO = 1, WO = 2 };

enum el0_rule {
	EL0_NONE,   /* UNDEFINED */
	EL0_FREE,   /* as EL1 */
	EL0_READ,   /* reads only, no trap */
	EL0_IDREG,  /* a read traps with IDST, else UNDEFINED */
	EL0_UCT, EL0_UMA, EL0_TDCC, /* trapped by a bit of SCTLR or MDSCR */
	EL0_CNTFRQ, EL0_CNTPCT, EL0_CNTVCT, EL0_CNTP, EL0_CNTV, /* CNTKCTL */
	EL0_PMU, EL0_PMU_SW, EL0_PMU_CR, EL0_PMU_ER, /* PMUSERENR */
};

#define SPSR_MASK 0xf1f013df
#define FPSR_BITS 0x0800009fu

struct sysreg {
	const char *name;
	uint16_t enc;
	uint8_t access, el0, feat;
	uint64_t (*rd)(struct vcpu *c);
	void (*wr)(struct vcpu *c, uint64_t v);
	uint16_t off;   /* storage in sysstate, where there is no handler */
	uint64_t value; /* writable bits of it, or the constant */
	bool constant;
};

/* -- handlers: identification -- */

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
	uint32_t lines = ld_acq(&c->irq_lines);

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

static void wr_fpsr(struct vcpu *c, uint64_t v) { c->fp.fpsr = v & FPSR_BITS; }

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
	return good ? v : 0;
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
	return c->pmu.overflow;
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

static bool pmu_has(const struct vcpu *c, uint64_t n) { return n < c->model->pmu_counters; }

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

static uint64_t rd_claim(struct vcpu *c) { return c->sys.dbgclaim; }
static uint64_t rd_claimset(struct vcpu *c) { return 0xff; }
static void wr_claimset(struct vcpu *c, uint64_t v) { c->sys.dbgclaim |= v & 0xff; }
static void wr_claimclr(struct vcpu *c, uint64_t v) { c->sys.dbgclaim &= ~(v & 0xff); }

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

const char *sysreg_name(uint32_t enc)
{
	unsigned k = reg_index[enc & 0xffff];

	return k ? regs[k].name : NULL;
}

/* -- groups with regular encodings -- */

static bool is_idreg(uint32_t enc) { return enc >= SYSREG(3, 0, 0, 1, 0) && enc <= SYSREG(3, 0, 0, 7, 7); }

static bool is_gic(uint32_t enc)
{
	return enc == SYSREG(3, 0, 4, 6, 0) || (enc >= SYSREG(3, 0, 12, 8, 0) && enc <= SYSREG(3, 0, 12, 12, 7));
}

/* DBGBVR<n> and its kin: storage of breakpoint or watchpoint n; NULL if there is none such. */
static uint64_t *debug_reg(struct vcpu *c, uint32_t enc)
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

static void debug_reg_write(struct vcpu *c, uint32_t enc, uint64_t *reg, uint64_t v)
{
	switch (enc & 7) {
	case 4: case 6: *reg = sext(v, 49) & ~UINT64_C(3); break;
	case 5: *reg = (v & 0x00ffe1e7) | 0x1e0; break; /* whole words only: BAS is RES1 */
	default: *reg = v & 0x1f1fffff; break;
	}
	if ((enc & 7) == 4)
		*reg = v & (bits(c->sys.dbgbcr[enc >> 3 & 15], 23, 20) >= 2 ? 0xffffffff : ~UINT64_C(3));
	debug_changed(c);
}

/* PMEVCNTR<n>_EL0 and PMEVTYPER<n>_EL0: the counter's number, or -1. */
static int event_counter(const struct vcpu *c, uint32_t enc)
{
	unsigned n = enc & 0x1f;

	if (!vcpu_has(c, FEAT_PMUv3) || enc < SYSREG(3, 3, 14, 8, 0) || enc > SYSREG(3, 3, 14, 15, 6) || n == 31)
		return -1;
	return pmu_has(c, n) ? (int)n : -1;
}

static bool is_event_type(uint32_t enc) { return enc >> 3 & 4; }

/* -- EL0's rules -- */

static bool pmu_el0(const struct vcpu *c, uint64_t also) { return c->pmu.userenr & (PMUSERENR_EN | also); }

/* May EL0 go on? Otherwise it is trapped. */
static bool el0_allowed(const struct vcpu *c, enum el0_rule rule, bool write)
{
	uint64_t k = c->sys.cntkctl;

	switch (rule) {
	case EL0_FREE: case EL0_READ: return true;
	case EL0_NONE: case EL0_IDREG: return false;
	case EL0_UCT: return c->sys.sctlr & SCTLR_UCT;
	case EL0_UMA: return c->sys.sctlr & SCTLR_UMA;
	case EL0_TDCC: return !(c->sys.mdscr & MDSCR_TDCC);
	case EL0_CNTFRQ: return k & 3;
	case EL0_CNTPCT: return k & 1;
	case EL0_CNTVCT: return k & 2;
	case EL0_CNTV: return k & BIT(8);
	case EL0_CNTP: return k & BIT(9);
	case EL0_PMU: return pmu_el0(c, 0);
	case EL0_PMU_SW: return pmu_el0(c, PMUSERENR_SW);
	case EL0_PMU_CR: return pmu_el0(c, write ? 0 : PMUSERENR_CR);
	case EL0_PMU_ER: return pmu_el0(c, PMUSERENR_ER);
	}
	return false;
}

/* EL0's access under `rule`: returns, or raises UNDEFINED or the trap. */
static void el0_check(struct vcpu *c, enum el0_rule rule, bool write)
{
	bool hidden = rule == EL0_NONE || (rule == EL0_IDREG && (write || !vcpu_has(c, FEAT_IDST))) ||
		      (write && (rule == EL0_READ || rule == EL0_CNTFRQ));

	if (hidden)
		exc_undef(c);
	if (!el0_allowed(c, rule, write))
		exc_sys_trap(c);
}

static _Noreturn void unknown(struct vcpu *c, uint32_t enc, bool write)
{
	if (log_on(LOG_UNIMP) && c->el)
		log_printf("cpu %u: %s of unknown system register S%u_%u_C%u_C%u_%u at pc 0x%llx\n", c->index,
			   write ? "write" : "read", enc >> 14, enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7,
			   (unsigned long long)c->pc);
	exc_undef(c);
}

/* The row of an access in that direction, checked; NULL: none in the table. */
static const struct sysreg *find(struct vcpu *c, uint32_t enc, bool write)
{
	const struct sysreg *r = &regs[reg_index[enc & 0xffff]];

	if (r == regs || (r->feat && !vcpu_has(c, r->feat)))
		return NULL;
	if (!(r->access & (write ? WO : RO)))
		unknown(c, enc, write);
	if (c->el == 0)
		el0_check(c, r->el0, write);
	if ((r->enc == SYSREG(3, 3, 4, 4, 0) || r->enc == SYSREG(3, 3, 4, 4, 1)) && (c->ctx & CTX_FPTRAP))
		exc_fp_trap(c);
	return r;
}

static uint64_t *storage(struct vcpu *c, const struct sysreg *r) { return (uint64_t *)((char *)&c->sys + r->off); }

/* -- entry points (cpu_ops.h) -- */

uint64_t cpu_sys_read(struct vcpu *c, uint32_t enc)
{
	const struct sysreg *r = find(c, enc, false);
	uint64_t v, *reg;
	int n;

	if (likely(r))
		return r->rd ? r->rd(c) : r->constant ? r->value : *storage(c, r);
	if (is_idreg(enc)) {
		if (c->el == 0)
			el0_check(c, EL0_IDREG, false);
		return cpu_model_idreg(c->model, enc >> 3 & 15, enc & 7, c->gic != NULL);
	}
	n = event_counter(c, enc);
	if (n >= 0) {
		if (c->el == 0)
			el0_check(c, is_event_type(enc) ? EL0_PMU : EL0_PMU_ER, false);
		return is_event_type(enc) ? c->pmu.type[n] : pmu_count(c, (unsigned)n);
	}
	if (c->el == 0)
		exc_undef(c);
	if (is_gic(enc) && c->gic && c->gic->read(c->gic_cpu, enc, &v))
		return v;
	reg = debug_reg(c, enc);
	if (!reg)
		unknown(c, enc, false);
	return *reg;
}

static void store(struct vcpu *c, const struct sysreg *r, uint64_t v)
{
	uint64_t *reg = storage(c, r);

	if (!r->constant)
		*reg = (*reg & ~r->value) | (v & r->value);
}

void cpu_sys_write(struct vcpu *c, uint32_t enc, uint64_t v)
{
	const struct sysreg *r = find(c, enc, true);
	uint64_t *reg;
	int n;

	if (likely(r)) {
		if (r->wr)
			r->wr(c, v);
		else
			store(c, r, v);
		return;
	}
	n = event_counter(c, enc);
	if (n >= 0) {
		if (c->el == 0)
			el0_check(c, EL0_PMU, true);
		if (is_event_type(enc))
			pmu_set_type(c, (unsigned)n, v);
		else
			pmu_set_count(c, (unsigned)n, v);
		return;
	}
	if (c->el == 0)
		exc_undef(c);
	if (is_gic(enc) && c->gic && c->gic->write(c->gic_cpu, enc, v)) {
		exc_masks_changed(c);
		return;
	}
	reg = debug_reg(c, enc);
	if (!reg)
		unknown(c, enc, true);
	debug_reg_write(c, enc, reg, v);
}

/* MSR DAIFSet and DAIFClr. */
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
	c->sys.sctlr = sctlr_res1(c) | SCTLR_SA | SCTLR_SA0 | SCTLR_NTWI | SCTLR_NTWE;
	c->sys.cntfrq = COUNTER_HZ;
	c->sys.oslock = 1;
}
