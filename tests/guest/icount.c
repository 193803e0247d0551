/* With -icount N the cycle counter counts instructions, 1 << N cycles each, on any engine: a cycle per instruction is exact. */
#include "guest.h"

#define E_P_C_LC 0x47u

/* n rounds of two instructions, an ISB before and the last write itself: 2n + 2. */
static void loop(uint32_t n)
{
	__asm__ volatile("msr pmcr_el0, %1\n\tisb\n1:\tsubs %w0, %w0, #1\n\tb.gt 1b\n\tmsr pmcr_el0, xzr\n\tisb"
			 : "+r"(n)
			 : "r"((uint64_t)E_P_C_LC)
			 : "cc");
}

void guest_main(void)
{
	msr(pmccfiltr_el0, 0);
	msr(pmcntenset_el0, 1ull << 31);
	for (unsigned k = 0; k < 300; k++) { /* long enough for the translator to find it hot */
		uint64_t cycles;

		loop(1 + k);
		cycles = mrs(pmccntr_el0);
		if (k % 50 == 0)
			out("%d rounds: %lx cycles\n", (int)k + 1, cycles);
		else if (cycles % (2 * k + 4))
			out("%d rounds: %lx cycles?\n", (int)k + 1, cycles);
	}
	msr(pmccfiltr_el0, 1ull << 31);
	loop(20);
	out("not at EL1: %lx\n", mrs(pmccntr_el0));
	msr(pmcntenclr_el0, 1ull << 31);
	msr(pmcntenset_el0, 3);
	msr(pmevtyper0_el0, 0x11); /* CPU_CYCLES */
	msr(pmevtyper1_el0, 0x08); /* INST_RETIRED */
	loop(33);
	out("events: %lx %lx\n", mrs(pmevcntr0_el0), mrs(pmevcntr1_el0));
}
