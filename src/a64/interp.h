/*
 * The reference engine: runs a vCPU from decoded blocks, semantics over
 * concrete values.  Correct first; everything else is measured against it.
 */
#ifndef PARMA_A64_INTERP_H
#define PARMA_A64_INTERP_H

#include "a64/vcpu.h"

/* The vCPU's cache of decoded blocks: made once, before the vCPU runs. 0, or -1 without memory. */
int interp_init(struct vcpu *c);
void interp_free(struct vcpu *c);

/*
 * Runs guest code until c->request is not zero, polled between blocks, so an
 * endless guest returns as soon as it is asked to.  c->pc is then the next
 * instruction.  The caller serves the request and calls again.  On the vCPU's
 * own thread.  Uses c->unwind.
 */
void interp_run(struct vcpu *c);

/* The same, but returns soon after about `insns` instructions have been retired: the same number each time. */
void interp_run_for(struct vcpu *c, uint64_t insns);

/*
 * Executes instructions, requests or not, until `there` says so, which is asked after each that leads to *pc, or until
 * `most` have been tried (true: there).
 */
bool interp_run_to(struct vcpu *c, const uint64_t *pc, uint64_t most, bool (*there)(void *arg), void *arg);

/* Executes exactly one instruction (or takes the exception that it raises), requests or not. */
void interp_step(struct vcpu *c);

struct dline;
/*
 * Executes the block at c->pc for another engine: up to a branch or the like. host: where it lies, *l: its line
 * (decoded.h). May unwind to c->unwind. No checks of CTX_SLOW.
 */
void interp_block(struct vcpu *c, struct dline *l, const uint32_t *host);

struct a64_insn;
/*
 * Executes one decoded instruction at c->pc for another engine: c->npc is preset and becomes c->pc.  May
 * unwind to c->unwind.  No checks of CTX_SLOW.
 */
void interp_exec(struct vcpu *c, const struct a64_insn *insn);

#endif
