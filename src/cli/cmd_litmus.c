/*
 * parma litmus: runs litmus tests on the emulator itself and compares every
 * final state with those that the Arm model allows.
 *
 * One gang (litmus/gang.h) runs all tests, one after the other.  Option names
 * are litmus7's, with one dash or two.
 */
#include "cli/cli.h"
#include "cli/litmus_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "a64/cpumodel.h"
#include "base/bits.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "litmus/expect.h"
#include "litmus/hostcode.h"
#include "litmus/judge.h"
#include "litmus/plan.h"
#include "litmus/results.h"
#include "litmus/suite.h"
#include "mcm/mapping.h"
#include "xlate/jit.h"

enum output { OUT_LOG, OUT_QUIET, OUT_TAP };

struct options {
	struct lit_run_opts run;
	unsigned smp;              /* 0: as many as the tests need, at least 2 */
	const struct gang_engine *engine;
	const struct mcm_mapping *mapping;
	enum output out;
	const char *json, *junit;
	const char *image;         /* write the test for a bare-metal guest, run nothing */
	struct lit_expectlog expect;
	bool judged_by_log;
	bool stop;                 /* a test ends with its first forbidden outcome */
	struct lit_suite suite;

	/* of campaigns */
	bool campaign;
	const char *results;
	unsigned rounds, shard, shards;
	double hours;
};

struct session {
	struct options *o;
	struct lit_table table;     /* of the folder that was read last */
	char table_path[4096];
	const struct lit_expected *row; /* of the test at hand; NULL: none, or not needed */
	struct gang *g;
	struct mcm_arena arena;
};

/* -- options -- */

static const char *const barriers[] = {"user", "userfence", "timebase", "pthread", "none", NULL};
static const char *const preloads[] = {"no", "random", "custom", "static"};

static int bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int bad(const char *fmt, ...)
{
	va_list ap;

	fputs("parma litmus: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int number(const char *name, const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 0);
	if (!*s || *end || errno || *s == '-' || *out < min || *out > max)
		return bad("-%s: a number from %" PRIu64 " to %" PRIu64 " expected, not '%s'", name, min, max, s);
	return 0;
}

static int small(const char *name, const char *s, unsigned min, unsigned max, unsigned *out)
{
	uint64_t v;
	int r = number(name, s, min, max, &v);

	*out = (unsigned)v;
	return r;
}

static int opt_s(struct options *o, const char *v) { return small("s", v, 1, 1000000, &o->run.size); }
static int opt_r(struct options *o, const char *v) { return small("r", v, 1, 1000000000, &o->run.runs); }
static int opt_st(struct options *o, const char *v) { return small("st", v, 1, 1000000, &o->run.stride); }
static int opt_avail(struct options *o, const char *v) { return small("avail", v, 1, GANG_MAX_CPUS, &o->run.avail); }
static int opt_smp(struct options *o, const char *v) { return small("smp", v, 1, GANG_MAX_CPUS, &o->smp); }
static int opt_seed(struct options *o, const char *v) { return number("seed", v, 0, UINT64_MAX, &o->run.seed); }

static int opt_seconds(const char *name, const char *v, double *out)
{
	char *end;

	*out = strtod(v, &end);
	return !*v || *end || *out <= 0 ? bad("-%s: a number of seconds expected, not '%s'", name, v) : 0;
}

static int opt_time(struct options *o, const char *v) { return opt_seconds("time", v, &o->run.seconds); }
static int opt_timeout(struct options *o, const char *v) { return opt_seconds("timeout", v, &o->run.patience); }

static int opt_barrier(struct options *o, const char *v)
{
	for (unsigned i = 0; barriers[i]; i++)
		if (!strcmp(v, barriers[i])) {
			o->run.barrier = (enum lit_barrier)i;
			return 0;
		}
	if (!strcmp(v, "pthread-like"))
		return opt_barrier(o, "pthread");
	return bad("-barrier: user, userfence, timebase, pthread or none expected, not '%s'", v);
}

static int opt_affinity(struct options *o, const char *v)
{
	static const struct { const char *name; enum lit_affinity kind; } kinds[] = {
		{"none", AFFINITY_NONE}, {"random", AFFINITY_RANDOM}, {"scan", AFFINITY_SCAN}, {"custom", AFFINITY_CUSTOM}};
	uint64_t n = 1;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(v, kinds[i].name))
			return o->run.affinity = kinds[i].kind, 0;
	if (strncmp(v, "incr", 4))
		return bad("-affinity: none, random, incrN, scan or custom expected, not '%s'", v);
	if (v[4] && number("affinity incr", v + 4, 0, 1024, &n))
		return EXIT_USAGE;
	o->run.affinity = AFFINITY_INCR;
	o->run.incr = (unsigned)n;
	return 0;
}

