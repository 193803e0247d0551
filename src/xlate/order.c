/*
 * The one place where memory order becomes host instructions: asks the
 * mapping of mcm (mcm/mapping.h, argued in docs/MEMORY-MODEL.md) and emits
 * fences around accesses.  Locked instructions, which the back end uses for
 * read-modify-writes, are full fences and pay what is owed by themselves.
 */
#include "a64/cpu_ops.h"
#include "mcm/mapping.h"
#include "xlate/irb.h"
#include "xlate/xlate.h"

bool xlate_profile;

void order_count(struct irb *e, size_t counter, ir_ref by)
{
	ir_ref was;

	if (!xlate_profile)
		return;
	was = ir_emit(e->u, &(struct ir_node){.op = IR_ldenv, .imm = (uint32_t)counter, .aux = 3});
	ir_emit(e->u, &(struct ir_node){.op = IR_stenv, .a = {ir_pure(e->u, IR_add64, was, by, 0, 0, 0)}, .imm = (uint32_t)counter, .aux = 3});
}

/* What the fence that follows adds to the count: one, or one if one is owed. */
static void count_fence(struct irb *e, unsigned what)
{
	if (!xlate_profile || !(what & (MCM_A_FENCE | MCM_A_FENCE_OWED)))
		return;
	order_count(e, offsetof(struct vcpu, st.fences), what & MCM_A_FENCE ? ir_const(e->u, 1) :
		    ir_emit(e->u, &(struct ir_node){.op = IR_ldenv, .imm = offsetof(struct vcpu, fence_owed), .aux = 0}));
}

static void around(struct irb *e, unsigned what)
{
	count_fence(e, what);
	if (what & MCM_A_FENCE)
		ir_emit(e->u, &(struct ir_node){.op = IR_fence});
	else if (what & MCM_A_FENCE_OWED)
		ir_emit(e->u, &(struct ir_node){.op = IR_fence, .imm = 1});
	if (what & MCM_A_OWE)
		ir_emit(e->u, &(struct ir_node){.op = IR_owe});
}

static const struct mcm_lowering *row(enum mcm_class c) { return mcm_lower(mcm_mapping_selected(), c); }

static enum mcm_class load_class(unsigned mo, bool exclusive)
{
	if (exclusive)
		return (mo & MO_MASK) == MO_ACQ ? MCM_LDX_ACQ : MCM_LDX;
	switch (mo & MO_MASK) {
	case MO_ACQ: return MCM_LD_ACQ;
	case MO_ACQPC: return MCM_LD_ACQPC;
	default: return MCM_LD;
	}
}
static enum mcm_class store_class(unsigned mo, bool exclusive)
{
	if (exclusive)
		return (mo & MO_MASK) == MO_REL ? MCM_STX_PURE_REL : MCM_STX_PURE;
	return (mo & MO_MASK) == MO_REL ? MCM_ST_REL : MCM_ST;
}

void order_before_load(struct irb *e, unsigned mo, bool exclusive) { around(e, row(load_class(mo, exclusive))->before); }
void order_before_store(struct irb *e, unsigned mo, bool exclusive) { around(e, row(store_class(mo, exclusive))->before); }
void order_after_store(struct irb *e, unsigned mo, bool exclusive)
{
	const struct mcm_lowering *l = row(store_class(mo, exclusive));

	around(e, l->access == MCM_X_XCHG ? l->after | MCM_A_FENCE : l->after); /* an exchange orders as a store and a fence */
}

static uint64_t help_dsb(struct vcpu *c)
{
	cpu_dsb(c);
	return 0;
}

void order_barrier(struct irb *e, enum barrier_kind kind)
{
	static const uint8_t classes[] = {
		[BAR_DMB_SY] = MCM_DMB_FULL, [BAR_DMB_LD] = MCM_DMB_LD, [BAR_DMB_ST] = MCM_DMB_ST,
		[BAR_DSB_SY] = MCM_DSB_FULL, [BAR_DSB_LD] = MCM_DSB_LD, [BAR_DSB_ST] = MCM_DSB_ST, [BAR_SB] = MCM_DMB_FULL,
	};

	around(e, row(classes[kind])->before);
	around(e, row(classes[kind])->after);
	if (kind == BAR_DSB_SY || kind == BAR_DSB_LD || kind == BAR_DSB_ST)
		irb_helper(e, (uintptr_t)help_dsb, HF_SYNC, 0, 0, 0);
}
