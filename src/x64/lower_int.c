/* Lowering of integer operations. BMI1, BMI2 and LZCNT are there (x64_supported). */
#include "x64/lower.h"

static void set_fl(struct lower *l, ir_ref r)
{
	l->fl_ref = r;
	l->fl_pos = l->a.p;
}

/* d := a op b, two-operand form. */
static void alu2(struct lower *l, ir_ref r, enum x_alu op)
{
	const struct ir_node *n = LN(r);
	bool w = !(n->fl & NF_W32), has_imm;
	ir_ref ra = n->a[0], rb = n->a[1];
	int32_t imm = 0;
	int sa, sb = 0, d;

	has_imm = lo_imm32(l, rb, w, &imm);
	if (LN(ra)->op == IR_const && op == X_SUB && LN(ra)->k == 0 && !has_imm) { /* neg */
		sb = lo_use(l, rb);
		if (!lo_steal(l, r, rb)) {
			d = lo_def(l, r);
			x_mov(&l->a, w, d, sb);
			sb = d;
		}
		x_op(&l->a, PNONE, 0xf7, w, 3, xr(sb));
		set_fl(l, r);
		return;
	}
	sa = lo_use(l, ra);
	if (!has_imm)
		sb = lo_use(l, rb);
	if (lo_steal(l, r, ra)) {
		d = sa;
	} else if (!has_imm && op != X_SUB && lo_steal(l, r, rb)) {
		d = sb;
		sb = sa;
	} else {
		d = lo_def(l, r);
		if (op == X_ADD) {
			x_lea(&l->a, w, d, has_imm ? xmem(sa, imm) : xmemi(sa, sb, 0, 0));
			return;
		}
		x_mov(&l->a, w, d, sa);
	}
	if (has_imm)
		x_alu_i(&l->a, op, w, xr(d), imm);
	else
		x_alu(&l->a, op, w, d, xr(sb));
	set_fl(l, r);
}

static void mul(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	bool w = !(n->fl & NF_W32);
	int32_t imm;
	int sa = lo_use(l, n->a[0]), sb, d;

	if (lo_imm32(l, n->a[1], w, &imm)) {
		d = lo_def(l, r);
		x_op(&l->a, PNONE, 0x69, w, d, xr(sa));
		x32(&l->a, (uint32_t)imm);
		return;
	}
	sb = lo_use(l, n->a[1]);
	if (lo_steal(l, r, n->a[0])) {
		d = sa;
	} else if (lo_steal(l, r, n->a[1])) {
		d = sb;
		sb = sa;
	} else {
		d = lo_def(l, r);
		x_mov(&l->a, w, d, sa);
	}
	x_op(&l->a, PNONE, 0x0faf, w, d, xr(sb));
}

static void mulh(struct lower *l, ir_ref r, bool sign)
{
	const struct ir_node *n = LN(r);
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d;

	x_mov(&l->a, true, RAX, sa);
	x_op(&l->a, PNONE, 0xf7, true, sign ? 5 : 4, xr(sb));
	d = lo_def(l, r);
	x_mov(&l->a, true, d, RDX);
}

static void divide(struct lower *l, ir_ref r, bool sign)
{
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	bool w = n->imm;
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d;
	uint8_t *zero, *neg = 0, *done = 0;

	x_mov(a, w, RCX, sb);
	x_mov_ri(a, RAX, 0);
	x_test(a, w, RCX, RCX);
	zero = x_jcc(a, CC_E);
	x_mov(a, w, RAX, sa);
	if (sign) {
		x_alu_i(a, X_CMP, w, xr(RCX), -1);
		neg = x_jcc(a, CC_E);
		if (w)
			x8(a, 0x48);
		x8(a, 0x99); /* cqo, cdq */
		x_op(a, PNONE, 0xf7, w, 7, xr(RCX));
		done = x_jmp(a);
		x_bind(a, neg);
		x_op(a, PNONE, 0xf7, w, 3, xr(RAX));
		x_bind(a, done);
	} else {
		x_mov_ri(a, RDX, 0);
		x_op(a, PNONE, 0xf7, w, 6, xr(RCX));
	}
	x_bind(a, zero);
	d = lo_def(l, r);
	x_mov(a, w, d, RAX);
}

/* One operand, result in place or in a copy. */
static int unary(struct lower *l, ir_ref r, bool w)
{
	const struct ir_node *n = LN(r);
	int s = lo_use(l, n->a[0]), d;

	if (lo_steal(l, r, n->a[0]))
		return s;
	d = lo_def(l, r);
	x_mov(&l->a, w, d, s);
	return d;
}

