/*
 * parma model: allowed outcomes of litmus tests under a memory model, in
 * herd7's output format; with --expect, comparison against the tables of
 * expected outcomes beside the tests.
 *
 * Work is spread over threads by a shared counter; each test's output is made
 * in memory and printed in the order of the files.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fts.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/err.h"
#include "litmus/expect.h"
#include "litmus/model.h"
#include "mcm/witness.h"

struct options {
	const struct mcm_model *model; /* NULL: the architecture's */
	uint64_t off;
	unsigned unroll, jobs;
	bool expect, quiet;
	void (*show)(FILE *f, const struct mcm_exec *x, const char *name); /* an execution, as graph or text; or NULL */
};

enum result { RES_NONE, RES_OK, RES_NO, RES_AGREE, RES_DIFFER, RES_SCOPE, RES_ERROR };

struct job {
	char *path;
	enum result res;   /* OWNER(worker), read after join */
	char *text;
	char reason[200];
	double seconds, reference;
};

struct work {
	const struct options *o;
	struct lit_table table;
	struct job *job;
	unsigned njobs, cap;
	unsigned next;     /* ATOMIC(at_add by every worker) */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static char *read_file(const char *path, size_t *len, struct mcm_arena *a)
{
	FILE *f = fopen(path, "r");
	char *buf;
	long n;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) < 0 || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) < 0) {
		fclose(f);
		return NULL;
	}
	buf = mcm_alloc(a, (size_t)n + 1);
	*len = fread(buf, 1, (size_t)n, f);
	fclose(f);
	return buf;
}

