/* Options of `parma litmus` and its campaigns. Names are litmus7's, with one dash or two. */
#include "cli/litmus_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/nearest.h"
#include "xlate/jit.h"

static const char *const barriers[] = {"user", "userfence", "timebase", "pthread", "none", NULL};
static const char *const preloads[] = {"no", "random", "custom", "static"};

int litmus_bad(const char *fmt, ...)
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
		return litmus_bad("-%s: a number from %" PRIu64 " to %" PRIu64 " expected, not '%s'", name, min, max, s);
	return 0;
}

static int small(const char *name, const char *s, unsigned min, unsigned max, unsigned *out)
{
	uint64_t v;
	int r = number(name, s, min, max, &v);

	*out = (unsigned)v;
	return r;
}

static int opt_s(struct litmus_options *o, const char *v) { return small("s", v, 1, 1000000, &o->run.size); }
static int opt_r(struct litmus_options *o, const char *v) { return small("r", v, 1, 1000000000, &o->run.runs); }
static int opt_st(struct litmus_options *o, const char *v) { return small("st", v, 1, 1000000, &o->run.stride); }
static int opt_avail(struct litmus_options *o, const char *v) { return small("avail", v, 1, GANG_MAX_CPUS, &o->avail); }
static int opt_smp(struct litmus_options *o, const char *v) { return small("smp", v, 1, GANG_MAX_CPUS, &o->smp); }
static int opt_j(struct litmus_options *o, const char *v) { return small("j", v, 1, 256, &o->jobs); }
static int opt_seed(struct litmus_options *o, const char *v) { return number("seed", v, 0, UINT64_MAX, &o->run.seed); }

static int duration(const char *name, const char *unit, const char *v, double *out)
{
	char *end;

	*out = strtod(v, &end);
	return !*v || *end || !(*out > 0 && *out < 1e9) ? litmus_bad("-%s: a number of %s expected, not '%s'", name, unit, v) : 0;
}

static int opt_time(struct litmus_options *o, const char *v) { return duration("time", "seconds", v, &o->run.seconds); }
static int opt_timeout(struct litmus_options *o, const char *v) { return duration("timeout", "seconds", v, &o->run.patience); }

static int opt_barrier(struct litmus_options *o, const char *v)
{
	for (unsigned i = 0; barriers[i]; i++)
		if (!strcmp(v, barriers[i])) {
			o->run.barrier = (enum lit_barrier)i;
			return 0;
		}
	if (!strcmp(v, "pthread-like"))
		return opt_barrier(o, "pthread");
	return litmus_bad("-barrier: user, userfence, timebase, pthread or none expected, not '%s'", v);
}

static int opt_affinity(struct litmus_options *o, const char *v)
{
	static const struct { const char *name; enum lit_affinity kind; } kinds[] = {
		{"none", AFFINITY_NONE}, {"random", AFFINITY_RANDOM}, {"scan", AFFINITY_SCAN}, {"custom", AFFINITY_CUSTOM}};
	uint64_t n = 1;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(v, kinds[i].name))
			return o->run.affinity = kinds[i].kind, 0;
	if (strncmp(v, "incr", 4))
		return litmus_bad("-affinity: none, random, incrN, scan or custom expected, not '%s'", v);
	if (v[4] && number("affinity incr", v + 4, 0, 1024, &n))
		return EXIT_USAGE;
	o->run.affinity = AFFINITY_INCR;
	o->run.incr = (unsigned)n;
	return 0;
}

/* CPUs for -affinity custom. */
static int opt_p(struct litmus_options *o, const char *v)
{
	cpu_set_t usable;
	char *end;

	if (sched_getaffinity(0, sizeof(usable), &usable) < 0)
		return litmus_bad("-p: %s", strerror(errno));
	for (o->run.ncpu = 0; o->run.ncpu < GANG_MAX_CPUS; v = end + 1) {
		unsigned long n = strtoul(v, &end, 10);

		if (end == v || (*end && *end != ',') || n > 1023)
			break;
		if (!CPU_ISSET(n, &usable))
			return litmus_bad("-p: CPU %lu is not one that parma may use", n);
		o->run.cpu[o->run.ncpu++] = (unsigned)n;
		if (!*end)
			return o->run.affinity = AFFINITY_CUSTOM, 0;
	}
	return litmus_bad("-p: numbers of CPUs with commas between expected, not '%s'", v);
}

