/* What the files of sched share: its state, and the futex side (sleep.c). */
#ifndef PARMA_SCHED_PRIV_H
#define PARMA_SCHED_PRIV_H

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"
#include "sched/account.h"
#include "sched/sched.h"

enum power { POWER_OFF, POWER_PENDING, POWER_ON };

/* What account.c reads of a vCPU: sums since the start. */
struct account_totals {
	uint64_t at_ns, run_ns, translate_ns, fences, retries;
	uint64_t waited[CAUSE_COUNT], samples[CAUSE_COUNT];
};
struct account {
	struct account_totals last; /* when time was last divided */
	uint64_t ns[CAUSE_COUNT];   /* what there was until then */
};

/* Where vCPUs came to rest (crowd.c). */
#define CROWD_PLACES 64
struct crowd_place { /* GUARDED_BY(sched.crowd_lock) */
	uint64_t pc;
	unsigned blame;
	uint64_t retry_ns; /* not before, if there is too much blame */
	uint64_t wait_ns;  /* between such tries */
};

struct slot {
	struct sched *sched;          /* CONST_AFTER_INIT */
	pthread_t thread;             /* OWNER(main thread) */
	bool started;                 /* OWNER(main thread) */
	int tid;                      /* ATOMIC(st_rel by the thread, ld_acq): host thread id, 0 before it runs */
	int arena;                    /* published by tid: its memory arena, -1: none */
	uint64_t final_ns;            /* ATOMIC(st_rel when the thread ends): its processor time, 0 before */
	clockid_t clock;              /* published by tid: the thread's processor time */
	bool boot;                    /* CONST_AFTER_INIT */
	uint64_t boot_entry, boot_arg; /* CONST_AFTER_INIT */
	enum power power;             /* GUARDED_BY(sched.lock) */
	uint64_t off_ns;              /* OWNER(vcpu), racy reads: time powered off or paused, without the present interval */
	uint64_t off_since;           /* ATOMIC(st_rel, ld_acq in account_get): start of that interval, 0: none */
	uint64_t halted_since;        /* the same for vcpu.st.halted_ns */
	uint64_t poll_ns;             /* OWNER(vcpu) how long to look for a reason to wake before it sleeps (sleep.c) */
	uint64_t poll_again_ns;       /* OWNER(vcpu) not before */
	uint64_t lock_since;          /* the same for vcpu.st.lock_wait_ns (base/lock.c) */
	bool asleep, sleep_event;     /* OWNER(rr thread): in WFI, WFE */
	uint64_t sleep_deadline;      /* OWNER(rr thread) */
	uint64_t samples[CAUSE_COUNT]; /* GUARDED_BY(sched.sample_lock) */
	struct account account;       /* GUARDED_BY(sched.sample_lock) */
	uint64_t rest_since;          /* the same for vcpu.st.yielded_ns, while the vCPU rests */
	uint64_t run_since;           /* ATOMIC(st_rlx by the vcpu, ld_rlx in is_eldest(): an estimate): end of its last rest */
	uint64_t rest_pc;             /* OWNER(vcpu) where it came to rest */
	uint32_t rest_over;           /* ATOMIC(at_xchg by who wakes it, ld_sc by the vCPU) */
	uint64_t missed_tsc;          /* published by rest_over: when somebody who spun for it woke it, 0: nobody */
	bool bound;                   /* published by rest_over: to one processor, until it runs */
	int seen_on;                  /* ATOMIC(st_rlx by the vcpu, ld_rlx in is_shared(): a guess): host processor when it last spun, -1 */
	cpu_set_t may_run;            /* published by rest_over: where it could run before */
	bool hands_over;              /* OWNER(vcpu): the coming rest is one whose turn it is to end another's */
	uint64_t suspect_tsc;         /* OWNER(vcpu) the same, until it has released something */
	bool off_wanted;              /* GUARDED_BY(sched.lock): CPU_OFF, until the run loop is left */
	uint64_t entry, context;      /* GUARDED_BY(sched.lock) while not POWER_PENDING, then the thread's */
};

#define PAUSE_EVENT 1u /* a reset or the end is being carried out */
#define PAUSE_ONE 2u   /* one sched_pause() */

