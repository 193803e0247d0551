/*
 * Vector files: one instruction on one state per line.
 *
 *     ROW WORD [input=value]... -> [output=value]...
 *
 * Keys: x0..x30, sp, v0..v31 (32 hex digits), nzcv, fpcr, fpsr, all hex.  An
 * input that is not named has case_default_state(), an output that is not
 * named must not have changed.  Outputs also: pc=+OFFSET (default 4), trap=
 * undef|abort|align, mem=OFFSET:HEXBYTES of what changed in scratch memory.
 *
 *     PROGRAM WORD:WORD... [input=value]... -> [output=value]...
 *
 * is a program in the world of prog.h.  pc= is where it trapped, from the first word; memory= the digest of
 * PROG_RAM, where that is compared.
 */
#ifndef PARMA_TESTS_A64_VECFILE_H
#define PARMA_TESTS_A64_VECFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/a64/case.h"

void vec_print(FILE *f, const char *row, const struct case_input *in, const struct case_result *out);
/* Parses a line (which it overwrites); false: malformed. */
bool vec_parse(char *line, const char **row, struct case_input *in, struct case_result *out);
/* Do two results agree?  If not, and f: says where. */
bool vec_same(const struct case_result *got, const struct case_result *want, FILE *f);
/* The same for a program; words has room for `room`. */
void vec_print_program(FILE *f, const uint32_t *words, unsigned n, const struct case_state *in, const struct case_state *out,
		       uint64_t memory);
bool vec_parse_program(char *line, uint32_t *words, unsigned room, unsigned *n, struct case_state *in, struct case_state *out,
		       uint64_t *memory);
/* Is the word a load or store? */
static inline bool vec_is_mem(uint32_t word) { return (word & 0x0a000000) == 0x08000000; }

#endif