/* CPUs for -affinity custom. */
static int opt_p(struct options *o, const char *v)
{
	char *end;

	for (o->run.ncpu = 0; o->run.ncpu < GANG_MAX_CPUS; v = end + 1) {
		unsigned long n = strtoul(v, &end, 10);

		if (end == v || (*end && *end != ',') || n > 1023)
			break;
		o->run.cpu[o->run.ncpu++] = (unsigned)n;
		if (!*end)
			return o->run.affinity = AFFINITY_CUSTOM, 0;
	}
	return bad("-p: numbers of CPUs with commas between expected, not '%s'", v);
}

static int opt_preload(struct options *o, const char *v)
{
	for (unsigned i = 0; i < ARRAY_SIZE(preloads); i++)
		if (!strcmp(v, preloads[i]))
			return o->run.preload = (enum trial_preload)i, 0;
	if (!strcmp(v, "none"))
		return o->run.preload = PRELOAD_NO, 0;
	return bad("-preload: random, custom, static or no expected, not '%s'", v);
}

static int opt_group(struct options *o, const char *v) { return small("group", v, 1, 1000000, &o->run.group); }

static int opt_mem(struct options *o, const char *v)
{
	if (strcmp(v, "direct") && strcmp(v, "indirect"))
		return bad("-mem: direct or indirect expected, not '%s'", v);
	o->run.direct = *v == 'd';
	return 0;
}

static int opt_accel(struct options *o, const char *v)
{
	o->engine = gang_engine_find(v);
	if (o->engine)
		return 0;
	bad("-accel: there is no engine '%s'; there are:", v);
	for (unsigned i = 0; gang_engine_at(i); i++)
		fprintf(stderr, "  %-10s %s\n", gang_engine_at(i)->name, gang_engine_at(i)->help);
	return EXIT_USAGE;
}

static int opt_tbsize(struct options *o, const char *v)
{
	unsigned mib;
	int r = small("tbsize", v, 1, 2048, &mib);

	gang_code_bytes = (size_t)mib << 20;
	return r;
}

static int opt_evict(struct options *o, const char *v) { return small("evict", v, 1, 1000000, &jit_evict_us); }

static int opt_mapping(struct options *o, const char *v)
{
	o->mapping = mcm_mapping_find(v);
	if (o->mapping)
		return 0;
	bad("-mapping: there is no mapping '%s'; there are:", v);
	for (unsigned i = 0; mcm_mapping_at(i); i++)
		fprintf(stderr, "  %-14s %s\n", mcm_mapping_at(i)->name, mcm_mapping_at(i)->summary);
	return EXIT_USAGE;
}

static int opt_expect(struct options *o, const char *v)
{
	struct err e;

	if (lit_expectlog_read(&o->expect, v, &e) < 0) {
		bad("%s", e.msg);
		return e.code;
	}
	o->judged_by_log = true;
	return 0;
}

static int opt_json(struct options *o, const char *v) { return o->json = v, 0; }
static int opt_junit(struct options *o, const char *v) { return o->junit = v, 0; }
static int opt_tap(struct options *o, const char *v) { return o->out = OUT_TAP, 0; }
static int opt_image(struct options *o, const char *v) { return o->image = v, 0; }
static int opt_stop(struct options *o, const char *v) { return o->stop = true, 0; }
static int opt_q(struct options *o, const char *v) { return o->out = OUT_QUIET, 0; }

static int opt_results(struct options *o, const char *v) { return o->results = v, 0; }
static int opt_rounds(struct options *o, const char *v) { return small("rounds", v, 1, 1000000000, &o->rounds); }
static int opt_hours(struct options *o, const char *v) { return opt_seconds("hours", v, &o->hours); }

