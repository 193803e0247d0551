/*
 * Memory of the concrete evaluator, out of line (interp_mem.h).
 *
 * Every access is first resolved to one or two page parts, each checked for
 * the whole access before a byte is written, so a fault leaves memory
 * untouched and FAR is the first byte that faulted.
 *
 * Order: the host is TSO.  A store-release owes a full fence that the next
 * load-acquire pays (c->fence_owed); locked instructions clear the debt.
 * Exclusives: a load marks granule and the stripe's sequence number, any
 * store by anyone moves the number (mem/monitor.h).
 *
 * Alignment follows AArch64.UnalignedAccessFaults() of the manual.
 */
#include "a64/interp_mem.h"

#include "a64/cpu_ops.h"
#include "a64/exclusive.h"
#include "a64/probe.h"
#include "mem/access.h"

struct part {
	void *host;         /* NULL: the device below */
	struct mem_dev dev;
	uint64_t va;
	unsigned size;
};
struct span {
	struct part p[2];
	unsigned n;
};

static unsigned acc_of(unsigned mo, unsigned kind)
{
	return kind | (mo & MF_UNPRIV ? ACC_UNPRIV : 0) | (mo & MO_MASK ? ACC_ORDERED : 0);
}

/* Alignment rules for `total` bytes in units of `unit`; returns ACC_UNALIGNED or 0. */
static unsigned check_align(struct vcpu *c, uint64_t va, unsigned unit, unsigned total, unsigned mo, unsigned acc)
{
	bool in16 = vcpu_has(c, FEAT_LSE2) && (va & 15) + total <= 16;
	bool bad = c->ctx & CTX_ALIGN;

	if (MF_ELEM_OF(mo))
		unit = 1u << (MF_ELEM_OF(mo) - 1);
	if (likely(!(va & (unit - 1))))
		return 0;
	if (acc & ACC_ATOMIC)
		bad |= !in16;
	else if (mo & MO_MASK)
		bad |= !in16 && !(vcpu_has(c, FEAT_LSE2) && (c->ctx & CTX_NAA));
	if (mo & MF_ALIGNED)
		bad = true;
	if (bad)
		exc_align(c, va, acc);
	return ACC_UNALIGNED;
}

static void resolve_part(struct vcpu *c, struct part *p, uint64_t va, unsigned size, unsigned acc)
{
	struct tlb *t = acc & ACC_UNPRIV ? c->tlb_unpriv : c->tlb;

	p->va = va;
	p->size = size;
	p->host = tlb_hit(t, acc & ACC_WRITE ? TLB_W : TLB_R, va, size);
	if (unlikely(!p->host))
		p->host = mem_slow(c, va, size, acc, &p->dev);
}

static void resolve(struct vcpu *c, struct span *s, uint64_t va, unsigned size, unsigned acc)
{
	unsigned left = (unsigned)(TLB_PAGE - (va & (TLB_PAGE - 1)));

	s->n = size > left ? 2 : 1;
	resolve_part(c, &s->p[0], va, MIN(size, left), acc);
	if (s->n == 2)
		resolve_part(c, &s->p[1], va + left, size - left, acc);
}

/* -- loads -- */

static uint64_t part_load(struct vcpu *c, const struct part *p, unsigned off, unsigned size, unsigned acc)
{
	if (p->host)
		return ram_load((const char *)p->host + off, size);
	struct mem_dev d = p->dev;

	d.pa.v += off;
	return mmio_load(c, &d, p->va + off, size, acc);
}

/* One unit at `off` of a span that crosses pages or is a device. */
static u128 span_load(struct vcpu *c, const struct span *s, unsigned off, unsigned unit, unsigned acc)
{
	u128 v = 0;

	if (off + unit <= s->p[0].size) {
		if (unit == 16)
			return part_load(c, &s->p[0], off, 8, acc) | (u128)part_load(c, &s->p[0], off + 8, 8, acc) << 64;
		return part_load(c, &s->p[0], off, unit, acc);
	}
	for (unsigned k = 0; k < unit; k++) {
		unsigned at = off + k;
		unsigned which = at >= s->p[0].size;

		v |= (u128)part_load(c, &s->p[which], which ? at - s->p[0].size : at, 1, acc) << (8 * k);
	}
	return v;
}

