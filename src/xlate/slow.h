/*
 * Slow paths of memory accesses: what translated code calls where the TLB did not answer, or the access is more than it does
 * inline.  A page that was only missing is filled in, and the guest's state stays in the frame; else the state
 * is brought back from the unit's tables first, since the access may raise an exception (it unwinds to c->unwind).
 *
 * On the vCPU's own thread.
 */
#ifndef PARMA_XLATE_SLOW_H
#define PARMA_XLATE_SLOW_H

#include "base/types.h"

/* x64_config.slow: env is the vCPU, unit the code that called, rec the number of its record; results go to the frame. */
void xlate_slow(void *env, void *unit, uint64_t rec, void *frame);

#endif
