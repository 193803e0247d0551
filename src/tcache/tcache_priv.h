/*
 * What the files of the translation cache share.
 *
 * Code memory is [glue][region 0][region 1]..., mapped twice: writable at
 * `rw` and executable at `rx`.  A region is filled upwards by one thread at a
 * time.  The metadata of its blocks lies in ordinary memory of its own, which is
 * filled in the same order and goes together with the code: blocks there follow
 * each other, so the region's blocks, living and dead, are a walk over it.
 */
#ifndef PARMA_TCACHE_PRIV_H
#define PARMA_TCACHE_PRIV_H

#include "base/atomic.h"
#include "base/bits.h"
#include "base/bug.h"
#include "base/lock.h"
#include "tcache/tcache.h"

#define TC_PAGE_BITS 12
#define TC_PAGE (UINT64_C(1) << TC_PAGE_BITS)
/* Host addresses of 47 bits: three levels. */
#define TC_LEAF_BITS 12
#define TC_MID_BITS 12
#define TC_TOP_BITS (47 - TC_PAGE_BITS - TC_LEAF_BITS - TC_MID_BITS)
#define TC_KILL_LOG 256 /* recent kills, for tcache_poll() */

enum region_state {
	REGION_FREE,
	REGION_OPEN,    /* in the age queue; may have blocks */
	REGION_RETIRED, /* waits for a grace period */
};

struct region {
	uint8_t *base;             /* CONST_AFTER_INIT: writable view */
	uint8_t *meta;             /* CONST_AFTER_INIT: where its metadata starts */
	/* GUARDED_BY(tcache.lock) from here; the thread that has reserved in it reads the ends without */
	enum region_state state;
	bool busy;                 /* reserved from and not yet published */
	bool spare;                /* in the list of those with room */
	struct region *next_spare;
	uint8_t *code_end, *meta_end;
	uint8_t *code_ready, *meta_ready; /* up to here the host has given memory; while busy, written by the thread that has reserved, without the lock (stock.c) */
	uint32_t live;             /* blocks that are not dead */
	struct region *next;       /* in the free list, the age queue or the queue of retired ones */
	uint64_t epoch;            /* retired: free when every thread has seen this */
	uint64_t retired_ns;       /* when that was */
};

/* A page of guest RAM. */
struct tpage {
	uint32_t watched;       /* ATOMIC(at_xchg in tcache_watch(), ld_sc in tcache_invalidate()): 0: no code was ever read here */
	uint32_t gen;           /* ATOMIC(at_add with tcache.lock, ld_acq in tcache_watch()) */
	struct tpage_ref *refs; /* GUARDED_BY(tcache.lock) */
};

/* All pages that code was read from. Inner nodes are made on demand and stay. */
struct tleaf {
	struct tpage page[1u << TC_LEAF_BITS];
};
struct tmid {
	struct tleaf *leaf[1u << TC_MID_BITS]; /* ATOMIC(at_cas in tcache_watch(), ld_acq) */
};

enum cpu_place {
	CPU_OUT,  /* holds no pointer to a block or code */
	CPU_SYNC, /* in tcache_sync(): may hold some, but enters nothing before it polls */
	CPU_IN,
};

struct tcache_cpu {
	struct tcache *tcache;   /* CONST_AFTER_INIT */
	struct tcache_cpu *next; /* CONST_AFTER_INIT once in the list, which only grows */
	bool used;               /* GUARDED_BY(tcache.lock) */
	void *user;              /* ATOMIC(st_rel in tcache_cpu_new(), ld_acq in kick_inside()) for the kick; NULL: gone */
	struct region *region;   /* GUARDED_BY(tcache.lock) what this thread has reserved in, NULL: nothing */
	uint64_t seen;           /* ATOMIC(st_rel by its thread, ld_acq in tc_has_passed()): epoch */
	uint32_t place;          /* ATOMIC(at_xchg by its thread, ld_sc in tc_has_passed()): enum cpu_place */
	uint64_t unsynced;       /* OWNER(thread) epoch of its last invalidation, 0: all synced */
};

