/*
 * GICv3 as a guest sees it: identification, each kind of interrupt taken by
 * hand with interrupts masked, then delivered to handlers, then a long random
 * sequence of register accesses whose results are all in the output.
 */
#include "guest.h"

#define RD(n) (GICR + (n) * 0x20000ull)
#define SGI(n) (RD(n) + 0x10000)
#define DIST_WORD(off, id) (GICD + (off) + (id) / 32 * 4)

static void enable(unsigned id, unsigned prio, bool group1)
{
	uint64_t base = id < 32 ? SGI(0) : GICD;
	uint64_t group = base + 0x80 + id / 32 * 4;

	wr32(group, (rd32(group) & ~(1u << id % 32)) | (uint32_t)group1 << id % 32);
	wr8(base + 0x400 + id, (uint8_t)prio);
	wr32(base + 0x100 + id / 32 * 4, 1u << id % 32);
}

static void identification(void)
{
	uint64_t v;

	out("GICD_CTLR %x PIDR2 %x\n", rd32(GICD), rd32(GICD + 0xffe8));
	out("GICD_TYPER lines %x security %x\n", rd32(GICD + 4) & 31, rd32(GICD + 4) >> 10 & 1);
	out("# GICD_TYPER %x GICD_IIDR %x GICR_IIDR %x\n", rd32(GICD + 4), rd32(GICD + 8), rd32(RD(0) + 4));
	for (unsigned n = 0; n < 4; n++)
		out("GICR_TYPER %lx WAKER %x\n", rd64(RD(n) + 8) & ~0x1000021ul, rd32(RD(n) + 0x14));
	for (unsigned n = 0; n < 4; n++) {
		wr32(RD(n) + 0x14, 0);
		out("awake %x\n", rd32(RD(n) + 0x14));
	}
	out("ICC_SRE %lx\n", mrs(S3_0_C12_C12_5));
	out("ICC_CTLR %lx\n", mrs(S3_0_C12_C12_4) & ~(1ul << 18));
	out("ICC_BPR0 %lx BPR1 %lx PMR %lx\n", mrs(S3_0_C12_C8_3), mrs(S3_0_C12_C12_3), mrs(S3_0_C4_C6_0));
	msr(S3_0_C4_C6_0, 0xff);
	out("PMR of ff %lx\n", mrs(S3_0_C4_C6_0));
	for (unsigned k = 0; k < 8; k++) {
		msr(S3_0_C12_C8_3, k);
		msr(S3_0_C12_C12_3, k);
		out("BPR %x: %lx %lx\n", k, mrs(S3_0_C12_C8_3), mrs(S3_0_C12_C12_3));
	}
	msr(S3_0_C12_C12_4, 1);
	msr(S3_0_C12_C8_3, 3);
	msr(S3_0_C12_C12_3, 6);
	out("CBPR: %lx %lx\n", mrs(S3_0_C12_C8_3), mrs(S3_0_C12_C12_3));
	msr(S3_0_C12_C12_4, 0);
	msr(S3_0_C12_C8_3, 0);
	msr(S3_0_C12_C12_3, 0);
	out("IAR0 %lx IAR1 %lx HPPIR0 %lx HPPIR1 %lx RPR %lx\n", mrs(S3_0_C12_C8_0), mrs(S3_0_C12_C12_0), mrs(S3_0_C12_C8_2),
	    mrs(S3_0_C12_C12_2), mrs(S3_0_C12_C11_3));
	out("AP0R1 there: %d\n", mrs_or_undef(S3_0_C12_C8_5, &v));
	out("AP1R1 there: %d\n", mrs_or_undef(S3_0_C12_C9_1, &v));
	wr64(GICD + 0x6000 + 8 * 40, 0xff80ffffff);
	out("IROUTER %lx\n", rd64(GICD + 0x6000 + 8 * 40));
	wr64(GICD + 0x6000 + 8 * 40, 0);
	wr32(GICD + 0x100, ~0u);
	wr32(GICD + 0x400, ~0u);
	out("private registers in GICD: %x %x %x\n", rd32(GICD + 0x100), rd32(GICD + 0x400), rd32(GICD + 0xc00));
	out("ICFGR0 %x ICFGR1 %x\n", rd32(SGI(0) + 0xc00), rd32(SGI(0) + 0xc04));
	wr32(GICD, 3);
	out("GICD_CTLR %x\n", rd32(GICD));
}

