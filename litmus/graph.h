/* An execution as a drawing: threads side by side, program order downwards, communication as arrows. */
#ifndef PARMA_LITMUS_GRAPH_H
#define PARMA_LITMUS_GRAPH_H

#include <stdio.h>

/* SVG from what mcm_witness_dot() wrote. */
void graph_svg(FILE *f, const char *dot);

#endif
