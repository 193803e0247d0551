/*
 * Random programs: what goes between the tests and the harness that runs them
 * under qemu-aarch64 (prog_harness.c), and the world that they run in.
 * Compiled for the host and for AArch64, the same bytes in both.
 *
 * The world is that of single cases (case.h), smaller: PROG_SLOTS programs of
 * at most PROG_WORDS words in the pages at CASE_CODE, read-only literals
 * around them; PROG_RAM is two writable pages and a read-only one behind
 * them, everything else faults.  A program goes forward only, except for loops that count X28 down,
 * and ends by a branch to PROG_EXIT or at its first fault.  Memory has
 * case_pattern() before every run: prog_scrub().
 */
#ifndef PARMA_TESTS_A64_PROG_H
#define PARMA_TESTS_A64_PROG_H

#include <string.h>

#include "case.h"

#define PROG_WORDS 60u
#define PROG_STRIDE 256u                  /* bytes of a slot: the words, before them LDR X17, after them B PROG_EXIT */
#define PROG_SLOTS 128u
#define PROG_CODE_BYTES (PROG_SLOTS * PROG_STRIDE)
#define PROG_MAIL (CASE_CODE + CASE_CODE_BYTES) /* X17 of a harness that needs a register to get to the program */
#define PROG_EXIT UINT64_C(0x5437a000)   /* an address that arithmetic does not come to easily */
#define PROG_RAM (CASE_RAM_MID - 4096)
#define PROG_RAM_BYTES 8192u              /* writable: two pages */
#define PROG_RO_BYTES 4096u               /* behind it */
#define PROG_LIT (CASE_CODE - 0x110000)   /* literals reach 1 MiB from the code, to either side */
#define PROG_LIT_BYTES 0x230000u

struct prog {
	uint64_t seed;           /* of its states */
	uint32_t n;
	uint16_t uses_memory;    /* it may have changed */
	uint16_t skip;           /* its words are there, for those who read them, but it is not run: all its digests are 0 */
	uint32_t words[PROG_WORDS];
};

/* What comes back of one run. trap: CASE_OK .. CASE_OTHER; pc: of the trap, from the first word; 0 without one. */
struct prog_result {
	struct case_state s;
	uint64_t memory;         /* digest of what has changed */
};

/*
 * A request; then nprogs of struct prog. One uint64_t digest of every run comes back, program by program.
 * nstates 0: instead, one program follows, and a struct case_state, and a struct prog_result comes back.
 */
struct prog_request {
	uint32_t nprogs, nstates;
};

static inline uint64_t prog_rnd(uint64_t *s)
{
	uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* -- states -- */

static inline uint64_t prog_int(uint64_t *s)
{
	static const uint64_t edge[16] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff};
	uint64_t r = prog_rnd(s), by = r >> 8 & 63;

	switch (r & 7) {
	case 0: return edge[r >> 8 & 15];
	case 1: return prog_rnd(s) >> by;
	case 2: return -(prog_rnd(s) >> by);
	case 3: return (uint64_t)1 << by;
	case 4: return edge[r >> 8 & 15] * UINT64_C(0x100000001);
	default: return prog_rnd(s);
	}
}

/* A floating-point number of that width: a special one, or random with a moderate exponent. */
static inline uint64_t prog_float(uint64_t *s, unsigned width)
{
	unsigned m = width == 16 ? 10 : width == 32 ? 23 : 52, x = width - 1 - m;
	uint64_t r = prog_rnd(s), top = (UINT64_C(1) << x) - 1, all = (UINT64_C(1) << m) - 1, bias = top >> 1;
	uint64_t sign = (r & 1) << (width - 1), frac = prog_rnd(s) & all;

	if ((r >> 1 & 3) == 0)
		frac = r >> 3 & 1 ? all : UINT64_C(1) << (r >> 4 & 63) % m;
	switch ((r >> 10 & 0xffff) % 14) {
	case 0: return sign;
	case 1: return sign | top << m;                                              /* infinity */
	case 2: return sign | top << m | frac | UINT64_C(1) << (m - 1);              /* quiet NaN */
	case 3: return sign | top << m | ((frac | 1) & (all >> 1));                  /* signalling NaN */
	case 4: return sign | frac;                                                  /* denormal */
	case 5: return sign | (1 + (r >> 30) % 3) << m | frac;                       /* smallest normals */
	case 6: return sign | (top - 1 - (r >> 30) % 3) << m | frac;                 /* greatest */
	case 7: return sign | bias << m | (r >> 30 & 1 ? 0 : frac);                  /* 1.x */
	case 8: case 9: return sign | (bias + (r >> 30) % width % (bias + 1)) << m | (frac & ~(all >> (r >> 40 & 63) % m)); /* integers */
	case 10: return sign | ((r >> 30) % (top - 1) + 1) << m | frac;              /* anything */
	default: return sign | (bias - 8 + (r >> 30) % 16) << m | frac;              /* of moderate size */
	}
}

