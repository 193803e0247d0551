/* One execution for the eye: as text, and as a graph for Graphviz. */
#ifndef PARMA_MCM_WITNESS_H
#define PARMA_MCM_WITNESS_H

#include <stdio.h>

#include "mcm/solve.h"

void mcm_witness_text(FILE *f, const struct mcm_exec *x);
void mcm_witness_dot(FILE *f, const struct mcm_exec *x, const char *title);

#endif
