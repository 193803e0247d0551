/* The two x86 dialects of litmus tests: instructions as parsed (x86_parse.c) and as run (x86_run.c). */
#ifndef PARMA_LITMUS_X86_H
#define PARMA_LITMUS_X86_H

#include "litmus/model.h"

enum xop {
	X_NOP, X_MFENCE, X_LFENCE, X_MOV, X_XCHG, X_XADD, X_CMPXCHG, X_ADD, X_SUB, X_AND, X_OR, X_XOR, X_CMP, X_TEST,
	X_INC, X_DEC, X_SHL, X_SHR, X_JMP, X_JZ, X_JNZ,
};

enum xkind { XO_NONE, XO_IMM, XO_REG, XO_MEM };

struct xoperand {
	enum xkind kind;
	unsigned size;  /* of a register, from its name; 0 elsewhere */
	uint64_t imm;   /* value, or displacement */
	int base, index; /* registers, -1 none */
	unsigned scale;
};

struct xinsn {
	enum xop op;
	unsigned size;
	bool lock;
	unsigned target;  /* of jumps: instruction number */
	struct xoperand dst, src;
};

struct xcode {
	unsigned n[MCM_MAX_THREADS];
	struct xinsn *insn[MCM_MAX_THREADS];
};

/* Executes thread t for the explorer; ctx is the struct lit_model. */
void x86_run_thread(void *ctx, unsigned t, struct mcm_run *r);

#endif
