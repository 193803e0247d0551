/*
 * The translation cache that all vCPUs share: units of host code keyed by the
 * host address of their first guest instruction (that is, by guest physical
 * address), the virtual pc and the context bits; the code memory that holds them;
 * links between units; invalidation and reclaim.
 *
 * Code memory is one memfd mapped twice, writable and executable (W^X), cut
 * into regions that are filled in turn.  When the next region is in use, all
 * its units are retired: unlinked from the hash, their entries patched, their
 * incoming jumps taken back, all jump caches declared stale (tc_epoch); after
 * a grace period (liburcu, QSBR: every vCPU has passed its run loop) the
 * region and the units' memory are reused.  Nobody stops the world.
 *
 * Lookup is wait-free, inside a read-side section of the calling thread.
 * Everything that changes something holds the cache's lock (rank RANK_TCACHE).
 * A killed unit may still be running on any vCPU; it leaves by itself.
 */
#ifndef PARMA_XLATE_UNITS_H
#define PARMA_XLATE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/err.h"

struct tc_unit;

struct tc_out { /* a direct exit */
	uint32_t site, stub;       /* CONST_AFTER_INIT offsets in the code */
	uint64_t pc;               /* CONST_AFTER_INIT */
	struct tc_unit *from, *to; /* GUARDED_BY(tcache lock) to: NULL: not linked */
	struct tc_out *next, **prev; /* GUARDED_BY(tcache lock) list of those that jump to `to` */
};

struct tc_unit {               /* freed after a grace period */
	const uint32_t *host;  /* CONST_AFTER_INIT guest code it was made from */
	uint64_t pc;           /* CONST_AFTER_INIT */
	uint32_t ctx;          /* CONST_AFTER_INIT */
	const uint32_t *guest_host; /* CONST_AFTER_INIT the guest words that it depends on, all in one page */
	uint32_t guest_bytes;  /* CONST_AFTER_INIT */
	uint8_t *code, *wcode; /* CONST_AFTER_INIT executable and writable view */
	uint32_t size, stale;  /* CONST_AFTER_INIT */
	void *data;            /* CONST_AFTER_INIT the user's, freed with the unit by free() */
	struct tc_out *out;    /* CONST_AFTER_INIT pointer */
	uint32_t nout;         /* CONST_AFTER_INIT */
	struct tc_unit *hash_next;   /* RCU(tcache), writer holds the lock */
	struct tc_unit *page_next;   /* GUARDED_BY(tcache lock) units of the same guest page */
	struct tc_unit *region_next; /* GUARDED_BY(tcache lock) */
	struct tc_out *in;           /* GUARDED_BY(tcache lock) */
	uint32_t dead;               /* ATOMIC(st_rel under the lock, ld_acq) */
};

/* Bumped when jump caches must be emptied before the next grace period ends; ld_acq after each quiescent state. */
extern uint32_t tc_epoch;

struct tc_ops {
	/* Makes every vCPU pass its run loop soon (REQ_POLL and kick). */
	void (*poke)(void);
	/* Patches a unit's entry; sets or takes back a link. */
	void (*kill)(uint8_t *wcode, uint32_t stale);
	void (*link)(const struct tc_out *o, const uint8_t *to);
	/* The calling vCPU begins or ends to wait for others: until then they need not wait for it (TLB maintenance). */
	void (*wait)(bool begin);
};

/* Maps `bytes` of code memory in `regions` parts. 0, or -1 with e filled. */
int tc_init(size_t bytes, unsigned regions, const struct tc_ops *ops, struct err *e);
void tc_fini(void);
/* Code memory from its start for glue, before the first unit; `size` bytes, writable view. */
uint8_t *tc_reserve(size_t size, intptr_t *delta);

struct tc_unit *tc_find(const uint32_t *host, uint64_t pc, uint32_t ctx);

/*
 * A window for one unit: tc_begin() takes the calling thread's arena, with at
 * least `need` bytes (may retire a region and wait for a grace period), before
 * the guest code at `host` is read;
 * tc_add() publishes, or frees u and returns the unit that another thread was
 * quicker with, or NULL if the page was invalidated since (u may be made of
 * old code).
 */
struct tc_window {
	uint8_t *buf, *end; /* writable view */
	intptr_t delta;
	unsigned region;
	uint32_t gen; /* of the guest page when its code was about to be read */
};
bool tc_begin(struct tc_window *w, size_t need, const void *host);
struct tc_unit *tc_add(struct tc_unit *u, struct tc_window *w);

/* Links exit `k` of u to the unit `to`, if both live. */
void tc_link(struct tc_unit *u, unsigned k, struct tc_unit *to);

/* Guest code in [host, host + len) is stale; NULL: all. Any thread. */
void tc_invalidate(const void *host, size_t len);

/* Bytes of code in use; units alive; for statistics. */
void tc_usage(uint64_t *code_bytes, uint64_t *units);

#endif
