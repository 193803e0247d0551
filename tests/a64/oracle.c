/*
 * Random legal instructions on random states, run by qemu-aarch64 (harness.c)
 * and by the reference engine, compared.  A development tool: it needs
 * qemu-aarch64 and an AArch64 compiler; tests/a64/oracle.sh builds and calls it.
 *
 *     oracle HARNESS [-n CASES-PER-ROW] [-s SEED] [-r TEXT] [-v FILE] [-u COUNT] [-q]
 *
 * -r: only rows whose name or group contains TEXT (repeatable; ^TEXT: starts with).
 * -u COUNT: instead, that many words that we do not decode: qemu must find them undefined too.
 * -v: also append every case that agrees to FILE as a vector (vecfile.h).
 * Rows that it cannot run (system, exception generation) are skipped.
 * Exit status 0: all agreed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "a64/a64_enc.gen.h"
#include "base/bits.h"
#include "tests/a64/flat.h"
#include "tests/a64/rows.h"
#include "tests/a64/vecfile.h"

#define BATCH 512
#define MAX_TEXTS 32

static struct case_input in[BATCH];
static struct case_result theirs[BATCH];
static uint16_t row_of[BATCH];
static unsigned filled;
static int to_fd, from_fd;
static uint64_t rng_state = 1;
static FILE *vec_file;
static unsigned bad_rows, bad_cases, total, shown;
static unsigned row_bad[A64_OP_COUNT], row_run[A64_OP_COUNT];
static bool quiet;

static uint64_t rnd(void)
{
	uint64_t z = rng_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}
static unsigned below(unsigned n) { return (unsigned)(rnd() % n); }

/* -- operands -- */

static uint64_t rnd_int(void)
{
	static const uint64_t edge[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff};

	switch (below(6)) {
	case 0: return edge[below(ARRAY_SIZE(edge))];
	case 1: return rnd() >> below(64);
	case 2: return -(rnd() >> below(64));
	case 3: return (uint64_t)1 << below(64);
	default: return rnd();
	}
}

/* A floating-point number of that width: one of the special ones, or random with a moderate exponent. */
static uint64_t rnd_float(unsigned width)
{
	unsigned m = width == 16 ? 10 : width == 32 ? 23 : 52, x = width - 1 - m;
	uint64_t sign = (rnd() & 1) << (width - 1), frac = rnd() & mask64(m), bias = mask64(x - 1), top = mask64(x);

	if (below(4) == 0)
		frac = below(2) ? mask64(m) : UINT64_C(1) << below(m);
	switch (below(14)) {
	case 0: return sign;
	case 1: return sign | top << m;                                        /* infinity */
	case 2: return sign | top << m | frac | UINT64_C(1) << (m - 1);        /* quiet NaN */
	case 3: return sign | top << m | ((frac | 1) & mask64(m - 1));         /* signalling NaN */
	case 4: return sign | frac;                                            /* denormal */
	case 5: return sign | (UINT64_C(1) + below(3)) << m | frac;            /* smallest normals */
	case 6: return sign | (top - 1 - below(3)) << m | frac;                /* greatest */
	case 7: return sign | bias << m | (below(2) ? 0 : frac);               /* 1.x */
	case 8: case 9: return sign | (bias + below(width)) << m | (frac & ~mask64(below(m)));
	default: return sign | (bias - 8 + below(16)) << m | frac;
	}
}

static void rnd_vec(uint64_t v[2])
{
	unsigned width = 16u << below(3);

	for (unsigned h = 0; h < 2; h++) {
		switch (below(4)) {
		case 0:
			v[h] = rnd_int();
			break;
		case 1:
			v[h] = 0;
			for (unsigned k = 0; k < 64; k += 8)
				v[h] |= (rnd_int() & 0xff) << k;
			break;
		default:
			v[h] = 0;
			for (unsigned k = 0; k < 64; k += width)
				v[h] |= rnd_float(width) << k;
			break;
		}
	}
}

static uint32_t rnd_fpcr(void)
{
	uint32_t v = below(4) << 22; /* rounding mode */

	if (below(3))
		v = 0;
	return v | (below(4) ? 0 : 1u << 24) | (below(4) ? 0 : 1u << 25) | (below(4) ? 0 : 1u << 19) |
	       (below(6) ? 0 : 1u << 26);
}

/* -- instructions -- */

static const struct a64_field *field(const struct a64_row *r, const char *name)
{
	for (unsigned k = 0; k < r->nfields; k++)
		if (!strcmp(r->fields[k].name, name))
			return &r->fields[k];
	return NULL;
}

