/* The search for tuples of up to 252 accesses: four words a row. */
#define NW 4
#include "mcm/solve_impl.h"

void solve256_tuple(struct problem *pb) { solve_tuple(pb); }
void solve256_end(void) { solve_end(); }
