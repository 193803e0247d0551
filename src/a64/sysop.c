/*
 * SYS and SYSL: cache maintenance, address translation, TLB maintenance,
 * prediction restriction.
 *
 * Data caches do not exist here: the operations check what the architecture
 * checks and do nothing.  The instruction side does (decoded and translated
 * code): IC IVAU makes the code of its page stale, IC IALLU all code.
 *
 * Arm ARM C5.3, C5.4, C5.5; traps D1.3.  Owner's thread.
 */
#include "a64/cpumodel.h"
#include "a64/eval.h"
#include "a64/exception.h"
#include "a64/tlbi.h"
#include "a64/tlbset.h"

#define OP(op1, crn, crm, op2) SYSREG(1, op1, crn, crm, op2)

/* EL0 needs `bit` of SCTLR_EL1, else the instruction is trapped. */
static void el0_needs(struct vcpu *c, uint64_t bit_)
{
	if (c->el == 0 && !(c->sys.sctlr & bit_))
		exc_sys_trap(c);
}

void cpu_dczva_check(struct vcpu *c) { el0_needs(c, SCTLR_DZE); }

/* Translates va for maintenance with the right that it needs; raises with CM set. */
static void translate(struct vcpu *c, uint64_t va, const struct mmu_access *a, struct mmu_map *m)
{
	mmu_fsc fsc = mmu_walk(c, va, a, m);

	if (fsc != MMU_OK)
		exc_data_abort(c, va, fsc, true, ESR_CM);
}

/* By address: EL0 must be able to read; EL1 is not checked unless the operation loses data (IVAC). */
static void dc_by_va(struct vcpu *c, uint64_t va, bool needs_write)
{
	struct mmu_access a = {.kind = needs_write ? MMU_WRITE : MMU_READ, .el0 = c->el == 0, .at = true};
	struct mmu_map m;

	translate(c, va, &a, &m);
}

static void ic_ivau(struct vcpu *c, uint64_t va)
{
	struct mmu_access a = {.kind = MMU_READ, .el0 = c->el == 0, .at = true};
	const struct mem_region *r;
	struct mmu_map m;

	translate(c, va, &a, &m);
	r = physmap_find(c->pm, mk_gpa(m.pa));
	if (r && r->code_gen)
		at_add(&r->code_gen[(m.pa - r->start) >> TLB_PAGE_BITS], 1); /* pairs with ld_acq at block entry; full fence */
	if (r && r->code_gen && code_stale)
		code_stale(c, r->host + ((m.pa - r->start) & ~UINT64_C(63)), 64);
}

static void at_op(struct vcpu *c, uint64_t va, bool el0, bool write, bool pan)
{
	struct mmu_access a = {.kind = write ? MMU_WRITE : MMU_READ, .el0 = el0, .pan = pan, .at = true};
	mmu_fsc fsc = mmu_at(c, va, &a);

	/* An external abort on the walk is taken, not reported. */
	if (fsc != MMU_OK && (fsc & ~3) == FSC_EXTERNAL_WALK)
		exc_data_abort(c, va, fsc, true, ESR_CM);
}

/* Instructions that EL0 may execute too; false: not one of them. */
static bool el0_op(struct vcpu *c, uint32_t enc, uint64_t v)
{
	switch (enc) {
	case OP(3, 7, 5, 1):
		el0_needs(c, SCTLR_UCI);
		ic_ivau(c, v);
		return true;
	case OP(3, 7, 12, 1): /* DC CVAP */
	case OP(3, 7, 13, 1): /* DC CVADP */
		if (!vcpu_has(c, enc == OP(3, 7, 12, 1) ? FEAT_DPB : FEAT_DPB2))
			return false;
		/* fall through */
	case OP(3, 7, 10, 1): /* DC CVAC */
	case OP(3, 7, 11, 1): /* DC CVAU */
	case OP(3, 7, 14, 1): /* DC CIVAC */
		el0_needs(c, SCTLR_UCI);
		dc_by_va(c, v, false);
		return true;
	case OP(3, 7, 3, 4): /* CFP, DVP, CPP RCTX: nothing is predicted across contexts */
	case OP(3, 7, 3, 5):
	case OP(3, 7, 3, 7):
		if (!vcpu_has(c, FEAT_SPECRES))
			return false;
		el0_needs(c, SCTLR_ENRCTX);
		return true;
	default:
		return false;
	}
}

/* Instructions of EL1; false: there is none such. */
static bool el1_op(struct vcpu *c, uint32_t enc, uint64_t v)
{
	switch (enc) {
	case OP(0, 7, 1, 0): /* IC IALLUIS */
	case OP(0, 7, 5, 0): /* IC IALLU */
		at_add(&code_gen_all, 1);
		if (code_stale)
			code_stale(c, NULL, 0);
		return true;
	case OP(0, 7, 6, 1): dc_by_va(c, v, true); return true; /* DC IVAC */
	case OP(0, 7, 6, 2):  /* DC ISW, CSW, CISW */
	case OP(0, 7, 10, 2):
	case OP(0, 7, 14, 2):
		return true;
	case OP(0, 7, 8, 0): at_op(c, v, false, false, false); return true;
	case OP(0, 7, 8, 1): at_op(c, v, false, true, false); return true;
	case OP(0, 7, 8, 2): at_op(c, v, true, false, false); return true;
	case OP(0, 7, 8, 3): at_op(c, v, true, true, false); return true;
	case OP(0, 7, 9, 0):
	case OP(0, 7, 9, 1):
		if (!vcpu_has(c, FEAT_PAN2))
			return false;
		at_op(c, v, false, enc & 1, c->pan);
		return true;
	default:
		return (enc & ~SYSREG(0, 0, 0, 15, 7)) == OP(0, 8, 0, 0) && tlbi_op(c, enc, v);
	}
}

uint64_t cpu_sys_op(struct vcpu *c, uint32_t enc, uint64_t val)
{
	if (!el0_op(c, enc, val) && (c->el == 0 || !el1_op(c, enc, val)))
		exc_undef(c);
	return 0;
}
