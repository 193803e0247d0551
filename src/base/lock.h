/*
 * Mutexes with a rank: a thread takes locks in rising rank only.  The ranks
 * are this one enum; debug builds check each acquisition (BUG on an inversion).
 */
#ifndef PARMA_BASE_LOCK_H
#define PARMA_BASE_LOCK_H

#include <pthread.h>
#include <stdint.h>

enum lock_rank {
	RANK_MACHINE, /* machine life cycle: power, reset, pause */
	RANK_PSCI,    /* power state of all vCPUs */
	RANK_CHARDEV, /* character back ends: taken before the device that they feed */
	RANK_NET,     /* network back end */
	RANK_DEVICE,  /* one device's registers and queues */
	RANK_GIC,     /* interrupt controller: a bank of shared interrupts */
	RANK_GIC_CPU, /* interrupt controller: one vCPU's interface and private interrupts */
	RANK_TIMER,   /* the timer service */
	RANK_VCPU,    /* a vCPU's sleep and mailbox */
	RANK_OUTPUT,  /* output ring of a character back end */
	RANK_TCACHE,  /* translation cache writers */
	RANK_LINK,    /* jump patching */
	RANK_LEAF,    /* holders call nothing that locks */
};

struct lock {
	pthread_mutex_t m;
	enum lock_rank rank;
};

#define LOCK_INIT(r) {PTHREAD_MUTEX_INITIALIZER, (r)}

void lock_init(struct lock *l, enum lock_rank rank);
void lock_destroy(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);
/*
 * From now on the calling thread adds the nanoseconds that it waits for locks to *ns (NULL: nowhere); *since is the
 * start of the present wait (clock_ns()), 0 outside. Others may read both (st_rel, ld_acq of *since).
 */
void lock_wait_account(uint64_t *ns, uint64_t *since);
/* Waits on c with l held; as pthread_cond_wait. */
void lock_wait(struct lock *l, pthread_cond_t *c);

#endif
