/*
 * Not a header to include alone: the search over candidate executions of one tuple of traces, included with
 * NW words a row by solve64.c and solve256.c.
 *
 * Nodes are the accesses of all threads; cells the pieces of memory.  Growing
 * relations, each with an undo trail: reach (ob, transitive, per node), co
 * (per cell, transitive).  The invariants after each step that succeeds:
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

static u128 event_piece(const struct mcm_event *e, const struct mcm_memslot *cell)
{
	return e->val >> (8 * (cell->off - e->off)) & (((u128)1 << (8 * cell->size)) - 1);
}

static uint64_t init_piece(const struct problem *pb, unsigned c)
{
	const struct mcm_memslot *m = &pb->cell[c];
	const struct mcm_loc *l = &pb->p->locs[m->loc];
	uint64_t v = 0;

	for (unsigned i = 0; i < m->size && m->off + i < l->size; i++)
		v |= (uint64_t)l->init[m->off + i] << (8 * i);
	return v;
}

static uint64_t cell_value(const struct search *s, unsigned c, int w)
{
	return w == SRC_INIT ? init_piece(s->pb, c) : (uint64_t)event_piece(s->ev[w], &s->pb->cell[c]);
}

/* Can slot sl take its value from w, as far as w alone tells? */
static bool candidate(const struct search *s, unsigned sl, int w)
{
	unsigned r = s->slot[sl].node, c = s->slot[sl].cell;

	if (w != SRC_INIT && s->thread[w] == s->thread[r] && w > (int)r && (s->internal || s->rmw[r] == w))
		return false;
	return !s->ev[r]->fixed || cell_value(s, c, w) == (uint64_t)event_piece(s->ev[r], &s->pb->cell[c]);
}

static int exec_rf(const struct mcm_exec *x, unsigned i, unsigned c)
{
	const struct search *s = x->priv;

	if (s->ev[i]->kind != MCM_READ || !covers(s, i, c))
		return -2;
	return s->src[slot_of(s, i, c)];
}

static bool exec_co(const struct mcm_exec *x, unsigned c, unsigned a, unsigned b)
{
	const struct search *s = x->priv;

	return HAS(&s->after[c * s->n + a], b);
}

static void found(struct search *s)
{
	struct problem *pb = s->pb;
	struct mcm_exec x = {
		.prog = pb->p, .n = s->n, .thread = s->thread, .ev = s->ev, .ncells = pb->ncells,
		.cell = pb->cell, .rf = exec_rf, .co = exec_co, .priv = s, .state = s->state,
	};

	for (unsigned t = 0; s->failing && t < pb->p->nthreads; t++)
		if (pb->pick[t]->t->fail)
			pb->fail = pb->pick[t]->t->fail;
	if (s->failing)
		return;
	mcm_states_add(pb->out, s->state);
	if (!pb->o->on_state)
		return;
	for (unsigned t = 0; t < pb->p->nthreads; t++)
		x.trace[t] = pb->pick[t]->t;
	pb->o->on_state(pb->o->ctx, &x);
}

/* Orders pairs of writes that ob orders already; false: contradiction. */
static bool co_follow(struct search *s, unsigned *cell, unsigned *wa, unsigned *wb)
{
	bool again = true;

	while (again) {
		again = false;
		*cell = s->pb->ncells;
		for (unsigned c = 0; c < s->pb->ncells; c++) {
			EACH(a, s->writers[c]) {
				EACH(b, s->writers[c]) {
					if (b <= a || HAS(co_after(s, c, a), b) || HAS(co_after(s, c, b), a))
						continue;
					if (HAS(&s->reach[a], b) || HAS(&s->reach[b], a)) {
						bool ab = HAS(&s->reach[a], b);

						if (!add_co(s, c, (unsigned)(ab ? a : b), (unsigned)(ab ? b : a)))
							return false;
						again = true;
					} else {
						*cell = c;
						*wa = (unsigned)a;
						*wb = (unsigned)b;
					}
				}
			}
		}
	}
	return true;
}

/* Is there an order of the writes that completes the execution? The final state is known. */
static bool search_co(struct search *s)
{
	size_t mark = s->ntrail;
	unsigned c, a, b;

	if (!co_follow(s, &c, &a, &b)) {
		undo_to(s, mark);
		return false;
	}
	if (c == s->pb->ncells) {
		found(s);
		undo_to(s, mark);
		return true;
	}
	for (unsigned k = 0; k < 2; k++) {
		size_t m2 = s->ntrail;

		if (add_co(s, c, k ? b : a, k ? a : b) && search_co(s)) {
			undo_to(s, mark);
			return true;
		}
		undo_to(s, m2);
	}
	undo_to(s, mark);
	return false;
}

