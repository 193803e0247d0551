/* Code made for the machine that tests run on: assembly by format string, a word at a time. */
#ifndef PARMA_LITMUS_EMIT_H
#define PARMA_LITMUS_EMIT_H

#include <stdbool.h>
#include <stdint.h>

struct emit {
	uint32_t *word;
	unsigned n, max;
	uint64_t base;  /* address of word[0] */
	bool failed;    /* something did not assemble or did not fit */
};

/* One instruction; branches as ".+8". */
void emit(struct emit *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void emit_word(struct emit *e, uint32_t w);
/* `insn` is a branch without its target ("b.ne", "cbz x1,"); `to` is the number of a word. */
void emit_branch(struct emit *e, const char *insn, unsigned to);
/* Leaves a word open for a branch forward; emit_patch() makes it go to the next word. */
unsigned emit_hole(struct emit *e);
void emit_patch(struct emit *e, unsigned hole, const char *insn);

/* Encodings of system registers as MSR and MRS take them: op0, op1, CRn, CRm, op2. */
#define EMIT_SYSREG(op0, op1, n, m, op2) \
	((uint32_t)((op0) - 2) << 19 | (uint32_t)(op1) << 16 | (uint32_t)(n) << 12 | (uint32_t)(m) << 8 | (uint32_t)(op2) << 5)
#define EMIT_SCTLR_EL1 EMIT_SYSREG(3, 0, 1, 0, 0)
#define EMIT_CPACR_EL1 EMIT_SYSREG(3, 0, 1, 0, 2)
#define EMIT_TTBR0_EL1 EMIT_SYSREG(3, 0, 2, 0, 0)
#define EMIT_TCR_EL1 EMIT_SYSREG(3, 0, 2, 0, 2)
#define EMIT_ELR_EL1 EMIT_SYSREG(3, 0, 4, 0, 1)
#define EMIT_ESR_EL1 EMIT_SYSREG(3, 0, 5, 2, 0)
#define EMIT_FAR_EL1 EMIT_SYSREG(3, 0, 6, 0, 0)
#define EMIT_SPSR_EL1 EMIT_SYSREG(3, 0, 4, 0, 0)
#define EMIT_MAIR_EL1 EMIT_SYSREG(3, 0, 10, 2, 0)
#define EMIT_VBAR_EL1 EMIT_SYSREG(3, 0, 12, 0, 0)
#define EMIT_CNTVCT_EL0 EMIT_SYSREG(3, 3, 14, 0, 2)

void emit_msr(struct emit *e, uint32_t sysreg, unsigned xt);
void emit_mrs(struct emit *e, uint32_t sysreg, unsigned xt);

#endif
