/* See pair.h. */
#include "xlate/pair.h"

#include "a64/exclusive.h"
#include "mcm/mapping.h"
#include "xlate/slots.h"

#define MAX_PAIR 30 /* instructions from the load to the store */

enum kind { APART, WAITS, PAIRED };

static bool by_value(void)
{
	const struct mcm_mapping *m = mcm_mapping_selected();

	return mcm_lower(m, MCM_STX_PURE)->access == MCM_X_CMPXCHG && mcm_lower(m, MCM_STX_PURE_REL)->access == MCM_X_CMPXCHG;
}

static bool insn_at(const struct irb *e, uint64_t pc, struct a64_insn *in)
{
	uint32_t word;

	return xlate_peek(e, pc, &word) && a64_decode(word, e->c->feats, in);
}

/*
 * What the load-exclusive at e->pc begins; *store_pc: where the store stands. Where none is seen the load is thought to be for
 * waiting (loops may be laid out with WFE before the load); if that is wrong, excl_distrust() gets to know.
 */
static enum kind scan(const struct irb *e, uint64_t *store_pc)
{
	bool pure = true;

	if (!by_value() || !excl_trusted(e->pc))
		return APART;
	for (unsigned k = 1; k <= MAX_PAIR; k++) {
		struct a64_insn in;

		if (!insn_at(e, e->pc + 4 * k, &in))
			return WAITS;
		switch (in.op) {
		case A64_STXR:
		case A64_STXP:
			*store_pc = e->pc + 4 * k;
			return pure ? PAIRED : APART;
		case A64_WFE:
		case A64_CLREX: return WAITS;
		case A64_B_cond:
		case A64_CBZ:
		case A64_CBNZ:
		case A64_TBZ:
		case A64_TBNZ: break;
		default:
			pure &= excl_only_computes(&in);
		}
	}
	return WAITS;
}

/* -- the monitor -- */

static void disarm(struct irb *e)
{
	ir_set(e->u, SLOT_MON_ARMED, ir_const(e->u, 0));
	for (unsigned k = SLOT_MON_ARMED + 1; k < SLOT_COUNT; k++)
		ir_forget(e->u, k);
}

/* A function in C has written it. */
static void forget(struct irb *e)
{
	for (unsigned k = SLOT_MON_ARMED; k < SLOT_COUNT; k++)
		ir_forget(e->u, k);
}

void pair_clear(struct irb *e) { disarm(e); }

static void arm(struct irb *e, ir_ref addr, ir_ref lo, ir_ref hi, unsigned bytes)
{
	ir_set(e->u, SLOT_MON_ARMED, ir_const(e->u, bytes | MON_BY_VALUE));
	ir_set(e->u, SLOT_MON_VAL, lo);
	if (hi)
		ir_set(e->u, SLOT_MON_VAL_HI, hi);
	ir_set(e->u, SLOT_MON_VA, addr);
	ir_set(e->u, SLOT_MON_PC, ir_const(e->u, e->pc));
}

/* -- accesses of 1 to 16 bytes -- */

static ir_ref op1(struct irb *e, unsigned op, ir_ref a, uint32_t imm) { return ir_pure(e->u, op, a, 0, 0, 0, imm); }
static ir_ref op2(struct irb *e, unsigned op, ir_ref a, ir_ref b) { return ir_pure(e->u, op, a, b, 0, 0, 0); }

/* n units as one value. */
static ir_ref join(struct irb *e, const ir_ref *v, unsigned size, unsigned n)
{
	if (n == 1)
		return v[0];
	return size == 8 ? op2(e, IR_v_from2, v[0], v[1]) : op2(e, IR_or64, op1(e, IR_zext32, v[0], 0), op1(e, IR_shl64, v[1], 32));
}

static void split(struct irb *e, ir_ref both, ir_ref *out, unsigned size, unsigned n)
{
	if (n == 1) {
		out[0] = both;
	} else if (size == 8) {
		out[0] = op1(e, IR_v_lo, both, 0);
		out[1] = op1(e, IR_v_hi, both, 0);
	} else {
		out[0] = op1(e, IR_zext32, both, 0);
		out[1] = op1(e, IR_shr64, both, 32);
	}
}

