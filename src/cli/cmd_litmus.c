/*
 * parma litmus: runs litmus tests on the emulator itself and compares every
 * final state with those that the Arm model allows.  Here: its parts by name,
 * all tests of a command line, and what is printed of them.
 */
#include "cli/cli.h"
#include "cli/litmus_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/clock.h"

static void progress(const struct litmus_session *s, unsigned i)
{
	if (s->o->out == OUT_QUIET && isatty(STDERR_FILENO))
		fprintf(stderr, "\r[%u/%u] %-60.60s\r", i + 1, s->o->suite.n, s->o->suite.entry[i].path);
}

static int write_file(const char *path, const struct litmus_options *o, bool junit)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "w") : stdout;
	char set[300];

	if (!f)
		return litmus_bad("%s: %s", path, strerror(errno)), EXIT_INPUT;
	litmus_settings(o, set, sizeof(set));
	if (junit)
		lit_suite_junit(f, &o->suite);
	else
		lit_suite_json(f, &o->suite, set);
	return f != stdout && fclose(f) ? (litmus_bad("%s: %s", path, strerror(errno)), EXIT_HOST) : 0;
}

static int run_all(struct litmus_options *o)
{
	struct litmus_session s = {.o = o};
	int r = 0;

	if (o->out == OUT_TAP)
		printf("TAP version 13\n1..%u\n# seed %" PRIu64 "\n", o->suite.n, o->run.seed);
	for (unsigned i = 0; i < o->suite.n; i++) {
		progress(&s, i);
		litmus_run_entry(&s, &o->suite.entry[i]);
		if (o->out == OUT_TAP)
			lit_suite_tap_line(stdout, &o->suite.entry[i], i + 1);
	}
	litmus_session_end(&s);
	if (o->out != OUT_TAP) {
		char set[300];

		litmus_settings(o, set, sizeof(set));
		lit_suite_summary(stdout, &o->suite, o->out == OUT_QUIET);
		printf("%s\n", set);
	}
	if (o->json)
		r = write_file(o->json, o, false);
	if (o->junit && !r)
		r = write_file(o->junit, o, true);
	return r ? r : lit_suite_exit(&o->suite);
}

static int run_options(struct litmus_options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	clock_init();
	mcm_mapping_select(o->mapping);
	if (o->campaign)
		litmus_take_shard(o);
	o->smp = MAX(o->smp ? o->smp : (unsigned)MIN(cpus, (long)GANG_MAX_CPUS), litmus_threads_needed(o));
	o->run.crowded = (long)o->smp > cpus;
	if (!o->run.avail)
		o->run.avail = (unsigned)MAX(1L, MIN((long)o->smp, cpus));
	return o->campaign ? litmus_campaign(o) : run_all(o);
}

int cmd_litmus(int argc, char **argv)
{
	struct litmus_options o = {
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
	r = litmus_parse_options(argc - o.campaign, argv + o.campaign, &o);
	if (!r)
		r = run_options(&o);
	lit_suite_free(&o.suite);
	lit_expectlog_free(&o.expect);
	return r < 0 ? EXIT_OK : r;
}
