/*
 * GICv3: identification, directed sequences (preemption, EOI modes, level
 * interrupts, 1-of-N, SGIs), random sequences against gic_model.h, and
 * threads that send each other SGIs.
 */
#include <pthread.h>

#include "tests/dev/gic_board.h"
#include "tests/dev/gic_model.h"

#define ICC(crm, op2) SYSREG(3, 0, 12, crm, op2)
#define PMR SYSREG(3, 0, 4, 6, 0)
#define IAR(g) ((g) ? ICC(12, 0) : ICC(8, 0))
#define EOIR(g) ((g) ? ICC(12, 1) : ICC(8, 1))
#define HPPIR(g) ((g) ? ICC(12, 2) : ICC(8, 2))
#define BPR(g) ((g) ? ICC(12, 3) : ICC(8, 3))
#define AP(g) ((g) ? ICC(9, 0) : ICC(8, 4))
#define IGRPEN(g) ICC(12, 6 + (g))
#define DIR ICC(11, 1)
#define RPR ICC(11, 3)
#define SGI1R ICC(11, 5)
#define ASGI1R ICC(11, 6)
#define SGI0R ICC(11, 7)
#define CTLR ICC(12, 4)
#define SRE ICC(12, 5)
#define SGI_FRAME(cpu) (RDIST + (cpu) * 0x20000ull + 0x10000)

static uint64_t mrs(unsigned cpu, uint32_t enc)
{
	uint64_t v = 0;

	BUG_ON(!cpus[cpu]->gic->read(cpus[cpu]->gic_cpu, enc, &v));
	return v;
}

static void msr(unsigned cpu, uint32_t enc, uint64_t v)
{
	BUG_ON(!cpus[cpu]->gic->write(cpus[cpu]->gic_cpu, enc, v));
}

/* Offset of a register word of INTIDs id.. : in the distributor or that vCPU's redistributor. */
static uint64_t word_at(unsigned cpu, unsigned id, uint64_t offset, unsigned bits_each)
{
	return (id < 32 ? SGI_FRAME(cpu) : DIST) + offset + id * bits_each / 8;
}

static void open_up(unsigned n)
{
	wr32(0, DIST, 3);
	for (unsigned c = 0; c < n; c++) {
		msr(c, PMR, 0xff);
		msr(c, IGRPEN(0), 1);
		msr(c, IGRPEN(1), 1);
	}
}

/* Group 1, enabled, level-sensitive, that priority, to vCPU 0. */
static void prepare(unsigned id, unsigned prio)
{
	uint64_t m = 1u << (id & 31);

	wr32(0, word_at(0, id & ~31u, 0x80, 1), rd32(0, word_at(0, id & ~31u, 0x80, 1)) | (uint32_t)m);
	wr32(0, word_at(0, id & ~31u, 0x100, 1), (uint32_t)m);
	wr(0, word_at(0, id, 0x400, 8), 1, prio);
}

