/*
 * CPU models: a set of features, a few numbers, and the ID registers that
 * follow from them.  An ID register advertises what works and nothing else,
 * so every model's registers are computed from its feature set; only
 * identification (MIDR and cache geometry) is the model's own.
 */
#ifndef PARMA_A64_CPUMODEL_H
#define PARMA_A64_CPUMODEL_H

#include <stdio.h>

#include "a64/feat.h"
#include "base/types.h"

#define CPU_CACHES 3 /* L1D, L1I, L2 */
#define CPU_LINE_LOG2 6

struct cpu_model {
	const char *name, *help;
	uint64_t feats[2];         /* bit set of enum feat */
	uint64_t midr, revidr, ctr, clidr;
	uint64_t ccsidr[CPU_CACHES];
	uint8_t pa_bits;
	uint8_t debug_version;     /* ID_AA64DFR0.DebugVer */
	uint8_t brps, wrps;        /* breakpoints, watchpoints */
	uint8_t ctx_brps;          /* so many of the breakpoints, the last ones, compare contexts too */
	uint8_t pmu_counters, pmu_idcode;
	bool gran16, gran64;
};

/* By name; NULL if there is none. */
const struct cpu_model *cpu_model_find(const char *name);
/* Takes a feature away from a copy of a model. */
void cpu_model_drop(struct cpu_model *m, enum feat f);
/* One line a model, as -cpu help shows it. */
void cpu_model_list(FILE *out);

bool cpu_model_has_granule(const struct cpu_model *m, unsigned log2);

/* Value of ID register op0=3 op1=0 CRn=0 CRm:op2 (CRm 1..7) for the model; gicv3: the system registers are there. */
uint64_t cpu_model_idreg(const struct cpu_model *m, unsigned crm, unsigned op2, bool gicv3);

#endif