/* Sources for the reads that the state does not show. */
static bool search_hidden(struct search *s, unsigned sl)
{
	unsigned c;

	if (sl == s->nslots)
		return search_co(s);
	c = s->slot[sl].cell;
	for (int w = SRC_INIT; w < (int)s->n; w++) {
		size_t mark = s->ntrail;
		bool hit;

		if (w >= 0 && !HAS(&s->writers[c], (unsigned)w))
			continue;
		if (!candidate(s, sl, w))
			continue;
		hit = set_rf(s, sl, w) && search_hidden(s, sl + 1);
		undo_to(s, mark);
		s->src[sl] = SRC_NONE;
		if (hit)
			return true;
	}
	return false;
}

static uint64_t read_value(const struct search *s, unsigned r, unsigned shift, unsigned size)
{
	const struct tnode *nd = s->node[r];
	u128 v = 0;

	for (unsigned c = nd->cell0; c < nd->cell0 + nd->ncells; c++)
		v |= (u128)cell_value(s, c, s->src[slot_of(s, r, c)]) << (8 * (s->pb->cell[c].off - nd->ev->off));
	return (uint64_t)(v >> (8 * shift)) & mask64(8 * size);
}

/* The registers' part of the state; all slots that it depends on have sources. */
static unsigned fill_regs(struct search *s)
{
	unsigned k = 0;

	for (unsigned t = 0; t < s->pb->p->nthreads; t++) {
		const struct ptrace *pt = s->pb->pick[t];

		for (unsigned i = 0; i < s->pb->p->nregs[t]; i++) {
			const struct mcm_final *f = &pt->t->fin[i];

			s->state[k++] = f->read == MCM_NO_EVENT || !f->set ? f->val :
				read_value(s, s->base[t] + pt->of_event[f->read], f->shift, f->size);
		}
	}
	return k;
}

static void search_last(struct search *s, unsigned i, int16_t *last)
{
	const struct problem *pb = s->pb;
	unsigned c;

	if (i == s->nlast) {
		unsigned k = fill_regs(s);

		for (unsigned m = 0; m < pb->p->nmem; m++) {
			uint64_t v = 0;

			for (unsigned q = pb->obs_cell0[m]; q < (unsigned)pb->obs_cell0[m] + pb->obs_ncells[m]; q++)
				v |= cell_value(s, q, last[q]) << (8 * (pb->cell[q].off - pb->obs[m].off));
			s->state[k++] = v;
		}
		if (s->failing ? !pb->fail : !mcm_states_has(pb->out, s->state))
			search_hidden(s, s->nobs);
		return;
	}
	c = s->last_cell[i];
	last[c] = SRC_INIT;
	bool any = false;
	EACH(w, s->writers[c]) {
		struct set *later = co_after(s, c, (unsigned)w);
		size_t mark = s->ntrail;
		bool good = true;

		any = true;
		for (unsigned k = 0; k < NW; k++)
			good &= later->w[k] == 0;
		if (!good)
			continue;
		last[c] = (int16_t)w;
		EACH(o, s->writers[c])
			if (o != w && !add_co(s, c, (unsigned)o, (unsigned)w)) {
				good = false;
				break;
			}
		if (good)
			search_last(s, i + 1, last);
		undo_to(s, mark);
	}
	if (!any)
		search_last(s, i + 1, last);
}

static void search_shown(struct search *s, unsigned sl, int16_t *last)
{
	unsigned c;

	if (sl == s->nobs) {
		search_last(s, 0, last);
		return;
	}
	c = s->slot[sl].cell;
	for (int w = SRC_INIT; w < (int)s->n; w++) {
		size_t mark = s->ntrail;

		if (w >= 0 && !HAS(&s->writers[c], (unsigned)w))
			continue;
		if (!candidate(s, sl, w))
			continue;
		if (set_rf(s, sl, w))
			search_shown(s, sl + 1, last);
		undo_to(s, mark);
		s->src[sl] = SRC_NONE;
	}
}

