/* The search for tuples of at most 64 accesses: one word a row. */
#define NW 1
#include "mcm/solve_impl.h"

void solve64_tuple(struct problem *pb) { solve_tuple(pb); }
void solve64_end(void) { solve_end(); }
