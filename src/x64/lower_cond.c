/*
 * Conditions and flags.  Truth values and the flags of add, sub and logic are
 * lazy: they are computed where they are used, as a compare and a jcc, setcc
 * or cmov; all four Arm flags together only where something needs NZCV as a
 * value.  Arm's C after a subtraction is the inverse of the host's.
 */
#include "base/bug.h"
#include "x64/lower.h"

bool lo_is_lazy(const struct ir_node *n)
{
	switch (n->op) {
	case IR_fl_add: case IR_fl_sub: case IR_fl_logic: case IR_fl_const: case IR_kb:
		return true;
	default:
		return n->type == T_BOOL;
	}
}

/* A comparison of a constant with something: done the other way round. */
static bool imm_first(const struct lower *l, const struct ir_node *n, int32_t *imm)
{
	return n->op >= IR_eq64 && n->op <= IR_les64 && LN(n->a[1])->op != IR_const && lo_imm32(l, n->a[0], !(n->fl & NF_W32), imm);
}

void lo_cond_prep(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	const struct ir_opinfo *in = ir_info(n->op);
	int32_t imm;

	if (!l->v[r].lazy) {
		if (n->type == T_VEC)
			lo_usex(l, r);
		else
			lo_use(l, r);
		return;
	}
	for (unsigned k = 0; k < in->nops; k++) {
		bool w = n->type == T_BOOL ? !(n->fl & NF_W32) : n->imm;

		if ((k == 1 && in->ops[k] == 'Q' && lo_imm32(l, n->a[k], w, &imm)) || (!k && imm_first(l, n, &imm)))
			continue;
		lo_cond_prep(l, n->a[k]);
	}
}

static void cmp_imm(struct xa *a, bool w, int r, int32_t imm)
{
	if (imm)
		x_alu_i(a, X_CMP, w, xr(r), imm);
	else
		x_test(a, w, r, r);
}

static void cmp_operands(struct lower *l, const struct ir_node *n, bool w)
{
	struct xa *a = &l->a;
	int32_t imm;

	if (lo_imm32(l, n->a[1], w, &imm)) {
		cmp_imm(a, w, lo_use(l, n->a[0]), imm);
	} else {
		int r0 = lo_use(l, n->a[0]), r1 = lo_use(l, n->a[1]);

		x_alu(a, X_CMP, w, r0, xr(r1));
	}
}

void lo_nzcv_from_host(struct xa *a, bool sub)
{
	x8(a, 0x9f); /* lahf: SF ZF . . . . . CF in ah */
	x_setcc(a, CC_O, RAX);
	x_mov_ri(a, RCX, 0xc101);
	x_vex(a, PF3, 2, false, false, 0xf5, RAX, RAX, xr(RCX)); /* pext */
	x_shift_i(a, X_SHL, false, RAX, 28);
	if (sub)
		x_alu_i(a, X_XOR, false, xr(RAX), 1 << 29);
}

void lo_nzcv_from_ah(struct xa *a, unsigned kind)
{
	x_mov_ri(a, RCX, 0x4500);
	x_vex(a, PF3, 2, false, false, 0xf5, RAX, RAX, xr(RCX)); /* pext: ZF PF CF */
	x_shift_i(a, X_SHL, false, RAX, 2);
	x_mov_ri(a, RCX, kind == RL_FCMP ? 0x30060082 : 0x30060028); /* NZCV of unordered, equal, and less or greater */
	x_vex(a, PF2, 2, false, false, 0xf7, RAX, RAX, xr(RCX)); /* shrx */
	x_shift_i(a, X_SHL, false, RAX, 28);
}

/* dst := operand r (already in a register, or an immediate) */
static void fetch(struct lower *l, int dst, ir_ref r, bool w)
{
	if (LN(r)->op == IR_const && l->v[r].reg < 0)
		x_mov_ri(&l->a, dst, w ? LN(r)->k : (uint32_t)LN(r)->k);
	else
		x_mov(&l->a, w, dst, lo_use(l, r));
}

