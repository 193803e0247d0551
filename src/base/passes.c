/* See passes.h. */
#include "base/passes.h"

uint32_t passes_off;
const char *const pass_names[PASS_COUNT] = {
#define X(n, s, h) s,
	PASSES(X)
#undef X
};
