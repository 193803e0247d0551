/* The counters of base/stats.def as a struct. */
#ifndef PARMA_BASE_STATS_H
#define PARMA_BASE_STATS_H

#include <stdint.h>

struct stats {
#define COUNT(name, unit, help) uint64_t name; /* OWNER(vcpu), racy reads by statistics are fine */
#include "base/stats.def"
#undef COUNT
};

#endif
