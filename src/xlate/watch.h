/*
 * Where locks are released, as far as code tells: for vCPUs that spin in a crowd (sched/crowd.c).  In machines
 * with more vCPUs than processors translated code looks at vcpu.release_watch after
 *
 *   a store-release, a store just behind a full DMB, or a read-modify-write
 *   that is a release and no acquire                                           and leaves if it is set;
 *   a read-modify-write that is both                                           and clears it: that enters a queue, or
 *                                                                              gives a lock up that nobody waits for
 * A short loop of loads and compares alone spins, though it has no hint: each time round it is taken for a YIELD.
 */
#ifndef PARMA_XLATE_WATCH_H
#define PARMA_XLATE_WATCH_H

#include "a64/a64_enc.gen.h"
#include "xlate/irb.h"

/* After `in` was built; fused: it is the load of a loop of exclusives, and e->pc its last instruction. */
void watch_release(struct irb *e, const struct a64_insn *in, bool fused);

/* Before the conditional branch `br` at e->pc, of condition e->cond. */
void watch_spin(struct irb *e, const struct a64_insn *br);

#endif
