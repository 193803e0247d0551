/*
 * Concrete evaluator, part 2: guest state, memory, control and system
 * effects over concrete values, and SEM().  A file of the reference
 * interpreter (interp_*.c) includes this and then bodies of sem/.
 *
 * Loads and stores hit the software TLB inline; everything else about them
 * (misses, page crossings, devices, alignment faults, exclusives, atomics) is
 * in interp_mem.c.  Where there is more than one vCPU a store takes the
 * monitor stripe of its granule, so exclusives are ABA-safe.
 */
#ifndef PARMA_A64_EVAL_CONC_H
#define PARMA_A64_EVAL_CONC_H

#include "a64/a64_enc.gen.h"
#include "a64/cpu_ops.h"
#include "a64/eval.h"
#include "a64/eval_conc_ops.h"
#include "a64/interp_mem.h"
#include "mem/access.h"

#define X(n) void conc_##n(E *e, const struct a64_insn *insn);
A64_OPS(X)
#undef X

#define SEM(n) \
	static inline void semc_##n(E *e, const struct f_##n *i); \
	void conc_##n(E *e, const struct a64_insn *insn) { semc_##n(e, &insn->n); } \
	static inline void semc_##n(E *e, const struct f_##n *i)

/* -- guest state -- */
static inline v64 get_x(E *e, unsigned n) { return k64(e, e->x[n]); }
static inline void set_x(E *e, unsigned n, v64 v)
{
	e->x[n] = v.v;
	e->x[31] = 0;
}
static inline v64 get_xsp(E *e, unsigned n) { return k64(e, n == 31 ? e->sp : e->x[n]); }
static inline void set_xsp(E *e, unsigned n, v64 v)
{
	if (n == 31)
		e->sp = v.v;
	else
		e->x[n] = v.v;
}
static inline v128 get_v(E *e, unsigned n) { return (v128){e->v[n]}; }
static inline void set_v(E *e, unsigned n, v128 v) { e->v[n] = v.v; }
static inline vf get_flags(E *e) { return (vf){e->nzcv}; }
static inline void set_flags(E *e, vf f) { e->nzcv = f.v; }
static inline v64 insn_pc(E *e) { return k64(e, e->pc); }
static inline bool has(E *e, enum feat f) { return vcpu_has(e, f); }
static inline bool check_fp(E *e)
{
	if (unlikely(e->ctx & CTX_FPTRAP))
		exc_fp_trap(e);
	return true;
}

/* -- memory -- */

static inline void conc_sp_check(E *e, unsigned mo)
{
	if ((mo & MF_SPBASE) && unlikely(e->ctx & CTX_SPALIGN) && unlikely(e->sp & 15))
		exc_sp_align(e);
}

/* Host address of a plain access that needs nothing but the TLB; NULL: the way through interp_mem.c. */
static inline const void *conc_hit_r(E *e, uint64_t va, unsigned size, unsigned mo)
{
	struct tlb *t = mo & MF_UNPRIV ? e->tlb_unpriv : e->tlb;

	conc_sp_check(e, mo);
	if (unlikely(mo & (MO_MASK | MF_ALIGNED)) || unlikely(e->ctx & CTX_ALIGN))
		return 0;
	return tlb_hit(t, TLB_R, va, size);
}
static inline void *conc_hit_w(E *e, uint64_t va, unsigned size, unsigned mo)
{
	struct tlb *t = mo & MF_UNPRIV ? e->tlb_unpriv : e->tlb;

	conc_sp_check(e, mo);
	if (unlikely(mo & (MO_MASK | MF_ALIGNED)) || unlikely(e->ctx & CTX_ALIGN) || e->nvcpus > 1)
		return 0;
	return tlb_hit(t, TLB_W, va, size);
}