static bool random_word(unsigned op, const struct vcpu *c, uint32_t *word, struct a64_insn *d)
{
	const struct a64_row *r = &a64_rows[op];

	for (unsigned k = 0; k < 200; k++) {
		*word = ((uint32_t)rnd() & ~r->mask) | r->value;
		if (!strcmp(r->group, "branches") && field(r, "rn") == NULL && !(*word >> 5 & 7))
			continue; /* could land on another case */
		if (!strcmp(r->group, "literal") && (((*word >> 5) + CASE_CODE_BYTES / 4) & 0x7ffff) < CASE_CODE_BYTES / 2)
			continue; /* could load another case's instruction */
		if (a64_decode(*word, c->feats, d) && d->op == op)
			return true;
	}
	return false;
}

static unsigned field_value(const struct a64_field *f, uint32_t word) { return word >> f->lsb & (uint32_t)mask64(f->width); }

/* Registers that the fields name get random content, the others stay at their default. */
static void fill_operands(const struct a64_row *r, struct case_input *ci)
{
	struct case_state *s = &ci->s;
	bool mem = vec_is_mem(ci->word), has_v = ci->word >> 26 & 1;
	bool only_v = has_v && !mem && (!strncmp(r->group, "simd", 4) || !strncmp(r->group, "crypto", 6)) && below(4);
	bool lists = strstr(r->name, "TBL") || strstr(r->name, "TBX") || strstr(r->name, "CASP") ||
		     (mem && !strncmp(r->group, "simd", 4));
	const struct a64_field *rn = field(r, "rn"), *rm = field(r, "rm");

	for (unsigned k = 0; k < r->nfields; k++) {
		const struct a64_field *f = &r->fields[k];
		unsigned n = field_value(f, ci->word);

		if (f->name[0] != 'r' || f->width > 5)
			continue;
		for (unsigned j = 0; j < (lists ? 4 : 1); j++) { /* register lists and pairs */
			if (n + j < 31 && !only_v)
				s->x[n + j] = rnd_int();
			if (has_v)
				rnd_vec(s->v[(n + j) & 31]);
		}
	}
	s->nzcv = below(16) << 28;
	if (!mem) {
		if (has_v)
			s->fpcr = rnd_fpcr();
		if (has_v)
			s->fpsr = below(4) ? 0 : (uint32_t)(rnd() & 0x0800009f);
		if (rn && field_value(rn, ci->word) == 31)
			s->sp = rnd_int();
		return;
	}
	if (rm && field_value(rm, ci->word) < 31)
		s->x[field_value(rm, ci->word)] = below(4) ? below(0x1000) : -(uint64_t)below(0x1000);
	if (rn) {
		uint64_t a = CASE_RAM_MID + (below(0x1000) & (below(4) ? ~15u : below(2) ? ~7u : ~0u));
		unsigned n = field_value(rn, ci->word);

		if (n == 31)
			s->sp = a;
		else
			s->x[n] = a;
	}
}

/* -- running -- */

static void must_write(const void *p, size_t len)
{
	for (ssize_t k; len; len -= (size_t)k, p = (const char *)p + k)
		if ((k = write(to_fd, p, len)) <= 0)
			exit(71);
}
static void must_read(void *p, size_t len)
{
	for (ssize_t k; len; len -= (size_t)k, p = (char *)p + k)
		if ((k = read(from_fd, p, len)) <= 0) {
			fputs("oracle: the harness died\n", stderr);
			exit(71);
		}
}

static void run_batch(struct vcpu *c)
{
	uint32_t n = filled;

	if (!n)
		return;
	must_write(&n, 4);
	must_write(in, n * sizeof(in[0]));
	must_read(theirs, n * sizeof(theirs[0]));
	for (unsigned k = 0; k < n; k++) {
		const struct a64_row *r = &a64_rows[row_of[k]];
		struct case_result ours;

		flat_run(c, &in[k], &ours);
		total++;
		row_run[row_of[k]]++;
		if (vec_same(&ours, &theirs[k], NULL)) {
			if (vec_file)
				vec_print(vec_file, r->name, &in[k], &theirs[k]);
			continue;
		}
		bad_cases++;
		bad_rows += !row_bad[row_of[k]];
		if (row_bad[row_of[k]]++ < 2 && !quiet) {
			fputs("MISMATCH ", stdout);
			vec_print(stdout, r->name, &in[k], &theirs[k]);
			vec_same(&ours, &theirs[k], stdout);
			shown++;
		}
	}
	filled = 0;
}

static void start_harness(const char *path)
{
	int a[2], b[2];

	if (pipe(a) || pipe(b)) {
		perror("oracle: pipe");
		exit(71);
	}
	if (!fork()) {
		dup2(a[0], 0);
		dup2(b[1], 1);
		close(a[1]);
		close(b[0]);
		execlp("qemu-aarch64", "qemu-aarch64", "-cpu", "max,sve=off,sme=off,pauth=off", path, (char *)NULL);
		perror("oracle: qemu-aarch64");
		_exit(71);
	}
	close(a[0]);
	close(b[1]);
	to_fd = a[1];
	from_fd = b[0];
}

