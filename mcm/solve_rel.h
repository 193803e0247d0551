/*
 * Not a header to include alone: the growing relations of one candidate
 * execution, included with NW words a row through solve_impl.h.
 *
 * Nodes are the accesses of all threads; cells the pieces of memory.  reach is
 * ob, transitive, per node; co is per cell, transitive; each change can be
 * undone.  The invariants after each step that succeeds:
 *   - every read with a source is coherent with all others of its cell;
 *   - every pair of co between threads, and every fr that follows from rf and
 *     co, is in reach;
 *   - reach has no cycle.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "mcm/solve_priv.h"

enum { MAXN = 64 * NW, SRC_INIT = -1, SRC_NONE = -2 };

struct set { uint64_t w[NW]; };

#define HAS(s, i) ((s)->w[(i) >> 6] >> ((i) & 63) & 1)
#define EACH(i, s) \
	for (unsigned i##_k = 0; i##_k < NW; i##_k++) \
		for (uint64_t i##_s = (s).w[i##_k], i; i##_s && (i = 64 * i##_k + (unsigned)__builtin_ctzll(i##_s), 1); \
		     i##_s &= i##_s - 1)

struct slot {          /* a read of one cell */
	uint16_t node, cell;
};

struct undo {
	uint64_t *p;
	uint64_t old;
};

struct search {
	struct problem *pb;
	unsigned n;
	uint8_t thread[MAXN];
	uint8_t base[MCM_MAX_THREADS + 1]; /* first node of each thread */
	const struct tnode *node[MAXN];
	const struct mcm_event *ev[MAXN];
	int16_t rmw[MAXN];     /* the other half of a read-modify-write, or -1 */
	struct set reach[MAXN];
	struct set writers_of_thread[MCM_MAX_THREADS];
	/* per cell */
	struct set *writers;   /* [ncells] */
	struct set *after, *before; /* [ncells * n], of writers: co */
	/* reads */
	unsigned nslots, nobs; /* the first nobs slots decide the state */
	struct slot *slot;
	int16_t *src;          /* [nslots] */
	uint16_t slot0[MAXN];  /* slot_at[slot0[node] + cell - cell0]: slot number */
	uint16_t *slot_at;
	uint16_t *cslot;       /* slots by cell: cslot[cslot0[c]..cslot0[c+1]) */
	uint16_t *cslot0;
	unsigned nlast;        /* cells of the final state */
	uint16_t *last_cell;
	uint64_t *state;
	bool internal, atomic, obs;
	bool failing;          /* some thread of the tuple can't go on */
	struct undo *trail;
	size_t ntrail, captrail;
};

static void set_bits(struct search *s, uint64_t *p, uint64_t val)
{
	if (s->ntrail == s->captrail) {
		s->captrail = s->captrail * 2 + 256;
		s->trail = realloc(s->trail, s->captrail * sizeof(*s->trail));
		BUG_ON(!s->trail);
	}
	s->trail[s->ntrail++] = (struct undo){p, *p};
	*p = val;
}

static void undo_to(struct search *s, size_t mark)
{
	while (s->ntrail > mark) {
		s->ntrail--;
		*s->trail[s->ntrail].p = s->trail[s->ntrail].old;
	}
}

static inline void set_or(struct search *s, struct set *d, const struct set *x)
{
	for (unsigned k = 0; k < NW; k++)
		if (x->w[k] & ~d->w[k])
			set_bits(s, &d->w[k], d->w[k] | x->w[k]);
}

/* a before b in ob; false: a cycle. */
static bool add_ob(struct search *s, unsigned a, unsigned b)
{
	struct set add;

	if (!s->obs || HAS(&s->reach[a], b))
		return true;
	if (a == b || HAS(&s->reach[b], a))
		return false;
	add = s->reach[b];
	add.w[b >> 6] |= BIT(b & 63);
	for (unsigned p = 0; p < s->n; p++)
		if (p == a || HAS(&s->reach[p], a))
			set_or(s, &s->reach[p], &add);
	return true;
}

static inline struct set *co_after(struct search *s, unsigned c, unsigned w) { return &s->after[c * s->n + w]; }
static inline struct set *co_before(struct search *s, unsigned c, unsigned w) { return &s->before[c * s->n + w]; }

static inline unsigned slot_of(const struct search *s, unsigned r, unsigned c)
{
	return s->slot_at[s->slot0[r] + c - s->node[r]->cell0];
}

static inline bool covers(const struct search *s, unsigned i, unsigned c)
{
	return c - s->node[i]->cell0 < s->node[i]->ncells;
}

static bool add_co(struct search *s, unsigned c, unsigned a, unsigned b);

/* May w come between the read and the write x of a read-modify-write of thread t? */
static bool may_intervene(const struct search *s, unsigned w, unsigned x)
{
	return !s->atomic || (s->ev[x]->flags & MCM_F_ALLOW_LOCAL && s->thread[w] == s->thread[x] &&
			      !(s->ev[w]->flags & (MCM_F_EX | MCM_F_AMO)));
}

