/*
 * What the optimiser does to memory operations and fences, as rules on short
 * sequences, each checked over all small programs: the outcomes of the
 * rewritten and mapped program under x86-TSO must be among those that Arm
 * allows for the program as written.
 */
#ifndef PARMA_MCM_RULES_H
#define PARMA_MCM_RULES_H

#include "mcm/check.h"

struct mcm_rule {
	const char *name, *what;
	bool sound; /* the claim; unsound ones are kept to show that the check can tell */
	/* Rewrites thread t of p at operation i; false: does not apply there. */
	bool (*apply)(struct aprog *p, unsigned t, unsigned i);
};

unsigned mcm_nrules(void);
const struct mcm_rule *mcm_rule_at(unsigned i);
/* cex: a program as written, with an outcome that it must not have. */
void mcm_check_rule(const struct mcm_rule *r, const struct mcm_mapping *m, struct mcm_check_result *out);

#endif
