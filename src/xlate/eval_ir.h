/*
 * The evaluator over IR references: semantics bodies build intermediate
 * code.  Included by the irb_*.c files, followed by bodies of a64/sem.
 * What cannot be expressed goes to the interpreter (irb_exec()).
 */
#ifndef PARMA_XLATE_EVAL_IR_H
#define PARMA_XLATE_EVAL_IR_H

#include "a64/a64_enc.gen.h"
#include "a64/eval.h"
#include "ir/fp_imm.h"
#include "ir/ops_vec.h"
#include "xlate/irb.h"
#include "xlate/pair.h"
#include "xlate/slots.h"

typedef struct irb E;
typedef struct { ir_ref r; } v64;
typedef struct { ir_ref r; } v128;
typedef struct { ir_ref r; } vb;
typedef struct { ir_ref r; } vf;

#define T_Q v64
#define T_V v128
#define T_B vb
#define T_F vf
#define DEF0I(n, R, p) static inline R n(E *e, uint32_t i) { return (R){ir_pure(e->u, IR_##n, 0, 0, 0, 0, i)}; }
#define DEF0Q(n, R, p) static inline R n(E *e, uint64_t i) { return (R){ir_pure_q(e->u, IR_##n, i)}; }
#define DEF1(n, R, A, p) static inline R n(E *e, A a) { return (R){ir_pure(e->u, IR_##n, a.r, 0, 0, 0, 0)}; }
#define DEF1I(n, R, A, p) static inline R n(E *e, A a, uint32_t i) { return (R){ir_pure(e->u, IR_##n, a.r, 0, 0, 0, i)}; }
#define DEF2(n, R, A, B, p) static inline R n(E *e, A a, B b) { return (R){ir_pure(e->u, IR_##n, a.r, b.r, 0, 0, 0)}; }
#define DEF2I(n, R, A, B, p) \
	static inline R n(E *e, A a, B b, uint32_t i) { return (R){ir_pure(e->u, IR_##n, a.r, b.r, 0, 0, i)}; }
#define DEF3(n, R, A, B, C, p) \
	static inline R n(E *e, A a, B b, C c) { return (R){ir_pure(e->u, IR_##n, a.r, b.r, c.r, 0, 0)}; }
#define DEF3I(n, R, A, B, C, p) \
	static inline R n(E *e, A a, B b, C c, uint32_t i) { return (R){ir_pure(e->u, IR_##n, a.r, b.r, c.r, 0, i)}; }
#define DEF4I(n, R, A, B, C, D, p) \
	static inline R n(E *e, A a, B b, C c, D d, uint32_t i) { return (R){ir_pure(e->u, IR_##n, a.r, b.r, c.r, d.r, i)}; }
#include "ir/ops_sigs.h"
#define OP(name, sig, props) SIG_##sig(name, props)
#include "ir/ops.def"
#undef OP

#define X(n) void irb_##n(E *e, const struct a64_insn *insn);
A64_OPS(X)
#undef X
#define SEM(n) \
	static inline void semi_##n(E *e, const struct f_##n *i); \
	void irb_##n(E *e, const struct a64_insn *insn) { semi_##n(e, &insn->n); } \
	static inline void semi_##n(E *e, const struct f_##n *i)

static inline v64 k64(E *e, uint64_t v) { return (v64){ir_const(e->u, v)}; }
static inline vb kb(E *e, bool v) { return (vb){ir_kb(e->u, v)}; }
static inline v128 vk128(E *e, uint64_t lo, uint64_t hi) { return (v128){ir_vconst(e->u, lo, hi)}; }

/* -- guest state -- */
static inline v64 get_x(E *e, unsigned n) { return n == 31 ? k64(e, 0) : (v64){ir_get(e->u, n)}; }
static inline void set_x(E *e, unsigned n, v64 v)
{
	if (n != 31)
		ir_set(e->u, n, v.r);
}
static inline v64 get_xsp(E *e, unsigned n) { return (v64){ir_get(e->u, n)}; }
static inline void set_xsp(E *e, unsigned n, v64 v) { ir_set(e->u, n, v.r); }
static inline v128 get_v(E *e, unsigned n) { return (v128){ir_get(e->u, SLOT_V0 + n)}; }
static inline void set_v(E *e, unsigned n, v128 v) { ir_set(e->u, SLOT_V0 + n, v.r); }
static inline vf get_flags(E *e) { return (vf){ir_get(e->u, SLOT_NZCV)}; }
static inline void set_flags(E *e, vf f) { ir_set(e->u, SLOT_NZCV, f.r); }
static inline v64 insn_pc(E *e) { return k64(e, e->pc); }
static inline bool has(E *e, enum feat f) { return vcpu_has(e->c, f); }
static inline bool check_fp(E *e)
{
	if (e->ctx & CTX_FPTRAP) {
		irb_exec(e);
		return false;
	}
	return true;
}

/* -- memory -- */
static inline void mem_ld(E *e, v64 *res, v64 addr, unsigned size, unsigned mo) { res->r = irb_load(e, addr.r, size, mo); }
static inline void mem_st(E *e, v64 addr, v64 val, unsigned size, unsigned mo) { irb_store(e, addr.r, val.r, size, mo); }
static inline void mem_ld128(E *e, v128 *res, v64 addr, unsigned mo) { res->r = irb_loadv(e, addr.r, mo); }
static inline void mem_st128(E *e, v64 addr, v128 val, unsigned mo) { irb_storev(e, addr.r, val.r, mo); }
/*
 * With LSE2 a pair of 8 bytes within 16 aligned ones is one single-copy atomic access: one of 16 bytes, aligned as its
 * halves.  Two of 8 bytes are faster, and a single vCPU cannot tell.
 */
static inline bool pair_is_one(E *e, unsigned size) { return size == 8 && e->c->nvcpus > 1 && has(e, FEAT_LSE2); }
static inline void mem_ldp(E *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned mo)
{
	if (pair_is_one(e, size)) {
		v128 both = {irb_loadv(e, addr.r, mo | MF_ELEM(3))};

		*a = v_lo(e, both);
		*b = v_hi(e, both);
		return;
	}
	a->r = irb_load(e, addr.r, size, mo);
	b->r = irb_load(e, add64(e, addr, k64(e, size)).r, size, mo);
}
static inline void mem_stp(E *e, v64 addr, v64 a, v64 b, unsigned size, unsigned mo)
{
	if (pair_is_one(e, size)) {
		irb_storev(e, addr.r, v_from2(e, a, b).r, mo | MF_ELEM(3));
		return;
	}
	irb_store(e, addr.r, a.r, size, mo);
	irb_store(e, add64(e, addr, k64(e, size)).r, b.r, size, mo);
}
static inline void mem_ldp128(E *e, v128 *a, v128 *b, v64 addr, unsigned mo)
{
	a->r = irb_loadv(e, addr.r, mo);
	b->r = irb_loadv(e, add64(e, addr, k64(e, 16)).r, mo);
}
static inline void mem_stp128(E *e, v64 addr, v128 a, v128 b, unsigned mo)
{
	irb_storev(e, addr.r, a.r, mo);
	irb_storev(e, add64(e, addr, k64(e, 16)).r, b.r, mo);
}
static inline void mem_ldx(E *e, v64 *res, v64 addr, unsigned size, unsigned mo) { pair_load(e, &res->r, addr.r, size, 1, mo); }
static inline void mem_stx(E *e, v64 *status, v64 addr, v64 val, unsigned size, unsigned mo)
{
	status->r = pair_store(e, addr.r, &val.r, size, 1, mo);
}
static inline void mem_ldxp(E *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned mo)
{
	ir_ref out[2];

	pair_load(e, out, addr.r, size, 2, mo);
	*a = (v64){out[0]};
	*b = (v64){out[1]};
}
static inline void mem_stxp(E *e, v64 *status, v64 addr, v64 a, v64 b, unsigned size, unsigned mo)
{
	status->r = pair_store(e, addr.r, (const ir_ref[]){a.r, b.r}, size, 2, mo);
}
static inline void mem_casp(E *e, v64 *old0, v64 *old1, v64 addr, v64 e0, v64 e1, v64 d0, v64 d1, unsigned size,
			    unsigned mo)
{
	ir_ref out[2];

	pair_casp(e, out, addr.r, (const ir_ref[]){e0.r, e1.r}, (const ir_ref[]){d0.r, d1.r}, size, mo);
	*old0 = (v64){out[0]};
	*old1 = (v64){out[1]};
}
static inline void mem_clrex(E *e) { pair_clear(e); }
static inline void mem_rmw(E *e, v64 *old, v64 addr, v64 val, unsigned size, enum rmw_op op, unsigned mo)
{
	old->r = irb_rmw(e, addr.r, val.r, size, op, mo);
}
static inline void mem_cas(E *e, v64 *old, v64 addr, v64 expect, v64 desired, unsigned size, unsigned mo)
{
	old->r = irb_cas(e, addr.r, expect.r, desired.r, size, mo);
}
static inline void mem_barrier(E *e, enum barrier_kind kind) { order_barrier(e, kind); }
static inline void mem_isb(E *e) { irb_isb(e); }
static inline void mem_prefetch(E *e, v64 addr) {}
static inline void mem_dczva(E *e, v64 addr) { irb_dczva(e, addr.r); }

/* -- control -- */
static inline void br_to(E *e, uint64_t offset)
{
	e->next = NEXT_BR;
	e->target = e->pc + offset;
}
static inline void br_if(E *e, vb cond, uint64_t offset)
{
	e->next = NEXT_BRC;
	e->cond = cond.r;
	e->target = e->pc + offset;
}
static inline void br_reg(E *e, v64 target, enum br_hint hint)
{
	e->next = NEXT_JMP;
	e->cond = target.r;
	e->hint = hint;
}
static inline void br_link_hint(E *e) {}
static inline void raise_undef(E *e) { irb_exec(e); }
static inline void raise_svc(E *e, uint32_t imm) { irb_exec(e); }
static inline void raise_hvc(E *e, uint32_t imm) { irb_exec(e); }
static inline void raise_smc(E *e, uint32_t imm) { irb_exec(e); }
static inline void raise_brk(E *e, uint32_t imm) { irb_exec(e); }
static inline void raise_hlt(E *e, uint32_t imm) { irb_exec(e); }
static inline void do_eret(E *e) { irb_exec(e); }
static inline void do_hint(E *e, enum hint_kind kind) { irb_hint(e, kind); }

/* -- system registers -- */
static inline void sys_read(E *e, v64 *res, uint32_t enc) { res->r = irb_sys_read(e, enc); }
static inline void sys_write(E *e, uint32_t enc, v64 val) { irb_sys_write(e, enc, val.r); }
static inline void sys_op(E *e, v64 *res, uint32_t enc, v64 val) { res->r = irb_sys_op(e, enc, val.r); }
static inline void sys_msr_imm(E *e, unsigned op1, unsigned op2, unsigned imm) { irb_msr_imm(e, op1, op2, imm); }

#endif