static int opt_shard(struct options *o, const char *v)
{
	char rest;

	if (sscanf(v, "%u/%u%c", &o->shard, &o->shards, &rest) != 2 || o->shard >= o->shards)
		return bad("-shard: I/N expected, I from 0 to N - 1, not '%s'", v);
	return 0;
}

/* The same of campaigns only. */
#define CAMPAIGN_OPTIONS(X) \
	X(results, "FILE", "where results are kept; a campaign that finds the file goes on from there") \
	X(rounds, "N", "run each test N times (default: until the hours are over, or once)") \
	X(hours, "H", "run for so long") \
	X(shard, "I/N", "only every N-th test, from number I (default: as Slurm's or MPI's environment says)")

/* X(name, argument or NULL, help) */
#define OPTIONS(X) \
	X(s, "N", "instances of the test in a run (default 5000)") \
	X(r, "N", "number of runs (default 10)") \
	X(time, "SECONDS", "run each test for so long, whatever -r says") \
	X(smp, "N", "vCPUs (default: the host's CPUs); at least as many as a test has threads") \
	X(avail, "N", "vCPUs to use: N / threads copies of a test run side by side (default: as many as host CPUs)") \
	X(mem, "direct|indirect", "instances in order, or shuffled (default)") \
	X(st, "N", "stride between consecutive instances with -mem direct (default 1)") \
	X(barrier, "KIND", "user (default), userfence, timebase, pthread, none") \
	X(group, "N", "instances from one barrier to the next (default 16)") \
	X(affinity, "KIND", "random (default), none, incrN, scan, custom (-p): host CPUs of the vCPU threads") \
	X(p, "N,N..", "host CPUs of threads 0, 1 ..") \
	X(preload, "KIND", "random (default), custom (Prefetch=), static: touch locations before the barrier; no") \
	X(seed, "N", "of all random choices (default: from the clock; always printed)") \
	X(timeout, "SECONDS", "a run that takes longer counts as endless (default 20)") \
	X(accel, "ENGINE", "how guest code is executed") \
	X(tbsize, "MIB", "code memory of the translator") \
	X(evict, "US", "throw the oldest translations away every US microseconds, to test that nobody notices") \
	X(mapping, "NAME", "mapping of Arm operations to the host's, from the registry") \
	X(stop, NULL, "end a test with its first forbidden outcome") \
	X(expect, "FILE", "allowed outcomes from a log of herd7 instead of parma's model") \
	X(image, "FILE", "write a test and its plan for the harness as a guest (tests/litmus/bare), run nothing") \
	X(json, "FILE", "results as JSON") \
	X(junit, "FILE", "results as JUnit's XML") \
	X(tap, NULL, "results as TAP in place of logs") \
	X(q, NULL, "no logs, only failures and the totals")

static const struct {
	const char *name, *arg, *help;
	int (*parse)(struct options *o, const char *v);
	bool campaign;
} table[] = {
#define X(n, a, h) {#n, a, h, opt_##n, false},
	OPTIONS(X)
#undef X
#define X(n, a, h) {#n, a, h, opt_##n, true},
	CAMPAIGN_OPTIONS(X)
#undef X
};

static void usage(FILE *f, bool campaign)
{
	fputs(campaign ? "usage: parma litmus campaign -results FILE [OPTIONS] FILE|FOLDER...\n\n"
			 "Runs litmus tests for long, round after round, and keeps the sums in a file.\n\n"
		       : "usage: parma litmus [OPTIONS] FILE|FOLDER...\n"
			 "       parma litmus gen|campaign|merge ...  (each has --help)\n\n"
			 "Runs litmus tests (herd7's format, AArch64) on vCPUs and checks each final state against those\n"
			 "that the Arm memory model allows.\n\n", f);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (campaign || !table[i].campaign)
			fprintf(f, "  -%s%s%-*s %s\n", table[i].name, table[i].arg ? " " : "",
			(int)(24 - strlen(table[i].name) - (table[i].arg != NULL)), table[i].arg ? table[i].arg : "",
			table[i].help);
	fputs("\nExit status: 0 nothing forbidden seen, 1 something forbidden, 2 some tests could not run.\n", f);
}

