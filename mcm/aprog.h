/*
 * Small programs given as lists of Arm memory operations: what the cycle
 * generator makes and the mapping and the optimiser's rules are checked with.
 * One program can be run as Arm (events with dependencies) or through a
 * mapping (x86-TSO events); both have the same observed registers and
 * locations, so their final states compare directly.
 */
#ifndef PARMA_MCM_APROG_H
#define PARMA_MCM_APROG_H

#include "mcm/explore.h"
#include "mcm/mapping.h"
#include "mcm/solve.h"

enum {
	APROG_MAX_THREADS = 4,
	APROG_MAX_OPS = 12,
	APROG_MAX_LOCS = 4,
};

enum aop_kind {
	AOP_LD, AOP_ST, AOP_BAR, AOP_SWP, AOP_ADD, AOP_LDX, AOP_STX,
	AOP_NOP, AOP_REG, /* what the optimiser leaves: nothing; a register move (from operation dep_on, or val) */
};
enum aop_dep { ADEP_NONE, ADEP_ADDR, ADEP_DATA, ADEP_CTRL };

struct aop {
	uint8_t kind;    /* enum aop_kind */
	uint8_t cls;     /* enum mcm_class: the order; of AOP_STX its pure class, release or not */
	uint8_t loc;
	uint8_t off, size; /* bytes of the location that are accessed; size 0: all four */
	uint8_t dep;     /* enum aop_dep: on the result of the thread's operation number dep_on */
	uint8_t dep_on;
	bool copy;       /* AOP_ST, AOP_REG: the result of operation dep_on, not val */
	bool noread;     /* the result is not part of the final state */
	uint32_t val;    /* stored, swapped in, added */
};

struct aprog {
	unsigned nthreads, nlocs;
	unsigned n[APROG_MAX_THREADS];
	struct aop op[APROG_MAX_THREADS][APROG_MAX_OPS];
	uint32_t init[APROG_MAX_LOCS];
	char name[128];
};

/* Final states under Arm, or, if map is not NULL, of the mapped program under TSO. < 0: beyond limits. */
int aprog_states(const struct aprog *p, const struct mcm_mapping *map, struct mcm_arena *a, struct mcm_states *out,
		 struct err *e);
/* As "0:r0=1; 1:r1=0; x=2;" */
void aprog_state_text(const struct aprog *p, const uint64_t *state, char *buf, size_t size);
/* The program as an AArch64 litmus test; if state is not NULL with that state as its `exists` condition. */
void aprog_litmus(const struct aprog *p, const uint64_t *state, char *buf, size_t size);
/* Does operation op have a register in the final state? */
bool aop_observed(const struct aop *op);

#endif