static void shift_imm(struct lower *l, ir_ref r, enum x_sh op)
{
	bool w = !(LN(r)->fl & NF_W32);
	int d = unary(l, r, w);

	x_shift_i(&l->a, op, w, d, LN(r)->imm);
	if (LN(r)->imm)
		set_fl(l, r);
}

static void shift_reg(struct lower *l, ir_ref r, unsigned pfx)
{
	const struct ir_node *n = LN(r);
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d = lo_def(l, r);

	x_vex(&l->a, pfx, 2, n->imm, false, 0xf7, d, sb, xr(sa)); /* shlx, shrx, sarx */
}

static void rotate_reg(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d;

	x_mov(&l->a, false, RCX, sb);
	x_mov(&l->a, n->imm, RAX, sa);
	x_op(&l->a, PNONE, 0xd3, n->imm, X_ROR, xr(RAX));
	d = lo_def(l, r);
	x_mov(&l->a, n->imm, d, RAX);
}

static void extr(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	unsigned lsb = n->imm & 63;
	bool w = n->imm >> 6;
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d;

	if (n->a[0] == n->a[1]) {
		d = lo_def(l, r);
		x_rorx(&l->a, w, d, sb, lsb);
		return;
	}
	x_mov(&l->a, w, RAX, sb);
	if (lsb) {
		x_op(&l->a, PNONE, 0x0fac, w, sa, xr(RAX)); /* shrd */
		x8(&l->a, lsb);
	}
	d = lo_def(l, r);
	x_mov(&l->a, w, d, RAX);
}

static void and_mask(struct xa *a, int d, uint64_t m)
{
	if ((int64_t)m == (int32_t)m) {
		x_alu_i(a, X_AND, true, xr(d), (int32_t)m);
	} else {
		x_mov_ri(a, RDX, m);
		x_alu(a, X_AND, true, d, xr(RDX));
	}
}

static void bitins(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	unsigned lsb = n->imm & 63, width = n->imm >> 8;
	uint64_t m = mask64(width) << lsb;
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d;

	x_mov(&l->a, true, RCX, sb);
	if (lsb + width < 64 || !lsb) {
		if (width == 32)
			x_mov(&l->a, false, RCX, RCX);
		else
			and_mask(&l->a, RCX, mask64(width));
	}
	if (lsb)
		x_shift_i(&l->a, X_SHL, true, RCX, lsb);
	x_mov(&l->a, true, RAX, sa);
	and_mask(&l->a, RAX, ~m);
	d = lo_def(l, r);
	x_lea(&l->a, true, d, xmemi(RAX, RCX, 0, 0)); /* disjoint: + is | */
}

static void extend(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	int s = lo_use(l, n->a[0]), d;

	if (!lo_steal(l, r, n->a[0]))
		d = lo_def(l, r);
	else
		d = s;
	switch (n->op) {
	case IR_zext8: x_movzx8(a, d, xr(s)); break;
	case IR_zext16: x_movzx16(a, d, xr(s)); break;
	case IR_zext32: x_mov(a, false, d, s); break;
	case IR_sext8: x_movsx8(a, true, d, xr(s)); break;
	case IR_sext16: x_op(a, PNONE, 0x0fbf, true, d, xr(s)); break;
	default: x_op(a, PNONE, 0x63, true, d, xr(s)); break; /* movsxd */
	}
}

static void bswap(struct lower *l, int d, bool w) 
{
	x8(&l->a, 0x40 | (unsigned)w << 3 | (d & 8 ? 1u : 0));
	x8(&l->a, 0x0f);
	x8(&l->a, 0xc8 + ((unsigned)d & 7));
}

static void swap_group(struct xa *a, int d, unsigned n, uint64_t m)
{
	x_mov(a, true, RAX, d);
	x_shift_i(a, X_SHR, true, RAX, n);
	x_mov_ri(a, RDX, m);
	x_alu(a, X_AND, true, RAX, xr(RDX));
	x_alu(a, X_AND, true, d, xr(RDX));
	x_shift_i(a, X_SHL, true, d, n);
	x_alu(a, X_OR, true, d, xr(RAX));
}

static void crc(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	int sa = lo_use(l, n->a[0]), sb = lo_use(l, n->a[1]), d;
	unsigned size = n->imm & 3;

	x_mov(a, false, RAX, sa);
	x_mov(a, true, RCX, sb);
	if (size == 1)
		x8(a, 0x66);
	x8(a, 0xf2);
	if (size == 3)
		x8(a, 0x48);
	x8(a, 0x0f);
	x8(a, 0x38);
	x8(a, size ? 0xf1 : 0xf0);
	x8(a, 0xc1); /* eax, ecx */
	d = lo_def(l, r);
	x_mov(a, false, d, RAX);
}

