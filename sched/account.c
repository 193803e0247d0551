/*
 * See account.h.
 *
 * wall = off + halted + yielded + dsb + lock + (ready to run)
 * ready to run = stolen + running;  stolen = ready - the thread's processor time
 * running = user + kernel + translate + tlb + mmio, in the ratio of the samples
 *
 * Spinning inside the timed waits uses processor time, so `stolen` may be too
 * small by as much; never too large.  The sampler's period is random, lest it
 * beats with the guest's own ticks, and long while everybody sleeps.
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

#define MIN_PERIOD_NS 1000000u
#define IDLE_PERIOD_NS 40000000u
#define IDLE_ROUNDS 16

const struct cause_info cause_info[CAUSE_COUNT] = {
#define CAUSE(name, help) [CAUSE_##name] = {#name, help},
#include "sched/account.def"
#undef CAUSE
};

/* What vCPU c is seen doing; CAUSE_COUNT: something that is timed exactly. */
static enum cause look(const struct vcpu *c)
{
	if (ld_rlx(&c->sleep_futex) != SLEEP_NONE)
		return CAUSE_COUNT;
	switch ((enum vcpu_doing)ld_rlx(&c->doing)) {
	case DOING_GUEST: return ld_rlx(&c->el) ? CAUSE_kernel : CAUSE_user;
	case DOING_TRANSLATE: return CAUSE_translate;
	case DOING_TLB: return CAUSE_tlb;
	case DOING_MMIO: return CAUSE_mmio;
	case DOING_PARKED: case DOING_WAIT: break;
	}
	return CAUSE_COUNT;
}

static bool sample_all(struct sched *s)
{
	bool busy = false;

	for (unsigned k = 0; k < s->n; k++) {
		enum cause what = s->vcpu[k] ? look(s->vcpu[k]) : CAUSE_COUNT;

		if (what != CAUSE_COUNT) {
			st_rlx(&s->slot[k].samples[what], s->slot[k].samples[what] + 1);
			busy = true;
		}
	}
	return busy;
}

static void *sampler(void *arg)
{
	struct sched *s = arg;
	uint64_t x = 0x9e3779b97f4a7c15u;
	unsigned idle = 0;

	prctl(PR_SET_TIMERSLACK, 1000ul);
	lock_take(&s->sample_lock);
	while (!s->sample_end) {
		uint64_t when;
		struct timespec ts;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		idle = sample_all(s) ? 0 : idle + 1;
		when = clock_ns() + (idle > IDLE_ROUNDS ? IDLE_PERIOD_NS : MIN_PERIOD_NS + x % (2 * MIN_PERIOD_NS));
		ts = (struct timespec){(time_t)(when / 1000000000u), (long)(when % 1000000000u)};
		pthread_cond_timedwait(&s->sample_wake, &s->sample_lock.m, &ts);
	}
	lock_drop(&s->sample_lock);
	return NULL;
}

bool account_start(struct sched *s)
{
	pthread_condattr_t a;

	lock_init(&s->sample_lock, RANK_LEAF);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&s->sample_wake, &a);
	pthread_condattr_destroy(&a);
	s->sampling = !pthread_create(&s->sampler, NULL, sampler, s);
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
	lock_destroy(&s->sample_lock);
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

void account_get(struct sched *s, unsigned k, uint64_t ns[CAUSE_COUNT])
{
	const struct slot *p = &s->slot[k];
	const struct vcpu *c = s->vcpu[k];
	uint64_t now = clock_ns(), end = ld_acq(&s->end_ns), start = ld_acq(&s->start_ns), seen[CAUSE_COUNT], sum = 0, left, run;

	memset(ns, 0, CAUSE_COUNT * sizeof(*ns));
	if (!start)
		return;
	if (end)
		now = end;
	left = now - start;
	ns[CAUSE_off] = take(&left, with_present(&p->off_ns, &p->off_since, now));
	ns[CAUSE_halted] = take(&left, with_present(&c->st.halted_ns, &p->halted_since, now));
	ns[CAUSE_yielded] = take(&left, ld_rlx(&c->st.yielded_ns));
	ns[CAUSE_dsb] = take(&left, ld_rlx(&c->st.dsb_wait_ns));
	ns[CAUSE_lock] = take(&left, ld_rlx(&c->st.lock_wait_ns));
	run = take(&left, sched_thread_ns(s, k));
	ns[CAUSE_stolen] = left;
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		sum += seen[n] = ld_rlx(&p->samples[n]);
	if (!sum)
		sum = seen[CAUSE_user] = 1;
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		ns[n] += (uint64_t)((double)run * (double)seen[n] / (double)sum);
}