/* Consequences of the new pair p before q of co in cell c. */
static bool new_pair(struct search *s, unsigned c, unsigned p, unsigned q)
{
	if (s->thread[p] != s->thread[q]) {
		if (!add_ob(s, p, q))
			return false;
	} else if (s->internal && q < p) {
		return false;
	}
	for (unsigned i = s->cslot0[c]; i < s->cslot0[c + 1]; i++) {
		unsigned sl = s->cslot[i], r = s->slot[sl].node;
		int x = s->rmw[r];

		if (s->src[sl] == SRC_NONE)
			continue;
		if (s->src[sl] == (int)p) {
			if (s->thread[r] != s->thread[q]) {
				if (!add_ob(s, r, q))
					return false;
			} else if (s->internal && q < r) {
				return false;
			}
			if (x >= 0 && x != (int)q && !may_intervene(s, q, (unsigned)x) &&
			    !add_co(s, c, (unsigned)x, q))
				return false;
		} else if (x == (int)q && !may_intervene(s, p, q)) {
			if (s->src[sl] == SRC_INIT || !add_co(s, c, p, (unsigned)s->src[sl]))
				return false;
		}
	}
	return true;
}

static bool add_co(struct search *s, unsigned c, unsigned a, unsigned b)
{
	struct set ps, qs;

	if (a == b)
		return false;
	if (HAS(co_after(s, c, a), b))
		return true;
	if (HAS(co_after(s, c, b), a))
		return false;
	ps = *co_before(s, c, a);
	ps.w[a >> 6] |= BIT(a & 63);
	qs = *co_after(s, c, b);
	qs.w[b >> 6] |= BIT(b & 63);
	EACH(p, ps) {
		struct set fresh, one = {{0}};
		bool any = false;

		for (unsigned k = 0; k < NW; k++) {
			fresh.w[k] = qs.w[k] & ~co_after(s, c, (unsigned)p)->w[k];
			any |= fresh.w[k] != 0;
		}
		if (!any)
			continue;
		one.w[p >> 6] = BIT(p & 63);
		set_or(s, co_after(s, c, (unsigned)p), &fresh);
		EACH(q, fresh)
			set_or(s, co_before(s, c, (unsigned)q), &one);
		EACH(q2, fresh)
			if (!new_pair(s, c, (unsigned)p, (unsigned)q2))
				return false;
	}
	return true;
}

/* Coherence between the new source of r in cell c and the other accesses of its thread. */
static bool coherent(struct search *s, unsigned r, unsigned c, int w)
{
	unsigned t = s->thread[r];

	for (unsigned o = s->base[t]; o < s->base[t + 1]; o++) {
		if (o == r || !covers(s, o, c))
			continue;
		if (s->ev[o]->kind == MCM_WRITE) {
			if (o < r && (int)o != w && (w == SRC_INIT || !add_co(s, c, o, (unsigned)w)))
				return false;
			if (o > r && w != SRC_INIT && !add_co(s, c, (unsigned)w, o))
				return false;
		} else {
			int v = s->src[slot_of(s, o, c)];

			if (v == SRC_NONE || v == w)
				continue;
			if (o < r && v != SRC_INIT && (w == SRC_INIT || !add_co(s, c, (unsigned)v, (unsigned)w)))
				return false;
			if (o > r && w != SRC_INIT && (v == SRC_INIT || !add_co(s, c, (unsigned)w, (unsigned)v)))
				return false;
		}
	}
	return true;
}

/* Nothing between r's source and its write x in cell c. */
static bool keep_atomic(struct search *s, unsigned x, unsigned c, int w)
{
	struct set others = w == SRC_INIT ? s->writers[c] : *co_after(s, c, (unsigned)w);

	if (w != SRC_INIT) {
		struct set earlier;

		if (!add_co(s, c, (unsigned)w, x))
			return false;
		earlier = *co_before(s, c, x);
		EACH(q, earlier)
			if ((int)q != w && !may_intervene(s, (unsigned)q, x) && !add_co(s, c, (unsigned)q, (unsigned)w))
				return false;
	}
	EACH(q2, others)
		if (q2 != x && !may_intervene(s, (unsigned)q2, x) && !add_co(s, c, x, (unsigned)q2))
			return false;
	return true;
}

/* Read slot sl takes its value from w (a node, or SRC_INIT). */
static bool set_rf(struct search *s, unsigned sl, int w)
{
	unsigned r = s->slot[sl].node, c = s->slot[sl].cell;
	struct set later;

	s->src[sl] = (int16_t)w;
	if (s->internal && !coherent(s, r, c, w))
		return false;
	if (w != SRC_INIT && s->thread[w] != s->thread[r] && !add_ob(s, (unsigned)w, r))
		return false;
	if (s->rmw[r] >= 0 && covers(s, (unsigned)s->rmw[r], c) && !keep_atomic(s, (unsigned)s->rmw[r], c, w))
		return false;
	later = w == SRC_INIT ? s->writers[c] : *co_after(s, c, (unsigned)w);
	EACH(q, later)
		if (s->thread[q] != s->thread[r] && !add_ob(s, r, (unsigned)q))
			return false;
	return true;
}
