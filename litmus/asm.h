/*
 * A small AArch64 assembler: one instruction of text to its words.  Encodings
 * are not written down here: an instruction names its row of the encoding
 * tables (src/a64/enc) and the values of the row's fields.
 */
#ifndef PARMA_LITMUS_ASM_H
#define PARMA_LITMUS_ASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASM_MAX_WORDS = 4 }; /* MOV of a pattern that one instruction can't make takes up to four */

struct asm_in {
	const char *text;
	uint64_t pc;
	/* Address of a label; false: unknown. NULL: labels are taken as pc (to find out sizes). */
	bool (*label)(void *ctx, const char *name, size_t len, uint64_t *addr);
	/* Number of a symbolic register %name (0..30), or -1. May be NULL. */
	int (*symbolic)(void *ctx, const char *name, size_t len);
	void *ctx;
};

/* Returns the number of words, or -1 with *why pointing to a constant string. */
int asm_line(const struct asm_in *in, uint32_t words[ASM_MAX_WORDS], const char **why);

#endif
