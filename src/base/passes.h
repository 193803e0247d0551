/*
 * What the translator can do without, for finding out which part of it is at
 * fault: each can be switched off (-accel jit,fold=off), and the random
 * programs of the tests run with each one off.  Read while code is
 * translated, never by translated code.
 */
#ifndef PARMA_BASE_PASSES_H
#define PARMA_BASE_PASSES_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, "option name", "help") */
#define PASSES(X) \
	X(FOLD, "fold", "simplification of pure operations") \
	X(SHARE, "share", "one node for equal operations") \
	X(REGIONS, "regions", "units that contain loops") \
	X(GROUPS, "groups", "one TLB check for neighbouring accesses") \
	X(MEMOS, "memos", "loops that remember what page they are in") \
	X(FP, "fp", "floating point by host instructions") \
	X(VEC, "vec", "vector operations by host instructions") \
	X(CHAIN, "chain", "direct jumps from unit to unit") \
	X(JUMPS, "jumps", "the cache of indirect branch targets")

enum pass_bit {
#define X(n, s, h) PASS_##n##_BIT,
	PASSES(X)
#undef X
	PASS_COUNT
};
enum pass {
#define X(n, s, h) PASS_##n = 1u << PASS_##n##_BIT,
	PASSES(X)
#undef X
};

extern uint32_t passes_off;              /* CONST_AFTER_INIT; tests of one thread change it between units */
extern const char *const pass_names[PASS_COUNT];

static inline bool pass_on(enum pass p) { return !(passes_off & p); }

#endif
