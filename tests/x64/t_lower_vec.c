/* Every native lowering of a vector row against the C function that is its meaning, for every immediate. */
#include "base/bits.h"
#include "ir/ops_vec.h"
#include "tests/tap.h"
#include "tests/x64/native.h"
#include "x64/cpu.h"

#define ROUNDS 2000

/* Host code for a node with its operands in registers; NULL: the row declines. */
static native_fn *emit(const struct ir_node *n, bool alias)
{
	static const int gpr[] = {RSI, R8, R9, R10};
	const struct ir_opinfo *in = ir_info(n->op);
	struct xa a = x_window(native_at, native_mem + NATIVE_BYTES, 0);
	int s[4], d = in->type == T_VEC ? 3 + (int)(rnd64() % 13) : R11;
	uint8_t *body;

	x_op(&a, PNONE, 0xff, false, 6, xr(R15)); /* push */
	x_load(&a, true, R15, xmem(RDI, offsetof(struct op_args, fp)));
	for (int k = 0; k < in->nops; k++) {
		struct xm m = xmem(RDI, (int)offsetof(struct op_args, a) + 16 * k);
		bool vec = in->ops[k] == 'V';

		do
			s[k] = vec ? 3 + (int)(rnd64() % 13) : gpr[k];
		while (vec && (s[k] == d || (k && s[k] == s[k - 1]) || (k > 1 && s[k] == s[k - 2])));
		if (vec)
			x_vload(&a, s[k], m);
		else
			x_load(&a, true, s[k], m);
	}
	if (alias)
		d = s[0];
	body = a.p;
	if (!vl_vec[n->op].fn(&a, n, d, s)) {
		if (a.p != body)
			printf("# %s emits something before it declines\n", in->name);
		return NULL;
	}
	if (in->type == T_VEC)
		x_vstore(&a, xmem(RDI, 0), d);
	else
		x_store(&a, true, xmem(RDI, 0), d);
	x_op(&a, PNONE, 0x8f, false, 0, xr(R15));
	x8(&a, 0xc3);
	if (a.overflow)
		return NULL;
	return (native_fn *)(uintptr_t)native_at;
}

static void show(const char *what, u128 v)
{
	printf("#   %s %016" PRIx64 "%016" PRIx64 "\n", what, (uint64_t)(v >> 64), (uint64_t)v);
}

/* Returns the number of operand sets that differ, of those tried. */
static unsigned try_node(const struct ir_node *n, bool alias, unsigned *tried)
{
	const struct ir_opinfo *in = ir_info(n->op);
	native_fn *fn = emit(n, alias);
	unsigned bad = 0;

	for (unsigned k = 0; fn && k < ROUNDS; k++) {
		struct fpenv e0 = {0}, e1 = {0};
		struct op_args x = {.imm = in->sig[2] == 'q' ? n->k : n->imm, .fp = &e0}, y;

		for (unsigned i = 0; i < in->nops; i++)
			x.a[i] = in->ops[i] == 'V' ? odd_vec() : odd_int();
		if (in->nops > 1 && rnd64() % 4 == 0)
			x.a[1] = in->ops[1] == 'V' ? x.a[0] : (uint64_t)x.a[0];
		y = x;
		y.fp = &e1;
		ir_op_fn(n->op)(&x);
		fn(&y);
		++*tried;
		if ((x.r != y.r || e0.fpsr != e1.fpsr) && !bad++) {
			printf("# %s imm %x%s: fpsr %x, want %x\n", in->name, n->imm, alias ? " in place" : "", e1.fpsr, e0.fpsr);
			for (unsigned i = 0; i < in->nops; i++)
				show("operand", x.a[i]);
			show("got ", y.r);
			show("want", x.r);
		}
	}
	return bad;
}

/* What immediates a row takes: n from..to, and m. */
struct range {
	unsigned n0, n1, m1;
	bool hi;
};
static struct range range_of(unsigned op, unsigned es)
{
	unsigned lanes = (16u >> es) - 1, bits = 8u << es;

	switch (op) {
	case IR_vshl: return (struct range){0, bits - 1, 0, false};
	case IR_vsshr: case IR_vushr: case IR_vsrshr: case IR_vurshr: return (struct range){1, bits, 0, false};
	case IR_vget: case IR_vgets: case IR_vins: case IR_vdupl: return (struct range){0, lanes, 0, false};
	case IR_vinsl: return (struct range){0, lanes, lanes, false};
	case IR_vext: return (struct range){0, 15, 0, false};
	case IR_vrev: return (struct range){es + 1, 3, 0, false};
	case IR_vtbl: case IR_vtbx: return (struct range){0, 48, 0, false};
	case IR_vsxtl: case IR_vuxtl: case IR_vsmull: case IR_vumull: case IR_vpmull:
		return (struct range){0, 0, 0, true};
	default: return (struct range){0, 0, 0, false};
	}
}

static void test_op(unsigned op)
{
	const struct ir_opinfo *in = ir_info(op);
	bool can_alias = vl_vec[op].flags & VL_ALIAS && in->nops && in->ops[0] == 'V' && in->type == T_VEC;
	unsigned bad = 0, tried = 0;

	for (unsigned es = 0; es < (in->imm ? 4 : 1); es++) {
		struct range r = range_of(op, es);

		for (unsigned k = r.n0; k <= r.n1; k++)
			for (unsigned m = 0; m <= r.m1; m++)
				for (unsigned hi = 0; hi <= r.hi; hi++)
					for (unsigned alias = 0; alias <= can_alias; alias++) {
						struct ir_node n = {.op = (uint16_t)op, .imm = VI2(es, k, m) | (hi ? VI_HI : 0)};

						if (in->sig[2] == 'q') {
							n.k = odd_int();
							n.imm = 0;
						}
						bad += try_node(&n, alias, &tried);
					}
	}
	ok(!bad && tried, "%s: %u operands", in->name, tried);
}

int main(void)
{
	if (!x64_supported())
		tap_skip_all("the host lacks AVX2 or BMI");
	native_init();
	for (unsigned op = 1; op < IR_pure_end; op++)
		if (vl_vec[op].fn) {
			bool crypto = op >= IR_vaese;

			if (crypto && x64_cpu() != (x64_cpu() | X64_AES | X64_SHA | X64_PCLMUL))
				continue;
			test_op(op);
		}
	return tap_done();
}
