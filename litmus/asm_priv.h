/* Shared by the assembler's files: parsed operands, and emission by table row. */
#ifndef PARMA_LITMUS_ASM_PRIV_H
#define PARMA_LITMUS_ASM_PRIV_H

#include "a64/a64_enc.gen.h"
#include "litmus/asm.h"

enum opkind { OP_NONE, OP_REG, OP_VREG, OP_VLIST, OP_IMM, OP_MEM, OP_SHIFT, OP_WORD };
enum memmode { MEM_OFF, MEM_PRE, MEM_REG };
/* OP_SHIFT and register offsets: LSL LSR ASR ROR as 0..3, UXTB..SXTX as 8..15 */
enum { SH_LSL = 0, SH_LSR, SH_ASR, SH_ROR, SH_MSL, SH_UXTB = 8, SH_UXTW = 10, SH_UXTX = 11, SH_SXTW = 14, SH_SXTX = 15 };

struct operand {
	enum opkind kind;
	bool x;            /* OP_REG: 64 bits */
	bool sp, zr;
	unsigned reg;      /* 31 for SP and ZR; OP_MEM: base; OP_VLIST: first */
	unsigned esize;    /* OP_VREG, OP_VLIST: log2 of the element's bytes (scalar: of the register) */
	unsigned nelem;    /* 0: a scalar, or an element's type without a number (V0.S[1]) */
	bool shaped;       /* has .4S or the like */
	int lane;          /* V0.S[1], {V0.S}[1]; -1 none */
	unsigned count;    /* OP_VLIST */
	int64_t imm;       /* OP_IMM; OP_SHIFT: amount; OP_MEM: offset */
	bool amount;       /* OP_SHIFT, MEM_REG: an amount was given */
	unsigned shift;    /* OP_SHIFT, MEM_REG */
	enum memmode mode;
	unsigned index;    /* MEM_REG */
	bool index_x;
	const char *word;  /* OP_WORD: labels, conditions, barrier options */
	size_t len;
};

enum { MAX_OPERANDS = 6 };

struct as {
	const struct asm_in *in;
	char mn[16];       /* mnemonic, lower case; for B.cond: "b" with cond set */
	int cond;
	unsigned n;
	struct operand op[MAX_OPERANDS];
	uint32_t *words;
	int nwords;
	const char *why;
};

/* Emits a row; then pairs of field name and value, ended by NULL. Returns 0, or -1: a value that does not fit. */
int asm_emit(struct as *a, enum a64_op row, ...) __attribute__((sentinel));
#define EMIT(a, row, ...) asm_emit(a, A64_##row, ##__VA_ARGS__, (const char *)0)
#define F(name, value) #name, (int64_t)(value)

int asm_bad(struct as *a, const char *why);

/* Pattern of an operand list, a character each: x register (or ZR), s register or SP, i immediate, m memory, v vector,
   h shift or extend, w word, l list. True if it fits. */
bool asm_is(const struct as *a, const char *pattern);
/* Are all general registers of one width? */
bool asm_same_width(const struct as *a, unsigned n);
int asm_cond(const char *s, size_t len);
int asm_target(struct as *a, const struct operand *o, int64_t *offset); /* bytes from pc */

/* Families: 0 done, -1 error, 1 not a mnemonic of this family. */
int asm_base(struct as *a);
int asm_ldst(struct as *a);
int asm_simd(struct as *a);

#endif
