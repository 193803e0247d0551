/* Effects of instructions as intermediate code: memory, system registers, helpers.  See irb.h. */
#include "xlate/irb.h"

#include "a64/cpu_ops.h"
#include "a64/interp_mem.h"
#include "base/bits.h"
#include "mem/access.h"
#include "mem/tlb.h"
#include "xlate/slots.h"

_Static_assert((int)IR_RMW_SWP == (int)RMW_SWP && (int)IR_RMW_UMAX == (int)RMW_UMAX, "one numbering of operations");

static unsigned size_log2(unsigned size) { return (unsigned)__builtin_ctz(size); }

bool irb_access(struct irb *e, struct ir_node *n, ir_ref addr, unsigned size, unsigned mo)
{
	int32_t disp;

	n->a[0] = ir_split_addr(e->u, addr, &disp);
	n->k = (uint64_t)(int64_t)disp;
	n->imm = mo;
	n->aux |= (uint16_t)size_log2(size);
	if (mo & MF_UNPRIV)
		n->aux |= MEM_UNPRIV;
	if (mo & MO_MASK)
		n->aux |= MEM_ORDERED;
	if ((mo & MF_ALIGNED) || e->ctx & CTX_ALIGN)
		n->aux |= MEM_ALIGNED;
	if ((mo & MF_SPBASE) && e->ctx & CTX_SPALIGN) {
		int32_t sp_disp;
		ir_ref sp = ir_split_addr(e->u, ir_get(e->u, SLOT_SP), &sp_disp);

		if (sp != n->a[0] || sp_disp & 15) {
			irb_exec(e);
			return false;
		}
		if (e->sp_ok != sp)
			n->aux |= MEM_CHECK_SP;
		e->sp_ok = sp;
	}
	n->snap = ir_snapshot(e->u, e->pc);
	return true;
}

ir_ref irb_load(struct irb *e, ir_ref addr, unsigned size, unsigned mo)
{
	struct ir_node n = {.op = IR_ld};

	order_before_load(e, mo, false);
	return irb_access(e, &n, addr, size, mo) ? ir_emit(e->u, &n) : ir_const(e->u, 0);
}

ir_ref irb_loadv(struct irb *e, ir_ref addr, unsigned mo)
{
	struct ir_node n = {.op = IR_ldv};

	order_before_load(e, mo, false);
	return irb_access(e, &n, addr, 16, mo) ? ir_emit(e->u, &n) : ir_vconst(e->u, 0, 0);
}

static void store(struct irb *e, unsigned op, ir_ref addr, ir_ref val, unsigned size, unsigned mo)
{
	struct ir_node n = {.op = (uint16_t)op, .a = {0, val}};

	order_before_store(e, mo, false);
	if (irb_access(e, &n, addr, size, mo))
		ir_emit(e->u, &n);
	order_after_store(e, mo, false);
}

void irb_store(struct irb *e, ir_ref addr, ir_ref val, unsigned size, unsigned mo)
{
	const struct ir_node *n = &e->u->n[val];

	if (n->op == IR_v_lo && size >= 4) /* straight from the vector register */
		store(e, IR_stv, addr, n->a[0], size, mo);
	else
		store(e, IR_st, addr, val, size, mo);
}
void irb_storev(struct irb *e, ir_ref addr, ir_ref val, unsigned mo) { store(e, IR_stv, addr, val, 16, mo); }

ir_ref irb_rmw(struct irb *e, ir_ref addr, ir_ref val, unsigned size, enum rmw_op op, unsigned mo)
{
	struct ir_node n = {.op = IR_rmw, .a = {0, val}, .aux = (uint16_t)((unsigned)op << MEM_OP_SHIFT)};

	return irb_access(e, &n, addr, size, mo) ? ir_emit(e->u, &n) : ir_const(e->u, 0);
}

ir_ref irb_cas(struct irb *e, ir_ref addr, ir_ref expect, ir_ref desired, unsigned size, unsigned mo)
{
	struct ir_node n = {.op = IR_cas, .a = {0, expect, desired}};

	return irb_access(e, &n, addr, size, mo) ? ir_emit(e->u, &n) : ir_const(e->u, 0);
}

ir_ref irb_pair_rmw(struct irb *e, ir_ref addr, ir_ref val, unsigned size, enum rmw_op op, unsigned mo, unsigned rt)
{
	struct ir_node n = {.op = IR_rmw, .a = {0, val}, .aux = (uint16_t)((unsigned)op << MEM_OP_SHIFT | MEM_EXCL)};

	return irb_access(e, &n, addr, size, mo | rt << PAIR_RT_SHIFT) ? ir_emit(e->u, &n) : ir_const(e->u, 0);
}

