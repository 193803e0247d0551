/*
 * System register state of a vCPU.  A register that is no more than storage
 * has a field here and a row in sysreg.def; what has behaviour besides is
 * written by the handlers named there.  Reset values: sysreg_reset().
 */
#ifndef PARMA_A64_SYSSTATE_H
#define PARMA_A64_SYSSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timer.h"

struct sysstate {
	uint64_t sctlr, actlr, cpacr;
	uint64_t ttbr0, ttbr1, tcr, mair, amair, contextidr;
	uint64_t vbar, elr, spsr, esr, far, par, afsr0, afsr1;
	uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
	uint64_t cntkctl, cntfrq, cnt_ctl[2], cnt_cval[2]; /* by enum gtimer_which */
	uint64_t mdscr, mdccint, oslock, osdlr, oseccr, dbgclaim, dbgdtr;
	uint64_t dbgbvr[16], dbgbcr[16], dbgwvr[16], dbgwcr[16];
	uint64_t csselr, rvbar;
};

/* Performance monitors (a64/pmu.h). */
struct pmu {
	uint64_t pmcr, enabled, inten, overflow, select, userenr;
	uint64_t type[32], count[32];
	uint64_t last[32]; /* running total of the event when count[] was brought up to date */
	struct timer host;
	bool level, armed;
};

/* Generic timers (a64/gtimer.h), by enum gtimer_which. */
struct gtimers {
	struct timer host[2];
	bool level[2], armed[2];
};

#endif
