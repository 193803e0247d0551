/*
 * Exploration of threads by re-execution: a stack of decisions (values of
 * reads, choices) is replayed, and the last one advanced, as in any
 * stateless search.  A thread that asks for a read's value before that read
 * was decided stops, the decision is pushed, and the thread starts over.
 */
#include "mcm/explore.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

enum {
	MAX_DECISIONS = 64,
	MAX_DOMAIN = 4096,  /* values that one read may have */
	MAX_TRACES = 20000, /* of one thread */
	MAX_WRITES = 4096,  /* distinct writes of the program */
};

/* A distinct write of the program. */
struct dwrite {
	uint16_t loc;
	uint8_t size;
	uint32_t off;
	u128 val;
};

struct decision {
	uint8_t read;   /* event number, or MCM_NO_EVENT: a choice */
	unsigned n, i;  /* i-th of n */
	u128 *vals;     /* of a read */
};

struct explorer {
	const struct mcm_program *p;
	struct mcm_arena *arena;
	struct err *err;
	struct dwrite *w;
	unsigned nw;
	unsigned max_writes; /* in one trace of each thread, summed */
	bool cut_grown;      /* this round, a run that was cut had a new write */
	unsigned cut_writes[MCM_MAX_THREADS]; /* most writes of such a run */
};

struct mcm_run {
	struct explorer *x;
	unsigned thread;
	unsigned nev;
	struct decision d[MAX_DECISIONS];
	unsigned nd;
	unsigned nchoices;      /* choices made so far in this run */
	uint64_t fixed;         /* reads with a decision on the stack */
	uint8_t by[MCM_MAX_EVENTS]; /* decision number of a fixed read */
	int need;               /* read that must be decided, or -1 */
	bool cut, dropped;
	bool failed;            /* a limit was hit, err is filled */
	char *fail;             /* message of mcm_run_fail() */
	bool forked_reads;      /* any trace of this thread depends on values */
	struct mcm_event ev[MCM_MAX_EVENTS];
	struct mcm_final fin[64];
};

static u128 val_mask(unsigned size) { return size >= 16 ? ~(u128)0 : ((u128)1 << (8 * size)) - 1; }

void mcm_run_fail(struct mcm_run *r, const char *fmt, ...)
{
	char msg[400];
	va_list ap;

	if (r->fail)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	r->fail = mcm_strndup(r->x->arena, msg, strlen(msg));
}

/* Beyond what is explored: the whole program fails. */
#define limit(r, ...) ((r)->failed = true, err_set((r)->x->err, EXIT_INPUT, "beyond limits: " __VA_ARGS__))

void mcm_run_cut(struct mcm_run *r) { r->cut = true; }
void mcm_run_drop(struct mcm_run *r) { r->dropped = true; }

int mcm_run_event(struct mcm_run *r, const struct mcm_event *ev)
{
	struct mcm_event *e;

	if (r->nev == MCM_MAX_EVENTS) {
		limit(r, "more than %d events in thread P%u", MCM_MAX_EVENTS, r->thread);
		return -1;
	}
	e = &r->ev[r->nev];
	*e = *ev;
	if (e->kind == MCM_READ) {
		e->fixed = r->fixed >> r->nev & 1;
		e->val = 0;
		if (e->fixed) {
			struct decision *d = &r->d[r->by[r->nev]];
			e->val = d->vals[d->i];
		}
	} else if (e->kind == MCM_WRITE) {
		e->val &= val_mask(e->size);
	}
	return (int)r->nev++;
}

/* Initial value of a stretch of a location; beyond its end memory is zero. */
static u128 init_value(const struct mcm_program *p, unsigned loc, uint32_t off, unsigned size)
{
	const struct mcm_loc *l = &p->locs[loc];
	u128 v = 0;

	for (unsigned i = 0; i < size && off + i < l->size; i++)
		v |= (u128)l->init[off + i] << (8 * i);
	return v;
}

bool mcm_run_value(struct mcm_run *r, unsigned idx, u128 *val)
{
	const struct mcm_event *e = &r->ev[idx];

	*val = e->fixed ? e->val : init_value(r->x->p, e->loc, e->off, e->size);
	return e->fixed;
}

bool mcm_run_fix(struct mcm_run *r, uint64_t set)
{
	set &= ~r->fixed;
	if (!set)
		return true;
	r->need = __builtin_ctzll(set);
	return false;
}