static void identification(void)
{
	uint64_t v;

	board(3, 128, 256);
	is_u64(rd32(0, DIST + 0xffe8), 0x3b, "GICD_PIDR2");
	is_u64(rd32(0, DIST + 4) & 0x1f, 8, "GICD_TYPER.ITLinesNumber for 256 SPIs");
	is_u64(rd32(0, DIST), 0x50, "GICD_CTLR: ARE and DS are fixed");
	is_u64(rd(0, RDIST + 8, 8), 0x20, "GICR_TYPER of vCPU 0");
	is_u64(rd(0, RDIST + 17 * 0x20000 + 8, 8), 0x101ull << 32 | 17 << 8 | 0x20, "GICR_TYPER of vCPU 17");
	is_u64(rd(0, RDIST + 122 * 0x20000 + 8, 8) & 0x10, 0x10, "Last in the first region");
	is_u64(rd(0, RDIST2 + 8, 8), 0x70bull << 32 | 123 << 8 | 0x20, "first of the second region");
	is_u64(rd(0, RDIST2 + 4 * 0x20000 + 8, 8) & 0x10, 0x10, "Last in the second region");
	ok(physmap_find(pm, mk_gpa(RDIST2 + 5 * 0x20000)) == NULL, "no frames beyond the last vCPU");
	is_u64(rd32(0, RDIST + 0x14), 6, "asleep after reset");
	wr32(0, RDIST + 0x14, 0);
	is_u64(rd32(0, RDIST + 0x14), 0, "GICR_WAKER wakes");
	is_u64(mrs(0, CTLR), 0x48c00, "ICC_CTLR: 5 priority bits, 24 ID bits, A3V, RSS");
	is_u64(mrs(0, SRE), 7, "ICC_SRE");
	is_u64(mrs(0, BPR(0)) << 4 | mrs(0, BPR(1)), 0x23, "binary points start at their minimum");
	ok(!cpus[0]->gic->read(cpus[0]->gic_cpu, ICC(8, 5), &v), "ICC_AP0R1 is UNDEFINED");
	ok(!cpus[0]->gic->read(cpus[0]->gic_cpu, EOIR(1), &v), "ICC_EOIR1 cannot be read");
	ok(!cpus[0]->gic->write(cpus[0]->gic_cpu, IAR(1), 0), "ICC_IAR1 cannot be written");
	is_u64(mrs(0, IAR(1)), 1023, "nothing to acknowledge");
	wr(0, DIST + 0x6000 + 40 * 8, 8, ~0ull);
	is_u64(rd(0, DIST + 0x6000 + 40 * 8, 8), 0xff80ffffffull, "GICD_IROUTER by 64 bits");
	wr(0, DIST + 0x400 + 41, 1, 0xff);
	is_u64(rd32(0, DIST + 0x400 + 40), 0xf800, "priority by bytes, 5 bits of it");
	is_u64(rd32(0, DIST + 0x400), 0, "private priorities are not in the distributor");
	unboard();
}

static void preemption(void)
{
	board(3, 1, 64);
	open_up(1);
	prepare(40, 0x80);
	prepare(41, 0x40);
	prepare(27, 0x40);
	spi(8, true);
	is_u64(lines(0), LINE_IRQ, "group 1 is an IRQ");
	msr(0, PMR, 0x80);
	is_u64(lines(0), 0, "not below its priority mask");
	is_u64(mrs(0, HPPIR(1)), 40, "still the highest pending");
	msr(0, PMR, 0xf0);
	is_u64(mrs(0, IAR(1)), 40, "acknowledge");
	is_u64(mrs(0, RPR), 0x80, "running priority");
	is_u64(lines(0), 0, "active, so not signalled again");
	spi(9, true);
	is_u64(lines(0), LINE_IRQ, "a higher priority preempts");
	is_u64(mrs(0, IAR(1)), 41, "acknowledge the preempting one");
	is_u64(mrs(0, AP(1)), 1u << 8 | 1u << 16, "both priorities are active");
	ppi(0, 11, true);
	is_u64(lines(0), 0, "an equal priority does not preempt");
	is_u64(mrs(0, IAR(1)), 1023, "and reads as spurious");
	spi(9, false);
	msr(0, EOIR(1), 41);
	is_u64(mrs(0, IAR(1)), 27, "but follows");
	ppi(0, 11, false);
	msr(0, EOIR(1), 27);
	is_u64(mrs(0, RPR), 0x80, "back at the first");
	msr(0, BPR(1), 8);
	msr(0, BPR(1), 7);
	spi(9, true);
	is_u64(lines(0), LINE_IRQ, "0x40 and 0x80 differ in bit 7");
	wr(0, DIST + 0x400 + 41, 1, 0x00);
	msr(0, EOIR(1), 40);
	is_u64(mrs(0, IAR(1)), 41, "a pending SPI's new priority counts");
	is_u64(mrs(0, RPR), 0, "group priority");
	msr(0, EOIR(0), 41);
	is_u64(mrs(0, RPR), 0, "EOIR0 does not end a group 1 interrupt");
	msr(0, EOIR(1), 41);
	is_u64(mrs(0, RPR), 0xff, "idle");
	unboard();
}

