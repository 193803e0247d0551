/*
 * Simplification while building: constants, identities, narrowing to 32-bit
 * operations (semantics compute in 64 bits and truncate), and conditions
 * written as comparisons of integers wherever the flags come from one, so
 * that back ends see `cmp; jcc` and the flags themselves go dead.
 */
#include "ir/fold.h"

#include "base/bits.h"
#include "ir/ops_int.h"

#define N(r) (&u->n[r])

static bool k_of(const struct ir_unit *u, ir_ref r, uint64_t *k)
{
	if (u->n[r].op != IR_const)
		return false;
	*k = u->n[r].k;
	return true;
}
static bool is_k(const struct ir_unit *u, ir_ref r, uint64_t k) { return u->n[r].op == IR_const && u->n[r].k == k; }

static ir_ref mk(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, uint32_t imm)
{
	return ir_pure(u, op, a, b, 0, 0, imm);
}

static ir_ref build_w(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, uint32_t imm);

/* Bits that may be set in r, as a mask of the low ones (known zero above). */
static uint64_t known_mask(const struct ir_unit *u, ir_ref r)
{
	const struct ir_node *n = N(r);

	if (n->fl & NF_W32 && n->type == T_INT)
		return UINT32_MAX;
	switch (n->op) {
	case IR_const: return n->k ? mask64(64 - (unsigned)__builtin_clzll(n->k)) : 0;
	case IR_zext8: return 0xff;
	case IR_zext16: return 0xffff;
	case IR_zext32: case IR_bswap32: case IR_crc32: case IR_fl_unpack: return UINT32_MAX;
	case IR_b2q: case IR_fl_carry: return 1;
	case IR_clz64: case IR_cls64: return 127;
	case IR_ld: case IR_ldx: return n->aux & MEM_SX64 ? ~UINT64_C(0) : n->aux & MEM_SX32 ? UINT32_MAX : mask64(8u << (n->aux & MEM_SIZE));
	case IR_rmw: case IR_cas: return mask64(8u << (n->aux & MEM_SIZE));
	case IR_stx: return 1;
	case IR_ldenv: return mask64(8u << (n->aux & 7));
	case IR_rorv: case IR_shlv: case IR_shrv: case IR_sarv: case IR_udiv: case IR_sdiv:
		return n->imm ? ~UINT64_C(0) : UINT32_MAX;
	case IR_extr: return n->imm >> 6 ? ~UINT64_C(0) : UINT32_MAX;
	case IR_shr64: return known_mask(u, n->a[0]) >> n->imm;
	case IR_and64: return known_mask(u, n->a[0]) & known_mask(u, n->a[1]);
	case IR_or64: case IR_xor64: return known_mask(u, n->a[0]) | known_mask(u, n->a[1]);
	case IR_sel64: return known_mask(u, n->a[1]) | known_mask(u, n->a[2]);
	case IR_vget: return mask64(8u << (n->imm & 3));
	default: return ~UINT64_C(0);
	}
}

/* The operand with extensions removed that do not matter for its low 32 bits. */
static ir_ref low32(const struct ir_unit *u, ir_ref r)
{
	while (N(r)->op == IR_zext32 || N(r)->op == IR_sext32)
		r = N(r)->a[0];
	return r;
}

/* zext32(n) where n can be done in 32 bits; 0 if not. */
static ir_ref narrow(struct ir_unit *u, ir_ref r)
{
	const struct ir_node *n = N(r);

	if (n->fl & NF_W32)
		return 0;
	switch (n->op) {
	case IR_add64: case IR_sub64: case IR_mul64: case IR_and64: case IR_or64: case IR_xor64:
		return build_w(u, n->op, low32(u, n->a[0]), low32(u, n->a[1]), 0);
	case IR_not64:
		return build_w(u, n->op, low32(u, n->a[0]), 0, 0);
	case IR_shl64:
		return n->imm < 32 ? build_w(u, n->op, low32(u, n->a[0]), 0, n->imm) : ir_const(u, 0);
	case IR_shr64:
		if (n->imm < 32 && !(known_mask(u, n->a[0]) >> 32))
			return build_w(u, n->op, low32(u, n->a[0]), 0, n->imm);
		return 0;
	case IR_sar64:
		if (n->imm < 32 && N(n->a[0])->op == IR_sext32)
			return build_w(u, n->op, low32(u, n->a[0]), 0, n->imm);
		return 0;
	case IR_sext32:
		return mk(u, IR_zext32, n->a[0], 0, 0);
	case IR_sel64: {
		ir_ref c = n->a[0], b = n->a[2], x = mk(u, IR_zext32, n->a[1], 0, 0);

		return ir_pure(u, IR_sel64, c, x, mk(u, IR_zext32, b, 0, 0), 0, 0);
	}
	default:
		return 0;
	}
}

