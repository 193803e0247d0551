/*
 * The translation cache: code memory, a table of translated blocks that every
 * vCPU looks up and fills at the same time, direct jumps between blocks, and
 * invalidation.  It knows code as opaque bytes with patchable jumps; what is in
 * them is the translator's business.
 *
 * The life of a block: the translator calls tcache_watch() for each page it is
 * going to read, reads and translates, emits into tcache_reserve()'s space, and
 * calls tcache_publish().  Blocks find each other by tcache_lookup() and are
 * chained by tcache_link().  A block dies by tcache_invalidate*() or because the
 * region of code memory that it lies in is the oldest and space is short; then it
 * is taken out of the table, jumps to it are unpatched, and its memory (code, and
 * metadata in memory of its own beside it) is reused after a grace period.
 *
 * Grace periods are quiescent-state based and the cache's own: a pointer to a block
 * or to code is good until the thread's next tcache_poll() or tcache_leave(), and
 * a thread without a tcache_cpu that has entered must not use one at all.
 * A thread in between holds up the reuse of memory, so one that sleeps must have left:
 * WFI and the like end a block, and sleep in the run loop.
 *
 * Completion of an invalidation, as IC IVAU; DSB need it:
 *   1. tcache_invalidate*() unlinks the stale blocks, so that no chained jump
 *      and no later lookup leads to them, then moves the epoch and kicks who is inside.
 *   2. Each vCPU calls tcache_poll() when it leaves translated code. If the epoch
 *      moved, the vCPU takes the blocks that died out of its jump caches. From
 *      there on it holds no way into a stale block.
 *   3. tcache_sync() (DSB) waits until every vCPU in translated code has done so
 *      since this vCPU's last invalidation. It is one load when there was none.
 * Translated code must leave (look at the request word that `kick` sets) at every
 * context synchronisation event and once per loop.
 *
 * Locks: tcache.lock (RANK_TCACHE) for the table's writers, page lists and
 * regions, tcache.link_lock (RANK_LINK) inside it for jumps.
 */
#ifndef PARMA_TCACHE_TCACHE_H
#define PARMA_TCACHE_TCACHE_H

#include <stdio.h>

#include "base/atomic.h"
#include "base/err.h"
#include "base/types.h"

struct tcache;
struct tcache_cpu; /* one thread's side: its arena and its part in the protocol above */

/* What a block is looked up by. */
struct tkey {
	const void *host; /* host address of the first guest instruction, standing for its physical address */
	uint64_t pc;      /* guest virtual address */
	uint32_t ctx;     /* context bits */
};

/* Guest code that a block was made from: a run of bytes within one guest page. */
struct tspan {
	const void *host;
	uint32_t bytes;
};

/* A direct exit. The translator fills site, stub and user. */
struct tlink {
	uint32_t site;        /* offset in the code of a jmp's rel32; its address is a multiple of 4 */
	uint32_t stub;        /* offset in the code that it jumps to while not linked */
	uint64_t user;        /* the translator's: the target's pc */
	struct tblock *from;  /* CONST_AFTER_INIT */
	struct tblock *to;    /* GUARDED_BY(link_lock) NULL: not linked; racy reads are a hint */
	struct tlink *next;   /* GUARDED_BY(link_lock) others to the same block */
	struct tlink **pprev; /* GUARDED_BY(link_lock) */
};

#define TBLOCK_PAGES 2

struct tblock {
	struct tkey key;             /* CONST_AFTER_INIT */
	uint32_t code_bytes;         /* CONST_AFTER_INIT */
	const uint8_t *code;         /* CONST_AFTER_INIT: entry point, executable view */
	uint32_t guest_insns;        /* CONST_AFTER_INIT: the translator's number */
	uint32_t meta_bytes;         /* CONST_AFTER_INIT: of this struct and all that it points to, which follows it */
	uint32_t blob_bytes;         /* CONST_AFTER_INIT */
	uint16_t nlinks, nspans;     /* CONST_AFTER_INIT */
	struct tlink *links;         /* CONST_AFTER_INIT pointer; fields say */
	const struct tspan *spans;   /* CONST_AFTER_INIT */
	const void *guest_copy;      /* CONST_AFTER_INIT: the spans' bytes as translated, one after another */
	void *blob;                  /* CONST_AFTER_INIT: the translator's (recovery tables), 16-byte aligned */
	uint32_t dead;               /* ATOMIC(st_rel by the killer with both locks held and, as 0, by tcache_publish(); ld_acq): not to be entered */
	struct tblock *hash_next;    /* RCU(tcache): ld_acq in tcache_lookup(), st_rel by writers with tcache.lock */
	struct tlink *incoming;      /* GUARDED_BY(link_lock) */
	struct tpage_ref {
		struct tblock *block;    /* CONST_AFTER_INIT */
		struct tpage *page;      /* CONST_AFTER_INIT; NULL: unused */
		struct tpage_ref *next;  /* GUARDED_BY(tcache.lock) */
		struct tpage_ref **pprev;
	} pages[TBLOCK_PAGES];
};

