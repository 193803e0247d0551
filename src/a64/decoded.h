/*
 * Decoded code of a vCPU: what the interpreter runs, and beside it what an engine that translates counts (xlate/heat.h).
 *
 * A block is a run of decoded instructions within one guest page, up to one that ends it (a branch, an exception, a
 * change of context) or DECODED_MAX.  It is keyed by the *host* address of its first word, that is by guest physical
 * address; decoded instructions do not depend on the context (EL, traps), which bodies test as they run.  A block is
 * stale when the generation of its page or the global one has moved (IC IVAU, IC IALLU, DMA).
 *
 * Lines say where blocks are; neighbours in the guest are neighbours here, which the host's caches like.  Blocks lie in
 * a ring of 8-byte words one after the other, and the oldest are overwritten.  Places count on for ever (a
 * place is what `next` was), so one that has been overwritten is known by its distance from `next`.
 *
 * Only the vCPU's own thread comes here.
 */
#ifndef PARMA_A64_DECODED_H
#define PARMA_A64_DECODED_H

#include "a64/a64_enc.gen.h"
#include "a64/cpu_ops.h"
#include "a64/vcpu.h"
#include "base/atomic.h"

#define DECODED_MAX 32         /* instructions */
#define DECODED_LINE_BITS 16
#define DECODED_LINES (1u << DECODED_LINE_BITS)
#define DECODED_WORDS (1u << 20)

typedef void conc_fn(struct vcpu *c, const struct a64_insn *insn);

struct dop {
	conc_fn *fn;
	struct a64_insn insn;
};

struct dblock {
	const uint32_t *host;       /* first word */
	const uint32_t *code_gen;   /* generation word of the page */
	uint32_t gen, gen_all;      /* values when decoded */
	uint32_t n;                 /* instructions */
	uint32_t then;              /* place of the block that the interpreter ran after this one last; 0: none */
	struct dop op[];
};

struct dline {
	uint32_t at;                /* place of the block; 0: none */
	uint16_t tag;               /* xlate/heat.h */
	uint8_t turns;              /* xlate/heat.h */
};

struct decoded {                    /* OWNER(vcpu) */
	struct dline line[DECODED_LINES];
	uint64_t ring[DECODED_WORDS];
	uint32_t next;
};

/* NULL without memory. */
struct decoded *decoded_new(void);

/* Where code at that host address is looked for: code that shares a line takes turns. */
static inline struct dline *decoded_line(struct decoded *d, const uint32_t *host)
{
	uint64_t page = ((uintptr_t)host >> 12) * UINT64_C(0x9e3779b97f4a7c15);

	return &d->line[((page >> (64 - DECODED_LINE_BITS)) + ((uintptr_t)host >> 2 & 1023)) & (DECODED_LINES - 1)];
}

static inline struct dblock *decoded_place(struct decoded *d, uint32_t at)
{
	return (struct dblock *)(void *)&d->ring[at & (DECODED_WORDS - 1)];
}

/* Has nothing been written over what was put at that place? */
static inline bool decoded_lasts(const struct decoded *d, uint32_t at) { return d->next - at <= DECODED_WORDS; }

/* The block at that place, or NULL if it is not that of host, or no longer. */
static inline const struct dblock *decoded_at(struct decoded *d, uint32_t at, const uint32_t *host)
{
	const struct dblock *b = decoded_place(d, at);

	if (unlikely(!decoded_lasts(d, at) || b->host != host || b->gen != ld_acq(b->code_gen) ||
		     b->gen_all != ld_acq(&code_gen_all)))
		return NULL;
	return b;
}

/* The block that starts there, or NULL. */
static inline const struct dblock *decoded_find(struct decoded *d, const struct dline *l, const uint32_t *host)
{
	return decoded_at(d, l->at, host);
}

/* Decodes from pc to the end of the block; may raise an instruction abort. *l: its line. */
const struct dblock *decoded_make(struct vcpu *c, struct dline *l, uint64_t pc);

/* What executes an instruction: the body over concrete values. */
conc_fn *decoded_fn(unsigned op);

#endif
