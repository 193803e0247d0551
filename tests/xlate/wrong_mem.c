/* The lowering of memory accesses, linked instead of the library's, with a mistake to be switched on. */
#include "tests/xlate/wrong.h"
#include "x64/lower.h"

static struct xm astray(struct xm m)
{
	m.disp += wrong == STORE_GOES_ASTRAY ? 64 : 0;
	return m;
}
#define x_store(a, w, m, r) x_store(a, w, astray(m), r)
#include "src/x64/lower_mem.c"
