/*
 * Loops that walk through memory stay in a page for many turns.  Accesses of
 * a loop whose address moves by small steps, or not at all, get a memo in the
 * frame: where the page starts, how far from there an access may begin, and the
 * addend.  The TLB is asked out of line, when the memo does not fit.
 *
 * A memo says what the TLB said, so it ends where the TLB may change: where the
 * run loop enters translated code, and after each call of C code but pure operations.  A unit that finds memos
 * of another (FR_MEMO_UNIT) empties them; its own it goes on with: a loop that is left for a moment and
 * entered again need not fill them anew.  Units that have none but call say that they are nobody's.  Which
 * accesses get one is a guess about speed, never about correctness.
 */
#include "base/passes.h"
#include "x64/lower.h"

#define STEP 512     /* bytes a turn */
#define MAX_LOOPS 16

struct loop {
	uint64_t from, to; /* pcs of the first instruction and of the branch back */
	bool useless;
	uint64_t wild;     /* slots that change by more than a small step */
};

static uint64_t pc_of(const struct lower *l, ir_ref r) { return l->u->snaps[LN(r)->snap - 1].pc; }

static bool is_slot(const struct lower *l, ir_ref r, unsigned slot) { return LN(r)->op == IR_getr && LN(r)->imm == slot; }

static bool small_step(const struct lower *l, ir_ref r, unsigned slot)
{
	const struct ir_node *n = LN(r);

	if (is_slot(l, r, slot))
		return true;
	return n->op == IR_add64 && !(n->fl & NF_W32) && is_slot(l, n->a[0], slot) && LN(n->a[1])->op == IR_const &&
	       LN(n->a[1])->k + STEP <= 2 * STEP;
}

/* 32-bit counters that index an array */
static bool small_step32(const struct lower *l, ir_ref r, unsigned slot)
{
	const struct ir_node *n = LN(r);

	return n->op == IR_add64 && n->fl & NF_W32 && is_slot(l, n->a[0], slot) && LN(n->a[1])->op == IR_const &&
	       (uint32_t)(LN(n->a[1])->k + STEP) <= 2 * STEP;
}

/* The first node that can be in a loop: the first block is only entered from outside. */
static ir_ref loops_start(const struct lower *l) { return l->nblocks > 1 ? l->blocks[1].node : l->u->nn; }

static unsigned find_loops(struct lower *l, struct loop *loops)
{
	unsigned n = 0;

	l->nsnapped = 0;
	for (ir_ref r = loops_start(l); r < l->u->nn; r++) {
		if (!LN(r)->snap)
			continue;
		l->snapped[l->nsnapped++] = r;
		if (n < MAX_LOOPS && lo_edge(l, LN(r)) >= 0 && LN(r)->k <= pc_of(l, r))
			loops[n++] = (struct loop){.from = LN(r)->k, .to = pc_of(l, r)};
	}
	return n;
}

static bool within(const struct loop *o, uint64_t pc) { return pc >= o->from && pc <= o->to; }

/* What the branches from block to block within the loop do to the slots. */
static void look_at(const struct lower *l, struct loop *o)
{
	for (unsigned i = 0; i < l->nsnapped; i++) {
		ir_ref r = l->snapped[i];
		const struct ir_node *n = LN(r);
		const struct ir_snap *s;

		if (!within(o, pc_of(l, r)))
			continue;
		o->useless |= n->op == IR_helper || n->op == IR_ldx || n->op == IR_stx; /* these empty memos */
		if (lo_edge(l, n) < 0 || !within(o, n->k))
			continue;
		s = &l->u->snaps[n->snap - 1];
		for (uint32_t k = 0; k < s->n; k++) {
			const struct ir_snapent *e = &l->u->ents[s->first + k];

			if (e->slot < 64 && l->u->slots[e->slot].type == T_INT && !small_step(l, e->ref, e->slot) &&
			    !small_step32(l, e->ref, e->slot))
				o->wild |= UINT64_C(1) << e->slot;
		}
	}
}

/* The value moves by small steps from turn to turn. */
static bool is_slow(const struct lower *l, const struct loop *o, ir_ref r, unsigned depth)
{
	const struct ir_node *n = LN(r);

	switch (n->op) {
	case IR_const: return true;
	case IR_getr: return n->imm < 64 && !(o->wild >> n->imm & 1);
	case IR_add64: case IR_sub64:
		return depth && is_slow(l, o, n->a[0], depth - 1) && is_slow(l, o, n->a[1], depth - 1);
	case IR_shl64: return n->imm <= 4 && depth && is_slow(l, o, n->a[0], depth - 1);
	case IR_zext32: case IR_sext32: return depth && is_slow(l, o, n->a[0], depth - 1);
	default: return false;
	}
}

