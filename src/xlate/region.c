/* See region.h. */
#include "xlate/region.h"

#include <string.h>

#include "base/bits.h"
#include "xlate/slots.h"

/* Carried at most, of 10 and 13 host registers: the blocks need some, too. */
#define MAX_INT 8
#define MAX_VEC 10
/* Slots that are only written are carried while registers are plenty. */
#define MAX_INT_WRITTEN 6
#define MAX_VEC_WRITTEN 6

struct facts {
	uint32_t reads[IR_MAX_SLOTS]; /* uses of values at the start of blocks, by how deep in loops */
	bool written[IR_MAX_SLOTS];
};

void region_note_back(struct region *g, uint64_t from, uint64_t to)
{
	if (g->nback == REGION_EDGES)
		return;
	g->lo = g->nback ? MIN(g->lo, to) : to;
	g->hi = g->nback ? MAX(g->hi, from) : from;
	g->back[g->nback].from = from;
	g->back[g->nback++].to = to;
}

bool region_starts(const struct region *g, uint64_t pc)
{
	for (unsigned k = 1; k < g->nblocks; k++)
		if (g->block[k] == pc)
			return true;
	return false;
}

void region_note_target(struct region *g, uint64_t pc)
{
	if (pc >= g->lo && pc <= g->hi && g->nblocks < REGION_BLOCKS && !region_starts(g, pc))
		g->block[g->nblocks++] = pc;
}

/* The flags as an operation on what the branches to the block bring. */
static void flags_param(struct ir_unit *u, unsigned op, uint32_t imm)
{
	ir_ref a = ir_emit(u, &(struct ir_node){.op = IR_param, .imm = 0}), b = 0;

	if (op != IR_fl_logic)
		b = ir_emit(u, &(struct ir_node){.op = IR_param, .imm = 1});
	ir_set(u, SLOT_NZCV, ir_pure(u, op, a, b, 0, 0, imm));
}

void region_block(struct ir_unit *u, const struct region *g, unsigned k, const struct region_plan *plan)
{
	struct ir_node n = {.op = IR_block, .k = g->block[k]};

	ir_block(u);
	if (plan) {
		n.k2 = plan->n;
		n.aux = plan->flags[k].op;
		n.imm = plan->flags[k].dead | plan->flags[k].imm << 1;
	}
	ir_emit(u, &n);
	for (unsigned c = 0; plan && c < plan->n; c++) {
		ir_get(u, plan->slot[c]);
		if (plan->written[c])
			u->dirty[plan->slot[c] >> 6] |= BIT(plan->slot[c] & 63);
	}
	u->dirty_seq++;
	if (n.aux)
		flags_param(u, n.aux, n.imm >> 1);
}

static bool snap_has(const struct ir_unit *u, uint32_t snap, unsigned slot)
{
	const struct ir_snap *s = &u->snaps[snap - 1];

	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].slot == slot)
			return true;
	return false;
}

static uint32_t weight(const struct region *g, uint64_t pc)
{
	unsigned depth = 0;

	for (unsigned k = 0; k < g->nback; k++)
		depth += g->back[k].to <= pc && pc <= g->back[k].from;
	return 1u << 3 * MIN(depth, 3u);
}

/* Block k, whose nodes start at r; returns where the next one starts. */
static ir_ref find_facts(const struct ir_unit *u, const struct region *g, ir_ref r, struct facts *f, bool *flags_seen)
{
	uint32_t w = weight(g, u->n[r].k);

	*flags_seen = false;
	for (r++; r < u->nn && u->n[r].op != IR_block; r++) {
		const struct ir_node *n = &u->n[r];
		const struct ir_snap *s = n->snap ? &u->snaps[n->snap - 1] : 0;

		if (n->op == IR_getr) {
			f->reads[n->imm] += (n->uses + 1u) * w;
			*flags_seen |= n->imm == SLOT_NZCV;
		}
		if (s && !*flags_seen)
			*flags_seen = !snap_has(u, n->snap, SLOT_NZCV);
		for (uint32_t k = 0; s && (n->op == IR_br || n->op == IR_brc) && k < s->n; k++)
			f->written[u->ents[s->first + k].slot] = true;
	}
	return r;
}

/* What the branch `n` leaves in the flags, for the block it goes to. */
static void flags_at(const struct ir_unit *u, const struct region *g, const struct ir_node *n, struct region_plan *p, bool *seen)
{
	const struct ir_snap *s = &u->snaps[n->snap - 1];
	const struct ir_node *f = 0;
	unsigned b = 1;

	while (b < g->nblocks && g->block[b] != n->k)
		b++;
	if (b >= g->nblocks)
		return;
	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].slot == SLOT_NZCV)
			f = &u->n[u->ents[s->first + k].ref];
	if (!f || (f->op != IR_fl_sub && f->op != IR_fl_add && f->op != IR_fl_logic) ||
	    (seen[b] && (p->flags[b].op != f->op || p->flags[b].imm != f->imm)))
		f = 0;
	p->flags[b].op = f ? f->op : 0;
	p->flags[b].imm = f ? f->imm : 0;
	seen[b] = true;
}

static void find_flags(const struct ir_unit *u, const struct region *g, struct region_plan *p)
{
	bool seen[REGION_BLOCKS] = {false};

	for (ir_ref r = 1; r < u->nn; r++)
		if (u->n[r].op == IR_br || u->n[r].op == IR_brc)
			flags_at(u, g, &u->n[r], p, seen);
	for (unsigned b = 0; b < g->nblocks; b++)
		if (p->flags[b].dead || !b) {
			p->flags[b].op = 0;
			p->flags[b].imm = 0;
		}
}

static void carry(struct region_plan *p, struct facts *f, unsigned slot)
{
	p->slot[p->n] = (uint8_t)slot;
	p->written[p->n++] = f->written[slot];
	f->reads[slot] = 0;
	f->written[slot] = false;
}

/* Slots lo to hi - 1: the most read first. */
static void choose(struct region_plan *p, struct facts *f, unsigned lo, unsigned hi, unsigned max, unsigned max_written)
{
	unsigned n = 0;

	for (; n < max; n++) {
		unsigned best = hi;
		uint32_t score = 0;

		for (unsigned k = lo; k < hi; k++) {
			uint32_t v = f->written[k] ? 2 * f->reads[k] : f->reads[k];

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

bool region_plan(const struct ir_unit *u, const struct region *g, struct region_plan *p)
{
	struct facts f = {0};
	ir_ref r = 1;

	memset(p, 0, sizeof(*p));
	for (unsigned k = 0; r < u->nn; k++) {
		bool seen;

		r = find_facts(u, g, r, &f, &seen);
		p->flags[k].dead = !seen;
	}
	find_flags(u, g, p);
	choose(p, &f, 0, SLOT_V0, MAX_INT, MAX_INT_WRITTEN);
	choose(p, &f, SLOT_V0, SLOT_COUNT, MAX_VEC, MAX_VEC_WRITTEN);
	return p->n;
}
