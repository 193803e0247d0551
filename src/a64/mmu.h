/*
 * Stage 1 of the EL1&0 translation regime: the table walk and the
 * permission rules, without any caching (a64/tlbset.h caches).
 *
 * A walk is split from its checks: mmu_walk() says where an address goes and
 * what each exception level may do there; mmu_check() says whether one access
 * may.  Both follow the manual's order of faults: translation, address size,
 * access flag, permission, and last the alignment that Device memory asks for.
 *
 * Runs on the vCPU's thread.  Arm ARM D8 (The AArch64 Virtual Memory System Architecture).
 */
#ifndef PARMA_A64_MMU_H
#define PARMA_A64_MMU_H

#include "a64/vcpu.h"

enum mmu_kind { MMU_READ, MMU_WRITE, MMU_FETCH };

/* Fault status codes (ISS.DFSC / IFSC) without the level. */
enum {
	FSC_ADDRSIZE = 0x00,
	FSC_TRANSLATION = 0x04,
	FSC_ACCESS = 0x08,
	FSC_PERMISSION = 0x0c,
	FSC_EXTERNAL = 0x10,      /* no level */
	FSC_EXTERNAL_WALK = 0x14,
	FSC_ALIGNMENT = 0x21,     /* no level */
	FSC_DEBUG = 0x22,         /* no level */
	FSC_UNSUPP_ATOMIC = 0x35, /* no level: exclusive or atomic to memory that has none */
};

/* What one exception level may do: bits of mmu_map.perm. */
#define PERM_R0 (1u << 0)
#define PERM_W0 (1u << 1)
#define PERM_X0 (1u << 2)
#define PERM_R1 (1u << 3)
#define PERM_W1 (1u << 4)
#define PERM_X1 (1u << 5)

/* Where a virtual address goes. */
struct mmu_map {
	uint64_t pa;    /* of the address that was asked for */
	uint8_t log2;   /* the mapping covers the naturally aligned block of this many bits around it */
	uint8_t level;  /* of the last descriptor */
	uint8_t attr;   /* memory attributes in MAIR's encoding; below 0x10: Device */
	uint8_t sh;     /* shareability as in the descriptor */
	uint8_t perm;   /* PERM_ bits, hierarchical controls and WXN applied, PAN not */
	bool ng;        /* entry of this ASID only */
	bool clean;     /* writable, but a write must first mark the descriptor dirty */
	bool top;       /* translated through TTBR1 */
};

/* The access that is checked. */
struct mmu_access {
	uint8_t kind; /* enum mmu_kind */
	bool el0;     /* with the rights of EL0 */
	bool pan;     /* PSTATE.PAN counts */
	bool at;      /* an AT instruction: does not mark dirty */
};

static inline bool mmu_is_device(uint8_t attr) { return attr < 0x10; }

/* Bits 7..2 and the level; 0 from the functions below means "no fault" and is told apart by MMU_OK. */
typedef int mmu_fsc;
#define MMU_OK (-1)

/*
 * Walks for va as `a` asks (sets the access flag, and the dirty state for a
 * permitted write, where hardware management is on). MMU_OK and *m filled, or
 * the fault status code with its level.  With the MMU off: the flat map.
 */
mmu_fsc mmu_walk(struct vcpu *c, uint64_t va, const struct mmu_access *a, struct mmu_map *m);

/* Whether `a` is allowed by m: MMU_OK or a permission fault with m's level. */
mmu_fsc mmu_check(const struct mmu_map *m, const struct mmu_access *a);

/* TCR.TBI of the half that va selects. */
static inline bool mmu_tbi(const struct vcpu *c, uint64_t va) { return c->sys.tcr >> (va >> 55 & 1 ? 38 : 37) & 1; }

/* va as the PC takes it: the tag byte replaced by copies of bit 55 where TBI applies. */
static inline uint64_t mmu_branch_target(const struct vcpu *c, uint64_t va)
{
	return mmu_tbi(c, va) ? sext(va, 56) : va;
}

/* Bits of physical address that the CPU model has, and that TCR.IPS leaves. */
unsigned mmu_pa_bits(const struct vcpu *c);

/* The AT instructions: sets PAR_EL1; returns the fault that it reports there, or MMU_OK. */
mmu_fsc mmu_at(struct vcpu *c, uint64_t va, const struct mmu_access *a);

#endif
