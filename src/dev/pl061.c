/*
 * See pl061.h.  Data reads and writes are masked by address bits 9..2 (DDI
 * 0190 3.1.1).  An interrupt is detected on the state of a line, wherever it
 * comes from: a level by its state now, an edge by comparing with the state
 * at the last look.
 */
#include "dev/pl061.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/timer.h"

#define GPIODATA_END 0x400
#define GPIODIR 0x400
#define GPIOIS 0x404
#define GPIOIBE 0x408
#define GPIOIEV 0x40c
#define GPIOIE 0x410
#define GPIORIS 0x414
#define GPIOMIS 0x418
#define GPIOIC 0x41c
#define GPIOAFSEL 0x420
#define GPIO_ID 0xfe0

#define KEY_PRESS_NS UINT64_C(100000000)

struct pl061 {
	struct lock lock;      /* RANK_DEVICE */
	struct irq_line irq;   /* CONST_AFTER_INIT */
	struct timer release;  /* lets go of the power key */
	/* The rest is GUARDED_BY(lock), a bit per line. */
	uint8_t in;            /* what the board drives */
	uint8_t out;           /* what the guest wrote */
	uint8_t dir;           /* 1: output */
	uint8_t level;         /* GPIOIS: 1 level, 0 edge */
	uint8_t both, rising;  /* GPIOIBE, GPIOIEV (rising edge or high level) */
	uint8_t enable;        /* GPIOIE */
	uint8_t edges;         /* edges seen and not yet cleared */
	uint8_t last;          /* line states at the last look */
	uint8_t afsel;
};

static uint8_t state(const struct pl061 *p) { return (p->out & p->dir) | (p->in & (uint8_t)~p->dir); }

static uint8_t raw(const struct pl061 *p)
{
	uint8_t at_level = (uint8_t)~(state(p) ^ p->rising);

	return (at_level & p->level) | (p->edges & (uint8_t)~p->level);
}

/* After any change: notes edges and drives the interrupt. p->lock held. */
static void look(struct pl061 *p)
{
	uint8_t now = state(p), changed = now ^ p->last;

	p->edges |= changed & (uint8_t)~p->level & (p->both | (uint8_t)~(now ^ p->rising));
	p->last = now;
	irq_set(&p->irq, raw(p) & p->enable);
}

static uint32_t read_reg(const struct pl061 *p, uint64_t offset)
{
	static const uint8_t id[8] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	if (offset < GPIODATA_END)
		return state(p) & (offset >> 2);
	switch (offset) {
	case GPIODIR:
		return p->dir;
	case GPIOIS:
		return p->level;
	case GPIOIBE:
		return p->both;
	case GPIOIEV:
		return p->rising;
	case GPIOIE:
		return p->enable;
	case GPIORIS:
		return raw(p);
	case GPIOMIS:
		return raw(p) & p->enable;
	case GPIOAFSEL:
		return p->afsel;
	default:
		return offset >= GPIO_ID && offset < PL061_SIZE ? id[(offset - GPIO_ID) / 4] : 0;
	}
}

static void write_reg(struct pl061 *p, uint64_t offset, uint8_t val)
{
	uint8_t mask = (uint8_t)(offset >> 2);

	if (offset < GPIODATA_END) {
		mask &= p->dir;
		p->out = (p->out & (uint8_t)~mask) | (val & mask);
		return;
	}
	switch (offset) {
	case GPIODIR:
		p->dir = val;
		break;
	case GPIOIS:
		p->level = val;
		break;
	case GPIOIBE:
		p->both = val;
		break;
	case GPIOIEV:
		p->rising = val;
		break;
	case GPIOIE:
		p->enable = val;
		break;
	case GPIOIC:
		p->edges &= (uint8_t)~val;
		break;
	case GPIOAFSEL:
		p->afsel = val;
		break;
	default:
		if (log_on(LOG_GUEST_ERROR))
			log_printf("pl061: write to offset 0x%x\n", (unsigned)offset);
	}
}

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	struct pl061 *p = dev;

	lock_take(&p->lock);
	*val = read_reg(p, offset & ~UINT64_C(3)) >> (offset & 3) * 8 & mask64(size * 8);
	lock_drop(&p->lock);
	return true;
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct pl061 *p = dev;

	if (offset & 3)
		return true;
	lock_take(&p->lock);
	write_reg(p, offset, (uint8_t)val);
	look(p);
	lock_drop(&p->lock);
	return true;
}

const struct mmio_ops pl061_ops = {.name = "pl061", .max_size = 4, .read = mmio_read, .write = mmio_write};

void pl061_set_input(struct pl061 *p, unsigned n, bool level)
{
	BUG_ON(n > 7);
	lock_take(&p->lock);
	p->in = (uint8_t)deposit(p->in, n, n, level);
	look(p);
	lock_drop(&p->lock);
}

static void key_up(void *arg) { pl061_set_input(arg, PL061_POWER_KEY, false); }

void pl061_power_key(struct pl061 *p)
{
	pl061_set_input(p, PL061_POWER_KEY, true);
	timer_set(&p->release, clock_ns() + KEY_PRESS_NS);
}

struct pl061 *pl061_new(struct irq_line irq)
{
	struct pl061 *p = calloc(1, sizeof(*p));

	BUG_ON(p == NULL);
	lock_init(&p->lock, RANK_DEVICE);
	p->irq = irq;
	timer_init(&p->release, key_up, p);
	return p;
}

void pl061_reset(struct pl061 *p)
{
	lock_take(&p->lock);
	p->out = p->dir = p->level = p->both = p->rising = p->enable = p->edges = p->afsel = 0;
	look(p);
	lock_drop(&p->lock);
}

void pl061_free(struct pl061 *p)
{
	if (p == NULL)
		return;
	lock_destroy(&p->lock);
	free(p);
}
