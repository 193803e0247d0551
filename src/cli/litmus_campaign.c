/* parma litmus campaign: round after round, sums kept in a file; shards; and merge, which adds files up. */
#include "cli/litmus_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "litmus/results.h"

/* Rank and size as launchers put them into the environment. */
static void shard_of_launcher(struct litmus_options *o)
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
static void keep_shard(struct litmus_options *o)
{
	struct lit_suite mine = {0};

	for (unsigned i = 0; i < o->suite.n; i++)
		if (i % o->shards == o->shard)
			lit_suite_new(&mine, o->suite.entry[i].path);
	lit_suite_free(&o->suite);
	o->suite = mine;
}

/* The test with the fewest rounds that can be run; NULL: all have had theirs. */
static struct lit_entry *next_test(const struct litmus_options *o, uint64_t end_ns)
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

static int run_rounds(struct litmus_options *o, char *results)
{
	struct litmus_session s = {.o = o};
	uint64_t end_ns = o->hours > 0 ? clock_ns() + (uint64_t)(o->hours * 3600e9) : 0, saved = clock_ns(), seed = o->run.seed;
	struct lit_entry *t;
	char set[300];
	struct err e;

	litmus_settings(o, set, sizeof(set));
	if (lit_results_load(results, &o->suite, false, true, &e) < 0)
		return litmus_bad("%s", e.msg), e.code;
	while ((t = next_test(o, end_ns))) {
		o->run.seed = seed + t->rounds * UINT64_C(0x10001);
		litmus_run_entry(&s, t);
		if (clock_ns() - saved > UINT64_C(5000000000)) {
			if (lit_results_save(results, &o->suite, set, &e) < 0)
				return litmus_bad("%s", e.msg), e.code;
			saved = clock_ns();
		}
	}
	litmus_session_end(&s);
	if (lit_results_save(results, &o->suite, set, &e) < 0)
		return litmus_bad("%s", e.msg), e.code;
	lit_suite_summary(stdout, &o->suite, true);
	return lit_suite_exit(&o->suite);
}

void litmus_take_shard(struct litmus_options *o)
{
	shard_of_launcher(o);
	keep_shard(o);
}

int litmus_campaign(struct litmus_options *o)
{
	char results[4096];

	if (!o->results)
		return litmus_bad("campaign: -results FILE is needed");
	o->out = OUT_QUIET;
	if (!o->rounds && o->hours <= 0)
		o->rounds = 1;
	snprintf(results, sizeof(results), o->shards > 1 ? "%s.%u" : "%s", o->results, o->shard);
	return run_rounds(o, results);
}

int litmus_merge(int argc, char **argv)
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
		litmus_bad("merge: %s", e.msg);
		r = e.code;
	} else {
		lit_suite_summary(stdout, &s, false);
		r = lit_suite_exit(&s);
	}
	lit_suite_free(&s);
	return r;
}
