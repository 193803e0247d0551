/*
 * GICv2 as a guest sees it: identification, interrupts taken by hand, SGIs
 * with their sources between vCPUs, and a long random sequence of register
 * accesses whose results are all in the output.  The aliased registers of
 * group 1 and the source in GICC_HPPIR are left out: the reference does not have them.
 */
#include "guest.h"

static void identification(void)
{
	out("GICD_CTLR %x PIDR2 %x\n", rd32(GICD), rd32(GICD + 0xfe8));
	out("GICD_TYPER %x\n", rd32(GICD + 4));
	out("# GICD_IIDR %x GICC_IIDR %x\n", rd32(GICD + 8), rd32(GICC + 0xfc));
	out("GICC_CTLR %x PMR %x RPR %x HPPIR %x IAR %x\n", rd32(GICC), rd32(GICC + 4), rd32(GICC + 0x14),
	    rd32(GICC + 0x18), rd32(GICC + 0xc));
	out("ITARGETSR0 %x ITARGETSR10 %x\n", rd32(GICD + 0x800), rd32(GICD + 0x828));
	wr8(GICD + 0x829, 0x0f);
	out("ITARGETSR10 %x\n", rd32(GICD + 0x828));
	wr8(GICD + 0x829, 0);
	out("ISENABLER0 %x ICFGR0 %x\n", rd32(GICD + 0x100), rd32(GICD + 0xc00));
	wr32(GICD + 0x180, ~0u);
	wr32(GICD + 0x200, ~0u);
	out("ISENABLER0 %x SGIs pending %x\n", rd32(GICD + 0x100), rd32(GICD + 0x200) & 0xffff);
	wr32(GICD + 0x280, ~0u);
	wr32(GICC + 4, 0xff);
	out("PMR of ff %x\n", rd32(GICC + 4));
	wr8(GICD + 0x400 + 40, 0xff);
	out("priority of ff %x\n", rd32(GICD + 0x400 + 40));
	for (unsigned k = 0; k < 8; k++) {
		wr32(GICC + 8, k);
		wr32(GICC + 0x1c, k);
		out("BPR %x: %x %x\n", k, rd32(GICC + 8), rd32(GICC + 0x1c));
	}
	wr32(GICC + 8, 0);
	wr32(GICC + 0x1c, 0);
	wr32(GICC, 0x21f);
	out("GICC_CTLR %x\n", rd32(GICC));
	wr32(GICC, 0);
	wr32(GICD, 3);
	out("GICD_CTLR %x\n", rd32(GICD));
	for (unsigned k = 0; k < 12; k++)
		out("%x%s", rd32(GICD + 0xfd0 + 4 * k), k < 11 ? " " : " identification\n");
	/* narrow accesses where words are asked for: as the reference takes them */
	wr8(GICD + 0x105, 3);
	out("ISENABLER1 %x", rd32(GICD + 0x104));
	wr8(GICD + 0x185, 1);
	out(" %x\n", rd32(GICD + 0x104));
	wr8(GICD + 0x185, 2);
	wr8(GICD + 0x85, 0x0f);
	out("IGROUPR1 %x\n", rd32(GICD + 0x84));
	wr8(GICD + 0x85, 0);
	wr8(GICD + 0xc13, 0xaa);
	out("ICFGR4 %x\n", rd32(GICD + 0xc10));
	wr8(GICD + 0xc13, 0);
	out("bytes of GICC: PMR %x RPR %x IAR %x\n", rd8(GICC + 4), rd8(GICC + 0x14), rd8(GICC + 0xc));
}

static void state(const char *when)
{
	out("%s: ISR %lx HPPIR %x RPR %x APR %x NSAPR %x pend %x %x act %x %x\n", when, mrs(isr_el1),
	    rd32(GICC + 0x18) & 0x3ff, rd32(GICC + 0x14), rd32(GICC + 0xd8), rd32(GICC + 0xe8),
	    rd32(GICD + 0x200), rd32(GICD + 0x204), rd32(GICD + 0x300), rd32(GICD + 0x304));
}

