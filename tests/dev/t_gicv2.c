/*
 * GICv2: banked registers, targets, SGIs with sources, groups with AckCtl and
 * FIQEn, EOI modes, and random sequences against gic_model.h.
 */
#include "tests/dev/gic_board.h"
#include "tests/dev/gic_model.h"

#define C_CTLR (CPUIF + 0x00)
#define C_PMR (CPUIF + 0x04)
#define C_BPR(g) (CPUIF + ((g) ? 0x1c : 0x08))
#define C_IAR(g) (CPUIF + ((g) ? 0x20 : 0x0c))
#define C_EOIR(g) (CPUIF + ((g) ? 0x24 : 0x10))
#define C_RPR (CPUIF + 0x14)
#define C_HPPIR(g) (CPUIF + ((g) ? 0x28 : 0x18))
#define C_APR(g, n) (CPUIF + ((g) ? 0xe0 : 0xd0) + 4 * (n))
#define C_DIR (CPUIF + 0x1000)
#define D_TARGETS(id) (DIST + 0x800 + (id))
#define D_SGIR (DIST + 0xf00)

static uint64_t word_at(unsigned id, uint64_t offset, unsigned bits_each) { return DIST + offset + id * bits_each / 8; }

static void open_up(unsigned n)
{
	wr32(0, DIST, 1);
	for (unsigned c = 0; c < n; c++) {
		wr32(c, C_PMR, 0xff);
		wr32(c, C_CTLR, 1);
	}
}

static void identification(void)
{
	board(2, 8, 256);
	is_u64(rd32(0, DIST + 0xfe8), 0x2b, "ICPIDR2");
	is_u64(rd32(0, DIST + 4), 7 << 5 | 8, "GICD_TYPER: 8 vCPUs, 288 interrupts");
	is_u64(rd32(3, CPUIF + 0xfc), 0x2043b, "GICC_IIDR");
	is_u64(rd32(3, D_TARGETS(0)), 0x08080808, "private interrupts target their own vCPU");
	wr(0, D_TARGETS(41), 1, 0xa5);
	is_u64(rd32(0, D_TARGETS(40)), 0xa500, "targets by bytes");
	is_u64(rd32(0, DIST + 0x100), 0xffff, "SGIs are always enabled");
	is_u64(rd32(1, DIST + 0xc00), 0xaaaaaaaa, "and edge-triggered");
	wr32(1, DIST + 0x180, ~0u);
	is_u64(rd32(1, DIST + 0x100), 0xffff, "even if disabled");
	wr32(2, DIST + 0x100, 1u << 27);
	is_u64(rd32(2, DIST + 0x100), 0x800ffff, "PPI enables are banked");
	is_u64(rd32(3, DIST + 0x100), 0xffff, "so another vCPU's is not set");
	is_u64(rd32(0, C_IAR(0)), 1023, "spurious");
	unboard();
	board(2, 1, 64);
	wr(0, D_TARGETS(40), 4, ~0u);
	is_u64(rd32(0, D_TARGETS(40)), 0, "one vCPU: target registers read as zero");
	open_up(1);
	wr32(0, DIST + 0x104, 1 << 8);
	spi(8, true);
	is_u64(lines(0), LINE_IRQ, "and it gets all SPIs");
	unboard();
}

static void sgi_sources(void)
{
	board(2, 3, 64);
	open_up(3);
	wr32(1, D_SGIR, 1u << 24 | 5);
	wr32(2, D_SGIR, 1u << 16 | 5);
	wr32(2, D_SGIR, 2u << 24 | 6);
	is_u64(rd32(0, DIST + 0xf24), 0x600, "SPENDSGIR has both senders");
	is_u64(rd32(0, C_HPPIR(0)), 1 << 10 | 5, "HPPIR names the lower one");
	is_u64(rd32(0, C_IAR(0)), 1 << 10 | 5, "which IAR acknowledges");
	is_u64(lines(0), 0, "not again while active");
	wr32(0, C_EOIR(0), 1 << 10 | 5);
	is_u64(rd32(0, C_IAR(0)), 2 << 10 | 5, "then the other");
	wr32(0, C_EOIR(0), 2 << 10 | 5);
	is_u64(rd32(0, C_IAR(0)), 1023, "then nothing");
	is_u64(rd32(2, C_IAR(0)), 1 << 10 | 5, "the list filter: all others");
	wr32(2, C_EOIR(0), 1 << 10 | 5);
	is_u64(rd32(2, C_IAR(0)), 2 << 10 | 6, "and self");
	wr(1, DIST + 0xf28 + 1, 1, 4);
	is_u64(rd32(1, DIST + 0x200), 1 << 9, "SPENDSGIR makes pending");
	wr(1, DIST + 0xf18 + 1, 1, 4);
	is_u64(lines(1), 0, "CPENDSGIR takes it back");
	unboard();
}

