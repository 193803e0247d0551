/*
 * See account.h.
 *
 * wall = off + halted + yielded + dsb + grace + lock + (ready to run)
 * ready to run = stolen + running;  stolen = ready - the thread's processor time
 * running = translate + (guest code, tlb, mmio in the ratio of the samples)
 * guest code = user + kernel + fence + retry
 *
 * Time is divided by intervals (settle()): each is divided by what was counted,
 * timed and sampled in it, and what it gave is never divided again.  Translation is timed
 * by clock; of that, the part in which the thread ran is taken to be as large as of all
 * the time in which it was ready.  Fences and failed store-exclusives are counted
 * (base/stats.def: in translated code only with -accel profile=on) and weighed
 * by the cost of one that nobody else disturbs (sched/cost.c), so what others add to
 * it stays with guest code.
 *
 * Spinning inside the timed waits uses processor time, so `stolen` may be too
 * small by as much; never too large.  The sampler's period is random, lest it
 * beats with the guest's own ticks, and long while everybody sleeps.  A sample
 * that comes late does not count: where processors are short the sampler runs when some
 * vCPU's thread has just blocked, and would see again and again what that was doing.
 * And on few processors the sampler stands in the way of one vCPU, so that it may find
 * another always waiting for that one (DSB); what such a vCPU does otherwise is then known from
 * few samples or none, and its waits stand for the guest code that they are in.
 *
 * Threads: the sampler is one; the vCPUs' fields are read racily.
 */
#include "sched/account.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/bits.h"
#include "base/clock.h"
#include "sched/sched_priv.h"

#define MIN_PERIOD_NS 2500000u /* twice that on average; a look costs some 20 microseconds of the processor, caches included */
#define IDLE_PERIOD_NS 10000000u
#define IDLE_ROUNDS 16
#define LATE_NS 300000u    /* a sample that is later is not one at random */
#define FEW_SAMPLES 4
#define SETTLE_ROUNDS 32   /* of the sampler, between two settlings of a vCPU */
#define SETTLE_NS 20000000u /* intervals that readers of the account ask for are not shorter */

const struct cause_info cause_info[CAUSE_COUNT] = {
#define CAUSE(name, help) [CAUSE_##name] = {#name, help},
#include "sched/account.def"
#undef CAUSE
};

/*
 * What vCPU k is seen doing; CAUSE_COUNT: something that is timed exactly. Sets *busy unless that is sleep.
 * Waits that guest code makes are SEEN_WAIT_EL0 and _EL1, which are no samples of their own.
 */
#define SEEN_WAIT_EL0 CAUSE_yielded
#define SEEN_WAIT_EL1 CAUSE_dsb

static enum cause look(const struct sched *s, unsigned k, bool *busy)
{
	const struct vcpu *c = s->vcpu[k];

	if (ld_rlx(&c->sleep_futex) != SLEEP_NONE || ld_rlx(&c->doing) == DOING_PARKED)
		return CAUSE_COUNT;
	*busy = true;
	if (ld_rlx(&s->slot[k].lock_since))
		return CAUSE_COUNT;
	switch ((enum vcpu_doing)ld_rlx(&c->doing)) {
	case DOING_GUEST: return ld_rlx(&c->el) ? CAUSE_kernel : CAUSE_user;
	case DOING_TLB: return CAUSE_tlb;
	case DOING_MMIO: return CAUSE_mmio;
	case DOING_WAIT: return ld_rlx(&c->el) ? SEEN_WAIT_EL1 : SEEN_WAIT_EL0;
	case DOING_PARKED: case DOING_TRANSLATE: break;
	}
	return CAUSE_COUNT;
}

/* Is any awake? A late look is for that alone. */
static bool sample_all(struct sched *s, bool late)
{
	bool busy = false;

	for (unsigned k = 0; k < s->n; k++) {
		enum cause what = s->vcpu[k] ? look(s, k, &busy) : CAUSE_COUNT;

		if (what != CAUSE_COUNT)
			s->slot[k].samples[what] += !late;
	}
	return busy;
}

static void settle(struct sched *s, unsigned k, uint64_t min_ns, uint64_t ns[CAUSE_COUNT]);

