/* See watch.h. */
#include "xlate/watch.h"

#include "xlate/xlate.h"

enum what { NOTHING, RELEASE, PUBLISH };

static enum what kind(bool acquire, bool release) { return !release ? NOTHING : acquire ? PUBLISH : RELEASE; }

/* A loop of exclusives that became one operation, and was built: e->pc is its last instruction, behind the store. */
static enum what of_loop(const struct irb *e, const struct f_LDXR *ld)
{
	struct a64_insn st;
	uint32_t word;

	if (!xlate_peek(e, e->pc - 4, &word) || !a64_decode(word, e->c->feats, &st) || st.op != A64_STXR)
		return NOTHING;
	return kind(ld->o0, st.STXR.o0);
}

/* A full DMB stands before it: a plain store is a release then. */
static bool behind_dmb(const struct irb *e)
{
	struct a64_insn b;
	uint32_t word;

	return (e->pc & 0xfff) && xlate_peek(e, e->pc - 4, &word) && a64_decode(word, e->c->feats, &b) && b.op == A64_DMB && (b.DMB.crm & 3) == 3;
}

static enum what classify(const struct irb *e, const struct a64_insn *in, bool fused)
{
	switch (in->op) {
	case A64_STR_imm: case A64_STR_imm9: case A64_STR_reg: return behind_dmb(e) ? RELEASE : NOTHING;
	case A64_STLR: case A64_STLUR: return RELEASE;
	case A64_LDXR: return fused ? of_loop(e, &in->LDXR) : NOTHING;
	case A64_STXR: return in->STXR.o0 ? PUBLISH : NOTHING;
	case A64_SWP: return kind(in->SWP.a, in->SWP.r);
	case A64_LDADD: return kind(in->LDADD.a, in->LDADD.r);
	case A64_CAS: return kind(in->CAS.l, in->CAS.o0);
	default: return NOTHING;
	}
}

/* -- loops that spin without a hint -- */

#define SPIN_WORDS 6

/* What a branch adds to its address if it closes a short loop, else 0. */
static int loop_bytes(const struct a64_insn *in)
{
	int words = 0;

	if (in->op == A64_B_cond)
		words = in->B_cond.imm19;
	else if (in->op == A64_CBZ || in->op == A64_CBNZ)
		words = in->CBZ.imm19;
	else if (in->op == A64_TBZ || in->op == A64_TBNZ)
		words = in->TBZ.imm14;
	return words < 0 && words >= -SPIN_WORDS ? words * 4 : 0;
}

struct loads {
	uint32_t bases, loaded; /* sets of registers */
};

/* Does it only load, or compare? */
static bool only_looks(const struct a64_insn *in, struct loads *l)
{
	switch (in->op) {
	case A64_LDAR: case A64_LDAPR:
		l->bases |= 1u << in->LDAR.rn;
		l->loaded |= 1u << in->LDAR.rt;
		return true;
	case A64_LDR_imm:
		l->bases |= 1u << in->LDR_imm.rn;
		l->loaded |= 1u << in->LDR_imm.rt;
		return true;
	case A64_SUBS_imm: return in->SUBS_imm.rd == 31;
	case A64_SUBS_reg: return in->SUBS_reg.rd == 31;
	case A64_ANDS_imm: return in->ANDS_imm.rd == 31;
	case A64_ANDS_reg: return in->ANDS_reg.rd == 31;
	default: return false;
	}
}

/* Does the branch `br` at e->pc close a loop that does nothing but look at the same places of memory? */
static bool spins(const struct irb *e, const struct a64_insn *br)
{
	int back = loop_bytes(br);
	struct loads l = {0};
	struct a64_insn in;
	uint32_t word;

	for (uint64_t at = e->pc + (uint64_t)back; at != e->pc; at += 4)
		if ((at ^ e->pc) >> 12 || !xlate_peek(e, at, &word) || !a64_decode(word, e->c->feats, &in) || !only_looks(&in, &l))
			return false;
	return l.loaded && !(l.loaded & l.bases);
}

void watch_spin(struct irb *e, const struct a64_insn *br)
{
	ir_ref again;

	if (!e->c->watch_releases || !spins(e, br))
		return;
	again = ir_emit(e->u, &(struct ir_node){.op = IR_sel64, .a = {e->cond, ir_const(e->u, 1), ir_const(e->u, 0)}});
	irb_spin_hint(e, again, e->target);
}

void watch_release(struct irb *e, const struct a64_insn *in, bool fused)
{
	if (!e->c->watch_releases)
		return;
	switch (classify(e, in, fused)) {
	case NOTHING: break;
	case RELEASE:
		ir_emit(e->u, &(struct ir_node){.op = IR_poll, .imm = 1, .k = e->pc + 4, .snap = ir_snapshot(e->u, e->pc)});
		break;
	case PUBLISH:
		ir_emit(e->u, &(struct ir_node){.op = IR_stenv, .a = {ir_const(e->u, 0)}, .imm = offsetof(struct vcpu, release_watch),
						   .aux = 2});
		break;
	}
}