static void add_operands(struct lower *l, const struct ir_node *n, bool w)
{
	int32_t imm;

	fetch(l, RDX, n->a[0], w);
	if (lo_imm32(l, n->a[1], w, &imm))
		x_alu_i(&l->a, X_ADD, w, xr(RDX), imm);
	else
		x_alu(&l->a, X_ADD, w, RDX, xr(lo_use(l, n->a[1])));
}

void lo_flags_eax(struct lower *l, ir_ref f)
{
	const struct ir_node *n = LN(f);
	struct xa *a = &l->a;

	if (!l->v[f].lazy) {
		x_mov(a, false, RAX, lo_use(l, f));
		if (l->v[f].host)
			lo_nzcv_from_ah(a, l->v[f].host);
		return;
	}
	switch (n->op) {
	case IR_fl_const:
		x_mov_ri(a, RAX, (uint64_t)n->imm << 28);
		return;
	case IR_fl_sub:
		cmp_operands(l, n, n->imm);
		lo_nzcv_from_host(a, true);
		/* cmp with an immediate 0 is done by test, which leaves the host's C clear: as after a - 0 */
		return;
	case IR_fl_add:
		add_operands(l, n, n->imm);
		lo_nzcv_from_host(a, false);
		return;
	case IR_fl_logic: {
		int r0 = lo_use(l, n->a[0]);

		x_test(a, n->imm, r0, r0);
		lo_nzcv_from_host(a, false);
		return;
	}
	default:
		l->fail = true;
	}
}

/* Tests condition `cond` of NZCV in eax; destroys eax, ecx. */
static enum x_cc test_eax(struct xa *a, unsigned cond)
{
	unsigned inv = cond & 1;

	switch (cond >> 1) {
	case 0: x_test_i(a, false, RAX, 1 << 30); return inv ? CC_E : CC_NE;
	case 1: x_test_i(a, false, RAX, 1 << 29); return inv ? CC_E : CC_NE;
	case 2: x_test(a, false, RAX, RAX); return inv ? CC_NS : CC_S;
	case 3: x_test_i(a, false, RAX, 1 << 28); return inv ? CC_E : CC_NE;
	case 4:
		x_shift_i(a, X_SHR, false, RAX, 29);
		x_alu_i(a, X_AND, false, xr(RAX), 3);
		x_alu_i(a, X_CMP, false, xr(RAX), 1);
		return inv ? CC_NE : CC_E;
	case 5:
		x_mov(a, false, RCX, RAX);
		x_shift_i(a, X_SHL, false, RCX, 3);
		x_alu(a, X_XOR, false, RCX, xr(RAX));
		return inv ? CC_S : CC_NS;
	default:
		x_mov(a, false, RCX, RAX);
		x_shift_i(a, X_SHL, false, RCX, 3);
		x_alu(a, X_XOR, false, RCX, xr(RAX));
		x_alu_i(a, X_AND, false, xr(RCX), INT32_MIN);
		x_alu_i(a, X_AND, false, xr(RAX), 1 << 30);
		x_alu(a, X_OR, false, RAX, xr(RCX));
		return inv ? CC_NE : CC_E;
	}
}

/*
 * -- floating-point comparisons --
 *
 * Their value is the host's flags (struct val.host), of x with y or, if swapped, of y with x: unordered sets ZF, PF and CF,
 * equal ZF, below CF.  Most conditions of Arm are one of the host's in one order of the two: less (MI) is "above" of y with x,
 * which is false if they are unordered, less or unordered (LT) is "below" of x with y.
 */
#define NO_CC (-1)
static int fp_cc(unsigned cond, bool swapped)
{
	static const int8_t straight[] = {NO_CC, NO_CC, NO_CC, CC_P, NO_CC, CC_AE, CC_A},
			    turned[] = {NO_CC, CC_BE, CC_A, CC_P, CC_B, NO_CC, NO_CC};
	int cc = (swapped ? turned : straight)[cond >> 1];

	return cc == NO_CC ? cc : cc ^ (int)(cond & 1);
}

