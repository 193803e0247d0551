/*
 * parma litmus gen: tests from critical cycles (mcm/cycle.h), a file each,
 * with the outcome that shows the cycle as their condition.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "cli/litmus_priv.h"
#include "mcm/cycle.h"

enum { MAX_SLOTS = 24, MAX_VALUE = 5 };

struct gen {
	struct cycle_opts o;
	const char *dir;
	unsigned long limit, made;
	struct err err;
};

static unsigned nslots(const struct aprog *p)
{
	unsigned n = p->nlocs;

	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < p->n[t]; i++)
			n += aop_observed(&p->op[t][i]);
	return n;
}

/* The largest value that the program stores to location x. */
static uint64_t last_value(const struct aprog *p, unsigned x)
{
	uint64_t v = p->init[x];

	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < p->n[t]; i++)
			if (p->op[t][i].loc == x && p->op[t][i].kind != AOP_LD && p->op[t][i].kind != AOP_BAR)
				v = MAX(v, (uint64_t)p->op[t][i].val);
	return v;
}

/* Final values that show the cycle: counts through the few that registers and locations can have. */
static bool find_state(const struct cycle *c, const struct aprog *p, uint64_t *state)
{
	unsigned n = nslots(p), regs = n - p->nlocs;

	if (n > MAX_SLOTS)
		return false;
	memset(state, 0, n * sizeof(*state));
	for (unsigned x = 0; x < p->nlocs; x++)
		state[regs + x] = last_value(p, x);
	for (unsigned long tries = 0; tries < 100000; tries++) {
		unsigned k = 0;

		if (cycle_shown(c, p, state))
			return true;
		while (k < n && ++state[k] == MAX_VALUE)
			state[k++] = 0;
		if (k == n)
			return false;
	}
	return false;
}

static bool write_test(struct gen *g, const struct cycle *c)
{
	char text[8192], path[4096];
	uint64_t state[MAX_SLOTS];
	struct aprog p;
	FILE *f;

	if (!cycle_program(c, &p) || p.nthreads < 2 || !find_state(c, &p, state))
		return true;
	aprog_litmus(&p, state, text, sizeof(text));
	snprintf(path, sizeof(path), "%s/%s.litmus", g->dir, p.name);
	f = fopen(path, "wx");
	if (!f && errno == EEXIST)
		return true; /* two cycles of one name */
	if (!f) {
		err_set(&g->err, EXIT_HOST, "%s: %s", path, strerror(errno));
		return false;
	}
	fputs(text, f);
	if (ferror(f) | fclose(f)) {
		err_set(&g->err, EXIT_HOST, "%s: %s", path, strerror(errno));
		unlink(path);
		return false;
	}
	return ++g->made < g->limit;
}

static bool each(void *ctx, const struct cycle *c) { return write_test(ctx, c); }

static void random_ones(struct gen *g, uint64_t seed)
{
	unsigned span = g->o.max - g->o.min + 1;

	for (unsigned long tries = 0; g->made < g->limit && tries < 100 * g->limit + 1000; tries++) {
		struct cycle c;

		if (cycle_random(&g->o, g->o.min + (unsigned)(tries % span), &seed, &c) && !write_test(g, &c))
			return;
	}
}

static void usage(FILE *f)
{
	fputs("usage: parma litmus gen [OPTIONS] FOLDER\n\n"
	      "Writes litmus tests made from critical cycles into FOLDER.\n\n"
	      "  -min N, -max N  edges of the cycles (default 4 to 4; at most 10)\n"
	      "  -threads N      at most so many threads (default 4)\n"
	      "  -n N            at most so many tests (default 1000)\n"
	      "  -full           all orderings, not only the strongest of each kind\n"
	      "  -atomics, -exclusives  with read-modify-writes\n"
	      "  -random         cycles drawn at random, by -seed N\n", f);
}

/* A number from lo to hi; -1: said what is wrong. */
static int number(const char *name, const char *v, unsigned long lo, unsigned long hi, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = v ? strtoul(v, &end, 0) : 0;
	if (v && *v >= '0' && *v <= '9' && !*end && !errno && *out >= lo && *out <= hi)
		return 0;
	fprintf(stderr, "parma litmus gen: -%s: a number from %lu to %lu expected%s%s%s\n", name, lo, hi, v ? ", not '" : "", v ? v : "",
		v ? "'" : "");
	return -1;
}

int litmus_gen(int argc, char **argv)
{
	struct gen g = {.o = {.min = 4, .max = 4, .threads = 4, .parts = 1}, .limit = 1000};
	unsigned long seed = 1, min = 4, max = 0, threads = 4;
	const struct { const char *name; unsigned long *to, lo, hi; } numbers[] = {
		{"min", &min, 2, CYCLE_MAX}, {"max", &max, 2, CYCLE_MAX}, {"threads", &threads, 2, APROG_MAX_THREADS},
		{"n", &g.limit, 1, 100000000}, {"seed", &seed, 0, ULONG_MAX}};
	bool random = false;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i] + (argv[i][0] == '-') + (argv[i][0] == '-' && argv[i][1] == '-');
		bool known = false;

		if (argv[i][0] != '-') {
			known = !g.dir;
			g.dir = argv[i];
		} else if (!strcmp(a, "h") || !strcmp(a, "help")) {
			usage(stdout);
			return EXIT_OK;
		} else {
			bool *flag = !strcmp(a, "full") ? &g.o.full : !strcmp(a, "atomics") ? &g.o.atomics
				   : !strcmp(a, "exclusives") ? &g.o.exclusives : !strcmp(a, "random") ? &random : NULL;

			if (flag)
				known = *flag = true;
			for (unsigned k = 0; k < ARRAY_SIZE(numbers) && !known; k++)
				if (!strcmp(a, numbers[k].name)) {
					if (number(a, argv[++i], numbers[k].lo, numbers[k].hi, numbers[k].to))
						return EXIT_USAGE;
					known = true;
				}
		}
		if (!known) {
			fprintf(stderr, "parma litmus gen: '%s'? (parma litmus gen --help)\n", argv[i]);
			return EXIT_USAGE;
		}
	}
	max = max ? max : MAX(min, 4);
	if (max < min) {
		fprintf(stderr, "parma litmus gen: -min %lu is more than -max %lu\n", min, max);
		return EXIT_USAGE;
	}
	if (!g.dir) {
		fputs("parma litmus gen: which folder? (parma litmus gen --help)\n", stderr);
		return EXIT_USAGE;
	}
	g.o.min = (unsigned)min;
	g.o.max = (unsigned)max;
	g.o.threads = (unsigned)threads;
	if (mkdir(g.dir, 0777) && errno != EEXIST) {
		fprintf(stderr, "parma litmus gen: %s: %s\n", g.dir, strerror(errno));
		return EXIT_HOST;
	}
	if (random)
		random_ones(&g, seed);
	else
		cycle_each(&g.o, each, &g);
	if (g.err.code) {
		fprintf(stderr, "parma litmus gen: %s\n", g.err.msg);
		return g.err.code;
	}
	printf("%lu tests in %s\n", g.made, g.dir);
	return EXIT_OK;
}