static inline uint64_t prog_half_vec(uint64_t *s, unsigned kind)
{
	uint64_t v = 0;

	switch (kind) {
	case 0: return prog_int(s);
	case 1:
		for (unsigned k = 0; k < 64; k += 8)
			v |= (prog_int(s) & 0xff) << k;
		return v;
	case 2:
		for (unsigned k = 0; k < 64; k += 16)
			v |= prog_float(s, 16) << k;
		return v;
	case 3: case 4:
		v = prog_float(s, 32);
		return v | prog_float(s, 32) << 32;
	case 5: return prog_rnd(s);
	default: return prog_float(s, 64);
	}
}

/* The state that run k of a program starts from. */
static inline void prog_state(struct case_state *t, uint64_t seed, unsigned k)
{
	uint64_t s = seed ^ (k + UINT64_C(1)) * UINT64_C(0xd1342543de82ef95), r;

	memset(t, 0, sizeof(*t));
	for (unsigned n = 0; n < 31; n++) {
		r = prog_rnd(&s);
		t->x[n] = r & 3 ? prog_int(&s) : PROG_RAM + 2048 + (r >> 8 & 4095 & (r >> 32 & 1 ? ~7u : ~0u));
	}
	t->sp = PROG_RAM + 2048 + (prog_rnd(&s) & 255) * 16;
	for (unsigned n = 0; n < 32; n++) {
		r = prog_rnd(&s);
		t->v[n][0] = prog_half_vec(&s, r & 7);
		t->v[n][1] = prog_half_vec(&s, r >> (r >> 63 ? 3 : 0) & 7);
	}
	r = prog_rnd(&s);
	t->nzcv = (uint32_t)r & 0xf0000000;
	if (r & 1)
		t->fpcr = (uint32_t)(r >> 32) & (3u << 22 | 1u << 24 | 1u << 25 | 1u << 19 | 1u << 26);
	if (!(r & 6))
		t->fpsr = (uint32_t)(r >> 8) & 0x0800009f;
}

/* -- digests -- */

static inline uint64_t prog_mix(uint64_t h, const void *p, unsigned bytes)
{
	uint64_t c[2] = {h, ~h}; /* two chains, in turn */

	for (unsigned i = 0; i < bytes; i += 8) {
		uint64_t m, *a = &c[i >> 3 & 1];

		memcpy(&m, (const char *)p + i, 8);
		*a = (*a ^ m) * UINT64_C(0x9e3779b97f4a7c15);
		*a ^= *a >> 29;
	}
	return (c[0] ^ c[1] >> 17) * UINT64_C(0xff51afd7ed558ccd) ^ c[1];
}

/*
 * A digest of what a run has changed in a page of memory at that address, which becomes case_pattern() again.
 * h: the digest so far.
 */
static inline uint64_t prog_scrub(uint64_t h, uint64_t *page, const uint64_t *pristine, uint64_t addr)
{
	for (unsigned k = 0; k < 512; k += 8) {
		if (!memcmp(page + k, pristine + k, 64))
			continue;
		for (unsigned j = k; j < k + 8; j++)
			if (page[j] != pristine[j]) {
				uint64_t m[2] = {addr + 8 * j, page[j]};

				h = prog_mix(h, m, sizeof(m));
				page[j] = pristine[j];
			}
	}
	return h;
}

/* SIMD&FP registers that a load of several writes, from *first on (they wrap round); *second: one more, of a pair, or 32. */
static inline unsigned prog_loads(uint32_t w, unsigned *first, unsigned *second)
{
	static const uint8_t multiple[16] = {[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};

	*first = w & 31;
	*second = 32;
	if ((w & 0x3e400000) == 0x2c400000) { /* LDP, LDNP */
		*second = w >> 10 & 31;
		return 1;
	}
	if ((w & 0xbf400000) == 0x0c400000) /* LD1 to LD4, multiple structures */
		return multiple[w >> 12 & 15];
	if ((w & 0xbf400000) == 0x0d400000) /* single structures */
		return (w >> 12 & 2) + (w >> 21 & 1) + 1;
	return 0;
}

/*
 * After a load of several SIMD&FP registers that has faulted, those are UNKNOWN: implementations load them one by one, or
 * all at once.  They become 0 here, for a comparison between implementations.
 */
static inline void prog_forget(const struct prog *p, struct prog_result *r)
{
	unsigned first, second, n;

	if ((r->s.trap != CASE_ABORT && r->s.trap != CASE_ALIGN) || r->s.pc & 3 || r->s.pc / 4 >= p->n)
		return;
	n = prog_loads(p->words[r->s.pc / 4], &first, &second);
	for (unsigned k = 0; k < n; k++)
		memset(r->s.v[(first + k) & 31], 0, 16);
	if (second < 32)
		memset(r->s.v[second], 0, 16);
}

/* What is in memory after a trap is not compared with others: an access of several units may have done some. */
static inline uint64_t prog_digest(const struct prog_result *r)
{
	return prog_mix(r->s.trap ? 0 : r->memory, &r->s, sizeof(r->s));
}

#endif
