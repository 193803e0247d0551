/*
 * A plain model of an interrupt controller for random tests: one struct an
 * interrupt, everything recomputed by looking at all of them, nothing cached.
 * It knows GICv2 and GICv3 with one Security state and direct routing.
 */
#ifndef PARMA_TESTS_DEV_GIC_MODEL_H
#define PARMA_TESTS_DEV_GIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define M_SPIS 64
#define M_IDS (32 + M_SPIS)
#define M_CPUS 4

struct m_irq {
	bool en, latch, level, active, edge, group;
	unsigned prio;
	unsigned targets; /* vCPUs, a bit each */
	unsigned from;    /* GICv2 SGI sources */
};

struct m_cpu {
	struct m_irq priv[32];
	unsigned pmr, bpr[2];
	bool en[2], cbpr, split, ack_ctl, fiq_en;
	bool ap[2][256]; /* active priorities by value */
};

struct model {
	unsigned version, unit; /* unit: distance of priorities that differ for preemption */
	bool den[2];
	struct m_cpu cpu[M_CPUS];
	struct m_irq spi[M_SPIS];
};

__attribute__((unused)) static struct m_irq *m_irq(struct model *m, unsigned cpu, unsigned id)
{
	return id < 32 ? &m->cpu[cpu].priv[id] : &m->spi[id - 32];
}

__attribute__((unused)) static void m_reset(struct model *m, unsigned version)
{
	*m = (struct model){.version = version, .unit = version == 3 ? 8 : 2};
	for (unsigned c = 0; c < M_CPUS; c++) {
		for (unsigned k = 0; k < 32; k++)
			m->cpu[c].priv[k] = (struct m_irq){
				.edge = k < 16, .en = version == 2 && k < 16, .targets = 1u << c};
		m->cpu[c].bpr[0] = version == 3 ? 2 : 0;
		m->cpu[c].bpr[1] = m->cpu[c].bpr[0] + 1;
	}
	for (unsigned k = 0; k < M_SPIS; k++)
		m->spi[k].targets = version == 3;
}

static bool m_pending(const struct m_irq *i) { return i->latch || (!i->edge && i->level); }

/* INTID of the highest priority pending interrupt, 1023 if none. */
static unsigned m_best(struct model *m, unsigned c)
{
	unsigned best = 1023, prio = 0x100;

	for (unsigned id = 0; id < M_IDS; id++) {
		struct m_irq *i = m_irq(m, c, id);

		if (m_pending(i) && i->en && !i->active && (i->targets >> c & 1) && m->den[i->group] &&
		    m->cpu[c].en[i->group] && i->prio < prio) {
			best = id;
			prio = i->prio;
		}
	}
	return best;
}

static unsigned m_mask(struct model *m, unsigned c, bool group)
{
	const struct m_cpu *k = &m->cpu[c];

	return group && !k->cbpr ? 0xffu << k->bpr[1] & 0xff : 0xffu << (k->bpr[0] + 1) & 0xff;
}

static unsigned m_running(struct model *m, unsigned c, bool *group)
{
	for (unsigned p = 0; p < 256; p++)
		for (unsigned g = 0; g < 2; g++)
			if (m->cpu[c].ap[g][p]) {
				*group = g;
				return p;
			}
	*group = false;
	return 0x100;
}

static bool m_signal(struct model *m, unsigned c, unsigned id)
{
	struct m_irq *i;
	unsigned run, mask;
	bool g;

	if (id == 1023)
		return false;
	i = m_irq(m, c, id);
	run = m_running(m, c, &g);
	mask = m_mask(m, c, i->group);
	return i->prio < m->cpu[c].pmr && (run == 0x100 || (i->prio & mask) < (run & mask));
}

/* Bit 0: IRQ, bit 1: FIQ. */
__attribute__((unused)) static unsigned m_lines(struct model *m, unsigned c)
{
	unsigned id = m_best(m, c);

	if (!m_signal(m, c, id))
		return 0;
	return !m_irq(m, c, id)->group && (m->version == 3 || m->cpu[c].fiq_en) ? 2 : 1;
}

