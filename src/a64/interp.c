/*
 * The block loop of the reference engine.
 * Blocks and where they are kept: decoded.h.
 *
 * pc is exact while an instruction runs; faults raise by siglongjmp to
 * c->unwind with nothing of the instruction written.  Only the vCPU's own
 * thread comes here.
 */
#include "a64/interp.h"

#include <stdlib.h>

#include "a64/cpu_ops.h"
#include "a64/decoded.h"
#include "base/log.h"

int interp_init(struct vcpu *c)
{
	c->decoded = decoded_new();
	return c->decoded ? 0 : -1;
}

void interp_free(struct vcpu *c)
{
	free(c->decoded);
	c->decoded = 0;
}

static const struct dblock *block_at(struct vcpu *c, struct dline *l, uint64_t pc, const uint32_t *host)
{
	const struct dblock *b = decoded_find(c->decoded, l, host);

	return likely(b) ? b : decoded_make(c, l, pc);
}

static const struct dblock *find_block(struct vcpu *c, uint64_t pc)
{
	const uint32_t *host;

	if (unlikely(pc & 3))
		exc_pc_align(c);
	host = tlb_hit(c->tlb, TLB_X, pc, 4);
	if (unlikely(!host)) {
		uint32_t *code_gen;

		host = cpu_fetch_page(c, pc, &code_gen);
	}
	return block_at(c, decoded_line(c->decoded, host), pc, host);
}

/*
 * The same, after the block at *place (0: none), which was the last one found; *place becomes its own.  Most often it is
 * what came then.  To compare with that is a guess that the host's processor runs ahead of, where the line and the block
 * would have to be waited for.
 */
static const struct dblock *find_next(struct vcpu *c, uint32_t *place, uint64_t pc)
{
	struct decoded *d = c->decoded;
	uint32_t before = *place, then = before ? decoded_place(d, before)->then : 0;
	const uint32_t *host = tlb_hit(c->tlb, TLB_X, pc, 4);
	const struct dblock *b = likely(host && !(pc & 3)) ? decoded_at(d, then, host) : NULL;

	if (likely(b)) {
		*place = then;
		return b;
	}
	b = find_block(c, pc);
	*place = decoded_line(d, b->host)->at;
	if (decoded_lasts(d, before)) /* else something else lies there now */
		decoded_place(d, before)->then = *place;
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

	if (n >= -1 && n <= DECODED_MAX)
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

static void run_block(struct vcpu *c, const struct dblock *b)
{
	const struct dop *o = b->op, *last = o + b->n - 1;
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
	run_counted(c, find_block(c, c->pc)->op);
}

/* One instruction with the checks that CTX_SLOW asks for. */
static void run_slow(struct vcpu *c)
{
	cpu_before_insn(c);
	run_one(c);
	cpu_after_insn(c);
}

/* Blocks in turn, to the next request. */
static void run_blocks(struct vcpu *c)
{
	uint32_t place = 0;

	while (likely(!ld_acq(&c->request)) && likely(!(c->ctx & CTX_SLOW))) {
		c->counted_to = c->pc;
		if (log_on(LOG_EXEC | LOG_CPU))
			vcpu_log_exec(c);
		run_block(c, find_next(c, &place, c->pc));
	}
}

void interp_run(struct vcpu *c)
{
	if (sigsetjmp(c->unwind, 0))
		count_interrupted(c);
	while (likely(!ld_acq(&c->request)))
		if (likely(!(c->ctx & CTX_SLOW))) {
			run_blocks(c);
		} else {
			c->counted_to = c->pc;
			if (log_on(LOG_EXEC | LOG_CPU))
				vcpu_log_exec(c);
			run_slow(c);
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
	const struct dblock *b = find_block(c, c->pc);
	const struct dop *o = b->op, *end = o + b->n;

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

void interp_block(struct vcpu *c, struct dline *l, const uint32_t *host)
{
	c->counted_to = c->pc;
	if (log_on(LOG_EXEC | LOG_CPU))
		vcpu_log_exec(c);
	run_block(c, block_at(c, l, c->pc, host));
}

void interp_exec(struct vcpu *c, const struct a64_insn *insn)
{
	c->icount++;
	c->npc = c->pc + 4;
	decoded_fn(insn->op)(c, insn);
	c->pc = c->npc;
}
