/* Assembler: data processing, branches, system instructions and their aliases. */
#include <string.h>

#include "base/bits.h"
#include "litmus/asm_priv.h"

struct triple {
	const char *name;
	enum a64_op imm, reg, ext;
};

static const struct triple addsub[] = {
	{"add", A64_ADD_imm, A64_ADD_reg, A64_ADD_ext},     {"adds", A64_ADDS_imm, A64_ADDS_reg, A64_ADDS_ext},
	{"sub", A64_SUB_imm, A64_SUB_reg, A64_SUB_ext},     {"subs", A64_SUBS_imm, A64_SUBS_reg, A64_SUBS_ext},
};
static const struct triple logical[] = {
	{"and", A64_AND_imm, A64_AND_reg, 0}, {"orr", A64_ORR_imm, A64_ORR_reg, 0},
	{"eor", A64_EOR_imm, A64_EOR_reg, 0}, {"ands", A64_ANDS_imm, A64_ANDS_reg, 0},
	{"bic", 0, A64_BIC_reg, 0},           {"orn", 0, A64_ORN_reg, 0},
	{"eon", 0, A64_EON_reg, 0},           {"bics", 0, A64_BICS_reg, 0},
};

static const struct triple *lookup(const struct triple *t, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(t[i].name, name))
			return &t[i];
	return NULL;
}

static struct operand zero_reg(bool x) { return (struct operand){.kind = OP_REG, .x = x, .reg = 31, .zr = true}; }

/* Puts a zero register in as operand `at` (aliases). */
static void insert_zero(struct as *a, unsigned at)
{
	bool x = a->op[0].x;

	memmove(&a->op[at + 1], &a->op[at], (MAX_OPERANDS - at - 1) * sizeof(a->op[0]));
	a->op[at] = zero_reg(x);
	a->n++;
}

