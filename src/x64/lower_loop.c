/*
 * Loops: a unit whose branches to its own pc stay inside it.  The slots read
 * before the IR_loop node are in registers at the head; a branch back moves
 * their new values there, all at once, and stores the other slots that it
 * changed.  Exits write everything back, as from any other unit.
 */
#include "x64/lower.h"

bool lo_is_back(const struct lower *l, const struct ir_node *n)
{
	return l->loop && (n->op == IR_br || n->op == IR_brc) && n->k == l->job->pc;
}

/* New values are best computed into the registers that the head wants them in. */
static void set_hints(struct lower *l)
{
	const struct ir_snap *s = 0;

	for (ir_ref r = l->u->nn - 1; r > l->loop && !s; r--)
		if (lo_is_back(l, LN(r)))
			s = &l->u->snaps[LN(r)->snap - 1];
	for (uint32_t k = 0; s && k < s->n; k++) {
		const struct ir_snapent *e = &l->u->ents[s->first + k];

		for (unsigned c = 0; c < l->ncarried; c++)
			if (LN(l->carried[c].ref)->imm == e->slot && e->ref > l->loop)
				l->v[e->ref].hint = l->carried[c].reg;
	}
}

void low_loop(struct lower *l, ir_ref r)
{
	l->ncarried = 0;
	for (ir_ref g = 1; g < r; g++) {
		int reg = l->v[g].reg;

		if (LN(g)->op != IR_getr || !l->v[g].live)
			continue; /* not live: written again before anything looks */
		if (reg < 0 || l->ncarried == MAX_CARRIED) {
			l->fail = true;
			return;
		}
		l->carried[l->ncarried].ref = g;
		l->carried[l->ncarried++].reg = (int8_t)reg;
		if (LN(g)->type == T_VEC)
			l->carry_x |= 1u << reg;
		else
			l->carry_g |= 1u << reg;
	}
	set_hints(l);
	while ((uintptr_t)l->a.p & 15)
		x8(&l->a, 0x90);
	l->head = l->a.p;
}

/* -- the moves of a branch back -- */

struct move {
	int8_t dst, src; /* src < 0: by `from` */
	const struct x64_rloc *from;
	ir_ref ref;      /* from NULL: this value at the head, from memory */
};

static void mov_reg(struct xa *a, bool vec, int d, int s)
{
	if (vec)
		x_vmov(a, d, s);
	else
		x_mov(a, true, d, s);
}

/* Moves between registers, in an order that loses nothing; cycles go through a scratch register. */
static void shuffle(struct xa *a, bool vec, struct move *m, unsigned n)
{
	unsigned left = 0;

	for (unsigned k = 0; k < n; k++)
		if (m[k].src >= 0 && m[k].src != m[k].dst)
			left |= 1u << k;
	while (left) {
		unsigned done = 0;

		for (unsigned k = 0; k < n; k++) {
			bool blocked = false;

			if (!(left >> k & 1))
				continue;
			for (unsigned j = 0; j < n; j++)
				blocked |= (left >> j & 1) && j != k && m[j].src == m[k].dst;
			if (blocked)
				continue;
			mov_reg(a, vec, m[k].dst, m[k].src);
			left &= ~(1u << k);
			done++;
		}
		if (!done) { /* only cycles are left: RAX and xmm0 are both 0 */
			unsigned k = (unsigned)__builtin_ctz(left);

			mov_reg(a, vec, 0, m[k].src);
			m[k].src = 0;
		}
	}
}

static void load_rest(struct lower *l, bool vec, const struct move *m)
{
	const struct x64_rloc *e = m->from;
	struct xm at = xmem(R15, (int)l->u->slots[LN(m->ref)->imm].offset);

	if (e && e->kind == RL_K) {
		x_mov_ri(&l->a, m->dst, l->pool[e->idx]);
		return;
	}
	if (e && e->kind == RL_VK) {
		lo_vconst(l, m->dst, l->pool[e->idx], l->pool[e->idx + 1]);
		return;
	}
	if (e)
		at = xmem(RSP, FR_SPILL + e->idx * 16);
	else if (l->v[m->ref].spill)
		at = xmem(RSP, FR_SPILL + (l->v[m->ref].spill - 1) * 16);
	if (vec)
		x_vload(&l->a, m->dst, at);
	else
		x_load(&l->a, true, m->dst, at);
}

static const struct x64_rloc *find(const struct lower *l, uint32_t first, uint32_t n, unsigned slot)
{
	for (uint32_t k = first; k < first + n; k++)
		if (l->rlocs[k].slot == slot)
			return &l->rlocs[k];
	return 0;
}

static void moves(struct lower *l, bool vec, uint32_t first, uint32_t cnt)
{
	struct move m[MAX_CARRIED];
	unsigned n = 0;

	for (unsigned c = 0; c < l->ncarried; c++) {
		ir_ref g = l->carried[c].ref;
		const struct x64_rloc *e = find(l, first, cnt, LN(g)->imm);

		if ((LN(g)->type == T_VEC) != vec)
			continue;
		m[n] = (struct move){l->carried[c].reg, -1, e, g};
		if (e && (e->kind == RL_GPR || e->kind == RL_XMM))
			m[n].src = (int8_t)e->idx;
		else if (!e)
			m[n].src = l->v[g].reg;
		n++;
	}
	shuffle(&l->a, vec, m, n);
	for (unsigned k = 0; k < n; k++)
		if (m[k].src < 0)
			load_rest(l, vec, &m[k]);
}

static bool is_carried(const struct lower *l, unsigned slot)
{
	for (unsigned c = 0; c < l->ncarried; c++)
		if (LN(l->carried[c].ref)->imm == slot)
			return true;
	return false;
}

/* Slots that a getr before the head stands for, though nothing wants its value there. */
static bool is_unwanted(const struct lower *l, unsigned slot)
{
	if (l->u->slots[slot].type == T_FLAGS)
		return LN(l->loop)->imm & 1;
	for (ir_ref g = 1; g < l->loop; g++)
		if (LN(g)->op == IR_getr && LN(g)->imm == slot)
			return !l->v[g].live;
	return false;
}

static void back(struct lower *l, ir_ref r, uint32_t first, uint32_t n)
{
	struct stub *s = lo_stub(l, STUB_LEAVE);

	s->pc = LN(r)->k;
	s->first = first;
	s->n = n;
	x_op(&l->a, PNONE, 0x83, false, X_CMP, xmem(R15, (int)x64_cfg.off_request));
	x8(&l->a, 0);
	s->from[s->nfrom++] = x_jcc(&l->a, CC_NE);
	for (uint32_t k = first; k < first + n; k++) {
		const struct x64_rloc *e = &l->rlocs[k];

		if (e->slot != 255 && !is_carried(l, e->slot) && !is_unwanted(l, e->slot))
			low_store_slot(l, e);
	}
	moves(l, false, first, n);
	moves(l, true, first, n);
	x_jmp_to(&l->a, l->head + l->a.delta);
}

void low_back(struct lower *l, ir_ref r)
{
	uint32_t first, n = lo_capture(l, LN(r)->snap, &first);

	back(l, r, first, n);
}

void low_back_if(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	uint32_t first, cnt;
	uint8_t *skip[6];
	unsigned nskip = 0;

	lo_cond_prep(l, n->a[0]);
	cnt = lo_capture(l, n->snap, &first);
	lo_branch(l, n->a[0], n->imm, skip, &nskip, 6);
	back(l, r, first, cnt);
	for (unsigned k = 0; k < nskip; k++)
		x_bind(&l->a, skip[k]);
}
