/*
 * Set-up of the search: memory is cut into cells (pieces that no access splits),
 * each trace gets its local order from the model, and all tuples of traces, one
 * per thread, go to the search of the right size.
 */
#include "mcm/solve.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mcm/solve_priv.h"

struct cut {
	uint32_t loc, off;
};

struct cuts {
	struct mcm_arena *arena;
	struct cut *v;
	unsigned n, cap;
};

static void add_cut(struct cuts *c, uint32_t loc, uint32_t off)
{
	for (unsigned i = c->n; i-- > 0;)
		if (c->v[i].loc == loc && c->v[i].off == off)
			return;
	if (c->n == c->cap) {
		struct cut *v = mcm_alloc(c->arena, (c->cap * 2 + 32) * sizeof(*v));

		if (c->n)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->cap = c->cap * 2 + 32;
	}
	c->v[c->n++] = (struct cut){loc, off};
}

static int cmp_cut(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;

	return x->loc != y->loc ? (x->loc < y->loc ? -1 : 1) : x->off < y->off ? -1 : x->off > y->off;
}

/* Cuts at both ends of everything; a cell is the stretch between two neighbours (gaps make cells that nobody uses). */
static void make_cells(struct problem *pb, const struct mcm_explored *ex)
{
	const struct mcm_program *p = pb->p;
	struct cuts c = {.arena = pb->arena};

	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < ex->thr[t].n; i++)
			for (unsigned k = 0; k < ex->thr[t].t[i].nev; k++) {
				const struct mcm_event *e = &ex->thr[t].t[i].ev[k];

				if (!mcm_is_mem(e))
					continue;
				add_cut(&c, e->loc, e->off);
				add_cut(&c, e->loc, e->off + e->size);
			}
	for (unsigned m = 0; m < p->nmem; m++) {
		add_cut(&c, p->mem[m].loc, p->mem[m].off);
		add_cut(&c, p->mem[m].loc, p->mem[m].off + p->mem[m].size);
	}
	if (c.n)
		qsort(c.v, c.n, sizeof(*c.v), cmp_cut);
	pb->cell = mcm_alloc(pb->arena, (c.n * 2 + 1) * sizeof(*pb->cell));
	for (unsigned i = 0; i + 1 < c.n; i++) {
		uint32_t off = c.v[i].off, end = c.v[i + 1].off;

		if (c.v[i].loc != c.v[i + 1].loc || end - off > 16)
			continue;
		for (; off < end; off += 8) /* values of cells are at most 8 bytes */
			pb->cell[pb->ncells++] = (struct mcm_memslot){
				(uint16_t)c.v[i].loc, off, (uint8_t)MIN(8u, end - off)};
	}
}

/* First cell of a stretch, and how many it has. */
static unsigned find_cells(const struct problem *pb, unsigned loc, uint32_t off, unsigned size, uint8_t *n)
{
	unsigned c = 0, k;

	while (pb->cell[c].loc != loc || pb->cell[c].off != off)
		c++;
	for (k = c; k < pb->ncells && pb->cell[k].loc == loc && pb->cell[k].off < off + size; k++)
		;
	*n = (uint8_t)(k - c);
	return c;
}

static void prepare(struct problem *pb, const struct mcm_trace *t, struct ptrace *out)
{
	uint64_t lob[MCM_MAX_EVENTS];
	unsigned n = 0;

	pb->o->model->local(t, lob, pb->o->off);
	out->t = t;
	for (unsigned i = 0; i < t->nev; i++)
		if (mcm_is_mem(&t->ev[i]))
			out->of_event[i] = (uint8_t)n++;
	out->n = n;
	out->node = mcm_alloc(pb->arena, n * sizeof(*out->node));
	out->lob = mcm_zalloc(pb->arena, n * sizeof(*out->lob));
	for (unsigned i = 0; i < t->nev; i++) {
		const struct mcm_event *e = &t->ev[i];
		struct tnode *nd;

		if (!mcm_is_mem(e))
			continue;
		nd = &out->node[out->of_event[i]];
		nd->ev = e;
		nd->rmw = 0xff;
		nd->cell0 = (uint16_t)find_cells(pb, e->loc, e->off, e->size, &nd->ncells);
		for (uint64_t s = lob[i]; s; s &= s - 1)
			out->lob[out->of_event[i]] |= BIT(out->of_event[__builtin_ctzll(s)]);
		if (e->kind == MCM_WRITE && e->rmw != MCM_NO_EVENT)
			out->node[out->of_event[e->rmw]].rmw = out->of_event[i];
	}
}

unsigned mcm_nslots(const struct mcm_program *p)
{
	unsigned n = p->nmem;

	for (unsigned t = 0; t < p->nthreads; t++)
		n += p->nregs[t];
	return n;
}

/* Goes through all tuples, thread by thread. */
static int each_tuple(struct problem *pb, struct ptrace *const *pt, const struct mcm_explored *ex, unsigned t,
		      unsigned naccesses, struct err *e)
{
	if (t == pb->p->nthreads) {
		mcm_arena_reset(pb->scratch);
		if (naccesses <= 64)
			solve64_tuple(pb);
		else if (naccesses <= 252)
			solve256_tuple(pb);
		else
			return err_set(e, EXIT_INPUT, "beyond limits: %u memory accesses (at most 252)", naccesses);
		return pb->fail ? err_set(e, EXIT_INPUT, "%s", pb->fail) : 0;
	}
	for (unsigned i = 0; i < ex->thr[t].n; i++) {
		pb->pick[t] = &pt[t][i];
		if (each_tuple(pb, pt, ex, t + 1, naccesses + pt[t][i].n, e) < 0)
			return -1;
	}
	return 0;
}

static _Thread_local struct mcm_arena scratch;

void mcm_solve_end(void)
{
	mcm_arena_free(&scratch);
	solve64_end();
	solve256_end();
}

int mcm_solve(const struct mcm_program *p, const struct mcm_explored *ex, const struct mcm_solve_opts *o,
	      struct mcm_arena *a, struct mcm_states *out, struct err *e)
{
	struct problem pb = {.p = p, .o = o, .arena = a, .scratch = &scratch, .out = out, .obs = p->mem};
	struct ptrace *pt[MCM_MAX_THREADS];

	mcm_states_init(out, a, mcm_nslots(p));
	make_cells(&pb, ex);
	pb.obs_cell0 = mcm_alloc(a, p->nmem * sizeof(*pb.obs_cell0));
	pb.obs_ncells = mcm_alloc(a, p->nmem * sizeof(*pb.obs_ncells));
	for (unsigned m = 0; m < p->nmem; m++)
		pb.obs_cell0[m] = (uint16_t)find_cells(&pb, p->mem[m].loc, p->mem[m].off, p->mem[m].size,
						       &pb.obs_ncells[m]);
	for (unsigned t = 0; t < p->nthreads; t++) {
		pt[t] = mcm_alloc(a, ex->thr[t].n * sizeof(*pt[t]));
		for (unsigned i = 0; i < ex->thr[t].n; i++)
			prepare(&pb, &ex->thr[t].t[i], &pt[t][i]);
	}
	return each_tuple(&pb, pt, ex, 0, 0, e);
}

int mcm_run(const struct mcm_program *p, const struct mcm_solve_opts *o, struct mcm_arena *a,
	    struct mcm_states *out, bool *cut, struct err *e)
{
	struct mcm_explored ex;

	if (mcm_explore(p, a, &ex, e) < 0)
		return -1;
	*cut = ex.cut;
	return mcm_solve(p, &ex, o, a, out, e);
}
