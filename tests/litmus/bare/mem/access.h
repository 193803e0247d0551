/* Stands in for the host's accessors of guest memory, in the guest. */
#ifndef BARE_MEM_ACCESS_H
#define BARE_MEM_ACCESS_H

#include <stdint.h>

static inline uint64_t ram_ld64(const void *p) { return *(const volatile uint64_t *)p; }
static inline void ram_st64(void *p, uint64_t v) { *(volatile uint64_t *)p = v; }
static inline void ram_st32(void *p, uint32_t v) { *(volatile uint32_t *)p = v; }
static inline uint64_t ram_load(const void *p, unsigned size)
{
	switch (size) {
	case 1: return *(const volatile uint8_t *)p;
	case 2: return *(const volatile uint16_t *)p;
	case 4: return *(const volatile uint32_t *)p;
	default: return *(const volatile uint64_t *)p;
	}
}

#endif