unsigned mcm_run_choose(struct mcm_run *r, unsigned n)
{
	unsigned k = r->nchoices++, seen = 0;

	for (unsigned i = 0; i < r->nd; i++)
		if (r->d[i].read == MCM_NO_EVENT && seen++ == k)
			return r->d[i].i;
	if (r->nd == MAX_DECISIONS) {
		limit(r, "more than %d decisions in thread P%u", MAX_DECISIONS, r->thread);
		return 0;
	}
	r->d[r->nd++] = (struct decision){.read = MCM_NO_EVENT, .n = n};
	return 0;
}

void mcm_run_final(struct mcm_run *r, unsigned slot, const struct mcm_final *f)
{
	r->fin[slot] = *f;
	r->fin[slot].set = 1;
	if (f->read != MCM_NO_EVENT)
		r->ev[f->read].flags |= MCM_F_OBSERVED;
}

static unsigned add_distinct(u128 *vals, unsigned n, u128 v)
{
	for (unsigned i = 0; i < n; i++)
		if (vals[i] == v)
			return n;
	vals[n] = v;
	return n + 1;
}

/*
 * Values that the stretch [off, off+size) of a location may hold: the product
 * of what its pieces may hold, pieces being cut where writes begin and end.
 */
static int domain(struct mcm_run *r, const struct mcm_event *e, struct decision *d)
{
	static _Thread_local u128 piece[MAX_WRITES + 1], vals[MAX_DOMAIN], next[MAX_DOMAIN];
	struct explorer *x = r->x;
	unsigned n = 1;
	uint32_t cutmask = 1; /* bit i: a piece begins at byte i */

	for (unsigned i = 0; i < x->nw; i++) {
		const struct dwrite *w = &x->w[i];

		if (w->loc != e->loc || w->off >= e->off + e->size || e->off >= w->off + w->size)
			continue;
		if (w->off > e->off)
			cutmask |= 1u << (w->off - e->off);
		if (w->off + w->size < e->off + e->size)
			cutmask |= 1u << (w->off + w->size - e->off);
	}
	vals[0] = 0;
	for (unsigned b = 0; b < e->size;) {
		unsigned end = b + 1, np = 0, nn = 0;

		while (end < e->size && !(cutmask >> end & 1))
			end++;
		np = add_distinct(piece, np, init_value(x->p, e->loc, e->off + b, end - b));
		for (unsigned i = 0; i < x->nw; i++) {
			const struct dwrite *w = &x->w[i];

			if (w->loc == e->loc && w->off <= e->off + b && w->off + w->size >= e->off + end)
				np = add_distinct(piece, np,
						  w->val >> (8 * (e->off + b - w->off)) & val_mask(end - b));
		}
		if ((size_t)n * np > MAX_DOMAIN) {
			limit(r, "a read of thread P%u may have more than %d values",
				     r->thread, MAX_DOMAIN);
			return -1;
		}
		for (unsigned i = 0; i < n; i++)
			for (unsigned k = 0; k < np; k++)
				next[nn++] = vals[i] | piece[k] << (8 * b);
		memcpy(vals, next, nn * sizeof(*vals));
		n = nn;
		b = end;
	}
	d->vals = mcm_alloc(x->arena, n * sizeof(*vals));
	memcpy(d->vals, vals, n * sizeof(*vals));
	d->n = n;
	d->i = 0;
	return 0;
}

static int push_read(struct mcm_run *r)
{
	struct decision *d = &r->d[r->nd];

	if (r->nd == MAX_DECISIONS) {
		limit(r, "more than %d decisions in thread P%u", MAX_DECISIONS, r->thread);
		return -1;
	}
	d->read = (uint8_t)r->need;
	if (domain(r, &r->ev[r->need], d) < 0)
		return -1;
	r->by[r->need] = (uint8_t)r->nd++;
	r->fixed |= BIT(r->need);
	r->forked_reads = true;
	return 0;
}

/* Advances the last decision that has another option; false: all done. */
static bool next_path(struct mcm_run *r)
{
	while (r->nd) {
		struct decision *d = &r->d[r->nd - 1];

		if (++d->i < d->n)
			return true;
		if (d->read != MCM_NO_EVENT)
			r->fixed &= ~BIT(d->read);
		r->nd--;
	}
	return false;
}

static bool note_write(struct explorer *x, const struct mcm_event *e)
{
	for (unsigned i = 0; i < x->nw; i++)
		if (x->w[i].loc == e->loc && x->w[i].off == e->off && x->w[i].size == e->size && x->w[i].val == e->val)
			return false;
	if (x->nw < MAX_WRITES)
		x->w[x->nw++] = (struct dwrite){e->loc, e->size, e->off, e->val};
	return true;
}

struct tracevec {
	struct mcm_trace *t;
	unsigned n, cap;
};

