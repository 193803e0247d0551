/*
 * The software TLBs of one vCPU, in two levels.
 *
 * First level: one struct tlb (mem/tlb.h) per translation context, that is
 * per pair of translation table roots (with their ASIDs) and per set of
 * rights: EL0, EL1, EL1 with PAN.  Exception entry and return, and switches
 * of TTBR0 or ASID, are pointer changes; the last few address spaces are kept.
 * Beside each slot stands a line with what a slow path needs.
 *
 * Second level: one large set-associative table of mappings of any size
 * (pages, 2 MiB blocks, ...), tagged by root and ASID, with the rights of both
 * exception levels.  A first-level miss looks here before it walks.  Entries
 * larger than a page are included: evicting one drops its first-level lines,
 * so invalidating an address in a block always finds the block.
 *
 * Everything is OWNER(vcpu).  Maintenance by other vCPUs arrives through the
 * mailbox of a64/tlbi.h, which calls the tlbset_inv_ functions on the owner's
 * thread.
 */
#ifndef PARMA_A64_TLBSET_H
#define PARMA_A64_TLBSET_H

#include "a64/mmu.h"
#include "a64/vcpu.h"

enum tlb_mode { TM_EL0, TM_EL1, TM_EL1_PAN, TM_COUNT };

/* What one access found. */
struct mem_target {
	uint8_t *host;              /* RAM (or ROM that is read); NULL: a device, or nothing */
	const struct mem_region *r; /* NULL: nothing answers there (external abort) */
	uint64_t pa;
	uint8_t attr;               /* memory attributes, MAIR's encoding */
};

struct tlbset *tlbset_new(void);
void tlbset_free(struct tlbset *s);

/* Makes c->tlb and c->tlb_unpriv the tables of the current state (EL, PAN, UAO, SCTLR.M, TTBRs). */
void tlbset_switch(struct vcpu *c);

/*
 * Resolves an access of `size` bytes at va that lies within one 4 KiB page,
 * fills the TLB, and reports where it goes.  `el0`: with EL0's rights.
 * MMU_OK, or the fault status (translation, permission, access flag, ...).
 * Watchpoints and the alignment of Device memory are the caller's business.
 */
mmu_fsc tlbset_resolve(struct vcpu *c, uint64_t va, enum mmu_kind kind, bool el0, struct mem_target *out);

/*
 * Refills t (c->tlb or c->tlb_unpriv; el0: the rights that it holds) for a data access from the second level, for RAM
 * that needs no attention. Never raises; the host address of va, or NULL: ask tlbset_resolve().
 */
void *tlbset_quick(struct vcpu *c, struct tlb *t, uint64_t va, bool write, bool el0);

/* Invalidation; over-invalidation is always allowed. */
void tlbset_inv_all(struct vcpu *c);
void tlbset_inv_asid(struct vcpu *c, uint16_t asid);
/* npages 4 KiB pages from va; asid counts for entries that are not global unless any_asid. */
void tlbset_inv_range(struct vcpu *c, uint64_t va, uint64_t npages, uint16_t asid, bool any_asid);
/* First level only: what decides between fast and slow path changed (watchpoints). */
void tlbset_inv_lines(struct vcpu *c);

/* Empties all jump caches (translated code has gone). */
void tlbset_clear_jumps(struct vcpu *c);
/* Takes one address out of all of them. */
void tlbset_clear_jump(struct vcpu *c, uint64_t pc);

/* The ASID that new entries get and the table roots, as TCR says. */
uint16_t tlbset_asid(const struct vcpu *c);

#endif
