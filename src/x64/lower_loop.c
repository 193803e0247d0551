/*
 * Branches within a unit, which keep guest registers in host registers: each
 * block starts with the carried slots in the same registers, the rest in
 * memory.  A branch to a block stores the other slots that have changed and
 * moves the carried ones into place, all at once.  Branches back poll.  Exits write
 * everything back, as from any other unit.
 */
#include "x64/lower.h"

static const uint8_t order_g[] = {RBX, RBP, R12, R13, RSI, RDI, R8, R9, R10, R11};
static const uint8_t order_x[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

void lo_find_blocks(struct lower *l)
{
	const struct ir_unit *u = l->u;

	l->nblocks = l->nfix = 0;
	l->carry_g = l->carry_x = 0;
	for (ir_ref r = 1; u->nblocks && r < u->nn && l->nblocks < MAX_BLOCKS; r++)
		if (LN(r)->op == IR_block) {
			unsigned b = l->nblocks++;

			l->blocks[b].node = r;
			l->blocks[b].ncarried = (unsigned)LN(r)->k2;
			l->blocks[b].pc = LN(r)->k;
			l->blocks[b].label = 0;
			memset(l->blocks[b].carried, 0, sizeof(l->blocks[b].carried));
			for (unsigned k = 1; k <= l->blocks[b].ncarried; k++)
				l->blocks[b].carried[LN(r + k)->imm] = (uint8_t)k;
		}
}

int lo_edge(const struct lower *l, const struct ir_node *n)
{
	if (n->op == IR_br || n->op == IR_brc)
		for (unsigned k = 1; k < l->nblocks; k++) /* the first is only entered from outside */
			if (l->blocks[k].pc == n->k)
				return (int)k;
	return -1;
}

unsigned lo_block_of(const struct lower *l, ir_ref r)
{
	unsigned b = l->nblocks - 1;

	while (b && l->blocks[b].node > r)
		b--;
	return b;
}

ir_ref lo_carried(const struct lower *l, unsigned b, unsigned slot)
{
	unsigned k = l->blocks[b].carried[slot];

	return k ? l->blocks[b].node + k : 0;
}

/* The register that a block's node of a carried slot is in. */
static int home(const struct lower *l, ir_ref g)
{
	return LN(g)->type == T_VEC ? order_x[LN(g)->k - 1] : order_g[LN(g)->k - 1];
}

static bool is_back(const struct lower *l, ir_ref r) { return LN(r)->k <= l->u->snaps[LN(r)->snap - 1].pc; }

static void hints_of(struct lower *l, const struct ir_snap *s, unsigned b)
{
	for (uint32_t k = 0; k < s->n; k++) {
		const struct ir_snapent *e = &l->u->ents[s->first + k];
		ir_ref g = lo_carried(l, b, e->slot);

		if (g && !l->v[e->ref].hint)
			l->v[e->ref].hint = (int8_t)home(l, g);
	}
}

/* New values are best computed into the registers that the next block wants them in; branches back count first. */
static void set_hints(struct lower *l, ir_ref r)
{
	for (unsigned round = 0; round < 2; round++)
		for (ir_ref n = r + 1; n < l->u->nn && LN(n)->op != IR_block; n++)
			if (lo_edge(l, LN(n)) >= 0 && (round || is_back(l, n)))
				hints_of(l, &l->u->snaps[LN(n)->snap - 1], (unsigned)lo_edge(l, LN(n)));
}

static void forget(struct lower *l, ir_ref *own)
{
	for (unsigned k = 0; k < 16; k++) {
		if (own[k])
			l->v[own[k]].reg = -1;
		own[k] = 0;
	}
}

void low_block(struct lower *l, ir_ref r)
{
	unsigned b = 0;

	while (l->blocks[b].node != r)
		b++;
	l->block = b;
	l->block_synced = false;
	forget(l, l->own_g);
	forget(l, l->own_x);
	l->carry_g = l->carry_x = 0;
	for (unsigned k = 0; k < l->blocks[b].ncarried; k++) {
		ir_ref g = r + 1 + k;
		int reg = home(l, g);
		struct xm m = xmem(R15, (int)l->u->slots[LN(g)->imm].offset);

		*(LN(g)->type == T_VEC ? &l->carry_x : &l->carry_g) |= 1u << reg;
		if (!l->v[g].live)
			continue; /* written again before anything looks */
		l->v[g].reg = (int8_t)reg;
		(LN(g)->type == T_VEC ? l->own_x : l->own_g)[reg] = g;
		l->vectors |= LN(g)->type == T_VEC;
		if (!b && LN(g)->type == T_VEC)
			x_vload(&l->a, reg, m);
		else if (!b)
			x_load(&l->a, true, reg, m);
	}
	if (!b)
		lo_memo_own(l);
	set_hints(l, r);
	if (b)
		x_align(&l->a, 16);
	l->blocks[b].label = l->a.p;
	l->fl_pos = 0;
}

/* -- the moves of a branch -- */

struct move {
	int8_t dst, src; /* src < 0: by `from` */
	uint8_t slot;
	const struct x64_rloc *from; /* NULL: from memory */
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
	struct xm at = xmem(R15, (int)l->u->slots[m->slot].offset);

	if (e && e->kind == RL_K) {
		x_mov_ri(&l->a, m->dst, l->pool[e->idx]);
		return;
	}
	if (e && e->kind == RL_VK) {
		lo_vconst(l, m->dst, l->pool[e->idx], l->pool[e->idx + 1]);
		return;
	}
	if (e)
		at = e->kind == RL_ENV ? lo_slot_mem(l, e->idx) : xmem(RSP, FR_SPILL + e->idx * 16);
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

/* What a jump to block b has to move; returns the number. */
static unsigned moves(struct lower *l, bool vec, uint32_t first, uint32_t cnt, unsigned b, struct move *m)
{
	unsigned n = 0;

	for (unsigned c = 0; c < l->blocks[b].ncarried; c++) {
		ir_ref g = l->blocks[b].node + 1 + c;
		unsigned slot = LN(g)->imm;
		const struct x64_rloc *e = find(l, first, cnt, slot);

		if ((l->u->slots[slot].type == T_VEC) != vec || !l->v[g].live)
			continue;
		m[n] = (struct move){(int8_t)home(l, g), -1, (uint8_t)slot, e};
		if (e && (e->kind == RL_GPR || e->kind == RL_XMM))
			m[n].src = (int8_t)e->idx;
		n += m[n].src != m[n].dst;
	}
	return n;
}

static bool must_store(const struct lower *l, const struct x64_rloc *e, unsigned b)
{
	const struct ir_node *t = LN(l->blocks[b].node);
	ir_ref g;

	if (e->slot == 255)
		return false;
	if (l->u->slots[e->slot].type == T_FLAGS)
		return !(t->imm & BLOCK_FLAGS_DEAD || t->aux);
	g = lo_carried(l, b, e->slot);
	return !g || !LN(g)->aux;
}

/* An operand of the flags to where block b has it. */
static void put_param(struct lower *l, const struct x64_rloc *e, unsigned k)
{
	struct xm to = xmem(RSP, FR_SPILL + (FR_PARAM + (int)k) * 16);

	switch (e->kind) {
	case RL_GPR:
		x_store(&l->a, true, to, e->idx);
		break;
	case RL_SPILL:
		if (e->idx == FR_PARAM + k)
			break;
		x_load(&l->a, true, RAX, xmem(RSP, FR_SPILL + e->idx * 16));
		x_store(&l->a, true, to, RAX);
		break;
	case RL_ENV:
		x_load(&l->a, true, RAX, lo_slot_mem(l, e->idx));
		x_store(&l->a, true, to, RAX);
		break;
	default:
		if ((int64_t)l->pool[e->idx] == (int32_t)l->pool[e->idx]) {
			x_op(&l->a, PNONE, 0xc7, true, 0, to);
			x32(&l->a, (uint32_t)l->pool[e->idx]);
			break;
		}
		x_mov_ri(&l->a, RAX, l->pool[e->idx]);
		x_store(&l->a, true, to, RAX);
		break;
	}
}

static bool same_place(const struct x64_rloc *a, const struct x64_rloc *b) { return a->kind == b->kind && a->idx == b->idx; }

static bool needs_params(const struct ir_node *t)
{
	return t->aux && (!(t->imm & BLOCK_FLAGS_A) || (t->aux != IR_fl_logic && !(t->imm & BLOCK_FLAGS_B)));
}

/* The constant second operand of the flags of block t. */
static const struct ir_node *second(const struct lower *l, const struct ir_node *t, unsigned b)
{
	return t + 1 + l->blocks[b].ncarried + !(t->imm & BLOCK_FLAGS_A);
}

/* The constant flags e are what block t will make of the value of s. */
static bool same_flags(const struct lower *l, const struct ir_node *t, unsigned b, const struct x64_rloc *s, const struct x64_rloc *e)
{
	const struct ir_node op = {.op = t->aux, .imm = (t->imm & BLOCK_FLAGS_64) != 0};

	return s->kind == RL_K &&
	       ir_eval_node(&op, (const u128[]){l->pool[s->idx], t->aux == IR_fl_logic ? 0 : second(l, t, b)->k}, 0) == l->pool[e->idx];
}

/* The operands of the flags to where block b wants them, if the branch has the kind that was planned. */
static void put_flags(struct lower *l, uint32_t first, uint32_t n, uint32_t more, unsigned b)
{
	const struct ir_node *t = LN(l->blocks[b].node);
	unsigned kind = (t->aux == IR_fl_sub ? RL_FSUB : t->aux == IR_fl_add ? RL_FADD : RL_FLOGIC) |
			(t->imm & BLOCK_FLAGS_64 ? 128u : 0);
	const struct x64_rloc *e = 0, *s;

	if (!t->aux)
		return;
	for (uint32_t k = first; k < first + n && !e; k++)
		if (l->rlocs[k].slot != 255 && l->u->slots[l->rlocs[k].slot].type == T_FLAGS)
			e = &l->rlocs[k];
	s = find(l, first, n + more, t->imm >> BLOCK_FLAGS_SLOT);
	if (e && e->kind == RL_K && !needs_params(t)) {
		l->fail |= !s || !same_flags(l, t, b, s, e);
		return;
	}
	if (!e || e->kind != kind) { /* not as the first pass had it */
		l->fail = true;
		return;
	}
	if (!(t->imm & BLOCK_FLAGS_A)) {
		put_param(l, e + 1, 0);
	} else {
		l->fail |= !s || !same_place(s, e + 1);
	}
	if (t->aux == IR_fl_logic)
		return;
	if (!(t->imm & BLOCK_FLAGS_B)) {
		put_param(l, e + 2, 1);
		return;
	}
	t = second(l, t, b);
	l->fail |= e[2].kind != RL_K || t->op != IR_const || l->pool[e[2].idx] != t->k;
}

static void jump(struct lower *l, uint8_t *at, unsigned b)
{
	if (l->nfix >= MAX_FIX) {
		l->fail = true;
		return;
	}
	l->fix[l->nfix].at = at;
	l->fix[l->nfix++].block = b;
}

void low_bind_edges(struct lower *l)
{
	for (unsigned k = 0; k < l->nfix && !l->a.overflow && !l->fail; k++) {
		uint8_t *at = l->fix[k].at;
		int32_t rel = (int32_t)(l->blocks[l->fix[k].block].label - (at + 4));

		memcpy(at, &rel, 4);
	}
}

/* Where everything is that a branch to block b moves, slots that have not changed included. */
static uint32_t capture(struct lower *l, ir_ref r, unsigned b, uint32_t *first, uint32_t *more)
{
	uint32_t n = lo_capture(l, LN(r)->snap, first);

	*more = 0;
	for (unsigned c = 0; c < l->blocks[l->block].ncarried; c++) {
		ir_ref g = l->blocks[l->block].node + 1 + c;
		unsigned slot = LN(g)->imm;

		if (l->block_synced || l->v[g].reg < 0 || !lo_carried(l, b, slot) || find(l, *first, n, slot) || l->nrlocs >= MAX_RLOCS)
			continue; /* in memory as well */
		l->rlocs[l->nrlocs++] = (struct x64_rloc){(uint8_t)slot, LN(g)->type == T_VEC ? RL_XMM : RL_GPR, (uint16_t)l->v[g].reg};
		++*more;
	}
	return n;
}

/* next: the block follows. */
static void edge(struct lower *l, uint32_t first, uint32_t n, uint32_t more, unsigned b, bool next)
{
	struct move m[MAX_CARRIED];

	for (uint32_t k = first; k < first + n; k++)
		if (must_store(l, &l->rlocs[k], b))
			low_store_slot(l, &l->rlocs[k], LN(l->blocks[b].node)->imm & BLOCK_FLAGS_USED);
	put_flags(l, first, n, more, b);
	for (unsigned vec = 0; vec < 2; vec++) {
		unsigned cnt = moves(l, vec, first, n + more, b, m);

		shuffle(&l->a, vec, m, cnt);
		for (unsigned k = 0; k < cnt; k++)
			if (m[k].src < 0)
				load_rest(l, vec, &m[k]);
	}
	if (!next)
		jump(l, x_jmp(&l->a), b);
}

static bool is_empty(struct lower *l, uint32_t first, uint32_t n, uint32_t more, unsigned b)
{
	struct move m[MAX_CARRIED];

	if (needs_params(LN(l->blocks[b].node)))
		return false;
	put_flags(l, first, n, more, b); /* emits nothing, but looks whether it is as planned */
	for (uint32_t k = first; k < first + n; k++)
		if (must_store(l, &l->rlocs[k], b))
			return false;
	return !moves(l, false, first, n + more, b, m) && !moves(l, true, first, n + more, b, m);
}

void low_edge(struct lower *l, ir_ref r, unsigned b)
{
	uint32_t first, more, n = capture(l, r, b, &first, &more);

	if (is_back(l, r))
		low_poll(l, LN(r)->k, first, n);
	edge(l, first, n, more, b, l->blocks[b].node == r + 1);
}

void low_edge_stub(struct lower *l, const struct stub *s) { edge(l, s->first, s->n, s->more, s->block, false); }

/* Branches back are the likely ones: inline.  Others go out of line, or straight to the block if nothing needs moving. */
void low_edge_if(struct lower *l, ir_ref r, unsigned b)
{
	const struct ir_node *n = LN(r);
	uint32_t first, more, cnt;
	uint8_t *from[6];
	unsigned nfrom = 0;

	lo_cond_prep(l, n->a[0]);
	cnt = capture(l, r, b, &first, &more);
	if (is_back(l, r)) {
		lo_branch(l, n->a[0], n->imm, from, &nfrom, 6);
		low_poll(l, n->k, first, cnt);
		edge(l, first, cnt, more, b, false);
		for (unsigned k = 0; k < nfrom; k++)
			x_bind(&l->a, from[k]);
		return;
	}
	lo_branch(l, n->a[0], !n->imm, from, &nfrom, 6);
	if (is_empty(l, first, cnt, more, b)) {
		for (unsigned k = 0; k < nfrom; k++)
			jump(l, from[k], b);
	} else {
		struct stub *s = lo_stub(l, STUB_EDGE);

		s->first = first;
		s->n = cnt;
		s->more = more;
		s->block = b;
		memcpy(s->from, from, sizeof(from));
		s->nfrom = nfrom;
	}
}