static void levels_and_modes(void)
{
	board(3, 1, 64);
	open_up(1);
	prepare(40, 0x80);
	prepare(41, 0x80);
	spi(8, true);
	mrs(0, IAR(1));
	is_u64(rd32(0, DIST + 0x204), 1 << 8, "level high: active and pending");
	msr(0, EOIR(1), 40);
	is_u64(mrs(0, IAR(1)), 40, "level still high: again");
	spi(8, false);
	msr(0, EOIR(1), 40);
	is_u64(mrs(0, IAR(1)), 1023, "level low: done");
	wr32(0, DIST + 0x204, 1 << 8);
	is_u64(mrs(0, IAR(1)), 40, "made pending by ISPENDR");
	is_u64(rd32(0, DIST + 0x204), 0, "which the acknowledgement clears");
	msr(0, EOIR(1), 40);

	wr32(0, DIST + 0xc08, 2u << 18);
	spi(9, true);
	spi(9, false);
	is_u64(mrs(0, IAR(1)), 41, "an edge stays");
	is_u64(rd32(0, DIST + 0x204), 0, "and is consumed");
	spi(9, true);
	is_u64(rd32(0, DIST + 0x204), 1 << 9, "another edge while active");
	msr(0, EOIR(1), 41);
	is_u64(mrs(0, IAR(1)), 41, "comes after the end of the first");
	msr(0, EOIR(1), 41);
	is_u64(mrs(0, IAR(1)), 1023, "a level that stays is no edge");

	msr(0, CTLR, 2);
	spi(8, true);
	mrs(0, IAR(1));
	msr(0, EOIR(1), 40);
	is_u64(mrs(0, RPR), 0xff, "EOImode 1: the priority drops");
	is_u64(rd32(0, DIST + 0x304), 1 << 8, "and the interrupt stays active");
	is_u64(lines(0), 0, "and is not signalled");
	msr(0, DIR, 40);
	is_u64(lines(0), LINE_IRQ, "until deactivated");
	spi(8, false);

	wr32(0, DIST + 0x84, 0);
	spi(8, true);
	is_u64(lines(0), LINE_FIQ, "group 0 is an FIQ");
	is_u64(mrs(0, IAR(1)), 1023, "which IAR1 does not acknowledge");
	is_u64(mrs(0, HPPIR(1)), 1023, "nor HPPIR1 see");
	is_u64(mrs(0, IAR(0)), 40, "IAR0 does");
	msr(0, EOIR(0), 40);
	msr(0, DIR, 40);
	wr32(0, DIST, 2);
	is_u64(lines(0), 0, "group 0 off in the distributor");
	wr32(0, DIST, 3);
	is_u64(lines(0), LINE_FIQ, "and on again");
	gic_cpu_reset(gic, 0);
	is_u64(lines(0), 0, "a reset CPU interface signals nothing");
	spi(9, false);
	gic_reset(gic);
	is_u64(rd32(0, DIST + 0x204), 1 << 8, "the wire keeps its level over a reset");
	is_u64(rd32(0, DIST + 0x104), 0, "nothing is enabled after a reset");
	wr(0, DIST + 0x40, 4, 45);
	is_u64(rd32(0, DIST + 0x204), 1 << 8 | 1 << 13, "SETSPI makes pending");
	wr(0, DIST + 0x48, 2, 45);
	is_u64(rd32(0, DIST + 0x204), 1 << 8, "CLRSPI takes it back");
	unboard();
}

