/*
 * PSCI 1.1 and the SMC calling convention, over HVC and SMC alike (the
 * firmware of this machine).  Power control itself is the machine's
 * (machine_ops).  Arm DEN 0022, DEN 0028.
 */
#ifndef PARMA_A64_PSCI_H
#define PARMA_A64_PSCI_H

#include "a64/vcpu.h"

enum psci_ret {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_INTERNAL_FAILURE = -6,
	PSCI_INVALID_ADDRESS = -9,
};

/* What AFFINITY_INFO says. */
enum { PSCI_AFF_ON, PSCI_AFF_OFF };

#define PSCI_MPIDR_MASK UINT64_C(0xff00ffffff)

/* The call in x0..x3; the result goes to x0. */
void psci_call(struct vcpu *c);

#endif
