/* Which rows of the encoding tables can run as one instruction in a user program, without a system. */
#ifndef PARMA_TESTS_A64_ROWS_H
#define PARMA_TESTS_A64_ROWS_H

#include <string.h>

#include "a64/a64_enc.gen.h"

static inline bool row_runs_alone(const struct a64_row *r)
{
	static const char *const alone[] = {"CLREX", "DMB", "DSB", "ISB", "SB", "HINT_nop", "CFINV", "XAFLAG", "AXFLAG",
		"MSR_nzcv", "MRS_nzcv"};

	if ((r->value & 0xff000000) == 0xd4000000 || !(r->value & 0xffff0000)) /* exception generation, UDF */
		return false;
	if ((r->value & 0xff000000) != 0xd5000000)
		return strcmp(r->name, "ERET");
	for (unsigned k = 0; k < sizeof(alone) / sizeof(*alone); k++)
		if (!strcmp(r->name, alone[k]))
			return true;
	return false;
}

#endif
