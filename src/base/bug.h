/* Broken invariants of the emulator itself; never reachable by what a guest does. */
#ifndef PARMA_BASE_BUG_H
#define PARMA_BASE_BUG_H

#include "base/bits.h"

/* A function that prints more state before the abort (the vCPU dump, say); one per process. */
extern void (*bug_dump)(void);

_Noreturn void bug_at(const char *file, int line, const char *what);

#define BUG_ON(cond) do { if (unlikely(cond)) bug_at(__FILE__, __LINE__, #cond); } while (0)
#define BUG(what) bug_at(__FILE__, __LINE__, what)

#endif