static void one_of_n_and_groups(void)
{
	board(2, 3, 64);
	open_up(3);
	wr32(0, DIST + 0x104, 1 << 8);
	wr(0, D_TARGETS(40), 1, 6);
	spi(8, true);
	is_u64(lines(0) << 8 | lines(1) << 4 | lines(2), 0x011, "shown to its targets");
	is_u64(rd32(2, C_IAR(0)), 40, "the first acknowledges");
	is_u64(rd32(1, C_IAR(0)), 1023, "the other has a spurious one");
	wr32(2, C_EOIR(0), 40);
	is_u64(lines(1) << 4 | lines(2), 0x11, "the level is still high");
	wr32(0, DIST + 0x84, 1 << 8);
	is_u64(lines(1), 0, "group 1 is off");
	wr32(0, DIST, 3);
	wr32(1, C_CTLR, 3);
	is_u64(lines(1), LINE_IRQ, "and on");
	is_u64(rd32(1, C_IAR(0)), 1022, "IAR without AckCtl says 1022");
	is_u64(rd32(1, C_HPPIR(1)), 40, "AHPPIR");
	is_u64(rd32(1, C_IAR(1)), 40, "AIAR acknowledges");
	is_u64(rd32(1, C_APR(1, 0)), 1, "an active priority of group 1");
	wr32(1, C_EOIR(1), 40);
	wr32(1, C_CTLR, 7);
	is_u64(rd32(1, C_IAR(0)), 40, "IAR with AckCtl acknowledges group 1");
	wr32(1, C_EOIR(0), 40);
	wr32(0, DIST + 0x84, 0);
	wr32(1, C_CTLR, 0x209);
	is_u64(lines(1), LINE_FIQ, "group 0 with FIQEn is an FIQ");
	rd32(1, C_IAR(0));
	wr32(1, C_EOIR(0), 40);
	is_u64(rd32(0, DIST + 0x304), 1 << 8, "EOImode 1 leaves it active");
	wr32(1, C_DIR, 40);
	is_u64(rd32(0, DIST + 0x304), 0, "GICC_DIR deactivates");
	is_u64(rd32(1, C_RPR), 0xff, "idle");
	unboard();
}

static struct model m;
static uint64_t seed = 2463534242ull;

static unsigned rand_n(unsigned n) { return (unsigned)(rnd(&seed) >> 33) % n; }

static void m_sgi(unsigned from, unsigned filter, unsigned list, unsigned id)
{
	if (filter == 1)
		list = ~(1u << from);
	if (filter == 2)
		list = 1u << from;
	for (unsigned k = 0; k < M_CPUS && filter < 3; k++)
		if (list >> k & 1) {
			m.cpu[k].priv[id].latch = true;
			m.cpu[k].priv[id].from |= 1u << from;
		}
}