/* Compare and swap; 0: this one is for the interpreter. */
static ir_ref cas(struct irb *e, ir_ref addr, ir_ref expect, ir_ref desired, unsigned bytes, unsigned mo, bool excl)
{
	struct ir_node n = {.op = bytes == 16 ? IR_casv : IR_cas, .a = {0, expect, desired}, .aux = excl ? MEM_EXCL : 0};

	return irb_access(e, &n, addr, bytes, mo) ? ir_emit(e->u, &n) : 0;
}

static ir_ref constant(struct irb *e, unsigned bytes) { return bytes == 16 ? ir_vconst(e->u, 0, 0) : ir_const(e->u, 0); }

void pair_casp(struct irb *e, ir_ref out[2], ir_ref addr, const ir_ref expect[2], const ir_ref desired[2], unsigned size,
	       unsigned mo)
{
	ir_ref old = cas(e, addr, join(e, expect, size, 2), join(e, desired, size, 2), 2 * size, mo, false);

	split(e, old ? old : constant(e, 2 * size), out, size, 2);
}

/* -- the two halves -- */

static void load_apart(struct irb *e, ir_ref *out, ir_ref addr, unsigned size, unsigned n, unsigned mo)
{
	struct ir_node node = {.op = IR_ldx};

	out[0] = out[n - 1] = ir_const(e->u, 0);
	if (n == 2) {
		irb_exec(e);
	} else if (irb_access(e, &node, addr, size, mo)) {
		out[0] = ir_emit(e->u, &node);
		forget(e);
	}
}

void pair_load(struct irb *e, ir_ref *out, ir_ref addr, unsigned size, unsigned n, unsigned mo)
{
	unsigned bytes = size * n;
	struct ir_node node = {.op = bytes == 16 ? IR_ldv : IR_ld};
	uint64_t store_pc = 0;
	enum kind kind = scan(e, &store_pc);
	int32_t disp;
	ir_ref both;

	if (kind == APART) {
		load_apart(e, out, addr, size, n, mo);
		return;
	}
	order_before_load(e, mo, true);
	node.aux = MEM_EXCL | MEM_ALIGNED;
	both = irb_access(e, &node, addr, bytes, mo) ? ir_emit(e->u, &node) : constant(e, bytes);
	split(e, both, out, size, n);
	arm(e, addr, bytes == 16 ? out[0] : both, bytes == 16 ? out[1] : 0, bytes);
	e->pair.store_pc = store_pc;
	e->pair.base = ir_split_addr(e->u, addr, &disp);
	e->pair.disp = disp;
	e->pair.bytes = bytes;
	e->pair.val = both;
}

static ir_ref store_apart(struct irb *e, ir_ref addr, const ir_ref *val, unsigned size, unsigned n, unsigned mo)
{
	struct ir_node node = {.op = IR_stx, .a = {0, val[0]}};
	ir_ref status = ir_const(e->u, 0);

	if (n == 2) {
		irb_exec(e);
	} else if (irb_access(e, &node, addr, size, mo)) {
		status = ir_emit(e->u, &node);
		forget(e);
	}
	return status;
}

static ir_ref differs(struct irb *e, ir_ref a, ir_ref b, unsigned bytes)
{
	ir_ref x;

	if (bytes < 16)
		return op2(e, IR_ne64, a, b);
	x = op2(e, IR_or64, op2(e, IR_xor64, op1(e, IR_v_lo, a, 0), op1(e, IR_v_lo, b, 0)),
		op2(e, IR_xor64, op1(e, IR_v_hi, a, 0), op1(e, IR_v_hi, b, 0)));
	return op2(e, IR_ne64, x, ir_const(e->u, 0));
}

ir_ref pair_store(struct irb *e, ir_ref addr, const ir_ref *val, unsigned size, unsigned n, unsigned mo)
{
	unsigned bytes = size * n;
	int32_t disp;
	ir_ref base = ir_split_addr(e->u, addr, &disp), old;

	if (e->pair.store_pc != e->pc || e->pair.base != base || e->pair.disp != disp || e->pair.bytes != bytes)
		return store_apart(e, addr, val, size, n, mo);
	order_before_store(e, mo, true);
	old = cas(e, addr, e->pair.val, join(e, val, size, n), bytes, mo | MF_EXCL_STORE, true);
	if (!old)
		return ir_const(e->u, 0);
	disarm(e);
	order_after_store(e, mo, true);
	old = op1(e, IR_b2q, differs(e, old, e->pair.val, bytes), 0);
	order_count(e, offsetof(struct vcpu, st.stx_fails), old);
	return old;
}

