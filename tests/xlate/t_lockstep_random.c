/*
 * Random instruction sequences: the translator against the reference engine,
 * registers, flags, FPSR, exceptions and memory.
 *
 *   t_lockstep_random [SEED [PROGRAMS [GROUP-SUBSTRING]]]
 *
 * HOST_CPU in the environment: what the translator may use of the host (x64_cpu_parse()).
 */
#include "tests/xlate/lockstep.h"
#include "tests/a64/rows.h"
#include "base/log.h"
#include "x64/cpu.h"

static uint64_t rng;
static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * UINT64_C(0x2545f4914f6cdd1d);
}

static const char *only;

static bool wanted(const struct a64_row *r)
{
	if (!row_runs_alone(r) || r->end)
		return false;
	if (!strncmp(r->name, "LDX", 3) || !strncmp(r->name, "STX", 3) || strstr(r->name, "CLREX"))
		return false; /* their monitor is not part of the state compared */
	return !only || strstr(r->name, only);
}

static uint32_t branch(void)
{
	uint32_t ahead = 1 + (uint32_t)(rnd() % 4);

	switch (rnd() % 4) {
	case 0: return 0x54000000u | ahead << 5 | (uint32_t)(rnd() % 16);            /* b.cond */
	case 1: return 0x34000000u | ((uint32_t)rnd() & 0x81000000u) | ahead << 5 | (uint32_t)(rnd() % 31); /* cbz, cbnz */
	case 2: return 0x36000000u | ((uint32_t)rnd() & 0x81f80000u) | ahead << 5 | (uint32_t)(rnd() % 31); /* tbz, tbnz */
	default: return 0x14000000u | ahead;
	}
}

static uint32_t insn(struct vcpu *c)
{
	for (;;) {
		const struct a64_row *r = &a64_rows[1 + rnd() % (A64_OP_COUNT - 1)];
		uint32_t w = r->value | ((uint32_t)rnd() & ~r->mask);
		struct a64_insn in;

		if (rnd() % 12 == 0 && !only)
			return branch();
		/* few registers, so that values meet */
		if (rnd() % 4)
			w = (w & ~0x00100210u) | (r->value & 0x00100210u);
		if (wanted(r) && a64_decode(w, c->feats, &in) && a64_rows[in.op].name == r->name)
			return w;
	}
}

/* The counter of a loop is left alone by its body. */
static bool spares_counter(uint32_t w)
{
	return (w & 31) != 28 && (w >> 5 & 31) != 28 && (w >> 10 & 31) != 28 && (w >> 16 & 31) != 28;
}

#define MAX_WORDS 320
#define MAX_PARTS 12

/* The link register and the counter are left alone, so that calls come back and loops end. */
static bool spares_links(uint32_t w) { return spares_counter(w) && (w & 31) != 30 && (w >> 10 & 31) != 30 && (w >> 16 & 31) != 30; }

/* Up to `most` random instructions that do not branch. */
static unsigned straight(struct vcpu *c, uint32_t *words, unsigned most)
{
	unsigned n = 0;

	for (unsigned k = (unsigned)rnd() % (most + 1); k;) {
		uint32_t w = insn(c);

		if (!spares_links(w) || (w & 0x1c000000) == 0x14000000 || (w & 0x7e000000) == 0x34000000)
			continue;
		words[n++] = w;
		k--;
	}
	return n;
}

struct jump {
	unsigned at, to; /* word, part */
	uint32_t op;     /* b, bl, b.cond, cbz, cbnz */
};

static uint32_t encode(const struct jump *j, const unsigned *start)
{
	int by = (int)start[j->to] - (int)j->at;

	return (j->op & 0x7c000000) == 0x14000000 ? j->op | (by & 0x3ffffff) : j->op | (uint32_t)(by & 0x7ffff) << 5;
}

/* Functions that return, some of them early; returns the words. */
static unsigned make_functions(struct vcpu *c, uint32_t *words, unsigned n, unsigned functions, unsigned *start)
{
	for (unsigned k = 0; k < functions; k++) {
		start[k] = n;
		n += straight(c, words + n, 4);
		if (rnd() % 3 == 0) {
			words[n++] = 0x54000040u | (uint32_t)(rnd() % 14);
			words[n++] = 0xd65f03c0;
			n += straight(c, words + n, 3);
		}
		words[n++] = 0xd65f03c0;
	}
	return n;
}

/*
 * Parts that branch among each other and call functions: every branch back takes from the
 * counter and leaves when that is used up.
 */
static unsigned make_graph(struct vcpu *c, uint32_t *words)
{
	unsigned parts = 2 + (unsigned)(rnd() % 6), functions = (unsigned)(rnd() % 3), end = parts + functions, njumps = 0, n = 0;
	unsigned start[MAX_PARTS + 1];
	struct jump jumps[4 * MAX_PARTS];
	bool before = rnd() % 2; /* the functions */

	words[n++] = 0xd2800000u | (uint32_t)(1 + rnd() % 40) << 5 | 28; /* mov x28, branches back */
	if (before) {
		jumps[njumps++] = (struct jump){n++, 0, 0x14000000};
		n = make_functions(c, words, n, functions, start + parts);
	}
	for (unsigned k = 0; k < parts; k++) {
		unsigned to = (unsigned)(rnd() % (parts + 1));

		start[k] = n;
		n += straight(c, words + n, 6);
		if (functions && rnd() % 3 == 0) {
			jumps[njumps++] = (struct jump){n++, parts + (unsigned)(rnd() % functions), 0x94000000};
			n += straight(c, words + n, 2);
		}
		if (to <= k) {
			words[n++] = rnd() % 2 ? 0xf100079c : 0xd100079c; /* sub(s) x28, x28, #1 */
			jumps[njumps++] = (struct jump){n++, end, 0xb400001c};
		}
		jumps[njumps++] = (struct jump){n++, to == parts ? end : to,
						rnd() % 4 == 0 ? 0x14000000 : rnd() % 2 ? 0x54000000u | (uint32_t)(rnd() % 16)
											: 0xb4000000u | (uint32_t)(rnd() % 27)};
	}
	jumps[njumps++] = (struct jump){n++, end, 0x14000000};
	if (!before)
		n = make_functions(c, words, n, functions, start + parts);
	start[end] = n;
	for (unsigned k = 0; k < njumps; k++)
		words[jumps[k].at] = encode(&jumps[k], start);
	words[n++] = 0xd503201f;
	return n;
}