static uint64_t random_op(char *what, size_t len)
{
	unsigned c = rand_n(M_CPUS), id = rand_n(4) ? rand_n(M_IDS) : 14 + rand_n(4), first = id & ~31u, g = rand_n(2);
	unsigned word = 1 + rand_n(7), prio = rand_n(256), other = rand_n(M_CPUS), run;
	uint32_t val = (uint32_t)(rnd(&seed) & rnd(&seed)), want;
	unsigned kind = rand_n(24), groups = g ? 2 : m.cpu[c].ack_ctl ? 3 : 1;
	bool rg;

	snprintf(what, len, "op %u vCPU %u INTID %u group %u word %u val %x", kind, c, id, g, word, val);
	switch (kind) {
	case 0:
		if (word == 3 || word == 6)
			val = 1u << rand_n(32);
		wr32(c, word_at(first, word << 7, 1), val);
		m_write(&m, c, first, word, val);
		return 0;
	case 1:
		wr32(c, word_at(first, 0x100, 1), 1u << (id & 31));
		m_write(&m, c, first, 2, 1u << (id & 31));
		return 0;
	case 2:
		wr(c, word_at(id, 0x400, 8), 1, prio);
		m_irq(&m, c, id)->prio = prio;
		return 0;
	case 3:
		if (id < 16)
			return 0;
		wr32(c, word_at(id & ~15u, 0xc00, 2), val & 0xaaaaaaaa);
		for (unsigned k = 0; k < 16; k++)
			m_irq(&m, c, (id & ~15u) + k)->edge = val >> (2 * k + 1) & 1;
		return 0;
	case 4:
		wr(c, D_TARGETS(id), 1, val);
		if (id >= 32)
			m_irq(&m, c, id)->targets = val & 0xf;
		return 0;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		if (id < 16) {
			wr32(c, D_SGIR, (val >> 24 & 3) << 24 | (val >> 16 & 0xf) << 16 | id);
			m_sgi(c, val >> 24 & 3, val >> 16 & 0xf, id);
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
		want = m_ack(&m, c, groups);
		return rd32(c, C_IAR(g)) ^ want;
	case 14:
	case 15:
		for (unsigned t = 0; t < M_IDS && !m_irq(&m, c, id)->active; t++)
			id = (id + 1) % M_IDS;
		run = m_running(&m, c, &rg);
		if (rand_n(4) && run < 0x100)
			g = rg;
		wr32(c, C_EOIR(g), id | other << 10);
		m_eoi(&m, c, id, g ? 2 : 3);
		return 0;
	case 16:
		wr32(c, C_DIR, id);
		m_dir(&m, c, id);
		return 0;
	case 17:
		val = rand_n(3) ? 0xff : val & 0xff;
		wr32(c, C_PMR, val);
		m.cpu[c].pmr = val;
		return 0;
	case 18:
		wr32(c, C_BPR(g), val & 7);
		m.cpu[c].bpr[g] = MAX(val & 7, g);
		return 0;
	case 19:
	case 20:
		val = (rand_n(8) ? 3 : rand_n(4)) | (val & 0x21c);
		wr32(c, C_CTLR, val);
		m.cpu[c].en[0] = val & 1;
		m.cpu[c].en[1] = val & 2;
		m.cpu[c].ack_ctl = val & 4;
		m.cpu[c].fiq_en = val & 8;
		m.cpu[c].cbpr = val & 16;
		m.cpu[c].split = val & 0x200;
		return rd32(c, C_CTLR) ^ val;
	case 21:
		val = rand_n(4) ? 3 : rand_n(4);
		wr32(c, DIST, val);
		m.den[0] = val & 1;
		m.den[1] = val & 2;
		return 0;
	case 22:
		if (rand_n(2))
			return 0;
		id &= 15;
		wr(c, DIST + (g ? 0xf20 : 0xf10) + id, 1, 1u << other);
		m.cpu[c].priv[id].from = g ? m.cpu[c].priv[id].from | 1u << other : m.cpu[c].priv[id].from & ~(1u << other);
		m.cpu[c].priv[id].latch = m.cpu[c].priv[id].from != 0;
		return 0;
	default:
		return rd32(c, word_at(first, word << 7, 1)) ^ m_read(&m, c, first, word);
	}
}

static uint64_t compare(void)
{
	uint64_t bad = 0;
	bool g;

	for (unsigned c = 0; c < M_CPUS; c++) {
		unsigned run = m_running(&m, c, &g);

		bad |= lines(c) ^ m_lines(&m, c);
		bad |= rd32(c, C_RPR) ^ (run == 0x100 ? 0xff : run);
		for (unsigned k = 0; k < 2; k++) {
			bad |= rd32(c, C_HPPIR(k)) ^ m_hppir(&m, c, k ? 2 : m.cpu[c].ack_ctl ? 3 : 1);
			for (unsigned n = 0; n < 4; n++)
				bad |= rd32(c, C_APR(k, n)) ^ m_apr(&m, c, k, n);
		}
	}
	return bad;
}

static void random_sequences(void)
{
	unsigned bad = 0, steps = 0, taken = 0;

	for (unsigned round = 0; round < 30 && !bad; round++) {
		board(2, M_CPUS, M_SPIS);
		m_reset(&m, 2);
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

int main(void)
{
	struct err e;

	ok(gicv2_new(cpus, 9, 32, &e) == NULL, "9 vCPUs are refused: %s", e.msg);
	identification();
	sgi_sources();
	one_of_n_and_groups();
	random_sequences();
	for (unsigned k = 0; k < 8; k++)
		free(cpus[k]);
	return tap_done();
}
