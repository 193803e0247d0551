/*
 * Exclusive monitors under translated code, where plain stores do not take
 * stripes (mem/monitor.h).  A load-exclusive is followed up in one of two ways:
 *
 * By value: the pair is pure, that is nothing between the load and the store
 *   touches memory, so the read may as well have happened at the instant of
 *   the store, and a compare-and-swap with the value read decides.  The
 *   translator recognises the pair and says where its store stands.
 *
 * By page: everything else.  The page becomes watched: no vCPU's TLB lets
 *   stores to it pass inline any more, so all of them take the slow path, take the
 *   stripe and move its number.  A page is watched completely once every vCPU
 *   has dropped its first-level TLB lines, as for a TLB invalidation that DSB
 *   waits for.  After many stores without a load-exclusive, or when too many pages
 *   are watched, the page is let go; open monitors on it are cleared first.
 *
 * A by-value monitor that meets another store-exclusive than its own fails, and
 * its load is by page from then on.
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

/*
 * Memory operand flag of a load-exclusive: distance in instructions to the
 * store-exclusive of its pure pair; EXCL_WAIT: no store follows, the guest waits for
 * the location to change (LDXR; WFE). 0: impure, or not looked at.
 */
#define EXCL_PAIR_SHIFT 11
#define EXCL_PAIR_MAX 30u
#define EXCL_WAIT 31u

/*
 * The pure pair that the load-exclusive at pc begins: the value for EXCL_PAIR_SHIFT. Looks at the code from there straight on,
 * within the page, which is in c's TLB. A conditional branch on the way may reach some other store-exclusive; the monitor
 * remembers where its own stands, so that is safe.
 */
unsigned excl_scan(const struct vcpu *c, uint64_t pc);

/* Translated code runs: stores outside watched pages do not take stripes. CONST_AFTER_INIT. */
extern bool excl_translated;

/* Follow every load-exclusive by value, as unsound mappings do that tests are to catch. CONST_AFTER_INIT. */
extern bool excl_compare_always;

/* How the load-exclusive at c->pc with that operand is followed up: true by value. */
bool excl_by_value(struct vcpu *c, unsigned mo);
/* The store-exclusive at c->pc does not belong to the by-value monitor: its load is not trusted any more. */
void excl_distrust(struct vcpu *c);

/* Makes the page of host address p watched; returns when it is. May serve this vCPU's TLB mailbox. */
void excl_watch(struct vcpu *c, const void *p);
/* Is p's page watched completely? With p's stripe held, the answer lasts until the stripe is dropped or bumped. */
bool excl_is_watched(const struct vcpu *c, const void *p);
/* A slow store to page `page` of r. */
void excl_slow_store(struct vcpu *c, const struct mem_region *r, uint64_t page);

#endif