static void routing(void)
{
	unsigned hits = 0;

	board(3, 4, 64);
	open_up(4);
	prepare(40, 0x80);
	spi(8, true);
	wr(0, DIST + 0x6000 + 40 * 8, 8, 2);
	is_u64(lines(0), 0, "IROUTER moves a pending interrupt away");
	is_u64(lines(2), LINE_IRQ, "and to its new vCPU");
	wr(0, DIST + 0x6000 + 40 * 8, 8, 0x100);
	is_u64(lines(0) | lines(1) | lines(2) | lines(3), 0, "no such vCPU: it waits");
	wr(0, DIST + 0x6000 + 40 * 8, 8, 1u << 31);
	for (unsigned c = 0; c < 4; c++)
		hits += lines(c) != 0;
	is_u64(hits, 1, "1-of-N: one vCPU");
	msr(0, IGRPEN(1), 0);
	msr(1, IGRPEN(1), 0);
	msr(3, IGRPEN(1), 0);
	is_u64(lines(2), LINE_IRQ, "the one that takes part");
	wr32(0, RDIST + 2 * 0x20000, 1u << 25);
	is_u64(lines(2), 0, "GICR_CTLR.DPG1NS takes it out");
	msr(1, IGRPEN(1), 1);
	is_u64(lines(1), LINE_IRQ, "the next one gets it");
	is_u64(mrs(1, IAR(1)), 40, "and acknowledges");
	wr32(0, RDIST + 2 * 0x20000, 0);
	is_u64(lines(2), 0, "active: nobody else");
	msr(3, IGRPEN(1), 1);
	msr(3, CTLR, 2);
	msr(3, DIR, 40);
	is_u64(rd32(0, DIST + 0x304), 0, "any vCPU can deactivate an SPI");
	unboard();
}

static uint64_t sgi_lines(unsigned n)
{
	uint64_t v = 0;

	for (unsigned c = 0; c < n; c++)
		v |= (uint64_t)(lines(c) != 0) << c;
	return v;
}

static void sgis(void)
{
	board(3, 40, 32);
	open_up(40);
	for (unsigned c = 0; c < 40; c++) {
		wr32(c, SGI_FRAME(c) + 0x80, 0xfffffffe);
		wr32(c, SGI_FRAME(c) + 0x100, 0xffff);
	}
	msr(5, SGI1R, 3ull << 24 | 1ull << 40);
	is_u64(sgi_lines(40), (BIT(40) - 1) & ~BIT(5), "SGI to all others");
	for (unsigned c = 0; c < 40; c++)
		if (c != 5)
			msr(c, EOIR(1), mrs(c, IAR(1)));
	is_u64(sgi_lines(40), 0, "all acknowledged");
	msr(5, SGI1R, 7ull << 24 | 1ull << 16 | 0x8002);
	is_u64(sgi_lines(40), BIT(17) | BIT(31), "SGI by target list in cluster 1");
	is_u64(mrs(17, IAR(1)), 7, "its number");
	msr(5, SGI1R, 7ull << 24 | 1ull << 44 | 0xffff);
	is_u64(sgi_lines(40), BIT(31), "a range of Aff0 that nobody is in");
	msr(5, SGI0R, 7ull << 24 | 1);
	is_u64(lines(0), 0, "a group 0 SGI does not make a group 1 interrupt pending");
	msr(5, SGI0R, 1);
	is_u64(lines(0), LINE_FIQ, "but SGI 0, which is in group 0");
	is_u64(mrs(0, IAR(0)), 0, "is acknowledged as 0");
	msr(5, ASGI1R, 1);
	is_u64(rd32(0, SGI_FRAME(0) + 0x200), 1, "pending again while active");
	unboard();
}

/* -- random sequences -- */

static struct model m;
static uint64_t seed = 88172645463325252ull;

static unsigned rand_n(unsigned n) { return (unsigned)(rnd(&seed) >> 33) % n; }

