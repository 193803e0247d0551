/*
 * Litmus tests through a mapping: the test's threads run by the same
 * instruction semantics, but each memory operation lowered as the mapping's
 * row says, under x86-TSO; the outcomes must be among Arm's.
 */
#ifndef PARMA_LITMUS_MAPPED_H
#define PARMA_LITMUS_MAPPED_H

#include "litmus/model.h"
#include "mcm/mapping.h"

struct lit_mapped_result {
	unsigned sound, unsound, skipped;
};

/* All tests of a file or folder; prints what is unsound. < 0: the path can't be read. */
int lit_mapped_files(const struct mcm_mapping *map, const char *path, struct lit_mapped_result *out);
/* One prepared test. 1 sound, 0 unsound (*state: an outcome of the mapped program that Arm forbids), < 0 not checked. */
int lit_mapped_check(struct lit_model *m, const struct mcm_mapping *map, const char **state, struct err *e);

#endif
