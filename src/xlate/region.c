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
/* What a slot that an inner loop has in a register is worth around it: moves on the way in and out. */
#define INNER 2

struct facts {
	struct {
		uint16_t reads[IR_MAX_SLOTS]; /* uses of values at the start */
		uint64_t written[2];
		bool flags_seen;
	} b[REGION_BLOCKS];
	uint64_t written[2];
};

static bool in_set(const uint64_t *set, unsigned slot) { return set[slot >> 6] >> (slot & 63) & 1; }

void region_init(struct region *g, const struct flow *f, uint64_t page_pc)
{
	g->f = f;
	g->nblocks = f->nstarts + 1;
	for (unsigned k = 0; k < g->nblocks; k++) {
		unsigned at = f->start[k ? k - 1 : 0], l = 0;

		while (l + 1 < f->nloops && (at < f->loop[l].lo || at > f->loop[l].hi))
			l++;
		g->block[k] = page_pc + 4 * at;
		g->loop[k] = (uint8_t)l;
	}
}

/* The flags as an operation on what the branches to the block bring. */
static void make_flags(struct ir_unit *u, const struct region_flags *fl)
{
	ir_ref a = fl->in_slot ? ir_get(u, fl->slot) : ir_emit(u, &(struct ir_node){.op = IR_param, .imm = 0}), b = 0;

	if (fl->op != IR_fl_logic)
		b = fl->is_const ? ir_const(u, fl->k) : ir_emit(u, &(struct ir_node){.op = IR_param, .imm = 1});
	ir_set(u, SLOT_NZCV, ir_pure(u, fl->op, a, b, 0, 0, fl->imm));
}

void region_block(struct ir_unit *u, const struct region *g, unsigned k, const struct region_plan *plan)
{
	const struct region_layout *l = plan ? &plan->loop[g->loop[k]] : 0;
	const struct region_flags *fl = plan && k ? &plan->flags[k] : 0;
	struct ir_node n = {.op = IR_block, .k = g->block[k]};

	ir_block(u);
	if (l)
		n.k2 = l->n;
	if (fl) {
		n.aux = fl->op;
		n.imm = (fl->dead ? BLOCK_FLAGS_DEAD : 0) | (fl->used ? BLOCK_FLAGS_USED : 0) | (fl->imm ? BLOCK_FLAGS_64 : 0) | (fl->in_slot ? BLOCK_FLAGS_A : 0) |
			(fl->is_const ? BLOCK_FLAGS_B : 0) | (uint32_t)fl->slot << BLOCK_FLAGS_SLOT;
	}
	ir_emit(u, &n);
	for (unsigned c = 0; l && c < l->n; c++) {
		struct ir_node *r = &u->n[ir_get(u, l->c[c].slot)];

		r->k = l->c[c].reg + 1u;
		if (k && l->c[c].written) {
			r->aux = 1;
			u->dirty[l->c[c].slot >> 6] |= BIT(l->c[c].slot & 63);
		}
	}
	u->dirty_seq++;
	if (n.aux)
		make_flags(u, fl);
}

/* -- what the first pass tells -- */

static bool snap_has(const struct ir_unit *u, uint32_t snap, unsigned slot)
{
	const struct ir_snap *s = &u->snaps[snap - 1];

	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].slot == slot)
			return true;
	return false;
}

/* Block k, whose nodes start at r; returns where the next one starts. */
static ir_ref find_facts(const struct ir_unit *u, ir_ref r, struct facts *f, unsigned k)
{
	bool *seen = &f->b[k].flags_seen;

	for (r++; r < u->nn && u->n[r].op != IR_block; r++) {
		const struct ir_node *n = &u->n[r];
		const struct ir_snap *s = n->snap ? &u->snaps[n->snap - 1] : 0;

		if (n->op == IR_getr) {
			f->b[k].reads[n->imm] = (uint16_t)MIN(f->b[k].reads[n->imm] + n->uses + 1u, 255u);
			*seen |= n->imm == SLOT_NZCV;
		}
		if (s && !*seen)
			*seen = !snap_has(u, n->snap, SLOT_NZCV);
		for (uint32_t e = 0; s && (n->op == IR_br || n->op == IR_brc) && e < s->n; e++) {
			unsigned slot = u->ents[s->first + e].slot;

			f->b[k].written[slot >> 6] |= BIT(slot & 63);
			f->written[slot >> 6] |= BIT(slot & 63);
		}
	}
	return r;
}

/* -- the flags at the start of blocks -- */

