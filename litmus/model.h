/*
 * A litmus test prepared for the checker: its memory laid out, its observed
 * items numbered as slots of a final state, its threads executable by the
 * dialect's evaluator (litmus/x86_run.c, litmus/a64_run.c).  Answers come back as
 * sets of mcm states; lit_state_text() prints one as herd7 does.
 */
#ifndef PARMA_LITMUS_MODEL_H
#define PARMA_LITMUS_MODEL_H

#include <stdio.h>

#include "litmus/test.h"
#include "mcm/mapping.h"
#include "mcm/solve.h"

/* Where things are in the address space of a test: locations and code lie far apart, so overruns hit nothing. */
#define LIT_LOC_BASE UINT64_C(0x100000000000)
#define LIT_CODE_BASE UINT64_C(0x200000000000)
#define LIT_STRIDE UINT64_C(0x10000)

struct lit_regslot {
	unsigned reg;
	unsigned half;  /* of a vector register: 0 low, 1 high 8 bytes */
	const struct lit_item *fault; /* or: whether this fault happened */
};

struct lit_model {
	struct lit_test *t;
	struct mcm_arena *arena;
	struct mcm_program prog;
	unsigned unroll;   /* how often a backward branch may be taken */
	struct lit_regslot slot[MCM_MAX_THREADS][64];
	unsigned slot0[MCM_MAX_THREADS + 1]; /* first slot of each thread in a state; then those of memory */
	const void *code;  /* of the dialect */
	const struct mcm_mapping *map; /* AArch64: run as this mapping lowers it (x86-TSO events); NULL: as Arm */
};

/* Prepares t. NULL: e says what can't be done (an unknown instruction, a limit). */
struct lit_model *lit_model_new(struct lit_test *t, unsigned unroll, struct mcm_arena *a, struct err *e);

/* The address or number that a value stands for. */
uint64_t lit_value(const struct lit_model *m, const struct lit_val *v);
/* Location and offset of an address; false: it is no location's. */
bool lit_address(const struct lit_model *m, uint64_t addr, unsigned *loc, uint32_t *off);

struct lit_outcome {
	struct mcm_states states;
	bool cut;              /* some run was cut by the bound on loops */
	unsigned npos, nneg;   /* states that satisfy the proposition, and not */
	char **text;           /* [nstates] distinct, sorted */
	bool *good;            /* [nstates] satisfies the proposition */
	unsigned nstates;
	bool ok;               /* the condition holds, with its quantifier */
};

/* Allowed outcomes under o->model. */
int lit_outcomes(const struct lit_model *m, const struct mcm_solve_opts *o, struct lit_outcome *out, struct err *e);

/* "0:X1=1; [x]=2;" into buf. */
void lit_state_text(const struct lit_model *m, const uint64_t *state, char *buf, size_t size);
/* Does the state satisfy p? */
bool lit_holds(const struct lit_model *m, const struct lit_prop *p, const uint64_t *state);
/* The proposition as text, with its quantifier. */
void lit_prop_text(const struct lit_test *t, char *buf, size_t size);

/* herd7's output for a test. */
void lit_print(FILE *f, const struct lit_model *m, const struct lit_outcome *out, double seconds);

/* Dialects: compile the threads into m->code and m->prog.run. < 0: e filled. */
int lit_x86_compile(struct lit_model *m, struct err *e);
int lit_a64_compile(struct lit_model *m, struct err *e);
/* Address of a label of AArch64 code, or 0. */
uint64_t lit_a64_label(const struct lit_model *m, unsigned thread, const char *label);
/* A thread's code as it lies in memory. */
const uint8_t *lit_a64_bytes(const struct lit_model *m, unsigned thread, unsigned *size);
/* An instruction as its word, for values instr:"..."; false: not assembled. */
bool lit_a64_word(const struct lit_model *m, const char *text, uint32_t *word);
/* The text of an instruction word of the test; NULL: none has this word. */
const char *lit_a64_text(const struct lit_model *m, uint32_t word);

#endif
