/*
 * Performance monitors as a test of them sees it: which registers keep what,
 * cycles that never stand still, instructions to the one, overflows, chains,
 * software increments, interrupts.  Lines with '!' are what the reference leaves
 * out: it counts no instructions, and its counters of 32 bits do not chain.
 */
#include "guest.h"

#define SW_INCR 0x00
#define INST_RETIRED 0x08
#define CPU_CYCLES 0x11
#define CHAIN 0x1e
#define NOT_EL0 (1u << 30)
#define NOT_EL1 (1u << 31)
#define E 1u
#define RESET 6u
#define LC (1u << 6)
#define ALL 0xffffffffu
#define NEARLY 0xfffffff0u

static void reset(void)
{
	msr(pmcr_el0, RESET | LC);
	msr(pmcntenclr_el0, ALL);
	msr(pmovsclr_el0, ALL);
	msr(pmintenclr_el1, ALL);
}

/* 2 * n + 3 instructions that count: ISB, the loop, the MSR that ends it, and one for the code around it or not. */
static void loop(uint64_t n)
{
	__asm__ volatile("msr pmcr_el0, %1\n\tisb\n1:\tsubs %0, %0, #1\n\tb.gt 1b\n\tmsr pmcr_el0, %2\n\tisb"
			 : "+r"(n)
			 : "r"((uint64_t)(E | LC)), "r"((uint64_t)LC)
			 : "cc", "memory");
}

static void setup(uint32_t type0, uint32_t type1, uint32_t count0, uint32_t count1)
{
	reset();
	msr(pmevtyper0_el0, type0);
	msr(pmevtyper1_el0, type1);
	msr(pmevcntr0_el0, count0);
	msr(pmevcntr1_el0, count1);
	msr(pmcntenset_el0, 2);
	msr(pmcntenset_el0, 1);
}

static void registers(void)
{
	out("counters %d\n", (int)(mrs(pmcr_el0) >> 11 & 31));
	out("required events %lx\n", mrs(pmceid0_el0) & (1 << SW_INCR | 1 << CPU_CYCLES));
	reset();
	out("PMCR after reset of counters %lx\n", mrs(pmcr_el0) & 0x7f);
	msr(pmcntenset_el0, ~(1u << 31));
	out("event counters enabled %lx %lx\n", mrs(pmcntenset_el0), mrs(pmcntenclr_el0));
	msr(pmcntenset_el0, 1u << 31);
	msr(pmcntenclr_el0, ~3u & ~(1u << 31));
	out("three left %lx\n", mrs(pmcntenset_el0));
	msr(pmintenset_el1, ALL);
	out("interrupts %lx\n", mrs(pmintenset_el1));
	msr(pmintenclr_el1, ALL);
	msr(pmovsset_el0, 5);
	out("overflow set by hand %lx %lx\n", mrs(pmovsset_el0), mrs(pmovsclr_el0));
	msr(pmovsclr_el0, 4);
	out("and one cleared %lx\n", mrs(pmovsclr_el0));
	msr(pmselr_el0, 1);
	msr(pmxevtyper_el0, 0xea);
	msr(pmxevcntr_el0, 0xdeadbeef);
	out("by PMSELR: %lx %lx %lx\n", mrs(pmevtyper1_el0) & 0x3ff, mrs(pmevcntr1_el0), mrs(pmxevcntr_el0));
	msr(pmselr_el0, 31);
	msr(pmxevtyper_el0, NOT_EL0);
	out("PMCCFILTR by PMSELR: %lx\n", mrs(pmccfiltr_el0));
	msr(pmccfiltr_el0, 0);
	msr(pmccntr_el0, 0x123456789abcdef0);
	out("cycles, stopped: %lx\n", mrs(pmccntr_el0));
	msr(pmcr_el0, LC | 4);
	out("reset: %lx\n", mrs(pmccntr_el0));
}

static void cycles(void)
{
	unsigned stood = 0, zero = 0;
	uint64_t a, b;

	reset();
	msr(pmcntenset_el0, 1u << 31);
	msr(pmcr_el0, E | LC);
	for (unsigned k = 0; k < 2000; k++) {
		__asm__ volatile("mrs %0, pmccntr_el0\n\tmrs %1, pmccntr_el0" : "=r"(a), "=r"(b));
		stood += a >= b;
	}
	for (unsigned k = 0; k < 200; k++) {
		msr(pmccntr_el0, 0);
		loop(4);
		zero += !mrs(pmccntr_el0);
	}
	out("cycles: stood still %d times, none in a loop %d times\n", (int)stood, (int)zero);
	msr(pmccntr_el0, ~0ul - 100);
	msr(pmovsclr_el0, ALL);
	loop(1000);
	out("64 bits overflow: %lx, %s\n", mrs(pmovsclr_el0), mrs(pmccntr_el0) < 1ul << 40 ? "wrapped" : "not wrapped");
	msr(pmcr_el0, 0);
	msr(pmccntr_el0, 0xffffff00);
	msr(pmovsclr_el0, ALL);
	msr(pmcr_el0, E);
	for (unsigned k = 0; k < 10000; k++)
		isb();
	out("! LC clear: 32 bits overflow: %lx\n", mrs(pmovsclr_el0));
	msr(pmcr_el0, 0);
	msr(pmccntr_el0, 0);
	msr(pmccfiltr_el0, NOT_EL1);
	loop(100);
	out("not at EL1: %lx\n", mrs(pmccntr_el0));
	msr(pmccfiltr_el0, 0);
}

