/*
 * Software TLB: guest virtual page to host address, one table per vCPU and
 * translation context.  Only its vCPU's thread touches a table; maintenance
 * by others arrives as a request that the owner serves at its next quiescent
 * point.
 *
 * A slot is a tag per kind of access and an addend.  The tag of an access
 * that may go straight to host memory is the page's virtual address, all 64
 * bits (a tagged pointer is a different page).  In any other slot (empty,
 * MMIO, not permitted, monitored, watched, clean page under DBM) the tag has
 * the lowest index bit flipped: no address that indexes the slot can match
 * it, so one unsigned compare serves hit, alignment crossing and flags:
 *
 *     (va ^ tag) <= 4096 - size     hit, within the page
 *
 * Layout is fixed: translated code addresses it (static asserts in x64).
 */
#ifndef PARMA_MEM_TLB_H
#define PARMA_MEM_TLB_H

#include <stdint.h>

#include "base/atomic.h"
#include "base/bits.h"

#define TLB_BITS 10
#define TLB_SIZE (1u << TLB_BITS)
#define TLB_PAGE_BITS 12
#define TLB_PAGE ((uint64_t)1 << TLB_PAGE_BITS)

struct tlb {
	uint64_t tag_r[TLB_SIZE];  /* OWNER(vcpu) */
	uint64_t tag_w[TLB_SIZE];  /* OWNER(vcpu) */
	uint64_t tag_x[TLB_SIZE];  /* OWNER(vcpu) instruction fetch */
	uint64_t addend[TLB_SIZE]; /* OWNER(vcpu) host = va + addend */
};

static inline unsigned tlb_index(uint64_t va) { return (unsigned)(va >> TLB_PAGE_BITS) & (TLB_SIZE - 1); }
static inline uint64_t tlb_no_match(unsigned index) { return (uint64_t)(index ^ 1) << TLB_PAGE_BITS; }

/* Host address for an access of `size` bytes at va through `tags`, or NULL: take the slow path. */
static inline void *tlb_hit(const struct tlb *t, const uint64_t *tags, uint64_t va, unsigned size)
{
	unsigned k = tlb_index(va);

	if (likely((va ^ tags[k]) <= TLB_PAGE - size))
		return (void *)(uintptr_t)(va + t->addend[k]);
	return 0;
}

#endif