static void cls(struct lower *l, ir_ref r)
{
	struct xa *a = &l->a;
	int s = lo_use(l, LN(r)->a[0]), d;

	/* leading zeros of (x ^ x >> 63), less one */
	x_mov(a, true, RAX, s);
	x_shift_i(a, X_SAR, true, RAX, 63);
	x_alu(a, X_XOR, true, RAX, xr(s));
	x_op(a, PF3, 0x0fbd, true, RAX, xr(RAX));
	d = lo_def(l, r);
	x_lea(a, false, d, xmem(RAX, -1));
}

static void from_vec(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int s = lo_usex(l, n->a[0]), d = lo_def(l, r);

	if (n->op == IR_v_lo) {
		x_vmovq_rx(&l->a, d, s);
	} else {
		x_vex(&l->a, P66, 3, true, false, 0x16, s, 0, xr(d)); /* vpextrq */
		x8(&l->a, 1);
	}
}

static void to_vec(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int lo = lo_use(l, n->a[0]), hi = n->op == IR_v_from2 ? lo_use(l, n->a[1]) : 0, d = lo_defx(l, r);

	x_vmovq_xr(&l->a, d, lo);
	if (n->op == IR_v_from2) {
		x_vex(&l->a, P66, 3, true, false, 0x22, d, d, xr(hi)); /* vpinsrq */
		x8(&l->a, 1);
	}
}

bool low_int(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	int d, s;

	switch (n->op) {
	case IR_add64: alu2(l, r, X_ADD); return true;
	case IR_sub64: alu2(l, r, X_SUB); return true;
	case IR_and64: alu2(l, r, X_AND); return true;
	case IR_or64: alu2(l, r, X_OR); return true;
	case IR_xor64: alu2(l, r, X_XOR); return true;
	case IR_mul64: mul(l, r); return true;
	case IR_umulh64: mulh(l, r, false); return true;
	case IR_smulh64: mulh(l, r, true); return true;
	case IR_udiv: divide(l, r, false); return true;
	case IR_sdiv: divide(l, r, true); return true;
	case IR_not64:
		d = unary(l, r, !(n->fl & NF_W32));
		x_op(a, PNONE, 0xf7, !(n->fl & NF_W32), 2, xr(d));
		return true;
	case IR_shl64: shift_imm(l, r, X_SHL); return true;
	case IR_shr64: shift_imm(l, r, X_SHR); return true;
	case IR_sar64: shift_imm(l, r, X_SAR); return true;
	case IR_shlv: shift_reg(l, r, P66); return true;
	case IR_shrv: shift_reg(l, r, PF2); return true;
	case IR_sarv: shift_reg(l, r, PF3); return true;
	case IR_rorv: rotate_reg(l, r); return true;
	case IR_extr: extr(l, r); return true;
	case IR_bitins: bitins(l, r); return true;
	case IR_zext8: case IR_zext16: case IR_zext32: case IR_sext8: case IR_sext16: case IR_sext32:
		extend(l, r);
		return true;
	case IR_bswap64: bswap(l, unary(l, r, true), true); return true;
	case IR_bswap32: bswap(l, unary(l, r, false), false); return true;
	case IR_bswap32x2:
		d = unary(l, r, true);
		bswap(l, d, true);
		x_shift_i(a, X_ROR, true, d, 32);
		return true;
	case IR_bswap16x4:
		d = unary(l, r, true);
		swap_group(a, d, 8, UINT64_C(0x00ff00ff00ff00ff));
		return true;
	case IR_rbit64:
		d = unary(l, r, true);
		bswap(l, d, true);
		swap_group(a, d, 4, UINT64_C(0x0f0f0f0f0f0f0f0f));
		swap_group(a, d, 2, UINT64_C(0x3333333333333333));
		swap_group(a, d, 1, UINT64_C(0x5555555555555555));
		return true;
	case IR_clz64:
		s = lo_use(l, n->a[0]);
		d = lo_def(l, r);
		x_op(a, PF3, 0x0fbd, true, d, xr(s)); /* lzcnt */
		return true;
	case IR_cls64: cls(l, r); return true;
	case IR_crc32:
		if (!(n->imm & 4))
			return false;
		crc(l, r);
		return true;
	case IR_v_lo: case IR_v_hi: from_vec(l, r); return true;
	case IR_v_from: case IR_v_from2: to_vec(l, r); return true;
	case IR_fl_pack:
		d = unary(l, r, false);
		x_alu_i(a, X_AND, false, xr(d), INT32_MIN >> 3);
		return true;
	default: return false;
	}
}
