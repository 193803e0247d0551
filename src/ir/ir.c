/* Building of intermediate code; see ir.h. */
#include "ir/ir.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/passes.h"
#include "ir/fold.h"

struct ir_opinfo ir_infos[IR_op_count] = {
#define OP(n, s, p) [IR_##n] = {.name = #n, .sig = #s, .pure = true, .fp = #p[0] != 'P'},
#include "ir/ops.def"
#undef OP
#define X(n, t, o) [IR_##n] = {.name = #n, .sig = o, .type = t},
	IR_EFFECTS(X)
#undef X
};

static enum ir_type type_of_letter(char c)
{
	return c == 'Q' ? T_INT : c == 'V' ? T_VEC : c == 'B' ? T_BOOL : c == 'F' ? T_FLAGS : T_NONE;
}

/* Fills what follows from the signatures. */
__attribute__((constructor)) static void infos_init(void)
{
	for (unsigned op = 1; op < IR_op_count; op++) {
		struct ir_opinfo *in = &ir_infos[op];
		const char *s = in->sig;

		if (op == IR_pure_end)
			continue;
		if (in->pure) {
			in->type = type_of_letter(s[0]);
			s += 2;
		}
		in->idle = (in->pure && !in->fp) || op == IR_const || op == IR_vconst || op == IR_kb || op == IR_getr || op == IR_param || op == IR_ldenv;
		for (; *s; s++) {
			if (*s == 'i' || (*s == 'q' && in->pure))
				in->imm = true;
			else
				in->ops[in->nops++] = *s;
		}
	}
}

struct ir_unit *ir_new(const struct ir_slot *slots, unsigned nslots)
{
	struct ir_unit *u = calloc(1, sizeof(*u));

	BUG_ON(!u || nslots > IR_MAX_SLOTS);
	u->n = calloc(IR_MAX_NODES + IR_SPARE_NODES, sizeof(*u->n));
	u->snaps = calloc(IR_MAX_SNAPS, sizeof(*u->snaps));
	u->ents = calloc(IR_MAX_SNAPENTS, sizeof(*u->ents));
	BUG_ON(!u->n || !u->snaps || !u->ents);
	u->slots = slots;
	u->nslots = nslots;
	ir_reset(u);
	return u;
}

void ir_free(struct ir_unit *u)
{
	free(u->n);
	free(u->snaps);
	free(u->ents);
	free(u);
}

void ir_reset(struct ir_unit *u)
{
	u->nn = 1;
	u->nsnaps = u->nents = 0;
	memset(u->cur, 0, sizeof(u->cur));
	u->dirty[0] = u->dirty[1] = 0;
	u->dirty_seq = 1;
	u->snap_seq = 0;
	u->dirtied[0] = u->dirtied[1] = 0;
	u->block = 1;
	u->nblocks = 0;
	u->overflow = u->synced = false;
	u->nold = 0;
}

void ir_block(struct ir_unit *u)
{
	memset(u->cur, 0, sizeof(u->cur));
	for (unsigned w = 0; w < 2; w++) {
		u->dirtied[w] |= u->dirty[w];
		u->dirty[w] = 0;
	}
	u->dirty_seq++;
	u->block = u->nn;
	u->nblocks++;
}

static ir_ref append(struct ir_unit *u, const struct ir_node *n)
{
	const struct ir_opinfo *in = ir_info(n->op);
	ir_ref r;

	if (unlikely(u->nn >= IR_MAX_NODES - 1)) {
		u->overflow = true;
		return u->nn - 1;
	}
	r = u->nn++;
	u->n[r] = *n;
	u->n[r].uses = 0;
	if (!u->n[r].type)
		u->n[r].type = in->type;
	for (unsigned k = 0; k < in->nops; k++) {
		struct ir_node *o = &u->n[n->a[k]];

		if (n->a[k] && o->uses < UINT16_MAX)
			o->uses++;
	}
	return r;
}

static uint32_t hash_node(const struct ir_node *n)
{
	uint64_t h = (uint64_t)n->op * 0x9e3779b97f4a7c15u ^ (uint64_t)n->imm << 20 ^ (uint64_t)n->fl << 50;

	h ^= n->a[0] * UINT64_C(0xff51afd7ed558ccd);
	h ^= n->a[1] * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= (n->a[2] + (uint64_t)n->a[3] * 77) * UINT64_C(0x9e3779b185ebca87);
	h ^= n->k * UINT64_C(0xd6e8feb86659fd93) + n->k2;
	h ^= h >> 32;
	return (uint32_t)(h ^ h >> 15) & 1023;
}

static bool same_node(const struct ir_node *a, const struct ir_node *b)
{
	return a->op == b->op && a->fl == b->fl && a->imm == b->imm && a->k == b->k && a->k2 == b->k2 &&
	       a->a[0] == b->a[0] && a->a[1] == b->a[1] && a->a[2] == b->a[2] && a->a[3] == b->a[3];
}

ir_ref ir_cse_find(const struct ir_unit *u, const struct ir_node *n)
{
	ir_ref r = u->cse[hash_node(n)];

	return r >= u->block && r < u->nn && same_node(&u->n[r], n) ? r : 0;
}

