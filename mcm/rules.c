/*
 * Rules and their exhaustive check.  A program is one thread that has the
 * rule's pattern, with up to one access before and one after it, and another
 * thread of one or two accesses with the strongest ordering between them; two
 * locations.  More threads or accesses add nothing that a rule on neighbouring
 * operations of one thread could break and these don't show: a violation needs
 * a cycle through the pattern, and the second thread stands for the rest of it.
 */
#include "mcm/rules.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"

static bool is_mem(const struct aop *o) { return o->kind != AOP_BAR && o->kind != AOP_NOP && o->kind != AOP_REG; }
static bool plain_load(const struct aop *o) { return o->kind == AOP_LD && o->cls == MCM_LD; }
static bool store(const struct aop *o) { return o->kind == AOP_ST; }
static bool is_bar(const struct aop *o) { return o->kind == AOP_BAR; }

static unsigned both(unsigned a, unsigned b)
{
	return a == b ? a : MCM_DMB_FULL; /* LD and ST together need the full one */
}

static bool fence_merge(struct aprog *p, unsigned t, unsigned i)
{
	struct aop *o = &p->op[t][i];

	if (!is_bar(&o[0]) || !is_bar(&o[1]))
		return false;
	o[1].cls = (uint8_t)both(o[0].cls, o[1].cls);
	o[0].kind = AOP_NOP;
	return true;
}

static bool fence_merge_wrong(struct aprog *p, unsigned t, unsigned i)
{
	struct aop *o = &p->op[t][i];

	if (!is_bar(&o[0]) || !is_bar(&o[1]) || o[0].cls == o[1].cls)
		return false;
	o[0].kind = AOP_NOP; /* the second alone */
	return true;
}

static bool fence_after_locked(struct aprog *p, unsigned t, unsigned i)
{
	struct aop *o = &p->op[t][i];

	if (o[0].kind != AOP_SWP || !is_bar(&o[1]))
		return false;
	o[1].kind = AOP_NOP;
	return true;
}

static bool fence_before_locked(struct aprog *p, unsigned t, unsigned i)
{
	struct aop *o = &p->op[t][i];

	if (!is_bar(&o[0]) || o[1].kind != AOP_SWP)
		return false;
	o[0].kind = AOP_NOP;
	return true;
}

/* Store, then the operation `mid` (none if over is NULL), then a plain load of the same location. */
static bool forward_store(struct aprog *p, unsigned t, unsigned i, bool (*over)(const struct aop *o))
{
	struct aop *o = &p->op[t][i], *ld = &o[over ? 2 : 1];

	if (!store(&o[0]) || !plain_load(ld) || ld->loc != o[0].loc)
		return false;
	if (over && (!over(&o[1]) || (is_mem(&o[1]) && o[1].loc == o[0].loc)))
		return false;
	*ld = (struct aop){.kind = AOP_REG, .val = o[0].val};
	return true;
}

static bool plain_access(const struct aop *o) { return plain_load(o) || (store(o) && o->cls == MCM_ST); }
static bool acquire_load(const struct aop *o) { return o->kind == AOP_LD && o->cls == MCM_LD_ACQ; }
static bool release_store(const struct aop *o) { return store(o) && o->cls == MCM_ST_REL; }
static bool full_fence(const struct aop *o) { return is_bar(o) && o->cls == MCM_DMB_FULL; }

static bool store_load(struct aprog *p, unsigned t, unsigned i) { return forward_store(p, t, i, NULL); }
static bool store_plain_load(struct aprog *p, unsigned t, unsigned i) { return forward_store(p, t, i, plain_access); }
static bool store_acquire_load(struct aprog *p, unsigned t, unsigned i) { return forward_store(p, t, i, acquire_load); }
static bool store_fence_load(struct aprog *p, unsigned t, unsigned i) { return forward_store(p, t, i, full_fence); }

