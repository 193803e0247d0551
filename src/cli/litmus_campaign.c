/* parma litmus campaign: round after round, sums kept in a file; shards; and merge, which adds files up. */
#include "cli/litmus_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "litmus/results.h"

/*
 * Rank and size as launchers put them into the environment.  Slurm's last: below an mpirun within a job
 * of Slurm all ranks have those of the daemon that started them.  A batch script has SLURM_PROCID=0 and SLURM_NTASKS itself, but
 * only srun says how many tasks a step has: whatever is not started by srun is alone, and does all of it.
 */
static void shard_of_launcher(struct litmus_options *o)
{
	static const char *const names[][2] = {
		{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}, {"PMIX_RANK", "PMIX_SIZE"},
		{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names) && !o->shards; i++) {
		const char *rank = getenv(names[i][0]), *size = getenv(names[i][1]);

		if (rank && size && strtoul(size, NULL, 10) > strtoul(rank, NULL, 10)) {
			o->shard = (unsigned)strtoul(rank, NULL, 10);
			o->shards = (unsigned)strtoul(size, NULL, 10);
			if (o->shards > 1)
				fprintf(stderr, "parma litmus: shard %u/%u, as %s says\n", o->shard, o->shards, names[i][0]);
		}
	}
	if (o->shards)
		return;
	o->shards = 1;
	if (getenv("SLURM_NTASKS") && strtoul(getenv("SLURM_NTASKS"), NULL, 10) > 1)
		fprintf(stderr, "parma litmus: no shards: in a job of Slurm with %s tasks, but not started by srun\n", getenv("SLURM_NTASKS"));
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

struct campaign {
	struct litmus_options *o;
	struct litmus_progress progress;
	const char *results;
	uint64_t end_ns, saved_ns, seed; /* end: 0: none */
	struct err err;
};

static int save(struct campaign *c)
{
	char set[300];

	litmus_settings(c->o, set, sizeof(set));
	c->saved_ns = clock_ns();
	return lit_results_save(c->results, &c->o->suite, set, &c->err);
}

/* The test with the fewest rounds that can be run; NULL: all have had theirs. */
static struct lit_entry *next_test(void *ctx, uint64_t *seed)
{
	struct campaign *c = ctx;
	const struct litmus_options *o = c->o;
	struct lit_entry *best = NULL;

	for (unsigned i = 0; i < o->suite.n; i++) {
		struct lit_entry *t = &o->suite.entry[i];

		if (t->status != LIT_SKIP && t->status != LIT_FAILED && (!best || t->given < best->given))
			best = t;
	}
	if (!best || c->err.code || (o->rounds && best->given >= o->rounds) || (c->end_ns && clock_ns() >= c->end_ns && best->given))
		return NULL;
	*seed = c->seed + best->given * UINT64_C(0x10001);
	return best;
}

static void through(void *ctx, struct lit_entry *t, const char *out)
{
	struct campaign *c = ctx;

	litmus_progress_step(&c->progress, t->name ? t->name : t->path);
	if (clock_ns() - c->saved_ns > UINT64_C(5000000000))
		save(c);
}

/* Of progress: how many runs there will be; 0: who knows. */
static unsigned runs_left(const struct litmus_options *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->suite.n; i++)
		n += o->rounds > o->suite.entry[i].rounds ? o->rounds - o->suite.entry[i].rounds : 0;
	return n;
}

/* Sums of different engines or mappings say nothing: is the file from others? Then it is told; false: go on. */
static bool others(const char *results, const struct litmus_options *o)
{
	char engine[64], mapping[64];
	FILE *f = fopen(results, "r");
	bool differ = f && fscanf(f, "%*[^\n] #-accel %63s -mapping %63s", engine, mapping) == 2 &&
		      (strcmp(engine, o->engine->name) || strcmp(mapping, o->mapping->name));

	if (f)
		fclose(f);
	if (differ)
		litmus_bad("%s has results of -accel %s -mapping %s: give another file", results, engine, mapping);
	return differ;
}

static int run_rounds(struct litmus_options *o, const char *results)
{
	struct campaign c = {.o = o, .results = results, .seed = o->run.seed, .saved_ns = clock_ns()};
	const struct litmus_work w = {next_test, through, &c};
	int r;

	c.end_ns = o->hours > 0 ? clock_ns() + (uint64_t)(o->hours * 3600e9) : 0;
	if (others(results, o))
		return EXIT_USAGE;
	/* Saved at once: where that cannot be, it is better known before hours of work. */
	if (lit_results_load(results, &o->suite, false, true, &c.err) < 0 || save(&c) < 0)
		return litmus_bad("%s", c.err.msg), c.err.code;
	litmus_progress_begin(&c.progress, o, runs_left(o));
	litmus_run_work(o, &w);
	litmus_progress_end(&c.progress);
	o->run.seed = c.seed;
	if (c.err.code || save(&c) < 0)
		return litmus_bad("%s", c.err.msg), c.err.code;
	lit_suite_summary(stdout, &o->suite, true);
	r = litmus_reports(o);
	return r ? r : lit_suite_exit(&o->suite);
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
	if (o->out == OUT_TAP || o->image)
		return litmus_bad("campaign: %s is not for campaigns", o->image ? "-image" : "-tap");
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