/*
 * For C code that translated code has called: the jump that led into b was published after b's tables were written,
 * and the host keeps the order of the loads; this says so to the compiler and to those who look for races. Pairs with tcache_publish().
 */
static inline const struct tblock *tblock_arrived(const void *b)
{
	(void)ld_acq(&((const struct tblock *)b)->dead);
	return b;
}

/* Upcalls. */
struct tcache_ops {
	/* Makes a thread leave translated code soon and poll: user of its tcache_cpu_new(). Any thread, with no lock of tcache held. */
	void (*kick)(void *user);
};

#define TCACHE_DEFAULT_BYTES ((size_t)256 << 20)
#define TCACHE_MIN_BYTES ((size_t)1 << 20)

/* -- set-up -- */

/* Maps `bytes` of code memory (virtual; a multiple of 1 MiB). NULL with e filled: no memory. */
struct tcache *tcache_new(size_t bytes, const struct tcache_ops *ops, struct err *e);
/* No thread uses it any more. */
void tcache_free(struct tcache *t);

/*
 * Code that stays for good at the start of code memory (entry and exit glue):
 * the writable view, *delta = executable minus writable address. Before the first reserve.
 */
uint8_t *tcache_glue(struct tcache *t, size_t bytes, intptr_t *delta);

/* What tcache_glue() has given so far, executable view. */
const void *tcache_glue_code(const struct tcache *t, uint32_t *bytes);

/* One for each thread that runs or translates code. NULL: no memory. */
struct tcache_cpu *tcache_cpu_new(struct tcache *t, void *user);
void tcache_cpu_free(struct tcache_cpu *c);

/* -- translating -- */

/*
 * To be called before guest code in the page of `host` is read for translation:
 * from here until tcache_publish() invalidations of the page are noticed.
 * Returns the page's generation for tdraft.gen.
 */
uint64_t tcache_watch(struct tcache *t, const void *host);

/* Space to emit in: writable view [rw, end), at least `bytes` of it; executable address = rw + delta. */
struct tspace {
	uint8_t *rw, *end;
	intptr_t delta;
	uint32_t id; /* tcache_by_id() will find the block by this: for use in its code */
};
/*
 * False: no region is free before a grace period passes. Drop all pointers to blocks and tcache_wait(), then
 * tcache_poll() and try again.
 * tcache_max_reserve() bytes are the most there is; BUG if more. What was reserved before and not published is given back.
 */
bool tcache_reserve(struct tcache_cpu *c, size_t bytes, struct tspace *s);
size_t tcache_max_reserve(const struct tcache *t);
/* Does p point into code memory (its executable view)? */
bool tcache_holds(const struct tcache *t, const void *p);
/*
 * Leaves, gives the host CPU to others until there is space or *request is not 0, and enters again.
 * To be followed by tcache_poll().
 */
void tcache_wait(struct tcache_cpu *c, const uint32_t *request);

/* A block to be published. Arrays are copied. */
struct tdraft {
	struct tkey key;
	const uint8_t *code;      /* start in the writable view: rw of the last reserve, or above it for alignment */
	uint32_t code_bytes;
	uint32_t guest_insns;
	const struct tlink *links;
	uint32_t nlinks;
	const struct tspan *spans; /* aligned words in the pages below */
	uint32_t nspans;
	const void *guest_copy;    /* the spans' bytes, one after another, as decoded: each word is read from RAM once */
	const void *pages[TBLOCK_PAGES]; /* every page read; NULL: unused */
	uint64_t gen[TBLOCK_PAGES];      /* what tcache_watch() gave for them */
	const void *blob;
	uint32_t blob_bytes;
};
/*
 * Makes the block known. Returns it, or the block of the same key that another
 * thread published first (this copy's space is free again then), or NULL: a page
 * was invalidated meanwhile (translate again), or there is no room for the metadata
 * (*no_space is set then, if no_space is not NULL): reserve again.
 */