ir_ref ir_shared(struct ir_unit *u, const struct ir_node *n)
{
	uint32_t *slot = &u->cse[hash_node(n)];

	if (*slot >= u->block && *slot < u->nn && same_node(&u->n[*slot], n) && pass_on(PASS_SHARE) && !u->raw)
		return *slot;
	return *slot = append(u, n);
}

ir_ref ir_const(struct ir_unit *u, uint64_t k) { return ir_shared(u, &(struct ir_node){.op = IR_const, .k = k}); }
ir_ref ir_kb(struct ir_unit *u, bool v) { return ir_shared(u, &(struct ir_node){.op = IR_kb, .imm = v}); }
ir_ref ir_vconst(struct ir_unit *u, uint64_t lo, uint64_t hi)
{
	return ir_shared(u, &(struct ir_node){.op = IR_vconst, .k = lo, .k2 = hi});
}

static ir_ref build(struct ir_unit *u, struct ir_node *n)
{
	const struct ir_opinfo *in = ir_info(n->op);
	ir_ref r;

	if (in->fp) /* has an effect on FPSR: never shared */
		return append(u, n);
	if (n->op == IR_fl_test && n->imm >= 14) /* back ends know the other conditions */
		return ir_kb(u, true);
	r = pass_on(PASS_FOLD) && !u->raw ? ir_fold(u, n) : 0;
	return r ? r : ir_shared(u, n);
}

ir_ref ir_pure(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, ir_ref c, ir_ref d, uint32_t imm)
{
	return build(u, &(struct ir_node){.op = (uint16_t)op, .a = {a, b, c, d}, .imm = imm});
}

ir_ref ir_pure_q(struct ir_unit *u, unsigned op, uint64_t q64)
{
	return build(u, &(struct ir_node){.op = (uint16_t)op, .k = q64});
}

ir_ref ir_emit(struct ir_unit *u, const struct ir_node *n) { return append(u, n); }

ir_ref ir_get(struct ir_unit *u, unsigned slot)
{
	if (!u->cur[slot])
		u->cur[slot] = append(u, &(struct ir_node){.op = IR_getr, .type = u->slots[slot].type, .imm = slot});
	return u->cur[slot];
}

static void will_change(struct ir_unit *u, unsigned slot)
{
	if (u->nold == IR_MAX_OLD) {
		u->overflow = true;
		return;
	}
	u->old[u->nold].slot = slot;
	u->old[u->nold++].cur = u->cur[slot];
}

void ir_mark(struct ir_unit *u)
{
	u->nold = 0;
	memcpy(u->old_dirty, u->dirty, sizeof(u->dirty));
}

void ir_undo(struct ir_unit *u)
{
	while (u->nold) {
		u->nold--;
		u->cur[u->old[u->nold].slot] = u->old[u->nold].cur;
	}
	memcpy(u->dirty, u->old_dirty, sizeof(u->dirty));
	u->dirty_seq++;
}

void ir_set(struct ir_unit *u, unsigned slot, ir_ref v)
{
	if (u->cur[slot] == v)
		return;
	if (u->n[v].uses < UINT16_MAX)
		u->n[v].uses++; /* a register is a reader, too: see fold_ext() */
	will_change(u, slot);
	u->cur[slot] = v;
	u->dirty[slot >> 6] |= BIT(slot & 63);
	u->dirty_seq++;
}

void ir_forget(struct ir_unit *u, unsigned slot)
{
	will_change(u, slot);
	u->cur[slot] = 0;
	u->dirty[slot >> 6] &= ~BIT(slot & 63);
	u->dirty_seq++;
}

uint32_t ir_snapshot(struct ir_unit *u, uint64_t pc)
{
	struct ir_snap *s;

	if (u->snap_seq == u->dirty_seq && u->snap_pc == pc && u->nsnaps)
		return u->nsnaps;
	if (unlikely(u->nsnaps >= IR_MAX_SNAPS || u->nents + IR_MAX_SLOTS > IR_MAX_SNAPENTS)) {
		u->overflow = true;
		return u->nsnaps;
	}
	s = &u->snaps[u->nsnaps++];
	s->pc = pc;
	s->first = u->nents;
	for (unsigned w = 0; w < 2; w++)
		for (uint64_t m = u->dirty[w]; m; m &= m - 1) {
			unsigned slot = w * 64 + (unsigned)__builtin_ctzll(m);

			u->ents[u->nents++] = (struct ir_snapent){slot, u->cur[slot]};
		}
	s->n = u->nents - s->first;
	u->snap_seq = u->dirty_seq;
	u->snap_pc = pc;
	return u->nsnaps;
}

void ir_synced(struct ir_unit *u)
{
	u->synced = true;
	u->dirty[0] = u->dirty[1] = 0;
	u->dirty_seq++;
}

ir_ref ir_split_addr(const struct ir_unit *u, ir_ref addr, int32_t *disp)
{
	const struct ir_node *n = &u->n[addr];

	*disp = 0;
	if (n->op == IR_add64 && !(n->fl & NF_W32) && ir_is_const(u, n->a[1]) &&
	    (int64_t)u->n[n->a[1]].k == (int32_t)u->n[n->a[1]].k) {
		*disp = (int32_t)u->n[n->a[1]].k;
		return n->a[0];
	}
	return addr;
}
