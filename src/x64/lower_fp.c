/*
 * Native lowerings of rows of ops_fp.def: one small function each and one
 * line in the table at the end (docs/ADDING.md).  A row without one is called
 * as the C function that gives its meaning.
 */
#include "x64/lower.h"

const struct vl_row vl_fp[IR_pure_end] = {
	[IR_none] = {0, 0},
};
