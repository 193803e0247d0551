/*
 * Names for `perf report`, in one or both of:
 *   the map   /tmp/perf-PID.map, one line for each block. Addresses are reused when code memory is; perf takes one of the lines.
 *   the dump  ./jit-PID.dump, with the code itself and times, for `perf inject --jit`: right for reused addresses, too.
 * A block is named by the guest symbol that its first instruction lies in, or by its guest address.
 */
#ifndef PARMA_TCACHE_PERFMAP_H
#define PARMA_TCACHE_PERFMAP_H

#include "base/symtab.h"
#include "tcache/tcache.h"

#define PERFMAP_MAP 1u
#define PERFMAP_DUMP 2u

struct perfmap;

/*
 * Names every block published from here on, and the glue before them. syms may be NULL; it stays the caller's, who keeps it.
 * Before the first publish. NULL with e filled: a file cannot be written.
 */
struct perfmap *perfmap_start(struct tcache *t, unsigned what, const struct symtab *syms, struct err *e);
/* When nothing is published any more. */
void perfmap_stop(struct perfmap *m);

#endif
