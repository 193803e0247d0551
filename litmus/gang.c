/* See gang.h. */
#include "litmus/gang.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "a64/cpumodel.h"
#include "a64/interp.h"
#include "a64/sysbits.h"
#include "a64/tlbi.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "litmus/asm.h"
#include "litmus/emit.h"
#include "mem/access.h"
#include "sched/sched.h"
#include "tcache/tcache.h"
#include "xlate/jit.h"

#define PAGE_TABLE (GANG_STUB + 0x1000)
#define MAILBOXES (GANG_STUB + 0x2000) /* one cache line a vCPU */

struct mailbox {
	struct gang_start start;
	uint64_t fresh; /* the code is new: synchronise first */
};

struct gang {
	const struct gang_engine *engine; /* CONST_AFTER_INIT */
	unsigned n;                       /* CONST_AFTER_INIT */
	struct physmap *pm;               /* CONST_AFTER_INIT */
	struct sched *sched;              /* CONST_AFTER_INIT */
	struct vcpu **cpu;                /* CONST_AFTER_INIT */
	pthread_t server;                 /* OWNER(driver): the thread in sched_run() */
	bool serving, started;            /* OWNER(driver): sched_run(), the engine */
	bool fresh[GANG_MAX_CPUS];        /* OWNER(vcpu), but set by the driver between jobs */

	struct lock lock;                 /* rank RANK_MACHINE */
	pthread_cond_t changed;           /* with lock: the gate, the job; vCPUs wait for it */
	pthread_cond_t over;              /* with lock: the driver waits for the end of the job */
	unsigned spins;                   /* CONST_AFTER_INIT: looks at the gate before one sleeps */
	/* ATOMIC(rel by the driver, or by the last at a gate before it opens, with lock held; acq); NULL between jobs. */
	const struct gang_job *job;
	bool ending;                      /* OWNER(the last at a gate): the job ends when the gate opens */
	unsigned active;                  /* GUARDED_BY(lock) for writing, between jobs; read by who takes part in the job */
	unsigned left;                    /* GUARDED_BY(lock): vCPUs that are through with the job */
	unsigned arrived;                 /* ATOMIC(rmw): vCPUs at the gate */
	uint64_t gate;                    /* ATOMIC(rel with lock held; acq): how often the gate opened */
	bool ran;                         /* OWNER(the last at a gate, before it opens): a run is to be collected */
	bool plays[GANG_MAX_CPUS];        /* OWNER(vcpu): it has a part in the run at hand */
	bool dead;                        /* ATOMIC(sc with lock held; acq, sc behind inside) */
	unsigned inside;                  /* ATOMIC(rmw; acq by the driver that said dead): vCPUs that may look at the job */
};

size_t gang_code_bytes;

static int start_jit(struct err *e) { return jit_init(gang_code_bytes, e); }

static int init_jit(struct vcpu *c) { return interp_init(c) || jit_cpu_init(c) ? -1 : 0; }

static void free_jit(struct vcpu *c)
{
	jit_cpu_free(c);
	interp_free(c);
}

static const struct gang_engine engines[] = {
	{"jit", "the translator", start_jit, jit_fini, init_jit, jit_run, free_jit},
	{"interp", "the reference engine, which knows no mappings", NULL, NULL, interp_init, interp_run, interp_free},
};

const struct gang_engine *gang_engine_at(unsigned i)
{
	return i < ARRAY_SIZE(engines) ? &engines[i] : NULL;
}

const struct gang_engine *gang_engine_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(engines); i++)
		if (!strcmp(engines[i].name, name))
			return &engines[i];
	return NULL;
}

/* -- the host half -- */

/* Sleeps until the gate has opened; `now`: not yet. */
static void sleep_until_open(struct gang *g, uint64_t now)
{
	lock_take(&g->lock);
	while (!ld_rlx(&g->dead) && ld_rlx(&g->gate) == now)
		lock_wait(&g->lock, &g->changed);
	lock_drop(&g->lock);
}