/* The comparison whose condition b is, or NULL. */
static const struct ir_node *fp_test(const struct lower *l, ir_ref b)
{
	const struct ir_node *n = LN(b);

	return n->op == IR_fl_test && l->v[b].lazy && l->v[n->a[0]].host ? n : NULL;
}

bool lo_wants_swapped(const struct lower *l, ir_ref r)
{
	uint32_t use = l->v[r].use;

	for (unsigned k = 0; use && k < 3; k++, use = l->uses[use].next) {
		const struct ir_node *n = LN(LN(l->uses[use].pos)->a[0]);

		if (n->op == IR_fl_test && n->a[0] == r && fp_cc(n->imm, false) != fp_cc(n->imm, true))
			return fp_cc(n->imm, false) == NO_CC;
	}
	return false;
}

/* The comparison's flags are the host's again. */
static void fp_flags(struct lower *l, ir_ref f)
{
	if (l->fl_ref == f && l->fl_pos == l->a.p)
		return;
	x_mov(&l->a, false, RAX, lo_use(l, f));
	x8(&l->a, 0x9e); /* sahf */
}

/* Equality needs two of the host's conditions: al and cl are made one. */
static enum x_cc cmp_fp_test(struct lower *l, const struct ir_node *n)
{
	unsigned swapped = l->v[n->a[0]].host == RL_FCMPR;
	int cc = fp_cc(n->imm, swapped);

	if (cc != NO_CC) {
		fp_flags(l, n->a[0]);
		return (enum x_cc)cc;
	}
	if (n->imm >> 1) {
		lo_flags_eax(l, n->a[0]);
		return test_eax(&l->a, n->imm);
	}
	fp_flags(l, n->a[0]);
	x_setcc(&l->a, CC_NP, RAX);
	x_setcc(&l->a, CC_E, RCX);
	x_op(&l->a, PNONE, 0x84, false, RAX, xr(RCX)); /* test al, cl */
	return n->imm ? CC_E : CC_NE;
}

static enum x_cc cmp_fl_test(struct lower *l, const struct ir_node *n)
{
	const struct ir_node *f = LN(n->a[0]);

	if (l->v[n->a[0]].host)
		return cmp_fp_test(l, n);

	if (l->v[n->a[0]].lazy && (n->imm >> 1) == 3 && (f->op == IR_fl_sub || f->op == IR_fl_add)) {
		if (f->op == IR_fl_sub)
			cmp_operands(l, f, f->imm);
		else
			add_operands(l, f, f->imm);
		return n->imm & 1 ? CC_NO : CC_O;
	}
	lo_flags_eax(l, n->a[0]);
	return test_eax(&l->a, n->imm);
}

bool lo_cmp(struct lower *l, ir_ref b, enum x_cc *cc)
{
	static const uint8_t ccs[] = {CC_E, CC_NE, CC_B, CC_BE, CC_L, CC_LE}, swapped[] = {CC_E, CC_NE, CC_A, CC_AE, CC_G, CC_GE};
	const struct ir_node *n = LN(b);
	bool w = !(n->fl & NF_W32);
	int32_t imm;

	if (!l->v[b].lazy) {
		int r = lo_use(l, b);

		x_test(&l->a, false, r, r);
		*cc = CC_NE;
		return true;
	}
	switch (n->op) {
	case IR_eq64: case IR_ne64: case IR_ltu64: case IR_leu64: case IR_lts64: case IR_les64:
		if (LN(n->a[1])->op == IR_const && LN(n->a[1])->k == 0 && (n->op == IR_eq64 || n->op == IR_ne64) &&
		    l->fl_ref == n->a[0] && l->fl_pos == l->a.p && (w || LN(n->a[0])->fl & NF_W32)) {
			*cc = n->op == IR_eq64 ? CC_E : CC_NE;
			return true;
		}
		if (imm_first(l, n, &imm)) {
			cmp_imm(&l->a, w, lo_use(l, n->a[1]), imm);
			*cc = (enum x_cc)swapped[n->op - IR_eq64];
			return true;
		}
		cmp_operands(l, n, w);
		*cc = (enum x_cc)ccs[n->op - IR_eq64];
		return true;
	case IR_fl_test:
		*cc = cmp_fl_test(l, n);
		return true;
	case IR_bnot:
		if (!lo_cmp(l, n->a[0], cc))
			return false;
		*cc ^= 1;
		return true;
	default:
		return false;
	}
}