static int keep_trace(struct mcm_run *r, struct tracevec *v)
{
	struct mcm_arena *a = r->x->arena;
	struct mcm_event *ev = mcm_alloc(a, r->nev * sizeof(*ev));
	unsigned nfin = r->x->p->nregs[r->thread];
	struct mcm_final *fin = mcm_alloc(a, nfin * sizeof(*fin));

	if (v->n == MAX_TRACES) {
		limit(r, "thread P%u can run in more than %d ways", r->thread, MAX_TRACES);
		return -1;
	}
	memcpy(ev, r->ev, r->nev * sizeof(*ev));
	memcpy(fin, r->fin, nfin * sizeof(*fin));
	if (v->n == v->cap) {
		struct mcm_trace *t = mcm_alloc(a, (v->cap * 2 + 8) * sizeof(*t));

		if (v->n)
			memcpy(t, v->t, v->n * sizeof(*t));
		v->t = t;
		v->cap = v->cap * 2 + 8;
	}
	v->t[v->n++] = (struct mcm_trace){.nev = r->nev, .ev = ev, .fin = fin, .fail = r->fail};
	return 0;
}

/* Writes of a run that went beyond the bound on loops. */
static void note_cut(struct mcm_run *r)
{
	unsigned nw = 0;

	for (unsigned k = 0; k < r->nev; k++)
		if (r->ev[k].kind == MCM_WRITE) {
			nw++;
			r->x->cut_grown |= note_write(r->x, &r->ev[k]);
		}
	r->x->cut_writes[r->thread] = MAX(r->x->cut_writes[r->thread], nw);
}

/* All runs of one thread against the writes known so far. */
static int run_thread(struct mcm_run *r, struct tracevec *v, bool *cut)
{
	const struct mcm_program *p = r->x->p;
	unsigned steps = 0;

	v->n = 0;
	r->nd = 0;
	r->fixed = 0;
	r->forked_reads = false;
	do {
		do {
			r->nev = r->nchoices = 0;
			r->need = -1;
			r->cut = r->dropped = r->failed = false;
			r->fail = NULL;
			memset(r->fin, 0, p->nregs[r->thread] * sizeof(*r->fin));
			p->run(p->ctx, r->thread, r);
			if (r->failed || (r->need >= 0 && push_read(r) < 0))
				return -1;
			if (++steps > 4 * MAX_TRACES) {
				limit(r, "thread P%u can run in too many ways", r->thread);
				return -1;
			}
		} while (r->need >= 0);
		if (r->cut) {
			*cut = true;
			note_cut(r); /* what it wrote may be what lets another thread out of its loop */
		} else if (!r->dropped && keep_trace(r, v) < 0) {
			return -1;
		}
	} while (next_path(r));
	return 0;
}

int mcm_explore(const struct mcm_program *p, struct mcm_arena *a, struct mcm_explored *out, struct err *e)
{
	static _Thread_local struct mcm_run run; /* large: off the stack */
	static _Thread_local struct dwrite writes[MAX_WRITES];
	struct explorer x = {.p = p, .arena = a, .err = e, .w = writes};
	struct tracevec v[MCM_MAX_THREADS] = {0};
	bool again[MCM_MAX_THREADS];
	unsigned most = 0;

	out->cut = false;
	for (unsigned t = 0; t < p->nthreads; t++)
		again[t] = true;
	for (unsigned round = 0;; round++) {
		bool grown;

		x.cut_grown = false;
		for (unsigned t = 0; t < p->nthreads; t++) {
			if (!again[t])
				continue;
			run.x = &x;
			run.thread = t;
			if (run_thread(&run, &v[t], &out->cut) < 0)
				return -1;
			again[t] = run.forked_reads;
		}
		most = 0;
		grown = x.cut_grown;
		for (unsigned t = 0; t < p->nthreads; t++) {
			unsigned m = x.cut_writes[t];

			for (unsigned i = 0; i < v[t].n; i++) {
				unsigned nw = 0;

				for (unsigned k = 0; k < v[t].t[i].nev; k++)
					if (v[t].t[i].ev[k].kind == MCM_WRITE) {
						nw++;
						grown |= note_write(&x, &v[t].t[i].ev[k]);
					}
				m = MAX(m, nw);
			}
			most += m;
		}
		if (x.nw == MAX_WRITES)
			return err_set(e, EXIT_INPUT, "beyond limits: more than %d distinct writes", MAX_WRITES);
		if (!grown || round > most)
			break;
	}
	for (unsigned t = 0; t < p->nthreads; t++)
		out->thr[t] = (struct mcm_traces){.n = v[t].n, .t = v[t].t};
	return 0;
}
