/*
 * Tables of expected outcomes (expected.tsv of the test corpus): name, file,
 * verdict and the set of allowed final states of each test.
 */
#ifndef PARMA_LITMUS_EXPECT_H
#define PARMA_LITMUS_EXPECT_H

#include "litmus/model.h"

struct lit_expected {
	char *file;      /* path of the test: the table's folder and its `file` column */
	char *variants;
	unsigned unroll;
	char *verdict;   /* Ok, No */
	char *states;    /* separated by " | " */
	double seconds;  /* the reference's processor time */
};

struct lit_table {
	unsigned n, cap;
	struct lit_expected *row;
	char *path; /* of what lit_table_above() read */
};

/* Appends the rows of a table; < 0: unreadable or malformed. */
int lit_table_read(struct lit_table *tab, const char *path, struct err *e);
void lit_table_sort(struct lit_table *tab);
/* By the path of a test; NULL if there is none. */
const struct lit_expected *lit_table_find(const struct lit_table *tab, const char *file);
/*
 * The row of a test in the nearest expected.tsv in a folder above it, which tab holds from then on, for the next test.
 * NULL: there is none; e->code, which the caller clears, is set if that is for a table that cannot be read.
 */
const struct lit_expected *lit_table_above(struct lit_table *tab, const char *test, struct err *e);
void lit_table_free(struct lit_table *tab);

/* Compares; false: *why (to be freed) tells the first differences. */
bool lit_agrees(const struct lit_expected *x, const struct lit_outcome *o, char **why);

#endif
