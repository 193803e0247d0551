/*
 * Time accounting of vCPUs: where each one's wall time went, for -stats, the
 * control socket, parma top and parma scale.
 *
 * Rare changes of state are timed exactly by the vCPU itself (halted, off,
 * waiting for DSB, for locks, for code memory, host CPU given away,
 * translation); the host's account of the thread's processor time gives what was
 * stolen; and what is left, the time in which the thread really ran, is divided
 * by samples of vcpu.doing, one byte that the vCPU sets as it goes.  So guest code
 * pays a store at slow paths and nothing else; with -accel profile=on also
 * an increment beside each fence and store-exclusive, which are counted.
 */
#ifndef PARMA_SCHED_ACCOUNT_H
#define PARMA_SCHED_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/cost.h"

struct sched;

enum cause {
#define CAUSE(name, help) CAUSE_##name,
#include "sched/account.def"
#undef CAUSE
	CAUSE_COUNT
};

struct cause_info {
	const char *name, *help;
};
extern const struct cause_info cause_info[CAUSE_COUNT];

/* Starts the sampler; without it all running time counts as user. False: the host gives no thread. */
bool account_start(struct sched *s);
void account_stop(struct sched *s);

/* What fences and failed store-exclusives are weighed with; 0 before account_start(). */
struct unit_costs account_costs(const struct sched *s);

/* Nanoseconds of vCPU k by cause since sched_run() began; adds up to the wall time. Any thread. */
void account_get(struct sched *s, unsigned k, uint64_t ns[CAUSE_COUNT]);

#endif
