/*
 * What a test showed, against what it may show.  Final states are compared as
 * text, in a form that does not depend on who printed it: items sorted,
 * brackets around locations dropped.
 */
#ifndef PARMA_LITMUS_JUDGE_H
#define PARMA_LITMUS_JUDGE_H

#include "litmus/run.h"

/* Allowed final states. */
struct lit_allowed {
	unsigned n, cap;
	char **text;     /* normal form, sorted */
	char **orig;     /* as printed, in the same order */
	bool cut;        /* loops were cut: there may be more */
};

/* Takes states over from the checker, or one by one (lit_allow_state(), then lit_allow_sort()). */
void lit_allow_outcome(struct lit_allowed *a, const struct lit_outcome *o);
void lit_allow_state(struct lit_allowed *a, const char *text, size_t len);
void lit_allow_sort(struct lit_allowed *a);
void lit_allow_free(struct lit_allowed *a);

struct lit_seen {
	char *text;
	uint64_t count;
	bool good;       /* satisfies the proposition */
	bool allowed;
};

struct lit_verdict {
	unsigned n;
	struct lit_seen *seen;    /* sorted by text */
	uint64_t pos, neg;        /* trials whose state satisfies the proposition, and not */
	uint64_t forbidden;       /* trials that ended in a state that is not allowed */
	unsigned nforbidden;      /* such states */
	unsigned nallowed, nhit;  /* allowed states; those seen */
	bool ok;                  /* the condition with its quantifier, over what was seen */
};

/* allowed may be NULL: nothing is judged, all states count as allowed. */
void lit_judge(const struct lit_model *m, const struct lit_result *r, const struct lit_allowed *a, struct lit_verdict *v);
/* Is a state of the model's numbering allowed? */
bool lit_is_allowed(const struct lit_model *m, const struct lit_allowed *a, const uint64_t *state);
void lit_verdict_free(struct lit_verdict *v);

/* litmus7's log of a test. `hash` may be NULL. */
void lit_log(FILE *f, const struct lit_model *m, const struct lit_verdict *v, const char *hash, double seconds);

/* A file of expected outcomes, by test name: a log of herd7. */
struct lit_expectlog {
	unsigned n, cap;
	struct lit_expecttest {
		char *name, *hash;
		struct lit_allowed allowed;
	} *test;
};
int lit_expectlog_read(struct lit_expectlog *l, const char *path, struct err *e);
const struct lit_expecttest *lit_expectlog_find(const struct lit_expectlog *l, const char *name);
void lit_expectlog_free(struct lit_expectlog *l);

#endif
