/*
 * Every vCPU asks every other one for an answer, by mailbox and SGI, and
 * sleeps in WFI until it comes; timers interrupt all of them meanwhile.  A
 * lost wake-up or interrupt is a hang, which the timeout of wait_for() ends.
 */
#include "guest.h"

#define CPUS 8u
#define ROUNDS 300u
#define SGI_ASK 3ull
#define SGI_ANSWER 4ull

static volatile uint32_t asked[CPUS][CPUS], answered[CPUS][CPUS]; /* [to][from]: number of the round */
static volatile uint32_t ticks[CPUS], done[CPUS], go;

static unsigned self(void) { return mrs(mpidr_el1) & 0xff; }
static void sgi(unsigned to, uint64_t n) { msr(S3_0_C12_C11_5, n << 24 | 1ull << to); }

static void handler(void)
{
	uint64_t id = mrs(S3_0_C12_C12_0);
	unsigned me = self();

	if (id == 1023)
		return;
	if (id == 27) {
		ticks[me]++;
		msr(cntv_tval_el0, mrs(cntfrq_el0) / 2000);
	}
	msr(S3_0_C12_C12_1, id);
	for (unsigned from = 0; id == SGI_ASK && from < CPUS; from++)
		if (answered[from][me] != asked[me][from]) {
			answered[from][me] = asked[me][from];
			dsb();
			sgi(from, SGI_ANSWER);
		}
}

static void run(unsigned me)
{
	for (unsigned round = 1; round <= ROUNDS; round++) {
		for (unsigned to = 0; to < CPUS; to++) {
			if (to == me)
				continue;
			asked[to][me] = round;
			dsb();
			sgi(to, SGI_ASK);
			irqs_off(); /* WFI wakes all the same; then it is taken */
			while (answered[me][to] != round) {
				wfi();
				irqs_on();
				irqs_off();
			}
			irqs_on();
		}
	}
}

static void cpu(unsigned me)
{
	uint64_t frame = GICR + me * 0x20000ull;

	wr32(frame + 0x14, 0);
	wr32(frame + 0x10080, ~0u);
	wr32(frame + 0x10100, 1u << 27 | 1u << SGI_ASK | 1u << SGI_ANSWER);
	msr(S3_0_C4_C6_0, 0xf0);
	msr(S3_0_C12_C12_7, 1);
	msr(cntv_tval_el0, 1000);
	msr(cntv_ctl_el0, 1);
	done[me] = 1;
	irqs_on();
	while (!go)
		;
	run(me);
	done[me] = 2;
	dsb();
}

void guest_main(void)
{
	on_irq = handler;
	wr32(GICD, 2);
	for (unsigned n = 1; n < CPUS; n++) {
		start_cpu(n, cpu);
		wait_for(&done[n], 1, "a vCPU to come up");
	}
	go = 1;
	dsb();
	cpu(0);
	for (unsigned n = 0; n < CPUS; n++)
		wait_for(&done[n], 2, "all answers");
	for (unsigned n = 0; n < CPUS; n++)
		for (unsigned k = 0; k < CPUS; k++)
			if (k != n && answered[n][k] != ROUNDS)
				out("vCPU %d misses answers of %d\n", (int)n, (int)k);
	for (unsigned n = 0; n < CPUS; n++)
		out("vCPU %d: done %d, timer %s\n", (int)n, (int)done[n], ticks[n] ? "ran" : "never came");
	out("done\n");
}
