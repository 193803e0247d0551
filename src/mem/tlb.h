/*
 * Software TLB: guest virtual page to host address, one table per vCPU and
 * translation context.  Only its vCPU's thread touches a table; maintenance
 * by others arrives as a request that the owner serves at its next quiescent
 * point.
 *
 * A line is a tag per kind of access and an addend, together in half a cache
 * line.  The tag of an access
 * that may go straight to host memory is the page's virtual address, all 64
 * bits (a tagged pointer is a different page).  In any other line (empty,
 * MMIO, not permitted, monitored, watched, clean page under DBM) the tag has
 * the lowest index bit flipped: no address that indexes the line can match
 * it, so one unsigned compare serves hit, alignment crossing and flags:
 *
 *     (va ^ tag) <= 4096 - size     hit, within the page
 *
 * Layout is fixed: translated code addresses it (static asserts in x64).
 */
#ifndef PARMA_MEM_TLB_H
#define PARMA_MEM_TLB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/bits.h"

#define TLB_BITS 12
#define TLB_SIZE (1u << TLB_BITS)
#define TLB_PAGE_BITS 12
#define TLB_PAGE ((uint64_t)1 << TLB_PAGE_BITS)

/* One line of a jump cache: code that is entered at virtual address pc. */
struct tlb_jump {
	uint64_t pc;
	const void *code;
};
#define TLB_JUMP_BITS 13 /* at least what a page has instructions */
#define TLB_JUMPS (1u << TLB_JUMP_BITS)
#define TLB_JUMP_NONE 1 /* no pc: not aligned */
#define TLB_JUMP_SHIFT TLB_PAGE_BITS /* no less: tlb_jumps_kill() finds the lines of a page side by side */
_Static_assert(TLB_JUMPS * 4 >= TLB_PAGE, "the lines of a page are different ones");

enum tlb_kind { TLB_R, TLB_W, TLB_X /* instruction fetch */, TLB_KINDS };

struct tlb_entry {
	uint64_t tag[TLB_KINDS]; /* OWNER(vcpu) */
	uint64_t addend;         /* OWNER(vcpu) host = va + addend */
};
_Static_assert(sizeof(struct tlb_entry) == 32, "translated code scales the index by shifting the address less far");

struct tlb {
	struct tlb_entry e[TLB_SIZE];
	/* Where translated code finds the targets of jumps; valid while the pages of the pcs are mapped as they were. */
	struct tlb_jump jump[TLB_JUMPS];    /* OWNER(vcpu) */
	uint32_t jump_page[TLB_SIZE];       /* OWNER(vcpu) by tlb_index(pc), whose page has lines in there: TLB_PAGE_ */
	uint32_t jump_ctx;                  /* OWNER(vcpu) context bits that the lines belong to */
};

/* Pages whose addresses differ by a large power of two, as arrays of a program often do, get different lines. */
#define TLB_HASH_SHIFT (TLB_PAGE_BITS + TLB_BITS) /* no less: tlb_no_match() needs it */
static inline unsigned tlb_index(uint64_t va) { return (va >> TLB_PAGE_BITS ^ va >> TLB_HASH_SHIFT) & (TLB_SIZE - 1); }
static inline uint64_t tlb_no_match(unsigned index) { return (uint64_t)(index ^ 1) << TLB_PAGE_BITS; }

/* Line k takes no access. Owner. */
static inline void tlb_empty(struct tlb *t, unsigned k)
{
	t->e[k].tag[TLB_R] = t->e[k].tag[TLB_W] = t->e[k].tag[TLB_X] = tlb_no_match(k);
}

/* Functions often start at the same place of their pages, so the page is mixed in. */
static inline unsigned tlb_jump_index(uint64_t pc) { return (unsigned)((pc ^ pc >> TLB_JUMP_SHIFT) >> 2) & (TLB_JUMPS - 1); }