/* Numbers nodes and reads; shown reads come first. */
static bool set_up(struct search *s)
{
	struct problem *pb = s->pb;
	struct mcm_arena *ar = pb->scratch;
	unsigned nc = pb->ncells, total = 0, k = 0;
	uint16_t *fill;

	s->n = 0;
	for (unsigned t = 0; t < pb->p->nthreads; t++) {
		const struct ptrace *pt = pb->pick[t];

		s->base[t] = (uint8_t)s->n;
		for (unsigned i = 0; i < pt->n; i++) {
			unsigned id = s->n + i;

			s->thread[id] = (uint8_t)t;
			s->node[id] = &pt->node[i];
			s->ev[id] = pt->node[i].ev;
			s->rmw[id] = -1;
			total += pt->node[i].ncells;
			memset(&s->reach[id], 0, sizeof(s->reach[id]));
			s->reach[id].w[s->n >> 6] |= pt->lob[i] << (s->n & 63);
			if (NW > 1 && s->n & 63 && (s->n >> 6) + 1 < NW)
				s->reach[id].w[(s->n >> 6) + 1] |= pt->lob[i] >> (64 - (s->n & 63));
		}
		for (unsigned i = 0; i < pt->n; i++)
			if (pt->node[i].rmw != 0xff) {
				s->rmw[s->n + i] = (int16_t)(s->n + pt->node[i].rmw);
				s->rmw[s->n + pt->node[i].rmw] = (int16_t)(s->n + i);
			}
		s->n += pt->n;
	}
	s->base[pb->p->nthreads] = (uint8_t)s->n;
	s->writers = mcm_zalloc(ar, nc * sizeof(struct set));
	s->after = mcm_zalloc(ar, 2 * (size_t)nc * s->n * sizeof(struct set));
	s->before = s->after + (size_t)nc * s->n;
	s->slot = mcm_alloc(ar, total * sizeof(*s->slot));
	s->src = mcm_alloc(ar, total * sizeof(*s->src));
	s->slot_at = mcm_alloc(ar, total * sizeof(*s->slot_at));
	s->cslot = mcm_alloc(ar, total * sizeof(*s->cslot));
	s->cslot0 = mcm_zalloc(ar, (nc + 2) * sizeof(*s->cslot0));
	for (unsigned i = 0; i < s->n; i++) {
		const struct tnode *nd = s->node[i];

		s->slot0[i] = (uint16_t)k;
		if (nd->ev->kind == MCM_READ) {
			k += nd->ncells;
			continue;
		}
		for (unsigned c = nd->cell0; c < (unsigned)nd->cell0 + nd->ncells; c++)
			s->writers[c].w[i >> 6] |= BIT(i & 63);
	}
	s->nslots = 0;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < s->n; i++) {
			const struct tnode *nd = s->node[i];
			bool shown = nd->ev->flags & MCM_F_OBSERVED;

			if (nd->ev->kind != MCM_READ || shown == pass)
				continue;
			for (unsigned q = 0; q < nd->ncells; q++) {
				s->slot[s->nslots] = (struct slot){(uint16_t)i, (uint16_t)(nd->cell0 + q)};
				s->src[s->nslots] = SRC_NONE;
				s->slot_at[s->slot0[i] + q] = (uint16_t)s->nslots;
				s->cslot0[nd->cell0 + q + 2]++;
				s->nslots++;
			}
		}
		if (!pass)
			s->nobs = s->nslots;
	}
	for (unsigned c = 1; c < nc + 1; c++)
		s->cslot0[c + 1] = (uint16_t)(s->cslot0[c + 1] + s->cslot0[c]);
	fill = s->cslot0 + 1;
	for (unsigned i = 0; i < s->nslots; i++)
		s->cslot[fill[s->slot[i].cell]++] = (uint16_t)i;
	return true;
}

/* Each read needs at least one write that it could take. */
static bool feasible(const struct search *s)
{
	for (unsigned sl = 0; sl < s->nslots; sl++) {
		bool any = false;

		if (!s->ev[s->slot[sl].node]->fixed)
			continue;
		if (candidate(s, sl, SRC_INIT))
			continue;
		EACH(w, s->writers[s->slot[sl].cell])
			any |= candidate(s, sl, (int)w);
		if (!any)
			return false;
	}
	return true;
}

/* Writes of one thread to one cell are coherence-ordered as in the program. */
static bool co_of_threads(struct search *s)
{
	if (!s->internal)
		return true;
	for (unsigned c = 0; c < s->pb->ncells; c++) {
		int prev = -1;

		EACH(w, s->writers[c]) {
			if (prev >= 0 && s->thread[prev] == s->thread[w] && !add_co(s, c, (unsigned)prev, (unsigned)w))
				return false;
			prev = (int)w;
		}
	}
	return true;
}

static void solve_tuple(struct problem *pb)
{
	static _Thread_local struct search search; /* keeps its trail between calls */
	struct search *s = &search;
	int16_t *last;

	s->pb = pb;
	s->ntrail = 0;
	s->internal = !(pb->o->off >> MCM_C_INTERNAL & 1);
	s->atomic = !(pb->o->off >> MCM_C_ATOMIC & 1);
	s->obs = !(pb->o->off >> MCM_C_OBS & 1);
	s->failing = false;
	for (unsigned t = 0; t < pb->p->nthreads; t++)
		s->failing |= pb->pick[t]->t->fail != NULL;
	if (!set_up(s) || !feasible(s))
		return;
	last = mcm_alloc(pb->scratch, pb->ncells * sizeof(*last));
	s->last_cell = mcm_alloc(pb->scratch, pb->ncells * sizeof(*s->last_cell));
	s->state = mcm_alloc(pb->scratch, (mcm_nslots(pb->p) + 1) * sizeof(uint64_t));
	s->nlast = 0;
	for (unsigned m = 0; m < pb->p->nmem; m++)
		for (unsigned c = pb->obs_cell0[m]; c < (unsigned)pb->obs_cell0[m] + pb->obs_ncells[m]; c++) {
			bool dup = false;

			for (unsigned i = 0; i < s->nlast; i++)
				dup |= s->last_cell[i] == c;
			if (!dup)
				s->last_cell[s->nlast++] = (uint16_t)c;
		}
	if (co_of_threads(s))
		search_shown(s, 0, last);
}