static ir_ref build_w(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, uint32_t imm)
{
	struct ir_node n = {.op = (uint16_t)op, .fl = NF_W32, .a = {a, b}, .imm = imm};
	ir_ref r = ir_fold(u, &n);

	return r ? r : ir_shared(u, &n);
}

static bool commutes(unsigned op)
{
	return op == IR_add64 || op == IR_mul64 || op == IR_and64 || op == IR_or64 || op == IR_xor64 || op == IR_eq64 ||
	       op == IR_ne64 || op == IR_umulh64 || op == IR_smulh64;
}

/* All operands constant: the value. */
static ir_ref fold_const(struct ir_unit *u, const struct ir_node *n)
{
	const struct ir_opinfo *in = ir_info(n->op);
	u128 ops[4] = {0}, v;

	for (unsigned k = 0; k < in->nops; k++) {
		const struct ir_node *o = N(n->a[k]);

		if (o->op == IR_const || o->op == IR_vconst)
			ops[k] = (u128)o->k2 << 64 | o->k;
		else if (o->op == IR_kb)
			ops[k] = o->imm;
		else if (o->op == IR_fl_const)
			ops[k] = o->imm << 28;
		else
			return 0;
	}
	if (n->op == IR_fl_const)
		return 0;
	v = ir_eval_node(n, ops, 0);
	switch ((enum ir_type)in->type) {
	case T_INT: return ir_const(u, (uint64_t)v);
	case T_VEC: return ir_vconst(u, (uint64_t)v, (uint64_t)(v >> 64));
	case T_BOOL: return ir_kb(u, (bool)v);
	case T_FLAGS: return mk(u, IR_fl_const, 0, 0, (uint32_t)v >> 28);
	case T_NONE: break;
	}
	return 0;
}

static ir_ref cmp(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, bool sf)
{
	return sf ? mk(u, op, a, b, 0) : build_w(u, op, low32(u, a), low32(u, b), 0);
}

/* The result a - b or a + b as a node of that width. */
static ir_ref arith(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, bool sf)
{
	ir_ref r = mk(u, op, a, b, 0);

	return sf ? r : mk(u, IR_zext32, r, 0, 0);
}

static bool arith_exists(struct ir_unit *u, ir_ref a, ir_ref b, bool sf)
{
	ir_ref r;
	uint64_t k;
	struct ir_node n = {.op = IR_sub64, .a = {a, b}};

	if (!sf) {
		n.fl = NF_W32;
		n.a[0] = low32(u, a);
		n.a[1] = low32(u, b);
	}
	if (k_of(u, n.a[1], &k)) {
		n.op = IR_add64;
		n.a[1] = ir_const(u, sf ? -k : (uint32_t)-k);
	}
	r = ir_cse_find(u, &n);
	return r && N(r)->uses; /* not the result of a comparison, which nothing keeps */
}

/* fl_test of a subtraction's flags. */
static ir_ref test_sub(struct ir_unit *u, const struct ir_node *f, unsigned cond)
{
	ir_ref a = f->a[0], b = f->a[1];
	bool sf = f->imm;

	switch (cond) {
	case 0: case 1:
		if (!is_k(u, b, 0) && arith_exists(u, a, b, sf))
			return cmp(u, cond ? IR_ne64 : IR_eq64, arith(u, IR_sub64, a, b, sf), ir_const(u, 0), sf);
		return cmp(u, cond ? IR_ne64 : IR_eq64, a, b, sf);
	case 2: return cmp(u, IR_leu64, b, a, sf);
	case 3: return cmp(u, IR_ltu64, a, b, sf);
	case 4: return cmp(u, IR_lts64, arith(u, IR_sub64, a, b, sf), ir_const(u, 0), sf);
	case 5: return cmp(u, IR_les64, ir_const(u, 0), arith(u, IR_sub64, a, b, sf), sf);
	case 8: return cmp(u, IR_ltu64, b, a, sf);
	case 9: return cmp(u, IR_leu64, a, b, sf);
	case 10: return cmp(u, IR_les64, b, a, sf);
	case 11: return cmp(u, IR_lts64, a, b, sf);
	case 12: return cmp(u, IR_lts64, b, a, sf);
	case 13: return cmp(u, IR_les64, a, b, sf);
	default: return 0; /* V alone */
	}
}