/* A word that our decoder rejects: random, or a legal one with one or two bits changed. */
static uint32_t unallocated_word(const struct vcpu *c)
{
	struct a64_insn d;
	uint32_t w;

	do {
		const struct a64_row *r = &a64_rows[1 + below(A64_OP_COUNT - 1)];

		w = (uint32_t)rnd();
		if (below(8))
			w = (w & ~r->mask) | r->value;
		w ^= 1u << below(32);
		if (below(2))
			w ^= 1u << below(32);
	} while (a64_decode(w, c->feats, &d) || (w >> 25 & 15) == 2);
	return w;
}

static int run_unallocated(const struct vcpu *c, unsigned count)
{
	unsigned ran = 0;

	while (count) {
		uint32_t n = MIN(count, BATCH);

		memset(in, 0, sizeof(in));
		for (uint32_t k = 0; k < n; k++) {
			in[k].word = unallocated_word(c);
			in[k].index = k;
			case_default_state(&in[k].s);
			in[k].s.pc = CASE_CODE + k * CASE_STRIDE;
		}
		must_write(&n, 4);
		must_write(in, n * sizeof(in[0]));
		must_read(theirs, n * sizeof(theirs[0]));
		for (uint32_t k = 0; k < n; k++)
			if (theirs[k].s.trap != CASE_UNDEF) {
				printf("0x%08x\n", in[k].word);
				ran++;
			}
		count -= n;
	}
	return ran != 0;
}

static bool wanted(const struct a64_row *r, char **texts, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (texts[k][0] == '^' ? !strncmp(r->name, texts[k] + 1, strlen(texts[k] + 1))
				       : strstr(r->name, texts[k]) || strstr(r->group, texts[k]))
			return true;
	return !n;
}

int main(int argc, char **argv)
{
	unsigned per_row = 100, ntexts = 0, skipped = 0, unallocated = 0;
	char *texts[MAX_TEXTS];
	struct vcpu *c = flat_new();

	for (int opt; (opt = getopt(argc, argv, "n:s:r:v:u:q")) != -1;) {
		if (opt == 'n')
			per_row = (unsigned)atoi(optarg);
		else if (opt == 's')
			rng_state = strtoull(optarg, NULL, 0);
		else if (opt == 'r' && ntexts < MAX_TEXTS)
			texts[ntexts++] = optarg;
		else if (opt == 'v')
			vec_file = fopen(optarg, "a");
		else if (opt == 'u')
			unallocated = (unsigned)atoi(optarg);
		else if (opt == 'q')
			quiet = true;
		else
			return 64;
	}
	if (optind >= argc) {
		fputs("usage: oracle [-n CASES] [-s SEED] [-r TEXT]... [-v FILE] [-q] HARNESS\n", stderr);
		return 64;
	}
	start_harness(argv[optind]);
	if (unallocated)
		return run_unallocated(c, unallocated);
	for (unsigned op = 1; op < A64_OP_COUNT; op++) {
		const struct a64_row *r = &a64_rows[op];

		if (!wanted(r, texts, ntexts))
			continue;
		if (!row_runs_alone(r)) {
			skipped++;
			continue;
		}
		for (unsigned k = 0; k < per_row; k++) {
			struct case_input *ci = &in[filled];
			struct a64_insn d;

			memset(ci, 0, sizeof(*ci));
			if (!random_word(op, c, &ci->word, &d)) {
				if (!k)
					printf("# %s: no legal word found\n", r->name);
				break;
			}
			case_default_state(&ci->s);
			ci->index = vec_file ? 0 : filled; /* a vector has its instruction in the first slot */
			ci->s.pc = CASE_CODE + ci->index * CASE_STRIDE;
			ci->is_mem = vec_is_mem(ci->word);
			fill_operands(r, ci);
			row_of[filled++] = (uint16_t)op;
			if (filled == (vec_file ? 1 : BATCH))
				run_batch(c);
		}
	}
	run_batch(c);
	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		if (row_bad[op])
			printf("BAD ROW %s: %u of %u (%s)\n", a64_rows[op].name, row_bad[op], row_run[op], a64_rows[op].group);
	printf("%u cases, %u disagree in %u rows; %u rows skipped\n", total, bad_cases, bad_rows, skipped);
	if (vec_file && fclose(vec_file))
		perror("oracle: vectors");
	close(to_fd);
	wait(NULL);
	return bad_cases != 0;
}