/* One option, with its value in the same word or the next. */
static int parse_option(struct options *o, char **argv, int argc, int *i)
{
	const char *name = argv[*i] + 1 + (argv[*i][1] == '-');
	size_t n = strcspn(name, "=");
	struct nearest near;
	char buf[64];

	snprintf(buf, sizeof(buf), "%.*s", (int)n, name);
	near = nearest_begin(buf);
	for (unsigned k = 0; k < ARRAY_SIZE(table); k++) {
		const char *v = name[n] ? name + n + 1 : NULL;

		if (table[k].campaign && !o->campaign)
			continue;
		nearest_try(&near, table[k].name);
		if (strcmp(table[k].name, buf))
			continue;
		if (!table[k].arg)
			return v ? bad("-%s takes no value", buf) : table[k].parse(o, NULL);
		if (!v && *i + 1 == argc)
			return bad("-%s needs a value (%s)", buf, table[k].arg);
		return table[k].parse(o, v ? v : argv[++*i]);
	}
	return bad("unknown option '%s'%s%s (parma litmus --help lists them)", argv[*i],
		   nearest_get(&near) ? "; did you mean -" : "", nearest_get(&near) ? nearest_get(&near) : "");
}

/* -1: help was shown. */
static int parse_options(int argc, char **argv, struct options *o)
{
	struct err e;

	for (int i = 1; i < argc; i++) {
		int r = 0;

		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-help")) {
			usage(stdout, o->campaign);
			return -1;
		}
		if (argv[i][0] == '-' && argv[i][1])
			r = parse_option(o, argv, argc, &i);
		else if (lit_suite_add(&o->suite, argv[i], &e) < 0)
			r = (fprintf(stderr, "parma litmus: %s\n", e.msg), e.code);
		if (r)
			return r;
	}
	if (!o->suite.n) {
		usage(stderr, o->campaign);
		return EXIT_USAGE;
	}
	return 0;
}

/* -- one test -- */

/* Some thread loads or stores bytes or halfwords. */
static bool narrow(const struct lit_test *t)
{
	for (unsigned th = 0; th < t->nthreads; th++)
		for (unsigned i = 0; i < t->thread[th].n; i++) {
			const char *s = t->thread[th].line[i].insn;

			if (s && (!strncasecmp(s, "LDR", 3) || !strncasecmp(s, "STR", 3)) && strchr("HhBb", s[3]))
				return true;
		}
	return false;
}

static const char *out_of_scope(const struct lit_test *t, const char *variants, bool expected)
{
	static const char *const groups[][2] = {
		{"handled", "faults that are handled"}, {"faulttonext", "faults that are skipped"}, {"skip", "faults that are skipped"},
		{"imprecise", "faults that are imprecise"}, {"eis", "exceptions that do not synchronise"}, {"exs", "exceptions that do not synchronise"},
		{"memtag", "memory tagging"}, {"pauth", "pointer authentication"}, {"sve", "SVE"}, {"sme", "SME"},
	};

	if (t->arch != LIT_AARCH64)
		return "not a test for AArch64";
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (strstr(variants, groups[i][0]))
			return groups[i][1];
	if (t->vmsa && !strstr(variants, "vmsa"))
		return "translation table entries, which the reference took for plain memory";
	if (t->vmsa && !strstr(variants, "mixed") && narrow(t))
		return "accesses to parts of a location, which the reference took for others";
	if (t->el0)
		return "threads at EL0";
	if ((t->vmsa || t->handlers || strstr(variants, "ifetch")) && !expected)
		return "neither instruction fetch, translation nor handlers are modelled, and no expected.tsv tells what is allowed";
	return NULL;
}

/* The test relies on instruction caches that need no invalidation (CTR_EL0.DIC = 1); these here do. */
static bool needs_dic(const char *text)
{
	const char *p = strstr(text, "CacheType=");
	size_t n = p ? strcspn(p, "\n") : 0;

	for (; n >= 3; n--, p++)
		if (!strncmp(p, "DIC", 3) && p[-1] != 'I')
			return true;
	return false;
}

