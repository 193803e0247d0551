/*
 * Enumeration of critical cycles.
 *
 * Rules: directions of neighbouring edges agree; two communications follow
 * each other only where they do not compose to one ((Fre|Coe);Rfe); two edges
 * to other locations do not follow each other; at least two communications
 * between threads (each starts a new thread); the number of edges to other
 * locations is not one.  Each cycle is made once: as the smallest of its
 * rotations.
 */
#include "mcm/cycle.h"

#include <string.h>

#include "base/bits.h"

static bool is_ext(const struct cy_edge *e) { return e->kind <= CY_COE; }
static bool is_diff(const struct cy_edge *e) { return e->kind >= CY_PO; }
static bool is_rmw(const struct cy_edge *e) { return e->kind == CY_AMO || e->kind == CY_LXSX; }

struct walk {
	const struct cycle_opts *o;
	struct cycle c;
	unsigned n;        /* length wanted */
	uint64_t seen;
	bool (*fn)(void *ctx, const struct cycle *c);
	void *ctx;
	bool stop;
	struct cy_edge edges[64];
	unsigned nedges;
};

static void add_edge(struct walk *w, unsigned kind, bool from_w, bool to_w)
{
	w->edges[w->nedges++] = (struct cy_edge){(uint8_t)kind, from_w, to_w};
}

/* The alphabet of edges. */
static void alphabet(struct walk *w)
{
	bool full = w->o->full;

	w->nedges = 0;
	add_edge(w, CY_RFE, true, false);
	add_edge(w, CY_FRE, false, true);
	add_edge(w, CY_COE, true, true);
	for (unsigned d = 0; d < 4; d++) {
		bool f = d & 1, t = d >> 1;

		add_edge(w, CY_SAME, f, t);
		add_edge(w, CY_PO, f, t);
		add_edge(w, CY_DMB_SY, f, t);
		if (full || !f)
			add_edge(w, CY_DMB_LD, f, t);
		if (full || (f && t))
			add_edge(w, CY_DMB_ST, f, t);
		if (full || (f && !t)) /* between a write and a read DSB ST does what DMB ST does not */
			add_edge(w, CY_DSB_ST, f, t);
		if (full) {
			add_edge(w, CY_DSB_SY, f, t);
			add_edge(w, CY_DSB_LD, f, t);
		}
		if (full && !f) {
			add_edge(w, CY_ADDR, f, t);
			add_edge(w, CY_CTRL, f, t);
			add_edge(w, CY_CTRLISB, f, t);
			if (t)
				add_edge(w, CY_DATA, f, t);
		}
	}
	if (w->o->atomics)
		add_edge(w, CY_AMO, false, true);
	if (w->o->exclusives)
		add_edge(w, CY_LXSX, false, true);
}

static bool may_follow(const struct cy_edge *a, const struct cy_edge *b)
{
	if (a->to_w != b->from_w)
		return false;
	if (is_ext(a) && is_ext(b))
		return (a->kind == CY_FRE || a->kind == CY_COE) && b->kind == CY_RFE;
	if (is_diff(a) && is_diff(b))
		return false;
	return !(a->kind == CY_SAME && b->kind == CY_SAME);
}

static unsigned code(const struct cy_edge *e)
{
	return (unsigned)e->kind << 2 | (unsigned)e->from_w << 1 | (unsigned)e->to_w;
}

/* Is this the smallest rotation? Edges count before annotations, so a bare cycle that is not need not be annotated. */
static bool canonical(const struct cycle *c)
{
	for (unsigned r = 1; r < c->n; r++) {
		int d = 0;

		for (unsigned i = 0; i < c->n && !d; i++)
			d = (int)code(&c->e[(i + r) % c->n]) - (int)code(&c->e[i]);
		for (unsigned i = 0; i < c->n && !d; i++)
			d = (int)c->ann[(i + r) % c->n] - (int)c->ann[i];
		if (d < 0)
			return false;
	}
	return true;
}

