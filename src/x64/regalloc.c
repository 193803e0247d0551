/*
 * Register allocation for one unit: uses are collected backwards (so dead
 * nodes vanish), registers are given out forwards; when none is free the
 * value whose next use is furthest goes to a slot of the frame.  A value that
 * only snapshots still need goes first.
 */
#include "base/bug.h"
#include "x64/lower.h"

static const uint8_t order_g[] = {RBX, RBP, R12, R13, RSI, RDI, R8, R9, R10, R11};
static const uint8_t order_x[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#define NEVER UINT32_MAX
#define CAPTURE_MOST (2 * IR_MAX_SLOTS + 8) /* entries and words of constants of one snapshot */

static void add_uses_of(struct lower *l, ir_ref r, uint32_t pos);

static inline void add_use(struct lower *l, ir_ref r, uint32_t pos)
{
	struct val *v = &l->v[r];

	v->live = true;
	if (v->lazy) {
		add_uses_of(l, r, pos);
		return;
	}
	if (v->use && l->uses[v->use].pos == pos)
		return;
	if (l->nuses >= MAX_USES) {
		l->fail = true;
		return;
	}
	if (!v->end) /* the walk is backwards */
		v->end = pos;
	l->uses[l->nuses] = (struct use){pos, v->use};
	v->use = l->nuses++;
}

/* What is made where it is used uses its operands there. */
static void add_uses_of(struct lower *l, ir_ref r, uint32_t pos)
{
	const struct ir_opinfo *in = ir_info(LN(r)->op);

	for (unsigned k = 0; k < in->nops; k++)
		add_use(l, LN(r)->a[k], pos);
}

static void add_snap(struct lower *l, ir_ref r, uint32_t pos)
{
	struct val *v = &l->v[r];

	if (v->snapped) /* by a later one */
		return;
	v->live = v->snapped = true;
	if (v->lazy) {
		const struct ir_opinfo *in = ir_info(LN(r)->op);

		for (unsigned k = 0; k < in->nops; k++)
			add_snap(l, LN(r)->a[k], pos);
		return;
	}
	v->last_snap = MAX(v->last_snap, pos);
	v->end = MAX(v->end, pos);
}

static bool in_snap(const struct lower *l, uint32_t snap, unsigned slot)
{
	const struct ir_snap *s = &l->u->snaps[snap - 1];

	for (uint32_t k = 0; k < s->n; k++)
		if (l->u->ents[s->first + k].slot == slot)
			return true;
	return false;
}

/* Carried slots that have not changed are wanted at a branch to block `to`, if that carries them, too. */
static void keep_carried(struct lower *l, ir_ref r, unsigned to)
{
	unsigned b = lo_block_of(l, r);

	for (unsigned k = 0; k < l->blocks[b].ncarried; k++) {
		ir_ref g = l->blocks[b].node + 1 + k;

		if (!lo_carried(l, to, LN(g)->imm) || in_snap(l, LN(r)->snap, LN(g)->imm))
			continue;
		l->v[g].live = true; /* but it may be in memory then */
		l->v[g].last_snap = MAX(l->v[g].last_snap, r);
		l->v[g].end = MAX(l->v[g].end, r);
	}
}

/* Conditions of some depth and the flags they look at are made where they are used. */
static void set_lazy(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct val *v = &l->v[r];
	unsigned depth = 1;

	if (n->op == IR_band || n->op == IR_bor)
		depth = l->v[n->a[0]].depth + l->v[n->a[1]].depth;
	else if (n->op == IR_bnot)
		depth = l->v[n->a[0]].depth;
	v->lazy = lo_is_lazy(n) && depth <= 3;
	v->depth = (uint8_t)MIN(255u, n->type == T_BOOL && !v->lazy ? 1 : depth);
}

static void add_snaps(struct lower *l, uint32_t snap, uint32_t pos)
{
	const struct ir_snap *s = &l->u->snaps[snap - 1];
	const struct ir_snapent *e = &l->u->ents[s->first], *end = e + s->n;

	for (; e < end; e++)
		if (!l->v[e->ref].snapped)
			add_snap(l, e->ref, pos);
}

void ra_prepare(struct lower *l)
{
	const struct ir_unit *u = l->u;

	memset(l->own_g, 0, sizeof(l->own_g));
	memset(l->own_x, 0, sizeof(l->own_x));
	memset(l->spill_own, 0, sizeof(l->spill_own));
	l->vectors = false;
	l->nuses = 1;
	lo_find_blocks(l);
	for (ir_ref r = 1; r < u->nn; r++) {
		const struct ir_node *n = &u->n[r];

		l->v[r] = (struct val){.reg = -1};
		if (n->type >= T_BOOL)
			set_lazy(l, r);
		else if (n->op == IR_param)
			l->v[r].spill = (uint16_t)(FR_PARAM + n->imm + 1);
	}
	lo_find_groups(l);
	lo_find_memos(l);
	for (ir_ref r = u->nn - 1; r; r--) {
		const struct ir_node *n = &u->n[r];
		const struct ir_opinfo *in = ir_info(n->op);
		struct val *v = &l->v[r];

		if (in->idle && !v->live)
			continue;
		v->live = true;
		if (n->snap)
			add_snaps(l, n->snap, r);
		if (l->group[r] && l->groups[l->group[r]].leader != r)
			add_use(l, l->groups[l->group[r]].ref, r);
		if (l->nblocks && n->snap && lo_edge(l, n) >= 0)
			keep_carried(l, r, (unsigned)lo_edge(l, n));
		if (v->lazy)
			continue; /* its users have counted the operands */
		for (unsigned k = 0; k < in->nops; k++)
			if (n->a[k])
				add_use(l, n->a[k], r);
	}
}

static uint32_t next_use(struct lower *l, ir_ref r)
{
	struct val *v = &l->v[r];

	while (v->use && l->uses[v->use].pos <= l->cur)
		v->use = l->uses[v->use].next;
	return v->use ? l->uses[v->use].pos : NEVER;
}

bool lo_dies(struct lower *l, ir_ref r)
{
	return l->v[r].end < l->cur + l->def_phase;
}

static uint16_t spill_slot(struct lower *l, ir_ref r)
{
	for (unsigned k = 0; k < FR_PARAM; k++)
		if (l->v[l->spill_own[k]].end < l->cur) { /* no value is node 0, which ends at once */
			l->spill_own[k] = r;
			return (uint16_t)(k + 1);
		}
	l->fail = true;
	return 1;
}

static struct xm spill_mem(uint16_t spill) { return xmem(RSP, FR_SPILL + (spill - 1) * 16); }

/* Can be made again without having been saved. */
static bool is_cheap(const struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);

	if (n->op == IR_const || n->op == IR_vconst || n->op == IR_kb)
		return true;
	/* Still in the environment, unless some exit or slow path of the unit may have written the slot. */
	return n->op == IR_getr && !l->v[r].snapped && !l->u->synced && !((l->u->dirty[n->imm >> 6] | l->u->dirtied[n->imm >> 6]) >> (n->imm & 63) & 1);
}