__attribute__((unused)) static unsigned m_hppir(struct model *m, unsigned c, unsigned groups)
{
	unsigned id = m_best(m, c);

	if (id == 1023)
		return id;
	if (!(groups >> m_irq(m, c, id)->group & 1))
		return m->version == 2 && !(groups & 2) ? 1022 : 1023;
	if (id < 16 && m_irq(m, c, id)->from)
		id |= (unsigned)__builtin_ctz(m_irq(m, c, id)->from) << 10;
	return id;
}

__attribute__((unused)) static unsigned m_ack(struct model *m, unsigned c, unsigned groups)
{
	unsigned id = m_best(m, c), got;
	struct m_irq *i;

	if (!m_signal(m, c, id))
		return 1023;
	got = m_hppir(m, c, groups);
	if (got == 1022 || got == 1023)
		return got;
	i = m_irq(m, c, id);
	i->active = true;
	i->latch = false;
	m->cpu[c].ap[i->group][i->prio & m_mask(m, c, i->group) & ~(m->unit - 1)] = true;
	if (id < 16 && i->from) {
		i->from &= i->from - 1;
		i->latch = i->from != 0;
	}
	return got;
}

__attribute__((unused)) static void m_eoi(struct model *m, unsigned c, unsigned id, unsigned groups)
{
	bool g;
	unsigned run = m_running(m, c, &g);

	if (id >= M_IDS || run == 0x100 || !(groups >> g & 1))
		return;
	m->cpu[c].ap[g][run] = false;
	if (!m->cpu[c].split)
		m_irq(m, c, id)->active = false;
}

__attribute__((unused)) static void m_dir(struct model *m, unsigned c, unsigned id)
{
	if (id < M_IDS && m->cpu[c].split)
		m_irq(m, c, id)->active = false;
}

__attribute__((unused)) static void m_level(struct model *m, unsigned c, unsigned id, bool level)
{
	struct m_irq *i = m_irq(m, c, id);

	if (level && !i->level && i->edge)
		i->latch = true;
	i->level = level;
}

/* One of the registers with a bit an interrupt, by its offset / 0x80. */
__attribute__((unused)) static void m_write(struct model *m, unsigned c, unsigned first, unsigned word, uint32_t val)
{
	for (unsigned k = 0; k < 32; k++) {
		struct m_irq *i = m_irq(m, c, first + k);
		bool b = val >> k & 1, fixed = m->version == 2 && first + k < 16;

		if (word == 1)
			i->group = b;
		else if (b && (word == 2 || word == 3) && !fixed)
			i->en = word == 2;
		else if (b && (word == 4 || word == 5) && !fixed)
			i->latch = word == 4;
		else if (b && word >= 6)
			i->active = word == 6;
	}
}

__attribute__((unused)) static uint32_t m_read(struct model *m, unsigned c, unsigned first, unsigned word)
{
	uint32_t v = 0;

	for (unsigned k = 0; k < 32; k++) {
		struct m_irq *i = m_irq(m, c, first + k);
		bool b = word == 1 ? i->group : word <= 3 ? i->en : word <= 5 ? m_pending(i) : i->active;

		v |= (uint32_t)b << k;
	}
	return v;
}

__attribute__((unused)) static uint32_t m_apr(struct model *m, unsigned c, unsigned g, unsigned word)
{
	uint32_t v = 0;

	for (unsigned k = 0; k < 32; k++)
		if ((word * 32 + k) * m->unit < 256)
			v |= (uint32_t)m->cpu[c].ap[g][(word * 32 + k) * m->unit] << k;
	return v;
}

/* xorshift64* */
__attribute__((unused)) static uint64_t rnd(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * UINT64_C(2685821657736338717);
}

#endif
