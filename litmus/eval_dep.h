/*
 * The abstract evaluator (contract: a64/eval.h) over values with dependency
 * sets.  A file of the event extractor (dep_*.c) includes this and then bodies
 * of a64/sem.
 */
#ifndef PARMA_LITMUS_EVAL_DEP_H
#define PARMA_LITMUS_EVAL_DEP_H

#include "a64/eval.h"
#include "a64/feat.h"
#include "base/bits.h"
#include "ir/ops_fp.h"
#include "ir/ops_int.h"
#include "ir/ops_vec.h"
#include "litmus/dep.h"

typedef struct dep_eval E;
typedef dep_v64 v64;
typedef dep_v128 v128;
typedef dep_vb vb;
typedef dep_vf vf;

#define SEM(n) \
	static inline void semd_##n(E *e, const struct f_##n *i); \
	void dep_##n(E *e, const struct a64_insn *insn) { semd_##n(e, &insn->n); } \
	static inline void semd_##n(E *e, const struct f_##n *i)

/* ---- dependency sets of results ---- */

static inline uint64_t dep_hash(uint64_t a, uint64_t b)
{
	a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
	return a ^ a >> 29;
}

/* Identity of a fact. */
static inline uint64_t dep_const_id(u128 v) { return dep_hash((uint64_t)v + 1, (uint64_t)(v >> 64)); }

static inline struct dep dep_fact(u128 v) { return (struct dep){.id = dep_const_id(v)}; }

static inline struct dep dep_join(struct dep a, const struct dep *b)
{
	return (struct dep){.t = a.t | b->t, .d = a.d | b->d, .p = a.p | b->p, .id = dep_hash(a.id, b->id)};
}

/* Finishes the set of a result of operation `op` whose value is v. */
static inline struct dep dep_done(struct dep q, uint64_t op, u128 v)
{
	q.id = q.t ? dep_hash(q.id, op) : dep_const_id(v);
	return q;
}

/* A result that cannot vary although its operands can. */
static inline struct dep dep_settle(struct dep q, u128 v)
{
	q.t = 0;
	q.ident = 0;
	q.id = dep_const_id(v);
	return q;
}

/* ---- pure operations: one function per row of ir/ops.def ---- */

#define T_Q v64
#define T_V v128
#define T_B vb
#define T_F vf
#define ENV_P(e)
#define ENV_FP(e) &(e)->fp,
#define ENV_QC(e) &(e)->fp,

enum dep_op {
#define OP(name, sig, props) DEP_OP_##name,
#include "ir/ops.def"
#undef OP
};

