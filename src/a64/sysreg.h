/* System registers: the table of sysreg.def (accessed through cpu_ops.h) and reset. */
#ifndef PARMA_A64_SYSREG_H
#define PARMA_A64_SYSREG_H

#include "a64/vcpu.h"

/* Builds the look-up index; before any vCPU runs, any number of times. */
void sysreg_init(void);
/* Reset values of all registers. */
void sysreg_reset(struct vcpu *c);

/* Name of a register by its encoding, or NULL; for logs. */
const char *sysreg_name(uint32_t enc);

#endif