static void events(void)
{
	unsigned bad = 0;

	for (unsigned k = 0; k < 50; k++) {
		setup(CPU_CYCLES | NOT_EL0, INST_RETIRED | NOT_EL0, NEARLY, 0);
		loop(20);
		bad += mrs(pmovsclr_el0) != 1;
	}
	out("16 cycles pass in 40 instructions: %d times not\n", (int)bad);
	for (unsigned n = 1; n < 100; n += 33) {
		setup(INST_RETIRED, INST_RETIRED | NOT_EL1, 0, 0);
		loop(n);
		out("! loop of %d: %d instructions at EL1, %d at EL0\n", (int)n, (int)mrs(pmevcntr0_el0), (int)mrs(pmevcntr1_el0));
	}
	setup(INST_RETIRED, INST_RETIRED, 0, 0);
	msr(pmcntenclr_el0, 2);
	loop(10);
	out("! one enabled: %d %d\n", (int)mrs(pmevcntr0_el0), (int)mrs(pmevcntr1_el0));
	setup(SW_INCR, SW_INCR, NEARLY, 0);
	for (unsigned k = 0; k < 100; k++)
		msr(pmswinc_el0, 1);
	out("software increments, PMCR.E clear: %lx %lx\n", mrs(pmevcntr0_el0), mrs(pmovsclr_el0));
	msr(pmcr_el0, E | LC);
	for (unsigned k = 0; k < 100; k++)
		msr(pmswinc_el0, 3);
	out("set: %lx %lx overflow %lx\n", mrs(pmevcntr0_el0) & ALL, mrs(pmevcntr1_el0), mrs(pmovsclr_el0));
	msr(pmcr_el0, LC);
}

static void chains(void)
{
	unsigned bad = 0;

	for (unsigned k = 0; k < 30; k++) {
		setup(CPU_CYCLES, CHAIN, NEARLY, k);
		loop(22);
		bad += mrs(pmevcntr1_el0) != k + 1 || mrs(pmovsclr_el0) != 1;
		setup(CPU_CYCLES, CHAIN, NEARLY, ALL);
		loop(22);
		bad += mrs(pmevcntr1_el0) != 0 || mrs(pmovsclr_el0) != 3;
	}
	out("! chained cycles: %d times wrong\n", (int)bad);
	setup(SW_INCR, CHAIN, NEARLY, 0);
	msr(pmcr_el0, E | LC);
	for (unsigned k = 0; k < 100; k++)
		msr(pmswinc_el0, 1);
	out("! chained increments: %lx %lx overflow %lx\n", mrs(pmevcntr0_el0), mrs(pmevcntr1_el0), mrs(pmovsclr_el0));
	setup(SW_INCR, CHAIN, NEARLY, 0);
	msr(pmcntenclr_el0, 2);
	msr(pmcr_el0, E | LC);
	for (unsigned k = 0; k < 100; k++)
		msr(pmswinc_el0, 1);
	out("a chain that is not enabled: %lx overflow %lx\n", mrs(pmevcntr1_el0), mrs(pmovsclr_el0));
	msr(pmcr_el0, LC);
}

static volatile uint32_t interrupts, overflowed;

static void handler(void)
{
	uint64_t id = mrs(S3_0_C12_C12_0);

	if (id == 23) {
		overflowed |= (uint32_t)mrs(pmovsclr_el0);
		msr(pmovsclr_el0, ALL);
		interrupts++;
	}
	msr(S3_0_C12_C12_1, id);
}

static void interrupt(void)
{
	on_irq = handler;
	wr32(GICR + 0x14, 0);
	wr32(GICR + 0x10080, ALL);
	wr32(GICR + 0x10100, 1u << 23);
	wr32(GICD, 3);
	msr(S3_0_C12_C12_7, 1);
	msr(S3_0_C4_C6_0, 0xf0);
	irqs_on();
	setup(SW_INCR, CPU_CYCLES, ALL, 0);
	msr(pmcr_el0, E | LC);
	msr(pmswinc_el0, 1);
	isb();
	out("overflow, not enabled: %d interrupts\n", (int)interrupts);
	msr(pmintenset_el1, 1);
	wait_for(&interrupts, 1, "the interrupt of an overflow that was there");
	out("enabled then: %d of %x\n", (int)interrupts, overflowed);
	msr(pmevcntr0_el0, ALL);
	msr(pmswinc_el0, 1);
	wait_for(&interrupts, 2, "the interrupt of an increment");
	out("enabled before: %d of %x\n", (int)interrupts, overflowed);
	overflowed = 0;
	setup(SW_INCR, CPU_CYCLES, 0, 0xffff0000);
	msr(pmintenset_el1, 2);
	msr(pmcr_el0, E | LC);
	wait_for(&interrupts, 3, "the interrupt of cycles");
	out("cycles: %d of %x\n", (int)interrupts, overflowed);
	msr(pmcr_el0, LC);
	irqs_off();
}

void guest_main(void)
{
	registers();
	cycles();
	events();
	chains();
	interrupt();
	out("done\n");
}