static inline void mem_ld(E *e, v64 *res, v64 addr, unsigned size, unsigned mo)
{
	const void *p = conc_hit_r(e, addr.v, size, mo);
	u128 v;

	if (likely(p)) {
		res->v = ram_load(p, size);
		return;
	}
	conc_ld_units(e, &v, addr.v, size, 1, mo);
	res->v = (uint64_t)v;
}
static inline void mem_st(E *e, v64 addr, v64 val, unsigned size, unsigned mo)
{
	void *p = conc_hit_w(e, addr.v, size, mo);
	u128 v = val.v;

	if (likely(p))
		ram_store(p, size, val.v);
	else
		conc_st_units(e, &v, addr.v, size, 1, mo);
}
static inline void mem_ld128(E *e, v128 *res, v64 addr, unsigned mo)
{
	const void *p = conc_hit_r(e, addr.v, 16, mo);

	if (likely(p))
		res->v = ram_ld128(p);
	else
		conc_ld_units(e, &res->v, addr.v, 16, 1, mo);
}
static inline void mem_st128(E *e, v64 addr, v128 val, unsigned mo)
{
	void *p = conc_hit_w(e, addr.v, 16, mo);

	if (likely(p))
		ram_st128(p, val.v);
	else
		conc_st_units(e, &val.v, addr.v, 16, 1, mo);
}
static inline void mem_ldp(E *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned mo)
{
	const void *p = conc_hit_r(e, addr.v, 2 * size, mo);
	u128 v[2];

	if (likely(p) && size == 8) {
		v[0] = ram_ld128(p);
		*a = k64(e, (uint64_t)v[0]);
		*b = k64(e, (uint64_t)(v[0] >> 64));
	} else if (likely(p)) {
		*a = k64(e, ram_ld32(p));
		*b = k64(e, ram_ld32((const char *)p + 4));
	} else {
		conc_ld_units(e, v, addr.v, size, 2, mo);
		*a = k64(e, (uint64_t)v[0]);
		*b = k64(e, (uint64_t)v[1]);
	}
}
static inline void mem_stp(E *e, v64 addr, v64 a, v64 b, unsigned size, unsigned mo)
{
	void *p = conc_hit_w(e, addr.v, 2 * size, mo);
	u128 v[2] = {a.v, b.v};

	if (likely(p) && size == 8) {
		ram_st128(p, (u128)b.v << 64 | a.v);
	} else if (likely(p)) {
		ram_st32(p, a.v);
		ram_st32((char *)p + 4, b.v);
	} else {
		conc_st_units(e, v, addr.v, size, 2, mo);
	}
}
static inline void mem_ldp128(E *e, v128 *a, v128 *b, v64 addr, unsigned mo)
{
	const char *p = conc_hit_r(e, addr.v, 32, mo);
	u128 v[2];

	if (likely(p)) {
		a->v = ram_ld128(p);
		b->v = ram_ld128(p + 16);
	} else {
		conc_ld_units(e, v, addr.v, 16, 2, mo);
		a->v = v[0];
		b->v = v[1];
	}
}
static inline void mem_stp128(E *e, v64 addr, v128 a, v128 b, unsigned mo)
{
	char *p = conc_hit_w(e, addr.v, 32, mo);
	u128 v[2] = {a.v, b.v};

	if (likely(p)) {
		ram_st128(p, a.v);
		ram_st128(p + 16, b.v);
	} else {
		conc_st_units(e, v, addr.v, 16, 2, mo);
	}
}
static inline void mem_ldx(E *e, v64 *res, v64 addr, unsigned size, unsigned mo)
{
	u128 v;

	conc_sp_check(e, mo);
	conc_ldx(e, &v, addr.v, size, 1, mo);
	res->v = (uint64_t)v;
}
static inline void mem_ldxp(E *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned mo)
{
	u128 v[2];

	conc_sp_check(e, mo);
	conc_ldx(e, v, addr.v, size, 2, mo);
	*a = k64(e, (uint64_t)v[0]);
	*b = k64(e, (uint64_t)v[1]);
}
static inline void mem_stx(E *e, v64 *status, v64 addr, v64 val, unsigned size, unsigned mo)
{
	u128 v = val.v;

	conc_sp_check(e, mo);
	status->v = !conc_stx(e, &v, addr.v, size, 1, mo);
}
static inline void mem_stxp(E *e, v64 *status, v64 addr, v64 a, v64 b, unsigned size, unsigned mo)
{
	u128 v[2] = {a.v, b.v};

	conc_sp_check(e, mo);
	status->v = !conc_stx(e, v, addr.v, size, 2, mo);
}
static inline void mem_clrex(E *e) { e->mon.armed = 0; }
static inline void mem_rmw(E *e, v64 *old, v64 addr, v64 val, unsigned size, enum rmw_op op, unsigned mo)
{
	conc_sp_check(e, mo);
	old->v = conc_rmw(e, addr.v, val.v, size, op, mo);
}
static inline void mem_cas(E *e, v64 *old, v64 addr, v64 expect, v64 desired, unsigned size, unsigned mo)
{
	conc_sp_check(e, mo);
	old->v = (uint64_t)conc_cas(e, addr.v, expect.v, desired.v, size, mo);
}
static inline void mem_casp(E *e, v64 *old0, v64 *old1, v64 addr, v64 e0, v64 e1, v64 d0, v64 d1, unsigned size,
			    unsigned mo)
{
	unsigned n = 8 * size;
	u128 m = mask64(n), old;

	conc_sp_check(e, mo);
	old = conc_cas(e, addr.v, (e0.v & m) | (u128)e1.v << n, (d0.v & m) | (u128)d1.v << n, 2 * size, mo);
	old0->v = (uint64_t)(old & m);
	old1->v = (uint64_t)(old >> n & m);
}
static inline void mem_barrier(E *e, enum barrier_kind kind) { conc_barrier(e, kind); }
static inline void mem_isb(E *e) { cpu_isb(e); }
static inline void mem_prefetch(E *e, v64 addr) {}
static inline void mem_dczva(E *e, v64 addr) { conc_dczva(e, addr.v); }

