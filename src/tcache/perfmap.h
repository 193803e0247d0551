/*
 * Names for `perf report`: /tmp/perf-PID.map, one line for each block with the
 * guest address or, where a namer is given, the guest symbol.  Addresses are
 * reused when code memory is; perf then takes the later line.
 */
#ifndef PARMA_TCACHE_PERFMAP_H
#define PARMA_TCACHE_PERFMAP_H

#include "tcache/tcache.h"

struct perfmap;

/*
 * Names every block published from here on. namer writes the name of a guest address to buf (at most `size`
 * bytes) and returns true, or returns false; it is called with tcache locks held. It may be NULL.
 * NULL with e filled: the file cannot be written.
 */
struct perfmap *perfmap_start(struct tcache *t, bool (*namer)(void *arg, uint64_t pc, char *buf, size_t size), void *arg,
			      struct err *e);
/* When nothing is published any more. */
void perfmap_stop(struct perfmap *m);

#endif
