/*
 * One translation unit: fetch, decode, semantics, lowering, publication.
 *
 * A unit is an extended block: it follows direct branches within the guest
 * page, leaves through side exits at conditional ones, and ends at indirect
 * branches, changes of context, the end of the page or its budget.
 * Where such a block has a branch back, the blocks within the loop are built too
 * and branch to one another inside the unit (region.h).
 */
#ifndef PARMA_XLATE_XLATE_H
#define PARMA_XLATE_XLATE_H

#include "a64/vcpu.h"
#include "ir/ir.h"
#include "tcache/tcache.h"
#include "x64/x64.h"

/* What a slow path needs: tblock.blob. Offsets are in bytes from the start. */
struct xlate_meta {
	uint32_t rlocs, pool;
	struct x64_rec recs[];
};
static inline const struct x64_rloc *xlate_rlocs(const struct xlate_meta *m)
{
	return (const struct x64_rloc *)(const void *)((const char *)m + m->rlocs);
}
static inline const uint64_t *xlate_pool(const struct xlate_meta *m)
{
	return (const uint64_t *)(const void *)((const char *)m + m->pool);
}

/* A thread's working memory. */
struct xlate;
struct xlate *xlate_new(void);
void xlate_free(struct xlate *x);

/*
 * Translates the code at `host` (guest pc, context bits of c) into t by way of tc, and publishes it. NULL: not
 * possible, or not now: interpret the first instruction. hot: after how many turns that is; ways that were not gone in them are
 * left out. 0: nothing is known of that.
 */
struct tblock *xlate_unit(struct xlate *x, struct tcache *t, struct tcache_cpu *tc, struct vcpu *c, uint64_t pc,
			  const uint32_t *host, unsigned hot);

/* It was not now, for want of code memory: tcache_wait(), then try again. */
bool xlate_no_room(const struct xlate *x);

/* Limits, for tests: instructions in a unit. CONST_AFTER_INIT */
extern unsigned xlate_budget;

/* Translated code counts the fences that it executes and its store-exclusives that fail (vcpu.st). CONST_AFTER_INIT */
extern bool xlate_profile;

/* Executes the instruction `word` at c->pc by the interpreter (helper of translated code). */
uint64_t xlate_exec(struct vcpu *c, uint64_t word);

#endif
