/*
 * Armv8-A, application level: what a thread keeps in order locally.
 *
 * Follows the section on ordering in the Arm Architecture Reference Manual
 * (B2.3) in the form that Arm publishes for herd7: local write successor,
 * dependency-, pick-, atomic- and barrier-ordered-before, DSB and context
 * synchronisation.  Notation in the comments: R and W are reads and writes,
 * M both, A acquire, Q acquire-PC, L release; lrs links a write to its
 * thread's later reads of the location with no write between.
 */
#include <string.h>

#include "mcm/model_priv.h"

struct arm {
	const struct mcm_trace *t;
	struct trace_sets s;
	uint64_t off;                    /* clauses left out */
	uint64_t *lob;
	uint64_t lrs[MCM_MAX_EVENTS];
	uint64_t through[MCM_MAX_EVENTS]; /* reads ordered after in part only: what follows them is ordered, they are not */
	uint64_t dep[MCM_MAX_EVENTS];    /* dtrm: dependencies through registers and memory, transitive */
	uint64_t pick[MCM_MAX_EVENTS];   /* the same, also through picks */
	uint64_t direct[MCM_MAX_EVENTS];  /* data or address dependent without a pick */
	uint64_t acq, acqpc, rel, noret;
};

static bool on(const struct arm *a, enum mcm_clause c) { return !(a->off >> c & 1); }

/* The next reads of W's bytes in its thread, up to where they are overwritten. */
static uint64_t local_reads(const struct arm *a, unsigned w)
{
	const struct mcm_event *ev = a->t->ev, *e = &ev[w];
	uint64_t out = 0, live = mask64(e->size); /* bytes still those of w */
	uint64_t gone = 0;
	unsigned insn = e->insn;

	for (unsigned i = w + 1; i < a->s.n && live; i++) {
		const struct mcm_event *o = &ev[i];
		uint64_t bytes;

		if (o->insn != insn) { /* what an instruction writes counts after its reads */
			live &= ~gone;
			gone = 0;
			insn = o->insn;
		}
		if (!mcm_is_mem(o) || o->insn == e->insn || !events_overlap(e, o))
			continue;
		bytes = o->off >= e->off ? mask64(o->size) << (o->off - e->off) : mask64(o->size) >> (e->off - o->off);
		if (o->kind == MCM_READ && bytes & live)
			out |= BIT(i);
		else if (o->kind == MCM_WRITE)
			gone |= bytes;
	}
	return out;
}

static void collect(struct arm *a)
{
	const struct mcm_event *ev = a->t->ev;
	unsigned n = a->s.n;

	a->acq = a->acqpc = a->rel = a->noret = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct mcm_event *e = &ev[i];

		a->acq |= e->flags & MCM_F_ACQ ? BIT(i) : 0;
		a->acqpc |= e->flags & MCM_F_ACQPC ? BIT(i) : 0;
		a->rel |= e->flags & MCM_F_REL ? BIT(i) : 0;
		a->noret |= e->flags & MCM_F_NORET ? BIT(i) : 0;
		a->lrs[i] = e->kind == MCM_WRITE ? local_reads(a, i) : 0;
		a->dep[i] = a->pick[i] = a->lrs[i];
		a->lob[i] = a->through[i] = a->direct[i] = 0;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct mcm_event *e = &ev[i];

		FOR_SET(r, e->addr | e->data)
			a->dep[r] |= BIT(i);
		FOR_SET(r, e->addr | e->data | e->pick_addr | e->pick_data)
			a->pick[r] |= BIT(i);
		if (e->kind == MCM_WRITE && e->rmw != MCM_NO_EVENT) {
			if (e->flags & MCM_F_IICO_DATA)
				a->dep[e->rmw] |= BIT(i);
			if (e->flags & (MCM_F_IICO_DATA | MCM_F_IICO_CTRL))
				a->pick[e->rmw] |= BIT(i);
		}
	}
	close_forward(a->dep, n);
	close_forward(a->pick, n);
}

/* Orders r before reads of w's bytes; one that takes other bytes elsewhere is ordered only with what follows it. */
static void order_lrs(struct arm *a, unsigned r, unsigned w, uint64_t reads)
{
	const struct mcm_event *e = &a->t->ev[w];

	FOR_SET(x, reads) {
		const struct mcm_event *o = &a->t->ev[x];

		if (o->off >= e->off && o->off + o->size <= e->off + e->size)
			a->lob[r] |= BIT(x);
		else
			a->through[r] |= BIT(x);
	}
}

/* Events in `set` of other instructions than event i's. */
static uint64_t other_insn(const struct arm *a, unsigned i, uint64_t set)
{
	return set & (a->s.before[i] | a->s.after[i]);
}

/* M; po-loc; W and the read before the write of a read-modify-write, with what follows from it. */
static void local_writes(struct arm *a)
{
	const struct mcm_event *ev = a->t->ev;

	FOR_SET(w, a->s.w) {
		if (on(a, MCM_C_LWS))
			FOR_SET(m, a->s.before[w] & a->s.m)
				if (events_overlap(&ev[m], &ev[w]))
					a->lob[m] |= BIT(w);
		if (ev[w].rmw != MCM_NO_EVENT) {
			if (on(a, MCM_C_RMW))
				a->lob[ev[w].rmw] |= BIT(w);
			if (on(a, MCM_C_RMW_LRS)) /* rmw; lrs; [A or Q] */
				a->lob[ev[w].rmw] |= a->lrs[w] & (a->acq | a->acqpc);
		}
	}
}

