/* The walk over a unit: each live node to its lowering, then the code out of line. */
#include "x64/lower.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/passes.h"

struct lower *x64_lower_new(void)
{
	struct lower *l = calloc(1, sizeof(*l));

	BUG_ON(!l);
	l->v = calloc(IR_MAX_NODES + IR_SPARE_NODES, sizeof(*l->v));
	l->groups = calloc(MAX_GROUPS + 1, sizeof(*l->groups));
	l->group = calloc(IR_MAX_NODES, 1);
	l->memo = calloc(IR_MAX_NODES, 1);
	l->snapped = calloc(IR_MAX_NODES, sizeof(*l->snapped));
	l->uses = calloc(MAX_USES, sizeof(*l->uses));
	l->stubs = calloc(MAX_STUBS + 1, sizeof(*l->stubs));
	l->recs = calloc(IR_MAX_SNAPS, sizeof(*l->recs));
	l->rlocs = calloc(MAX_RLOCS + 4, sizeof(*l->rlocs));
	l->pool = calloc(MAX_POOL, sizeof(*l->pool));
	l->links = calloc(512, sizeof(*l->links));
	BUG_ON(!l->v || !l->groups || !l->group || !l->memo || !l->snapped || !l->uses || !l->stubs || !l->recs || !l->rlocs || !l->pool || !l->links);
	return l;
}

void x64_lower_free(struct lower *l)
{
	free(l->v);
	free(l->groups);
	free(l->group);
	free(l->memo);
	free(l->snapped);
	free(l->uses);
	free(l->stubs);
	free(l->recs);
	free(l->rlocs);
	free(l->pool);
	free(l->links);
	free(l);
}

void low_call_fn(struct lower *l, const struct ir_node *n, uint32_t g, uint32_t x)
{
	const struct ir_opinfo *in = ir_info(n->op);
	struct xa *a = &l->a;

	for (int k = 0; k < 16; k++) {
		if (g >> k & 1)
			x_store(a, true, xmem(RSP, FR_GPR + 8 * k), k);
		if (x >> k & 1)
			x_vstore(a, xmem(RSP, FR_XMM + 16 * k), k);
	}
	x_mov_ri(a, RAX, in->sig[2] == 'q' ? n->k : n->imm);
	x_store(a, true, xmem(RSP, FR_ARG + 80), RAX);
	x_lea(a, true, RAX, xmem(R15, (int)x64_cfg.off_fp));
	x_store(a, true, xmem(RSP, FR_ARG + 88), RAX);
	x_lea(a, true, RDI, xmem(RSP, FR_ARG));
	x_call(a, (const void *)(uintptr_t)ir_op_fn(n->op));
	for (int k = 0; k < 16; k++) {
		if (g >> k & 1)
			x_load(a, true, k, xmem(RSP, FR_GPR + 8 * k));
		if (x >> k & 1)
			x_vload(a, k, xmem(RSP, FR_XMM + 16 * k));
	}
}

/* A pure operation by its C function: operands and result through the frame. */
void low_call(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	const struct ir_opinfo *in = ir_info(n->op);
	struct xa *a = &l->a;

	for (unsigned k = 0; k < in->nops; k++) {
		struct xm m = xmem(RSP, FR_ARG + 16 + 16 * (int)k);

		if (in->ops[k] == 'V') {
			x_vstore(a, m, lo_usex(l, n->a[k]));
		} else if (LN(n->a[k])->type == T_FLAGS) {
			lo_cond_prep(l, n->a[k]);
			lo_flags_eax(l, n->a[k]);
			x_store(a, true, m, RAX);
		} else if (LN(n->a[k])->type == T_BOOL) {
			l->fail = true; /* no operation with a truth operand lacks a lowering */
		} else {
			x_store(a, true, m, lo_use(l, n->a[k]));
		}
	}
	l->def_phase = true;
	low_call_fn(l, n, lo_live_g(l), lo_live_x(l));
	if (in->type == T_VEC)
		x_vload(a, lo_defx(l, r), xmem(RSP, FR_ARG));
	else
		x_load(a, true, lo_def(l, r), xmem(RSP, FR_ARG));
}

