/*
 * The dependency evaluator's state: one thread of a litmus test being run by
 * the explorer (mcm/explore.h).  The instruction bodies of src/a64/sem are
 * instantiated over these values in dep_*.c (through litmus/eval_dep.h).
 *
 * A value is concrete, with the sets of reads that it depends on:
 *   t   reads not decided yet that could change it; 0: the value is a fact.
 *       Where the program's course, an address or a stored value hangs on
 *       such a value, the explorer is asked to decide those reads.
 *   d   reads that it depends on by the instructions' dataflow, whether or
 *       not the result can vary (EOR X,Y,Y): Arm's register dependency.
 *   p   reads that only selected which register was taken (CSEL): Arm's
 *       pick dependency.
 * `id` is a hash of the expression: equal ids mean equal values, by which
 * x - x, x ^ x and CMP x,x are seen to be facts.
 */
#ifndef PARMA_LITMUS_DEP_H
#define PARMA_LITMUS_DEP_H

#include "a64/a64_enc.gen.h"
#include "ir/value.h"
#include "litmus/model.h"
#include "mcm/lower.h"

struct dep {
	uint64_t t, d, p, id;
	uint8_t ident;  /* 1 + number of the read whose value this is, zero-extended; 0: none */
	uint8_t shift;  /* of ident: bytes skipped, */
	uint8_t size;   /* and bytes taken */
};

typedef struct { uint64_t v; struct dep q; } dep_v64;
typedef struct { u128 v; struct dep q; } dep_v128;
typedef struct { bool v; struct dep q; } dep_vb;
typedef struct { uint32_t v; struct dep q; } dep_vf;

enum dep_fault { DEP_NO_FAULT, DEP_UNDEF, DEP_SVC, DEP_OTHER_FAULT };

struct dep_eval {
	struct mcm_run *r;
	const struct lit_model *m;
	dep_v64 x[32];        /* [31] is zero */
	dep_v64 sp;
	dep_v128 v[32];
	dep_vf flags;
	struct fpenv fp;
	uint64_t pc, npc;
	uint64_t ctrl, pick_ctrl; /* reads that branches so far depended on */
	unsigned insn;        /* instructions executed */
	bool stop;            /* the run ends: the explorer wants a decision, a limit, a fault */
	enum dep_fault fault;
	struct mcm_host host; /* where the test runs through a mapping (m->map) */
	bool pure;            /* no access since the load-exclusive */
	uint16_t ldx_loc;     /* what the load-exclusive accessed */
	uint8_t ldx_size;
	uint32_t ldx_off;
	uint8_t ldx;          /* event of the load-exclusive whose monitor is held, or MCM_NO_EVENT */
};

/* ---- effects; see a64/eval.h ---- */
void dep_ld(struct dep_eval *e, dep_v64 *out, dep_v64 addr, unsigned size, unsigned mo);
void dep_st(struct dep_eval *e, dep_v64 addr, dep_v64 val, unsigned size, unsigned mo);
void dep_ldx(struct dep_eval *e, dep_v64 *a, dep_v64 *b, dep_v64 addr, unsigned size, unsigned n, unsigned mo);
void dep_stx(struct dep_eval *e, dep_v64 *status, dep_v64 addr, dep_v64 a, dep_v64 b, unsigned size, unsigned n,
	     unsigned mo);
void dep_rmw(struct dep_eval *e, dep_v64 *old, dep_v64 addr, dep_v64 val, unsigned size, unsigned op, unsigned mo);
/* Compare and swap of n (1, 2) registers of size bytes; old, expect, desired have n elements. */
void dep_cas(struct dep_eval *e, dep_v64 *old, dep_v64 addr, const dep_v64 *expect, const dep_v64 *desired,
	     unsigned size, unsigned n, unsigned mo);
void dep_barrier(struct dep_eval *e, unsigned kind); /* enum mcm_barrier */
void dep_br_if(struct dep_eval *e, dep_vb cond, uint64_t offset);
void dep_br_reg(struct dep_eval *e, dep_v64 target);
void dep_fault(struct dep_eval *e, enum dep_fault kind);
/* What a litmus test may not do (message, end of the run). */
void dep_unsupported(struct dep_eval *e, const char *what);

typedef void dep_fn(struct dep_eval *e, const struct a64_insn *insn);
#define X(n) dep_fn dep_##n;
A64_OPS(X)
#undef X

#endif