static bool well_formed(const struct walk *w)
{
	const struct cycle *c = &w->c;
	unsigned ext = 0, diff = 0;

	for (unsigned i = 0; i < c->n; i++) {
		ext += is_ext(&c->e[i]);
		diff += is_diff(&c->e[i]);
	}
	return ext >= 2 && ext <= w->o->threads && diff != 1 && may_follow(&c->e[c->n - 1], &c->e[0]);
}

/* Which annotations suit access i, given the edges around it? Release and acquire of a read-modify-write included. */
static unsigned ann_choices(const struct cycle *c, unsigned i, uint8_t out[4])
{
	const struct cy_edge *next = &c->e[i];
	unsigned n = 0;

	out[n++] = CY_PLAIN;
	if (next->from_w) {
		out[n++] = CY_REL;
	} else {
		out[n++] = CY_ACQ;
		if (!is_rmw(next)) /* there is no LDAPR among the read-modify-writes */
			out[n++] = CY_ACQPC;
	}
	return n;
}

static void annotate(struct walk *w, unsigned i)
{
	uint8_t choice[4];
	unsigned n;

	if (w->stop)
		return;
	if (i == w->c.n) {
		if (!canonical(&w->c))
			return;
		if (w->seen++ % w->o->parts == w->o->part && !w->fn(w->ctx, &w->c))
			w->stop = true;
		return;
	}
	n = ann_choices(&w->c, i, choice);
	for (unsigned k = 0; k < n; k++) {
		w->c.ann[i] = choice[k];
		annotate(w, i + 1);
	}
}

static void extend(struct walk *w, unsigned i)
{
	if (w->stop)
		return;
	if (i == w->n) {
		w->c.n = w->n;
		memset(w->c.ann, 0, sizeof(w->c.ann));
		if (well_formed(w) && canonical(&w->c))
			annotate(w, 0);
		return;
	}
	for (unsigned k = 0; k < w->nedges; k++) {
		if (i && !may_follow(&w->c.e[i - 1], &w->edges[k]))
			continue;
		if (i && code(&w->edges[k]) < code(&w->c.e[0]))
			continue;
		w->c.e[i] = w->edges[k];
		extend(w, i + 1);
	}
}

uint64_t cycle_each(const struct cycle_opts *o, bool (*fn)(void *ctx, const struct cycle *c), void *ctx)
{
	struct walk w = {.o = o, .fn = fn, .ctx = ctx};

	alphabet(&w);
	for (w.n = MAX(o->min, 2u); w.n <= MIN(o->max, (unsigned)CYCLE_MAX) && !w.stop; w.n++)
		extend(&w, 0);
	return w.seen;
}

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

bool cycle_random(const struct cycle_opts *o, unsigned n, uint64_t *seed, struct cycle *c)
{
	struct walk w = {.o = o};

	if (!*seed)
		*seed = 1;
	alphabet(&w);
	w.c.n = n;
	for (unsigned i = 0; i < n; i++) {
		uint8_t fit[64];
		unsigned nfit = 0;

		for (unsigned k = 0; k < w.nedges; k++)
			if (!i || may_follow(&w.c.e[i - 1], &w.edges[k]))
				fit[nfit++] = (uint8_t)k;
		if (!nfit)
			return false;
		w.c.e[i] = w.edges[fit[next_random(seed) % nfit]];
	}
	if (!well_formed(&w))
		return false;
	for (unsigned i = 0; i < n; i++) {
		uint8_t choice[4];
		unsigned k = ann_choices(&w.c, i, choice);

		w.c.ann[i] = choice[next_random(seed) % k];
		if (o->mixed && !(i && is_rmw(&w.c.e[i - 1])))
			w.c.acc[i] = (uint8_t)(next_random(seed) % CY_NACC);
		else if (i && is_rmw(&w.c.e[i - 1])) /* both halves are alike */
			w.c.acc[i] = w.c.acc[i - 1];
	}
	if (is_rmw(&w.c.e[n - 1]))
		w.c.acc[0] = w.c.acc[n - 1];
	*c = w.c;
	return true;
}