static uint64_t slots_with(const struct ir_unit *u, const struct ir_node *branch, ir_ref v)
{
	const struct ir_snap *s = &u->snaps[branch->snap - 1];
	uint64_t set = 0;

	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].ref == v && u->ents[s->first + k].slot < 64)
			set |= BIT(u->ents[s->first + k].slot);
	if (u->n[v].op == IR_getr && u->n[v].imm < 64 && !snap_has(u, branch->snap, u->n[v].imm))
		set |= BIT(u->n[v].imm);
	return set;
}

/* What the branch `n` leaves in the flags, for the block b that it goes to. */
static void flags_at(const struct ir_unit *u, const struct ir_node *n, struct region_flags *p, bool *seen, uint64_t *slots)
{
	const struct ir_snap *s = &u->snaps[n->snap - 1];
	const struct ir_node *f = 0;

	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].slot == SLOT_NZCV)
			f = &u->n[u->ents[s->first + k].ref];
	if (f && f->op == IR_fl_const)
		return; /* fits() looks */
	if (!f || (f->op != IR_fl_sub && f->op != IR_fl_add && f->op != IR_fl_logic) || (*seen && (p->op != f->op || p->imm != f->imm))) {
		p->op = 0;
		*seen = true;
		return;
	}
	*slots = (*seen ? *slots : UINT64_MAX) & slots_with(u, n, f->a[0]);
	p->is_const = (!*seen || (p->is_const && p->k == u->n[f->a[1]].k)) && u->n[f->a[1]].op == IR_const;
	p->k = u->n[f->a[1]].k;
	p->op = f->op;
	p->imm = f->imm;
	*seen = true;
}

static const struct ir_node *value_at(const struct ir_unit *u, const struct ir_node *branch, unsigned slot)
{
	const struct ir_snap *s = &u->snaps[branch->snap - 1];

	for (uint32_t k = 0; k < s->n; k++)
		if (u->ents[s->first + k].slot == slot)
			return &u->n[u->ents[s->first + k].ref];
	return 0;
}

/* Constant flags are those of the planned operation if its operands at this branch are constants that make them. */
static bool fits(const struct ir_unit *u, const struct ir_node *branch, const struct region_flags *p)
{
	const struct ir_node *f = value_at(u, branch, SLOT_NZCV), *a;

	if (!f || f->op != IR_fl_const)
		return true;
	a = p->in_slot ? value_at(u, branch, p->slot) : 0;
	return a && a->op == IR_const && (p->is_const || p->op == IR_fl_logic) &&
	       ir_eval_node(&(struct ir_node){.op = p->op, .imm = p->imm}, (const u128[]){a->k, p->k}, 0) == f->imm << 28;
}

static bool carried_as(const struct region_layout *l, uint64_t slots, uint8_t *slot)
{
	for (unsigned c = 0; c < l->n; c++)
		if (l->c[c].slot < 64 && slots >> l->c[c].slot & 1) {
			*slot = l->c[c].slot;
			return true;
		}
	return false;
}

static unsigned block_at(const struct region *g, const struct ir_node *branch)
{
	unsigned b = 1;

	if (branch->op != IR_br && branch->op != IR_brc)
		return g->nblocks;
	while (b < g->nblocks && g->block[b] != branch->k)
		b++;
	return b;
}

static void find_flags(const struct ir_unit *u, const struct region *g, const struct facts *f, struct region_plan *p)
{
	bool seen[REGION_BLOCKS] = {false};
	uint64_t slots[REGION_BLOCKS] = {0};

	for (ir_ref r = 1; r < u->nn; r++) {
		unsigned b = block_at(g, &u->n[r]);

		if (b < g->nblocks)
			flags_at(u, &u->n[r], &p->flags[b], &seen[b], &slots[b]);
	}
	for (unsigned b = 0; b < g->nblocks; b++) {
		struct region_flags *fl = &p->flags[b];

		if (!b || !f->b[b].reads[SLOT_NZCV])
			fl->op = 0;
		fl->in_slot = fl->op && carried_as(&p->loop[g->loop[b]], slots[b], &fl->slot);
	}
	for (ir_ref r = 1; r < u->nn; r++) {
		unsigned b = block_at(g, &u->n[r]);

		if (b < g->nblocks && p->flags[b].op && !fits(u, &u->n[r], &p->flags[b]))
			p->flags[b].op = 0;
	}
	for (unsigned b = 0; b < g->nblocks; b++)
		if (!p->flags[b].op)
			p->flags[b] = (struct region_flags){.dead = p->flags[b].dead, .used = f->b[b].reads[SLOT_NZCV]};
}