/* -- control -- */
static inline void br_to(E *e, uint64_t offset) { e->npc = e->pc + offset; }
static inline void br_if(E *e, vb cond, uint64_t offset)
{
	if (cond.v)
		e->npc = e->pc + offset;
}
static inline void br_reg(E *e, v64 target, enum br_hint hint)
{
	bool ignored = e->ctx & (target.v >> 55 & 1 ? CTX_TBI1 : CTX_TBI0);

	e->npc = ignored ? sext(target.v, 56) : target.v;
}
static inline void br_link_hint(E *e) {}
static inline void raise_undef(E *e) { exc_undef(e); }
static inline void raise_svc(E *e, uint32_t imm) { exc_svc(e, imm); }
static inline void raise_hvc(E *e, uint32_t imm) { exc_hvc(e, imm); }
static inline void raise_smc(E *e, uint32_t imm) { exc_smc(e, imm); }
static inline void raise_brk(E *e, uint32_t imm) { exc_brk(e, imm); }
static inline void raise_hlt(E *e, uint32_t imm) { exc_hlt(e, imm); }
static inline void do_eret(E *e) { cpu_eret(e); }
static inline void do_hint(E *e, enum hint_kind kind)
{
	switch (kind) {
	case HINT_NOP: break;
	case HINT_YIELD: cpu_yield(e); break;
	case HINT_WFE: cpu_wfe(e); break;
	case HINT_WFI: cpu_wfi(e); break;
	case HINT_SEV: cpu_sev(e); break;
	case HINT_SEVL: cpu_sevl(e); break;
	}
}

/* -- system registers -- */
static inline void sys_read(E *e, v64 *res, uint32_t enc) { res->v = cpu_sys_read(e, enc); }
static inline void sys_write(E *e, uint32_t enc, v64 val) { cpu_sys_write(e, enc, val.v); }
static inline void sys_op(E *e, v64 *res, uint32_t enc, v64 val) { res->v = cpu_sys_op(e, enc, val.v); }
static inline void sys_msr_imm(E *e, unsigned op1, unsigned op2, unsigned imm) { cpu_msr_imm(e, op1, op2, imm); }

#endif