static void state(const char *when)
{
	out("%s: ISR %lx HPPIR0 %lx HPPIR1 %lx RPR %lx AP0 %lx AP1 %lx", when, mrs(isr_el1), mrs(S3_0_C12_C8_2),
	    mrs(S3_0_C12_C12_2), mrs(S3_0_C12_C11_3), mrs(S3_0_C12_C8_4), mrs(S3_0_C12_C9_0));
	out(" pend %x %x act %x %x\n", rd32(SGI(0) + 0x200), rd32(GICD + 0x204), rd32(SGI(0) + 0x300), rd32(GICD + 0x304));
}

static void by_hand(void)
{
	msr(S3_0_C4_C6_0, 0xf0);
	msr(S3_0_C12_C12_6, 1);
	msr(S3_0_C12_C12_7, 1);
	enable(1, 0x80, true);
	enable(2, 0x40, true);
	enable(3, 0x40, false);
	enable(40, 0x60, true);
	msr(S3_0_C12_C11_5, 1ull << 24 | 1);
	state("SGI 1");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	state("active");
	msr(S3_0_C12_C11_5, 1ull << 24 | 1);
	state("SGI 1 again");
	msr(S3_0_C12_C11_5, 2ull << 24 | 1);
	state("SGI 2 preempts");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	wr32(GICD + 0x204, 1 << 8);
	state("SPI 40 does not");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	msr(S3_0_C12_C12_1, 2);
	state("end of 2");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	state("SPI 40 active");
	msr(S3_0_C12_C11_7, 3ull << 24 | 1);
	state("group 0 SGI 3");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	out("IAR0 %lx\n", mrs(S3_0_C12_C8_0));
	state("active");
	msr(S3_0_C12_C12_1, 3);
	state("EOIR1 of a group 0 one");
	msr(S3_0_C12_C8_1, 3);
	state("EOIR0");
	msr(S3_0_C12_C12_1, 40);
	msr(S3_0_C12_C12_1, 1);
	state("all but the second SGI 1 ended");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	msr(S3_0_C12_C12_1, 1);
	msr(S3_0_C12_C11_5, 3ull << 24 | 1);
	state("SGI1R for a group 0 SGI");
	msr(S3_0_C12_C11_7, 2ull << 24 | 1);
	state("SGI0R for a group 1 SGI");
	msr(S3_0_C12_C11_6, 2ull << 24 | 1);
	state("ASGI1R for a group 1 SGI");
	msr(S3_0_C12_C11_6, 3ull << 24 | 1);
	state("ASGI1R for a group 0 SGI");
	wr32(SGI(0) + 0x280, ~0u);
	msr(S3_0_C12_C12_4, 2);
	msr(S3_0_C12_C11_5, 1ull << 24 | 1);
	out("EOImode 1: IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	msr(S3_0_C12_C12_1, 1);
	state("dropped");
	msr(S3_0_C12_C11_5, 1ull << 24 | 1);
	state("pending while active");
	msr(S3_0_C12_C11_1, 1);
	state("deactivated");
	out("IAR1 %lx\n", mrs(S3_0_C12_C12_0));
	msr(S3_0_C12_C12_1, 1);
	msr(S3_0_C12_C11_1, 1);
	msr(S3_0_C12_C12_4, 0);
	state("idle");
}

static void timer_level(void)
{
	enable(27, 0x80, true);
	enable(30, 0x90, true);
	msr(cntv_cval_el0, 0);
	msr(cntv_ctl_el0, 1);
	state("virtual timer up");
	out("CNTV_CTL %lx IAR1 %lx\n", mrs(cntv_ctl_el0), mrs(S3_0_C12_C12_0));
	state("active and pending");
	wr32(SGI(0) + 0x280, 1u << 27);
	state("ICPENDR does not take a level away");
	msr(S3_0_C12_C12_1, 27);
	state("ended, still up");
	msr(cntv_ctl_el0, 3);
	state("masked");
	wr32(SGI(0) + 0x200, 1u << 27);
	msr(cntv_ctl_el0, 1);
	msr(cntv_ctl_el0, 3);
	state("latched by ISPENDR");
	wr32(SGI(0) + 0x280, 1u << 27);
	state("and cleared");
	msr(cntp_cval_el0, 0);
	msr(cntp_ctl_el0, 1);
	state("physical timer up");
	msr(cntp_ctl_el0, 0);
	state("off");
	msr(cntv_ctl_el0, 0);
}

/* -- handlers -- */

static volatile uint32_t taken[64], fiqs, nest, deepest;

static void handler(void)
{
	uint64_t id = mrs(S3_0_C12_C12_0), elr = mrs(elr_el1), spsr = mrs(spsr_el1);

	if (id == 1023)
		return;
	taken[id & 63]++;
	if (++nest > deepest)
		deepest = nest;
	if (id == 27)
		msr(cntv_ctl_el0, 0);
	if (id == 1) {
		irqs_on(); /* SGI 2 preempts here */
		msr(S3_0_C12_C11_5, 2ull << 24 | 1);
		isb();
		irqs_off();
	}
	nest--;
	msr(S3_0_C12_C12_1, id);
	msr(elr_el1, elr);
	msr(spsr_el1, spsr);
}

static void fiq_handler(void)
{
	uint64_t id = mrs(S3_0_C12_C8_0);

	fiqs += id == 3;
	msr(S3_0_C12_C8_1, id);
}

static void delivered(void)
{
	uint64_t t0;

	on_irq = handler;
	on_fiq = fiq_handler;
	irqs_on();
	msr(S3_0_C12_C11_5, 1ull << 24 | 1);
	wait_for(&taken[2], 1, "nested SGI");
	out("taken %d %d deepest %d\n", (int)taken[1], (int)taken[2], (int)deepest);
	msr(S3_0_C12_C11_7, 3ull << 24 | 1);
	wait_for(&fiqs, 1, "FIQ");
	t0 = mrs(cntvct_el0);
	msr(cntv_tval_el0, mrs(cntfrq_el0) / 100);
	msr(cntv_ctl_el0, 1);
	while (!taken[27])
		wfi();
	out("timer after 10 ms: %s\n", mrs(cntvct_el0) - t0 >= mrs(cntfrq_el0) / 100 ? "yes" : "early");
	for (unsigned k = 0; k < 100; k++) {
		irqs_off(); /* WFI wakes though masked */
		msr(cntv_tval_el0, 100);
		msr(cntv_ctl_el0, 1);
		wfi();
		irqs_on();
		isb();
	}
	out("timer interrupts %d\n", (int)taken[27]);
	irqs_off();
}

/* -- several vCPUs -- */

static volatile uint32_t up[16], got[16], others;

static void cpu_handler(void)
{
	uint64_t id = mrs(S3_0_C12_C12_0), self = mrs(mpidr_el1) & 0xff;

	if (id == 1023)
		return;
	msr(S3_0_C12_C12_1, id);
	if (id == 5) {
		got[self]++;
		if (got[self] < 100) /* on to the next vCPU of the ring 0 1 2 3 */
			msr(S3_0_C12_C11_5, 5ull << 24 | 1ull << (self + 1) % 4);
	} else if (id == 6) {
		up[self] = 2;
	} else if (id == 40) {
		others = (uint32_t)self;
	}
}

static void cpu_main(unsigned n)
{
	wr32(SGI(n) + 0x80, ~0u);
	wr32(SGI(n) + 0x100, 0xffff);
	msr(S3_0_C4_C6_0, 0xf0);
	msr(S3_0_C12_C12_7, 1);
	up[n] = 1;
	dsb();
	irqs_on();
	while (up[n] != 3)
		wfi();
	irqs_off();
	up[n] = 4;
	dsb();
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

static void many(void)
{
	out("PSCI version %x, affinity of 1 %d\n", (unsigned)psci(PSCI_VERSION, 0, 0, 0),
	    (int)psci(PSCI_AFFINITY_INFO, 1, 0, 0));
	for (unsigned n = 1; n < 4; n++) {
		out("CPU_ON %d: %d\n", (int)n, (int)start_cpu(n, cpu_main));
		wait_for(&up[n], 1, "a vCPU to come up");
	}
	out("again: %d, nobody: %d, self %d\n", (int)start_cpu(1, cpu_main), (int)psci(PSCI_CPU_ON, 9, 0x40000000, 0),
	    (int)psci(PSCI_CPU_ON, 0, 0x40000000, 0));
	out("affinity of 1 %d\n", (int)psci(PSCI_AFFINITY_INFO, 1, 0, 0));
	on_irq = cpu_handler;
	wr32(SGI(0) + 0x80, ~0u);
	wr32(SGI(0) + 0x100, 0xffff);
	irqs_on();
	msr(S3_0_C12_C11_5, 5ull << 24 | 2);
	wait_for(&got[1], 100, "the ring");
	out("ring %d %d %d %d\n", (int)got[0], (int)got[1], (int)got[2], (int)got[3]);
	msr(S3_0_C12_C11_5, 6ull << 24 | 1ull << 40);
	for (unsigned n = 1; n < 4; n++)
		wait_for(&up[n], 2, "SGI to all others");
	out("all others: %d %d %d %d\n", (int)up[0], (int)up[1], (int)up[2], (int)up[3]);
	for (unsigned n = 1; n < 4; n++) {
		wr64(GICD + 0x6000 + 8 * 40, n);
		wr32(GICD + 0x204, 1 << 8);
		wait_for(&others, n, "SPI at its vCPU");
	}
	out("IROUTER works\n");
	for (unsigned n = 1; n < 4; n++) {
		up[n] = 3;
		dsb();
		msr(S3_0_C12_C11_5, 7ull << 24 | 1ull << n);
		wait_for(&up[n], 4, "a vCPU to go");
		for (unsigned k = 0; k < 60000 && psci(PSCI_AFFINITY_INFO, n, 0, 0) != 1; k++)
			delay_us(1000);
		out("off: %d\n", (int)psci(PSCI_AFFINITY_INFO, n, 0, 0));
	}
	up[2] = 0;
	out("CPU_ON again %d\n", (int)start_cpu(2, cpu_main));
	wait_for(&up[2], 1, "vCPU 2 once more");
	irqs_off();
}

/* -- random -- */

static uint64_t seed = 0x123456789abcdefull;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)(seed * 0x2545f4914f6cdd1dull >> 33) % n;
}