/* Until there is a job that vCPU v takes part in. */
static void sleep_until_job(struct gang *g, unsigned v)
{
	lock_take(&g->lock);
	while (!ld_rlx(&g->dead) && (!ld_rlx(&g->job) || v >= g->active))
		lock_wait(&g->lock, &g->changed);
	lock_drop(&g->lock);
}

/* Waits until all vCPUs of the job are here; the last one calls last(g). False: the gang is dead. */
static bool gate(struct gang *g, void (*last)(struct gang *g))
{
	uint64_t now = ld_rlx(&g->gate);

	if (at_add(&g->arrived, 1) + 1 == g->active) {
		last(g);
		st_rlx(&g->arrived, 0);
		lock_take(&g->lock);
		if (g->ending) {
			st_rel(&g->job, NULL);
			g->ending = false;
		}
		st_rel(&g->gate, now + 1);
		pthread_cond_broadcast(&g->changed);
		lock_drop(&g->lock);
		return !ld_acq(&g->dead);
	}
	for (unsigned k = 0; k < g->spins; k++) {
		if (ld_acq(&g->gate) != now)
			return !ld_acq(&g->dead);
		cpu_relax();
	}
	sleep_until_open(g, now);
	return !ld_acq(&g->dead);
}

/* Pairs with itself: what is written here is read after the gate has opened. */
static void before_work(struct gang *g)
{
	const struct gang_job *j = ld_acq(&g->job);

	if (j && g->ran)
		j->next(j->ctx);
}

static void after_work(struct gang *g)
{
	const struct gang_job *j = ld_acq(&g->job);

	g->ending = g->ran && !j->more(j->ctx);
	g->ran = !g->ending;
}

/* The last that a vCPU does of a job; the next one may leave it out, and would not wait for it. */
static void leave_job(struct gang *g)
{
	lock_take(&g->lock);
	if (++g->left == g->active)
		pthread_cond_signal(&g->over);
	lock_drop(&g->lock);
}

static void finish_run(struct gang *g, unsigned v)
{
	const struct gang_job *j = ld_acq(&g->job);

	if (j && j->done)
		j->done(j->ctx, v);
}

/* From the end of one run to the begin of the next in which v has a role. */
static void between_runs(struct gang *g, unsigned v, struct gang_start *start)
{
	const struct gang_job *j;
	bool ran;

	if (ld_sc(&g->dead))
		return;
	if (g->plays[v])
		finish_run(g, v);
	do {
		if (!ld_acq(&g->job) || v >= g->active)
			sleep_until_job(g, v);
		if (ld_acq(&g->dead) || !gate(g, before_work))
			return;
		j = ld_acq(&g->job);
		j->work(j->ctx, v, g->ran);
		if (!gate(g, after_work))
			return;
		ran = g->ran;
		if (!ran)
			leave_job(g);
		g->plays[v] = ran && j->assign(j->ctx, v, start);
	} while (!g->plays[v]);
}

/*
 * HLT #0xf000 of the idle loop.  Others may need this vCPU to let go of code
 * memory before they come here; the engine polls the cache after the call.
 */
static uint64_t host_half(struct vcpu *c, uint64_t op, uint64_t arg)
{
	struct gang *g = c->board;
	unsigned v = c->index;
	uint64_t box = MAILBOXES + v * 64;
	struct mailbox m = {.start.entry = GANG_STUB};

	if (gang_translates(g))
		tcache_leave(jit_cache_cpu(c));
	tlbi_leave(c);
	rcu_offline();
	at_add(&g->inside, 1);
	between_runs(g, v, &m.start);
	at_add(&g->inside, -1u);
	m.fresh = g->fresh[v] || m.start.fresh;
	g->fresh[v] = false;
	memcpy(gang_host(g, box), &m, sizeof(m));
	rcu_online();
	tlbi_enter(c);
	if (gang_translates(g))
		tcache_enter(jit_cache_cpu(c));
	return box;
}

/* -- the boot code -- */