/* Random instructions, about every other time as the body of a loop of a few turns, or in parts. */
static unsigned make_program(struct vcpu *c, uint32_t *words)
{
	unsigned body = 1 + (unsigned)(rnd() % 40), n = 0, form = (unsigned)(rnd() % 6);

	if (!only && rnd() % 3 == 0)
		return make_graph(c, words);
	if (form < 3 && !only)
		words[n++] = 0xd2800000u | (uint32_t)(1 + rnd() % 6) << 5 | 28; /* mov x28, turns */
	for (unsigned k = 0; k < body; n++) {
		words[n] = insn(c);
		k += form >= 3 || only || spares_counter(words[n]);
		n -= !(form >= 3 || only || spares_counter(words[n]));
	}
	if (form >= 3 || only)
		return n;
	for (unsigned k = 0; k < 4; k++)
		words[n++] = 0xd503201f; /* branches of the body end here */
	words[n++] = form == 1 ? 0xf100079c : 0xd100079c; /* sub(s) x28, x28, #1 */
	if (form == 2)
		words[n++] = 0xb400005c; /* cbz x28, over the branch back */
	words[n] = (form == 0 ? 0xb5000000u | 28 : form == 1 ? 0x54000001u : 0x14000000u) |
		   (form == 2 ? (1 - n) & 0x3ffffff : ((1 - n) & 0x7ffff) << 5);
	return n + 1;
}

static void random_state(struct state *s)
{
	for (unsigned k = 0; k < 31; k++)
		switch (rnd() % 4) {
		case 0: s->x[k] = rnd() >> (rnd() % 64); break;
		case 1: s->x[k] = rnd() % 16; break;
		default: s->x[k] = DATA + 16384 + (rnd() % 4096) * 8; break;
		}
	for (unsigned k = 0; k < 32; k++) {
		uint64_t lo = rnd(), hi = rnd();

		if (rnd() % 2) { /* doubles and singles of moderate size */
			lo = (lo & ~(UINT64_C(0x7ff) << 52)) | (1023 + rnd() % 8) << 52;
			hi = ((uint64_t)(hi & 0x80ffffff) | 0x40000000) * UINT64_C(0x100000001);
		}
		s->v[k] = (u128)hi << 64 | lo;
	}
	s->sp = DATA + 32768 + (rnd() % 8 ? 0 : 8);
	s->nzcv = (uint32_t)rnd() & 0xf0000000;
	s->fpcr = rnd() % 4 ? 0 : (uint32_t)rnd() & (FPCR_DN | FPCR_FZ | 3u << FPCR_RMODE_SHIFT | FPCR_FZ16 | FPCR_AHP);
	s->fpsr = rnd() % 2 ? FPSR_IXC : 0;
	s->el = rnd() % 2;
	for (unsigned k = 0; k < DATA_BYTES; k += 8) {
		uint64_t v = rnd();

		memcpy(s->data + k, &v, 8);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1, programs = argc > 2 ? strtoull(argv[2], 0, 0) : 1500;
	struct vcpu *c;
	static struct state in, a, b;
	uint32_t words[MAX_WORDS];
	unsigned bad = 0;
	uint32_t host = X64_ALL;

	if (getenv("HOST_CPU") && x64_cpu_parse(getenv("HOST_CPU"), &host, 0))
		return 99;
	x64_cpu_mask(host);
	c = lockstep_new();

	only = argc > 3 ? argv[3] : 0;
	rng = seed;
	random_state(&in);
	for (uint64_t p = 0; p < programs && bad < 3; p++) {
		unsigned n;

		rng = seed * UINT64_C(0x9e3779b97f4a7c15) + p * UINT64_C(0xd1342543de82ef95) + 1;
		rnd();
		if (p % 8 == 0 || argc > 4)
			random_state(&in);
		n = make_program(c, words);
		program(c, words, n);
		run_with(c, interp_run, &in, &a);
		if (getenv("LOCKSTEP_LOG") && strtoull(getenv("LOCKSTEP_LOG"), 0, 0) == p)
			log_parse("in_asm,ir,out_asm", stdout, 0);
		run_with(c, jit_run, &in, &b);
		if (!states_equal(&a, &b)) {
			bad++;
			ok(false, "program %" PRIu64 " of seed %" PRIu64, p, seed);
			for (unsigned k = 0; k < n; k++) {
				struct a64_insn i;

				a64_decode(words[k], c->feats, &i);
				printf("#   %" PRIx64 "  %08x %s\n", CODE + 4 * k, words[k], a64_rows[i.op].name);
			}
		}
	}
	ok(!bad, "%" PRIu64 " programs of seed %" PRIu64, programs, seed);
	return tap_done();
}