static void evict(struct lower *l, ir_ref r)
{
	struct val *v = &l->v[r];
	bool vec = LN(r)->type == T_VEC;

	if (!v->spill && !is_cheap(l, r) && !lo_dies(l, r)) {
		v->spill = spill_slot(l, r);
		if (vec)
			x_vex(&l->a, PNONE, 1, false, false, 0x29, v->reg, 0, spill_mem(v->spill));
		else
			x_store(&l->a, true, spill_mem(v->spill), v->reg);
	}
	(vec ? l->own_x : l->own_g)[v->reg] = 0;
	v->reg = -1;
}

/* A register that is free for r by the end of the current node, those of the loop's head last; -1: none. */
static int free_reg(const struct lower *l, ir_ref r, const uint8_t *order, unsigned n, const ir_ref *own, uint32_t pin, uint32_t carry)
{
	uint32_t ends = l->cur + l->def_phase; /* what ends before, as node 0 does, which owns the free ones */
	int hint = l->v[r].hint, second = -1;

	if (hint && !(pin >> hint & 1) && l->v[own[hint]].end < ends)
		return hint;
	for (unsigned k = 0; k < n; k++) {
		int reg = order[k];

		if (l->v[own[reg]].end >= ends || pin >> reg & 1)
			continue;
		if (!(carry >> reg & 1))
			return reg;
		if (second < 0)
			second = reg;
	}
	return second;
}