ir_ref irb_helper(struct irb *e, uintptr_t fn, unsigned hf, ir_ref a, ir_ref b, ir_ref c)
{
	struct ir_node n = {.op = IR_helper, .a = {a, b, c}, .imm = hf, .k = fn, .k2 = e->pc + 4};
	ir_ref r;

	n.snap = ir_snapshot(e->u, e->pc);
	r = ir_emit(e->u, &n);
	if (hf & HF_SYNC)
		ir_synced(e->u);
	return r;
}

static uint64_t help_dczva(struct vcpu *c, uint64_t va)
{
	char *p = tlb_hit(c->tlb, TLB_W, va & ~UINT64_C(63), 64);

	if (unlikely(!p)) {
		conc_dczva(c, va);
		return 0;
	}
	cpu_dczva_check(c);
	for (unsigned k = 0; k < 64; k += 16)
		ram_st128(p + k, 0);
	return 0;
}
void irb_dczva(struct irb *e, ir_ref addr) { irb_helper(e, (uintptr_t)help_dczva, HF_SYNC, addr, 0, 0); }

/*
 * What ISB makes visible has been asked for by a request (code that died) or has left the jump caches (mappings);
 * whatever else needs it (system registers) has left the unit itself.
 */
void irb_isb(struct irb *e)
{
	e->cond = ir_const(e->u, e->pc + 4);
	e->hint = BR_JUMP;
	e->next = NEXT_JMP;
}

/* -- hints -- */

/* Did the vCPU let go of its core, so that what the unit relies on may have changed, or must the run loop look? */
static bool has_yielded(const struct vcpu *c, uint64_t yields) { return c->st.yields != yields || ld_acq(&c->request); }

static uint64_t help_yield(struct vcpu *c)
{
	uint64_t n = c->st.yields;

	cpu_yield(c);
	return has_yielded(c, n);
}
/* Before a branch: the loop goes round again, or it ends. */
static uint64_t help_spin(struct vcpu *c, uint64_t again) { return again ? help_yield(c) : 0; }
static uint64_t help_wfe(struct vcpu *c)
{
	uint64_t n = c->st.yields;

	cpu_wfe(c);
	return has_yielded(c, n);
}
static uint64_t help_sev(struct vcpu *c)
{
	cpu_sev(c);
	return 0;
}
static uint64_t help_sevl(struct vcpu *c)
{
	cpu_sevl(c);
	return 0;
}

void irb_spin_hint(struct irb *e, ir_ref again, uint64_t head)
{
	ir_emit(e->u, &(struct ir_node){.op = IR_helper, .a = {again}, .imm = HF_SYNC | HF_LEAVE, .k = (uintptr_t)help_spin, .k2 = head,
					   .snap = ir_snapshot(e->u, e->pc)});
	ir_synced(e->u);
}

void irb_hint(struct irb *e, enum hint_kind kind)
{
	switch (kind) {
	case HINT_NOP: break;
	case HINT_YIELD: irb_helper(e, (uintptr_t)help_yield, HF_SYNC | HF_LEAVE, 0, 0, 0); break;
	case HINT_WFE: irb_helper(e, (uintptr_t)help_wfe, HF_SYNC | HF_LEAVE, 0, 0, 0); break;
	case HINT_SEV: irb_helper(e, (uintptr_t)help_sev, HF_SYNC, 0, 0, 0); break;
	case HINT_SEVL: irb_helper(e, (uintptr_t)help_sevl, HF_SYNC, 0, 0, 0); break;
	case HINT_WFI: irb_exec(e); break;
	}
}

/* -- system registers -- */

static ir_ref env_load(struct irb *e, size_t offset, unsigned log2)
{
	return ir_emit(e->u, &(struct ir_node){.op = IR_ldenv, .imm = (uint32_t)offset, .aux = (uint16_t)log2});
}