/* The innermost loop around pc, or NULL. */
static const struct loop *loop_at(const struct loop *loops, unsigned n, uint64_t pc)
{
	const struct loop *best = 0;

	for (unsigned k = 0; k < n; k++)
		if (within(&loops[k], pc) && (!best || loops[k].to - loops[k].from < best->to - best->from))
			best = &loops[k];
	return best;
}

void lo_find_memos(struct lower *l)
{
	struct loop loops[MAX_LOOPS];
	unsigned n = l->nblocks ? find_loops(l, loops) : 0;

	l->nmemos = 0;
	memset(l->memo, 0, l->u->nn);
	if (!n || !pass_on(PASS_MEMOS))
		return;
	for (unsigned k = 0; k < n; k++)
		look_at(l, &loops[k]);
	for (unsigned k = 0; k < l->nsnapped && l->nmemos < FR_NMEMO; k++) {
		ir_ref r = l->snapped[k];
		const struct ir_node *m = LN(r);
		const struct loop *o;

		if ((m->op != IR_ld && m->op != IR_ldv && m->op != IR_st && m->op != IR_stv) || m->aux & MEM_UNPRIV ||
		    (l->group[r] && l->groups[l->group[r]].leader != r))
			continue;
		o = loop_at(loops, n, pc_of(l, r));
		if (o && !o->useless && is_slow(l, o, m->a[0], 4))
			l->memo[r] = (uint8_t)++l->nmemos;
	}
}

void lo_memo_forget(struct xa *a, unsigned n, int frame)
{
	if (!n)
		return;
	x_vrr(a, P66, 0xef, 0, 0, 0);
	for (unsigned k = 0; k < n; k += 4)
		x_vex(a, PF3, 1, false, n - k > 2, 0x7f, 0, 0, xmem(RSP, frame + FR_MEMO_LEN + 8 * (int)k));
}

/* Not 0, and no other unit's of those that there may be memos of: code goes away only when all vCPUs have left and come in again. */
static uint32_t memo_unit(const struct lower *l) { return (uint32_t)(uintptr_t)(l->a.start + l->a.delta) | 1; }

static void set_unit(struct xa *a, uint32_t unit)
{
	x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, FR_MEMO_UNIT));
	x32(a, unit);
}

void lo_memo_lose(struct xa *a) { set_unit(a, 0); }

void lo_memo_own(struct lower *l)
{
	struct xa *a = &l->a;
	uint8_t *mine;

	if (!l->nmemos)
		return;
	x_op(a, PNONE, 0x81, false, X_CMP, xmem(RSP, FR_MEMO_UNIT));
	x32(a, memo_unit(l));
	mine = x_jcc(a, CC_E);
	lo_memo_forget(a, l->nmemos, 0);
	set_unit(a, memo_unit(l));
	x_bind(a, mine);
}

void lo_memo_called(struct lower *l)
{
	if (l->nmemos)
		lo_memo_forget(&l->a, l->nmemos, 0);
	else
		lo_memo_lose(&l->a);
}

void lo_memo_check(struct lower *l, struct stub *s)
{
	struct xa *a = &l->a;
	int at = 8 * (s->memo - 1);

	if (s->lo)
		x_lea(a, true, RDX, xmem(s->base, s->lo));
	else
		x_mov(a, true, RDX, s->base);
	x_alu(a, X_SUB, true, RDX, xmem(RSP, FR_MEMO_START + at));
	x_alu(a, X_CMP, true, RDX, xmem(RSP, FR_MEMO_LEN + at));
	s->memo_miss = x_jcc(a, CC_AE);
	x_load(a, true, RCX, xmem(RSP, FR_MEMO_ADD + at));
	s->memo_hit = a->p;
}

void lo_memo_fill(struct lower *l, const struct stub *s, int at_reg)
{
	struct xa *a = &l->a;
	int at = 8 * (s->memo - 1);

	x_mov(a, true, RDX, at_reg);
	x_alu_i(a, X_AND, true, xr(RDX), -4096);
	x_store(a, true, xmem(RSP, FR_MEMO_START + at), RDX);
	x_store(a, true, xmem(RSP, FR_MEMO_ADD + at), RCX);
	x_op(a, PNONE, 0xc7, true, 0, xmem(RSP, FR_MEMO_LEN + at));
	x32(a, 4096 - (uint32_t)s->bytes + 1);
	x_jmp_to(a, s->memo_hit + a->delta);
}