struct sched {
	struct sched_config cfg; /* CONST_AFTER_INIT */
	unsigned n;              /* CONST_AFTER_INIT */
	struct place *place;     /* CONST_AFTER_INIT; NULL: threads run anywhere */
	struct vcpu **vcpu;      /* CONST_AFTER_INIT */
	struct slot *slot;       /* CONST_AFTER_INIT; fields say */
	struct lock lock;
	pthread_cond_t changed;  /* with lock: any field below, or a slot */
	unsigned paused;         /* GUARDED_BY(lock): PAUSE_ */
	unsigned running;        /* GUARDED_BY(lock): vCPUs in their engine */
	unsigned usable;         /* CONST_AFTER_INIT: processors for vCPUs */
	unsigned awake;          /* ATOMIC(at_add; ld_rlx): vCPUs in guest code, not asleep */
	unsigned polling;        /* ATOMIC(at_add in poll()): vCPUs that poll before they sleep, not in `awake` */
	struct lock crowd_lock;  /* rank LEAF */
	struct vcpu **resting;   /* GUARDED_BY(crowd_lock): those that rest, the first to come first */
	unsigned nresting;       /* GUARDED_BY(crowd_lock), racy reads */
	uint64_t progress_tsc;   /* ATOMIC(st_rlx, at_cas in crowd_spin()): last release of a lock that was spun for, or last rescue */
	uint64_t released_tsc;   /* ATOMIC(st_rlx by who releases, ld_rlx in was_it_me()): last release of a lock that was spun for; a stale value blames the wrong place once */
	uint64_t turn_tsc;       /* ATOMIC(st_rlx, at_cas in crowd_spin()): when the next rester is to come in */
	uint64_t moved_tsc;      /* ATOMIC(at_cas, ld_rlx in crowd_move_away()): when somebody last left a processor that two were on */
	uint64_t stuck_tsc;      /* racy: how long after that somebody who rests is thought to be missing */
	struct crowd_place crowd_place[CROWD_PLACES]; /* GUARDED_BY(crowd_lock) */
	void (*rr)(struct vcpu *c, uint64_t insns); /* CONST_AFTER_INIT; NULL: a thread for each vCPU */
	uint64_t rr_state;       /* OWNER(rr thread) */
	uint32_t rr_events;      /* ATOMIC(at_add in rr_notify, ld_sc): a futex */
	uint32_t rr_waiting;     /* ATOMIC(at_xchg by the rr thread, ld_sc in rr_notify) */
	uint64_t start_ns, end_ns; /* ATOMIC(st_rel by sched_run, ld_acq in account_get): 0 before */
	pthread_t sampler;       /* OWNER(main thread) */
	bool sampling;           /* OWNER(main thread) */
	struct lock sample_lock; /* rank LEAF: sample_end, slot.samples, slot.account */
	pthread_cond_t sample_wake;
	bool sample_end;         /* GUARDED_BY(sample_lock) */
	struct unit_costs cost;  /* CONST_AFTER_INIT */
	bool reset_wanted, quitting, ending; /* GUARDED_BY(lock) */
	int exit_code;           /* GUARDED_BY(lock) */
};

static inline void sched_lock(struct sched *s) { lock_take(&s->lock); }
static inline void sched_unlock(struct sched *s) { lock_drop(&s->lock); }

/* rr.c */
void *rr_main(void *sched);
/* Names the calling thread after vCPU k. */
void sched_name_thread(unsigned k);
void rr_sleep(struct vcpu *c, uint64_t deadline_ns, bool event);
void rr_notify(struct sched *s);

void sched_kick(struct vcpu *c);
/* machine_ops.relax */
void sched_relax(struct vcpu *c, bool counted);
/* c's thread leaves guest code for a sleep, and comes back: for others' DSBs and grace periods. The first moves `awake`. */
void sched_out(struct sched *s, struct vcpu *c);
void sched_in(struct vcpu *c);
void sched_futex_wait(uint32_t *word, uint32_t val, uint64_t deadline_ns);

/* crowd.c: machine_ops.released and .rest */
void sched_released(struct vcpu *c);
void sched_rest(struct vcpu *c);
/*
 * c spins, there are processors enough, and one who may be waited for was last seen on c's own: then another is idle, and the
 * host would take milliseconds to see it, or longer if they sleep now and then. c goes there, which takes the host some 50 us.
 * False: that is not so, or somebody has moved just now (both would go to the same processor).
 */
bool crowd_move_away(struct sched *s, struct vcpu *c);
/* A vCPU has left guest code: somebody who rests may have its processor. */
void crowd_room(struct sched *s);
/* c spins, spin_tsc is up to date: it may be waiting for one that rests. */
void crowd_spin(struct sched *s, struct vcpu *c);

/* The vCPU's thread begins or ends a timed wait: *since is 0 outside, *total gets its length. */
static inline void wait_begin(uint64_t *since) { st_rel(since, clock_ns()); }
static inline void wait_end(uint64_t *since, uint64_t *total)
{
	uint64_t t = *since;

	st_rel(since, 0);
	st_rlx(total, *total + (clock_ns() - t));
}
/* Do more vCPUs run than there are processors for them? */
bool sched_overcommitted(const struct sched *s);
void sched_sleep(struct vcpu *c, uint64_t deadline_ns, bool event);

#endif