/* An INTID of the small set in use: SGIs 0..5, PPIs 20..23, SPIs 64..71 (no device has them). */
static uint32_t some_id(void)
{
	uint32_t k = rnd(18);

	return k < 6 ? k : k < 10 ? 14 + k : 54 + k;
}

static uint64_t step(void)
{
	uint32_t id = some_id(), m = 1u << id % 32, g = rnd(2);
	uint64_t base = id < 32 ? SGI(0) : GICD, word = id / 32 * 4;

	switch (rnd(20)) {
	case 0:
		wr32(base + 0x80 + word, rd32(base + 0x80 + word) ^ m);
		break;
	case 1:
	case 2:
	case 3:
		wr32(base + 0x100 + word, m);
		break;
	case 4:
		wr32(base + 0x180 + word, m);
		break;
	case 5:
	case 6:
		wr32(base + 0x200 + word, m);
		break;
	case 7:
		wr32(base + 0x280 + word, m);
		break;
	case 8:
		if (rnd(4) == 0)
			wr32(base + 0x300 + word, m);
		break;
	case 9:
		wr32(base + 0x380 + word, m);
		break;
	case 10:
		wr8(base + 0x400 + id, (uint8_t)(rnd(31) * 8));
		break;
	case 11:
		msr(S3_0_C12_C11_5, (uint64_t)rnd(6) << 24 | 1);
		break;
	case 12:
		msr(S3_0_C12_C11_7, (uint64_t)rnd(6) << 24 | 1);
		break;
	case 13:
	case 14:
		return g ? mrs(S3_0_C12_C12_0) : mrs(S3_0_C12_C8_0);
	case 15:
	case 16:
		if (g)
			msr(S3_0_C12_C12_1, id);
		else
			msr(S3_0_C12_C8_1, id);
		break;
	case 17:
		if (mrs(S3_0_C12_C12_4) & 2)
			msr(S3_0_C12_C11_1, id);
		break;
	case 18:
		switch (rnd(6)) {
		case 0:
			msr(S3_0_C12_C8_3, rnd(8));
			break;
		case 1:
			msr(S3_0_C12_C12_3, rnd(8));
			break;
		case 2:
			msr(S3_0_C12_C12_4, rnd(4));
			break;
		default:
			msr(S3_0_C4_C6_0, rnd(3) ? 0xf8 : rnd(32) * 8);
		}
		break;
	default:
		if (rnd(4) == 0) {
			msr(S3_0_C12_C8_4, 0);
			msr(S3_0_C12_C9_0, 0);
			wr32(GICD + 0x388, 0xff);
			wr32(SGI(0) + 0x380, ~0u);
		}
	}
	return 0;
}