static int opt_preload(struct litmus_options *o, const char *v)
{
	for (unsigned i = 0; i < ARRAY_SIZE(preloads); i++)
		if (!strcmp(v, preloads[i]))
			return o->run.preload = (enum trial_preload)i, 0;
	if (!strcmp(v, "none"))
		return o->run.preload = PRELOAD_NO, 0;
	return litmus_bad("-preload: random, custom, static or no expected, not '%s'", v);
}

static int opt_group(struct litmus_options *o, const char *v) { return small("group", v, 0, 1000000, &o->run.group); }

static int opt_mem(struct litmus_options *o, const char *v)
{
	if (strcmp(v, "direct") && strcmp(v, "indirect"))
		return litmus_bad("-mem: direct or indirect expected, not '%s'", v);
	o->run.direct = *v == 'd';
	return 0;
}

static int opt_accel(struct litmus_options *o, const char *v)
{
	o->engine = gang_engine_find(v);
	if (o->engine)
		return 0;
	litmus_bad("-accel: there is no engine '%s'; there are:", v);
	for (unsigned i = 0; gang_engine_at(i); i++)
		fprintf(stderr, "  %-10s %s\n", gang_engine_at(i)->name, gang_engine_at(i)->help);
	return EXIT_USAGE;
}

static int opt_tbsize(struct litmus_options *o, const char *v)
{
	unsigned mib;
	int r = small("tbsize", v, 1, 2048, &mib);

	gang_code_bytes = (size_t)mib << 20;
	return r;
}

static int opt_evict(struct litmus_options *o, const char *v) { return small("evict", v, 1, 1000000, &jit_evict_us); }

static int opt_mapping(struct litmus_options *o, const char *v)
{
	o->mapping = mcm_mapping_find(v);
	if (o->mapping)
		return 0;
	litmus_bad("-mapping: there is no mapping '%s'; there are:", v);
	for (unsigned i = 0; mcm_mapping_at(i); i++)
		fprintf(stderr, "  %-14s %s\n", mcm_mapping_at(i)->name, mcm_mapping_at(i)->summary);
	return EXIT_USAGE;
}

static int opt_expect(struct litmus_options *o, const char *v)
{
	struct err e;

	if (lit_expectlog_read(&o->expect, v, &e) < 0) {
		litmus_bad("%s", e.msg);
		return e.code;
	}
	o->judged_by_log = true;
	return 0;
}

static int opt_d(struct litmus_options *o, const char *v)
{
	struct err e;
	int r = log_parse(v, stdout, &e);

	return r < 0 ? litmus_bad("%s", e.msg) : r > 0 ? -1 : 0;
}

static int opt_D(struct litmus_options *o, const char *v)
{
	struct err e;

	return log_open(v, &e) < 0 ? litmus_bad("%s", e.msg), e.code : 0;
}

static int opt_json(struct litmus_options *o, const char *v) { return o->json = v, 0; }
static int opt_junit(struct litmus_options *o, const char *v) { return o->junit = v, 0; }
static int opt_tap(struct litmus_options *o, const char *v) { return o->out = OUT_TAP, 0; }
static int opt_image(struct litmus_options *o, const char *v) { return o->image = v, 0; }
static int opt_stop(struct litmus_options *o, const char *v) { return o->stop = true, 0; }
static int opt_q(struct litmus_options *o, const char *v) { return o->out = OUT_QUIET, 0; }

static int opt_results(struct litmus_options *o, const char *v) { return o->results = v, 0; }
static int opt_rounds(struct litmus_options *o, const char *v) { return small("rounds", v, 1, 1000000000, &o->rounds); }
static int opt_hours(struct litmus_options *o, const char *v) { return duration("hours", "hours", v, &o->hours); }