ir_ref irb_sys_read(struct irb *e, uint32_t enc)
{
	bool el1 = e->ctx & CTX_EL1;

	switch (enc) {
	case SYSREG(3, 3, 13, 0, 2): return env_load(e, offsetof(struct vcpu, sys.tpidr_el0), 3);
	case SYSREG(3, 3, 13, 0, 3): return env_load(e, offsetof(struct vcpu, sys.tpidrro_el0), 3);
	case SYSREG(3, 0, 13, 0, 4):
		if (el1)
			return env_load(e, offsetof(struct vcpu, sys.tpidr_el1), 3);
		break;
	case SYSREG(3, 0, 4, 1, 0): /* Linux keeps `current` in SP_EL0 */
		if (el1 && !(e->ctx & CTX_SP0))
			return env_load(e, offsetof(struct vcpu, sp_el[0]), 3);
		break;
	case SYSREG(3, 3, 4, 2, 0): return ir_pure(e->u, IR_fl_unpack, ir_get(e->u, SLOT_NZCV), 0, 0, 0, 0);
	case SYSREG(3, 3, 4, 2, 1):
		if (el1)
			return ir_pure(e->u, IR_shl64, env_load(e, offsetof(struct vcpu, daif), 0), 0, 0, 0, 6);
		break;
	case SYSREG(3, 3, 2, 4, 0): /* RNDR and RNDRRS write the flags, too */
	case SYSREG(3, 3, 2, 4, 1):
		irb_exec(e);
		return ir_const(e->u, 0);
	default: break;
	}
	return irb_helper(e, (uintptr_t)cpu_sys_read, HF_SYNC | HF_RESULT, ir_const(e->u, enc), 0, 0);
}

static uint64_t help_sys_write(struct vcpu *c, uint64_t enc, uint64_t val)
{
	cpu_sys_write(c, (uint32_t)enc, val);
	return 0;
}

/* Registers whose writing changes nothing that a unit is specialised on. */
static bool is_local(const struct irb *e, uint32_t enc)
{
	switch (enc) {
	case SYSREG(3, 0, 13, 0, 4): /* TPIDR_EL1 */
	case SYSREG(3, 3, 13, 0, 3): /* TPIDRRO_EL0 */
	case SYSREG(3, 0, 4, 0, 0):  /* SPSR_EL1 */
	case SYSREG(3, 0, 4, 0, 1):  /* ELR_EL1 */
	case SYSREG(3, 0, 6, 0, 0):  /* FAR_EL1 */
	case SYSREG(3, 3, 4, 2, 1):  /* DAIF */
		return true;
	default:
		/* the GIC's registers and the timers' */
		return (enc >> 7 & 0x7f) == (0 << 4 | 12) ||
		       ((enc >> 7 & 0x7f) == (3 << 4 | 14) && (enc >> 3 & 15) < 8); /* not the PMU's beside them */
	}
}

/* Something has been raised or unmasked that the run loop must look at, debug exceptions among it. */
static uint64_t must_leave(struct vcpu *c) { return ld_acq(&c->request) || (c->ctx & CTX_SLOW); }

static uint64_t help_sys_write_local(struct vcpu *c, uint64_t enc, uint64_t val)
{
	cpu_sys_write(c, (uint32_t)enc, val);
	return must_leave(c);
}

static void env_store(struct irb *e, size_t offset, ir_ref val)
{
	ir_emit(e->u, &(struct ir_node){.op = IR_stenv, .a = {val}, .imm = (uint32_t)offset, .aux = 3});
}

void irb_sys_write(struct irb *e, uint32_t enc, ir_ref val)
{
	if (enc == SYSREG(3, 3, 4, 2, 0)) {
		ir_set(e->u, SLOT_NZCV, ir_pure(e->u, IR_fl_pack, val, 0, 0, 0, 0));
		return;
	}
	if (enc == SYSREG(3, 3, 13, 0, 2)) {
		env_store(e, offsetof(struct vcpu, sys.tpidr_el0), val);
		return;
	}
	if (enc == SYSREG(3, 0, 4, 1, 0) && (e->ctx & (CTX_EL1 | CTX_SP0)) == CTX_EL1) {
		env_store(e, offsetof(struct vcpu, sp_el[0]), val);
		return;
	}
	if (is_local(e, enc)) {
		irb_helper(e, (uintptr_t)help_sys_write_local, HF_SYNC | HF_LEAVE, ir_const(e->u, enc), val, 0);
		return;
	}
	irb_helper(e, (uintptr_t)help_sys_write, HF_SYNC, ir_const(e->u, enc), val, 0);
	e->next = NEXT_LEAVE;
}

ir_ref irb_sys_op(struct irb *e, uint32_t enc, ir_ref val)
{
	return irb_helper(e, (uintptr_t)cpu_sys_op, HF_SYNC | HF_RESULT, ir_const(e->u, enc), val, 0);
}

static uint64_t help_daif(struct vcpu *c, uint64_t op2, uint64_t imm)
{
	cpu_msr_imm(c, 3, (unsigned)op2, (unsigned)imm);
	return must_leave(c);
}

void irb_msr_imm(struct irb *e, unsigned op1, unsigned op2, unsigned imm)
{
	if (op1 != 3 || (op2 != 6 && op2 != 7)) {
		irb_exec(e);
		return;
	}
	irb_helper(e, (uintptr_t)help_daif, HF_SYNC | HF_LEAVE, ir_const(e->u, op2), ir_const(e->u, imm), 0);
}
