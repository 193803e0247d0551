/* See loop.h. */
#include "xlate/loop.h"

#include <string.h>

#include "base/bits.h"
#include "xlate/slots.h"

/* Carried at most, of 10 and 13 host registers: the body needs some, too. */
#define MAX_INT 8
#define MAX_VEC 10
/* Slots that are only written are carried while registers are plenty. */
#define MAX_INT_WRITTEN 5
#define MAX_VEC_WRITTEN 6

struct facts {
	uint32_t reads[IR_MAX_SLOTS]; /* uses of the value at the head, + 1 */
	bool written[IR_MAX_SLOTS];
	bool flags_seen;
};

static bool snap_has(const struct ir_unit *u, uint32_t snap, unsigned slot)
{
	const struct ir_snap *s = &u->snaps[snap - 1];

	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].slot == slot)
			return true;
	return false;
}

static void find_facts(const struct ir_unit *u, ir_ref last, struct facts *f)
{
	const struct ir_snap *s = &u->snaps[u->n[last].snap - 1];

	memset(f, 0, sizeof(*f));
	for (ir_ref r = 1; r <= last; r++) {
		const struct ir_node *n = &u->n[r];

		if (n->op == IR_getr) {
			f->reads[n->imm] = n->uses + 1u;
			f->flags_seen |= n->imm == SLOT_NZCV;
		}
		if (n->snap && !f->flags_seen)
			f->flags_seen = !snap_has(u, n->snap, SLOT_NZCV);
	}
	for (uint32_t k = 0; k < s->n; k++)
		f->written[u->ents[s->first + k].slot] = true;
}

static void carry(struct loop_plan *p, struct facts *f, unsigned slot)
{
	p->slot[p->n] = (uint8_t)slot;
	p->written[p->n++] = f->written[slot];
	f->reads[slot] = 0;
	f->written[slot] = false;
}

/* Slots lo to hi - 1: the most read first, those read and written before those only read. */
static void choose(struct loop_plan *p, struct facts *f, unsigned lo, unsigned hi, unsigned max, unsigned max_written)
{
	unsigned n = 0;

	for (; n < max; n++) {
		unsigned best = hi;
		uint32_t score = 0;

		for (unsigned k = lo; k < hi; k++) {
			uint32_t v = f->reads[k] ? f->reads[k] + (f->written[k] ? 1000u : 0) : 0;

			if (k != SLOT_NZCV && v > score) {
				score = v;
				best = k;
			}
		}
		if (best == hi)
			break;
		carry(p, f, best);
	}
	for (unsigned k = lo; k < hi && n < max_written; k++)
		if (f->written[k] && k != SLOT_NZCV) {
			carry(p, f, k);
			n++;
		}
}

bool loop_plan(const struct ir_unit *u, ir_ref last, struct loop_plan *p)
{
	struct facts f;

	find_facts(u, last, &f);
	p->n = 0;
	p->flags_dead = !f.flags_seen;
	choose(p, &f, 0, SLOT_V0, MAX_INT, MAX_INT_WRITTEN);
	choose(p, &f, SLOT_V0, SLOT_COUNT, MAX_VEC, MAX_VEC_WRITTEN);
	return p->n;
}

void loop_enter(struct ir_unit *u, const struct loop_plan *p)
{
	for (unsigned k = 0; k < p->n; k++) {
		unsigned slot = p->slot[k];

		ir_get(u, slot);
		if (p->written[k])
			u->dirty[slot >> 6] |= BIT(slot & 63);
	}
	u->dirty_seq++;
	ir_emit(u, &(struct ir_node){.op = IR_loop, .imm = p->flags_dead});
}