/* The row of the nearest expected.tsv above a test; NULL: there is none. */
static const struct lit_expected *expected_row(struct session *s, const char *path)
{
	char dir[4000], file[4096];
	char *slash;
	struct err e;

	snprintf(dir, sizeof(dir), "%s", path);
	while ((slash = strrchr(dir, '/'))) {
		*slash = 0;
		snprintf(file, sizeof(file), "%s/expected.tsv", dir);
		if (access(file, R_OK))
			continue;
		if (strcmp(file, s->table_path)) {
			lit_table_free(&s->table);
			snprintf(s->table_path, sizeof(s->table_path), "%s", file);
			if (lit_table_read(&s->table, file, &e) < 0) {
				bad("%s", e.msg);
				lit_table_free(&s->table);
			}
			lit_table_sort(&s->table);
		}
		return lit_table_find(&s->table, path);
	}
	return NULL;
}

static char *slurp(const char *path, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "r"), *mem;
	char *buf = NULL, chunk[4096];
	size_t n;

	if (!f) {
		err_set(e, EXIT_INPUT, "%s: %s", path, strerror(errno));
		return NULL;
	}
	mem = open_memstream(&buf, len);
	while (mem && (n = fread(chunk, 1, sizeof(chunk), f)))
		fwrite(chunk, 1, n, mem);
	if (mem)
		fclose(mem);
	fclose(f);
	return buf;
}

/* The states that are allowed: from the log given, or from the model. */
static int allowed_states(struct session *s, struct lit_model *m, unsigned unroll, struct lit_allowed *a, struct err *e)
{
	const struct mcm_solve_opts so = {.model = &mcm_arm};
	struct lit_outcome oc;

	if (s->o->judged_by_log) {
		const struct lit_expecttest *t = lit_expectlog_find(&s->o->expect, m->t->name);

		if (!t)
			return err_set(e, EXIT_INPUT, "%s: no test %s in the log of expected outcomes", m->t->file, m->t->name);
		for (unsigned i = 0; i < t->allowed.n; i++)
			lit_allow_state(a, t->allowed.orig[i], strlen(t->allowed.orig[i]));
		lit_allow_sort(a);
		return 0;
	}
	if (s->row) {
		for (const char *p = s->row->states; p;) {
			const char *bar = strstr(p, " | ");

			lit_allow_state(a, p, bar ? (size_t)(bar - p) : strlen(p));
			p = bar ? bar + 3 : NULL;
		}
		lit_allow_sort(a);
		return 0;
	}
	m->unroll = unroll;
	if (lit_outcomes(m, &so, &oc, e) < 0)
		return -1;
	lit_allow_outcome(a, &oc);
	return 0;
}

static void settings(const struct options *o, char *buf, size_t size)
{
	snprintf(buf, size, "-accel %s -mapping %s -smp %u -s %u -r %u -barrier %s -group %u -mem %s -preload %s -seed %" PRIu64,
		 o->engine->name, o->mapping->name, o->smp, o->run.size, o->run.runs, barriers[o->run.barrier],
		 o->run.group, o->run.direct ? "direct" : "indirect", preloads[o->run.preload], o->run.seed);
}

/* What went wrong, with all that is needed to see it again. */
static char *failure_report(const struct session *s, const struct lit_model *m, const struct lit_verdict *v, uint64_t trials)
{
	const struct options *o = s->o;
	char *text, set[300];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	settings(o, set, sizeof(set));
	fprintf(f, "FORBIDDEN: test %s (%s)\n", m->t->name, m->t->file);
	for (unsigned i = 0; i < v->n; i++)
		if (!v->seen[i].allowed)
			fprintf(f, "  %" PRIu64 " of %" PRIu64 " trials ended in %s\n", v->seen[i].count, trials, v->seen[i].text);
	fprintf(f, "  again: parma litmus %s%s %s\n", set, o->run.seconds > 0 ? " -time ..." : "", m->t->file);
	for (unsigned t = 0; t < m->t->nthreads; t++) {
		unsigned bytes;

		fprintf(f, "  P%u:\n", t);
		for (unsigned i = 0; i < m->t->thread[t].n; i++) {
			const struct lit_line *l = &m->t->thread[t].line[i];

			fprintf(f, "    %s%s%s\n", l->label ? l->label : "    ", l->label ? ":" : "", l->insn ? l->insn : "");
		}
		lit_a64_bytes(m, t, &bytes);
		hostcode_units(f, s->g, LIT_GUEST_CODE(t), bytes / 4, "      ");
	}
	fclose(f);
	return text;
}

static bool make_gang(struct session *s, struct err *e)
{
	if (!s->g)
		s->g = gang_new(s->o->engine, s->o->smp, e);
	return s->g;
}