/* -- registers -- */

struct choice {
	uint32_t reads[IR_MAX_SLOTS], writes[IR_MAX_SLOTS];
};

static void carry(struct region_layout *l, const struct facts *f, struct choice *ch, unsigned slot)
{
	l->c[l->n].slot = (uint8_t)slot;
	l->c[l->n].reg = UINT8_MAX;
	l->c[l->n++].written = in_set(f->written, slot);
	ch->reads[slot] = ch->writes[slot] = 0;
}

/* Slots lo to hi - 1: the most read first. */
static void choose(struct region_layout *l, const struct facts *f, struct choice *ch, unsigned lo, unsigned hi, unsigned max,
		   unsigned max_written)
{
	unsigned n = 0;

	for (; n < max; n++) {
		unsigned best = hi;
		uint32_t score = 0;

		for (unsigned k = lo; k < hi; k++) {
			uint32_t v = ch->reads[k] ? ch->reads[k] + ch->writes[k] : 0;

			if (k != SLOT_NZCV && v > score) {
				score = v;
				best = k;
			}
		}
		if (best == hi)
			break;
		carry(l, f, ch, best);
	}
	for (unsigned k = lo; k < hi && n < max_written; k++)
		if (ch->writes[k] && k != SLOT_NZCV) {
			carry(l, f, ch, k);
			n++;
		}
}

static bool contains(const struct flow_range *a, const struct flow_range *b) { return a->lo <= b->lo && b->hi <= a->hi; }

/* The loop right around j. */
static unsigned parent(const struct flow *f, unsigned j)
{
	unsigned k = j + 1;

	while (k + 1 < f->nloops && !contains(&f->loop[k], &f->loop[j]))
		k++;
	return k;
}

/* Where a loop inside l has the slot, or any that is free. */
static unsigned pick_reg(const struct region *g, const struct region_plan *p, unsigned l, unsigned slot, uint32_t used)
{
	for (unsigned j = 0; j < l; j++)
		for (unsigned c = 0; c < p->loop[j].n && contains(&g->f->loop[l], &g->f->loop[j]); c++)
			if (p->loop[j].c[c].slot == slot && !(used >> p->loop[j].c[c].reg & 1))
				return p->loop[j].c[c].reg;
	return UINT8_MAX;
}

static void assign(const struct region *g, struct region_plan *p, unsigned l)
{
	uint32_t used[2] = {0, 0};

	for (unsigned round = 0; round < 2; round++)
		for (unsigned c = 0; c < p->loop[l].n; c++) {
			unsigned slot = p->loop[l].c[c].slot, vec = slot >= SLOT_V0, reg = p->loop[l].c[c].reg;

			if (reg != UINT8_MAX)
				continue;
			reg = round ? (unsigned)__builtin_ctz(~used[vec]) : pick_reg(g, p, l, slot, used[vec]);
			if (reg == UINT8_MAX)
				continue;
			p->loop[l].c[c].reg = (uint8_t)reg;
			used[vec] |= 1u << reg;
		}
}

static void plan_loop(const struct region *g, const struct facts *f, struct region_plan *p, unsigned l)
{
	struct choice ch = {0};

	for (unsigned b = 1; b < g->nblocks; b++)
		for (unsigned k = 0; k < SLOT_COUNT && g->loop[b] == l; k++) {
			ch.reads[k] += f->b[b].reads[k];
			ch.writes[k] += in_set(f->b[b].written, k) ? 2 : 0;
		}
	for (unsigned j = 0; j < l; j++)
		for (unsigned c = 0; c < p->loop[j].n && parent(g->f, j) == l; c++)
			ch.reads[p->loop[j].c[c].slot] += INNER * (1u + p->loop[j].c[c].written);
	choose(&p->loop[l], f, &ch, 0, SLOT_V0, MAX_INT, MAX_INT_WRITTEN);
	choose(&p->loop[l], f, &ch, SLOT_V0, SLOT_MON_ARMED, MAX_VEC, MAX_VEC_WRITTEN);
	assign(g, p, l);
}

void region_plan(const struct ir_unit *u, const struct region *g, struct region_plan *p)
{
	struct facts f = {0};
	ir_ref r = 1;

	memset(p, 0, sizeof(*p));
	for (unsigned k = 0; r < u->nn; k++) {
		r = find_facts(u, r, &f, k);
		p->flags[k].dead = !f.b[k].flags_seen;
	}
	for (unsigned l = 0; l < g->f->nloops; l++)
		plan_loop(g, &f, p, l);
	find_flags(u, g, &f, p);
}
