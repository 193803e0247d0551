/*
 * Floating point in programs, the translator against the reference engine: loops of operations on hard operands in every mode of
 * FPCR, which programs change as they run, comparisons whose flags are used at once, later, in another unit, after a fault or
 * never, and FPSR read and written between.
 *
 *   t_fp [SEED [PROGRAMS]]
 *
 * HOST_CPU in the environment: what the translator may use of the host (x64_cpu_parse()).
 */
#include "tests/xlate/lockstep.h"
#include "tests/a64/fp_operands.h"
#include "tests/a64/rows.h"
#include "base/log.h"
#include "x64/cpu.h"

#define MAX_WORDS 96
#define REGS 6u /* v0 to v5: values meet; x0 to x5; x6: an address; x7: one that faults; x9: FPCR; x28: turns */

static uint32_t words[MAX_WORDS];
static unsigned n;
static uint32_t fp_rows[A64_OP_COUNT], nfp;

static void find_rows(void)
{
	for (unsigned k = 1; k < A64_OP_COUNT; k++) {
		const struct a64_row *r = &a64_rows[k];

		if (row_runs_alone(r) && !r->end && (r->name[0] == 'F' || strstr(r->name, "CVTF")))
			fp_rows[nfp++] = k;
	}
}

static bool is(const struct a64_row *r, const char *what) { return !strncmp(r->name, what, strlen(what)); }

/* Any instruction of the group on the first registers. */
static uint32_t fp_insn(struct vcpu *c, const char *what)
{
	for (;;) {
		const struct a64_row *r = &a64_rows[fp_rows[fp_below(nfp)]];
		uint32_t fields = fp_below(REGS) | fp_below(REGS) << 5 | fp_below(REGS) << 16, w;
		struct a64_insn in;

		w = r->value | ((fp_below(2) ? fields | ((uint32_t)fp_rnd() & 0xffe0fc00u) : (uint32_t)fp_rnd()) & ~r->mask);
		if ((what && !is(r, what)) || !a64_decode(w, c->feats, &in) || in.op != (r - a64_rows))
			continue;
		if ((w & 31) >= 28 || (w & 31) == 6 || (w & 31) == 7 || (w & 31) == 9)
			continue; /* may be a general register */
		return w;
	}
}

static uint32_t single_or_double(struct vcpu *c, const char *what)
{
	uint32_t w;

	do
		w = fp_insn(c, what);
	while ((w >> 22 & 3) == 3 && fp_below(8));
	return w;
}

/* What looks at the flags. */
static uint32_t consumer(struct vcpu *c)
{
	uint32_t cond = fp_below(16), d = fp_below(REGS), a = fp_below(REGS), b = fp_below(REGS);

	switch (fp_below(10)) {
	case 0: case 1: case 2: return 0x54000000u | (1 + fp_below(4)) << 5 | cond;    /* b.cond */
	case 3: return 0x9a800000u | fp_below(2) << 10 | b << 16 | cond << 12 | a << 5 | d; /* csel, csinc */
	case 4: return 0x9a9f07e0u | cond << 12 | d;                                   /* cset */
	case 5: return 0xfa400000u | b << 16 | cond << 12 | a << 5 | fp_below(16);     /* ccmp */
	case 6: return 0x9a000000u | b << 16 | a << 5 | d;                             /* adc */
	case 7: return 0xd53b4200u | d;                                                /* mrs nzcv */
	case 8: return single_or_double(c, "FCCMP");
	default: return single_or_double(c, "FCSEL");
	}
}

static uint32_t other(void)
{
	uint32_t d = fp_below(REGS);

	switch (fp_below(16)) {
	case 0: return 0xd53b4420u | d;                               /* mrs fpsr */
	case 1: return fp_below(4) ? 0xd53b4400u | d : 0xd51b443fu;   /* mrs fpcr; msr fpsr, xzr */
	case 2: return fp_below(2) ? 0xd51b4409u : 0xd51b441fu;       /* msr fpcr, x9 or xzr */
	case 3: return fp_below(4) ? 0xf90000c0u | d : 0xf90000e0u | d; /* str xd, [x6] or [x7] */
	case 4: case 5: return 0x3dc000c0u | fp_below(8) << 10 | d;   /* ldr qd, [x6, #] */
	case 6: return 0xfd4000c0u | fp_below(16) << 10 | d;          /* ldr dd, [x6, #] */
	case 7: return 0xbd4000c0u | fp_below(16) << 10 | d;          /* ldr sd, [x6, #] */
	case 8: return 0x3d8000c0u | (8 + fp_below(8)) << 10 | d;     /* str qd, [x6, #] */
	default: return 0xd503201fu;
	}
}