static u128 host_load(const void *p, unsigned unit) { return unit == 16 ? ram_ld128(p) : ram_load(p, unit); }

static void pay_fence(struct vcpu *c)
{
	if (c->fence_owed) {
		fence_sc();
		c->st.fences++;
		c->fence_owed = 0;
	}
}

void conc_ld_units(struct vcpu *c, u128 *out, uint64_t va, unsigned unit, unsigned n, unsigned mo)
{
	unsigned acc = acc_of(mo, ACC_READ);
	struct span s;

	acc |= check_align(c, va, unit, unit * n, mo, acc);
	if ((mo & MO_MASK) == MO_ACQ)
		pay_fence(c);
	resolve(c, &s, va, unit * n, acc);
	if (likely(s.n == 1 && s.p[0].host)) {
		if (n == 2 && unit == 8) { /* single-copy atomic with LSE2 */
			u128 both = ram_ld128(s.p[0].host);

			out[0] = (uint64_t)both;
			out[1] = both >> 64;
			return;
		}
		for (unsigned k = 0; k < n; k++)
			out[k] = host_load((char *)s.p[0].host + k * unit, unit);
		return;
	}
	for (unsigned k = 0; k < n; k++)
		out[k] = span_load(c, &s, k * unit, unit, acc);
}

/* -- stores -- */

/* The stripes of len bytes at host (at most two granules), taken in address order. */
struct stripes {
	struct monitor_stripe *s[2];
};

static struct stripes take_stripes(const void *host, unsigned len)
{
	uintptr_t p = (uintptr_t)host;
	struct stripes t = {{stripe_of(p), stripe_of(p + len - 1)}};

	if (t.s[0] == t.s[1])
		t.s[1] = 0;
	else if (t.s[0] > t.s[1])
		t = (struct stripes){{t.s[1], t.s[0]}};
	stripe_take(t.s[0]);
	if (t.s[1])
		stripe_take(t.s[1]);
	return t;
}

static void drop_stripes(struct stripes t, bool stored)
{
	for (unsigned k = 2; k--;) {
		if (!t.s[k])
			continue;
		stripe_bump(t.s[k], stored);
		stripe_drop(t.s[k]);
	}
}

static void host_store(void *p, unsigned unit, u128 v)
{
	if (unit == 16)
		ram_st128(p, v);
	else
		ram_store(p, unit, (uint64_t)v);
}

static void part_store(struct vcpu *c, const struct part *p, unsigned off, unsigned size, uint64_t v, unsigned acc)
{
	if (p->host) {
		struct stripes t = take_stripes((char *)p->host + off, size);

		ram_store((char *)p->host + off, size, v);
		drop_stripes(t, true);
	} else {
		struct mem_dev d = p->dev;

		d.pa.v += off;
		mmio_store(c, &d, p->va + off, size, v, acc);
	}
}

static void span_store(struct vcpu *c, const struct span *s, unsigned off, unsigned unit, u128 v, unsigned acc)
{
	if (off + unit <= s->p[0].size) {
		part_store(c, &s->p[0], off, MIN(unit, 8), (uint64_t)v, acc);
		if (unit == 16)
			part_store(c, &s->p[0], off + 8, 8, (uint64_t)(v >> 64), acc);
		return;
	}
	for (unsigned k = 0; k < unit; k++, v >>= 8) {
		unsigned at = off + k;
		unsigned which = at >= s->p[0].size;

		part_store(c, &s->p[which], which ? at - s->p[0].size : at, 1, (uint8_t)v, acc);
	}
}

/* Units stored to plain RAM within a page; pairs of doublewords as one 16-byte access. */
static void units_store(char *host, const u128 *val, unsigned unit, unsigned n)
{
	if (n == 2 && unit == 8) {
		ram_st128(host, (uint64_t)val[0] | val[1] << 64);
		return;
	}
	for (unsigned k = 0; k < n; k++)
		host_store(host + k * unit, unit, val[k]);
}

