/*
 * The tables of a unit's slow paths (struct xlate_meta) from what the back end recorded, packed for the translation cache,
 * which copies them.  One struct for each translator; its thread alone uses it.
 */
#ifndef PARMA_XLATE_TABLES_H
#define PARMA_XLATE_TABLES_H

#include "x64/x64.h"

struct xlate_tables {
	char *blob; /* freed by the owner */
	size_t room; /* bytes of it */
};

/* Makes them in t->blob, until the next call; returns their bytes. */
uint32_t xlate_tables_make(struct xlate_tables *t, const struct x64_out *o);

#endif