/* All that comes after an event that is a context synchronisation point ordered after `from`. */
static void order_isb(struct arm *a, uint64_t from, unsigned isb)
{
	if (on(a, MCM_C_ISB))
		FOR_SET(r, from)
			a->lob[r] |= a->s.after[isb] & a->s.m;
}

static void dependencies(struct arm *a)
{
	const struct mcm_event *ev = a->t->ev;
	uint64_t m = a->s.m, w = a->s.w, isbs = a->s.barrier[MCM_B_ISB];

	FOR_SET(r, a->s.r) {
		uint64_t from = BIT(r) | (a->dep[r] & a->s.r), pfrom = BIT(r) | (a->pick[r] & a->s.r);
		uint64_t addr = 0, data = 0, ctrl = 0, paddr = 0, pctrl = 0, out = 0;

		for (unsigned i = (unsigned)r + 1; i < a->s.n; i++) {
			const struct mcm_event *e = &ev[i];
			uint64_t b = BIT(i);

			addr |= e->addr & from ? b : 0;
			data |= e->data & from ? b : 0;
			ctrl |= e->ctrl & from ? b : 0;
			paddr |= (e->addr | e->pick_addr) & pfrom ? b : 0;
			pctrl |= (e->ctrl | e->pick_ctrl) & pfrom ? b : 0;
		}
		addr = other_insn(a, r, addr & m);
		data = other_insn(a, r, data & w);
		paddr = other_insn(a, r, paddr & m);
		a->direct[r] = addr | data;
		/* what needs a pick; the rest has clauses of its own */
		paddr &= ~addr;
		pctrl &= ~ctrl;
		out |= on(a, MCM_C_ADDR) ? addr : 0;
		out |= on(a, MCM_C_DATA) ? data : 0;
		out |= on(a, MCM_C_CTRL) ? ctrl & w : 0;
		if (on(a, MCM_C_ADDR_PO))
			FOR_SET(x, addr)
				out |= a->s.after[x] & w;
		if (on(a, MCM_C_DEP_LRS))
			FOR_SET(x, addr | data)
				order_lrs(a, (unsigned)r, (unsigned)x, a->lrs[x]);
		if (on(a, MCM_C_PICK)) {
			out |= other_insn(a, r, a->pick[r] & w & ~(addr | data)) | (pctrl & w);
			FOR_SET(x, paddr)
				out |= a->s.after[x] & w;
		}
		a->lob[r] |= out;
		FOR_SET(i, isbs & a->s.after[r]) {
			if ((ctrl | pctrl) & BIT(i) || (addr | paddr) & a->s.before[i])
				order_isb(a, BIT(r), i);
		}
	}
}

static void barriers(struct arm *a)
{
	const struct trace_sets *s = &a->s;
	const uint64_t *bar = s->barrier;
	uint64_t r = s->r & ~a->noret;

#define BETWEEN(kind, clause, from, to) do { \
		if (on(a, clause)) \
			FOR_SET(b, bar[kind]) \
				FOR_SET(x, s->before[b] & (from)) \
					a->lob[x] |= s->after[b] & (to); \
	} while (0)
	BETWEEN(MCM_B_DMB_FULL, MCM_C_DMB_FULL, s->m, s->m);
	BETWEEN(MCM_B_DMB_LD, MCM_C_DMB_LD, r, s->m);
	BETWEEN(MCM_B_DMB_ST, MCM_C_DMB_ST, s->w, s->w);
	BETWEEN(MCM_B_DSB_FULL, MCM_C_DSB, s->m, s->m);
	BETWEEN(MCM_B_DSB_LD, MCM_C_DSB, r, s->m);
	BETWEEN(MCM_B_DSB_ST, MCM_C_DSB, s->w, s->m);
#undef BETWEEN
	if (on(a, MCM_C_ACQ))
		FOR_SET(x, (a->acq | a->acqpc) & s->r)
			a->lob[x] |= s->after[x] & s->m;
	FOR_SET(l, a->rel & s->w) {
		if (on(a, MCM_C_REL))
			FOR_SET(x, s->before[l] & s->m)
				a->lob[x] |= BIT(l);
		if (on(a, MCM_C_REL_ACQ))
			a->lob[l] |= s->after[l] & a->acq & s->r;
		/* the write of an atomic with both acquire and release */
		if (on(a, MCM_C_AMO_AL) && a->t->ev[l].rmw != MCM_NO_EVENT && a->t->ev[l].flags & MCM_F_AMO &&
		    a->acq & BIT(a->t->ev[l].rmw))
			a->lob[l] |= s->after[l] & s->m;
	}
}

/* R; pick; M; lob; W */
static void pick_then_local(struct arm *a)
{
	if (!on(a, MCM_C_PICK))
		return;
	FOR_SET(r, a->s.r)
		FOR_SET(x, a->pick[r] & a->s.m & ~a->direct[r])
			a->lob[r] |= a->lob[x] & a->s.w;
}

static void arm_local(const struct mcm_trace *t, uint64_t *lob, uint64_t off)
{
	struct arm a = {.t = t, .off = off, .lob = lob};

	trace_sets(t, &a.s);
	collect(&a);
	local_writes(&a);
	dependencies(&a);
	barriers(&a);
	close_forward(lob, t->nev);
	for (unsigned i = 0; i < t->nev; i++)
		FOR_SET(x, a.through[i])
			lob[i] |= lob[x];
	pick_then_local(&a);
	close_forward(lob, t->nev);
}

const struct mcm_model mcm_arm = {.name = "arm", .local = arm_local};