/* Plain load, `over`, plain load of the same location: the second is the first. */
static bool forward_load(struct aprog *p, unsigned t, unsigned i, bool (*over)(const struct aop *o))
{
	struct aop *o = &p->op[t][i], *ld = &o[over ? 2 : 1];

	if (o[0].kind != AOP_LD || !plain_load(ld) || ld->loc != o[0].loc)
		return false;
	if (over && (!over(&o[1]) || (is_mem(&o[1]) && o[1].loc == o[0].loc)))
		return false;
	*ld = (struct aop){.kind = AOP_REG, .copy = true, .dep_on = (uint8_t)i};
	return true;
}

static bool load_load(struct aprog *p, unsigned t, unsigned i) { return forward_load(p, t, i, NULL); }
static bool load_plain_load(struct aprog *p, unsigned t, unsigned i)
{
	return plain_load(&p->op[t][i]) && forward_load(p, t, i, plain_access);
}
static bool load_acquire_load(struct aprog *p, unsigned t, unsigned i) { return forward_load(p, t, i, acquire_load); }
static bool load_fence_load(struct aprog *p, unsigned t, unsigned i) { return forward_load(p, t, i, full_fence); }

/* Plain store, `over`, store to the same location: the first is dead. */
static bool dead_store(struct aprog *p, unsigned t, unsigned i, bool (*over)(const struct aop *o))
{
	struct aop *o = &p->op[t][i], *st = &o[over ? 2 : 1];

	if (!store(&o[0]) || o[0].cls != MCM_ST || !store(st) || st->loc != o[0].loc)
		return false;
	if (over && (!over(&o[1]) || (is_mem(&o[1]) && o[1].loc == o[0].loc)))
		return false;
	o[0].kind = AOP_NOP;
	return true;
}

static bool store_store(struct aprog *p, unsigned t, unsigned i) { return dead_store(p, t, i, NULL); }
static bool store_release_store(struct aprog *p, unsigned t, unsigned i) { return dead_store(p, t, i, release_store); }
static bool store_fence_store(struct aprog *p, unsigned t, unsigned i) { return dead_store(p, t, i, is_bar); }

static const struct {
	struct mcm_rule rule;
	unsigned len; /* operations of the pattern */
} rules[] = {
	{{"fence-merge", "two fences in a row become one that does for both", true, fence_merge}, 2},
	{{"fence-drop", "of two different fences in a row only the second stays", false, fence_merge_wrong}, 2},
	{{"fence-after-rmw", "a fence after a locked operation goes", true, fence_after_locked}, 2},
	{{"fence-before-rmw", "a fence before a locked operation goes", true, fence_before_locked}, 2},
	{{"store-load", "a plain load takes the value just stored", true, store_load}, 2},
	{{"store-.-load", "the same over a plain access elsewhere", true, store_plain_load}, 3},
	{{"store-acq-load", "the same over a load-acquire", false, store_acquire_load}, 3},
	{{"store-dmb-load", "the same over a full fence (on TSO what precedes is ordered already)", true, store_fence_load}, 3},
	{{"load-load", "a plain load takes the value just loaded", true, load_load}, 2},
	{{"load-.-load", "the same over a plain access elsewhere", true, load_plain_load}, 3},
	{{"load-acq-load", "the same over a load-acquire", false, load_acquire_load}, 3},
	{{"load-dmb-load", "the same over a full fence", false, load_fence_load}, 3},
	{{"store-store", "a plain store that is overwritten next goes", true, store_store}, 2},
	{{"store-rel-store", "the same over a store-release", false, store_release_store}, 3},
	{{"store-dmb-store", "the same over a fence", false, store_fence_store}, 3},
};

unsigned mcm_nrules(void) { return ARRAY_SIZE(rules); }
const struct mcm_rule *mcm_rule_at(unsigned i) { return &rules[i].rule; }

/* ---- programs ---- */

enum { NOPS = 15, NSECOND = 6 };

static struct aop op_number(unsigned k)
{
	static const uint8_t mem[][2] = {{AOP_LD, MCM_LD}, {AOP_LD, MCM_LD_ACQPC}, {AOP_LD, MCM_LD_ACQ}, {AOP_ST, MCM_ST},
					 {AOP_ST, MCM_ST_REL}, {AOP_SWP, MCM_RMW_AL}};
	static const uint8_t bar[] = {MCM_DMB_FULL, MCM_DMB_LD, MCM_DMB_ST};

