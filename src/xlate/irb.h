/*
 * State of the translator's front end while it walks guest instructions:
 * what the evaluator over IR (eval_ir.h) calls E.
 */
#ifndef PARMA_XLATE_IRB_H
#define PARMA_XLATE_IRB_H

#include "a64/eval.h"
#include "a64/vcpu.h"
#include "ir/ir.h"

struct a64_insn;
struct walk;

/* How the instruction just built goes on. */
enum irb_next {
	NEXT_FALL,   /* the next instruction */
	NEXT_BR,     /* to `target` */
	NEXT_BRC,    /* to `target` if `cond` */
	NEXT_JMP,    /* to the value `cond` */
	NEXT_EXEC,   /* not translated: the interpreter executes it, then the run loop */
	NEXT_LEAVE,  /* done; the run loop goes on with the next instruction */
};

struct irb {
	struct ir_unit *u;
	const struct vcpu *c;
	uint32_t ctx;
	uint64_t pc;
	uint32_t word;
	enum irb_next next;
	ir_ref cond;
	uint64_t target;
	enum br_hint hint;
	ir_ref sp_ok;     /* base that is known to be 16-byte aligned */
	struct walk *walk; /* for xlate_peek() */
	struct {          /* the load-exclusive of a pair (pair.h) */
		uint64_t store_pc; /* where its store stands; 0: none */
		ir_ref base, val;
		int32_t disp;
		unsigned bytes;
	} pair;
};

typedef void irb_fn(struct irb *e, const struct a64_insn *insn);

/* -- xlate.c -- */
/* The word at pc, which becomes part of what the unit was made from. False: not on its page. */
bool xlate_peek(const struct irb *e, uint64_t pc, uint32_t *word);
/* Builds the effects of an instruction, at e->pc. */
void xlate_insn(struct irb *e, const struct a64_insn *insn);

/* -- irb.c: effects that are more than one node -- */
ir_ref irb_load(struct irb *e, ir_ref addr, unsigned size, unsigned mo);    /* bytes 1..8 */
ir_ref irb_loadv(struct irb *e, ir_ref addr, unsigned mo);
void irb_store(struct irb *e, ir_ref addr, ir_ref val, unsigned size, unsigned mo);
void irb_storev(struct irb *e, ir_ref addr, ir_ref val, unsigned mo);
ir_ref irb_rmw(struct irb *e, ir_ref addr, ir_ref val, unsigned size, enum rmw_op op, unsigned mo);
ir_ref irb_cas(struct irb *e, ir_ref addr, ir_ref expect, ir_ref desired, unsigned size, unsigned mo);
/* A whole loop of exclusives whose load is to register rt: what the slow path needs to do it step by step. */
#define PAIR_RT_SHIFT 11
ir_ref irb_pair_rmw(struct irb *e, ir_ref addr, ir_ref val, unsigned size, enum rmw_op op, unsigned mo, unsigned rt);
/* Fills n with what all accesses share, the snapshot too. False: this one is not for the fast path at all. */
bool irb_access(struct irb *e, struct ir_node *n, ir_ref addr, unsigned size, unsigned mo);
void irb_dczva(struct irb *e, ir_ref addr);
void irb_isb(struct irb *e);
void irb_hint(struct irb *e, enum hint_kind kind);
ir_ref irb_sys_read(struct irb *e, uint32_t enc);
void irb_sys_write(struct irb *e, uint32_t enc, ir_ref val);
ir_ref irb_sys_op(struct irb *e, uint32_t enc, ir_ref val);
void irb_msr_imm(struct irb *e, unsigned op1, unsigned op2, unsigned imm);
/* A YIELD before the branch at e->pc to `head`, unless `again` is 0: it is not taken. Who leaves there goes on at the head. */
void irb_spin_hint(struct irb *e, ir_ref again, uint64_t head);
/* A C function f(vcpu, a, b, c): imm HF_ bits. */
ir_ref irb_helper(struct irb *e, uintptr_t fn, unsigned hf, ir_ref a, ir_ref b, ir_ref c);

/* -- order.c: what an ordered access is lowered to, by mcm's mapping -- */
void order_before_load(struct irb *e, unsigned mo, bool exclusive);
void order_before_store(struct irb *e, unsigned mo, bool exclusive);
void order_after_store(struct irb *e, unsigned mo, bool exclusive);
void order_barrier(struct irb *e, enum barrier_kind kind);
/* With xlate_profile: adds `by` to the counter at that offset of struct vcpu. */
void order_count(struct irb *e, size_t counter, ir_ref by);

/* Reason for the instruction to go to the interpreter. */
static inline void irb_exec(struct irb *e) { e->next = NEXT_EXEC; }

#endif
