/*
 * Exclusives in translated code.  A load-exclusive and its store-exclusive
 * are a pure pair if the way from one to the other is straight, within the
 * page, and only computes: then the pair may be followed up by value
 * (a64/exclusive.h).  Here is decided which are, while the load is built:
 *
 *   LDXR; ADD, SUB or nothing; STXR; CBNZ to the LDXR    one read-modify-write
 *   LDXR; what only computes, branches away; STXR        a load, and a compare-and-swap with its value
 *   LDXR without a STXR near                             a load, and a value for WFE to watch
 *   LDXR; something else, too; STXR                      by page, in C
 *
 * The guest's monitor is slots of the unit (xlate/slots.h), so it is written only where the
 * unit is left with the monitor armed, or was armed before.  Whoever leaves between the two
 * halves has left the pair: what is written then has no store-exclusive.
 */
#ifndef PARMA_XLATE_PAIR_H
#define PARMA_XLATE_PAIR_H

#include "a64/a64_enc.gen.h"
#include "xlate/irb.h"

/* The loop that the load-exclusive at e->pc begins as one operation: true if it was one and e->pc is its last instruction. */
bool pair_fuse(struct irb *e, const struct a64_insn *ldxr);

/* LDXR, LDXP: n units of `size` bytes together; out[n]. */
void pair_load(struct irb *e, ir_ref *out, ir_ref addr, unsigned size, unsigned n, unsigned mo);
/* STXR, STXP: the status. */
ir_ref pair_store(struct irb *e, ir_ref addr, const ir_ref *val, unsigned size, unsigned n, unsigned mo);
/* CASP: the old values to out[2]. */
void pair_casp(struct irb *e, ir_ref out[2], ir_ref addr, const ir_ref expect[2], const ir_ref desired[2], unsigned size,
	       unsigned mo);
/* CLREX */
void pair_clear(struct irb *e);
/* Is the instruction at e->pc, not built yet, between the load of a pair and the end of its store? */
static inline bool pair_open(const struct irb *e) { return e->pair.store_pc && e->pair.store_pc >= e->pc; }

#endif
