/* From a test and options to what a run is made of (litmus/trial.h). */
#ifndef PARMA_LITMUS_PLAN_H
#define PARMA_LITMUS_PLAN_H

#include "litmus/run.h"

/* Makes code and plan for a machine with ncpus vCPUs. -1: e says why the test can't be run. */
int lit_plan(const struct lit_model *m, const struct lit_run_opts *o, unsigned ncpus, struct lit_image *img,
	     struct trial_plan *p, struct err *e);

/*
 * Writes plan and code for the harness as a bare-metal guest (tests/litmus/bare): struct trial_plan, the number of words
 * in 8 bytes, the words, and a name for each value of a state, ended by a NUL. Not for tests that change their code.
 */
int lit_plan_write(const struct lit_model *m, const struct lit_run_opts *o, unsigned ncpus, const char *path, struct err *e);

#endif