static void put_stub(struct gang *g)
{
	uint64_t *table = gang_host(g, PAGE_TABLE);
	uint32_t words[256];
	struct emit e = {.word = words, .max = ARRAY_SIZE(words), .base = GANG_STUB};
	unsigned idle;

	/* 1 GiB of normal write-back memory, inner shareable, at EL1. */
	table[GANG_RAM >> 30] = GANG_RAM | BIT(10) | UINT64_C(3) << 8 | 1;
	emit(&e, "mov x1, #0x04ff"); /* attributes 0: normal, write-back; 1: Device-nGnRE */
	emit_msr(&e, EMIT_MAIR_EL1, 1);
	emit(&e, "mov x1, #%llu", (unsigned long long)GANG_TCR);
	emit_msr(&e, EMIT_TCR_EL1, 1);
	emit(&e, "mov x1, #%llu", (unsigned long long)PAGE_TABLE);
	emit_msr(&e, EMIT_TTBR0_EL1, 1);
	emit(&e, "mov x1, #%llu", 3ull << 20);
	emit_msr(&e, EMIT_CPACR_EL1, 1);
	emit(&e, "isb");
	emit(&e, "mov x1, #%llu", (unsigned long long)(SCTLR_RES1 | SCTLR_SPAN | SCTLR_M | SCTLR_C | SCTLR_I));
	emit_msr(&e, EMIT_SCTLR_EL1, 1);
	emit(&e, "isb");
	idle = e.n;
	emit_word(&e, 0xd45e0000); /* HLT #0xf000 */
	emit(&e, "ldr x1, [x0, #%zu]", offsetof(struct mailbox, fresh));
	emit(&e, "cbz x1, .+20");
	emit_word(&e, 0xd508751f); /* IC IALLU */
	emit_word(&e, 0xd508871f); /* TLBI VMALLE1 */
	emit(&e, "dsb sy");
	emit(&e, "isb");
	emit(&e, "ldr x1, [x0, #%zu]", offsetof(struct mailbox, start.entry));
	emit(&e, "br x1");
	BUG_ON(e.failed);
	/* The code of tests comes back to the very start: the way there is this branch. */
	memmove(words + 1, words, e.n * sizeof(words[0]));
	words[0] = 0x14000000u; /* patched below: to the idle loop */
	words[0] |= idle + 1;
	BUG_ON(!dma_write(g->pm, mk_gpa(GANG_STUB), words, (e.n + 1) * sizeof(words[0])));
}

/* -- making it -- */

void *gang_host(const struct gang *g, uint64_t addr) { return physmap_host(g->pm, mk_gpa(addr), 1, true); }
unsigned gang_ncpus(const struct gang *g) { return g->n; }
struct vcpu *gang_cpu(const struct gang *g, unsigned k) { return g->cpu[k]; }
bool gang_translates(const struct gang *g) { return g->engine->run == jit_run; }
uint64_t gang_icount(const struct gang *g) { return sched_icount(g->sched); }

static int make_cpus(struct gang *g, struct err *e)
{
	const struct sched_config sc = {.nvcpus = g->n, .no_rests = true, .run = g->engine->run};

	g->sched = sched_new(&sc);
	if (!g->sched)
		return err_set(e, EXIT_HOST, "no memory for %u vCPUs", g->n);
	g->cpu = sched_vcpus(g->sched);
	for (unsigned k = 0; k < g->n; k++) {
		const struct vcpu_config vc = {
			.index = k, .mpidr = k, .model = cpu_model_find("max"), .pm = g->pm, .mops = &sched_machine_ops,
			.machine = g->sched, .board = g, .all = g->cpu, .nvcpus = g->n, .semihost = host_half,
		};

		g->cpu[k] = vcpu_new(&vc);
		if (!g->cpu[k] || g->engine->init(g->cpu[k]))
			return err_set(e, EXIT_HOST, "no memory for vCPU %u", k);
		sched_set_boot(g->sched, k, GANG_STUB + 4, 0);
	}
	return 0;
}

static void *serve(void *arg)
{
	struct gang *g = arg;
	struct err e = {0};
	int code;

	if (sched_run(g->sched, &code, &e) < 0)
		fprintf(stderr, "parma litmus: %s\n", e.msg);
	return NULL;
}

struct gang *gang_new(const struct gang_engine *engine, unsigned ncpus, struct err *e)
{
	struct gang *g = calloc(1, sizeof(*g));

