/* PSCI calls as one vCPU makes them: identifiers, parameters, results. (Races: tests/sched/t_sched.) */
#include "a64/psci.h"
#include "tests/a64/cpu.h"

static struct vcpu *c;
static uint64_t seen[4];

static int64_t on(struct vcpu *caller, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	seen[0] = mpidr;
	seen[1] = entry;
	seen[2] = context;
	return PSCI_SUCCESS;
}

static int64_t call(uint64_t fn, uint64_t a, uint64_t b, uint64_t d)
{
	c->x[0] = fn;
	c->x[1] = a;
	c->x[2] = b;
	c->x[3] = d;
	exc_hvc(c, 0);
	return (int64_t)c->x[0];
}

#define IS(got, want, what) is_u64((uint64_t)(got), (uint64_t)(int64_t)(want), what)

int main(void)
{
	static const uint32_t there[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004,
					 0xc4000004, 0x84000006, 0x84000008, 0x84000009, 0x8400000a, 0x80000000};
	static const uint32_t absent[] = {0x84000005, 0x84000007, 0xc4000000, 0xc4000002, 0x84000020, 0x80000001 + 5, 0, 5};
	static struct machine_ops ops;
	unsigned good = 0;

	c = make_cpus("max", 2);
	ops = t_ops;
	ops.cpu_on = on;
	c->mops = &ops;
	at_el(c, 1);
	IS(call(0x84000000, 0, 0, 0), 0x10001, "version 1.1");
	IS(call(0x80000000, 0, 0, 0), 0x10001, "SMC calling convention 1.1");
	IS(call(0x84000006, 0, 0, 0), 2, "no trusted OS to migrate");
	for (unsigned k = 0; k < ARRAY_SIZE(there); k++)
		good += call(0x8400000a, there[k], 0, 0) == 0;
	ok(good == ARRAY_SIZE(there), "FEATURES knows what is there");
	good = 0;
	for (unsigned k = 0; k < ARRAY_SIZE(absent); k++)
		good += call(0x8400000a, absent[k], 0, 0) == -1 && call(absent[k], 0, 0, 0) == -1;
	ok(good == ARRAY_SIZE(absent), "and what is not, which is NOT_SUPPORTED as a call");
	IS(call(0xc4000003, 1, RAM + 0x1000, 0x123456789abcdef0), 0, "CPU_ON");
	ok(seen[0] == 1 && seen[1] == RAM + 0x1000 && seen[2] == 0x123456789abcdef0, "passes all 64 bits");
	IS(call(0x84000003, 0xdead00000001, 0xdead00000000 | RAM, 0xdeadffffffff), 0, "the 32-bit CPU_ON");
	ok(seen[0] == 1 && seen[1] == RAM && seen[2] == 0xffffffff, "takes the low words");
	IS(call(0xc4000003, 1, RAM + 2, 0), PSCI_INVALID_ADDRESS, "CPU_ON at an odd address");
	IS(call(0xc4000003, 1, 0x1000, 0), PSCI_INVALID_ADDRESS, "CPU_ON where no memory is");
	IS(call(0xc4000003, 1, UINT64_MAX & ~3, 0), PSCI_INVALID_ADDRESS, "CPU_ON at the end of the world");
	IS(call(0xc4000004, 0, 4, 0), PSCI_INVALID_PARAMETERS, "AFFINITY_INFO of level 4");
	IS(call(0xc4000001, 0xffffffff, 0, 0), PSCI_INVALID_PARAMETERS, "CPU_SUSPEND with reserved bits");
	sleeps = 0;
	IS(call(0xc4000001, 0, 0, 0), 0, "CPU_SUSPEND to standby");
	vcpu_poll(c);
	ok(sleeps == 1, "sleeps");
	vcpu_set_line(c, LINE_IRQ, true);
	IS(call(0xc4000001, 0x10000, 0, 0), 0, "CPU_SUSPEND to power-down is standby too");
	ok(!(c->request & REQ_SLEEP), "does not wait");
	ok(sleeps == 1, "and returns at once with an interrupt pending");
	return tap_done();
}