bool low_native_v(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	const struct ir_opinfo *in = ir_info(n->op);
	const struct vl_row *row = &vl_vec[n->op];
	int s[4] = {0}, d;

	if (!row->fn || !pass_on(PASS_VEC))
		return false;
	for (unsigned k = 0; k < in->nops; k++)
		s[k] = in->ops[k] == 'V' ? lo_usex(l, n->a[k]) : lo_use(l, n->a[k]);
	if (row->flags & VL_ALIAS && in->nops && in->ops[0] == 'V' && in->type == T_VEC && lo_steal(l, r, n->a[0]))
		d = s[0];
	else if (in->type == T_VEC)
		d = lo_defx(l, r);
	else
		d = lo_def(l, r);
	if (row->fn(&l->a, n, d, s))
		return true;
	/* Not this immediate: give the register back; the operands are untouched. */
	if (d == s[0] && in->type == T_VEC && in->ops[0] == 'V') {
		l->v[n->a[0]].reg = (int8_t)d;
		l->own_x[d] = n->a[0];
	} else {
		(in->type == T_VEC ? l->own_x : l->own_g)[d] = 0;
	}
	l->v[r].reg = -1;
	return false;
}

static void node(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);

	switch (n->op) {
	case IR_vconst: case IR_kb: case IR_param:
		return;
	case IR_getr:
		l->def_phase = false;
		if (n->type == T_VEC)
			lo_usex(l, r);
		else
			lo_use(l, r);
		return;
	case IR_ldenv: {
		int d = lo_def(l, r);
		struct xm m = xmem(R15, (int)n->imm);

		switch (n->aux) {
		case 0: x_movzx8(&l->a, d, m); break;
		case 1: x_movzx16(&l->a, d, m); break;
		default: x_load(&l->a, n->aux == 3, d, m); break;
		}
		return;
	}
	case IR_stenv: {
		int s = lo_use(l, n->a[0]);
		struct xm m = xmem(R15, (int)n->imm);

		if (n->aux == 0) {
			x_mov(&l->a, false, RAX, s);
			x_op(&l->a, PNONE, 0x88, false, RAX, m);
		} else {
			x_op(&l->a, n->aux == 1 ? P66 : PNONE, 0x89, n->aux == 3, s, m);
		}
		return;
	}
	case IR_band: case IR_bor: case IR_bnot: case IR_b2q: case IR_self: case IR_sel64: case IR_selv:
	case IR_fl_adc: case IR_fl_sbc: case IR_fl_unpack: case IR_fl_carry:
		low_cond_node(l, r);
		return;
	case IR_helper:
		l->block_synced |= (n->imm & HF_SYNC) != 0;
		low_helper(l, r);
		return;
	case IR_block:
		low_block(l, r);
		return;
	case IR_brc: case IR_br: case IR_jmp: case IR_leave: case IR_poll:
		low_exit(l, r);
		return;
	default:
		break;
	}
	if (low_mem(l, r) || low_int(l, r) || low_native_v(l, r) || low_fp(l, r))
		return;
	low_call(l, r);
}

static void walk(struct lower *l)
{
	for (ir_ref r = 1; r < l->u->nn && !l->fail && !l->a.overflow; r++) {
		if (!l->v[r].live || l->v[r].lazy || LN(r)->op == IR_const)
			continue;
		l->cur = r;
		l->pin_g = l->pin_x = 0;
		l->def_phase = false;
		node(l, r);
	}
}

bool x64_lower(struct lower *l, const struct x64_job *job, struct x64_out *out)
{
	uint8_t *base = (uint8_t *)(((uintptr_t)job->buf + 15) & ~(uintptr_t)15);

	if (base + X_LEAST >= job->end)
		return false;
	l->u = job->u;
	l->job = job;
	l->a = x_window(base, job->end, job->delta);
	l->fail = false;
	l->cur = 0;
	l->fl_pos = 0;
	l->nstubs = l->nrecs = l->nrlocs = l->npool = l->nlinks = 0;
	l->slow[0] = l->slow[1] = l->group_end = NULL;
	ra_prepare(l);
	walk(l);
	low_stubs(l);
	low_links(l);
	low_bind_edges(l);
	if (l->fail || l->a.overflow)
		return false;
	out->code = base + job->delta;
	out->size = (uint32_t)(l->a.p - base);
	out->recs = l->recs;
	out->rlocs = l->rlocs;
	out->pool = l->pool;
	out->links = l->links;
	out->nrecs = l->nrecs;
	out->nrlocs = l->nrlocs;
	out->npool = l->npool;
	out->nlinks = l->nlinks;
	return true;
}
