/* See sched.h. */
#include "sched/sched.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "a64/psci.h"
#include "a64/tlbi.h"
#include "base/alloc.h"
#include "base/bug.h"
#include "base/lock.h"
#include "base/rcu.h"
#include "sched/sched_priv.h"

/* Makes a vCPU's thread look at what the lock guards. */
static void stop_vcpu(struct vcpu *c)
{
	at_or(&c->request, REQ_STOP);
	c->mops->kick(c);
}

static void stop_all(struct sched *s)
{
	for (unsigned k = 0; k < s->n; k++)
		if (s->vcpu[k])
			stop_vcpu(s->vcpu[k]);
}

/* -- a vCPU's thread -- */

/* Waits until the vCPU may run; false: the thread ends. Called and returns with the lock held. */
static bool wait_runnable(struct sched *s, struct slot *p)
{
	bool on;

	wait_begin(&p->off_since);
	while (!s->ending && (s->paused || p->power == POWER_OFF))
		lock_wait(&s->lock, &s->changed);
	on = !s->ending;
	wait_end(&p->off_since, &p->off_ns);
	return on;
}

/* Runs the vCPU until it is stopped. Called and returns with the lock held. */
static void run_once(struct sched *s, struct slot *p, struct vcpu *c)
{
	bool boot = p->power == POWER_PENDING;

	at_and(&c->request, ~REQ_STOP);
	p->power = POWER_ON;
	s->running++;
	sched_unlock(s);
	if (boot) {
		if (s->cfg.cpu_reset)
			s->cfg.cpu_reset(s->cfg.arg, c);
		vcpu_reset(c, p->entry, p->context);
	}
	at_add(&s->awake, 1);
	st_rlx(&c->doing, DOING_GUEST);
	tlbi_enter(c);
	rcu_online();
	do {
		s->cfg.run(c);
		rcu_quiescent();
	} while (!vcpu_poll(c));
	rcu_offline();
	tlbi_leave(c);
	st_rlx(&c->doing, DOING_PARKED);
	at_add(&s->awake, -1);
	crowd_room(s);
	sched_lock(s);
	if (p->off_wanted) {
		sched_unlock(s);
		vcpu_reset(c, 0, 0); /* its timers are off too */
		sched_lock(s);
		p->off_wanted = false;
		p->power = POWER_OFF;
	}
	s->running--;
	pthread_cond_broadcast(&s->changed);
}

/* By the thread itself: naming another one means opening a file, which the sandbox refuses. */
void sched_name_thread(unsigned k)
{
	char name[16];

	snprintf(name, sizeof(name), "vcpu %u", k);
	pthread_setname_np(pthread_self(), name);
}

static void *thread_main(void *arg)
{
	struct slot *p = arg;
	struct sched *s = p->sched;
	struct vcpu *c = s->vcpu[p - s->slot];

	sched_name_thread((unsigned)(p - s->slot));
	prctl(PR_SET_TIMERSLACK, 1000ul); /* short sleeps are short */
	place_bind_thread(s->place, (unsigned)(p - s->slot));
	p->arena = alloc_thread_arena();
	lock_wait_account(&c->st.lock_wait_ns, &p->lock_since);
	pthread_getcpuclockid(pthread_self(), &p->clock);
	st_rel(&p->tid, gettid()); /* pairs with sched_thread_ns() */
	rcu_reader_register();
	rcu_offline();
	sched_lock(s);
	while (wait_runnable(s, p))
		run_once(s, p, c);
	sched_unlock(s);
	st_rel(&p->final_ns, sched_thread_ns(s, (unsigned)(p - s->slot)));
	rcu_reader_unregister();
	return NULL;
}

