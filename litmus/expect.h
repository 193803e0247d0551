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
};

/* Appends the rows of a table; < 0: unreadable or malformed. */
int lit_table_read(struct lit_table *tab, const char *path, struct err *e);
void lit_table_sort(struct lit_table *tab);
/* By the path of a test; NULL if there is none. */
const struct lit_expected *lit_table_find(const struct lit_table *tab, const char *file);
void lit_table_free(struct lit_table *tab);

/* Compares; false: *why (to be freed) tells the first differences. */
bool lit_agrees(const struct lit_expected *x, const struct lit_outcome *o, char **why);

#endif
