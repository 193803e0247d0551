/*
 * parma mapping: the table from Arm operations to host ones, its derivation,
 * and its check against the models.
 */
#include "cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"
#include "litmus/mapped.h"
#include "litmus/model.h"
#include "mcm/check.h"
#include "mcm/rules.h"

struct options {
	unsigned size, sample, sample_edges, jobs;
	uint64_t seed;
	bool full;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static struct cycle_opts cycles_of(const struct options *o)
{
	return (struct cycle_opts){.min = 2, .max = o->size, .threads = 4, .full = o->full, .exclusives = true,
				   .atomics = true, .parts = 1};
}

/* ---- show, list ---- */

static void print_row(enum mcm_class c, const struct mcm_lowering *l)
{
	printf("%-31s %-14s %-13s %-12s %s\n", mcm_class_name(c), mcm_around_name(l->before), mcm_access_name(l->access),
	       mcm_around_name(l->after), mcm_class_what(c));
}

static void show(const struct mcm_mapping *m)
{
	printf("mapping %s: %s\ncost %.2f ns per 1000 memory operations\n\n%-31s %-14s %-13s %-12s %s\n", m->name, m->summary,
	       (double)mcm_mapping_cost(m, &mcm_costs_measured) / 10, "operation", "before", "access", "after", "instructions");
	for (unsigned c = 0; c < MCM_NCLASSES; c++)
		print_row(c, &m->row[c]);
}

static int list(void)
{
	const struct mcm_mapping *m;

	for (unsigned i = 0; (m = mcm_mapping_at(i)); i++)
		printf("%-13s %s\n", m->name, m->summary);
	return EXIT_OK;
}

/* ---- counterexamples ---- */

/* Prints the program as a litmus test; true if the Arm model, run on that text, forbids the outcome. */
static bool print_cex(const struct mcm_cex *cex)
{
	static char text[16384];
	struct mcm_arena a = {0};
	struct err e = {0};
	struct mcm_solve_opts so = {.model = &mcm_arm};
	struct lit_outcome oc;
	struct lit_test *t;
	struct lit_model *m;
	bool forbidden = false;

	aprog_litmus(&cex->prog, cex->state, text, sizeof(text));
	fputs(text, stdout);
	t = litmus_parse(cex->prog.name, text, strlen(text), &a, &e);
	m = t ? lit_model_new(t, 2, &a, &e) : NULL;
	if (!m || lit_outcomes(m, &so, &oc, &e) < 0)
		printf("(parma model: %s)\n", e.msg);
	else
		forbidden = !oc.ok;
	if (forbidden)
		printf("(parma model: the outcome is forbidden)\n");
	mcm_arena_free(&a);
	return forbidden;
}

/* ---- check ---- */

static void report(const char *what, const struct mcm_check_result *r, double t0)
{
	printf("%-34s %9" PRIu64 " programs, %" PRIu64 " unsound (%.1f s)\n", what, r->cycles, r->bad, now() - t0);
}

static int check(const struct mcm_mapping *m, const struct options *o, char **files, int nfiles)
{
	struct cycle_opts co = cycles_of(o);
	struct mcm_check_result res, ex;
	struct mcm_cex cex = {0};
	char what[64];
	uint64_t bad = 0;
	double t0 = now();

	if (nfiles) {
		struct lit_mapped_result lr = {0};

		for (int i = 0; i < nfiles; i++)
			if (lit_mapped_files(m, files[i], &lr) < 0)
				return EXIT_INPUT;
		printf("%u tests through mapping %s: %u sound, %u unsound, %u not checked (%.1f s)\n",
		       lr.sound + lr.unsound + lr.skipped, m->name, lr.sound, lr.unsound, lr.skipped, now() - t0);
		return lr.unsound ? EXIT_GUEST : EXIT_OK;
	}
	mcm_check_cycles(m, &co, o->jobs, true, &res);
	snprintf(what, sizeof(what), "cycles of up to %u edges", o->size);
	report(what, &res, t0);
	bad += res.bad;
	cex = res.cex;
	t0 = now();
	mcm_check_exclusives(m, true, &ex);
	report("exclusive pairs, values that return", &ex, t0);
	bad += ex.bad;
	for (unsigned n = o->size + 1; o->sample && n <= o->sample_edges; n++) {
		struct cycle_opts so = co;

		t0 = now();
		so.full = true;
		mcm_check_sample(m, &so, n, o->sample, o->seed, &res);
		snprintf(what, sizeof(what), "random cycles of %u edges, seed %" PRIu64, n, o->seed);
		report(what, &res, t0);
		bad += res.bad;
		if (!cex.found)
			cex = res.cex;
	}
	for (unsigned n = 4; o->sample && n <= 6; n += 2) { /* accesses that overlap in part */
		struct cycle_opts so = co;

		t0 = now();
		so.full = so.mixed = true;
		mcm_check_sample(m, &so, n, o->sample, o->seed, &res);
		snprintf(what, sizeof(what), "random mixed-size, %u edges, seed %" PRIu64, n, o->seed);
		report(what, &res, t0);
		bad += res.bad;
		if (!cex.found)
			cex = res.cex;
	}
	if (cex.found) {
		putchar('\n');
		print_cex(&cex);
	}
	if (ex.cex.found) {
		putchar('\n');
		print_cex(&ex.cex);
	}
	printf("\nmapping %s is %s\n", m->name, bad ? "UNSOUND" : "sound over all of these");
	return bad ? EXIT_GUEST : EXIT_OK;
}

/* ---- derive ---- */

struct weaken_ctx {
	const struct options *o;
	unsigned kept, needed;
};

static void weaken(void *ctx, const struct mcm_mapping *weak, enum mcm_class c, const char *what)
{
	struct weaken_ctx *w = ctx;
	struct cycle_opts co = cycles_of(w->o);
	struct mcm_check_result res;

	co.max = 4; /* first the short ones with every ordering */
	co.full = true;
	mcm_check_cycles(weak, &co, w->o->jobs, false, &res);
	if (!res.bad && w->o->size > 4) {
		co = cycles_of(w->o);
		mcm_check_cycles(weak, &co, w->o->jobs, false, &res);
	}
	if (!res.bad)
		mcm_check_exclusives(weak, false, &res);
	w->kept++;
	printf("\n%s %s:\n", mcm_class_name(c), what);
	if (res.cex.found && print_cex(&res.cex))
		w->needed++;
	else
		printf("no counterexample\n");
}

static int derive(const struct options *o)
{
	struct cycle_opts co = cycles_of(o);
	struct mcm_arena a = {0};
	struct mcm_derived d;
	struct weaken_ctx w = {.o = o};
	const struct mcm_mapping *ships = mcm_mapping_at(0);
	double t0 = now();
	bool same;

	mcm_derive(&mcm_costs_measured, &co, o->jobs, &a, &d);
	printf("%" PRIu64 " cheaper mappings refuted by %u programs (%.1f s)\n\n", d.tried, d.ncex, now() - t0);
	show(&d.map);
	same = !memcmp(d.map.row, ships->row, sizeof(ships->row));
	printf("\nthis is %s that ships (%s)\n", same ? "the mapping" : "NOT the mapping", ships->name);
	printf("\nEach part is needed; without it:\n");
	mcm_weakenings(&d.map, weaken, &w);
	printf("\n%u of %u parts shown to be needed\n", w.needed, w.kept);
	mcm_arena_free(&a);
	return same && w.needed == w.kept ? EXIT_OK : EXIT_GUEST;
}

/* ---- rules of the optimiser ---- */

static int rules(const struct mcm_mapping *m)
{
	unsigned bad = 0;
	bool as_claimed = true;

	for (unsigned i = 0; i < mcm_nrules(); i++) {
		struct mcm_check_result res;
		const struct mcm_rule *r = mcm_rule_at(i);
		double t0 = now();

		mcm_check_rule(r, m, &res);
		printf("%-18s %-58s %8" PRIu64 " programs, %s (%.1f s)\n", r->name, r->what, res.cycles,
		       !res.bad ? "sound" : r->sound ? "UNSOUND" : "unsound, as it must be", now() - t0);
		as_claimed &= r->sound == !res.bad;
		bad += r->sound && res.bad;
		if (res.cex.found && r->sound)
			print_cex(&res.cex);
	}
	return as_claimed && !bad ? EXIT_OK : EXIT_GUEST;
}

static void usage(FILE *f)
{
	fputs("usage: parma mapping list\n"
	      "       parma mapping show [NAME]\n"
	      "       parma mapping check [OPTIONS] NAME [FILE|FOLDER...]\n"
	      "       parma mapping derive [OPTIONS]\n"
	      "       parma mapping rules [NAME]\n\n"
	      "The mapping from Arm memory operations to x86-64 ones; the first of the list ships.\n"
	      "check compares outcomes of mapped programs under x86-TSO with those that Arm allows: over all critical\n"
	      "cycles, exclusive pairs and random longer cycles, or over litmus tests if any are given.\n"
	      "derive searches the cheapest sound mapping and shows that each part of it is needed.\n"
	      "rules checks what the optimiser does to memory operations and fences.\n\n"
	      "  -s, --size=N     cycles of up to N edges (default 5)\n"
	      "  -f, --full       all orderings between accesses, not only the strongest of each cost\n"
	      "  -r, --random=N   N random cycles of each size from there to 8 edges (default 2000; 0: none)\n"
	      "      --seed=N     for the random cycles (default 1)\n"
	      "  -j, --jobs=N     work on N programs at a time\n", f);
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"size", required_argument, NULL, 's'}, {"full", no_argument, NULL, 'f'},
		{"random", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'S'},
		{"jobs", required_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:fr:j:h", longs, NULL)) >= 0) {
		unsigned long long v = optarg ? strtoull(optarg, NULL, 10) : 0;

		switch (c) {
		case 's':
			if (v < 2 || v > CYCLE_MAX) {
				fprintf(stderr, "parma mapping: --size must be from 2 to %d\n", CYCLE_MAX);
				return EXIT_USAGE;
			}
			o->size = (unsigned)v;
			break;
		case 'f': o->full = true; break;
		case 'r': o->sample = (unsigned)v; break;
		case 'S': o->seed = v; break;
		case 'j': o->jobs = (unsigned)MAX(1ull, MIN(v, 64ull)); break;
		case 'h':
			usage(stdout);
			return -1;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	return EXIT_OK;
}

int cmd_mapping(int argc, char **argv)
{
	struct options o = {.size = 5, .sample = 2000, .sample_edges = 8, .jobs = 1, .seed = 1};
	const struct mcm_mapping *m = mcm_mapping_at(0);
	const char *verb;
	int r = parse_options(argc, argv, &o);

	if (r)
		return r < 0 ? EXIT_OK : r;
	verb = optind < argc ? argv[optind++] : "";
	if (optind < argc) {
		m = mcm_mapping_find(argv[optind]);
		if (!m) {
			fprintf(stderr, "parma mapping: there is no mapping '%s' (`parma mapping list` names them)\n", argv[optind]);
			return EXIT_USAGE;
		}
		optind++;
	}
	if (!strcmp(verb, "list"))
		return list();
	if (!strcmp(verb, "derive"))
		return derive(&o);
	if (!strcmp(verb, "rules"))
		return rules(m);
	if (!strcmp(verb, "check"))
		return check(m, &o, argv + optind, argc - optind);
	if (!strcmp(verb, "show")) {
		show(m);
		return EXIT_OK;
	}
	usage(stderr);
	return EXIT_USAGE;
}
