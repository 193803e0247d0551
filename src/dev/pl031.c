/*
 * See pl031.h.  The counter is an offset against the host's monotonic clock,
 * so that a change of the host's wall clock does not move the guest's.
 *
 * The alarm is a timer for the second at which the counter next equals RTCMR.
 * A counter of 32 bits wraps, so every match value lies ahead: one that is
 * equal now matches at once.
 */
#include "dev/pl031.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/timer.h"

#define RTCDR 0x00
#define RTCMR 0x04
#define RTCLR 0x08
#define RTCCR 0x0c
#define RTCIMSC 0x10
#define RTCRIS 0x14
#define RTCMIS 0x18
#define RTCICR 0x1c
#define RTC_ID 0xfe0

#define NS_PER_S UINT64_C(1000000000)

struct pl031 {
	struct lock lock;     /* RANK_DEVICE */
	struct irq_line irq;  /* CONST_AFTER_INIT */
	struct timer alarm;
	uint64_t zero_ns;     /* GUARDED_BY(lock): host time (modulo 2^64) at which the counter was `base` */
	uint64_t due_ns;      /* GUARDED_BY(lock): host time of the next match, TIMER_NEVER if none */
	uint32_t base;        /* GUARDED_BY(lock) */
	uint32_t match, load; /* GUARDED_BY(lock): RTCMR, RTCLR */
	bool masked_in, raw;  /* GUARDED_BY(lock): RTCIMSC, RTCRIS */
};

static uint64_t elapsed_s(const struct pl031 *r) { return (clock_ns() - r->zero_ns) / NS_PER_S; }
static uint32_t counter(const struct pl031 *r) { return r->base + (uint32_t)elapsed_s(r); }

/* r->lock held, as for all below but the entry points. */
static void update_irq(const struct pl031 *r) { irq_set(&r->irq, r->raw && r->masked_in); }

static void arm(struct pl031 *r, uint64_t after_s)
{
	uint32_t ahead = r->match - (r->base + (uint32_t)after_s);

	r->due_ns = r->zero_ns + (after_s + ahead) * NS_PER_S;
	timer_set(&r->alarm, r->due_ns);
}

static void match_now(struct pl031 *r)
{
	r->raw = true;
	update_irq(r);
}

/* After a change of the counter or the match value: one that is equal now matches at once. */
static void rearm(struct pl031 *r)
{
	uint64_t now_s = elapsed_s(r);

	if (r->base + (uint32_t)now_s == r->match) {
		match_now(r);
		now_s++;
	}
	arm(r, now_s);
}

static void fired(void *arg)
{
	struct pl031 *r = arg;

	lock_take(&r->lock);
	if (clock_ns() >= r->due_ns) { /* else it was re-armed while this call was on its way */
		match_now(r);
		arm(r, (r->due_ns - r->zero_ns) / NS_PER_S + 1);
	}
	lock_drop(&r->lock);
}

static uint32_t read_reg(const struct pl031 *r, uint64_t offset)
{
	static const uint8_t id[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	switch (offset) {
	case RTCDR:
		return counter(r);
	case RTCMR:
		return r->match;
	case RTCLR:
		return r->load;
	case RTCCR:
		return 1; /* always on */
	case RTCIMSC:
		return r->masked_in;
	case RTCRIS:
		return r->raw;
	case RTCMIS:
		return r->raw && r->masked_in;
	default:
		return offset >= RTC_ID && offset < PL031_SIZE ? id[(offset - RTC_ID) / 4] : 0;
	}
}

static void write_reg(struct pl031 *r, uint64_t offset, uint32_t val)
{
	switch (offset) {
	case RTCMR:
		r->match = val;
		rearm(r);
		break;
	case RTCLR:
		r->load = val;
		r->base = val;
		r->zero_ns = clock_ns();
		rearm(r);
		break;
	case RTCIMSC:
		r->masked_in = val & 1;
		break;
	case RTCICR:
		if (val & 1)
			r->raw = false;
		break;
	case RTCCR: /* cannot be stopped */
		break;
	default:
		if (log_on(LOG_GUEST_ERROR))
			log_printf("pl031: write to offset 0x%x\n", (unsigned)offset);
	}
	update_irq(r);
}

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	struct pl031 *r = dev;

	lock_take(&r->lock);
	*val = read_reg(r, offset & ~UINT64_C(3)) >> (offset & 3) * 8 & mask64(size * 8);
	lock_drop(&r->lock);
	return true;
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct pl031 *r = dev;

	lock_take(&r->lock);
	write_reg(r, offset, (uint32_t)val);
	lock_drop(&r->lock);
	return true;
}

const struct mmio_ops pl031_ops = {.name = "pl031", .max_size = 4, .read = mmio_read, .write = mmio_write};

struct pl031 *pl031_new(uint64_t start_s, struct irq_line irq)
{
	struct pl031 *r = calloc(1, sizeof(*r));

	BUG_ON(r == NULL);
	lock_init(&r->lock, RANK_DEVICE);
	r->irq = irq;
	r->base = (uint32_t)start_s;
	r->zero_ns = clock_ns();
	r->due_ns = TIMER_NEVER;
	timer_init(&r->alarm, fired, r);
	return r;
}

void pl031_reset(struct pl031 *r)
{
	lock_take(&r->lock);
	r->due_ns = TIMER_NEVER;
	timer_set(&r->alarm, TIMER_NEVER);
	r->match = r->load = 0;
	r->masked_in = r->raw = false;
	update_irq(r);
	lock_drop(&r->lock);
}

void pl031_free(struct pl031 *r)
{
	if (r == NULL)
		return;
	lock_destroy(&r->lock);
	free(r);
}
