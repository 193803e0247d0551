/*
 * Exclusive monitors under translated code, where plain stores do not take
 * stripes (mem/monitor.h).  A load-exclusive is followed up in one of two ways:
 *
 * By value: the pair is pure, that is nothing between the load and the store
 *   touches memory, so the read may as well have happened at the instant of
 *   the store, and a compare-and-swap with the value read decides.  Only the
 *   translator does that, where it has both halves and all that is between them in one
 *   piece of straight code (xlate/pair.h); the monitor in struct vcpu then is for
 *   whoever comes by another way: WFE, and store-exclusives that belong to another
 *   load.  Those always fail, and their load is by page from then on.
 *
 * By page: everything else.  The page becomes watched: no vCPU's TLB lets
 *   stores to it pass inline any more, so all of them take the slow path, take the
 *   stripe and move its number.  A page is watched completely once every vCPU
 *   has dropped its first-level TLB lines, as for a TLB invalidation that DSB
 *   waits for.  After many stores without a load-exclusive, or when too many pages
 *   are watched, the page is let go; open monitors on it are cleared first.
 *
 * The state of a page is a word of mem_region.watched:
 *   0 not watched, 1 being watched (some TLB may still pass stores), 2.. watched,
 *   the number of slow stores since the last load-exclusive plus 2.
 *
 * Called on the vCPU's thread. docs/MEMORY-MODEL.md has the argument.
 */
#ifndef PARMA_A64_EXCLUSIVE_H
#define PARMA_A64_EXCLUSIVE_H

#include "a64/vcpu.h"

/* Memory operand flag of conc_cas(): it is the store of a pure pair, so faults are a store's. */
#define MF_EXCL_STORE (1u << 11)

/* Translated code runs: stores outside watched pages do not take stripes. CONST_AFTER_INIT. */
extern bool excl_translated;

/* Follow every load-exclusive by value, as unsound mappings do that tests are to catch. CONST_AFTER_INIT. */
extern bool excl_compare_always;

/* Does the instruction only compute: no memory, no control, no system? */
struct a64_insn;
bool excl_only_computes(const struct a64_insn *in);

/* May a load-exclusive at pc be followed up by value? Any thread. */
bool excl_trusted(uint64_t pc);
/* The load at c->mon.load_pc may not, as has turned out. Translations that do so go (code_distrust). */
void excl_distrust(struct vcpu *c);

/*
 * The load-exclusive of `bytes` at c->pc, which read val at va, begins a pure pair: executes the rest up to its
 * store-exclusive, or up to something that does not belong in one. May raise.
 */
void excl_finish_pair(struct vcpu *c, uint64_t va, uint64_t val, unsigned bytes);

/* Makes the page of host address p watched; returns when it is. May serve this vCPU's TLB mailbox. */
void excl_watch(struct vcpu *c, const void *p);
/* Is p's page watched completely? With p's stripe held, the answer lasts until the stripe is dropped or bumped. */
bool excl_is_watched(const struct vcpu *c, const void *p);
/* A slow store to page `page` of r. */
void excl_slow_store(struct vcpu *c, const struct mem_region *r, uint64_t page);

#endif
