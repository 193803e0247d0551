/*
 * The block loop of the reference engine.
 *
 * A block is a run of decoded instructions within one guest page, up to one
 * that ends it (a branch, an exception, a change of context) or BLOCK_MAX.
 * It is keyed by the *host* address of its first word, that is by guest
 * physical address; decoded instructions do not depend on the context (EL,
 * traps), which bodies test as they run.  A block is stale when the
 * generation of its page or the global one has moved (IC IVAU, IC IALLU, DMA).
 *
 * pc is exact while an instruction runs; faults raise by siglongjmp to
 * c->unwind with nothing of the instruction written.  Only the vCPU's own
 * thread comes here.
 */
#include "a64/interp.h"

#include <stdlib.h>

#include "a64/a64_enc.gen.h"
#include "a64/cpu_ops.h"
#include "base/log.h"
#include "mem/access.h"

#define BLOCK_MAX 32
#define DCACHE_BITS 13
#define DCACHE_SIZE (1u << DCACHE_BITS)
#define ARENA_OPS (DCACHE_SIZE * 16)

typedef void conc_fn(struct vcpu *c, const struct a64_insn *insn);

#define X(n) conc_fn conc_##n;
A64_OPS(X)
#undef X

static void conc_unallocated(struct vcpu *c, const struct a64_insn *insn) { exc_undef(c); }

static conc_fn *const conc_table[A64_OP_COUNT] = {
	[A64_UNALLOCATED] = conc_unallocated,
#define X(n) [A64_##n] = conc_##n,
	A64_OPS(X)
#undef X
};

struct dop {
	conc_fn *fn;
	struct a64_insn insn;
};

struct block {
	const uint32_t *host;       /* first word; NULL: empty */
	const uint32_t *code_gen;   /* generation word of the page */
	uint32_t gen, gen_all;      /* values when decoded */
	uint32_t n;                 /* instructions */
	uint32_t first;             /* index of the first in the arena */
};

struct dcache {                     /* OWNER(vcpu) */
	struct block map[DCACHE_SIZE];
	struct dop ops[ARENA_OPS];
	uint32_t used;
};

int interp_init(struct vcpu *c)
{
	c->dcache = calloc(1, sizeof(*c->dcache));
	return c->dcache ? 0 : -1;
}

void interp_free(struct vcpu *c)
{
	free(c->dcache);
	c->dcache = 0;
}

/* Decodes from pc to the end of the block; may raise an instruction abort. */
static void decode_block(struct vcpu *c, struct block *b, uint64_t pc)
{
	struct dcache *d = c->dcache;
	unsigned left = (unsigned)(TLB_PAGE - (pc & (TLB_PAGE - 1))) / 4, n = 0;
	const uint32_t *host;
	uint32_t *code_gen;

	host = cpu_fetch_page(c, pc, &code_gen);
	if (d->used + BLOCK_MAX > ARENA_OPS) { /* full: start over */
		for (unsigned k = 0; k < DCACHE_SIZE; k++)
			d->map[k].host = 0;
		d->used = 0;
	}
	b->host = 0;
	b->code_gen = code_gen;
	b->gen = ld_acq(code_gen);
	b->gen_all = ld_acq(&code_gen_all);
	b->first = d->used;
	for (bool end = false; !end && n < left && n < BLOCK_MAX; n++) {
		struct dop *o = &d->ops[b->first + n];

		end = !a64_decode((uint32_t)ram_ld32(host + n), c->feats, &o->insn) || a64_rows[o->insn.op].end;
		o->fn = conc_table[o->insn.op];
	}
	b->n = n;
	d->used += n;
	b->host = host;
}

static const struct block *find_block(struct vcpu *c, uint64_t pc)
{
	const uint32_t *host;
	struct block *b;

	if (unlikely(pc & 3))
		exc_pc_align(c);
	host = tlb_hit(c->tlb, TLB_X, pc, 4);
	if (unlikely(!host)) {
		uint32_t *code_gen;

		host = cpu_fetch_page(c, pc, &code_gen);
	}
	b = &c->dcache->map[((uintptr_t)host >> 2 ^ (uintptr_t)host >> (2 + DCACHE_BITS)) & (DCACHE_SIZE - 1)];
	if (unlikely(b->host != host || b->gen != ld_acq(b->code_gen) || b->gen_all != ld_acq(&code_gen_all)))
		decode_block(c, b, pc);
	return b;
}