struct tblock *tcache_publish(struct tcache_cpu *c, const struct tdraft *d, bool *no_space);

/* -- running -- */

/* The block of a key or NULL. Wait-free; the result is good until the next tcache_poll(). */
struct tblock *tcache_lookup(struct tcache *t, const struct tkey *k);
/* The block of the code that holds this id (tspace.id). It runs, or has run since the caller's last tcache_poll(). */
struct tblock *tcache_by_id(const struct tcache *t, uint32_t id);
/*
 * Patches from->links[slot] to jump to `to`. False: one of them is dead. Both were found since the caller's last
 * tcache_poll(). A link lives until one of the two dies, so it must not depend on what TLBI changes: both in one
 * guest page, or in pages whose translation the target checks itself.
 */
bool tcache_link(struct tcache *t, struct tblock *from, unsigned slot, struct tblock *to);

/*
 * This thread is about to look up or run code, or will not for long (sleep, stop: it holds no pointers any more).
 * tcache_enter() is followed by tcache_poll() before anything else.
 */
void tcache_enter(struct tcache_cpu *c);
void tcache_leave(struct tcache_cpu *c);
/*
 * Around a wait for others inside a unit (a barrier, a device): others' tcache_sync() does not wait for this
 * thread, its pointers stay good. Nothing to a thread that has not entered.
 */
void tcache_pause(struct tcache_cpu *c);
void tcache_resume(struct tcache_cpu *c);
/*
 * Between two runs of translated code, holding no pointers to blocks, before the next lookup: 0 if no blocks were
 * killed since the last call, else the caller takes what it names out of its jump caches: n entries of pcs (an
 * even pc: of a killed block; odd ones are to be skipped), or everything if the answer is -1.
 */
#define TCACHE_POLL_MAX 64
int tcache_poll(struct tcache_cpu *c, uint64_t pcs[TCACHE_POLL_MAX]);

/* -- invalidating -- */

/*
 * Guest memory [host, host + bytes) changed or may have (IC IVAU, DMA): blocks
 * made from bytes that differ now are killed, those whose bytes are the same live.
 * One load where a page has no code. c: the caller, whose tcache_sync() will wait;
 * NULL for a thread that is no vCPU's.
 * A full fence must lie between the change and the call.
 */
void tcache_invalidate(struct tcache *t, struct tcache_cpu *c, const void *host, size_t bytes);
/* The same for all memory (IC IALLU, IC IALLUIS). */
void tcache_invalidate_all(struct tcache *t, struct tcache_cpu *c);
/* Kills every block, changed or not (machine reset, a change of translation options). */
void tcache_flush(struct tcache *t);
/* Kills those that begin in the guest's page of pc, in whatever address space. */
void tcache_flush_page(struct tcache *t, uint64_t pc);
/* Kills one block (found bad by its user). */
void tcache_kill(struct tcache *t, struct tblock *b);
/*
 * DSB: waits until no other vCPU runs code that c invalidated. `serve` is called
 * while it waits, to serve what others want of this one (it may be NULL). If blocks died, it is to
 * leave to the run loop and poll after it, since others' DSBs count on that.
 */
void tcache_sync(struct tcache_cpu *c, void (*serve)(void *arg), void *arg);

/* Takes the oldest region that nobody emits into out of use, as if space were short. Any thread. */
void tcache_evict(struct tcache *t);
/* A thread that does so all the time, for tests (evict.c). NULL: the host gives none. stop: NULL is fine; before tcache_free(). */
struct tcache_evictor;
struct tcache_evictor *tcache_evictor_start(struct tcache *t, unsigned period_us);
void tcache_evictor_stop(struct tcache_evictor *v);

/* -- looking in -- */

/* The live block whose code holds this executable address, or NULL. Slow; any thread that has entered. */
struct tblock *tcache_find_code(struct tcache *t, const void *pc);

struct tcache_stats {
#define COUNT(name, unit, help) uint64_t name; /* GUARDED_BY(tcache.lock); links, unlinks: GUARDED_BY(link_lock) */
#include "tcache/stats.def"
#undef COUNT
};
void tcache_get_stats(struct tcache *t, struct tcache_stats *s);

/*
 * Called with each block published, to name it in a perf map and the like
 * (tcache/perfmap.h). With tcache.lock held: short, calls nothing of tcache.
 * Before the first publish.
 */
void tcache_set_hook(struct tcache *t, void (*published)(void *arg, const struct tblock *b), void *arg);

#endif
