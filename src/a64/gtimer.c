/* See gtimer.h. */
#include "a64/gtimer.h"

#include "base/bits.h"
#include "base/clock.h"

static bool condition(const struct vcpu *c, enum gtimer_which w)
{
	return (c->sys.cnt_ctl[w] & CNT_ENABLE) && counter_now() >= c->sys.cnt_cval[w];
}

static void drive(struct vcpu *c, enum gtimer_which w, bool level)
{
	if (c->gt.level[w] == level)
		return;
	c->gt.level[w] = level;
	if (c->timer_irq)
		c->timer_irq(c->timer_irq_arg, w, level);
}

void gtimer_update(struct vcpu *c, enum gtimer_which w)
{
	bool fired = condition(c, w), armed = (c->sys.cnt_ctl[w] & (CNT_ENABLE | CNT_IMASK)) == CNT_ENABLE;
	uint64_t when = armed && !fired ? counter_to_ns(c->sys.cnt_cval[w]) : TIMER_NEVER;

	drive(c, w, fired && armed);
	if (when != TIMER_NEVER || c->gt.armed[w]) {
		c->gt.armed[w] = when != TIMER_NEVER;
		timer_set(&c->gt.host[w], when);
	}
}

void gtimer_update_all(struct vcpu *c)
{
	for (enum gtimer_which w = 0; w < GT_COUNT; w++)
		gtimer_update(c, w);
}

/* On the timer thread. */
static void expired(void *arg)
{
	struct vcpu *c = arg;

	at_or(&c->request, REQ_TIMER);
	c->mops->kick(c);
}

void gtimer_init(struct vcpu *c)
{
	for (unsigned w = 0; w < GT_COUNT; w++) {
		timer_init(&c->gt.host[w], expired, c);
		c->gt.armed[w] = false;
	}
}

void gtimer_stop(struct vcpu *c)
{
	for (unsigned w = 0; w < GT_COUNT; w++) {
		timer_set(&c->gt.host[w], TIMER_NEVER);
		c->gt.armed[w] = false;
	}
}

void gtimer_reset(struct vcpu *c)
{
	c->sys.cntkctl = 0;
	for (enum gtimer_which w = 0; w < GT_COUNT; w++) {
		c->sys.cnt_ctl[w] = c->sys.cnt_cval[w] = 0;
		gtimer_update(c, w);
	}
}

uint64_t gtimer_ctl(const struct vcpu *c, enum gtimer_which w)
{
	return c->sys.cnt_ctl[w] | (condition(c, w) ? CNT_ISTATUS : 0);
}

void gtimer_set_ctl(struct vcpu *c, enum gtimer_which w, uint64_t v)
{
	c->sys.cnt_ctl[w] = v & (CNT_ENABLE | CNT_IMASK);
	gtimer_update(c, w);
}

void gtimer_set_cval(struct vcpu *c, enum gtimer_which w, uint64_t v)
{
	c->sys.cnt_cval[w] = v;
	gtimer_update(c, w);
}

uint64_t gtimer_tval(const struct vcpu *c, enum gtimer_which w)
{
	return (uint32_t)(c->sys.cnt_cval[w] - counter_now());
}

uint64_t gtimer_next_event_ns(const struct vcpu *c)
{
	uint64_t k = c->sys.cntkctl, now, step, next;
	unsigned n = (unsigned)bits(k, 7, 4);

	if (!bit(k, 2))
		return TIMER_NEVER;
	/* The event is a 0-to-1 (EVNTDIR 0) or 1-to-0 change of bit n of the virtual counter. */
	now = counter_now();
	step = BIT(n + 1);
	next = (now & ~(step - 1)) + (bit(k, 3) ? step : step / 2);
	if (next <= now)
		next += step;
	return counter_to_ns(next);
}
