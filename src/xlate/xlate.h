/*
 * One translation unit: fetch, decode, semantics, lowering, publication.
 *
 * A unit is an extended block: it follows direct branches within the guest
 * page, leaves through side exits at conditional ones, and ends at indirect
 * branches, changes of context, the end of the page or its budget.
 */
#ifndef PARMA_XLATE_XLATE_H
#define PARMA_XLATE_XLATE_H

#include "a64/vcpu.h"
#include "ir/ir.h"
#include "xlate/units.h"
#include "x64/x64.h"

/* What a slow path needs: tc_unit.data. */
struct xlate_meta {
	const struct x64_rloc *rlocs;
	const uint64_t *pool;
	uint32_t ninsns;
	struct x64_rec recs[];
};

/* A thread's working memory. */
struct xlate;
struct xlate *xlate_new(void);
void xlate_free(struct xlate *x);

/* Translates the code at `host` (guest pc, context bits of c); NULL: not possible, interpret the first instruction. */
struct tc_unit *xlate_unit(struct xlate *x, struct vcpu *c, uint64_t pc, const uint32_t *host);

/* Limits, for tests: instructions in a unit. CONST_AFTER_INIT */
extern unsigned xlate_budget;

/* Executes the instruction `word` at c->pc by the interpreter (helper of translated code). */
uint64_t xlate_exec(struct vcpu *c, uint64_t word);

#endif
