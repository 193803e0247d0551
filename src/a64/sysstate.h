/* System register state of a vCPU. One line a register or group; reset values are in sysreg.c. */
#ifndef PARMA_A64_SYSSTATE_H
#define PARMA_A64_SYSSTATE_H

#include <stdint.h>

struct sysstate {
	uint64_t sctlr, actlr, cpacr;
	uint64_t ttbr0, ttbr1, tcr, mair, amair, contextidr;
	uint64_t vbar, elr, spsr, esr, far, par, afsr0, afsr1;
	uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
	uint64_t cntkctl, cntv_ctl, cntv_cval, cntp_ctl, cntp_cval;
	uint64_t mdscr, osdlr, oslar_locked, dbgclaim;
	uint64_t dbgbvr[16], dbgbcr[16], dbgwvr[16], dbgwcr[16];
	uint64_t csselr, disr;
};

#endif
