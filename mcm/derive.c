/*
 * Derivation of the mapping: all placements of host ordering, cheapest first,
 * each tried first on the programs that refuted earlier ones, then on all
 * cycles.  What stands no chance falls to an old counterexample within
 * microseconds; only what survives those is checked in full.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mcm/check.h"

const struct mcm_costs mcm_costs_measured = {
	/* a locked operation on the stack after a store 5 ns, xchg 6 ns (minus the store that it replaces), a byte
	   store and a compare with a predicted branch in the shadow of other work; per thousand memory operations of a
	   running kernel and its programs */
	.fence = 50, .xchg = 55, .owe = 3, .test_owed = 3, .monitor = 2000, .owed_percent = 10,
	.weight = {
		[MCM_LD] = 640, [MCM_LD_ACQPC] = 4, [MCM_LD_ACQ] = 6, [MCM_ST] = 320, [MCM_ST_REL] = 6, [MCM_RMW] = 2,
		[MCM_RMW_A] = 2, [MCM_RMW_L] = 2, [MCM_RMW_AL] = 2, [MCM_LDX] = 4, [MCM_LDX_ACQ] = 4, [MCM_STX_PURE] = 4,
		[MCM_STX_PURE_REL] = 4, [MCM_STX_IMPURE] = 1, [MCM_STX_IMPURE_REL] = 1, [MCM_DMB_FULL] = 2,
		[MCM_DMB_LD] = 2, [MCM_DMB_ST] = 2, [MCM_DSB_FULL] = 1, [MCM_DSB_LD] = 1, [MCM_DSB_ST] = 1, [MCM_ISB] = 1,
	},
};

static unsigned around_cost(const struct mcm_costs *c, unsigned what)
{
	unsigned n = 0;

	if (what & MCM_A_FENCE)
		n += c->fence;
	if (what & MCM_A_FENCE_OWED)
		n += c->test_owed + c->fence * c->owed_percent / 100;
	if (what & MCM_A_OWE)
		n += c->owe;
	return n;
}

uint64_t mcm_mapping_cost(const struct mcm_mapping *m, const struct mcm_costs *c)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < MCM_NCLASSES; k++) {
		const struct mcm_lowering *l = &m->row[k];
		unsigned n = around_cost(c, l->before) + around_cost(c, l->after);

		n += l->access == MCM_X_XCHG ? c->xchg : l->access == MCM_X_MONITOR ? c->monitor : 0;
		sum += (uint64_t)n * c->weight[k];
	}
	return sum;
}

/* Ways to lower a load, a store, a barrier. */
static const struct mcm_lowering loads[] = {
	{MCM_A_NONE, MCM_X_MOV, MCM_A_NONE}, {MCM_A_FENCE_OWED, MCM_X_MOV, MCM_A_NONE},
	{MCM_A_FENCE, MCM_X_MOV, MCM_A_NONE}, {MCM_A_NONE, MCM_X_MOV, MCM_A_FENCE},
};
static const struct mcm_lowering stores[] = {
	{MCM_A_NONE, MCM_X_MOV, MCM_A_NONE}, {MCM_A_NONE, MCM_X_MOV, MCM_A_OWE}, {MCM_A_NONE, MCM_X_XCHG, MCM_A_NONE},
	{MCM_A_NONE, MCM_X_MOV, MCM_A_FENCE}, {MCM_A_FENCE, MCM_X_MOV, MCM_A_NONE},
};
static const struct mcm_lowering barriers[] = {
	{MCM_A_NONE, MCM_X_NONE, MCM_A_NONE}, {MCM_A_FENCE_OWED, MCM_X_NONE, MCM_A_NONE},
	{MCM_A_FENCE, MCM_X_NONE, MCM_A_NONE},
};
static const struct mcm_lowering stx[] = {
	{MCM_A_NONE, MCM_X_CMPXCHG, MCM_A_NONE}, {MCM_A_NONE, MCM_X_MONITOR, MCM_A_NONE},
};

/* What is searched: classes that share a choice, and the choices. */
static const struct {
	const struct mcm_lowering *way;
	unsigned n;
	enum mcm_class cls[3];
	unsigned ncls;
} search[] = {
	{loads, ARRAY_SIZE(loads), {MCM_LD, MCM_LDX}, 2},
	{loads, ARRAY_SIZE(loads), {MCM_LD_ACQPC}, 1},
	{loads, ARRAY_SIZE(loads), {MCM_LD_ACQ, MCM_LDX_ACQ}, 2},
	{stores, ARRAY_SIZE(stores), {MCM_ST}, 1},
	{stores, ARRAY_SIZE(stores), {MCM_ST_REL}, 1},
	{barriers, ARRAY_SIZE(barriers), {MCM_DMB_FULL, MCM_DSB_FULL}, 2},
	{barriers, ARRAY_SIZE(barriers), {MCM_DMB_LD, MCM_DSB_LD}, 2},
	{barriers, ARRAY_SIZE(barriers), {MCM_DMB_ST}, 1},
	{barriers, ARRAY_SIZE(barriers), {MCM_DSB_ST}, 1},
	{stx, ARRAY_SIZE(stx), {MCM_STX_PURE, MCM_STX_PURE_REL}, 2},
	{stx, ARRAY_SIZE(stx), {MCM_STX_IMPURE, MCM_STX_IMPURE_REL}, 2},
};

