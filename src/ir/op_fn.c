/*
 * One callable function per pure operation, all with the same shape: the
 * constant folder, the evaluator of tests and translated code without a
 * native lowering call them.
 */
#include "ir/ir.h"
#include "ir/ops_fp.h"
#include "ir/ops_int.h"
#include "ir/ops_vec.h"

#define T_Q Q_
#define T_V V_
#define T_B B_
#define T_F F_

#define get_T_Q(x, k) ((uint64_t)(x)->a[k])
#define get_T_V(x, k) ((x)->a[k])
#define get_T_B(x, k) ((bool)((x)->a[k] & 1))
#define get_T_F(x, k) ((uint32_t)(x)->a[k])
#define put_T_Q(v) ((uint64_t)(v))
#define put_T_V(v) (v)
#define put_T_B(v) ((bool)(v))
#define put_T_F(v) ((uint32_t)(v))
#define ENV_P
#define ENV_FP x->fp,
#define ENV_QC x->fp,
#define IMM ((uint32_t)x->imm)

#define DEF0I(n, R, p) static void w_##n(struct op_args *x) { x->r = put_##R(c_##n(IMM)); }
#define DEF0Q(n, R, p) static void w_##n(struct op_args *x) { x->r = put_##R(c_##n(x->imm)); }
#define DEF1(n, R, A, p) static void w_##n(struct op_args *x) { x->r = put_##R(c_##n(ENV_##p get_##A(x, 0))); }
#define DEF1I(n, R, A, p) static void w_##n(struct op_args *x) { x->r = put_##R(c_##n(ENV_##p get_##A(x, 0), IMM)); }
#define DEF2(n, R, A, B, p) \
	static void w_##n(struct op_args *x) { x->r = put_##R(c_##n(ENV_##p get_##A(x, 0), get_##B(x, 1))); }
#define DEF2I(n, R, A, B, p) \
	static void w_##n(struct op_args *x) { x->r = put_##R(c_##n(ENV_##p get_##A(x, 0), get_##B(x, 1), IMM)); }
#define DEF3(n, R, A, B, C, p) \
	static void w_##n(struct op_args *x) \
	{ \
		x->r = put_##R(c_##n(ENV_##p get_##A(x, 0), get_##B(x, 1), get_##C(x, 2))); \
	}
#define DEF3I(n, R, A, B, C, p) \
	static void w_##n(struct op_args *x) \
	{ \
		x->r = put_##R(c_##n(ENV_##p get_##A(x, 0), get_##B(x, 1), get_##C(x, 2), IMM)); \
	}
#define DEF4I(n, R, A, B, C, D, p) \
	static void w_##n(struct op_args *x) \
	{ \
		x->r = put_##R(c_##n(ENV_##p get_##A(x, 0), get_##B(x, 1), get_##C(x, 2), get_##D(x, 3), IMM)); \
	}
#include "ir/ops_sigs.h"

#define OP(name, sig, props) SIG_##sig(name, props)
#include "ir/ops.def"
#undef OP

static op_fn *const fns[IR_pure_end] = {
#define OP(name, sig, props) [IR_##name] = w_##name,
#include "ir/ops.def"
#undef OP
};

op_fn *ir_op_fn(unsigned op) { return op < IR_pure_end ? fns[op] : 0; }

u128 ir_eval_node(const struct ir_node *n, const u128 *ops, struct fpenv *fp)
{
	const struct ir_opinfo *in = ir_info(n->op);
	struct op_args x = {.imm = in->sig[2] == 'q' ? n->k : n->imm, .fp = fp};

	for (unsigned k = 0; k < in->nops; k++) {
		x.a[k] = ops[k];
		if (n->fl & NF_W32 && in->ops[k] == 'Q') {
			bool sx = n->op == IR_sar64 || n->op == IR_lts64 || n->op == IR_les64;
			x.a[k] = sx ? (uint64_t)(int32_t)ops[k] : (uint32_t)ops[k];
		}
	}
	fns[n->op](&x);
	if (n->fl & NF_W32 && in->type == T_INT)
		x.r = (uint32_t)x.r;
	return x.r;
}