static void *sampler(void *arg)
{
	struct sched *s = arg;
	uint64_t x = 0x9e3779b97f4a7c15u, when = clock_ns(), ns[CAUSE_COUNT];
	unsigned idle = 0;

	prctl(PR_SET_TIMERSLACK, 1000ul);
	lock_take(&s->sample_lock);
	for (unsigned round = 1; !s->sample_end; round++) {
		struct timespec ts;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		idle = sample_all(s, clock_ns() > when + LATE_NS) ? 0 : idle + 1;
		for (unsigned k = 0; k < s->n && round % SETTLE_ROUNDS == 0; k++)
			if (s->vcpu[k])
				settle(s, k, SETTLE_NS, ns);
		when = clock_ns() + (idle > IDLE_ROUNDS ? IDLE_PERIOD_NS : MIN_PERIOD_NS + x % (2 * MIN_PERIOD_NS));
		ts = (struct timespec){(time_t)(when / 1000000000u), (long)(when % 1000000000u)};
		pthread_cond_timedwait(&s->sample_wake, &s->sample_lock.m, &ts);
	}
	lock_drop(&s->sample_lock);
	return NULL;
}

/* Above the vCPUs where these have a real-time priority: else the sampler would run when they let it. */
static bool start_above(struct sched *s)
{
	struct sched_param p;
	pthread_attr_t a;
	int policy, rc;

	if (pthread_getschedparam(pthread_self(), &policy, &p) || (policy != SCHED_RR && policy != SCHED_FIFO) ||
	    p.sched_priority >= sched_get_priority_max(policy))
		return false;
	p.sched_priority++;
	pthread_attr_init(&a);
	pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&a, policy);
	pthread_attr_setschedparam(&a, &p);
	rc = pthread_create(&s->sampler, &a, sampler, s);
	pthread_attr_destroy(&a);
	return !rc;
}

bool account_start(struct sched *s)
{
	pthread_condattr_t a;

	s->cost = cost_measure();
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&s->sample_wake, &a);
	pthread_condattr_destroy(&a);
	s->sampling = start_above(s) || !pthread_create(&s->sampler, NULL, sampler, s);
	if (s->sampling)
		pthread_setname_np(s->sampler, "sampler");
	return s->sampling;
}

void account_stop(struct sched *s)
{
	if (!s->sampling)
		return;
	lock_take(&s->sample_lock);
	s->sample_end = true;
	pthread_cond_signal(&s->sample_wake);
	lock_drop(&s->sample_lock);
	pthread_join(s->sampler, NULL);
	s->sampling = false;
	pthread_cond_destroy(&s->sample_wake);
}

/* Takes up to `ns` of what is left of *pool. */
static uint64_t take(uint64_t *pool, uint64_t ns)
{
	ns = MIN(*pool, ns);
	*pool -= ns;
	return ns;
}

/* A total that the vCPU keeps, with the interval that it is in now. */
static uint64_t with_present(const uint64_t *total, const uint64_t *since, uint64_t now)
{
	uint64_t t = ld_acq(since), sum = ld_rlx(total); /* pairs with st_rel in wait_begin() and wait_end() */

	return sum + (t && now > t ? now - t : 0);
}

/* What has been counted and timed of vCPU k until now. */
static void read_totals(struct sched *s, unsigned k, uint64_t now, struct account_totals *t)
{
	const struct slot *p = &s->slot[k];
	const struct vcpu *c = s->vcpu[k];

	*t = (struct account_totals){
		.at_ns = now,
		.run_ns = sched_thread_ns(s, k),
		.translate_ns = ld_rlx(&c->st.translate_ns),
		.fences = ld_rlx(&c->st.fences),
		.retries = ld_rlx(&c->st.stx_fails),
	};
	t->waited[CAUSE_off] = with_present(&p->off_ns, &p->off_since, now);
	t->waited[CAUSE_halted] = with_present(&c->st.halted_ns, &p->halted_since, now);
	t->waited[CAUSE_yielded] = with_present(&c->st.yielded_ns, &p->rest_since, now);
	t->waited[CAUSE_dsb] = ld_rlx(&c->st.dsb_wait_ns);
	t->waited[CAUSE_grace] = ld_rlx(&c->st.space_wait_ns);
	t->waited[CAUSE_lock] = with_present(&c->st.lock_wait_ns, &p->lock_since, now);
	memcpy(t->samples, p->samples, sizeof(t->samples));
}

static uint64_t since(uint64_t was, uint64_t now) { return now > was ? now - was : 0; }

static uint64_t part_of(uint64_t whole, uint64_t part, uint64_t all)
{
	return all ? (uint64_t)((double)whole * (double)MIN(part, all) / (double)all) : 0;
}

