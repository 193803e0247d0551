/*
 * Where vCPU threads run: binding to host processors and memory nodes by
 * hwloc, as `-sched` says.
 *
 * The set to choose from is what the process may use (its affinity and its
 * cgroup's cpuset).  A core gets one vCPU before any of its siblings gets a
 * second.  With more vCPUs than processors nothing is bound: the host then
 * balances better than any fixed choice.  A host that refuses (no
 * permission, no hwloc back end) means no binding, never an error; only a
 * `list:` that names what is not there is one.
 *
 * Binding happens once per thread, before guest code; nothing of this is on a
 * hot path.  Threads: place_parse() and place_new() on the main one,
 * place_bind_thread() on each vCPU's.
 */
#ifndef PARMA_SCHED_PLACE_H
#define PARMA_SCHED_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum place_policy { PLACE_NONE, PLACE_COMPACT, PLACE_SCATTER, PLACE_LIST, PLACE_RR };
enum place_mem { PLACE_MEM_ANY, PLACE_MEM_LOCAL, PLACE_MEM_INTERLEAVE };
#define PLACE_LIST_MAX 128

/* What -sched says. */
struct place_config {
	enum place_policy policy;
	enum place_mem mem;
	uint64_t seed;                    /* of rr */
	unsigned nlist;
	unsigned list[PLACE_LIST_MAX];    /* host processor numbers (as in /proc/cpuinfo) */
};

/* "compact|scatter|none|list:0,2-4|rr:SEED[,mem=interleave|local]". 0, or -1 with e filled. */
int place_parse(const char *text, struct place_config *out, struct err *e);

struct place;
/* Chooses for n vCPUs. NULL with e filled: the list names a processor that this process may not use. */
struct place *place_new(const struct place_config *cfg, unsigned n, struct err *e);
void place_free(struct place *p);
/* Binds the calling thread as vCPU k's; false: it stays unbound. */
bool place_bind_thread(struct place *p, unsigned k);
/* Lets guest RAM live on the nodes that mem= says. Before it is touched. */
void place_bind_memory(struct place *p, void *ram, size_t bytes);
/* Host processor of vCPU k, -1: not bound. */
int place_cpu(const struct place *p, unsigned k);
/* The binding in one line a vCPU, or why there is none. */
void place_print(const struct place *p, FILE *f);
/* The same in words, "" when everything went as asked. */
const char *place_note(const struct place *p);

/* Processors' worth of time that this process may use: affinity, and the cgroup's quota rounded up. At least 1. */
unsigned place_usable_cpus(void);

#endif
