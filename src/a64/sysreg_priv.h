/*
 * Between the two halves of the system registers: sysreg.c (who may access
 * what) and sysreg_regs.c (what the registers do).
 */
#ifndef PARMA_A64_SYSREG_PRIV_H
#define PARMA_A64_SYSREG_PRIV_H

#include "a64/cpumodel.h"
#include "a64/sysreg.h"

enum access { RW = 3, RO = 1, WO = 2 };

enum el0_rule {
	EL0_NONE,   /* UNDEFINED */
	EL0_FREE,   /* as EL1 */
	EL0_READ,   /* reads only, no trap */
	EL0_IDREG,  /* a read traps with IDST, else UNDEFINED */
	EL0_UCT, EL0_UMA, EL0_TDCC, /* trapped by a bit of SCTLR or MDSCR */
	EL0_CNTFRQ, EL0_CNTPCT, EL0_CNTVCT, EL0_CNTP, EL0_CNTV, /* CNTKCTL */
	EL0_PMU, EL0_PMU_SW, EL0_PMU_CR, EL0_PMU_ER, /* PMUSERENR */
};

struct sysreg {
	const char *name;
	uint16_t enc;
	uint8_t access, el0, feat;
	uint64_t (*rd)(struct vcpu *c);
	void (*wr)(struct vcpu *c, uint64_t v);
	uint16_t off;   /* storage in sysstate, where there is no handler */
	uint64_t value; /* writable bits of it, or the constant */
	bool constant;
};

/* The row of an encoding in sysreg.def, whatever the CPU model; NULL: none. */
const struct sysreg *sysreg_row(uint32_t enc);

/* DBGBVR<n> and its kin: storage of breakpoint or watchpoint n; NULL if there is none such. */
uint64_t *sysreg_debug(struct vcpu *c, uint32_t enc);
void sysreg_debug_write(struct vcpu *c, uint32_t enc, uint64_t *reg, uint64_t v);

/* The PMU has event counter n. */
static inline bool pmu_has(const struct vcpu *c, uint64_t n) { return n < c->model->pmu_counters; }

#endif