/* Loops that the model cut short: look again with more turns before saying that something is forbidden. */
static void judge(struct session *s, struct lit_model *m, const struct lit_result *r, struct lit_allowed *a,
		  struct lit_verdict *v)
{
	struct err e;

	lit_judge(m, r, a, v);
	for (unsigned unroll = 4; v->nforbidden && a->cut && unroll <= 16; unroll *= 2) {
		struct lit_allowed b = {0};

		if (allowed_states(s, m, unroll, &b, &e) < 0) {
			lit_allow_free(&b);
			return;
		}
		lit_allow_free(a);
		*a = b;
		lit_verdict_free(v);
		lit_judge(m, r, a, v);
	}
}

struct stopper {
	const struct lit_model *m;
	const struct lit_allowed *allowed;
};

static bool forbidden_state(void *ctx, const uint64_t *state)
{
	const struct stopper *st = ctx;

	return !lit_is_allowed(st->m, st->allowed, state);
}

static int run_model(struct session *s, struct lit_entry *t, struct lit_model *m, struct err *e)
{
	struct lit_allowed allowed = {0};
	struct stopper stopper = {m, &allowed};
	struct lit_result res;
	struct lit_verdict v;

	s->o->run.stop = s->o->stop ? forbidden_state : NULL;
	s->o->run.stop_ctx = &stopper;
	if (allowed_states(s, m, 2, &allowed, e) < 0 || !make_gang(s, e)) {
		lit_allow_free(&allowed);
		return -1;
	}
	if (lit_run(s->g, m, &s->o->run, &res, e) < 0) {
		if (res.endless) {
			gang_free(s->g);
			s->g = NULL;
		}
		lit_allow_free(&allowed);
		return -1;
	}
	judge(s, m, &res, &allowed, &v);
	if (t->status == LIT_PENDING)
		t->status = LIT_PASS;
	t->rounds++;
	t->trials += res.trials;
	t->seconds += res.seconds;
	t->nallowed = v.nallowed;
	for (unsigned i = 0; i < v.n; i++)
		lit_entry_count(t, v.seen[i].text, v.seen[i].count, v.seen[i].good, v.seen[i].allowed);
	if (s->o->out == OUT_LOG)
		lit_log(stdout, m, &v, m->t->hash, res.seconds);
	if (v.nforbidden) {
		free(t->failure);
		t->failure = failure_report(s, m, &v, res.trials);
		fflush(stdout);
		fputs(t->failure ? t->failure : "", stderr);
	}
	hist_free(&res.hist);
	lit_verdict_free(&v);
	lit_allow_free(&allowed);
	return 0;
}

static void run_entry(struct session *s, struct lit_entry *t)
{
	struct err e = {0};
	size_t len = 0;
	char *text = slurp(t->path, &len, &e);
	struct lit_test *test = NULL;
	struct lit_model *m = NULL;
	const char *scope = NULL, *variants, *copy = "";

	mcm_arena_reset(&s->arena);
	if (text)
		test = litmus_parse(t->path, text, len, &s->arena, &e);
	if (text)
		copy = mcm_strndup(&s->arena, text, len);
	free(text);
	if (test) {
		free(t->name);
		t->name = strdup(test->name);
		s->row = expected_row(s, t->path);
		variants = s->row ? s->row->variants : test->variants;
		scope = out_of_scope(test, variants, s->row);
		s->o->run.own_code = strstr(variants, "ifetch");
		if (s->o->run.own_code && needs_dic(copy))
			scope = "instruction caches that need no invalidation (DIC)";
		if (!s->o->run.own_code && !test->vmsa && !test->handlers)
			s->row = NULL; /* the model says what is allowed */
	}
	if (scope) {
		t->status = LIT_SKIP;
		if (asprintf(&t->message, "%s: %s", t->path, scope) < 0)
			t->message = NULL;
		return;
	}
	if (test)
		m = lit_model_new(test, 2, &s->arena, &e);
	if (m && s->o->image && lit_plan_write(m, &s->o->run, s->o->smp, s->o->image, &e) == 0)
		t->status = LIT_PASS;
	else if (!m || s->o->image || run_model(s, t, m, &e) < 0) {
		t->status = LIT_FAILED;
		free(t->message);
		t->message = strdup(e.msg);
		fflush(stdout);
		fprintf(stderr, "parma litmus: %s\n", e.msg);
	}
}