static uint64_t random_op(char *what, size_t len)
{
	unsigned c = rand_n(M_CPUS), id = rand_n(4) ? rand_n(M_IDS) : 14 + rand_n(4), first = id & ~31u, g = rand_n(2);
	unsigned word = 1 + rand_n(7), prio = rand_n(256) & 0xf8;
	uint32_t val = (uint32_t)(rnd(&seed) & rnd(&seed)), want;
	unsigned kind = rand_n(24);

	snprintf(what, len, "op %u vCPU %u INTID %u group %u word %u val %x", kind, c, id, g, word, val);
	switch (kind) {
	case 0: /* words are rare, or all is disabled most of the time */
		if (word == 3 || word == 6)
			val = 1u << rand_n(32);
		wr32(c, word_at(c, first, word << 7, 1), val);
		m_write(&m, c, first, word, val);
		return 0;
	case 1:
		wr32(c, word_at(c, first, 0x100, 1), 1u << (id & 31));
		m_write(&m, c, first, 2, 1u << (id & 31));
		return 0;
	case 2:
		wr(c, word_at(c, id, 0x400, 8), 1, prio);
		m_irq(&m, c, id)->prio = prio;
		return 0;
	case 3:
		if (id < 16)
			return 0;
		wr32(c, word_at(c, id & ~15u, 0xc00, 2), val & 0xaaaaaaaa);
		for (unsigned k = 0; k < 16; k++)
			m_irq(&m, c, (id & ~15u) + k)->edge = val >> (2 * k + 1) & 1;
		return 0;
	case 4:
		if (id < 32)
			return 0;
		wr(c, DIST + 0x6000 + id * 8, 8, g ? c : 0x300);
		m_irq(&m, c, id)->targets = g ? 1u << c : 0;
		return 0;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		if (id < 16) {
			unsigned list = val & 0xf;

			msr(c, g ? SGI1R : SGI0R, (uint64_t)id << 24 | list);
			for (unsigned k = 0; k < M_CPUS; k++)
				if ((list >> k & 1) && m_irq(&m, k, id)->group == g)
					m_irq(&m, k, id)->latch = true;
			return 0;
		}
		if (id < 32)
			ppi(c, id - 16, val & 1);
		else
			spi(id - 32, val & 1);
		m_level(&m, c, id, val & 1);
		return 0;
	case 10:
	case 11:
	case 12:
	case 13:
		want = m_ack(&m, c, 1u << g);
		return mrs(c, IAR(g)) ^ want;
	case 14:
	case 15: {
		bool rg;

		/* mostly an interrupt that is active */
		for (unsigned t = 0; t < M_IDS && !m_irq(&m, c, id)->active; t++)
			id = (id + 1) % M_IDS;
		if (rand_n(4) && m_running(&m, c, &rg) < 0x100)
			g = rg;
		msr(c, EOIR(g), id);
		m_eoi(&m, c, id, 1u << g);
		return 0;
	}
	case 16:
		msr(c, DIR, id);
		m_dir(&m, c, id);
		return 0;
	case 17:
		val = rand_n(3) ? 0xff : val;
		msr(c, PMR, val);
		m.cpu[c].pmr = val & 0xf8;
		return 0;
	case 18:
		msr(c, BPR(g), val & 7);
		if (!g || !m.cpu[c].cbpr)
			m.cpu[c].bpr[g] = MAX(val & 7, 2 + g);
		return 0;
	case 19:
		msr(c, CTLR, val & 3);
		m.cpu[c].cbpr = val & 1;
		m.cpu[c].split = val & 2;
		return 0;
	case 20:
		msr(c, IGRPEN(g), rand_n(8) != 0);
		m.cpu[c].en[g] = mrs(c, IGRPEN(g));
		return 0;
	case 21:
		val = rand_n(4) ? 3 : rand_n(4);
		wr32(c, DIST, val);
		m.den[0] = val & 1;
		m.den[1] = val & 2;
		return 0;
	case 22:
		if (rand_n(4))
			return 0;
		msr(c, AP(g), val & val >> 4);
		for (unsigned k = 0; k < 32; k++)
			m.cpu[c].ap[g][k * 8] = (val & val >> 4) >> k & 1;
		return 0;
	default:
		return rd32(c, word_at(c, first, word << 7, 1)) ^ m_read(&m, c, first, word);
	}
}

