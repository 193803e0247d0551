/*
 * Memory of the concrete evaluator, out of line: whatever does not hit the
 * software TLB inline, every ordered, exclusive and atomic access, and all
 * stores where there is more than one vCPU (they take the monitor stripe).
 * `mo` is enum mem_order with MF_ flags, as in eval.h.  All raise data aborts.
 */
#ifndef PARMA_A64_INTERP_MEM_H
#define PARMA_A64_INTERP_MEM_H

#include "a64/eval.h"
#include "a64/vcpu.h"

/* n consecutive units of `unit` bytes (1 to 16); n 1 or 2. */
void conc_ld_units(struct vcpu *c, u128 *out, uint64_t va, unsigned unit, unsigned n, unsigned mo);
void conc_st_units(struct vcpu *c, const u128 *val, uint64_t va, unsigned unit, unsigned n, unsigned mo);

/* The load of a load-exclusive of `bytes`, without a monitor; pays an owed fence. */
u128 conc_ld_atomic(struct vcpu *c, uint64_t va, unsigned bytes, unsigned mo);
/* Exclusives: the n units together are one access. */
void conc_ldx(struct vcpu *c, u128 *out, uint64_t va, unsigned unit, unsigned n, unsigned mo);
/* True if stored. */
bool conc_stx(struct vcpu *c, const u128 *val, uint64_t va, unsigned unit, unsigned n, unsigned mo);

/* Read-modify-writes: the old value. */
uint64_t conc_rmw(struct vcpu *c, uint64_t va, uint64_t val, unsigned size, enum rmw_op op, unsigned mo);
/* Compare and swap of `size` bytes (1 to 16) whose natural unit is `size`. */
u128 conc_cas(struct vcpu *c, uint64_t va, u128 expect, u128 desired, unsigned size, unsigned mo);

void conc_barrier(struct vcpu *c, enum barrier_kind kind);
void conc_dczva(struct vcpu *c, uint64_t va);

#endif
