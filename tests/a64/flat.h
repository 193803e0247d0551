/*
 * A vCPU with flat memory and no system: enough to run single instructions
 * on the reference engine (tests only).  It takes the place of exceptions,
 * MMU and system registers: whatever raises ends the instruction with a
 * CASE_ trap.
 */
#ifndef PARMA_TESTS_A64_FLAT_H
#define PARMA_TESTS_A64_FLAT_H

#include "a64/vcpu.h"
#include "tests/a64/case.h"

/* All features, EL0, memory as case.h says.  One per process. */
struct vcpu *flat_new(void);

/* Runs one case: s in and out as struct case_result. */
void flat_run(struct vcpu *c, const struct case_input *in, struct case_result *out);

/* Copies n words to CASE_CODE (one page at most) and lets fetches there and accesses to the upper half of CASE_RAM hit
   the TLB.  WFI then makes interp_run() return. */
void flat_program(struct vcpu *c, const uint32_t *words, unsigned n);

#endif