/* Priorities from 0x80 to 0xbe are in the active priority word that state() shows. */
static void by_hand(void)
{
	wr32(GICC, 1);
	wr8(GICD + 0x401, 0xa0);
	wr8(GICD + 0x402, 0x90);
	wr8(GICD + 0x428, 0x98);
	wr8(GICD + 0x828, 1);
	wr32(GICD + 0x104, 1 << 8);
	wr32(GICD + 0xf00, 2u << 24 | 1);
	state("SGI 1 to self");
	out("IAR %x\n", rd32(GICC + 0xc));
	state("active");
	wr32(GICD + 0xf00, 2u << 24 | 1);
	wr32(GICD + 0xf00, 1u << 16 | 2);
	state("SGI 2 preempts");
	out("IAR %x\n", rd32(GICC + 0xc));
	wr32(GICD + 0x204, 1 << 8);
	state("SPI 40 does not");
	out("IAR %x\n", rd32(GICC + 0xc));
	wr32(GICC + 0x10, 2);
	out("IAR %x\n", rd32(GICC + 0xc));
	state("SPI 40 active");
	wr32(GICC + 0x10, 40);
	wr32(GICC + 0x10, 1);
	state("the second SGI 1");
	out("IAR %x\n", rd32(GICC + 0xc));
	wr32(GICC + 0x10, 1);
	wr32(GICD + 0x84, 1 << 8);
	wr32(GICC, 3);
	wr32(GICD + 0x204, 1 << 8);
	state("SPI 40 in group 1");
	out("IAR %x\n", rd32(GICC + 0xc));
	wr32(GICC, 7);
	state("AckCtl");
	out("IAR %x\n", rd32(GICC + 0xc));
	state("active");
	wr32(GICC + 0x10, 40);
	wr32(GICD + 0x84, 0);
	wr32(GICC, 0x209);
	wr32(GICD + 0x204, 1 << 8);
	state("FIQEn");
	out("IAR %x\n", rd32(GICC + 0xc));
	wr32(GICC + 0x10, 40);
	state("EOImode 1");
	wr32(GICC + 0x1000, 40);
	wr32(GICC, 1);
	wr8(GICD + 0xf20 + 3, 2);
	state("SPENDSGIR");
	out("SPENDSGIR %x\n", rd32(GICD + 0xf20));
	out("IAR %x\n", rd32(GICC + 0xc));
	wr32(GICC + 0x10, 1 << 10 | 3);
	wr8(GICD + 0xf20 + 3, 6);
	wr8(GICD + 0xf10 + 3, 2);
	out("CPENDSGIR %x\n", rd32(GICD + 0xf10));
	wr8(GICD + 0xf10 + 3, 4);
	state("idle");
}

static void timer_level(void)
{
	wr32(GICD + 0x100, 1u << 27);
	wr8(GICD + 0x400 + 27, 0xa0);
	msr(cntv_cval_el0, 0);
	msr(cntv_ctl_el0, 1);
	state("timer up");
	out("IAR %x\n", rd32(GICC + 0xc));
	state("active and pending");
	wr32(GICC + 0x10, 27);
	state("again");
	msr(cntv_ctl_el0, 0);
	state("off");
}

static volatile uint32_t up[8], got[8], source[8];

static void cpu_handler(void)
{
	uint32_t iar = rd32(GICC + 0xc), id = iar & 0x3ff, self = mrs(mpidr_el1) & 0xff;

	if (id == 1023)
		return;
	wr32(GICC + 0x10, iar);
	if (id == 5) {
		got[self]++;
		source[self] = iar >> 10;
		if (got[self] < 100)
			wr32(GICD + 0xf00, (1u << (self + 1) % 4) << 16 | 5);
	} else if (id == 6) {
		up[self] = 2;
	}
}

static void cpu_main(unsigned n)
{
	wr32(GICC + 4, 0xff);
	wr32(GICC, 1);
	up[n] = 1;
	dsb();
	irqs_on();
	for (;;)
		wfi();
}

static void many(void)
{
	for (unsigned n = 1; n < 4; n++) {
		out("CPU_ON %d: %d\n", (int)n, (int)start_cpu(n, cpu_main));
		wait_for(&up[n], 1, "a vCPU to come up");
	}
	on_irq = cpu_handler;
	irqs_on();
	wr32(GICD + 0xf00, 1u << 17 | 5);
	wait_for(&got[1], 100, "the ring");
	out("ring %d %d %d %d\n", (int)got[0], (int)got[1], (int)got[2], (int)got[3]);
	out("from %d %d %d %d\n", (int)source[0], (int)source[1], (int)source[2], (int)source[3]);
	wr32(GICD + 0xf00, 1u << 24 | 6);
	for (unsigned n = 1; n < 4; n++)
		wait_for(&up[n], 2, "SGI to all others");
	out("all others: %d %d %d %d\n", (int)up[0], (int)up[1], (int)up[2], (int)up[3]);
	irqs_off();
}

static uint64_t seed = 0x123456789abcdefull;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)(seed * 0x2545f4914f6cdd1dull >> 33) % n;
}

/* SGIs 0..5, PPIs 20..23, SPIs 64..71. */
static uint32_t some_id(void)
{
	uint32_t k = rnd(18);

	return k < 6 ? k : k < 10 ? 14 + k : 54 + k;
}

/* Highest active priority is of group 1: which EOI register is right. */
static bool group1_runs(void)
{
	for (unsigned k = 0; k < 4; k++) {
		uint32_t g0 = rd32(GICC + 0xd0 + 4 * k), g1 = rd32(GICC + 0xe0 + 4 * k);

		if (g0 | g1)
			return (g1 & -g1) - 1 < (g0 & -g0) - 1;
	}
	return false;
}