struct tcache {
	/* -- CONST_AFTER_INIT -- */
	uint8_t *rw, *rx;
	uint8_t *meta;              /* metadata of all regions, META_RATIO * region_bytes each */
	size_t bytes, region_bytes, meta_bytes;
	struct tcache_ops ops;
	struct tblock **bucket;     /* RCU(tcache) heads, writer holds lock */
	size_t bucket_mask;
	struct region *regions;
	unsigned nregions, low_water; /* of free regions: retire when fewer */
	size_t glue_bytes, glue_used;
	void (*hook)(void *arg, const struct tblock *b);
	void *hook_arg;
	struct tc_stock *stock;     /* NULL: the host gives no thread */

	struct tmid *pages[1u << TC_TOP_BITS]; /* ATOMIC(at_cas in tcache_watch(), ld_acq) */
	uint64_t epoch;             /* ATOMIC(st_sc when blocks have died, ld_sc in tcache_poll()): kills seen to, from 1 */
	uint64_t kills;             /* ATOMIC(st_sc with lock, before the log is written; ld_sc in tcache_poll()) */
	uint64_t kill_log[TC_KILL_LOG]; /* ATOMIC(st_rel, ld_acq) pc of kill n at n modulo the size */
	uint32_t gen_all;           /* ATOMIC(at_add in sweep(), ld_acq in tcache_watch()): of all pages */
	struct tcache_cpu *cpus;    /* ATOMIC(st_rel with lock, ld_acq by walkers) */

	struct lock lock;
	struct lock link_lock;
	/* -- GUARDED_BY(lock) -- */
	struct region *free_list;
	struct region *spare;                     /* open ones with room where nobody emits */
	struct region *oldest, **youngest;        /* age queue */
	struct region *retired, **last_retired;
	unsigned nfree, nretired;
	bool kick_wanted;           /* blocks died or a region waits: kick when the lock is dropped */
	struct tcache_stats stats;
};

enum kill_cause { KILL_CHANGED, KILL_REGION };

/* The region that holds a block. */
static inline struct region *tc_region_of(const struct tcache *t, const struct tblock *b)
{
	return &t->regions[((size_t)(b->code - t->rx) - t->glue_bytes) / t->region_bytes];
}
static inline ptrdiff_t tc_delta(const struct tcache *t) { return t->rx - t->rw; }

/* Kills a block; lock held. The caller moves the epoch when done (tc_moved()). */
void tc_kill(struct tcache *t, struct tblock *b, enum kill_cause why);
/* Moves the kills without a block: an empty region is retired. */
void tc_note_retired(struct tcache *t);
/* c emits no more where it has reserved; room: another block may fit there. Lock held. */
void tc_give_back(struct tcache *t, struct tcache_cpu *c, bool room);
/* The id of a block whose metadata is at `meta`. */
uint32_t tc_id_at(const struct tcache *t, const uint8_t *meta);
/* The blocks of a region in the order of their age, dead ones too; b NULL: the first. NULL: no more. Lock held. */
struct tblock *tc_region_next(const struct region *r, const struct tblock *b);
/* Blocks were killed: readers must empty their jump caches. Returns the epoch that says so. Lock held. */
uint64_t tc_moved(struct tcache *t);
/* Drops the lock, then kicks if that is due. */
void tc_unlock(struct tcache *t);
/* c has emptied its caches and dropped its pointers since the epoch; sync: or will not enter code before it does. */
bool tc_has_passed(struct tcache_cpu *c, uint64_t epoch, bool sync);
/* Undoes all jumps to and from b and marks it dead. lock held. */
void tc_unlink_all(struct tcache *t, struct tblock *b);
void tc_hash_insert(struct tcache *t, struct tblock *b);
void tc_hash_remove(struct tcache *t, struct tblock *b);
/* The page of a host address; NULL: no code was ever read there. */
struct tpage *tc_page(const struct tcache *t, const void *host);
void tc_pages_free(struct tcache *t);
/* -- memory ahead of what is written (stock.c); without locks -- */
/* For what is going to be written next in r, which the caller has reserved. */
void tc_make_ready(struct tcache *t, struct region *r);
/* For the region that will be opened next, by the thread. */
void tc_stock_want(struct tcache *t);
void tc_stock_start(struct tcache *t);
void tc_stock_stop(struct tcache *t);
void tc_populate(void *from, size_t bytes);
/* Set-up of the regions. */
bool tc_regions_init(struct tcache *t);

#endif