static void make_program(struct vcpu *c)
{
	unsigned body = 1 + fp_below(24), top;
	bool loop = fp_below(2);

	n = 0;
	words[n++] = 0xd280001cu | (1 + fp_below(12)) << 5; /* mov x28, turns */
	top = n;
	for (unsigned k = 0; k < body; k++)
		switch (fp_below(8)) {
		case 0: case 1:
			words[n++] = single_or_double(c, "FCMP_s");
			if (fp_below(4) == 0)
				words[n++] = other();
			words[n++] = consumer(c);
			break;
		case 2: words[n++] = consumer(c); break;
		case 3: words[n++] = other(); break;
		default: words[n++] = fp_insn(c, NULL); break;
		}
	for (unsigned k = 0; k < 4; k++)
		words[n++] = 0xd503201fu; /* branches of the body end here */
	if (!loop)
		return;
	words[n++] = fp_below(2) ? 0xd100079cu : 0xf100079cu; /* sub(s) x28, x28, #1 */
	words[n] = 0xb500001cu | ((top - n) & 0x7ffff) << 5;  /* cbnz x28 */
	n++;
}

static uint64_t two_of(unsigned f)
{
	uint64_t x = 0;

	for (unsigned k = 0; k < 64; k += 8u << f)
		x |= fp_operand(f) << k;
	return x;
}

static uint32_t mode(void) { return (uint32_t)fp_rnd() & (FPCR_DN | FPCR_FZ | 3u << FPCR_RMODE_SHIFT | FPCR_FZ16 | (fp_below(8) ? 0 : FPCR_AHP)); }

static void random_state(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned k = 0; k < 8; k++)
		s->x[k] = fp_below(2) ? fp_rnd() >> fp_below(64) : fp_below(16);
	s->x[6] = DATA + 4096;
	s->x[7] = 64; /* not mapped */
	s->x[9] = mode();
	for (unsigned k = 0; k < 32; k++) {
		unsigned f = k % 2 ? FP_D : fp_below(4) ? FP_S : FP_H;

		s->v[k] = (u128)two_of(f) << 64 | two_of(f);
		if (fp_below(3) == 0)
			s->v[k] = (uint64_t)s->v[k];
	}
	for (unsigned k = 4096; k < 4096 + 256; k += 8) {
		uint64_t x = two_of(k % 16 ? FP_D : FP_S);

		memcpy(s->data + k, &x, 8);
	}
	s->sp = DATA + 32768;
	s->nzcv = (uint32_t)fp_rnd() & 0xf0000000;
	s->fpcr = fp_below(4) ? mode() : 0;
	s->fpsr = fp_below(2) ? FPSR_IXC : 0;
	s->el = fp_below(2);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1, programs = argc > 2 ? strtoull(argv[2], 0, 0) : 2000;
	static struct state in, a, b;
	uint32_t host = X64_ALL;
	unsigned bad = 0;
	struct vcpu *c;

	if (getenv("HOST_CPU") && x64_cpu_parse(getenv("HOST_CPU"), &host, 0))
		return 99;
	x64_cpu_mask(host);
	c = lockstep_new();
	find_rows();
	for (uint64_t p = 0; p < programs && bad < 3; p++) {
		fp_seed = seed * UINT64_C(0x9e3779b97f4a7c15) + p * UINT64_C(0xd1342543de82ef95);
		make_program(c);
		program(c, words, n);
		for (unsigned k = 0; k < 4; k++) {
			random_state(&in);
			run_with(c, interp_run, &in, &a);
			if (getenv("LOCKSTEP_LOG") && strtoull(getenv("LOCKSTEP_LOG"), 0, 0) == p)
				log_parse("in_asm,opt,out_asm", stdout, 0);
			run_with(c, jit_run, &in, &b);
			if (states_equal(&a, &b))
				continue;
			bad++;
			ok(false, "program %" PRIu64 " of seed %" PRIu64 ", FPCR %x, FPSR %x", p, seed, in.fpcr, in.fpsr);
			for (unsigned w = 0; w < n; w++) {
				struct a64_insn i;

				a64_decode(words[w], c->feats, &i);
				printf("#   %" PRIx64 "  %08x %s\n", CODE + 4 * w, words[w], a64_rows[i.op].name);
			}
			break;
		}
	}
	ok(!bad, "%" PRIu64 " programs of seed %" PRIu64, programs, seed);
	return tap_done();
}
