/*
 * The jump cache of one vCPU and one translation context: where an indirect
 * branch in translated code finds its target without leaving.
 *
 * Generated code, target pc in rax, table in rbx:
 *     mov ecx, eax ; and ecx, JCACHE_MASK << 2
 *     cmp [rbx + rcx*4], rax ; jne miss      (entries are 16 bytes, instructions 4)
 *     jmp [rbx + rcx*4 + 8]
 * An entry is empty when its pc is JCACHE_EMPTY, which no branch target is (odd).
 *
 * Only the owner touches it.  It must be emptied as tcache_poll() says,
 * when the translation of an instruction address may have changed (TLBI), and when
 * context bits that code depends on change, unless those choose another table.
 */
#ifndef PARMA_TCACHE_JCACHE_H
#define PARMA_TCACHE_JCACHE_H

#include "base/types.h"

#define JCACHE_BITS 10
#define JCACHE_SIZE (1u << JCACHE_BITS)
#define JCACHE_MASK (JCACHE_SIZE - 1)
#define JCACHE_EMPTY UINT64_C(1)

struct jcache_entry {
	uint64_t pc;      /* OWNER(vcpu) */
	const void *code; /* OWNER(vcpu) */
};
struct jcache {
	struct jcache_entry e[JCACHE_SIZE];
};
_Static_assert(sizeof(struct jcache_entry) == 16, "generated code scales by 4 what it masked as pc");

static inline struct jcache_entry *jcache_at(struct jcache *j, uint64_t pc)
{
	return &j->e[pc >> 2 & JCACHE_MASK];
}
static inline void jcache_put(struct jcache *j, uint64_t pc, const void *code)
{
	*jcache_at(j, pc) = (struct jcache_entry){pc, code};
}
static inline void jcache_clear(struct jcache *j)
{
	for (unsigned k = 0; k < JCACHE_SIZE; k++)
		j->e[k].pc = JCACHE_EMPTY;
}

#endif
