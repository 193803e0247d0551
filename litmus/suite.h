/* Lists of test files, and what became of them: summary, TAP, JSON, JUnit. */
#ifndef PARMA_LITMUS_SUITE_H
#define PARMA_LITMUS_SUITE_H

#include <stdio.h>

#include "base/err.h"
#include "base/types.h"

enum lit_status {
	LIT_PENDING,
	LIT_PASS,       /* nothing seen that is not allowed */
	LIT_FORBIDDEN,
	LIT_SKIP,       /* of a kind that this harness does not run */
	LIT_FAILED,     /* could not run: malformed, beyond limits, endless */
};

struct lit_count {
	char *text;
	uint64_t count;
	bool good, allowed;
};

struct lit_entry {
	char *path, *name;
	unsigned rounds, given; /* how often it was run; the same and those that are under way */
	unsigned ncounts;      /* states seen, over all rounds */
	struct lit_count *counts;
	enum lit_status status;
	char *message;         /* why not run */
	uint64_t trials, pos, neg, forbidden;
	unsigned nseen, nallowed, nhit;
	double seconds;
	char *failure;         /* LIT_FORBIDDEN: the report */
};

struct lit_suite {
	unsigned n, cap;
	struct lit_entry *entry;
};

/* Appends a file, or all .litmus files below a folder in order of name. */
int lit_suite_add(struct lit_suite *s, const char *path, struct err *e);
void lit_suite_free(struct lit_suite *s);
/* An entry without a look at the file. */
struct lit_entry *lit_suite_new(struct lit_suite *s, const char *path);
/* Adds trials that ended in a state; the sums of t follow. */
void lit_entry_count(struct lit_entry *t, const char *text, uint64_t count, bool good, bool allowed);

/* Frees what t points to. */
void lit_entry_free(struct lit_entry *t);
/* Adds what another run of the same test has seen. */
void lit_entry_add(struct lit_entry *to, const struct lit_entry *from);

struct lit_totals {
	unsigned count[LIT_FAILED + 1];
	uint64_t trials, forbidden;
	double seconds;
};
struct lit_totals lit_suite_totals(const struct lit_suite *s);
/* 0 nothing forbidden seen, 1 something forbidden, 2 some could not run. */
int lit_suite_exit(const struct lit_suite *s);

/* A table with a line a test (unless brief), and totals. */
void lit_suite_summary(FILE *f, const struct lit_suite *s, bool brief);
void lit_suite_tap_line(FILE *f, const struct lit_entry *t, unsigned number);
void lit_suite_json(FILE *f, const struct lit_suite *s, const char *settings);
void lit_suite_junit(FILE *f, const struct lit_suite *s);

#endif