static int opt_shard(struct litmus_options *o, const char *v)
{
	char rest;

	if (sscanf(v, "%u/%u%c", &o->shard, &o->shards, &rest) != 2 || o->shard >= o->shards)
		return litmus_bad("-shard: I/N expected, I from 0 to N - 1, not '%s'", v);
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
	X(smp, "N", "vCPUs (default: the host's CPUs, over -j); at least as many as a test has threads") \
	X(avail, "N", "vCPUs to use: N / threads copies of a test run side by side (default: as many as host CPUs)") \
	X(j, "N", "run N tests side by side, each in a process of its own (default 1)") \
	X(mem, "direct|indirect", "instances in order, or shuffled (default)") \
	X(st, "N", "stride between consecutive instances with -mem direct (default 1)") \
	X(barrier, "KIND", "user (default), userfence, timebase, pthread, none") \
	X(group, "N", "instances from one barrier to the next (default 0: drawn)") \
	X(affinity, "KIND", "random (default), none, incrN, scan, custom (-p): host CPUs of the vCPU threads") \
	X(p, "N,N..", "host CPUs of threads 0, 1 ..") \
	X(preload, "KIND", "random (default), custom (Prefetch=), static: touch locations before the barrier; no") \
	X(seed, "N", "of all random choices (default: from the clock; always printed)") \
	X(timeout, "SECONDS", "a test that does not get on for so long counts as endless (default 20)") \
	X(accel, "ENGINE", "how guest code is executed") \
	X(tbsize, "MIB", "code memory of the translator") \
	X(evict, "US", "throw the oldest translations away every US microseconds, to test that nobody notices") \
	X(mapping, "NAME", "mapping of Arm operations to the host's, from the registry") \
	X(stop, NULL, "end a test with its first forbidden outcome") \
	X(expect, "FILE", "allowed outcomes from a log of herd7 instead of parma's model") \
	X(image, "FILE", "write a test and its plan for the harness as a guest (tests/litmus/bare), run nothing") \
	X(d, "ITEMS", "log: code, exceptions, translation walks (-d help lists them)") \
	X(D, "FILE", "where that log goes (default: stderr)") \
	X(json, "FILE", "results as JSON") \
	X(junit, "FILE", "results as JUnit's XML") \
	X(tap, NULL, "results as TAP in place of logs") \
	X(q, NULL, "no logs, only failures and the totals")

static const struct {
	const char *name, *arg, *help;
	int (*parse)(struct litmus_options *o, const char *v);
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
static int parse_option(struct litmus_options *o, char **argv, int argc, int *i)
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
			return v ? litmus_bad("-%s takes no value", buf) : table[k].parse(o, NULL);
		if (!v && *i + 1 == argc)
			return litmus_bad("-%s needs a value (%s)", buf, table[k].arg);
		return table[k].parse(o, v ? v : argv[++*i]);
	}
	return litmus_bad("unknown option '%s'%s%s (parma litmus --help lists them)", argv[*i],
		   nearest_get(&near) ? "; did you mean -" : "", nearest_get(&near) ? nearest_get(&near) : "");
}

/* -1: help was shown. */
int litmus_parse_options(int argc, char **argv, struct litmus_options *o)
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

/* Adds to buf. */
static __attribute__((format(printf, 3, 4))) void more(char *buf, size_t size, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
}

static void affinity_setting(const struct lit_run_opts *r, char *buf, size_t size)
{
	static const char *const names[] = {[AFFINITY_NONE] = "none", [AFFINITY_INCR] = "incr", [AFFINITY_RANDOM] = "random",
					    [AFFINITY_SCAN] = "scan", [AFFINITY_CUSTOM] = "custom"};

	if (r->affinity == AFFINITY_RANDOM)
		return;
	more(buf, size, " -affinity %s", names[r->affinity]);
	if (r->affinity == AFFINITY_INCR)
		more(buf, size, "%u", r->incr);
	for (unsigned i = 0; r->affinity == AFFINITY_CUSTOM && i < r->ncpu; i++)
		more(buf, size, "%s%u", i ? "," : " -p ", r->cpu[i]);
}

/* What is always told, and what was not left as it is. */
void litmus_settings(const struct litmus_options *o, char *buf, size_t size)
{
	const struct lit_run_opts *r = &o->run;

	*buf = 0;
	more(buf, size, "-accel %s -mapping %s", o->engine->name, o->mapping->name);
	if (o->smp)
		more(buf, size, " -smp %u", o->smp);
	if (o->avail)
		more(buf, size, " -avail %u", o->avail);
	if (gang_code_bytes)
		more(buf, size, " -tbsize %zu", gang_code_bytes >> 20);
	if (jit_evict_us)
		more(buf, size, " -evict %u", jit_evict_us);
	more(buf, size, " -s %u -r %u -barrier %s -group %u -mem %s", r->size, r->runs, barriers[r->barrier], r->group,
	     r->direct ? "direct" : "indirect");
	if (r->stride != 1)
		more(buf, size, " -st %u", r->stride);
	affinity_setting(r, buf, size);
	more(buf, size, " -preload %s -seed %" PRIu64, preloads[r->preload], r->seed);
}
