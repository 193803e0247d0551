/* See hostrand.h.  Fixed bytes are those of a 64-bit linear congruential generator (Knuth's MMIX constants). */
#include "base/hostrand.h"

#include <sys/random.h>

#include "base/atomic.h"

static bool fixed;     /* CONST_AFTER_INIT */
static uint64_t state; /* ATOMIC(ld_rlx, st_rlx): one thread at a time where runs are to repeat */

void hostrand_fix(uint64_t seed)
{
	fixed = true;
	state = seed;
}

bool hostrand(void *buf, size_t n)
{
	uint8_t *p = buf;
	uint64_t x;

	if (!fixed)
		return getrandom(buf, n, 0) == (ssize_t)n;
	x = ld_rlx(&state);
	while (n--) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		*p++ = (uint8_t)(x >> 56);
	}
	st_rlx(&state, x);
	return true;
}