static int do_addsub(struct as *a, const struct triple *t)
{
	struct operand *o = a->op;
	bool x = o[0].x;

	if (a->n < 3 || a->n > 4 || o[0].kind != OP_REG || o[1].kind != OP_REG)
		return asm_bad(a, "operands do not fit the instruction");
	if (o[2].kind == OP_IMM) {
		static const struct { enum a64_op from, to; } flip[] = {
			{A64_ADD_imm, A64_SUB_imm}, {A64_SUB_imm, A64_ADD_imm},
			{A64_ADDS_imm, A64_SUBS_imm}, {A64_SUBS_imm, A64_ADDS_imm}};
		int64_t v = o[2].imm;
		enum a64_op row = t->imm;
		unsigned sh = a->n == 4 && o[3].kind == OP_SHIFT && o[3].imm == 12;

		for (unsigned i = 0; v < 0 && i < ARRAY_SIZE(flip); i++)
			if (flip[i].from == t->imm) {
				row = flip[i].to;
				v = -v;
				break;
			}
		if (!sh && v > 4095 && !(v & 4095)) {
			v >>= 12;
			sh = 1;
		}
		return asm_emit(a, row, F(sf, x), F(sh, sh), F(imm12, v), F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
	}
	if (o[2].kind != OP_REG || (a->n == 4 && o[3].kind != OP_SHIFT))
		return asm_bad(a, "operands do not fit the instruction");
	if (o[0].sp || o[1].sp || (a->n == 4 && o[3].shift >= SH_UXTB)) {
		unsigned option = a->n == 4 && o[3].shift >= SH_UXTB ? o[3].shift - SH_UXTB : x ? 3 : 2;

		return asm_emit(a, t->ext, F(sf, x), F(rm, o[2].reg), F(option, option), F(imm3, a->n == 4 ? o[3].imm : 0),
				F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
	}
	return asm_emit(a, t->reg, F(sf, x), F(shift, a->n == 4 ? o[3].shift : 0), F(rm, o[2].reg),
			F(imm6, a->n == 4 ? o[3].imm : 0), F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
}

/* N:immr:imms of a bitmask immediate; false: not one. */
static bool bitmask(uint64_t v, bool x, unsigned *n, unsigned *immr, unsigned *imms)
{
	unsigned size = x ? 64 : 32;

	if (!x)
		v = (uint32_t)v | v << 32;
	if (!v || !~v)
		return false;
	while (size > 2 && (v & mask64(size / 2)) == (v >> (size / 2) & mask64(size / 2)))
		size /= 2;
	v &= mask64(size);
	for (unsigned r = 0; r < size; r++) { /* v = ones rotated right by r */
		uint64_t w = r ? ((v << r) | (v >> (size - r))) & mask64(size) : v;
		unsigned ones = (unsigned)__builtin_popcountll(w);

		if (w == mask64(ones)) {
			*n = size == 64;
			*immr = r;
			*imms = (ones - 1) | (~(2 * size - 1) & 63);
			return true;
		}
	}
	return false;
}

static int do_logical(struct as *a, const struct triple *t)
{
	struct operand *o = a->op;
	unsigned n, immr, imms;

	if (a->n < 3 || o[0].kind != OP_REG || o[1].kind != OP_REG)
		return asm_bad(a, "operands do not fit the instruction");
	if (o[2].kind == OP_IMM && t->imm) {
		if (!bitmask((uint64_t)o[2].imm, o[0].x, &n, &immr, &imms))
			return asm_bad(a, "the immediate is no bitmask");
		return asm_emit(a, t->imm, F(sf, o[0].x), F(n, n), F(immr, immr), F(imms, imms), F(rn, o[1].reg),
				F(rd, o[0].reg), (const char *)0);
	}
	if (o[2].kind != OP_REG || (a->n == 4 && (o[3].kind != OP_SHIFT || o[3].shift > SH_ROR)) || a->n > 4)
		return asm_bad(a, "operands do not fit the instruction");
	return asm_emit(a, t->reg, F(sf, o[0].x), F(shift, a->n == 4 ? o[3].shift : 0), F(rm, o[2].reg),
			F(imm6, a->n == 4 ? o[3].imm : 0), F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
}

/* MOV of any pattern: MOVZ, MOVN, ORR, else MOVZ and MOVKs. */
static int mov_imm(struct as *a, unsigned rd, bool x, int64_t imm)
{
	unsigned n, immr, imms, parts = x ? 4 : 2;
	uint64_t v = x ? (uint64_t)imm : (uint32_t)imm, inv = x ? ~v : (uint32_t)~v;
	bool first = true;

	for (unsigned h = 0; h < parts; h++)
		if (!(v & ~(UINT64_C(0xffff) << 16 * h)))
			return EMIT(a, MOVZ, F(sf, x), F(hw, h), F(imm16, v >> 16 * h), F(rd, rd));
	for (unsigned h = 0; h < parts; h++)
		if (!(inv & ~(UINT64_C(0xffff) << 16 * h)))
			return EMIT(a, MOVN, F(sf, x), F(hw, h), F(imm16, inv >> 16 * h), F(rd, rd));
	if (bitmask(v, x, &n, &immr, &imms))
		return EMIT(a, ORR_imm, F(sf, x), F(n, n), F(immr, immr), F(imms, imms), F(rn, 31), F(rd, rd));
	for (unsigned h = 0; h < parts; h++) {
		uint64_t part = v >> 16 * h & 0xffff;

		if (!part)
			continue;
		if (asm_emit(a, first ? A64_MOVZ : A64_MOVK, F(sf, x), F(hw, h), F(imm16, part), F(rd, rd), (const char *)0))
			return -1;
		first = false;
	}
	return 0;
}

static int do_mov(struct as *a)
{
	struct operand *o = a->op;

	if (a->n != 2 || o[0].kind != OP_REG)
		return 1; /* vectors */
	if (o[1].kind == OP_IMM)
		return mov_imm(a, o[0].reg, o[0].x, o[1].imm);
	if (o[1].kind != OP_REG)
		return 1;
	if (o[0].sp || o[1].sp)
		return EMIT(a, ADD_imm, F(sf, o[0].x), F(rn, o[1].reg), F(rd, o[0].reg));
	return EMIT(a, ORR_reg, F(sf, o[0].x), F(rm, o[1].reg), F(rn, 31), F(rd, o[0].reg));
}

static int move_wide(struct as *a, enum a64_op row)
{
	struct operand *o = a->op;
	unsigned sh = a->n == 3 ? (unsigned)o[2].imm : 0;

	if (!asm_is(a, "xi") && !asm_is(a, "xih"))
		return asm_bad(a, "operands do not fit the instruction");
	if (sh & 15 || sh > (o[0].x ? 48u : 16u))
		return asm_bad(a, "the shift must be 0, 16, 32 or 48");
	return asm_emit(a, row, F(sf, o[0].x), F(hw, sh / 16), F(imm16, o[1].imm), F(rd, o[0].reg), (const char *)0);
}

static int bitfield(struct as *a, enum a64_op row, unsigned immr, unsigned imms)
{
	const struct operand *o = a->op;

	return asm_emit(a, row, F(sf, o[0].x), F(n, o[0].x), F(immr, immr), F(imms, imms), F(rn, o[1].reg),
			F(rd, o[0].reg), (const char *)0);
}

static int do_shift(struct as *a, unsigned kind)
{
	static const enum a64_op var[] = {A64_LSLV, A64_LSRV, A64_ASRV, A64_RORV};
	struct operand *o = a->op;
	unsigned width = o[0].x ? 64 : 32, sh;

	if (asm_is(a, "xxx"))
		return asm_emit(a, var[kind], F(sf, o[0].x), F(rm, o[2].reg), F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
	if (!asm_is(a, "xxi") || o[2].imm < 0 || o[2].imm >= width)
		return asm_bad(a, "operands do not fit the instruction");
	sh = (unsigned)o[2].imm;
	switch (kind) {
	case SH_LSL: return bitfield(a, A64_UBFM, (width - sh) % width, width - 1 - sh);
	case SH_LSR: return bitfield(a, A64_UBFM, sh, width - 1);
	case SH_ASR: return bitfield(a, A64_SBFM, sh, width - 1);
	default:
		return EMIT(a, EXTR, F(sf, o[0].x), F(n, o[0].x), F(rm, o[1].reg), F(imms, sh), F(rn, o[1].reg), F(rd, o[0].reg));
	}
}

static int do_bitfields(struct as *a)
{
	static const struct { const char *name; bool sgn; unsigned imms; } ext[] = {
		{"sxtb", true, 7}, {"sxth", true, 15}, {"sxtw", true, 31}, {"uxtb", false, 7}, {"uxth", false, 15}};
	static const struct { const char *name; enum a64_op row; } bfm[] = {
		{"sbfm", A64_SBFM}, {"ubfm", A64_UBFM}, {"bfm", A64_BFM}};
	static const char *const shifts[] = {"lsl", "lsr", "asr", "ror"};
	struct operand *o = a->op;
	unsigned width = o[0].x ? 64 : 32;

	for (unsigned i = 0; i < ARRAY_SIZE(shifts); i++)
		if (!strcmp(a->mn, shifts[i]))
			return do_shift(a, i);
	for (unsigned i = 0; i < ARRAY_SIZE(ext); i++)
		if (!strcmp(a->mn, ext[i].name))
			return asm_is(a, "xx") ? bitfield(a, ext[i].sgn ? A64_SBFM : A64_UBFM, 0, ext[i].imms) : -1;
	for (unsigned i = 0; i < ARRAY_SIZE(bfm); i++)
		if (!strcmp(a->mn, bfm[i].name))
			return asm_is(a, "xxii") ? bitfield(a, bfm[i].row, (unsigned)o[2].imm & 63, (unsigned)o[3].imm & 63) : -1;
	if (!strcmp(a->mn, "ubfx") || !strcmp(a->mn, "sbfx"))
		return asm_is(a, "xxii") ? bitfield(a, a->mn[0] == 'u' ? A64_UBFM : A64_SBFM, (unsigned)o[2].imm & 63,
						    (unsigned)(o[2].imm + o[3].imm - 1) & 63) : -1;
	if (!strcmp(a->mn, "bfi") || !strcmp(a->mn, "ubfiz"))
		return asm_is(a, "xxii") ? bitfield(a, a->mn[0] == 'b' ? A64_BFM : A64_UBFM,
						    (width - (unsigned)o[2].imm) % width, (unsigned)o[3].imm - 1) : -1;
	return 1;
}

static int do_regs(struct as *a)
{
	static const struct { const char *name; enum a64_op w, x; } one[] = {
		{"rbit", A64_RBIT, A64_RBIT}, {"rev16", A64_REV16, A64_REV16}, {"clz", A64_CLZ, A64_CLZ},
		{"cls", A64_CLS, A64_CLS}, {"rev", A64_REV_w, A64_REV_x}, {"rev64", 0, A64_REV_x}, {"rev32", 0, A64_REV32}};
	static const struct { const char *name; enum a64_op row; } two[] = {
		{"udiv", A64_UDIV}, {"sdiv", A64_SDIV}, {"lslv", A64_LSLV}, {"lsrv", A64_LSRV}, {"asrv", A64_ASRV},
		{"rorv", A64_RORV}, {"adc", A64_ADC}, {"adcs", A64_ADCS}, {"sbc", A64_SBC}, {"sbcs", A64_SBCS},
		{"smulh", A64_SMULH}, {"umulh", A64_UMULH}};
	static const struct { const char *name; enum a64_op row; bool zero; } mul[] = {
		{"mul", A64_MADD, true}, {"mneg", A64_MSUB, true}, {"madd", A64_MADD, false}, {"msub", A64_MSUB, false}};
	struct operand *o = a->op;

	for (unsigned i = 0; i < ARRAY_SIZE(one); i++)
		if (!strcmp(a->mn, one[i].name)) {
			enum a64_op row = o[0].x ? one[i].x : one[i].w;

			if (!asm_is(a, "xx") || !row)
				return asm_bad(a, "operands do not fit the instruction");
			if (row == A64_REV_w || row == A64_REV_x || row == A64_REV32)
				return asm_emit(a, row, F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
			return asm_emit(a, row, F(sf, o[0].x), F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
		}
	for (unsigned i = 0; i < ARRAY_SIZE(two); i++)
		if (!strcmp(a->mn, two[i].name)) {
			if (!asm_is(a, "xxx"))
				return asm_bad(a, "operands do not fit the instruction");
			if (two[i].row == A64_SMULH || two[i].row == A64_UMULH)
				return asm_emit(a, two[i].row, F(rm, o[2].reg), F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
			return asm_emit(a, two[i].row, F(sf, o[0].x), F(rm, o[2].reg), F(rn, o[1].reg), F(rd, o[0].reg),
					(const char *)0);
		}
	for (unsigned i = 0; i < ARRAY_SIZE(mul); i++)
		if (!strcmp(a->mn, mul[i].name)) {
			if (!asm_is(a, mul[i].zero ? "xxx" : "xxxx"))
				return asm_bad(a, "operands do not fit the instruction");
			return asm_emit(a, mul[i].row, F(sf, o[0].x), F(rm, o[2].reg), F(ra, mul[i].zero ? 31 : o[3].reg),
					F(rn, o[1].reg), F(rd, o[0].reg), (const char *)0);
		}
	return 1;
}

static int do_select(struct as *a)
{
	static const struct { const char *name; enum a64_op row; } sel[] = {
		{"csel", A64_CSEL}, {"csinc", A64_CSINC}, {"csinv", A64_CSINV}, {"csneg", A64_CSNEG}};
	static const struct { const char *name; enum a64_op row; unsigned nregs; } inv[] = {
		{"cset", A64_CSINC, 1}, {"csetm", A64_CSINV, 1}, {"cinc", A64_CSINC, 2}, {"cinv", A64_CSINV, 2},
		{"cneg", A64_CSNEG, 2}};
	struct operand *o = a->op;
	int c = a->n && o[a->n - 1].kind == OP_WORD ? asm_cond(o[a->n - 1].word, o[a->n - 1].len) : -1;

	for (unsigned i = 0; i < ARRAY_SIZE(sel); i++)
		if (!strcmp(a->mn, sel[i].name)) {
			if (!asm_is(a, "xxxw") || c < 0)
				return asm_bad(a, "operands do not fit the instruction");
			return asm_emit(a, sel[i].row, F(sf, o[0].x), F(rm, o[2].reg), F(cond, c), F(rn, o[1].reg),
					F(rd, o[0].reg), (const char *)0);
		}
	for (unsigned i = 0; i < ARRAY_SIZE(inv); i++)
		if (!strcmp(a->mn, inv[i].name)) {
			unsigned r = inv[i].nregs == 1 ? 31 : o[1].reg;

			if (!asm_is(a, inv[i].nregs == 1 ? "xw" : "xxw") || c < 0)
				return asm_bad(a, "operands do not fit the instruction");
			return asm_emit(a, inv[i].row, F(sf, o[0].x), F(rm, r), F(cond, c ^ 1), F(rn, r), F(rd, o[0].reg),
					(const char *)0);
		}
	if (!strcmp(a->mn, "ccmp") || !strcmp(a->mn, "ccmn")) {
		bool p = a->mn[3] == 'p';

		if (asm_is(a, "xxiw") && c >= 0)
			return asm_emit(a, p ? A64_CCMP_reg : A64_CCMN_reg, F(sf, o[0].x), F(rm, o[1].reg), F(cond, c),
					F(rn, o[0].reg), F(nzcv, o[2].imm), (const char *)0);
		if (asm_is(a, "xiiw") && c >= 0)
			return asm_emit(a, p ? A64_CCMP_imm : A64_CCMN_imm, F(sf, o[0].x), F(imm5, o[1].imm), F(cond, c),
					F(rn, o[0].reg), F(nzcv, o[2].imm), (const char *)0);
		return asm_bad(a, "operands do not fit the instruction");
	}
	return 1;
}

static int do_branch(struct as *a)
{
	struct operand *o = a->op;
	int64_t off = 0;

	if (a->cond >= 0 || !strcmp(a->mn, "b") || !strcmp(a->mn, "bl")) {
		if (!asm_is(a, "w") || asm_target(a, &o[0], &off) < 0)
			return asm_bad(a, "a label expected");
		if (a->cond >= 0)
			return EMIT(a, B_cond, F(imm19, off / 4), F(cond, a->cond));
		return asm_emit(a, a->mn[1] ? A64_BL : A64_B, F(imm26, off / 4), (const char *)0);
	}
	if (!strcmp(a->mn, "cbz") || !strcmp(a->mn, "cbnz")) {
		if (!asm_is(a, "xw") || asm_target(a, &o[1], &off) < 0)
			return asm_bad(a, "a register and a label expected");
		return asm_emit(a, a->mn[2] == 'z' ? A64_CBZ : A64_CBNZ, F(sf, o[0].x), F(imm19, off / 4), F(rt, o[0].reg),
				(const char *)0);
	}
	if (!strcmp(a->mn, "tbz") || !strcmp(a->mn, "tbnz")) {
		if (!asm_is(a, "xiw") || asm_target(a, &o[2], &off) < 0 || o[1].imm < 0 || o[1].imm > 63)
			return asm_bad(a, "a register, a bit and a label expected");
		return asm_emit(a, a->mn[2] == 'z' ? A64_TBZ : A64_TBNZ, F(b5, o[1].imm >> 5), F(b40, o[1].imm & 31),
				F(imm14, off / 4), F(rt, o[0].reg), (const char *)0);
	}
	if (!strcmp(a->mn, "br") || !strcmp(a->mn, "blr"))
		return asm_is(a, "x") ? asm_emit(a, a->mn[1] == 'r' ? A64_BR : A64_BLR, F(rn, o[0].reg), (const char *)0) : -1;
	if (!strcmp(a->mn, "ret"))
		return EMIT(a, RET, F(rn, a->n ? o[0].reg : 30));
	if (!strcmp(a->mn, "adr")) {
		if (!asm_is(a, "xw") || asm_target(a, &o[1], &off) < 0)
			return asm_bad(a, "a register and a label expected");
		return EMIT(a, ADR, F(immlo, off & 3), F(immhi, off >> 2), F(rd, o[0].reg));
	}
	return 1;
}

static int barrier_option(struct as *a, unsigned *crm)
{
	static const char *const names[] = {"", "oshld", "oshst", "osh", "", "nshld", "nshst", "nsh",
					    "", "ishld", "ishst", "ish", "", "ld", "st", "sy"};

	if (!a->n) {
		*crm = 15;
		return 0;
	}
	for (unsigned i = 0; a->n == 1 && a->op[0].kind == OP_WORD && i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == a->op[0].len && a->op[0].len && !strncasecmp(names[i], a->op[0].word, a->op[0].len)) {
			*crm = i;
			return 0;
		}
	return asm_bad(a, "unknown barrier option");
}

/* DC, IC and TLBI: an operation's name and, for most, an address. */
static int do_maintenance(struct as *a)
{
	static const struct { const char *mn, *op; uint8_t op1, crn, crm, op2; bool arg; } ops[] = {
		{"dc", "cvau", 3, 7, 11, 1, true}, {"dc", "cvac", 3, 7, 10, 1, true}, {"dc", "civac", 3, 7, 14, 1, true},
		{"dc", "ivac", 0, 7, 6, 1, true}, {"ic", "ivau", 3, 7, 5, 1, true}, {"ic", "iallu", 0, 7, 5, 0, false},
		{"ic", "ialluis", 0, 7, 1, 0, false}, {"tlbi", "vmalle1", 0, 8, 7, 0, false},
		{"tlbi", "vmalle1is", 0, 8, 3, 0, false}, {"tlbi", "vae1", 0, 8, 7, 1, true},
		{"tlbi", "vae1is", 0, 8, 3, 1, true}, {"tlbi", "vaae1is", 0, 8, 3, 3, true}, {"tlbi", "vaae1", 0, 8, 7, 3, true},
		{"tlbi", "vale1is", 0, 8, 3, 5, true}, {"tlbi", "vaale1is", 0, 8, 3, 7, true},
		{"tlbi", "aside1is", 0, 8, 3, 2, true},
	};
	const struct operand *o = a->op;

	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(a->mn, ops[i].mn) && a->n && o[0].kind == OP_WORD && o[0].len == strlen(ops[i].op) &&
		    !strncasecmp(o[0].word, ops[i].op, o[0].len)) {
			if (!asm_is(a, ops[i].arg ? "wx" : "w"))
				return asm_bad(a, "operands do not fit the instruction");
			return EMIT(a, SYS, F(op1, ops[i].op1), F(crn, ops[i].crn), F(crm, ops[i].crm), F(op2, ops[i].op2),
				    F(rt, ops[i].arg ? o[1].reg : 31u));
		}
	return 1;
}

/* The system registers that tests of exceptions and translation use. */
static int do_sysreg(struct as *a)
{
	static const struct { const char *name; uint8_t crn, crm, op2; } regs[] = {
		{"elr_el1", 4, 0, 1}, {"spsr_el1", 4, 0, 0}, {"esr_el1", 5, 2, 0}, {"far_el1", 6, 0, 0}, {"par_el1", 7, 4, 0},
		{"ttbr0_el1", 2, 0, 0}};
	bool to = !strcmp(a->mn, "msr") && asm_is(a, "wx"), from = !strcmp(a->mn, "mrs") && asm_is(a, "xw");
	const struct operand *reg = &a->op[to], *name = &a->op[!to];

	for (unsigned i = 0; (to || from) && i < ARRAY_SIZE(regs); i++) {
		if (name->len != strlen(regs[i].name) || strncasecmp(name->word, regs[i].name, name->len))
			continue;
		return to ? EMIT(a, MSR, F(o0, 1), F(op1, 0), F(crn, regs[i].crn), F(crm, regs[i].crm), F(op2, regs[i].op2), F(rt, reg->reg))
			  : EMIT(a, MRS, F(o0, 1), F(op1, 0), F(crn, regs[i].crn), F(crm, regs[i].crm), F(op2, regs[i].op2), F(rt, reg->reg));
	}
	return 1;
}

static int do_system(struct as *a)
{
	struct operand *o = a->op;
	unsigned crm = 15;

	if (!strcmp(a->mn, "dmb") || !strcmp(a->mn, "dsb"))
		return barrier_option(a, &crm) ? -1 : asm_emit(a, a->mn[1] == 'm' ? A64_DMB : A64_DSB, F(crm, crm), (const char *)0);
	if (!strcmp(a->mn, "isb"))
		return EMIT(a, ISB, F(crm, 15));
	if (!strcmp(a->mn, "nop"))
		return EMIT(a, HINT_nop);
	if (!strcmp(a->mn, "clrex"))
		return EMIT(a, CLREX, F(crm, 15));
	if (!strcmp(a->mn, "svc") && asm_is(a, "i"))
		return EMIT(a, SVC, F(imm16, o[0].imm));
	if (!strcmp(a->mn, "udf") && asm_is(a, "i"))
		return EMIT(a, UDF, F(imm16, o[0].imm));
	if (!strcmp(a->mn, "mrs") && asm_is(a, "xw") && o[1].len == 4 && !strncasecmp(o[1].word, "nzcv", 4))
		return EMIT(a, MRS_nzcv, F(rt, o[0].reg));
	if (!strcmp(a->mn, "msr") && asm_is(a, "wx") && o[0].len == 4 && !strncasecmp(o[0].word, "nzcv", 4))
		return EMIT(a, MSR_nzcv, F(rt, o[1].reg));
	if (!strcmp(a->mn, "eret") && !a->n)
		return EMIT(a, ERET);
	if (!strcmp(a->mn, "yield") && !a->n)
		return EMIT(a, HINT_nop, F(op2, 1));
	return do_sysreg(a);
}

/* Aliases with a zero register. */
static int do_zero_alias(struct as *a)
{
	static const struct { const char *name, *real; unsigned at; } alias[] = {
		{"cmp", "subs", 0}, {"cmn", "adds", 0}, {"tst", "ands", 0}, {"neg", "sub", 1}, {"negs", "subs", 1},
		{"mvn", "orn", 1}};
	const struct triple *t;

	for (unsigned i = 0; i < ARRAY_SIZE(alias); i++) {
		if (strcmp(a->mn, alias[i].name))
			continue;
		if (!a->n || a->n > 4 || a->op[0].kind != OP_REG)
			return asm_bad(a, "operands do not fit the instruction");
		insert_zero(a, alias[i].at);
		t = lookup(addsub, ARRAY_SIZE(addsub), alias[i].real);
		if (t)
			return do_addsub(a, t);
		return do_logical(a, lookup(logical, ARRAY_SIZE(logical), alias[i].real));
	}
	return 1;
}

int asm_base(struct as *a)
{
	static int (*const families[])(struct as *) = {do_branch, do_zero_alias, do_select, do_regs, do_bitfields, do_system,
						do_maintenance};
	const struct triple *t;
	int r;

	if (!strcmp(a->mn, "mov"))
		return do_mov(a);
	if (a->n && a->op[0].kind == OP_VREG)
		return 1;
	if ((t = lookup(addsub, ARRAY_SIZE(addsub), a->mn)))
		return do_addsub(a, t);
	if ((t = lookup(logical, ARRAY_SIZE(logical), a->mn)))
		return do_logical(a, t);
	if (!strcmp(a->mn, "movz") || !strcmp(a->mn, "movn") || !strcmp(a->mn, "movk"))
		return move_wide(a, a->mn[3] == 'z' ? A64_MOVZ : a->mn[3] == 'n' ? A64_MOVN : A64_MOVK);
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		r = families[i](a);
		if (r <= 0)
			return r;
	}
	return 1;
}