static void jump(struct lower *l, uint8_t *at, uint8_t **from, unsigned *nfrom, unsigned max)
{
	if (*nfrom >= max)
		l->fail = true;
	else
		from[(*nfrom)++] = at;
}

static void branch2(struct lower *l, ir_ref first, ir_ref second, bool want, bool all, uint8_t **from, unsigned *nfrom,
		    unsigned max)
{
	uint8_t *skip[6];
	unsigned nskip = 0;

	if (!all) { /* either decides */
		lo_branch(l, first, want, from, nfrom, max);
		lo_branch(l, second, want, from, nfrom, max);
		return;
	}
	lo_branch(l, first, !want, skip, &nskip, 6);
	lo_branch(l, second, want, from, nfrom, max);
	for (unsigned k = 0; k < nskip; k++)
		x_bind(&l->a, skip[k]);
}

/* Jumps if the operands of the comparison f are equal, or (want false) if they are not or unordered. */
static void branch_equal(struct lower *l, ir_ref f, bool want, uint8_t **from, unsigned *nfrom, unsigned max)
{
	uint8_t *unordered;

	fp_flags(l, f);
	if (!want) {
		jump(l, x_jcc(&l->a, CC_P), from, nfrom, max);
		jump(l, x_jcc(&l->a, CC_NE), from, nfrom, max);
		return;
	}
	unordered = x_jcc(&l->a, CC_P);
	jump(l, x_jcc(&l->a, CC_E), from, nfrom, max);
	x_bind(&l->a, unordered);
}

void lo_branch(struct lower *l, ir_ref b, bool want, uint8_t **from, unsigned *nfrom, unsigned max)
{
	const struct ir_node *n = LN(b);
	enum x_cc cc;

	if (n->op == IR_kb) {
		if (n->imm == want)
			jump(l, x_jmp(&l->a), from, nfrom, max);
	} else if (fp_test(l, b) && n->imm < 2) {
		branch_equal(l, n->a[0], n->imm ^ want, from, nfrom, max);
	} else if (lo_cmp(l, b, &cc)) {
		jump(l, x_jcc(&l->a, want ? cc : cc ^ 1), from, nfrom, max);
	} else if (n->op == IR_bnot) {
		lo_branch(l, n->a[0], !want, from, nfrom, max);
	} else if (n->op == IR_band || n->op == IR_bor) {
		branch2(l, n->a[0], n->a[1], want, (n->op == IR_band) == want, from, nfrom, max);
	} else {
		l->fail = true;
	}
}

