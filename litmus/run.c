/* See run.h; what happens around runs is in trial.c. */
#include "litmus/run.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "a64/cpu_ops.h"
#include "a64/sysbits.h"
#include "base/bits.h"
#include "base/clock.h"
#include "litmus/plan.h"
#include "mem/access.h"

struct run {
	struct gang *g;            /* CONST_AFTER_INIT, and so on down to allowed */
	const struct lit_model *m;
	const struct lit_run_opts *o;
	struct lit_image img;
	struct trial_plan plan;
	struct trial t;            /* see there */
	cpu_set_t allowed;         /* host CPUs */
	unsigned asked[GANG_MAX_CPUS];        /* OWNER(more()): states of each that `stop` was asked about */
	unsigned pinned[GANG_MAX_CPUS];       /* OWNER(vcpu): host CPU + 1 */
	uint64_t runs;             /* OWNER(more()) */
	bool last;                 /* OWNER(next()): the run drawn will not be run */
	uint64_t start_ns;
};

/* Code that the last run changed is as it was before. */
static void restore_code(const struct run *r, unsigned v)
{
	unsigned from, to;

	trial_share(&r->plan, v, &from, &to);
	for (unsigned k = from; k < to; k++)
		for (unsigned th = 0; th < r->plan.nthreads; th++) {
			uint64_t at = LIT_GUEST_CODE(th) + (uint64_t)k * r->img.step;
			const uint32_t *was = r->img.word + (at - GANG_CODE) / 4;
			void *now = gang_host(r->g, at);

			if (!memcmp(now, was, r->img.step))
				continue;
			dma_write(gang_cpu(r->g, 0)->pm, mk_gpa(at), was, r->img.step);
			if (code_stale)
				code_stale(NULL, now, r->img.step);
		}
}

/* The n-th CPU of a set, counted around. */
static unsigned nth_cpu(const cpu_set_t *set, unsigned n)
{
	unsigned cpu = 0;

	n %= (unsigned)CPU_COUNT(set);
	while (!CPU_ISSET(cpu, set) || n--)
		cpu++;
	return cpu;
}

/* Puts vCPU v, whose thread this is, on a host CPU. */
static void pin(struct run *r, unsigned v)
{
	unsigned role = r->t.now.role[v], cpus = (unsigned)CPU_COUNT(&r->allowed), want = 0, cpu;
	cpu_set_t set;

	switch (r->o->affinity) {
	case AFFINITY_NONE: return;
	case AFFINITY_RANDOM: want = v; break; /* which thread it is, is random */
	case AFFINITY_INCR: want = role * r->o->incr; break;
	case AFFINITY_SCAN: want = role * (unsigned)(1 + r->t.now.number % cpus) + (unsigned)(r->t.now.number / cpus); break;
	case AFFINITY_CUSTOM: want = role; break;
	}
	if (r->o->affinity == AFFINITY_CUSTOM && r->o->ncpu)
		cpu = r->o->cpu[role % r->o->ncpu];
	else
		cpu = nth_cpu(&r->allowed, want + r->o->first_cpu);
	if (r->pinned[v] == cpu + 1)
		return;
	r->pinned[v] = cpu + 1;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void next(void *ctx)
{
	struct run *r = ctx;

	trial_draw(&r->t);
	r->last = r->o->seconds <= 0 && r->t.now.number > r->o->runs;
}

static void work(void *ctx, unsigned v, bool ran)
{
	struct run *r = ctx;

	if (ran)
		trial_collect(&r->t, v);
	if (r->last)
		return;
	trial_prepare(&r->t, v);
	if (r->img.step)
		restore_code(r, v);
}

static bool assign(void *ctx, unsigned v, struct gang_start *st)
{
	struct run *r = ctx;

	if (!trial_role(&r->t, v, &st->rec, &st->out, &st->entry))
		return false;
	st->fresh = r->plan.npages;
	pin(r, v);
	return true;
}

static void done(void *ctx, unsigned v)
{
	struct run *r = ctx;

	trial_digest(&r->t, v);
}

static bool stop_now(struct run *r)
{
	for (unsigned v = 0; r->o->stop && v < r->plan.ncpus; v++)
		for (; r->asked[v] < r->t.hist[v].n; r->asked[v]++)
			if (r->o->stop(r->o->stop_ctx, hist_at(&r->t.hist[v], r->asked[v])))
				return true;
	return false;
}

static bool more(void *ctx)
{
	struct run *r = ctx;
	bool go_on = r->o->seconds > 0 ? (double)(clock_ns() - r->start_ns) < 1e9 * r->o->seconds : !r->last;

	r->runs++;
	return go_on && !stop_now(r);
}

static uint64_t progress(void *ctx)
{
	const struct run *r = ctx;

	return trial_progress(&r->t);
}

static int run_trials(struct run *r, struct lit_result *res, struct err *e)
{
	struct gang_job job = {next, work, assign, done, more, r->plan.ncpus, progress, r};
	uint32_t *perm = calloc(r->plan.size, sizeof(*perm));
	uint64_t end;

	if (!perm)
		return err_set(e, EXIT_HOST, "no memory");
	end = trial_init(&r->t, &r->plan, gang_host(r->g, GANG_RAM), perm, GANG_DATA);
	if (end > GANG_RAM + GANG_RAM_SIZE)
		err_set(e, EXIT_INPUT, "%s: -s %u takes more memory than the machine has", r->m->t->file, r->plan.size);
	else {
		memset(gang_host(r->g, GANG_DATA), 0, end - GANG_DATA);
		if (r->plan.npages) {
			trial_tables(&r->t);
			gang_map(r->g, LIT_VM, r->t.level2);
		}
		gang_load(r->g, r->img.word, r->img.nwords);
		r->start_ns = clock_ns();
		res->endless = gang_run(r->g, &job, r->o->patience) < 0;
		res->seconds = 1e-9 * (double)(clock_ns() - r->start_ns);
		if (res->endless)
			err_set(e, EXIT_GUEST, "%s: a run did not end within %.0f seconds", r->m->t->file, r->o->patience);
	}
	free(perm);
	return e->code ? -1 : 0;
}

static void add_up(struct run *r, struct lit_result *res)
{
	res->runs = (unsigned)r->runs;
	res->copies = r->plan.ncopies;
	res->trials = r->runs * r->plan.ncopies * r->plan.size;
	hist_init(&res->hist, r->plan.width);
	for (unsigned v = 0; v < r->plan.ncpus; v++) {
		hist_merge(&res->hist, &r->t.hist[v]);
		res->faults += r->t.faults[v];
	}
}

int lit_run(struct gang *g, const struct lit_model *m, const struct lit_run_opts *o, struct lit_result *res, struct err *e)
{
	struct run *r = calloc(1, sizeof(*r));
	int ret;

	*res = (struct lit_result){0};
	*e = (struct err){0};
	if (!r)
		return err_set(e, EXIT_HOST, "no memory");
	r->g = g;
	sched_getaffinity(0, sizeof(r->allowed), &r->allowed);
	r->m = m;
	r->o = o;
	ret = lit_plan(m, o, o->ncpus ? MIN(o->ncpus, gang_ncpus(g)) : gang_ncpus(g), &r->img, &r->plan, e) < 0 ? -1 : run_trials(r, res, e);
	if (!ret)
		add_up(r, res);
	trial_free(&r->t);
	free(r);
	return ret;
}