	BUG_ON(ncpus > GANG_MAX_CPUS);
	if (!g) {
		err_set(e, EXIT_HOST, "no memory for the machine");
		return NULL;
	}
	g->engine = engine;
	g->n = ncpus;
	g->spins = (long)ncpus <= sysconf(_SC_NPROCESSORS_ONLN) ? 2000 : 50;
	lock_init(&g->lock, RANK_MACHINE);
	pthread_cond_init(&g->changed, NULL);
	pthread_cond_init(&g->over, NULL);
	g->pm = physmap_new();
	g->started = g->engine->start && !g->engine->start(e);
	if (!g->pm || g->started != (g->engine->start != NULL) || physmap_add_ram(g->pm, mk_gpa(GANG_RAM), GANG_RAM_SIZE, "ram", e) < 0 || make_cpus(g, e) < 0) {
		gang_free(g);
		return NULL;
	}
	put_stub(g);
	if (pthread_create(&g->server, NULL, serve, g)) {
		err_set(e, EXIT_HOST, "cannot start a thread: %m");
		gang_free(g);
		return NULL;
	}
	g->serving = true;
	return g;
}

void gang_free(struct gang *g)
{
	if (g->serving) {
		lock_take(&g->lock);
		st_sc(&g->dead, true);
		pthread_cond_broadcast(&g->changed);
		lock_drop(&g->lock);
		sched_quit(g->sched, 0);
		pthread_join(g->server, NULL);
	}
	for (unsigned k = 0; g->cpu && k < g->n; k++)
		if (g->cpu[k]) {
			g->engine->free(g->cpu[k]);
			vcpu_free(g->cpu[k]);
		}
	if (g->started)
		g->engine->stop();
	sched_free(g->sched);
	if (g->pm)
		physmap_free(g->pm);
	pthread_cond_destroy(&g->changed);
	pthread_cond_destroy(&g->over);
	lock_destroy(&g->lock);
	free(g);
}

void gang_map(struct gang *g, uint64_t va, uint64_t table)
{
	ram_st64(gang_host(g, PAGE_TABLE + 8 * (va >> 30)), table | 3);
}

void gang_load(struct gang *g, const uint32_t *words, size_t nwords)
{
	BUG_ON(nwords * 4 > GANG_CODE_SIZE || !dma_write(g->pm, mk_gpa(GANG_CODE), words, nwords * 4));
	for (unsigned k = 0; k < g->n; k++)
		g->fresh[k] = true;
}

/* Whether nothing has got on since the last look. With lock held. */
static bool is_idle(struct gang *g, const struct gang_job *j, uint64_t *gates, uint64_t *got_on)
{
	uint64_t gate = ld_rlx(&g->gate), now = j->progress ? j->progress(j->ctx) : 0;
	bool idle = gate == *gates && now == *got_on;

	*gates = gate;
	*got_on = now;
	return idle;
}

int gang_run(struct gang *g, const struct gang_job *j, double patience)
{
	uint64_t seen = 0, got_on = 0;
	double idle = 0;
	bool done;

	j->next(j->ctx);
	lock_take(&g->lock);
	g->active = j->ncpus ? MIN(j->ncpus, g->n) : g->n;
	g->left = 0;
	st_rel(&g->job, j);
	pthread_cond_broadcast(&g->changed);
	while ((ld_acq(&g->job) || g->left < g->active) && idle < patience) {
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec += 100000000;
		if (ts.tv_nsec >= 1000000000) {
			ts.tv_nsec -= 1000000000;
			ts.tv_sec++;
		}
		if (pthread_cond_timedwait(&g->over, &g->lock.m, &ts) == ETIMEDOUT)
			idle = is_idle(g, j, &seen, &got_on) ? idle + 0.1 : 0;
	}
	done = !ld_acq(&g->job) && g->left == g->active;
	if (!done) {
		st_sc(&g->dead, true);
		pthread_cond_broadcast(&g->changed);
	}
	lock_drop(&g->lock);
	while (!done && ld_acq(&g->inside)) /* the job is the caller's again */
		usleep(1000);
	return done ? 0 : -1;
}
