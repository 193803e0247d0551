/*
 * One instruction run on a known state: what goes between the oracle and the
 * harness that runs under qemu-aarch64 (both little-endian, same layout),
 * and what a line of a vector file describes.
 *
 * The world of a case, same in both: CASE_CODE holds the instruction words,
 * CASE_STRIDE bytes apart and otherwise BRK; around it lies data that is not
 * executable, for literal loads; CASE_RAM is scratch memory.  All data is
 * case_pattern() of its address before the instruction runs.
 */
#ifndef PARMA_TESTS_A64_CASE_H
#define PARMA_TESTS_A64_CASE_H

#include <stdint.h>

#define CASE_CODE UINT64_C(0x50000000)
#define CASE_CODE_BYTES 0x10000u
#define CASE_STRIDE 32u
#define CASE_MAX (CASE_CODE_BYTES / CASE_STRIDE)
#define CASE_LIT (CASE_CODE - 0x200000)
#define CASE_LIT_BYTES 0x400000u
#define CASE_RAM UINT64_C(0x60000000)
#define CASE_RAM_BYTES 0x40000u
#define CASE_RAM_MID (CASE_RAM + CASE_RAM_BYTES / 2)
#define CASE_BRK 0xd4200000u

struct case_state {
	uint64_t x[31], sp, pc;
	uint64_t v[32][2];
	uint32_t nzcv, fpcr, fpsr; /* nzcv in bits 31..28 */
	uint32_t trap;             /* after: 0, or CASE_UNDEF ... */
};
enum { CASE_OK, CASE_UNDEF, CASE_ABORT, CASE_ALIGN, CASE_OTHER };

#define CASE_DIFF 64
struct case_result {
	struct case_state s;
	uint32_t mem_first, mem_len;   /* scratch bytes changed: offset of the first, span up to the last */
	uint8_t mem[CASE_DIFF];        /* their content, mem_len <= CASE_DIFF */
};

struct case_input {
	uint32_t word;
	uint32_t index;                /* slot; s.pc = CASE_CODE + index * CASE_STRIDE */
	uint32_t is_mem, pad;          /* compare scratch memory afterwards */
	struct case_state s;
};

static inline uint64_t case_pattern(uint64_t addr)
{
	uint64_t z = (addr >> 3) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return z ^ z >> 27;
}

/* The state that a vector line starts from; it then names what differs. */
static inline void case_default_state(struct case_state *s)
{
	for (unsigned k = 0; k < 31; k++)
		s->x[k] = case_pattern(0x1000 + 8 * k);
	s->sp = CASE_RAM_MID;
	for (unsigned k = 0; k < 32; k++) {
		s->v[k][0] = case_pattern(0x2000 + 16 * k);
		s->v[k][1] = case_pattern(0x2008 + 16 * k);
	}
	s->nzcv = s->fpcr = s->fpsr = s->trap = 0;
	s->pc = CASE_CODE;
}

#endif