/*
 * A page, told from all others of its tlb_index() whatever the tag byte, or: none, several. Pages are invalidated far
 * more often than code is, and most have no line.
 */
#define TLB_PAGE_NONE 0xfffffffeu
#define TLB_PAGE_SEVERAL 0xffffffffu
static inline uint32_t tlb_page_name(uint64_t va)
{
	uint32_t name = (uint32_t)(va >> TLB_HASH_SHIFT);

	return name == TLB_PAGE_NONE ? TLB_PAGE_SEVERAL : name;
}
static inline void tlb_page_note(struct tlb *t, uint64_t pc)
{
	uint32_t *p = &t->jump_page[tlb_index(pc)], name = tlb_page_name(pc);

	if (*p != name)
		*p = *p == TLB_PAGE_NONE ? name : TLB_PAGE_SEVERAL;
}

/* Empties the jump cache. Owner. */
static inline void tlb_jumps_clear(struct tlb *t)
{
	for (unsigned k = 0; k < TLB_JUMPS; k++)
		t->jump[k].pc = TLB_JUMP_NONE;
	for (unsigned k = 0; k < TLB_SIZE; k++)
		t->jump_page[k] = TLB_PAGE_NONE;
}
/* The same for the bottom half; is anything left? Owner. */
static inline bool tlb_jumps_clear_bottom(struct tlb *t)
{
	bool left = false;

	for (unsigned k = 0; k < TLB_SIZE; k++)
		t->jump_page[k] = TLB_PAGE_NONE;
	for (unsigned n = 0; n < TLB_JUMPS; n++)
		if (t->jump[n].pc >> 55 & 1) {
			tlb_page_note(t, t->jump[n].pc);
			left = true;
		} else {
			t->jump[n].pc = TLB_JUMP_NONE;
		}
	return left;
}
/* The mapping of va's page changed (any tag byte): its lines lie side by side, among those of all pages of its index. Owner. */
_Static_assert(TLB_HASH_SHIFT == TLB_PAGE_BITS + TLB_JUMP_SHIFT && TLB_JUMP_BITS + 2 <= TLB_PAGE_BITS + TLB_BITS,
	       "pages of one tlb_index() have their lines in one place");
static inline void tlb_jumps_kill(struct tlb *t, uint64_t va)
{
	struct tlb_jump *j = &t->jump[tlb_jump_index(va) & ~((unsigned)TLB_PAGE / 4 - 1)];
	unsigned k = tlb_index(va);

	if (t->jump_page[k] != tlb_page_name(va) && t->jump_page[k] != TLB_PAGE_SEVERAL)
		return;
	t->jump_page[k] = TLB_PAGE_NONE;
	for (unsigned n = 0; n < TLB_PAGE / 4; n++)
		if (!((j[n].pc ^ va) << 8 >> (8 + TLB_PAGE_BITS)))
			j[n].pc = TLB_JUMP_NONE;
		else if (j[n].pc != TLB_JUMP_NONE && tlb_index(j[n].pc) == k)
			tlb_page_note(t, j[n].pc);
}
static inline void tlb_jump_clear(struct tlb *t, uint64_t pc)
{
	struct tlb_jump *j = &t->jump[tlb_jump_index(pc)];

	if (j->pc == pc)
		j->pc = TLB_JUMP_NONE;
}
static inline void tlb_jump_set(struct tlb *t, uint64_t pc, const void *code)
{
	t->jump[tlb_jump_index(pc)] = (struct tlb_jump){pc, code};
	tlb_page_note(t, pc);
}

/* Host address for an access of `size` bytes at va, or NULL: take the slow path. */
static inline void *tlb_hit(const struct tlb *t, enum tlb_kind kind, uint64_t va, unsigned size)
{
	const struct tlb_entry *e = &t->e[tlb_index(va)];

	if (likely((va ^ e->tag[kind]) <= TLB_PAGE - size))
		return (void *)(uintptr_t)(va + e->addend);
	return 0;
}

#endif