/* The thread of vCPU k, or of all of them. */
static int start_thread(struct sched *s, unsigned k, struct err *e)
{
	struct slot *p = &s->slot[k];
	sigset_t all, old;
	int rc;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = s->rr ? pthread_create(&p->thread, NULL, rr_main, s) : pthread_create(&p->thread, NULL, thread_main, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_set(e, EXIT_HOST, "cannot start the thread of vCPU %u: %s", k, strerror(rc));
	p->started = true;
	return 0;
}

/* -- power control (machine_ops) -- */

static struct slot *slot_of_mpidr(struct sched *s, uint64_t mpidr)
{
	for (unsigned k = 0; k < s->n; k++)
		if (s->vcpu[k] && (s->vcpu[k]->mpidr & PSCI_MPIDR_MASK) == mpidr)
			return &s->slot[k];
	return NULL;
}

static int64_t ops_cpu_on(struct vcpu *caller, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	struct sched *s = caller->machine;
	struct slot *p = slot_of_mpidr(s, mpidr);
	int64_t ret = PSCI_SUCCESS;

	if (!p)
		return PSCI_INVALID_PARAMETERS;
	sched_lock(s);
	switch (p->power) {
	/* Nothing undoes a CPU_ON: for callers that come later the CPU is on, also while its thread wakes up. */
	case POWER_ON:
	case POWER_PENDING: ret = PSCI_ALREADY_ON; break;
	case POWER_OFF:
		p->power = POWER_PENDING;
		p->entry = entry;
		p->context = context;
		pthread_cond_broadcast(&s->changed);
		break;
	}
	sched_unlock(s);
	return ret;
}

static int64_t ops_affinity_info(struct vcpu *caller, uint64_t mpidr, uint64_t level)
{
	struct sched *s = caller->machine;
	struct slot *p = slot_of_mpidr(s, mpidr);
	int64_t ret = PSCI_AFF_ON;

	if (level > 0) /* a cluster is never off: the caller may be in it */
		return PSCI_AFF_ON;
	if (!p)
		return PSCI_INVALID_PARAMETERS;
	sched_lock(s);
	if (p->power == POWER_OFF)
		ret = PSCI_AFF_OFF;
	sched_unlock(s);
	return ret;
}

static void ops_cpu_off(struct vcpu *c)
{
	struct sched *s = c->machine;

	sched_lock(s);
	s->slot[c->index].off_wanted = true;
	sched_unlock(s);
	at_or(&c->request, REQ_STOP);
}

static void ops_system_off(struct vcpu *c, int exit_code) { sched_quit(c->machine, exit_code); }
static void ops_system_reset(struct vcpu *c) { sched_ask_reset(c->machine); }

const struct machine_ops sched_machine_ops = {
	.kick = sched_kick,
	.sleep = sched_sleep,
	.relax = sched_relax,
	.released = sched_released,
	.rest = sched_rest,
	.cpu_on = ops_cpu_on,
	.affinity_info = ops_affinity_info,
	.cpu_off = ops_cpu_off,
	.system_off = ops_system_off,
	.system_reset = ops_system_reset,
};

/* -- the machine's life -- */

struct sched *sched_new(const struct sched_config *cfg)
{
	struct sched *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = *cfg;
	s->n = cfg->nvcpus;
	s->usable = place_usable_cpus();
	s->vcpu = calloc(s->n, sizeof(*s->vcpu));
	s->slot = calloc(s->n, sizeof(*s->slot));
	s->resting = calloc(s->n, sizeof(*s->resting));
	if (!s->vcpu || !s->slot || !s->resting) {
		free(s->resting);
		free(s->vcpu);
		free(s->slot);
		free(s);
		return NULL;
	}
	lock_init(&s->lock, RANK_PSCI);
	lock_init(&s->sample_lock, RANK_LEAF);
	lock_init(&s->crowd_lock, RANK_LEAF);
	pthread_cond_init(&s->changed, NULL);
	for (unsigned k = 0; k < s->n; k++)
		s->slot[k] = (struct slot){.sched = s, .seen_on = -1};
	return s;
}

void sched_set_place(struct sched *s, struct place *p) { s->place = p; }
struct vcpu **sched_vcpus(struct sched *s) { return s->vcpu; }

void sched_set_boot(struct sched *s, unsigned k, uint64_t entry, uint64_t arg)
{
	s->slot[k].boot = true;
	s->slot[k].boot_entry = entry;
	s->slot[k].boot_arg = arg;
}

/* Power states as after reset. Lock held, nothing runs. */
static void power_cycle(struct sched *s)
{
	for (unsigned k = 0; k < s->n; k++) {
		struct slot *p = &s->slot[k];

		p->power = p->boot ? POWER_PENDING : POWER_OFF;
		p->off_wanted = false;
		p->entry = p->boot_entry;
		p->context = p->boot_arg;
	}
	rr_notify(s);
	pthread_cond_broadcast(&s->changed);
}

void sched_quit(struct sched *s, int exit_code)
{
	sched_lock(s);
	if (!s->quitting) {
		s->quitting = true;
		s->exit_code = exit_code;
	}
	pthread_cond_broadcast(&s->changed);
	stop_all(s);
	s->paused |= PAUSE_EVENT;
	sched_unlock(s);
}

void sched_ask_reset(struct sched *s)
{
	sched_lock(s);
	s->reset_wanted = true;
	s->paused |= PAUSE_EVENT;
	pthread_cond_broadcast(&s->changed);
	stop_all(s);
	sched_unlock(s);
}

static void wait_stopped(struct sched *s)
{
	while (s->running)
		lock_wait(&s->lock, &s->changed);
}

void sched_pause(struct sched *s)
{
	sched_lock(s);
	s->paused += PAUSE_ONE;
	stop_all(s);
	wait_stopped(s);
	sched_unlock(s);
}

void sched_resume(struct sched *s)
{
	sched_lock(s);
	BUG_ON(s->paused < PAUSE_ONE);
	s->paused -= PAUSE_ONE;
	pthread_cond_broadcast(&s->changed);
	sched_unlock(s);
}

/* One reset, with everything stopped; false: the machine is to end. Lock held. */
static bool do_reset(struct sched *s)
{
	bool go_on;

	wait_stopped(s);
	s->reset_wanted = false;
	sched_unlock(s);
	for (unsigned k = 0; k < s->n; k++)
		if (s->vcpu[k])
			vcpu_reset(s->vcpu[k], 0, 0);
	go_on = s->cfg.reset && s->cfg.reset(s->cfg.arg);
	sched_lock(s);
	if (!go_on)
		return false;
	power_cycle(s);
	if (!s->reset_wanted && !s->quitting)
		s->paused &= ~PAUSE_EVENT;
	return true;
}

/* The machine that bug_dump() prints; a process has one at a time. */
static struct sched *the_sched;

static void dump_all(void)
{
	for (unsigned k = 0; the_sched && k < the_sched->n; k++)
		if (the_sched->vcpu[k])
			vcpu_dump(the_sched->vcpu[k], stderr);
}

static void serve(struct sched *s)
{
	sched_lock(s);
	power_cycle(s);
	while (!s->quitting) {
		if (s->reset_wanted) {
			if (!do_reset(s))
				s->quitting = true;
		} else {
			lock_wait(&s->lock, &s->changed);
		}
	}
	s->ending = true;
	stop_all(s);
	pthread_cond_broadcast(&s->changed);
	sched_unlock(s);
}

enum sched_state sched_cpu_state(struct sched *s, unsigned k)
{
	enum sched_state st = SCHED_OFF;

	sched_lock(s);
	if (s->slot[k].power != POWER_OFF)
		st = s->paused ? SCHED_PAUSED : ld_rlx(&s->vcpu[k]->sleep_futex) ? SCHED_HALTED : SCHED_RUNNING;
	sched_unlock(s);
	return st;
}

int sched_thread_id(struct sched *s, unsigned k) { return ld_acq(&s->slot[k].tid); }
int sched_thread_arena(struct sched *s, unsigned k) { return ld_acq(&s->slot[k].tid) ? s->slot[k].arena : -1; }

uint64_t sched_thread_ns(struct sched *s, unsigned k)
{
	struct timespec ts;
	uint64_t final = ld_acq(&s->slot[k].final_ns); /* pairs with thread_main() */

	if (final)
		return final;
	if (!ld_acq(&s->slot[k].tid) || clock_gettime(s->slot[k].clock, &ts)) /* pairs with thread_main() */
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t sched_icount(const struct sched *s)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < s->n; k++)
		sum += s->vcpu[k] ? ld_rlx(&s->vcpu[k]->icount) : 0;
	return sum;
}

int sched_run(struct sched *s, int *exit_code, struct err *e)
{
	int rc = 0;

	the_sched = s;
	bug_dump = dump_all;
	st_rel(&s->start_ns, clock_ns());
	for (unsigned k = 0; k < s->n; k++)
		if (s->vcpu[k])
			s->vcpu[k]->watch_releases = s->n > s->usable && !s->rr;
	for (unsigned k = 0; k < (s->rr ? 1 : s->n) && !rc; k++)
		rc = start_thread(s, k, e);
	if (rc)
		sched_quit(s, 0);
	serve(s);
	for (unsigned k = 0; k < s->n; k++)
		if (s->slot[k].started)
			pthread_join(s->slot[k].thread, NULL);
	st_rel(&s->end_ns, clock_ns());
	the_sched = NULL;
	*exit_code = s->exit_code;
	return rc;
}

void sched_free(struct sched *s)
{
	if (!s)
		return;
	lock_destroy(&s->lock);
	lock_destroy(&s->sample_lock);
	lock_destroy(&s->crowd_lock);
	free(s->resting);
	pthread_cond_destroy(&s->changed);
	free(s->vcpu);
	free(s->slot);
	free(s);
}