/* Variants that the models here do not cover; NULL: in scope. */
static const char *out_of_scope(const char *variants)
{
	static const char *const groups[][2] = {
		{"vmsa", "translation tables (vmsa)"}, {"ifetch", "instruction fetch (ifetch)"},
		{"memtag", "memory tagging"}, {"pauth", "pointer authentication"}, {"sve", "SVE"}, {"sme", "SME"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (strstr(variants, groups[i][0]))
			return groups[i][1];
	return NULL;
}

struct show_ctx {
	FILE *f;
	const struct options *o;
	const struct lit_model *m;
	unsigned shown;
};

static void show_text(FILE *f, const struct mcm_exec *x, const char *name)
{
	fprintf(f, "%s\n", name);
	mcm_witness_text(f, x);
}

/* The first execution that satisfies the proposition. */
static void show_state(void *ctx, const struct mcm_exec *x)
{
	struct show_ctx *d = ctx;

	if (d->shown || !lit_holds(d->m, d->m->t->prop, x->state))
		return;
	d->shown++;
	d->o->show(d->f, x, d->m->t->name);
}

/* What an error is about, for grouping: the message without the place and the instruction. */
static void explain(char *buf, size_t size, const char *msg)
{
	const char *p = strstr(msg, ": ");

	p = p ? p + 2 : msg;
	snprintf(buf, size, "%.*s", (int)MIN(strcspn(p, ":("), size - 1), p);
}

static void run_test(struct job *j, const struct options *o, const struct lit_expected *want, struct mcm_arena *a,
		     FILE *out)
{
	struct err e = {0};
	size_t len = 0;
	double t0 = now();
	char *text = read_file(j->path, &len, a);
	struct lit_test *t = NULL;
	struct lit_model *m;
	struct lit_outcome oc;
	struct show_ctx show = {.f = out, .o = o};
	struct mcm_solve_opts so = {.off = o->off};
	const char *scope = NULL;

	if (!text)
		err_set(&e, EXIT_INPUT, "%s: %s", j->path, strerror(errno));
	else
		t = litmus_parse(j->path, text, len, a, &e);
	scope = want ? out_of_scope(want->variants) : t ? out_of_scope(t->variants) : NULL;
	if (scope) {
		snprintf(j->reason, sizeof(j->reason), "%s", scope);
		j->res = RES_SCOPE;
		return;
	}
	so.model = o->model ? o->model : t && t->arch != LIT_AARCH64 ? &mcm_tso : &mcm_arm;
	m = t ? lit_model_new(t, want ? want->unroll : o->unroll, a, &e) : NULL;
	if (o->show && m) {
		show.m = m;
		so.on_state = show_state;
		so.ctx = &show;
	}
	if (!m || lit_outcomes(m, &so, &oc, &e) < 0) {
		j->res = RES_ERROR;
		explain(j->reason, sizeof(j->reason), e.msg);
		fprintf(stderr, "parma model: %s\n", e.msg);
		return;
	}
	j->seconds = now() - t0;
	j->res = oc.ok ? RES_OK : RES_NO;
	if (want) {
		char *why = NULL;

		j->reference = want->seconds;
		j->res = lit_agrees(want, &oc, &why) ? RES_AGREE : RES_DIFFER;
		if (j->res == RES_DIFFER)
			fprintf(out, "%s differs:\n%s", j->path, why);
		free(why);
	} else if (!o->quiet && !o->show) {
		lit_print(out, m, &oc, j->seconds);
	} else if (!o->show) {
		fprintf(out, "%s %s\n", t->name, oc.ok ? "Ok" : "No");
	}
}

static void *worker(void *p)
{
	struct work *w = p;
	struct mcm_arena a = {0};
	unsigned i;

	while ((i = at_add(&w->next, 1u)) < w->njobs) {
		struct job *j = &w->job[i];
		size_t size;
		FILE *f = w->o->jobs > 1 ? open_memstream(&j->text, &size) : stdout;
		const struct lit_expected *want = w->o->expect ? lit_table_find(&w->table, j->path) : NULL;

		mcm_arena_reset(&a);
		if (w->o->expect && !want) {
			j->res = RES_ERROR;
			snprintf(j->reason, sizeof(j->reason), "no expected outcome in a table");
		} else {
			run_test(j, w->o, want, &a, f);
		}
		if (f != stdout)
			fclose(f);
	}
	mcm_arena_free(&a);
	mcm_solve_end();
	return NULL;
}

static void add_job(struct work *w, const char *path)
{
	if (w->njobs == w->cap) {
		w->cap = w->cap * 2 + 256;
		w->job = realloc(w->job, w->cap * sizeof(*w->job));
		if (!w->job)
			exit(EXIT_HOST);
	}
	w->job[w->njobs++] = (struct job){.path = strdup(path)};
}

static int cmp_ent(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* The tables in the folders above a path. */
static int tables_above(struct work *w, const char *path, struct err *e)
{
	char dir[4096], file[4200];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	while ((slash = strrchr(dir, '/'))) {
		FILE *f;

		*slash = 0;
		snprintf(file, sizeof(file), "%s/expected.tsv", dir);
		f = fopen(file, "r");
		if (f) {
			fclose(f);
			return lit_table_read(&w->table, file, e);
		}
	}
	return 0;
}

/* All .litmus files under a path, and the tables that tell what to expect. */
static int collect(struct work *w, char *path, struct err *e)
{
	char *argv[] = {path, NULL};
	FTS *fts;
	FTSENT *ent;
	size_t n = strlen(path);
	bool table = false;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = 0;
	fts = fts_open(argv, FTS_LOGICAL | FTS_NOCHDIR, cmp_ent);
	if (!fts)
		return err_set(e, EXIT_HOST, "%s: %m", path);
	while ((ent = fts_read(fts))) {
		const char *dot = strrchr(ent->fts_name, '.');

		if (ent->fts_info == FTS_NS || ent->fts_info == FTS_DNR || ent->fts_info == FTS_ERR) {
			err_set(e, EXIT_INPUT, "%s: %s", ent->fts_path, strerror(ent->fts_errno));
			fts_close(fts);
			return -1;
		}
		if (ent->fts_info != FTS_F)
			continue;
		if (w->o->expect && !strcmp(ent->fts_name, "expected.tsv")) {
			table = true;
			if (lit_table_read(&w->table, ent->fts_path, e) < 0) {
				fts_close(fts);
				return -1;
			}
		} else if ((dot && !strcmp(dot, ".litmus")) || ent->fts_level == 0) {
			add_job(w, ent->fts_path);
		}
	}
	fts_close(fts);
	return w->o->expect && !table ? tables_above(w, path, e) : 0;
}

static int cmp_reason(const void *a, const void *b)
{
	return strcmp((*(struct job *const *)a)->reason, (*(struct job *const *)b)->reason);
}

/* The closing lines of a comparison: counts, the reasons for what was not compared, times. */
static void summary(const struct work *w)
{
	unsigned count[RES_ERROR + 1] = {0}, nrest = 0, run = 0;
	struct job **rest = calloc(w->njobs + 1, sizeof(*rest));
	double secs = 0, ref = 0;

	for (unsigned i = 0; i < w->njobs; i++) {
		struct job *j = &w->job[i];

		count[j->res]++;
		if (j->res == RES_SCOPE || j->res == RES_ERROR)
			rest[nrest++] = j;
		secs += j->seconds;
		ref += j->reference;
	}
	if (nrest)
		qsort(rest, nrest, sizeof(*rest), cmp_reason);
	printf("%u agree, %u differ, %u out of scope\n", count[RES_AGREE], count[RES_DIFFER], nrest);
	for (unsigned i = 0; i < nrest; i++) {
		run++;
		if (i + 1 == nrest || strcmp(rest[i]->reason, rest[i + 1]->reason)) {
			printf("  %u %s\n", run, rest[i]->reason);
			run = 0;
		}
	}
	printf("Time %.3f s, reference %.2f s", secs, ref);
	if (secs > 0)
		printf(" (%.0f times faster)", ref / secs);
	putchar('\n');
	free(rest);
}

static void usage(FILE *f)
{
	fputs("usage: parma model [OPTIONS] FILE|FOLDER...\n\n"
	      "Allowed final states of litmus tests (AArch64, X86, X86_64) under a memory model.\n\n"
	      "  -m, --model=arm|tso|sc  the model (default: that of the test's architecture)\n"
	      "  -j, --jobs=N            work on N tests at a time\n"
	      "  -u, --unroll=N          how often a backward branch may be taken (default 2)\n"
	      "  -x, --expect            compare with expected.tsv in or above the folders given\n"
	      "  -q, --quiet             one line a test\n"
	      "      --dot               a graph of one execution that satisfies the condition, for Graphviz\n"
	      "      --witness           the same as text\n"
	      "      --without=CLAUSE    leave out a clause of the model (repeatable; `list` names them)\n", f);
}

static int parse_clause(const char *name, uint64_t *off)
{
	if (!strcmp(name, "list")) {
		for (unsigned c = 0; c < MCM_NCLAUSES; c++)
			printf("%-10s %s\n", mcm_clause_name(c), mcm_clause_what(c));
		return 1;
	}
	for (unsigned c = 0; c < MCM_NCLAUSES; c++)
		if (!strcmp(name, mcm_clause_name(c))) {
			*off |= BIT(c);
			return 0;
		}
	fprintf(stderr, "parma model: unknown clause '%s' (--without=list names them)\n", name);
	return -1;
}

static int parse_number(const char *what, const char *s, unsigned max, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (!*s || *end || !v || v > max) {
		fprintf(stderr, "parma model: %s must be a number from 1 to %u, not '%s'\n", what, max, s);
		return -1;
	}
	*out = (unsigned)v;
	return 0;
}

/* EXIT_OK: go on; else the exit code, or -1 for success without work. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"model", required_argument, NULL, 'm'}, {"jobs", required_argument, NULL, 'j'},
		{"unroll", required_argument, NULL, 'u'}, {"expect", no_argument, NULL, 'x'},
		{"quiet", no_argument, NULL, 'q'}, {"dot", no_argument, NULL, 'd'}, {"witness", no_argument, NULL, 'W'},
		{"without", required_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	int c, r;

	while ((c = getopt_long(argc, argv, "m:j:u:xqh", longs, NULL)) >= 0) {
		switch (c) {
		case 'm':
			o->model = mcm_model_find(optarg);
			if (!o->model) {
				fprintf(stderr, "parma model: unknown model '%s' (arm, tso, sc)\n", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'j':
			if (parse_number("--jobs", optarg, 256, &o->jobs) < 0)
				return EXIT_USAGE;
			break;
		case 'u':
			if (parse_number("--unroll", optarg, 16, &o->unroll) < 0)
				return EXIT_USAGE;
			break;
		case 'x': o->expect = true; break;
		case 'q': o->quiet = true; break;
		case 'd': o->show = mcm_witness_dot; break;
		case 'W': o->show = show_text; break;
		case 'w':
			r = parse_clause(optarg, &o->off);
			if (r)
				return r < 0 ? EXIT_USAGE : -1;
			break;
		case 'h':
			usage(stdout);
			return -1;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int cmd_model(int argc, char **argv)
{
	struct options o = {.unroll = 2, .jobs = 1};
	struct work w = {.o = &o};
	pthread_t th[256];
	struct err e = {0};
	unsigned bad = 0, input = 0;
	int r = parse_options(argc, argv, &o);

	if (r)
		return r < 0 ? EXIT_OK : r;
	for (int i = optind; i < argc; i++)
		if (collect(&w, argv[i], &e) < 0) {
			fprintf(stderr, "parma model: %s\n", e.msg);
			return e.code;
		}
	lit_table_sort(&w.table);
	for (unsigned i = 1; i < o.jobs; i++)
		if (pthread_create(&th[i], NULL, worker, &w))
			o.jobs = i;
	worker(&w);
	for (unsigned i = 1; i < o.jobs; i++)
		pthread_join(th[i], NULL);
	for (unsigned i = 0; i < w.njobs; i++) {
		struct job *j = &w.job[i];

		if (j->text)
			fputs(j->text, stdout);
		bad += j->res == RES_DIFFER;
		input += j->res == RES_ERROR;
	}
	if (o.expect)
		summary(&w);
	for (unsigned i = 0; i < w.njobs; i++) {
		free(w.job[i].path);
		free(w.job[i].text);
	}
	free(w.job);
	lit_table_free(&w.table);
	return bad ? EXIT_GUEST : input ? EXIT_INPUT : EXIT_OK;
}