static int alloc(struct lower *l, ir_ref r, bool vec)
{
	const uint8_t *order = vec ? order_x : order_g;
	unsigned n = vec ? sizeof(order_x) : sizeof(order_g);
	ir_ref *own = vec ? l->own_x : l->own_g;
	uint32_t pin = vec ? l->pin_x : l->pin_g, best_use = 0;
	int best = -1;

	best = free_reg(l, r, order, n, own, pin, vec ? l->carry_x : l->carry_g);
	if (best >= 0) {
		if (own[best])
			l->v[own[best]].reg = -1;
		own[best] = 0;
		return best;
	}
	for (unsigned k = 0; k < n; k++) {
		int reg = order[k];
		uint32_t use;

		if (pin & 1u << reg)
			continue;
		use = next_use(l, own[reg]);
		if (use >= best_use) {
			best_use = use;
			best = reg;
		}
	}
	if (best < 0) {
		l->fail = true;
		return order[0];
	}
	evict(l, own[best]);
	return best;
}

static void take(struct lower *l, ir_ref r, int reg, bool vec)
{
	l->v[r].reg = (int8_t)reg;
	if (vec) {
		l->vectors = true;
		l->own_x[reg] = r;
		l->pin_x |= 1u << reg;
	} else {
		l->own_g[reg] = r;
		l->pin_g |= 1u << reg;
	}
}

void lo_vconst(struct lower *l, int d, uint64_t k, uint64_t k2)
{
	struct xa *a = &l->a;

	if (!k && !k2) {
		x_vrr(a, P66, 0xef, d, d, d);
		return;
	}
	x_mov_ri(a, RAX, k);
	x_vmovq_xr(a, d, RAX);
	if (k2 == k) {
		x_vrr(a, P66, 0x6c, d, d, d); /* vpunpcklqdq */
	} else if (k2) {
		x_mov_ri(a, RAX, k2);
		x_vex(a, P66, 3, true, false, 0x22, d, d, xr(RAX)); /* vpinsrq 1 */
		x8(a, 1);
	}
}

static void load_slot(struct lower *l, int reg, const struct ir_node *n)
{
	if (n->type == T_FLAGS)
		low_sync_flags(l);
	x_env(&l->a, 0x8b, n->type != T_FLAGS, reg, (int32_t)l->u->slots[n->imm].offset);
}

int lo_use(struct lower *l, ir_ref r)
{
	struct val *v = &l->v[r];
	const struct ir_node *n = LN(r);
	int reg;

	if (v->reg >= 0) {
		l->pin_g |= 1u << v->reg;
		return v->reg;
	}
	reg = alloc(l, r, false);
	if (n->op == IR_const)
		x_mov_ri(&l->a, reg, n->k);
	else if (n->op == IR_kb)
		x_mov_ri(&l->a, reg, n->imm);
	else if (v->spill)
		x_load(&l->a, true, reg, spill_mem(v->spill));
	else if (n->op == IR_getr)
		load_slot(l, reg, n);
	else
		l->fail = true;
	take(l, r, reg, false);
	return reg;
}

int lo_usex(struct lower *l, ir_ref r)
{
	struct val *v = &l->v[r];
	const struct ir_node *n = LN(r);
	int reg;

	if (v->reg >= 0) {
		l->pin_x |= 1u << v->reg;
		return v->reg;
	}
	reg = alloc(l, r, true);
	if (n->op == IR_vconst)
		lo_vconst(l, reg, n->k, n->k2);
	else if (v->spill)
		x_vload(&l->a, reg, spill_mem(v->spill));
	else if (n->op == IR_getr)
		x_vload(&l->a, reg, xmem(R15, (int32_t)l->u->slots[n->imm].offset));
	else
		l->fail = true;
	take(l, r, reg, true);
	return reg;
}

int lo_def(struct lower *l, ir_ref r)
{
	int reg;

	l->def_phase = true;
	reg = alloc(l, r, false);
	take(l, r, reg, false);
	return reg;
}

int lo_defx(struct lower *l, ir_ref r)
{
	int reg;

	l->def_phase = true;
	reg = alloc(l, r, true);
	take(l, r, reg, true);
	return reg;
}

bool lo_steal(struct lower *l, ir_ref d, ir_ref r)
{
	int reg = l->v[r].reg;
	bool vec = LN(r)->type == T_VEC;

	l->def_phase = true;
	if (reg < 0 || !lo_dies(l, r))
		return false;
	l->v[r].reg = -1;
	take(l, d, reg, vec);
	return true;
}

bool lo_imm32(const struct lower *l, ir_ref r, bool w, int32_t *imm)
{
	const struct ir_node *n = LN(r);

	if (n->op != IR_const || (w && (int64_t)n->k != (int32_t)n->k))
		return false;
	*imm = (int32_t)n->k;
	return true;
}