/* Moves `count` events of `each_ns` from guest code to cause c, in the ratio of EL0 and EL1. */
static void move_counted(uint64_t *ns, enum cause c, uint64_t count, double each_ns)
{
	uint64_t guest = ns[CAUSE_user] + ns[CAUSE_kernel], user;

	ns[c] = (uint64_t)MIN((double)count * each_ns, (double)guest);
	user = part_of(ns[c], ns[CAUSE_user], guest);
	ns[CAUSE_user] -= user;
	ns[CAUSE_kernel] -= ns[c] - user;
}

/* Samples of the time in which the thread ran, from `was` (NULL: the start) to `now`; how many. */
static uint64_t samples_of(const struct account_totals *was, const struct account_totals *now, uint64_t seen[CAUSE_COUNT])
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		seen[n] = now->samples[n] - (was ? was->samples[n] : 0);
	if (seen[CAUSE_user] + seen[CAUSE_kernel] + seen[CAUSE_tlb] + seen[CAUSE_mmio] < FEW_SAMPLES) {
		seen[CAUSE_user] += seen[SEEN_WAIT_EL0];
		seen[CAUSE_kernel] += seen[SEEN_WAIT_EL1];
	}
	seen[SEEN_WAIT_EL0] = seen[SEEN_WAIT_EL1] = 0;
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		sum += seen[n];
	return sum;
}

/* Divides the interval from `was` to `now` into ns. False: there is no sample in it, though the vCPU ran. */
static bool divide(const struct sched *s, unsigned k, const struct account_totals *was, const struct account_totals *now,
		   uint64_t ns[CAUSE_COUNT])
{
	static const enum cause waits[] = {CAUSE_off, CAUSE_halted, CAUSE_yielded, CAUSE_dsb, CAUSE_grace, CAUSE_lock};
	uint64_t left = since(was->at_ns, now->at_ns), ready, run, seen[CAUSE_COUNT], sum;
	bool known = true;

	memset(ns, 0, CAUSE_COUNT * sizeof(*ns));
	for (unsigned n = 0; n < ARRAY_SIZE(waits); n++)
		ns[waits[n]] = take(&left, since(was->waited[waits[n]], now->waited[waits[n]]));
	ready = left;
	run = take(&left, since(was->run_ns, now->run_ns));
	ns[CAUSE_stolen] = left;
	ns[CAUSE_translate] = part_of(run, since(was->translate_ns, now->translate_ns), ready);
	run -= ns[CAUSE_translate];
	sum = samples_of(was, now, seen);
	if (!sum) {
		known = run < MIN_PERIOD_NS;
		sum = samples_of(NULL, now, seen);
	}
	if (!sum)
		sum = seen[ld_rlx(&s->vcpu[k]->el) ? CAUSE_kernel : CAUSE_user] = 1;
	left = run;
	for (unsigned n = CAUSE_kernel; n < CAUSE_COUNT; n++)
		ns[n] += take(&left, part_of(run, seen[n], sum));
	ns[CAUSE_user] = seen[CAUSE_user] ? left : 0;
	ns[CAUSE_kernel] += seen[CAUSE_user] ? 0 : left; /* what was rounded away */
	move_counted(ns, CAUSE_fence, since(was->fences, now->fences), s->cost.fence_ns);
	move_counted(ns, CAUSE_retry, since(was->retries, now->retries), s->cost.retry_ns);
	return known;
}

/* The account of vCPU k to ns; what is at least min_ns old is divided for good. sample_lock held. */
static void settle(struct sched *s, unsigned k, uint64_t min_ns, uint64_t ns[CAUSE_COUNT])
{
	uint64_t now = clock_ns(), end = ld_acq(&s->end_ns), start = ld_acq(&s->start_ns);
	struct account *a = &s->slot[k].account;
	struct account_totals t;
	bool known;

	memset(ns, 0, CAUSE_COUNT * sizeof(*ns));
	if (!start)
		return;
	if (!a->last.at_ns)
		a->last.at_ns = start;
	read_totals(s, k, end ? end : now, &t);
	known = divide(s, k, &a->last, &t, ns);
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		ns[n] += a->ns[n];
	if (!known || t.at_ns < a->last.at_ns + min_ns)
		return;
	memcpy(a->ns, ns, sizeof(a->ns));
	a->last = t;
}

void account_get(struct sched *s, unsigned k, uint64_t ns[CAUSE_COUNT])
{
	lock_take(&s->sample_lock);
	settle(s, k, SETTLE_NS, ns);
	lock_drop(&s->sample_lock);
}

struct unit_costs account_costs(const struct sched *s) { return s->cost; }
