/*
 * Not a header to include alone: the search over candidate executions of one
 * tuple of traces, included with NW words a row by solve64.c and solve256.c.
 *
 * Order of choices: sources of the reads that the final state shows; the last
 * writes of its locations; then, if that state is new, whether sources for the
 * other reads and an order of the writes exist at all.
 */
#include "mcm/solve_rel.h"

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
	unsigned c, a = 0, b = 0;

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

static _Thread_local struct search search; /* keeps its trail between calls */

static void solve_end(void)
{
	free(search.trail);
	search.trail = NULL;
	search.captrail = 0;
}

static void solve_tuple(struct problem *pb)
{
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