/* Conditions and flags that have a register of their own. */
void low_cond_node(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	uint8_t *from[6];
	unsigned nfrom = 0;
	enum x_cc cc;
	int d;

	lo_cond_prep(l, n->a[0]);
	switch (n->op) {
	case IR_band: case IR_bor: case IR_bnot: /* not lazy: deep */
		if (n->op != IR_bnot)
			lo_cond_prep(l, n->a[1]);
		x_mov_ri(a, RDX, 0);
		l->v[r].lazy = true; /* for lo_branch to look inside */
		{
			/* the result waits on the stack-like scratch rdx only if no compare uses it: use memory instead */
			x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, FR_TMP));
			x32(a, 0);
			lo_branch(l, r, false, from, &nfrom, 6);
			x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, FR_TMP));
			x32(a, 1);
		}
		l->v[r].lazy = false;
		for (unsigned k = 0; k < nfrom; k++)
			x_bind(a, from[k]);
		d = lo_def(l, r);
		x_load(a, false, d, xmem(RSP, FR_TMP));
		return;
	case IR_b2q:
		if (lo_cmp(l, n->a[0], &cc)) {
			x_setcc(a, cc, RAX);
			d = lo_def(l, r);
			x_movzx8(a, d, xr(RAX));
			return;
		}
		x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, FR_TMP));
		x32(a, 0);
		lo_branch(l, n->a[0], false, from, &nfrom, 6);
		x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, FR_TMP));
		x32(a, 1);
		for (unsigned k = 0; k < nfrom; k++)
			x_bind(a, from[k]);
		d = lo_def(l, r);
		x_load(a, false, d, xmem(RSP, FR_TMP));
		return;
	case IR_self:
		lo_cond_prep(l, n->a[1]);
		lo_cond_prep(l, n->a[2]);
		lo_flags_eax(l, n->a[2]);
		x_store(a, false, xmem(RSP, FR_TMP), RAX);
		lo_branch(l, n->a[0], false, from, &nfrom, 6);
		lo_flags_eax(l, n->a[1]);
		x_store(a, false, xmem(RSP, FR_TMP), RAX);
		for (unsigned k = 0; k < nfrom; k++)
			x_bind(a, from[k]);
		d = lo_def(l, r);
		x_load(a, false, d, xmem(RSP, FR_TMP));
		return;
	case IR_sel64: {
		int ra = lo_use(l, n->a[1]), rb = lo_use(l, n->a[2]);

		if (lo_cmp(l, n->a[0], &cc)) {
			if (n->a[1] != n->a[2] && lo_steal(l, r, n->a[2])) {
				x_cmov(a, cc, true, rb, xr(ra));
			} else if (lo_steal(l, r, n->a[1])) {
				x_cmov(a, cc ^ 1, true, ra, xr(rb));
			} else {
				d = lo_def(l, r);
				x_mov(a, true, d, rb);
				x_cmov(a, cc, true, d, xr(ra));
			}
			return;
		}
		d = lo_def(l, r);
		x_mov(a, true, d, rb);
		lo_branch(l, n->a[0], false, from, &nfrom, 6);
		x_mov(a, true, d, ra);
		break;
	}
	case IR_selv: {
		int ra = lo_usex(l, n->a[1]), rb = lo_usex(l, n->a[2]);

		d = lo_defx(l, r);
		x_vmov(a, d, rb);
		lo_branch(l, n->a[0], false, from, &nfrom, 6);
		x_vmov(a, d, ra);
		break;
	}
	case IR_fl_adc: case IR_fl_sbc: {
		bool w = n->imm, sub = n->op == IR_fl_sbc;

		lo_use(l, n->a[0]);
		lo_use(l, n->a[1]);
		lo_cond_prep(l, n->a[2]);
		lo_flags_eax(l, n->a[2]);
		x_mov(a, w, RDX, lo_use(l, n->a[0]));
		x_op(a, PNONE, 0x0fba, false, 4, xr(RAX)); /* bt eax, 29 */
		x8(a, 29);
		if (sub)
			x8(a, 0xf5); /* cmc */
		x_alu(a, sub ? X_SBB : X_ADC, w, RDX, xr(lo_use(l, n->a[1])));
		lo_nzcv_from_host(a, sub);
		d = lo_def(l, r);
		x_mov(a, false, d, RAX);
		return;
	}
	case IR_fl_unpack:
		lo_flags_eax(l, n->a[0]);
		d = lo_def(l, r);
		x_mov(a, false, d, RAX);
		return;
	case IR_fl_carry:
		lo_flags_eax(l, n->a[0]);
		x_shift_i(a, X_SHR, false, RAX, 29);
		x_alu_i(a, X_AND, false, xr(RAX), 1);
		d = lo_def(l, r);
		x_mov(a, false, d, RAX);
		return;
	default:
		l->fail = true;
		return;
	}
	for (unsigned k = 0; k < nfrom; k++)
		x_bind(a, from[k]);
}