/* -- whole loops -- */

/* The pattern of pair.h's first line. */
struct loop {
	const struct f_LDXR *ld;
	struct a64_insn op; /* .op 0: none */
	struct f_STXR st;
	uint64_t op_pc, end_pc;
};

static bool match(const struct irb *e, const struct f_LDXR *ld, struct loop *p)
{
	uint64_t pc = e->pc + 4;
	struct a64_insn in;

	*p = (struct loop){.ld = ld};
	if (!insn_at(e, pc, &in))
		return false;
	if (in.op != A64_STXR) {
		p->op = in;
		p->op_pc = pc;
		pc += 4;
		if (!insn_at(e, pc, &in) || in.op != A64_STXR)
			return false;
	}
	p->st = in.STXR;
	p->end_pc = pc + 4;
	return insn_at(e, p->end_pc, &in) && in.op == A64_CBNZ && in.CBNZ.rt == p->st.rs &&
	       p->end_pc + (uint64_t)(int64_t)in.CBNZ.imm19 * 4 == e->pc && ld->rt != 31 && ld->rt != ld->rn &&
	       p->st.rn == ld->rn && p->st.size == ld->size && p->st.rs != ld->rn && p->st.rs != p->st.rt && p->st.rs != 31;
}

static ir_ref reg(struct irb *e, unsigned n) { return n == 31 ? ir_const(e->u, 0) : ir_get(e->u, n); }

/* What is added to the old value; 0: not a sum of it. */
static ir_ref addend(struct irb *e, const struct loop *p)
{
	const struct f_ADD_imm *i = &p->op.ADD_imm;
	const struct f_ADD_reg *r = &p->op.ADD_reg;
	unsigned rt = p->ld->rt, dst, sf;
	uint64_t k;
	ir_ref v;

	switch (p->op.op) {
	case A64_ADD_imm:
	case A64_SUB_imm:
		k = (uint64_t)i->imm12 << (i->sh ? 12 : 0);
		if (i->rn != rt)
			return 0;
		v = ir_const(e->u, p->op.op == A64_ADD_imm ? k : -k);
		dst = i->rd;
		sf = i->sf;
		break;
	case A64_ADD_reg:
	case A64_SUB_reg:
		if (r->rn != rt || r->rm == rt || r->shift)
			return 0;
		v = reg(e, r->rm);
		if (r->imm6)
			v = op1(e, IR_shl64, v, r->imm6);
		if (p->op.op == A64_SUB_reg)
			v = op2(e, IR_sub64, ir_const(e->u, 0), v);
		dst = r->rd;
		sf = r->sf;
		break;
	default: return 0;
	}
	return dst == p->st.rt && dst != 31 && dst != p->ld->rn && (sf || p->ld->size < 3) ? v : 0;
}

bool pair_fuse(struct irb *e, const struct a64_insn *ldxr)
{
	const struct f_LDXR *ld = &ldxr->LDXR;
	unsigned mo, op;
	struct loop p;
	ir_ref v, old;

	if (ldxr->op != A64_LDXR || !by_value() || !excl_trusted(e->pc) || !match(e, ld, &p))
		return false;
	if (p.op.op) {
		v = addend(e, &p);
		op = RMW_ADD;
	} else {
		v = p.st.rt == ld->rt ? 0 : reg(e, p.st.rt);
		op = RMW_SWP;
	}
	if (!v)
		return false;
	mo = MO_RMW(ld->o0, p.st.o0) | (ld->rn == 31 ? MF_SPBASE : 0);
	old = irb_pair_rmw(e, ir_get(e->u, ld->rn), v, 1u << ld->size, (enum rmw_op)op, mo, ld->rt);
	if (e->next == NEXT_EXEC)
		return false;
	ir_set(e->u, ld->rt, old);
	if (p.op.op) {
		e->pc = p.op_pc;
		xlate_insn(e, &p.op);
	}
	ir_set(e->u, p.st.rs, ir_const(e->u, 0));
	disarm(e);
	e->pc = p.end_pc;
	return true;
}
