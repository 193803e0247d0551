/*
 * Generator of random programs for the world of prog.h, from the encoding
 * tables.  Loads and stores are preceded by instructions that set their base
 * and index so that they mostly hit PROG_RAM; branches go forward, or close a loop of a few turns;
 * exclusives come in pairs.
 */
#ifndef PARMA_TESTS_A64_PROG_GEN_H
#define PARMA_TESTS_A64_PROG_GEN_H

#include <stdbool.h>

#include "a64/a64_enc.gen.h"
#include "tests/a64/prog.h"

struct prog_gen {
	const uint64_t *feats;            /* of the CPU */
	uint64_t rng;
	unsigned made[A64_OP_COUNT];      /* instructions generated: the rarest come first */
	/* of the program being made */
	struct prog *p;
	uint16_t *ops;
	const char *group;
	bool loop;
	unsigned base_reg, base_at;       /* the base of the access just before word base_at, still there */
	uint64_t base;
	bool bound[PROG_WORDS + 16];      /* needs the word before it: no branch goes there */
	bool local;                       /* not for comparison with others, who may do it otherwise (the block of DC ZVA) */
};

/* Rows that programs can hold: what runs alone in a user program, and what it may do with system registers. */
bool prog_row_ok(unsigned op);

/*
 * Makes a program mostly of rows of the group (NULL: of any).  ops[k]: the row of word k if it counts as an
 * instruction under test, else 0 (bases, branches and modes in between).
 */
void prog_make(struct prog_gen *g, const char *group, struct prog *p, uint16_t ops[PROG_WORDS]);

#endif