void conc_st_units(struct vcpu *c, const u128 *val, uint64_t va, unsigned unit, unsigned n, unsigned mo)
{
	unsigned acc = acc_of(mo, ACC_WRITE);
	struct span s;

	acc |= check_align(c, va, unit, unit * n, mo, acc);
	resolve(c, &s, va, unit * n, acc);
	if (likely(s.n == 1 && s.p[0].host)) {
		if (c->nvcpus > 1) {
			struct stripes t = take_stripes(s.p[0].host, unit * n);

			units_store(s.p[0].host, val, unit, n);
			drop_stripes(t, true);
		} else {
			units_store(s.p[0].host, val, unit, n);
		}
	} else {
		for (unsigned k = 0; k < n; k++)
			span_store(c, &s, k * unit, unit, val[k], acc);
	}
	if ((mo & MO_MASK) == MO_REL)
		c->fence_owed = 1;
}

/* -- exclusives and atomics: always RAM, within one 16-byte quantity -- */

static void *resolve_atomic(struct vcpu *c, uint64_t va, unsigned unit, unsigned total, unsigned mo, unsigned acc)
{
	struct span s;

	acc |= check_align(c, va, unit, total, mo, acc);
	resolve(c, &s, va, total, acc);
	return s.p[0].host;
}

u128 conc_ld_atomic(struct vcpu *c, uint64_t va, unsigned bytes, unsigned mo)
{
	const void *p = resolve_atomic(c, va, bytes, bytes, mo, acc_of(mo, ACC_READ | ACC_ATOMIC));

	pay_fence(c);
	return bytes == 16 ? ram_ld128(p) : ram_load(p, bytes);
}

void conc_ldx(struct vcpu *c, u128 *out, uint64_t va, unsigned unit, unsigned n, unsigned mo)
{
	unsigned total = unit * n;
	char *p = resolve_atomic(c, va, total, total, mo, acc_of(mo, ACC_READ | ACC_ATOMIC));
	struct monitor_stripe *s = stripe_of((uintptr_t)p);
	bool watch = excl_translated && !excl_compare_always && c->nvcpus > 1;
	u128 both;

	if (watch)
		excl_watch(c, p);
	stripe_take(s); /* a locked instruction: pays what an LDAXR owes */
	while (watch && unlikely(!excl_is_watched(c, p))) { /* let go in between */
		stripe_drop(s);
		excl_watch(c, p);
		stripe_take(s);
	}
	c->fence_owed = 0;
	both = total == 16 ? ram_ld128(p) : ram_load(p, total);
	out[0] = n == 1 ? both : both & mask64(8 * unit);
	if (n == 2)
		out[1] = both >> (8 * unit);
	c->mon = (struct monitor){.armed = total | (excl_compare_always ? MON_BY_VALUE | MON_PAIRED : 0),
				  .val = {(uint64_t)both, (uint64_t)(both >> 64)}, .va = va, .load_pc = c->pc,
				  .granule = (uintptr_t)p >> MONITOR_GRANULE_LOG2, .addr = (uintptr_t)p, .seq = s->seq};
	stripe_drop(s);
}

/* The store of a pair that is followed up by value. */
static bool stx_by_value(struct vcpu *c, uint64_t va, u128 val, unsigned total, unsigned mo)
{
	u128 old = (u128)c->mon.val[1] << 64 | c->mon.val[0];

	return va == c->mon.va && conc_cas(c, va, old, val, total, mo | MF_EXCL_STORE) == old;
}

/* With the page watched: nobody has stored since the load. */
static bool stx_by_page(struct vcpu *c, uint64_t va, u128 val, unsigned total, unsigned mo)
{
	char *p = resolve_atomic(c, va, total, total, mo, acc_of(mo, ACC_WRITE | ACC_ATOMIC));
	struct monitor_stripe *s = stripe_of((uintptr_t)p);
	bool pass;

	stripe_take(s);
	pass = (uintptr_t)p >> MONITOR_GRANULE_LOG2 == c->mon.granule && s->seq == c->mon.seq;
	if (pass) {
		host_store(p, total, val);
		stripe_bump(s, 1);
		if ((mo & MO_MASK) == MO_REL)
			c->fence_owed = 1;
	}
	stripe_drop(s);
	return pass;
}