static ir_ref test_add(struct ir_unit *u, const struct ir_node *f, unsigned cond)
{
	ir_ref a = f->a[0], b = f->a[1];
	bool sf = f->imm;

	switch (cond) {
	case 0: case 1: return cmp(u, cond ? IR_ne64 : IR_eq64, arith(u, IR_add64, a, b, sf), ir_const(u, 0), sf);
	case 2: return cmp(u, IR_ltu64, arith(u, IR_add64, a, b, sf), a, sf);
	case 3: return cmp(u, IR_leu64, a, arith(u, IR_add64, a, b, sf), sf);
	case 4: return cmp(u, IR_lts64, arith(u, IR_add64, a, b, sf), ir_const(u, 0), sf);
	case 5: return cmp(u, IR_les64, ir_const(u, 0), arith(u, IR_add64, a, b, sf), sf);
	default: return 0;
	}
}

static ir_ref test_logic(struct ir_unit *u, const struct ir_node *f, unsigned cond)
{
	ir_ref a = f->a[0], z = ir_const(u, 0);
	bool sf = f->imm;

	switch (cond) {
	case 0: return cmp(u, IR_eq64, a, z, sf);
	case 1: return cmp(u, IR_ne64, a, z, sf);
	case 2: case 6: case 8: return ir_kb(u, false);
	case 3: case 7: case 9: return ir_kb(u, true);
	case 4: case 11: return cmp(u, IR_lts64, a, z, sf);
	case 5: case 10: return cmp(u, IR_les64, z, a, sf);
	case 12: return cmp(u, IR_lts64, z, a, sf);
	case 13: return cmp(u, IR_les64, a, z, sf);
	default: return 0;
	}
}

static ir_ref fold_fl_test(struct ir_unit *u, const struct ir_node *n)
{
	const struct ir_node f = *N(n->a[0]);

	switch (f.op) {
	case IR_fl_sub: return test_sub(u, &f, n->imm);
	case IR_fl_add: return test_add(u, &f, n->imm);
	case IR_fl_logic: return test_logic(u, &f, n->imm);
	case IR_self:
		if (N(f.a[2])->op == IR_fl_const) {
			ir_ref t = mk(u, IR_fl_test, f.a[1], 0, n->imm);

			if (c_fl_test(N(f.a[2])->imm << 28, n->imm))
				return mk(u, IR_bor, mk(u, IR_bnot, f.a[0], 0, 0), t, 0);
			return mk(u, IR_band, f.a[0], t, 0);
		}
		return 0;
	default: return 0;
	}
}

static ir_ref fold_bool(struct ir_unit *u, const struct ir_node *n)
{
	const struct ir_node a = *N(n->a[0]);
	unsigned op;

	switch (n->op) {
	case IR_bnot:
		if (a.op == IR_bnot)
			return a.a[0];
		if (a.op == IR_fl_test)
			return mk(u, IR_fl_test, a.a[0], 0, a.imm ^ 1);
		switch (a.op) {
		case IR_eq64: op = IR_ne64; break;
		case IR_ne64: op = IR_eq64; break;
		case IR_ltu64: case IR_leu64: case IR_lts64: case IR_les64:
			op = a.op == IR_ltu64 ? IR_leu64 : a.op == IR_leu64 ? IR_ltu64 : a.op == IR_lts64 ? IR_les64 : IR_lts64;
			return a.fl & NF_W32 ? build_w(u, op, a.a[1], a.a[0], 0) : mk(u, op, a.a[1], a.a[0], 0);
		default: return 0;
		}
		return a.fl & NF_W32 ? build_w(u, op, a.a[0], a.a[1], 0) : mk(u, op, a.a[0], a.a[1], 0);
	case IR_band:
	case IR_bor:
		for (unsigned k = 0; k < 2; k++)
			if (N(n->a[k])->op == IR_kb)
				return (n->op == IR_band) == (bool)N(n->a[k])->imm ? n->a[!k] : n->a[k];
		return 0;
	default: return 0;
	}
}

