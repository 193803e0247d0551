/* The commands under `parma litmus`, and what they share; cmd_litmus.c dispatches. */
#ifndef PARMA_CLI_LITMUS_PRIV_H
#define PARMA_CLI_LITMUS_PRIV_H

#include "litmus/expect.h"
#include "litmus/judge.h"
#include "litmus/plan.h"
#include "litmus/suite.h"
#include "mcm/mapping.h"

enum litmus_output { OUT_LOG, OUT_QUIET, OUT_TAP };

struct litmus_options {
	struct lit_run_opts run;
	unsigned smp;              /* 0: for each test as many as it needs, at least the host's */
	unsigned avail;            /* 0: as many as host CPUs */
	unsigned most_cpus;        /* of a gang: what the test with the most needs */
	unsigned jobs;             /* tests that run side by side, each in a process of its own */
	const struct gang_engine *engine;
	const struct mcm_mapping *mapping;
	enum litmus_output out;
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

struct litmus_session {
	struct litmus_options *o;
	FILE *out, *err;            /* logs; messages and reports of failures */
	struct lit_table table;     /* of the folder that was read last */
	const struct lit_expected *row; /* of the test at hand; NULL: none, or not needed */
	struct gang *g;
	struct mcm_arena arena;
};

/* litmus_opts.c */
/* A message on stderr; EXIT_USAGE. */
int litmus_bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* 0; -1: help was shown; else the exit code, with a message printed. */
int litmus_parse_options(int argc, char **argv, struct litmus_options *o);
/* Writes what -json and -junit ask for. 0, or the exit code, with a message printed. */
int litmus_reports(const struct litmus_options *o);
/* The options that repeat a run, as text. */
void litmus_settings(const struct litmus_options *o, char *buf, size_t size);
/* Threads of the test with the most, after no more than a look at the texts. */
unsigned litmus_threads_needed(const struct litmus_options *o);

/* litmus_session.c */
/* Runs one test, or says in the entry why not; what is forbidden is reported on stderr. */
void litmus_run_entry(struct litmus_session *s, struct lit_entry *t);
void litmus_session_end(struct litmus_session *s);

/* litmus_jobs.c */
/* Tests to be run, one after the other or side by side. */
struct litmus_work {
	struct lit_entry *(*next)(void *ctx, uint64_t *seed); /* NULL: no more; may be asked again */
	/* In the order in which they end; out: the log of a test that ran in a process of its own, else NULL. */
	void (*done)(void *ctx, struct lit_entry *t, const char *out);
	void *ctx;
};
/* Runs all work; messages and reports go to stderr at once. */
void litmus_run_work(struct litmus_options *o, const struct litmus_work *w);

/* A line on the terminal that is written over: tests that are through (of all), what they came to. */
struct litmus_progress {
	const struct lit_suite *suite;
	bool on;
	uint64_t start_ns, shown_ns;
	unsigned through, all;
};
void litmus_progress_begin(struct litmus_progress *p, const struct litmus_options *o, unsigned all);
void litmus_progress_step(struct litmus_progress *p, const char *name);
void litmus_progress_end(struct litmus_progress *p);

/* litmus_campaign.c */
/* Rank and size from the launcher's environment where none are given, and the tests of that shard. */
void litmus_take_shard(struct litmus_options *o);
int litmus_campaign(struct litmus_options *o);
int litmus_merge(int argc, char **argv);

int litmus_gen(int argc, char **argv);

#endif
