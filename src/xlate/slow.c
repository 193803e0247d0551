/* See slow.h. */
#include "xlate/slow.h"

#include "a64/cpu_ops.h"
#include "a64/exclusive.h"
#include "a64/interp_mem.h"
#include "a64/mmu.h"
#include "a64/tlbset.h"
#include "base/bug.h"
#include "mem/access.h"
#include "tcache/tcache.h"
#include "x64/x64.h"
#include "xlate/irb.h"
#include "xlate/slots.h"
#include "xlate/xlate.h"

static uint64_t extended(uint64_t v, unsigned aux)
{
	unsigned bits = 8u << (aux & MEM_SIZE);

	if (aux & MEM_SX64)
		return sext(v, bits);
	return aux & MEM_SX32 ? (uint32_t)sext(v, bits) : v;
}

/*
 * Host address for a plain access that only missed the TLB: fills it. NULL: faults, devices, crossings and all
 * else. Touches no guest state, so the registers need not be there.
 */
static void *refill(struct vcpu *c, uint64_t addr, unsigned size, unsigned mo, bool write)
{
	bool el0 = c->el == 0 || ((mo & MF_UNPRIV) && c->ctx & CTX_UNPRIV);
	struct tlb *t = mo & MF_UNPRIV ? c->tlb_unpriv : c->tlb;
	struct mem_target target;
	void *p;

	if ((mo & (MO_MASK | MF_ALIGNED)) || (c->ctx & CTX_ALIGN) || (addr & (TLB_PAGE - 1)) + size > TLB_PAGE)
		return 0;
	p = tlbset_quick(c, t, addr, write, el0);
	if (likely(p))
		return p;
	if (tlbset_resolve(c, addr, write ? MMU_WRITE : MMU_READ, el0, &target) != MMU_OK)
		return 0;
	return tlb_hit(t, write ? TLB_W : TLB_R, addr, size);
}

/* An access of translated code that took the slow path; in and out are registers as they are in the frame. */
struct access {
	const struct x64_rec *r;
	uint64_t addr;
	unsigned size;
	uint64_t *in, *in2, *out;
	u128 *vin, *vin2, *vout;
};

/* A load or store whose page is in the TLB after all; false: not one. */
static bool after_refill(struct vcpu *c, const struct access *a)
{
	const struct x64_rec *r = a->r;
	bool write = r->op == IR_st || r->op == IR_stv;
	void *p;

	if ((r->op != IR_ld && r->op != IR_ldv && !write) || (r->aux & MEM_CHECK_SP) ||
	    (r->aux & MEM_ALIGNED && a->addr & (a->size - 1)) ||
	    !(p = refill(c, a->addr, a->size, r->imm, write)))
		return false;
	switch (r->op) {
	case IR_ld: *a->out = extended(ram_load(p, a->size), r->aux); break;
	case IR_ldv: *a->vout = a->size == 16 ? ram_ld128(p) : ram_load(p, a->size); break;
	case IR_st: ram_store(p, a->size, *a->in); break;
	default:
		if (a->size == 16)
			ram_st128(p, *a->vin);
		else
			ram_store(p, a->size, (uint64_t)*a->vin);
		break;
	}
	return true;
}

/* What a group of accesses finds in the TLB now: what to add to the guest's addresses, or 0. */
static uint64_t group_addend(struct vcpu *c, const struct access *a)
{
	uint64_t start = a->addr - a->r->below;
	void *p = tlb_hit(c->tlb, a->r->group_write ? TLB_W : TLB_R, start, a->r->last + 1u);

	return p ? (uint64_t)(uintptr_t)p - start : 0;
}

/* A whole loop of exclusives, from the state before its load: the load, then the rest one by one. */
static _Noreturn void pair_steps(struct vcpu *c, uint64_t addr, unsigned size, unsigned mo)
{
	u128 v;

	c->release_watch = 0; /* as the whole does if it enters a queue (xlate/watch.h) */
	v = conc_ld_atomic(c, addr, size, mo & MO_MASK);
	c->x[mo >> PAIR_RT_SHIFT & 31] = (uint64_t)v;
	excl_finish_pair(c, addr, (uint64_t)v, size);
	siglongjmp(c->unwind, 1);
}

/* The access itself, with the guest's state in c; it may raise an exception. */
static void access_memory(struct vcpu *c, const struct access *a)
{
	unsigned aux = a->r->aux, mo = a->r->imm, size = a->size;
	uint64_t addr = a->addr;
	u128 v = 0;

	if (mo & MF_SPBASE && c->ctx & CTX_SPALIGN && c->sp & 15)
		exc_sp_align(c);
	switch (a->r->op) {
	case IR_ld:
		if (aux & MEM_EXCL) {
			*a->out = (uint64_t)conc_ld_atomic(c, addr, size, mo);
			break;
		}
		conc_ld_units(c, &v, addr, size, 1, mo);
		*a->out = extended((uint64_t)v, aux);
		break;
	case IR_ldv:
		if (aux & MEM_EXCL)
			v = conc_ld_atomic(c, addr, 16, mo);
		else
			conc_ld_units(c, &v, addr, size, 1, mo);
		*a->vout = v;
		break;
	case IR_st:
		v = *a->in;
		conc_st_units(c, &v, addr, size, 1, mo);
		break;
	case IR_stv:
		v = *a->vin;
		conc_st_units(c, &v, addr, size, 1, mo);
		break;
	case IR_rmw:
		if (aux & MEM_EXCL)
			pair_steps(c, addr, size, mo);
		*a->out = conc_rmw(c, addr, *a->in, size, (enum rmw_op)MEM_OP(aux), mo);
		break;
	case IR_cas: *a->out = (uint64_t)conc_cas(c, addr, *a->in, *a->in2, size, mo); break;
	case IR_casv: *a->vout = conc_cas(c, addr, *a->vin, *a->vin2, 16, mo); break;
	case IR_ldx:
		conc_ldx(c, &v, addr, size, 1, mo);
		*a->out = (uint64_t)v;
		break;
	case IR_stx:
		v = *a->in;
		*a->out = !conc_stx(c, &v, addr, size, 1, mo);
		break;
	default: BUG("slow path of an operation without one");
	}
}

void xlate_slow(void *env, void *unit, uint64_t rec, void *frame)
{
	struct vcpu *c = env;
	const struct tblock *u = tblock_arrived(unit);
	const struct xlate_meta *m = u->blob;
	const struct x64_rec *r = &m->recs[rec];
	uint64_t *gpr = (uint64_t *)(void *)((char *)frame + FR_GPR);
	u128 *xmm = (u128 *)(void *)((char *)frame + FR_XMM);
	struct access a = {.r = r, .addr = gpr[r->base] + (uint64_t)(int64_t)r->disp, .size = 1u << (r->aux & MEM_SIZE),
			   .in = gpr + r->in, .in2 = gpr + r->in2, .out = gpr + r->out,
			   .vin = xmm + r->in, .vin2 = xmm + r->in2, .vout = xmm + r->out};
	bool refilled = after_refill(c, &a);

	c->st.mem_slow++;
	if (unlikely(!refilled)) {
		x64_recover(xlate_slots, r, u->key.pc, xlate_rlocs(m), xlate_pool(m), frame, c);
		access_memory(c, &a);
	}
	if (r->group != X64_NO_GROUP)
		gpr[r->group] = refilled ? group_addend(c, &a) : 0;
}