static ir_ref fold_ext(struct ir_unit *u, struct ir_node *n)
{
	struct ir_node *a = N(n->a[0]);
	unsigned bits = n->op == IR_zext8 || n->op == IR_sext8 ? 8 : n->op == IR_zext16 || n->op == IR_sext16 ? 16 : 32;
	bool sx = n->op == IR_sext8 || n->op == IR_sext16 || n->op == IR_sext32;

	if (!sx) {
		if (!(known_mask(u, n->a[0]) & ~mask64(bits)))
			return n->a[0];
		/* zext32(sext8(load)): a load that extends to 32 bits */
		if (bits == 32 && a->op == IR_ld && a->aux & MEM_SX64 && !a->uses) {
			a->aux = (uint16_t)((a->aux & ~MEM_SX64) | MEM_SX32);
			return n->a[0];
		}
		if (bits == 32)
			return narrow(u, n->a[0]);
		return 0;
	}
	/* Bodies extend what they have just loaded: nothing else refers to it yet. */
	if (a->op == IR_ld && !a->uses && !(a->aux & (MEM_SX32 | MEM_SX64)) && 8u << (a->aux & MEM_SIZE) == bits) {
		a->aux |= MEM_SX64;
		return n->a[0];
	}
	if (!(known_mask(u, n->a[0]) & ~mask64(bits - 1)))
		return n->a[0];
	if (bits == 32 && a->op == IR_zext32)
		n->a[0] = a->a[0];
	return 0;
}

static ir_ref fold_int(struct ir_unit *u, struct ir_node *n)
{
	uint64_t k = 0, k2, all = n->fl & NF_W32 ? UINT32_MAX : ~UINT64_C(0);
	bool w = n->fl & NF_W32;
	ir_ref t;
#define KEEP(r) (w ? mk(u, IR_zext32, (r), 0, 0) : (r))

	if (commutes(n->op) && ir_is_const(u, n->a[0])) {
		t = n->a[0];
		n->a[0] = n->a[1];
		n->a[1] = t;
	}
	switch (n->op) {
	case IR_sub64:
		if (n->a[0] == n->a[1])
			return ir_const(u, 0);
		if (!k_of(u, n->a[1], &k))
			return 0;
		n->op = IR_add64;
		n->a[1] = ir_const(u, -k & all);
		/* fall through */
	case IR_add64:
		if (!k_of(u, n->a[1], &k))
			return 0;
		if (!(k & all))
			return KEEP(n->a[0]);
		if (N(n->a[0])->op == IR_add64 && (N(n->a[0])->fl & NF_W32) == (n->fl & NF_W32) &&
		    k_of(u, N(n->a[0])->a[1], &k2)) {
			n->a[1] = ir_const(u, (k + k2) & all);
			n->a[0] = N(n->a[0])->a[0];
			if (!((k + k2) & all))
				return KEEP(n->a[0]);
		} else if (k & ~all) {
			n->a[1] = ir_const(u, k & all);
		}
		return 0;
	case IR_and64:
		if (n->a[0] == n->a[1])
			return KEEP(n->a[0]);
		if (!k_of(u, n->a[1], &k))
			return 0;
		if (!(k & all))
			return ir_const(u, 0);
		if (!(known_mask(u, n->a[0]) & all & ~k))
			return KEEP(n->a[0]);
		if (k == 0xff)
			return mk(u, IR_zext8, n->a[0], 0, 0);
		if (k == 0xffff)
			return mk(u, IR_zext16, n->a[0], 0, 0);
		if (k == UINT32_MAX)
			return mk(u, IR_zext32, n->a[0], 0, 0);
		return 0;
	case IR_or64:
		if (n->a[0] == n->a[1] || is_k(u, n->a[1], 0))
			return KEEP(n->a[0]);
		return 0;
	case IR_xor64:
		if (n->a[0] == n->a[1])
			return ir_const(u, 0);
		return is_k(u, n->a[1], 0) ? KEEP(n->a[0]) : 0;
	case IR_mul64:
		if (is_k(u, n->a[1], 0))
			return n->a[1];
		return is_k(u, n->a[1], 1) ? KEEP(n->a[0]) : 0;
	case IR_shl64: case IR_shr64: case IR_sar64:
		return n->imm ? 0 : KEEP(n->a[0]);
	case IR_eq64: case IR_ne64: case IR_ltu64: case IR_leu64: case IR_lts64: case IR_les64:
		if (n->a[0] == n->a[1])
			return ir_kb(u, n->op == IR_eq64 || n->op == IR_leu64 || n->op == IR_les64);
		if ((n->op == IR_eq64 || n->op == IR_ne64) && is_k(u, n->a[1], 0) && N(n->a[0])->op == IR_b2q)
			return n->op == IR_ne64 ? N(n->a[0])->a[0] : mk(u, IR_bnot, N(n->a[0])->a[0], 0, 0);
		if ((n->op == IR_eq64 || n->op == IR_ne64) && !w && is_k(u, n->a[1], 0) && N(n->a[0])->op == IR_and64 &&
		    !(N(n->a[0])->fl & NF_W32) && is_k(u, N(n->a[0])->a[1], UINT64_C(1) << 63)) /* the sign */
			return n->op == IR_ne64 ? mk(u, IR_lts64, N(n->a[0])->a[0], n->a[1], 0) : mk(u, IR_les64, n->a[1], N(n->a[0])->a[0], 0);
		return 0;
	case IR_sel64: case IR_selv: case IR_self:
		if (n->a[1] == n->a[2])
			return n->a[1];
		if (N(n->a[0])->op == IR_kb)
			return N(n->a[0])->imm ? n->a[1] : n->a[2];
		if (N(n->a[0])->op == IR_bnot) {
			t = n->a[1];
			n->a[1] = n->a[2];
			n->a[2] = t;
			n->a[0] = N(n->a[0])->a[0];
		}
		return 0;
	default: return 0;
	}
#undef KEEP
}