static uint64_t observe(void)
{
	uint64_t v = mrs(isr_el1);

	v = v * 31 + mrs(S3_0_C12_C8_2);
	v = v * 31 + mrs(S3_0_C12_C12_2);
	v = v * 31 + mrs(S3_0_C12_C11_3);
	v = v * 31 + mrs(S3_0_C12_C8_4);
	v = v * 31 + mrs(S3_0_C12_C9_0);
	v = v * 31 + rd32(SGI(0) + 0x200);
	v = v * 31 + rd32(SGI(0) + 0x300);
	v = v * 31 + rd32(GICD + 0x208);
	return v * 31 + rd32(GICD + 0x308);
}

static void random_sequence(void)
{
	irqs_off();
	wr32(SGI(0) + 0x180, ~0u);
	wr32(SGI(0) + 0x280, ~0u);
	wr32(SGI(0) + 0x380, ~0u);
	wr32(GICD + 0xc10, 0xaaaa0000); /* some edge-triggered: ISPENDR works either way */
	msr(S3_0_C12_C12_6, 1);
	msr(S3_0_C12_C12_7, 1);
	msr(S3_0_C4_C6_0, 0xf8);
	for (unsigned k = 0; k < 40; k++) {
		uint64_t hash = 0;

		for (unsigned n = 0; n < 500; n++) {
			hash = (hash ^ step()) * 0x100000001b3ull;
			hash = (hash ^ observe()) * 0x100000001b3ull;
#ifdef TRACE
			out("# %d.%d hash %lx\n", (int)k, (int)n, hash);
			state("#");
#endif
		}
		out("random %d: %lx\n", (int)k, hash);
	}
}

void guest_main(void)
{
	identification();
	by_hand();
	timer_level();
	delivered();
	many();
	random_sequence();
	out("done\n");
}
