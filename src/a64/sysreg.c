/*
 * MRS and MSR (register): which register an encoding names, who may access it
 * and what traps.  What the registers do is in sysreg_regs.c.
 *
 * Groups with regular encodings (ID registers, breakpoints, event counters,
 * the GIC's CPU interface) are taken by rule, all others from the table.
 *
 * Order of checks as in the manual: the register exists and may be accessed
 * in that direction (else UNDEFINED), then EL0's rules (UNDEFINED or a trap
 * with EC 0x18), then the access.  Owner's thread.
 */
#include "a64/eval.h"
#include "a64/exception.h"
#include "a64/pmu.h"
#include "a64/sysbits.h"
#include "a64/sysreg_priv.h"
#include "base/log.h"

/* -- groups with regular encodings -- */

static bool is_idreg(uint32_t enc) { return enc >= SYSREG(3, 0, 0, 1, 0) && enc <= SYSREG(3, 0, 0, 7, 7); }

static bool is_gic(uint32_t enc)
{
	return enc == SYSREG(3, 0, 4, 6, 0) || (enc >= SYSREG(3, 0, 12, 8, 0) && enc <= SYSREG(3, 0, 12, 12, 7));
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
	const struct sysreg *r = sysreg_row(enc);

	if (!r || (r->feat && !vcpu_has(c, r->feat)))
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
	reg = sysreg_debug(c, enc);
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
	reg = sysreg_debug(c, enc);
	if (!reg)
		unknown(c, enc, true);
	sysreg_debug_write(c, enc, reg, v);
}
