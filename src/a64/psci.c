/* See psci.h. */
#include "a64/psci.h"

#include "a64/cpu_ops.h"
#include "base/log.h"

#define FN_64 BIT(30) /* arguments are 64 bits */

enum {
	FN_SMCCC_VERSION = 0x80000000,
	FN_SMCCC_ARCH_FEATURES = 0x80000001,
	FN_VERSION = 0x84000000,
	FN_CPU_SUSPEND = 0x84000001,
	FN_CPU_OFF = 0x84000002,
	FN_CPU_ON = 0x84000003,
	FN_AFFINITY_INFO = 0x84000004,
	FN_MIGRATE_INFO_TYPE = 0x84000006,
	FN_SYSTEM_OFF = 0x84000008,
	FN_SYSTEM_RESET = 0x84000009,
	FN_FEATURES = 0x8400000a,
};

/* Function identifiers that exist, for FEATURES. */
static bool is_known(uint32_t fn)
{
	switch (fn) {
	case FN_VERSION: case FN_CPU_OFF: case FN_MIGRATE_INFO_TYPE: case FN_SYSTEM_OFF: case FN_SYSTEM_RESET:
	case FN_FEATURES: case FN_SMCCC_VERSION:
	case FN_CPU_SUSPEND: case FN_CPU_ON: case FN_AFFINITY_INFO:
	case FN_CPU_SUSPEND | FN_64: case FN_CPU_ON | FN_64: case FN_AFFINITY_INFO | FN_64:
		return true;
	default:
		return false;
	}
}

static int64_t cpu_on(struct vcpu *c, uint64_t target, uint64_t entry, uint64_t context)
{
	if ((entry & 3) || !physmap_host(c->pm, mk_gpa(entry), 4, false))
		return PSCI_INVALID_ADDRESS;
	return c->mops->cpu_on(c, target, entry, context);
}

/* Every state is a standby: the call returns once there is something to do. */
static int64_t cpu_suspend(struct vcpu *c, uint32_t state)
{
	if (state & 0xfffe0000)
		return PSCI_INVALID_PARAMETERS;
	if (!vcpu_has_work(c))
		vcpu_ask_sleep(c, SLEEP_WFI);
	return PSCI_SUCCESS;
}

static int64_t affinity_info(struct vcpu *c, uint64_t target, uint64_t level)
{
	return level > 3 ? PSCI_INVALID_PARAMETERS : c->mops->affinity_info(c, target, level);
}

static int64_t dispatch(struct vcpu *c, uint32_t fn, const uint64_t a[4])
{
	switch (fn) {
	case FN_SMCCC_VERSION: return 0x10001;
	case FN_SMCCC_ARCH_FEATURES:
		return a[1] == FN_SMCCC_VERSION || a[1] == FN_SMCCC_ARCH_FEATURES ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
	case FN_VERSION: return 0x10001;
	case FN_FEATURES: return is_known((uint32_t)a[1]) ? 0 : PSCI_NOT_SUPPORTED;
	case FN_MIGRATE_INFO_TYPE: return 2; /* no trusted OS that would need it */
	case FN_CPU_SUSPEND:
	case FN_CPU_SUSPEND | FN_64:
		return cpu_suspend(c, (uint32_t)a[1]);
	case FN_CPU_ON:
	case FN_CPU_ON | FN_64:
		return cpu_on(c, a[1], a[2], a[3]);
	case FN_AFFINITY_INFO:
	case FN_AFFINITY_INFO | FN_64:
		return affinity_info(c, a[1], a[2]);
	case FN_CPU_OFF:
		c->mops->cpu_off(c);
		return PSCI_SUCCESS;
	case FN_SYSTEM_OFF:
		c->mops->system_off(c, 0);
		return PSCI_SUCCESS;
	case FN_SYSTEM_RESET:
		c->mops->system_reset(c);
		return PSCI_SUCCESS;
	default: return PSCI_NOT_SUPPORTED;
	}
}

void psci_call(struct vcpu *c)
{
	uint32_t fn = (uint32_t)c->x[0];
	uint64_t a[4];

	for (unsigned k = 0; k < 4; k++)
		a[k] = fn & FN_64 ? c->x[k] : (uint32_t)c->x[k];
	c->x[0] = (uint64_t)dispatch(c, fn, a);
	if (log_on(LOG_PSCI))
		log_printf("psci: cpu %u fn 0x%08x (0x%llx, 0x%llx, 0x%llx) = %lld\n", c->index, fn,
			   (unsigned long long)a[1], (unsigned long long)a[2], (unsigned long long)a[3],
			   (long long)c->x[0]);
}

void exc_hvc(struct vcpu *c, uint32_t imm)
{
	if (c->el == 0)
		exc_undef(c);
	psci_call(c);
}

/* Firmware answers SMC as it does HVC, for guests that know the other conduit only. */
void exc_smc(struct vcpu *c, uint32_t imm) { exc_hvc(c, imm); }
