/*
 * Random bytes for the guest (RNDR, the seeds in the device tree): the host's,
 * or from a fixed seed where runs are to repeat (-sched rr).
 */
#ifndef PARMA_BASE_HOSTRAND_H
#define PARMA_BASE_HOSTRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills buf. false: the host has none to give. Any thread. */
bool hostrand(void *buf, size_t n);
/* From now on the bytes follow from seed alone, when one thread at a time asks. Before other threads exist. */
void hostrand_fix(uint64_t seed);

#endif
