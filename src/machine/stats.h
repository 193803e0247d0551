/* Statistics of a machine (-stats, the control socket, parma top): as JSON and as text. */
#ifndef PARMA_MACHINE_STATS_H
#define PARMA_MACHINE_STATS_H

#include <jansson.h>
#include <stdio.h>

struct machine;

/* A new object: machine-wide numbers and one object a vCPU. Counters are read while vCPUs run. Any thread. */
json_t *stats_json(struct machine *m);
/* At the end of a run: as -stats asks (text on stderr, or JSON into a file). */
void stats_report(struct machine *m);

#endif