bool conc_stx(struct vcpu *c, const u128 *val, uint64_t va, unsigned unit, unsigned n, unsigned mo)
{
	unsigned total = unit * n;
	u128 both = n == 2 ? (val[0] & mask64(8 * unit)) | val[1] << (8 * unit) : val[0];
	bool pass = false;

	/* Whether an open monitor or a fault is seen first is up to the implementation. */
	if ((c->mon.armed & MON_BYTES) == total && !(unlikely(c->probe) && !c->probe->stx(c))) {
		if (!(c->mon.armed & MON_BY_VALUE))
			pass = stx_by_page(c, va, both, total, mo);
		else if (c->mon.armed & MON_PAIRED)
			pass = stx_by_value(c, va, both, total, mo);
		else
			excl_distrust(c);
	}
	c->mon.armed = 0;
	c->st.stx_fails += !pass;
	return pass;
}

static uint64_t rmw_value(enum rmw_op op, uint64_t old, uint64_t val, unsigned size)
{
	int64_t so = (int64_t)sext(old, 8 * size), sv = (int64_t)sext(val, 8 * size);

	val &= mask64(8 * size);
	switch (op) {
	case RMW_ADD: return old + val;
	case RMW_CLR: return old & ~val;
	case RMW_EOR: return old ^ val;
	case RMW_SET: return old | val;
	case RMW_SMAX: return so > sv ? old : val;
	case RMW_SMIN: return so < sv ? old : val;
	case RMW_UMAX: return old > val ? old : val;
	case RMW_UMIN: return old < val ? old : val;
	case RMW_SWP: break;
	}
	return val;
}

uint64_t conc_rmw(struct vcpu *c, uint64_t va, uint64_t val, unsigned size, enum rmw_op op, unsigned mo)
{
	void *p = resolve_atomic(c, va, size, size, mo, acc_of(mo, ACC_READ | ACC_WRITE | ACC_ATOMIC));
	struct monitor_stripe *s = stripe_of((uintptr_t)p);
	uint64_t old;

	stripe_take(s);
	old = ram_load(p, size);
	while (!ram_cas(p, size, &old, rmw_value(op, old, val, size)))
		;
	stripe_bump(s, 1);
	stripe_drop(s);
	c->fence_owed = 0;
	return old;
}

u128 conc_cas(struct vcpu *c, uint64_t va, u128 expect, u128 desired, unsigned size, unsigned mo)
{
	unsigned acc = acc_of(mo, (mo & MF_EXCL_STORE ? 0 : ACC_READ) | ACC_WRITE | ACC_ATOMIC);
	void *p = resolve_atomic(c, va, size, size, mo, acc);
	struct monitor_stripe *s = stripe_of((uintptr_t)p);
	bool done;

	stripe_take(s);
	if (size == 16) {
		done = ram_cas128(p, &expect, desired);
	} else {
		uint64_t old = (uint64_t)expect & mask64(8 * size);

		done = ram_cas(p, size, &old, (uint64_t)desired);
		expect = old;
	}
	stripe_bump(s, done);
	stripe_drop(s);
	c->fence_owed = 0;
	return expect;
}

/* -- barriers and DC ZVA -- */

void conc_barrier(struct vcpu *c, enum barrier_kind kind)
{
	switch (kind) {
	case BAR_DMB_LD:
	case BAR_DMB_ST:
		__atomic_thread_fence(__ATOMIC_ACQ_REL); /* TSO: for the compiler only */
		break;
	case BAR_DMB_SY:
	case BAR_SB:
		fence_sc();
		c->st.fences++;
		c->fence_owed = 0;
		break;
	case BAR_DSB_SY:
	case BAR_DSB_LD:
	case BAR_DSB_ST:
		fence_sc();
		c->st.fences++;
		c->fence_owed = 0;
		cpu_dsb(c);
		break;
	}
}

void conc_dczva(struct vcpu *c, uint64_t va)
{
	struct part p = {.va = va & ~UINT64_C(63), .size = 64};

	cpu_dczva_check(c);
	p.host = tlb_hit(c->tlb, TLB_W, p.va, 64);
	if (!p.host)
		p.host = mem_slow(c, va, 64, ACC_WRITE | ACC_ZVA, &p.dev);
	for (unsigned k = 0; k < 64; k += 8)
		part_store(c, &p, k, 8, 0, ACC_WRITE | ACC_ZVA);
}