static ir_ref fold_flags(struct ir_unit *u, struct ir_node *n)
{
	const struct ir_node f = *N(n->a[0]);

	switch (n->op) {
	case IR_fl_test: return fold_fl_test(u, n);
	case IR_fl_carry:
		if (f.op == IR_fl_sub || f.op == IR_fl_add || f.op == IR_fl_logic)
			return mk(u, IR_b2q, mk(u, IR_fl_test, n->a[0], 0, 2), 0, 0);
		return 0;
	case IR_fl_pack: return f.op == IR_fl_unpack ? f.a[0] : 0;
	case IR_fl_add: case IR_fl_sub: case IR_fl_logic:
		if (!n->imm)
			for (unsigned k = 0; k < ir_info(n->op)->nops; k++)
				n->a[k] = low32(u, n->a[k]);
		return 0;
	default: return 0;
	}
}

/* What goes through an integer register stays in a vector register. */
static ir_ref fold_v_from(struct ir_unit *u, const struct ir_node *n)
{
	struct ir_node *a = N(n->a[0]);

	/* Bodies move what they have just loaded: nothing else refers to it yet. */
	if (a->op == IR_ld && !a->uses && !(a->aux & (MEM_SX32 | MEM_SX64)) && (a->aux & MEM_SIZE) >= 2) {
		a->op = IR_ldv;
		a->type = T_VEC;
		return n->a[0];
	}
	return a->op == IR_v_lo ? mk(u, IR_v_zero_hi, a->a[0], 0, 0) : 0;
}

static ir_ref fold_v_from2(struct ir_unit *u, const struct ir_node *n)
{
	const struct ir_node *a = N(n->a[0]), *b = N(n->a[1]);

	if (a->op == IR_v_lo && b->op == IR_v_hi && a->a[0] == b->a[0])
		return a->a[0];
	if (a->op == IR_v_lo && b->op == IR_v_lo)
		return mk(u, IR_vzip1, a->a[0], b->a[0], 3);
	return 0;
}

ir_ref ir_fold(struct ir_unit *u, struct ir_node *n)
{
	ir_ref r = fold_const(u, n);

	if (r)
		return r;
	switch (n->op) {
	case IR_zext8: case IR_zext16: case IR_zext32: case IR_sext8: case IR_sext16: case IR_sext32:
		return fold_ext(u, n);
	case IR_bnot: case IR_band: case IR_bor:
		return fold_bool(u, n);
	case IR_fl_test: case IR_fl_carry: case IR_fl_pack: case IR_fl_add: case IR_fl_sub: case IR_fl_logic:
		return fold_flags(u, n);
	case IR_v_from:
		return fold_v_from(u, n);
	case IR_v_from2:
		return fold_v_from2(u, n);
	case IR_v_lo:
		return N(n->a[0])->op == IR_v_from || N(n->a[0])->op == IR_v_from2 ? N(n->a[0])->a[0] : 0;
	case IR_v_hi:
		return N(n->a[0])->op == IR_v_from2 ? N(n->a[0])->a[1] : N(n->a[0])->op == IR_v_from ? ir_const(u, 0) : 0;
	case IR_b2q:
		return N(n->a[0])->op == IR_kb ? ir_const(u, N(n->a[0])->imm) : 0;
	default:
		return fold_int(u, n);
	}
}