/* -- all of them -- */

/* Threads of the test with the most, without more than a look at its text. */
static unsigned threads_needed(const struct options *o)
{
	struct mcm_arena a = {0};
	unsigned most = 1;
	struct err e;

	for (unsigned i = 0; i < o->suite.n; i++) {
		size_t len;
		char *text = slurp(o->suite.entry[i].path, &len, &e);
		struct lit_test *t = text ? litmus_parse("", text, len, &a, &e) : NULL;

		if (t && t->arch == LIT_AARCH64)
			most = MAX(most, t->nthreads);
		free(text);
		mcm_arena_reset(&a);
	}
	mcm_arena_free(&a);
	return most;
}

static void progress(const struct session *s, unsigned i)
{
	if (s->o->out == OUT_QUIET && isatty(STDERR_FILENO))
		fprintf(stderr, "\r[%u/%u] %-60.60s\r", i + 1, s->o->suite.n, s->o->suite.entry[i].path);
}

static int write_file(const char *path, const struct options *o, bool junit)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "w") : stdout;
	char set[300];

	if (!f)
		return bad("%s: %s", path, strerror(errno)), EXIT_INPUT;
	settings(o, set, sizeof(set));
	if (junit)
		lit_suite_junit(f, &o->suite);
	else
		lit_suite_json(f, &o->suite, set);
	return f != stdout && fclose(f) ? (bad("%s: %s", path, strerror(errno)), EXIT_HOST) : 0;
}

static int run_all(struct options *o)
{
	struct session s = {.o = o};
	int r = 0;

	if (o->out == OUT_TAP)
		printf("TAP version 13\n1..%u\n# seed %" PRIu64 "\n", o->suite.n, o->run.seed);
	for (unsigned i = 0; i < o->suite.n; i++) {
		progress(&s, i);
		run_entry(&s, &o->suite.entry[i]);
		if (o->out == OUT_TAP)
			lit_suite_tap_line(stdout, &o->suite.entry[i], i + 1);
	}
	if (s.g)
		gang_free(s.g);
	mcm_arena_free(&s.arena);
	lit_table_free(&s.table);
	if (o->out != OUT_TAP) {
		char set[300];

		settings(o, set, sizeof(set));
		lit_suite_summary(stdout, &o->suite, o->out == OUT_QUIET);
		printf("%s\n", set);
	}
	if (o->json)
		r = write_file(o->json, o, false);
	if (o->junit && !r)
		r = write_file(o->junit, o, true);
	return r ? r : lit_suite_exit(&o->suite);
}

/* -- campaigns -- */

