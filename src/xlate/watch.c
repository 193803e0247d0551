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