static uint64_t compare(void)
{
	uint64_t bad = 0;
	bool g;

	for (unsigned c = 0; c < M_CPUS; c++) {
		unsigned run = m_running(&m, c, &g);

		bad |= lines(c) ^ m_lines(&m, c);
		bad |= mrs(c, RPR) ^ (run == 0x100 ? 0xff : run);
		for (unsigned k = 0; k < 2; k++) {
			bad |= mrs(c, HPPIR(k)) ^ m_hppir(&m, c, 1u << k);
			bad |= mrs(c, AP(k)) ^ m_apr(&m, c, k, 0);
			bad |= mrs(c, BPR(k)) ^ (k && m.cpu[c].cbpr ? MIN(m.cpu[c].bpr[0] + 1, 7u) : m.cpu[c].bpr[k]);
		}
	}
	return bad;
}

static void random_sequences(void)
{
	unsigned bad = 0, steps = 0, taken = 0;

	for (unsigned round = 0; round < 40 && !bad; round++) {
		board(3, M_CPUS, M_SPIS);
		m_reset(&m, 3);
		for (unsigned k = 0; k < 4000 && !bad; k++, steps++) {
			char what[120];

			bad = random_op(what, sizeof(what)) != 0;
			bad |= compare() != 0;
			taken += lines(0) != 0;
			if (bad)
				printf("# round %u step %u: %s\n", round, k, what);
		}
		unboard();
	}
	ok(!bad, "%u random operations as the model has them", steps);
	ok(taken > steps / 50, "a line was up after %u of them", taken);
}

/* -- threads -- */

#define T_CPUS 3
#define T_ROUNDS 20000
static uint32_t t_got[T_CPUS], t_spi;

static void *t_run(void *arg)
{
	unsigned c = (unsigned)(uintptr_t)arg, id;

	for (unsigned k = 0; k < T_ROUNDS; k++) {
		msr(c, SGI1R, (k & 15ull) << 24 | 1u << (c + 1) % T_CPUS);
		if (k % 16 == c)
			spi(8, k & 16);
		while (lines(c) && (id = (unsigned)mrs(c, IAR(1))) != 1023) {
			if (id == 40)
				at_add(&t_spi, 1);
			else
				t_got[c]++;
			msr(c, EOIR(1), id);
			if (id == 40 && (k & 1))
				spi(8, false);
		}
	}
	return NULL;
}

static void threads(void)
{
	pthread_t t[T_CPUS];
	uint32_t got = 0, left = 0;

	board(3, T_CPUS, 32);
	open_up(T_CPUS);
	prepare(40, 0x80);
	wr(0, DIST + 0x6000 + 40 * 8, 8, 1u << 31);
	for (unsigned c = 0; c < T_CPUS; c++) {
		wr32(c, SGI_FRAME(c) + 0x80, ~0u);
		wr32(c, SGI_FRAME(c) + 0x100, 0xffff);
	}
	for (unsigned c = 0; c < T_CPUS; c++)
		pthread_create(&t[c], NULL, t_run, (void *)(uintptr_t)c);
	for (unsigned c = 0; c < T_CPUS; c++)
		pthread_join(t[c], NULL);
	for (unsigned c = 0; c < T_CPUS; c++) {
		unsigned id;

		while ((id = (unsigned)mrs(c, IAR(1))) != 1023) {
			left++;
			spi(8, false);
			msr(c, EOIR(1), id);
		}
		got += t_got[c];
		is_u64(lines(c), 0, "no line stays up");
		is_u64(rd32(0, SGI_FRAME(c) + 0x200) | rd32(0, SGI_FRAME(c) + 0x300), 0, "nothing stays pending or active");
	}
	is_u64(rd32(0, DIST + 0x304), 0, "no SPI stays active");
	ok(got > 0 && got <= T_CPUS * T_ROUNDS, "%u SGIs and %u SPIs between three threads, %u at the end", got, t_spi, left);
}

int main(void)
{
	struct err e;

	ok(gicv3_new(cpus, 129, 32, &e) == NULL, "129 vCPUs are refused: %s", e.msg);
	identification();
	preemption();
	levels_and_modes();
	routing();
	sgis();
	random_sequences();
	threads();
	unboard();
	for (unsigned k = 0; k < 128; k++)
		free(cpus[k]);
	return tap_done();
}