/* Rank and size as launchers put them into the environment. */
static void shard_of_launcher(struct options *o)
{
	static const char *const names[][2] = {
		{"SLURM_PROCID", "SLURM_NTASKS"}, {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
		{"PMI_RANK", "PMI_SIZE"}, {"PMIX_RANK", "PMIX_SIZE"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names) && !o->shards; i++) {
		const char *rank = getenv(names[i][0]), *size = getenv(names[i][1]);

		if (rank && size && strtoul(size, NULL, 10) > strtoul(rank, NULL, 10)) {
			o->shard = (unsigned)strtoul(rank, NULL, 10);
			o->shards = (unsigned)strtoul(size, NULL, 10);
		}
	}
	if (!o->shards)
		o->shards = 1;
}

/* Keeps the tests of this shard. */
static void keep_shard(struct options *o)
{
	struct lit_suite mine = {0};

	for (unsigned i = 0; i < o->suite.n; i++)
		if (i % o->shards == o->shard)
			lit_suite_new(&mine, o->suite.entry[i].path);
	lit_suite_free(&o->suite);
	o->suite = mine;
}

/* The test with the fewest rounds that can be run; NULL: all have had theirs. */
static struct lit_entry *next_test(const struct options *o, uint64_t end_ns)
{
	struct lit_entry *best = NULL;

	for (unsigned i = 0; i < o->suite.n; i++) {
		struct lit_entry *t = &o->suite.entry[i];

		if (t->status != LIT_SKIP && t->status != LIT_FAILED && (!best || t->rounds < best->rounds))
			best = t;
	}
	if (!best || (o->rounds && best->rounds >= o->rounds) || (end_ns && clock_ns() >= end_ns && best->rounds))
		return NULL;
	return best;
}

static int run_campaign(struct options *o, char *results)
{
	struct session s = {.o = o};
	uint64_t end_ns = o->hours > 0 ? clock_ns() + (uint64_t)(o->hours * 3600e9) : 0, saved = clock_ns(), seed = o->run.seed;
	struct lit_entry *t;
	char set[300];
	struct err e;

	settings(o, set, sizeof(set));
	if (lit_results_load(results, &o->suite, false, true, &e) < 0)
		return bad("%s", e.msg), e.code;
	while ((t = next_test(o, end_ns))) {
		o->run.seed = seed + t->rounds * UINT64_C(0x10001);
		run_entry(&s, t);
		if (clock_ns() - saved > UINT64_C(5000000000)) {
			if (lit_results_save(results, &o->suite, set, &e) < 0)
				return bad("%s", e.msg), e.code;
			saved = clock_ns();
		}
	}
	if (s.g)
		gang_free(s.g);
	mcm_arena_free(&s.arena);
	lit_table_free(&s.table);
	if (lit_results_save(results, &o->suite, set, &e) < 0)
		return bad("%s", e.msg), e.code;
	lit_suite_summary(stdout, &o->suite, true);
	return lit_suite_exit(&o->suite);
}

static int run_options(struct options *o)
{
	char results[4096];

	clock_init();
	mcm_mapping_select(o->mapping);
	if (!o->smp)
		o->smp = (unsigned)MIN(sysconf(_SC_NPROCESSORS_ONLN), (long)GANG_MAX_CPUS);
	if (!o->campaign) {
		o->smp = MAX(o->smp, threads_needed(o));
	} else {
		shard_of_launcher(o);
		keep_shard(o);
		o->smp = MAX(o->smp, threads_needed(o));
		o->out = OUT_QUIET;
		if (!o->rounds && o->hours <= 0)
			o->rounds = 1;
	}
	o->run.crowded = (long)o->smp > sysconf(_SC_NPROCESSORS_ONLN);
	if (!o->run.avail)
		o->run.avail = (unsigned)MAX(1L, MIN((long)o->smp, sysconf(_SC_NPROCESSORS_ONLN)));
	if (!o->campaign)
		return run_all(o);
	if (!o->results)
		return bad("campaign: -results FILE is needed");
	snprintf(results, sizeof(results), o->shards > 1 ? "%s.%u" : "%s", o->results, o->shard);
	return run_campaign(o, results);
}

static int litmus_merge(int argc, char **argv)
{
	struct lit_suite s = {0};
	const char *out = NULL;
	struct err e = {0};
	int r = 0;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs("usage: parma litmus merge [-o FILE] RESULTS...\n\n"
		      "Adds up results of campaigns (shards, machines) and prints the totals.\n", argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_OK;
	}
	for (int i = 1; i < argc && !r; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			out = argv[++i];
		else
			r = lit_results_load(argv[i], &s, true, false, &e);
	}
	if (!r && out)
		r = lit_results_save(out, &s, "merged", &e);
	if (r) {
		bad("merge: %s", e.msg);
		r = e.code;
	} else {
		lit_suite_summary(stdout, &s, false);
		r = lit_suite_exit(&s);
	}
	lit_suite_free(&s);
	return r;
}

int cmd_litmus(int argc, char **argv)
{
	struct options o = {
		.run = {.size = 5000, .runs = 10, .stride = 1, .group = 16, .affinity = AFFINITY_RANDOM, .preload = PRELOAD_RANDOM, .patience = 20, .seed = (uint64_t)time(NULL)},
		.engine = gang_engine_at(0),
		.mapping = mcm_mapping_selected(),
	};
	int r;

	if (argc > 1 && !strcmp(argv[1], "gen"))
		return litmus_gen(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "merge"))
		return litmus_merge(argc - 1, argv + 1);
	o.campaign = argc > 1 && !strcmp(argv[1], "campaign");
	r = parse_options(argc - o.campaign, argv + o.campaign, &o);
	if (!r)
		r = run_options(&o);
	lit_suite_free(&o.suite);
	lit_expectlog_free(&o.expect);
	return r < 0 ? EXIT_OK : r;
}
