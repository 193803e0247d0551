/*
 * The state of 32 interrupts and the registers that show it a bit at a time.
 *
 * Pending, for a level-sensitive interrupt, is the wire or a latch that
 * ISPENDR sets and that ICPENDR or the acknowledgement clears (IHI 0048B
 * 4.3.7); for an edge-triggered one and an SGI it is the latch alone, which a
 * rising edge sets even while the interrupt is disabled or active.
 * Callers hold the lock that guards the struct.
 */
#include "dev/gic_priv.h"

void gic_irqs_reset(struct gic_irqs *s)
{
	*s = (struct gic_irqs){.level = s->level};
}

uint32_t gic_irqs_read(const struct gic_irqs *s, enum gic_word w)
{
	switch (w) {
	case GIC_WORD_GROUP:
		return s->group;
	case GIC_WORD_ENABLE_SET:
	case GIC_WORD_ENABLE_CLEAR:
		return s->enabled;
	case GIC_WORD_PENDING_SET:
	case GIC_WORD_PENDING_CLEAR:
		return gic_irqs_pending(s);
	case GIC_WORD_ACTIVE_SET:
	case GIC_WORD_ACTIVE_CLEAR:
		return s->active;
	}
	return 0;
}

void gic_irqs_write(struct gic_irqs *s, enum gic_word w, uint32_t val)
{
	switch (w) {
	case GIC_WORD_GROUP:
		s->group = val;
		break;
	case GIC_WORD_ENABLE_SET:
		s->enabled |= val;
		break;
	case GIC_WORD_ENABLE_CLEAR:
		s->enabled &= ~val;
		break;
	case GIC_WORD_PENDING_SET:
		s->latch |= val;
		break;
	case GIC_WORD_PENDING_CLEAR:
		s->latch &= ~val;
		break;
	case GIC_WORD_ACTIVE_SET:
		s->active |= val;
		break;
	case GIC_WORD_ACTIVE_CLEAR:
		s->active &= ~val;
		break;
	}
}

void gic_irqs_level(struct gic_irqs *s, unsigned n, bool level)
{
	uint32_t m = 1u << n;

	if (level && !(s->level & m) && (s->edge & m))
		s->latch |= m;
	s->level = level ? s->level | m : s->level & ~m;
}

uint32_t gic_irqs_config(const struct gic_irqs *s, unsigned half)
{
	uint32_t v = 0;

	for (unsigned k = 0; k < 16; k++)
		v |= bit(s->edge, half * 16 + k) << (2 * k + 1);
	return v;
}

void gic_irqs_set_config(struct gic_irqs *s, unsigned half, uint32_t val)
{
	for (unsigned k = 0; k < 16; k++)
		s->edge = (uint32_t)deposit(s->edge, half * 16 + k, half * 16 + k, bit(val, 2 * k + 1));
}
