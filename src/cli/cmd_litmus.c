/*
 * parma litmus: runs litmus tests on the emulator itself and compares every
 * final state with those that the Arm model allows.  Here: its parts by name,
 * all tests of a command line, and what is printed of them.
 */
#include "cli/cli.h"
#include "cli/litmus_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/outfile.h"

static int write_report(const char *path, const struct litmus_options *o, bool junit)
{
	struct err e = {0};
	char *text = NULL, set[300];
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return litmus_bad("no memory"), EXIT_HOST;
	litmus_settings(o, set, sizeof(set));
	if (junit)
		lit_suite_junit(f, &o->suite);
	else
		lit_suite_json(f, &o->suite, set);
	fclose(f);
	if (!strcmp(path, "-"))
		fwrite(text, 1, n, stdout);
	else if (outfile_write(path, text, n, &e))
		litmus_bad("%s", e.msg);
	free(text);
	return e.code;
}

int litmus_reports(const struct litmus_options *o)
{
	int json = o->json ? write_report(o->json, o, false) : 0, junit = o->junit ? write_report(o->junit, o, true) : 0;

	return json ? json : junit;
}

/* All tests of a command line; what they print comes in their order, whoever is through first. */
struct all {
	struct litmus_options *o;
	struct litmus_progress progress;
	unsigned given, printed;
	char **log;               /* of tests that are through, but not printed */
	bool *through;
};

static struct lit_entry *next_of_all(void *ctx, uint64_t *seed)
{
	struct all *a = ctx;

	return a->given < a->o->suite.n ? &a->o->suite.entry[a->given++] : NULL;
}

static void print_in_order(struct all *a)
{
	for (; a->printed < a->o->suite.n && a->through[a->printed]; a->printed++) {
		if (a->log[a->printed])
			fputs(a->log[a->printed], stdout);
		free(a->log[a->printed]);
		a->log[a->printed] = NULL;
		if (a->o->out == OUT_TAP)
			lit_suite_tap_line(stdout, &a->o->suite.entry[a->printed], a->printed + 1);
	}
}

static void through(void *ctx, struct lit_entry *t, const char *out)
{
	struct all *a = ctx;
	unsigned i = (unsigned)(t - a->o->suite.entry);

	a->through[i] = true;
	a->log[i] = out && *out ? strdup(out) : NULL;
	print_in_order(a);
	litmus_progress_step(&a->progress, t->name ? t->name : t->path);
}

static int run_all(struct litmus_options *o)
{
	struct all a = {.o = o, .log = calloc(o->suite.n, sizeof(*a.log)), .through = calloc(o->suite.n, sizeof(*a.through))};
	const struct litmus_work w = {next_of_all, through, &a};
	int r;

	if (!a.log || !a.through)
		return litmus_bad("no memory"), EXIT_HOST;
	if (o->out == OUT_TAP)
		printf("TAP version 13\n1..%u\n# seed %" PRIu64 "\n", o->suite.n, o->run.seed);
	litmus_progress_begin(&a.progress, o, o->suite.n);
	litmus_run_work(o, &w);
	litmus_progress_end(&a.progress);
	free(a.log);
	free(a.through);
	if (o->out != OUT_TAP) {
		char set[300];

		litmus_settings(o, set, sizeof(set));
		lit_suite_summary(stdout, &o->suite, o->out == OUT_QUIET);
		printf("%s\n", set);
	}
	r = litmus_reports(o);
	return r ? r : lit_suite_exit(&o->suite);
}

static int run_options(struct litmus_options *o)
{
	clock_init();
	mcm_mapping_select(o->mapping);
	if (o->campaign)
		litmus_take_shard(o);
	o->most_cpus = litmus_threads_needed(o);
	return o->campaign ? litmus_campaign(o) : run_all(o);
}

int cmd_litmus(int argc, char **argv)
{
	struct litmus_options o = {
		.run = {.size = 5000, .runs = 10, .stride = 1, .affinity = AFFINITY_RANDOM, .preload = PRELOAD_RANDOM, .patience = 20, .seed = (uint64_t)time(NULL)},
		.jobs = 1,
		.engine = gang_engine_at(0),
		.mapping = mcm_mapping_selected(),
	};
	int r;

	if (argc > 1 && !strcmp(argv[1], "gen"))
		return litmus_gen(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "merge"))
		return litmus_merge(argc - 1, argv + 1);
	o.campaign = argc > 1 && !strcmp(argv[1], "campaign");
	r = litmus_parse_options(argc - o.campaign, argv + o.campaign, &o);
	if (!r)
		r = run_options(&o);
	lit_suite_free(&o.suite);
	lit_expectlog_free(&o.expect);
	return r < 0 ? EXIT_OK : r;
}
