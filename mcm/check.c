/* Soundness of mappings over cycles, exhaustively or sampled, on several threads. */
#include "mcm/check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"

bool mcm_check_prog(const struct aprog *p, const struct mcm_mapping *m, struct mcm_arena *a, struct mcm_cex *cex)
{
	struct mcm_states arm, host;
	unsigned missing;

	if (aprog_states(p, NULL, a, &arm, NULL) < 0 || aprog_states(p, m, a, &host, NULL) < 0)
		return false;
	if (mcm_states_subset(&host, &arm, &missing))
		return true;
	if (cex && !cex->found) {
		cex->found = true;
		cex->prog = *p;
		memcpy(cex->state, mcm_states_at(&host, missing), host.nslots * sizeof(uint64_t));
	}
	return false;
}

struct worker {
	const struct mcm_mapping *m;
	struct cycle_opts o;
	bool all;
	struct mcm_arena arena;
	struct mcm_check_result res; /* OWNER(worker), read after join */
	unsigned *stop;              /* ATOMIC(st_rel by the worker that finds one, ld_acq by all) */
	pthread_t thread;
};

static bool check_cycle(void *ctx, const struct cycle *c)
{
	struct worker *w = ctx;
	struct aprog p;

	if (ld_acq(w->stop))
		return false;
	if (!cycle_program(c, &p))
		return true;
	mcm_arena_reset(&w->arena);
	w->res.cycles++;
	if (!mcm_check_prog(&p, w->m, &w->arena, &w->res.cex)) {
		w->res.bad++;
		if (!w->all)
			st_rel(w->stop, 1u);
	}
	return true;
}

static void *run_worker(void *p)
{
	struct worker *w = p;

	cycle_each(&w->o, check_cycle, w);
	mcm_arena_free(&w->arena);
	mcm_solve_end();
	return NULL;
}

static void add_result(struct mcm_check_result *out, const struct mcm_check_result *r)
{
	out->cycles += r->cycles;
	out->bad += r->bad;
	if (r->cex.found && !out->cex.found)
		out->cex = r->cex;
}

enum { MAX_JOBS = 64 };

void mcm_check_cycles(const struct mcm_mapping *m, const struct cycle_opts *o, unsigned jobs, bool all,
		      struct mcm_check_result *out)
{
	static _Thread_local struct worker w[MAX_JOBS];
	unsigned stop = 0, n = MAX(1u, MIN(jobs, (unsigned)MAX_JOBS));

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < n; i++) {
		memset(&w[i], 0, sizeof(w[i]));
		w[i].m = m;
		w[i].o = *o;
		w[i].o.part = i;
		w[i].o.parts = n;
		w[i].all = all;
		w[i].stop = &stop;
	}
	for (unsigned i = 1; i < n; i++)
		if (pthread_create(&w[i].thread, NULL, run_worker, &w[i])) {
			run_worker(&w[i]); /* no more threads: do it here */
			w[i].thread = pthread_self();
		}
	run_worker(&w[0]);
	for (unsigned i = 1; i < n; i++)
		if (!pthread_equal(w[i].thread, pthread_self()))
			pthread_join(w[i].thread, NULL);
	for (unsigned i = 0; i < n; i++)
		add_result(out, &w[i].res);
}

void mcm_check_sample(const struct mcm_mapping *m, const struct cycle_opts *o, unsigned edges, unsigned n, uint64_t seed,
		      struct mcm_check_result *out)
{
	struct mcm_arena a = {0};
	struct cycle c;
	struct aprog p;

	memset(out, 0, sizeof(*out));
	for (unsigned tries = 0; out->cycles < n && tries < 1000 * n; tries++) {
		if (!cycle_random(o, edges, &seed, &c) || !cycle_program(&c, &p))
			continue;
		mcm_arena_reset(&a);
		out->cycles++;
		out->bad += !mcm_check_prog(&p, m, &a, &out->cex);
	}
	mcm_arena_free(&a);
}

/* ---- exclusive pairs ---- */

static struct aop mem_op(unsigned k, uint32_t val)
{
	static const uint8_t kinds[][2] = {{AOP_LD, MCM_LD}, {AOP_LD, MCM_LD_ACQ}, {AOP_ST, MCM_ST}, {AOP_ST, MCM_ST_REL},
					   {AOP_SWP, MCM_RMW_AL}};

	return (struct aop){.kind = kinds[k / 2][0], .cls = kinds[k / 2][1], .loc = k % 2, .val = val};
}

enum { NMEM = 10 };

static void check_one(const struct aprog *p, const struct mcm_mapping *m, struct mcm_arena *a, struct mcm_check_result *out,
		      bool all)
{
	if (out->bad && !all)
		return;
	mcm_arena_reset(a);
	out->cycles++;
	out->bad += !mcm_check_prog(p, m, a, &out->cex);
}

/* The second thread: writes of the pair's location alternate between two values, so the first one comes back. */
static void second_threads(struct aprog *p, const struct mcm_mapping *m, struct mcm_arena *a, struct mcm_check_result *out,
			   bool all)
{
	for (unsigned n = 1; n <= 3; n++) {
		unsigned total = n == 1 ? NMEM : n == 2 ? NMEM * NMEM : NMEM * NMEM * NMEM;

		for (unsigned k = 0; k < total; k++) {
			unsigned code = k, writes = 0;

			p->n[1] = n;
			for (unsigned i = 0; i < n; i++, code /= NMEM) {
				struct aop op = mem_op(code % NMEM, 0);

				if (op.kind != AOP_LD)
					op.val = op.loc ? 1 : ++writes % 2 ? 1 : 0;
				p->op[1][i] = op;
			}
			check_one(p, m, a, out, all);
		}
	}
}

void mcm_check_exclusives(const struct mcm_mapping *m, bool all, struct mcm_check_result *out)
{
	struct mcm_arena a = {0};
	struct aprog p;

	memset(out, 0, sizeof(*out));
	for (unsigned acq = 0; acq < 2; acq++)
		for (unsigned rel = 0; rel < 2; rel++)
			for (unsigned before = 0; before <= NMEM; before += 8) /* nothing, or STLR y */
				for (unsigned inside = 0; inside <= NMEM; inside += 2) { /* nothing, or an access of y */
					unsigned k = 0;

					memset(&p, 0, sizeof(p));
					snprintf(p.name, sizeof(p.name), "exclusive-pair");
					p.nthreads = p.nlocs = 2;
					if (before)
						p.op[0][k++] = mem_op(before - 1, 1);
					p.op[0][k++] = (struct aop){.kind = AOP_LDX, .cls = acq ? MCM_LDX_ACQ : MCM_LDX};
					if (inside) {
						struct aop in = mem_op(inside - 1, 2);

						p.op[0][k++] = in;
					}
					p.op[0][k++] = (struct aop){.kind = AOP_STX, .val = 2,
								    .cls = rel ? MCM_STX_PURE_REL : MCM_STX_PURE};
					p.n[0] = k;
					second_threads(&p, m, &a, out, all);
				}
	mcm_arena_free(&a);
}
