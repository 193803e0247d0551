/* See bug.h. */
#include "base/bug.h"

#include <stdio.h>
#include <stdlib.h>

void (*bug_dump)(void);

_Noreturn void bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "parma: internal error at %s:%d: %s\n", file, line, what);
	if (bug_dump)
		bug_dump();
	abort();
}
