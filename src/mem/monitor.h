/*
 * The exclusive monitors, ABA-safe: every store that must be seen by a
 * monitor takes the stripe of its 64-byte granule, bumps the stripe's
 * sequence number and stores while holding it.  LDXR samples the number
 * under the stripe, STXR succeeds if the number is still the same.
 *
 * The reference engine takes the stripe for every store to RAM (when there
 * is more than one vCPU); translated code only for pages that are monitored
 * (their write tags never match, so stores take the slow path).
 */
#ifndef PARMA_MEM_MONITOR_H
#define PARMA_MEM_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

#define MONITOR_GRANULE_LOG2 6
#define MONITOR_STRIPES 4096

struct monitor_stripe {
	uint32_t locked; /* ATOMIC(acquire in stripe_take, release in stripe_drop) */
	uint32_t seq;    /* number of stores seen: written with `locked` held, relaxed; read so too by WFE */
};
extern struct monitor_stripe monitor_stripes[MONITOR_STRIPES];

/* monitor.armed: bytes of the load-exclusive, and how it is followed up (a64/exclusive.h); 0: open */
#define MON_BYTES 31u
#define MON_BY_VALUE (1u << 8)
#define MON_PAIRED (1u << 9) /* with MON_BY_VALUE: what runs is the pair's own code, up to its store */

/* Per vCPU: what the local and global monitor hold. Translated code writes all but the last part. */
struct monitor {
	uint64_t armed;    /* OWNER(vcpu) */
	uint64_t val[2];   /* OWNER(vcpu) what the load read, as it lies in memory */
	uint64_t va;       /* OWNER(vcpu) by value: where, as a guest address */
	uint64_t load_pc;  /* OWNER(vcpu) by value: where the load stands */
	/* by page */
	uintptr_t granule; /* OWNER(vcpu) host address of the granule */
	uintptr_t addr;    /* OWNER(vcpu) what was read */
	uint32_t seq;      /* OWNER(vcpu) stripe's number when marked */
};

static inline struct monitor_stripe *stripe_of(uintptr_t host)
{
	uint64_t g = (uint64_t)host >> MONITOR_GRANULE_LOG2;

	return &monitor_stripes[(g ^ g >> 12) & (MONITOR_STRIPES - 1)];
}

/* Waits until the stripe looks free; gives the host CPU away where its holder seems to have lost its own. */
void stripe_wait(const struct monitor_stripe *s);

static inline void stripe_take(struct monitor_stripe *s)
{
	while (__atomic_exchange_n(&s->locked, 1, __ATOMIC_ACQUIRE))
		stripe_wait(s);
}

/* With the stripe held: n stores (0 or 1) that monitors must see. */
static inline void stripe_bump(struct monitor_stripe *s, unsigned n) { st_rlx(&s->seq, s->seq + n); }
static inline void stripe_drop(struct monitor_stripe *s) { st_rel(&s->locked, 0); }

#endif