	if (k < 12)
		return (struct aop){.kind = mem[k / 2][0], .cls = mem[k / 2][1], .loc = k & 1};
	return (struct aop){.kind = AOP_BAR, .cls = bar[k - 12]};
}

/* Values that tell writes apart. */
static void number_writes(struct aprog *p)
{
	uint32_t v = 0;

	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < p->n[t]; i++)
			p->op[t][i].val = ++v;
}

struct rule_run {
	const struct mcm_rule *rule;
	const struct mcm_mapping *m;
	struct mcm_arena arena;
	struct mcm_check_result *out;
};

static void check_program(struct rule_run *x, const struct aprog *before, unsigned at)
{
	struct aprog after = *before;
	struct mcm_states arm, host;
	unsigned missing;

	if (!x->rule->apply(&after, 0, at))
		return;
	mcm_arena_reset(&x->arena);
	x->out->cycles++;
	if (aprog_states(before, NULL, &x->arena, &arm, NULL) < 0 ||
	    aprog_states(&after, x->m, &x->arena, &host, NULL) < 0) {
		x->out->bad++;
		return;
	}
	if (mcm_states_subset(&host, &arm, &missing))
		return;
	if (!x->out->bad++) {
		x->out->cex = (struct mcm_cex){.found = true, .prog = *before};
		memcpy(x->out->cex.state, mcm_states_at(&host, missing), host.nslots * sizeof(uint64_t));
	}
}

/* One or two accesses, a full fence between them. */
static void with_second(struct rule_run *x, struct aprog *p, unsigned at)
{
	static const uint8_t second[NSECOND] = {0, 1, 6, 7, 10, 11}; /* plain load, plain store, SWPAL of x and y */

	for (unsigned a = 0; a < NSECOND; a++)
		for (unsigned b = 0; b <= NSECOND; b++) {
			unsigned n = 0;

			p->op[1][n++] = op_number(second[a]);
			if (b) {
				p->op[1][n++] = op_number(12);
				p->op[1][n++] = op_number(second[b - 1]);
			}
			p->n[1] = n;
			number_writes(p);
			check_program(x, p, at);
		}
}

/* An access before the pattern and one after it, or none. */
static void with_context(struct rule_run *x, const struct aop *pattern, unsigned len)
{
	struct aprog p = {.nthreads = 2, .nlocs = 2};

	snprintf(p.name, sizeof(p.name), "%s", x->rule->name);
	for (unsigned b = 0; b <= 12; b++)
		for (unsigned a = 0; a <= 12; a++) {
			unsigned n = 0;

			if (b)
				p.op[0][n++] = op_number(b - 1);
			memcpy(&p.op[0][n], pattern, len * sizeof(*pattern));
			n += len;
			if (a)
				p.op[0][n++] = op_number(a - 1);
			p.n[0] = n;
			with_second(x, &p, b != 0);
		}
}

void mcm_check_rule(const struct mcm_rule *r, const struct mcm_mapping *m, struct mcm_check_result *out)
{
	struct rule_run x = {.rule = r, .m = m, .out = out};
	unsigned len = 2, total = 1;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
		if (&rules[i].rule == r)
			len = rules[i].len;
	for (unsigned i = 0; i < len; i++)
		total *= NOPS;
	for (unsigned k = 0; k < total; k++) {
		struct aprog probe = {.nthreads = 1, .nlocs = 2};
		unsigned code = k;

		for (unsigned i = 0; i < len; i++, code /= NOPS)
			probe.op[0][i] = op_number(code % NOPS);
		probe.n[0] = len;
		if (is_mem(&probe.op[0][0]) && probe.op[0][0].loc) /* the locations are alike */
			continue;
		struct aprog copy = probe;

		if (r->apply(&copy, 0, 0))
			with_context(&x, probe.op[0], len);
	}
	mcm_arena_free(&x.arena);
}
