/*
 * Entries of translation tables as values: in tests "(oa:PA(x), valid:0)",
 * in states a number of the model's, in memory a level 3 descriptor.
 * No header of the host's: also for the guest.
 */
#ifndef PARMA_LITMUS_PTE_H
#define PARMA_LITMUS_PTE_H

#include <stdbool.h>
#include <stdint.h>

enum { PTE_VALID = 1, PTE_AF = 2, PTE_DB = 4, PTE_EL0 = 8, PTE_DBM = 16, PTE_NORMAL = 32,
       PTE_DEFAULT = PTE_VALID | PTE_AF | PTE_DB | PTE_EL0 | PTE_NORMAL };

/* The model's number: output address (number of a location) and flags. */
#define PTE_TAG UINT64_C(0xa5e0000000000000)
static inline uint64_t pte_number(uint32_t loc, uint32_t flags) { return PTE_TAG | (uint64_t)loc << 8 | flags; }
static inline bool pte_is_number(uint64_t v) { return (v & ~UINT64_C(0xffffff)) == PTE_TAG; }
static inline uint32_t pte_loc(uint64_t v) { return (uint32_t)(v >> 8) & 0xffff; }
static inline uint32_t pte_flags(uint64_t v) { return (uint32_t)v & 0xff; }

#define PTE_OA UINT64_C(0x0000fffffffff000)

/* A page of 4 KiB at pa: normal memory (attribute 0), write-back, inner shareable; or Device-nGnRE (attribute 1). */
static inline uint64_t pte_descriptor(uint64_t pa, uint32_t flags)
{
	return pa | 2 | 3u << 8 | (flags & PTE_NORMAL ? 0 : 1u << 2) | (flags & PTE_VALID) | (flags & PTE_AF ? 1u << 10 : 0) | (flags & PTE_DB ? 0 : 1u << 7) |
	       (flags & PTE_EL0 ? 1u << 6 : 0) | (flags & PTE_DBM ? UINT64_C(1) << 51 : 0);
}

static inline uint32_t pte_descriptor_flags(uint64_t d)
{
	return (d & 1 ? PTE_VALID : 0u) | (d >> 10 & 1 ? PTE_AF : 0u) | (d >> 7 & 1 ? 0u : PTE_DB) | (d >> 6 & 1 ? PTE_EL0 : 0u) |
	       (d >> 51 & 1 ? PTE_DBM : 0u) | (d >> 2 & 1 ? 0u : PTE_NORMAL);
}

#endif
