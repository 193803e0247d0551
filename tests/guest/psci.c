/*
 * Firmware calls: which functions there are, what bad arguments give, CPUs that
 * go on and off many times and race to switch one on.  Lines with '!' are what the
 * specification says and the reference does not do.
 */
#include "guest.h"

#define FN32 0x84000000ull
#define FN64 0xc4000000ull
#define CPU_SUSPEND 0x1
#define CPU_OFF 0x2
#define SYSTEM_OFF 0x8
#define SYSTEM_RESET 0x9
#define FEATURES 0xa
#define SYSTEM_RESET2 0x12

static int call(uint64_t fn, uint64_t a, uint64_t b, uint64_t c) { return (int)psci(fn, a, b, c); }

static void functions(void)
{
	for (uint64_t fn = 0; fn < 0x20; fn++) {
		if (fn == 0xd || fn == 0xe) /* statistics and suspension to RAM: optional */
			continue;
		out("function %x: FEATURES %d %d", (unsigned)fn, call(FN32 | FEATURES, FN32 | fn, 0, 0), call(FN32 | FEATURES, FN64 | fn, 0, 0));
		if (fn != CPU_SUSPEND && fn != CPU_OFF && fn != SYSTEM_OFF && fn != SYSTEM_RESET && fn != SYSTEM_RESET2)
			out(" with zeroes %x %x", (unsigned)call(FN32 | fn, 0, 0, 0), (unsigned)call(FN64 | fn, 0, 0, 0));
		out("\n");
	}
	out("! SMCCC_VERSION %x ARCH_FEATURES of it %d\n", (unsigned)call(0x80000000, 0, 0, 0), call(0x80000001, 0x80000000, 0, 0));
	out("! SMCCC_VERSION is a feature %d\n", call(FN32 | FEATURES, 0x80000000, 0, 0));
	out("workarounds %d %d %d\n", call(0x80000001, 0x80008000, 0, 0), call(0x80000001, 0x80007fff, 0, 0), call(0x80000001, 0x80003fff, 0, 0));
	out("unknown %d %d %d\n", call(1337, 0, 0, 0), call(0x84000050, 0, 0, 0), call(0x8600ff01, 0, 0, 0));
	out("64 bits wide: %lx\n", (uint64_t)psci(1337, 0, 0, 0));
}

static void arguments(void)
{
	out("nobody: CPU_ON %d AFFINITY_INFO %d\n", call(PSCI_CPU_ON, 9, 0x40000000, 0), call(PSCI_AFFINITY_INFO, 9, 0, 0));
	out("reserved bits: %d\n", call(PSCI_CPU_ON, 0x80000001, 0x40000000, 0));
	out("self: %d\n", call(PSCI_CPU_ON, 0, 0x40000000, 0));
	out("! 32 bits: self with rubbish above %d\n", call(0x84000003, 0xffffffff00000000, 0x40000000, 0));
	out("affinity: self %d, off %d\n", call(PSCI_AFFINITY_INFO, 0, 0, 0), call(PSCI_AFFINITY_INFO, 1, 0, 0));
	for (uint64_t level = 1; level < 4; level++)
		out("level %d: %d\n", (int)level, call(PSCI_AFFINITY_INFO, 0, level, 0));
	out("! level 4: %d\n", call(PSCI_AFFINITY_INFO, 0, 4, 0));
}

static volatile uint32_t started[4], context[4], successes, refusals, others, round_no, ready, finished, released;

static void count(volatile uint32_t *p) { __asm__ volatile("ldadd %w1, wzr, [%0]" ::"r"(p), "r"(1) : "memory"); }

static void come_and_go(unsigned n)
{
	context[n] = n;
	started[n]++;
	dsb();
	psci(PSCI_CPU_OFF, 0, 0, 0);
	out("CPU_OFF returned\n");
}

static bool is_off(unsigned n)
{
	for (unsigned k = 0; k < 60000 && call(PSCI_AFFINITY_INFO, n, 0, 0) != 1; k++)
		delay_us(1000);
	return call(PSCI_AFFINITY_INFO, n, 0, 0) == 1;
}

static void on_and_off(void)
{
	for (unsigned k = 1; k <= 20; k++) {
		int rc = start_cpu(3, come_and_go);

		wait_for(&started[3], k, "CPU 3");
		if (rc || context[3] != 3 || !is_off(3))
			out("time %d: %d, context %d\n", (int)k, rc, (int)context[3]);
	}
	out("on and off %d times\n", (int)started[3]);
}

static void stay(unsigned n)
{
	uint32_t k = ++started[n];

	dsb();
	while (released < k)
		;
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

/* CPUs 1 and 2 ask for CPU 3 at the same time, again and again; one of them has it. CPU 0 counts. */
static void racer(unsigned n)
{
	(void)n;
	for (uint32_t k = 1; k <= 200; k++) {
		int rc;

		count(&ready);
		while (round_no < k)
			;
		rc = (int)start_cpu(3, stay);
		count(rc == 0 ? &successes : rc == -4 || rc == -5 ? &refusals : &others);
		count(&finished);
	}
}

static void race(void)
{
	uint32_t bad = 0;

	started[3] = 0;
	for (unsigned n = 1; n < 3; n++)
		start_cpu(n, racer);
	for (uint32_t k = 1; k <= 200; k++) {
		if (!wait_for(&ready, 2 * k, "racers"))
			return;
		round_no = k;
		dsb();
		wait_for(&finished, 2 * k, "both answers");
		bad += successes != k;
		wait_for(&started[3], k, "the start");
		released = k;
		dsb();
		bad += !is_off(3);
	}
	out("! races: wrong %d, successes %d, refusals %d, other answers %d\n", (int)bad, (int)successes, (int)refusals, (int)others);
}

static void suspend(void)
{
	wr32(GICR + 0x14, 0);
	wr32(GICR + 0x10080, ~0u);
	wr32(GICR + 0x10100, 1u << 27);
	wr32(GICD, 3);
	msr(S3_0_C12_C12_7, 1);
	msr(S3_0_C4_C6_0, 0xf0);
	msr(cntv_tval_el0, 10000);
	msr(cntv_ctl_el0, 1);
	out("standby until the timer: %d\n", call(FN64 | CPU_SUSPEND, 0, 0, 0));
	out("with something pending: %d\n", call(FN64 | CPU_SUSPEND, 0, 0, 0));
	out("! power-down with something pending: %d\n", call(FN64 | CPU_SUSPEND, 0x10000, 0x40000000, 0));
	out("! reserved bits: %d\n", call(FN64 | CPU_SUSPEND, 0x80000000, 0x40000000, 0));
	msr(cntv_ctl_el0, 0);
}

void guest_main(void)
{
	functions();
	arguments();
	on_and_off();
	race();
	suspend();
	/* last, as the reference believes these */
	out("! entry that is no instruction's address: %d\n", call(PSCI_CPU_ON, 1, 0x40000001, 0));
	out("! entry in a device: %d\n", call(PSCI_CPU_ON, 2, UART, 0));
	out("done\n");
}