/*
 * icount is exact at the last instruction of a block and between blocks (PMU
 * registers are written by block ends only).  There it holds the instruction itself, as in translated code.  An exception counts
 * what came before it: ELR_EL1 is the instruction that raised it, or for SVC the next.
 */
static void count_interrupted(struct vcpu *c)
{
	int64_t n = (int64_t)(c->sys.elr - c->counted_to) / 4;

	if (n >= -1 && n <= BLOCK_MAX)
		c->icount += (uint64_t)n;
}

/* The instruction at c->pc, which is counted by now. */
static void run_counted(struct vcpu *c, const struct dop *o)
{
	c->counted_to = c->npc = c->pc + 4;
	c->icount++;
	o->fn(c, &o->insn);
	c->pc = c->npc;
}

static void run_block(struct vcpu *c, const struct block *b)
{
	const struct dop *o = &c->dcache->ops[b->first], *last = o + b->n - 1;
	uint64_t pc = c->pc;

	for (; o < last; o++, pc += 4) {
		c->pc = pc;
		o->fn(c, &o->insn);
	}
	c->icount += b->n - 1;
	c->pc = pc;
	run_counted(c, o);
}

/* One instruction. */
static void run_one(struct vcpu *c)
{
	run_counted(c, &c->dcache->ops[find_block(c, c->pc)->first]);
}

/* One instruction with the checks that CTX_SLOW asks for. */
static void run_slow(struct vcpu *c)
{
	cpu_before_insn(c);
	run_one(c);
	cpu_after_insn(c);
}

void interp_run(struct vcpu *c)
{
	if (sigsetjmp(c->unwind, 0))
		count_interrupted(c);
	while (likely(!ld_acq(&c->request))) {
		c->counted_to = c->pc;
		if (log_on(LOG_EXEC | LOG_CPU))
			vcpu_log_exec(c);
		if (unlikely(c->ctx & CTX_SLOW))
			run_slow(c);
		else
			run_block(c, find_block(c, c->pc));
	}
}

void interp_run_for(struct vcpu *c, uint64_t insns)
{
	/* Not a local: longjmp comes back to it. */
	c->run_end = c->icount + insns;
	if (sigsetjmp(c->unwind, 0))
		count_interrupted(c);
	while (likely(!ld_acq(&c->request)) && c->icount < c->run_end) {
		c->counted_to = c->pc;
		if (log_on(LOG_EXEC | LOG_CPU))
			vcpu_log_exec(c);
		if (unlikely(c->ctx & CTX_SLOW))
			run_slow(c);
		else
			run_one(c);
	}
}

/* The block at pc, or as much of it as it takes; true: there. */
static bool run_towards(struct vcpu *c, const uint64_t *pc, bool (*there)(void *arg), void *arg)
{
	const struct block *b = find_block(c, c->pc);
	const struct dop *o = &c->dcache->ops[b->first], *end = o + b->n;

	for (; o < end && c->run_end; o++) {
		c->run_end--;
		run_counted(c, o);
		if (unlikely(c->pc == *pc) && there(arg))
			return true;
	}
	return false;
}

bool interp_run_to(struct vcpu *c, const uint64_t *pc, uint64_t most, bool (*there)(void *arg), void *arg)
{
	c->run_end = most;
	if (sigsetjmp(c->unwind, 0)) {
		count_interrupted(c);
		if (c->pc == *pc && there(arg))
			return true;
	}
	while (c->run_end) {
		c->counted_to = c->pc;
		if (likely(!(c->ctx & CTX_SLOW))) {
			if (run_towards(c, pc, there, arg))
				return true;
			continue;
		}
		c->run_end--;
		run_slow(c);
		if (c->pc == *pc && there(arg))
			return true;
	}
	return false;
}

void interp_step(struct vcpu *c)
{
	if (sigsetjmp(c->unwind, 0)) {
		count_interrupted(c);
		return;
	}
	c->counted_to = c->pc;
	if (c->ctx & CTX_SLOW)
		run_slow(c);
	else
		run_one(c);
}

void interp_block(struct vcpu *c)
{
	c->counted_to = c->pc;
	if (log_on(LOG_EXEC | LOG_CPU))
		vcpu_log_exec(c);
	run_block(c, find_block(c, c->pc));
}

void interp_exec(struct vcpu *c, const struct a64_insn *insn)
{
	c->icount++;
	c->npc = c->pc + 4;
	conc_table[insn->op](c, insn);
	c->pc = c->npc;
}