struct candidate {
	uint64_t cost;
	uint32_t code; /* mixed radix over `search` */
};

static int cmp_candidate(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->cost != y->cost ? (x->cost < y->cost ? -1 : 1) : x->code < y->code ? -1 : x->code > y->code;
}

static void expand(uint32_t code, struct mcm_mapping *m)
{
	memset(m, 0, sizeof(*m));
	m->name = "derived";
	m->summary = "the cheapest sound mapping";
	m->sound = true;
	for (unsigned c = MCM_RMW; c <= MCM_RMW_AL; c++) /* what the host has for these is a locked operation */
		m->row[c].access = MCM_X_LOCKED;
	m->row[MCM_ISB].access = MCM_X_NONE;
	for (unsigned i = 0; i < ARRAY_SIZE(search); i++) {
		for (unsigned k = 0; k < search[i].ncls; k++)
			m->row[search[i].cls[k]] = search[i].way[code % search[i].n];
		code /= search[i].n;
	}
}

static bool refuted_before(const struct mcm_derived *d, const struct mcm_mapping *m, struct mcm_arena *tmp)
{
	for (unsigned i = d->ncex; i-- > 0;) {
		mcm_arena_reset(tmp);
		if (!mcm_check_prog(&d->cex[i].prog, m, tmp, NULL))
			return true;
	}
	return false;
}

static void remember(struct mcm_derived *d, const struct mcm_cex *cex, struct mcm_arena *a)
{
	struct mcm_cex *v = mcm_alloc(a, (d->ncex + 1) * sizeof(*v));

	if (d->ncex)
		memcpy(v, d->cex, d->ncex * sizeof(*v));
	v[d->ncex] = *cex;
	d->cex = v;
	d->ncex++;
}

void mcm_derive(const struct mcm_costs *costs, const struct cycle_opts *o, unsigned jobs, struct mcm_arena *a,
		struct mcm_derived *out)
{
	struct mcm_arena tmp = {0};
	struct candidate *cand;
	uint32_t n = 1;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < ARRAY_SIZE(search); i++)
		n *= search[i].n;
	cand = mcm_alloc(a, n * sizeof(*cand));
	for (uint32_t k = 0; k < n; k++) {
		struct mcm_mapping m;

		expand(k, &m);
		cand[k] = (struct candidate){mcm_mapping_cost(&m, costs), k};
	}
	qsort(cand, n, sizeof(*cand), cmp_candidate);
	for (uint32_t k = 0; k < n; k++) {
		struct mcm_check_result res;
		struct cycle_opts small = *o;

		expand(cand[k].code, &out->map);
		if (refuted_before(out, &out->map, &tmp)) {
			out->tried++;
			continue;
		}
		for (small.max = small.min; small.max <= o->max; small.max++) { /* short cycles first */
			small.min = small.max;
			mcm_check_cycles(&out->map, &small, jobs, false, &res);
			if (res.bad)
				break;
		}
		if (!res.bad)
			mcm_check_exclusives(&out->map, false, &res);
		if (!res.bad)
			break;
		out->tried++;
		if (res.cex.found)
			remember(out, &res.cex, a);
	}
	mcm_arena_free(&tmp);
}

void mcm_weakenings(const struct mcm_mapping *m,
		    void (*fn)(void *ctx, const struct mcm_mapping *weak, enum mcm_class c, const char *what), void *ctx)
{
	for (unsigned c = 0; c < MCM_NCLASSES; c++) {
		const struct mcm_lowering *l = &m->row[c];
		struct mcm_mapping weak = *m;
		struct mcm_lowering *w = &weak.row[c];

		weak.name = "weakened";
		if (l->before) {
			w->before = MCM_A_NONE;
			fn(ctx, &weak, c, "without what is before the access");
			*w = *l;
		}
		if (l->after) {
			w->after = MCM_A_NONE;
			fn(ctx, &weak, c, "without what is after the access");
			*w = *l;
		}
		if (l->access == MCM_X_XCHG || l->access == MCM_X_MONITOR) {
			w->access = l->access == MCM_X_XCHG ? MCM_X_MOV : MCM_X_CMPXCHG;
			fn(ctx, &weak, c, l->access == MCM_X_XCHG ? "a plain store for the exchange"
								   : "values compared instead of the monitor");
		}
	}
}