/* An active interrupt of the group, 1023 if none: ending another one is UNPREDICTABLE. */
static uint32_t active_id(bool group1)
{
	static const uint8_t ids[18] = {0, 1, 2, 3, 4, 5, 20, 21, 22, 23, 64, 65, 66, 67, 68, 69, 70, 71};

	for (unsigned k = 0; k < 18; k++) {
		uint32_t id = ids[k], word = id / 32 * 4, act = rd32(GICD + 0x300 + word), grp = rd32(GICD + 0x80 + word);

		if ((act >> id % 32 & 1) && (grp >> id % 32 & 1) == group1)
			return id;
	}
	return 1023;
}

static uint64_t step(void)
{
	uint32_t id = some_id(), m = 1u << id % 32, word = id / 32 * 4;
	bool g = rnd(2);

	switch (rnd(19)) {
	case 0: /* not while active: which group it then ends in would be open */
		if (!(rd32(GICD + 0x300 + word) & m))
			wr32(GICD + 0x80 + word, rd32(GICD + 0x80 + word) ^ m);
		break;
	case 1:
	case 2:
	case 3:
		wr32(GICD + 0x100 + word, m);
		break;
	case 4:
		wr32(GICD + 0x180 + word, m);
		break;
	case 5:
	case 6:
		if (id >= 16)
			wr32(GICD + 0x200 + word, m);
		break;
	case 7:
		if (id >= 16)
			wr32(GICD + 0x280 + word, m);
		break;
	case 8:
		wr8(GICD + 0x400 + id, (uint8_t)rnd(250));
		break;
	case 9:
	case 10:
		wr32(GICD + 0xf00, 2u << 24 | rnd(6));
		break;
	case 11:
		wr8((g ? GICD + 0xf20 : GICD + 0xf10) + id % 6, (uint8_t)(1u << rnd(4)));
		break;
	case 12:
	case 13:
	case 14:
		if (mrs(isr_el1)) /* else 1022 or 1023 */
			return rd32(GICC + 0xc);
		break;
	case 15:
	case 16:
		g = group1_runs(); /* of group 1 without AckCtl it would be UNPREDICTABLE */
		if (rd32(GICC + 0x14) != 0xff && active_id(g) != 1023 && (!g || rd32(GICC) & 4)) {
			uint32_t end = active_id(g);

			wr32(GICC + 0x10, end);
			if (rd32(GICC) & 0x200)
				wr32(GICC + 0x1000, end);
		}
		break;
	case 17:
		switch (rnd(6)) {
		case 0: /* the same split for both groups, and not under active interrupts: else preemption is open */
			if (rd32(GICC + 0x14) == 0xff) {
				wr32(GICC + 8, id % 7);
				wr32(GICC + 0x1c, id % 7 + 1);
			}
			break;
		case 2:
			wr32(GICC, (rnd(128) << 2 | 3) & 0x21f);
			break;
		default:
			wr32(GICC + 4, rnd(3) ? 0xff : rnd(256));
		}
		break;
	default:
		if (rnd(4) == 0) {
			for (unsigned k = 0; k < 4; k++) {
				wr32(GICC + 0xd0 + 4 * k, 0);
				wr32(GICC + 0xe0 + 4 * k, 0);
			}
			wr32(GICD + 0x388, 0xff);
			wr32(GICD + 0x380, ~0u);
		}
	}
	return 0;
}

static uint64_t observe(void)
{
	uint64_t v = mrs(isr_el1);

	if (v) /* behind the priority mask the reference shows nothing */
		v = v * 31 + (rd32(GICC + 0x18) & 0x3ff);
	v = v * 31 + rd32(GICC + 0x14);
	for (unsigned k = 0; k < 4; k++)
		v = (v * 31 + rd32(GICC + 0xd0 + 4 * k)) * 31 + rd32(GICC + 0xe0 + 4 * k);
	v = v * 31 + rd32(GICD + 0x200);
	v = v * 31 + rd32(GICD + 0x300);
	v = v * 31 + rd32(GICD + 0x208);
	return v * 31 + rd32(GICD + 0x308);
}

static void random_sequence(void)
{
	wr32(GICD + 0x180, ~0u);
	wr32(GICD + 0xc10, 0xaaaa0000);
	for (unsigned k = 0; k < 8; k++)
		wr8(GICD + 0x800 + 64 + k, 1);
	wr32(GICC, 3);
	wr32(GICC + 8, 0);
	wr32(GICC + 0x1c, 1);
	for (unsigned k = 0; k < 40; k++) {
		uint64_t hash = 0;

		for (unsigned n = 0; n < 500; n++) {
			hash = (hash ^ step()) * 0x100000001b3ul;
			hash = (hash ^ observe()) * 0x100000001b3ul;
#ifdef TRACE
			out("# %d.%d hash %lx CTLR %x\n", (int)k, (int)n, hash, rd32(GICC));
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
	many();
	random_sequence();
	out("done\n");
}
