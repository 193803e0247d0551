/*
 * Results of campaigns in a file: what was seen of each test, added up over
 * runs, resumptions and shards.  Text, tab-separated:
 *
 *   #parma litmus campaign 1
 *   #SETTINGS
 *   test  FILE  NAME  STATUS  ROUNDS  TRIALS  SECONDS  ALLOWED  MESSAGE
 *   state COUNT GOOD ALLOWED TEXT      (of the test before)
 */
#ifndef PARMA_LITMUS_RESULTS_H
#define PARMA_LITMUS_RESULTS_H

#include "litmus/suite.h"

/* Replaces the file in one step: whoever reads it sees the old or the new one. */
int lit_results_save(const char *path, const struct lit_suite *s, const char *settings, struct err *e);
/*
 * Adds what the file has to the tests of s.  Tests that s does not have are
 * added if `more`, else left out.  A file that does not exist is an error
 * unless it may be `missing`.
 */
int lit_results_load(const char *path, struct lit_suite *s, bool more, bool missing, struct err *e);

/* The lines of one test; and reads the lines of tests from f until its end. `name` is for messages. */
void lit_results_write(FILE *f, const struct lit_entry *t);
int lit_results_read(FILE *f, const char *name, struct lit_suite *s, bool more, struct err *e);

#endif