uint32_t lo_live_g(struct lower *l)
{
	static const uint8_t saved[] = {RSI, RDI, R8, R9, R10, R11};
	uint32_t m = 0;

	for (unsigned k = 0; k < sizeof(saved); k++)
		if (l->v[l->own_g[saved[k]]].end > l->cur)
			m |= 1u << saved[k];
	return m;
}

uint32_t lo_live_x(struct lower *l)
{
	uint32_t m = 0;

	for (unsigned k = 0; l->vectors && k < 16; k++)
		if (l->own_x[k] && !(next_use(l, l->own_x[k]) == NEVER && l->v[l->own_x[k]].last_snap < l->cur))
			m |= 1u << k;
	return m;
}

static uint16_t pool_add(struct lower *l, uint64_t k, uint64_t k2)
{
	for (uint32_t p = 0; p + 1 < l->npool; p++)
		if (l->pool[p] == k && l->pool[p + 1] == k2)
			return (uint16_t)p;
	l->pool[l->npool] = k;
	l->pool[l->npool + 1] = k2;
	l->npool += 2;
	return (uint16_t)(l->npool - 2);
}

static void put_rloc(struct lower *l, unsigned slot, unsigned kind, unsigned idx)
{
	l->rlocs[l->nrlocs++] = (struct x64_rloc){(uint8_t)slot, (uint8_t)kind, (uint16_t)idx};
}

static void capture_one(struct lower *l, unsigned slot, ir_ref r);

/* Flags that are still an operation. */
static void capture_flags(struct lower *l, unsigned slot, const struct ir_node *n)
{
	if (n->op == IR_fl_const) {
		put_rloc(l, slot, RL_K, pool_add(l, (uint64_t)n->imm << 28, 0));
		return;
	}
	put_rloc(l, slot, (n->op == IR_fl_sub ? RL_FSUB : n->op == IR_fl_add ? RL_FADD : RL_FLOGIC) | (n->imm ? 128u : 0), 0);
	for (unsigned k = 0; k < ir_info(n->op)->nops; k++)
		capture_one(l, 255, n->a[k]);
}

static void capture_one(struct lower *l, unsigned slot, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct val *v = &l->v[r];

	if (v->host && slot != 255) {
		put_rloc(l, slot, v->host, 0);
		capture_one(l, 255, r);
	} else if (v->lazy) {
		capture_flags(l, slot, n);
	} else if (v->reg >= 0 && !(n->op == IR_const && slot == 255)) {
		put_rloc(l, slot, n->type == T_VEC ? RL_XMM : RL_GPR, (unsigned)v->reg);
	} else if (v->spill) {
		put_rloc(l, slot, RL_SPILL, v->spill - 1u);
	} else if (n->op == IR_const) {
		put_rloc(l, slot, RL_K, pool_add(l, n->k, 0));
	} else if (n->op == IR_vconst) {
		put_rloc(l, slot, RL_VK, pool_add(l, n->k, n->k2));
	} else if (n->op == IR_getr) {
		put_rloc(l, slot, RL_ENV, n->imm);
	} else {
		l->fail = true;
	}
}

uint32_t lo_capture(struct lower *l, uint32_t snap, uint32_t *first)
{
	const struct ir_snap *s = &l->u->snaps[snap - 1];
	const struct ir_snapent *e = &l->u->ents[s->first], *end = e + s->n;
	const struct ir_slot *slots = l->u->slots;
	struct x64_rloc *to = l->rlocs + l->nrlocs;

	*first = l->nrlocs;
	if (l->nrlocs + CAPTURE_MOST > MAX_RLOCS || l->npool + CAPTURE_MOST > MAX_POOL) {
		l->fail = true;
		return 0;
	}
	for (; e < end; e++) {
		const struct val *v = &l->v[e->ref];

		if (likely(v->reg >= 0 && !v->lazy && !v->host)) {
			*to++ = (struct x64_rloc){(uint8_t)e->slot, slots[e->slot].type == T_VEC ? RL_XMM : RL_GPR, (uint16_t)v->reg};
			continue;
		}
		l->nrlocs = (uint32_t)(to - l->rlocs);
		capture_one(l, e->slot, e->ref);
		to = l->rlocs + l->nrlocs;
	}
	l->nrlocs = (uint32_t)(to - l->rlocs);
	return l->nrlocs - *first;
}