#define DEP_RES(R, n, imm, qa, call) \
	{ R res = {.v = call}; res.q = dep_done(qa, (uint64_t)DEP_OP_##n << 32 | (imm), res.v); return res; }
#define DEP_Q1(a) ((struct dep){.t = (a).q.t, .d = (a).q.d, .p = (a).q.p, .id = (a).q.id})
#define DEP_Q2(a, b) dep_join((a).q, &(b).q)
#define DEP_Q3(a, b, c) dep_join(DEP_Q2(a, b), &(c).q)
#define DEP_Q4(a, b, c, d) dep_join(DEP_Q3(a, b, c), &(d).q)

#define DEF1(n, R, A, p) static inline R n(E *e, A a) DEP_RES(R, n, 0, DEP_Q1(a), c_##n(ENV_##p(e) a.v))
#define DEF1I(n, R, A, p) \
	static inline R n(E *e, A a, uint32_t i) DEP_RES(R, n, i, DEP_Q1(a), c_##n(ENV_##p(e) a.v, i))
#define DEF2(n, R, A, B, p) \
	static inline R n(E *e, A a, B b) DEP_RES(R, n, 0, DEP_Q2(a, b), c_##n(ENV_##p(e) a.v, b.v))
#define DEF2I(n, R, A, B, p) \
	static inline R n(E *e, A a, B b, uint32_t i) DEP_RES(R, n, i, DEP_Q2(a, b), c_##n(ENV_##p(e) a.v, b.v, i))
#define DEF3(n, R, A, B, C, p) \
	static inline R n(E *e, A a, B b, C c) DEP_RES(R, n, 0, DEP_Q3(a, b, c), c_##n(ENV_##p(e) a.v, b.v, c.v))
#define DEF3I(n, R, A, B, C, p) \
	static inline R n(E *e, A a, B b, C c, uint32_t i) \
	DEP_RES(R, n, i, DEP_Q3(a, b, c), c_##n(ENV_##p(e) a.v, b.v, c.v, i))
#define DEF4I(n, R, A, B, C, D, p) \
	static inline R n(E *e, A a, B b, C c, D d, uint32_t i) \
	DEP_RES(R, n, i, DEP_Q4(a, b, c, d), c_##n(ENV_##p(e) a.v, b.v, c.v, d.v, i))
#define DEF0I(n, R, p) \
	static inline R n(E *e, uint32_t i) { R res = {.v = c_##n(i)}; res.q = dep_fact(res.v); return res; }
#define DEF0Q(n, R, p) \
	static inline R n(E *e, uint64_t i) { R res = {.v = c_##n(i)}; res.q = dep_fact(res.v); return res; }

#include "ir/ops_sigs.h"

#define OP(name, sig, props) SIG_##sig(name, props)
#include "ir/ops.def"
#undef OP

static inline v64 k64(E *e, uint64_t v) { return (v64){v, dep_fact(v)}; }
static inline vb kb(E *e, bool v) { return (vb){v, dep_fact(v)}; }
static inline v128 vk128(E *e, uint64_t lo, uint64_t hi)
{
	u128 v = (u128)hi << 64 | lo;

	return (v128){v, dep_fact(v)};
}

/* ---- operations that know more than their operands' sets; the bodies get these ---- */

static inline v64 dep_xor64(E *e, v64 a, v64 b)
{
	v64 r = xor64(e, a, b);

	if (a.q.id == b.q.id)
		r = (v64){0, dep_settle(r.q, 0)};
	return r;
}
static inline v64 dep_sub64(E *e, v64 a, v64 b)
{
	v64 r = sub64(e, a, b);

	if (a.q.id == b.q.id)
		r = (v64){0, dep_settle(r.q, 0)};
	return r;
}
static inline v64 dep_and64(E *e, v64 a, v64 b)
{
	v64 r = and64(e, a, b);

	if ((!a.q.t && !a.v) || (!b.q.t && !b.v))
		r = (v64){0, dep_settle(r.q, 0)};
	return r;
}
static inline v64 dep_zext32(E *e, v64 a)
{
	v64 r;

	if (a.q.ident && a.q.size <= 4)
		return a;
	r = zext32(e, a);
	if (a.q.ident) {
		r.q.ident = a.q.ident;
		r.q.shift = a.q.shift;
		r.q.size = 4;
	}
	return r;
}
static inline vf dep_fl_sub(E *e, v64 a, v64 b, uint32_t sf)
{
	vf r = fl_sub(e, a, b, sf);

	if (a.q.id == b.q.id)
		r = (vf){c_fl_sub(0, 0, sf), dep_settle(r.q, c_fl_sub(0, 0, sf))};
	return r;
}

bool dep_decide(struct dep_eval *e, const struct dep *q);

/*
 * A choice: the value comes from one operand, which is a data dependency; the
 * condition only picks.  Which operand it is must be decided unless both are
 * the same value with the same dependencies.
 */
#define DEP_SELECT(name, T) \
	static inline T name(E *e, vb c, T a, T b) \
	{ \
		T r; \
		if (c.q.t && !(a.q.id == b.q.id && a.q.d == b.q.d && a.q.p == b.q.p)) \
			dep_decide(e, &c.q); \
		r = c.v ? a : b; \
		r.q.p |= c.q.d | c.q.p; \
		return r; \
	}
DEP_SELECT(dep_sel64, v64)
DEP_SELECT(dep_selv, v128)
DEP_SELECT(dep_self, vf)

#define xor64 dep_xor64
#define sub64 dep_sub64
#define and64 dep_and64
#define zext32 dep_zext32
#define fl_sub dep_fl_sub
#define sel64 dep_sel64
#define selv dep_selv
#define self dep_self

/* ---- guest state ---- */

static inline v64 get_x(E *e, unsigned n) { return e->x[n]; }
static inline void set_x(E *e, unsigned n, v64 v)
{
	if (n != 31)
		e->x[n] = v;
}
static inline v64 get_xsp(E *e, unsigned n) { return n == 31 ? e->sp : e->x[n]; }
static inline void set_xsp(E *e, unsigned n, v64 v) { *(n == 31 ? &e->sp : &e->x[n]) = v; }
static inline v128 get_v(E *e, unsigned n) { return e->v[n]; }
static inline void set_v(E *e, unsigned n, v128 v) { e->v[n] = v; }
static inline vf get_flags(E *e) { return e->flags; }
static inline void set_flags(E *e, vf f) { e->flags = f; }
static inline v64 insn_pc(E *e) { return k64(e, e->pc); }
static inline bool has(E *e, enum feat f) { return true; }
static inline bool check_fp(E *e) { return true; }

/* ---- memory ---- */

static inline void mem_ld(E *e, v64 *out, v64 addr, unsigned size, unsigned mo) { dep_ld(e, out, addr, size, mo); }
static inline void mem_st(E *e, v64 addr, v64 val, unsigned size, unsigned mo) { dep_st(e, addr, val, size, mo); }
static inline void mem_ldp(E *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned mo)
{
	dep_ld(e, a, addr, size, mo);
	dep_ld(e, b, add64(e, addr, k64(e, size)), size, mo);
}
static inline void mem_stp(E *e, v64 addr, v64 a, v64 b, unsigned size, unsigned mo)
{
	dep_st(e, addr, a, size, mo);
	dep_st(e, add64(e, addr, k64(e, size)), b, size, mo);
}
/* A 16-byte register is two single-copy atomic accesses. */
static inline void mem_ld128(E *e, v128 *out, v64 addr, unsigned mo)
{
	v64 lo, hi;

	mem_ldp(e, &lo, &hi, addr, 8, mo);
	*out = v_from2(e, lo, hi);
}
static inline void mem_st128(E *e, v64 addr, v128 val, unsigned mo)
{
	mem_stp(e, addr, v_lo(e, val), v_hi(e, val), 8, mo);
}
static inline void mem_ldp128(E *e, v128 *a, v128 *b, v64 addr, unsigned mo)
{
	mem_ld128(e, a, addr, mo);
	mem_ld128(e, b, add64(e, addr, k64(e, 16)), mo);
}
static inline void mem_stp128(E *e, v64 addr, v128 a, v128 b, unsigned mo)
{
	mem_st128(e, addr, a, mo);
	mem_st128(e, add64(e, addr, k64(e, 16)), b, mo);
}
static inline void mem_ldx(E *e, v64 *out, v64 addr, unsigned size, unsigned mo)
{
	dep_ldx(e, out, NULL, addr, size, 1, mo);
}
static inline void mem_ldxp(E *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned mo)
{
	dep_ldx(e, a, b, addr, size, 2, mo);
}
static inline void mem_stx(E *e, v64 *status, v64 addr, v64 val, unsigned size, unsigned mo)
{
	dep_stx(e, status, addr, val, val, size, 1, mo);
}
static inline void mem_stxp(E *e, v64 *status, v64 addr, v64 a, v64 b, unsigned size, unsigned mo)
{
	dep_stx(e, status, addr, a, b, size, 2, mo);
}
static inline void mem_clrex(E *e) { e->ldx = MCM_NO_EVENT; }
static inline void mem_rmw(E *e, v64 *old, v64 addr, v64 val, unsigned size, enum rmw_op op, unsigned mo)
{
	dep_rmw(e, old, addr, val, size, op, mo);
}
static inline void mem_cas(E *e, v64 *old, v64 addr, v64 expect, v64 desired, unsigned size, unsigned mo)
{
	dep_cas(e, old, addr, &expect, &desired, size, 1, mo);
}
static inline void mem_casp(E *e, v64 *old0, v64 *old1, v64 addr, v64 e0, v64 e1, v64 d0, v64 d1, unsigned size,
			    unsigned mo)
{
	v64 old[2], expect[2] = {e0, e1}, desired[2] = {d0, d1};

	dep_cas(e, old, addr, expect, desired, size, 2, mo);
	*old0 = old[0];
	*old1 = old[1];
}
static inline void mem_barrier(E *e, enum barrier_kind kind)
{
	static const uint8_t map[] = {
		[BAR_DMB_SY] = MCM_B_DMB_FULL, [BAR_DMB_LD] = MCM_B_DMB_LD, [BAR_DMB_ST] = MCM_B_DMB_ST,
		[BAR_DSB_SY] = MCM_B_DSB_FULL, [BAR_DSB_LD] = MCM_B_DSB_LD, [BAR_DSB_ST] = MCM_B_DSB_ST,
		[BAR_SB] = MCM_B_ISB,
	};

	dep_barrier(e, map[kind]);
}
static inline void mem_isb(E *e) { dep_barrier(e, MCM_B_ISB); }
static inline void mem_prefetch(E *e, v64 addr) {}
static inline void mem_dczva(E *e, v64 addr) { dep_unsupported(e, "DC ZVA"); }

/* ---- control ---- */

static inline void br_to(E *e, uint64_t offset) { e->npc = e->pc + offset; }
static inline void br_if(E *e, vb cond, uint64_t offset) { dep_br_if(e, cond, offset); }
static inline void br_reg(E *e, v64 target, enum br_hint hint) { dep_br_reg(e, target); }
static inline void br_link_hint(E *e) {}
static inline void raise_undef(E *e) { dep_fault(e, DEP_UNDEF); }
static inline void raise_svc(E *e, uint32_t imm) { dep_fault(e, DEP_SVC); }
static inline void raise_hvc(E *e, uint32_t imm) { dep_fault(e, DEP_OTHER_FAULT); }
static inline void raise_smc(E *e, uint32_t imm) { dep_fault(e, DEP_OTHER_FAULT); }
static inline void raise_brk(E *e, uint32_t imm) { dep_fault(e, DEP_OTHER_FAULT); }
static inline void raise_hlt(E *e, uint32_t imm) { dep_fault(e, DEP_OTHER_FAULT); }
static inline void do_eret(E *e) { dep_unsupported(e, "ERET"); }
static inline void do_hint(E *e, enum hint_kind kind) {}

/* ---- system registers: only those that are ordinary state of a thread ---- */

static inline void sys_read(E *e, v64 *out, uint32_t enc)
{
	*out = k64(e, 0);
	if (enc == SYSREG(3, 3, 4, 2, 0)) /* NZCV */
		*out = fl_unpack(e, e->flags);
	else
		dep_unsupported(e, "a system register");
}
static inline void sys_write(E *e, uint32_t enc, v64 val)
{
	if (enc == SYSREG(3, 3, 4, 2, 0))
		e->flags = fl_pack(e, val);
	else
		dep_unsupported(e, "a system register");
}
static inline void sys_op(E *e, v64 *out, uint32_t enc, v64 val)
{
	*out = k64(e, 0);
	dep_unsupported(e, "a system instruction");
}
static inline void sys_msr_imm(E *e, unsigned op1, unsigned op2, unsigned imm)
{
	dep_unsupported(e, "MSR (immediate)");
}

#endif
