/* Assembler: loads, stores, exclusives and atomics. */
#include <string.h>

#include "base/bits.h"
#include "litmus/asm_priv.h"

static int misfit(struct as *a) { return asm_bad(a, "operands do not fit the instruction"); }

/* Rows of one kind of access. */
struct single {
	const char *name;
	enum a64_op imm, imm9, reg;
	int size;      /* log2 of bytes; -1: that of the register */
	bool sgn;
};

static const struct single singles[] = {
	{"ldr", A64_LDR_imm, A64_LDR_imm9, A64_LDR_reg, -1, false},
	{"str", A64_STR_imm, A64_STR_imm9, A64_STR_reg, -1, false},
	{"ldrb", A64_LDR_imm, A64_LDR_imm9, A64_LDR_reg, 0, false},
	{"strb", A64_STR_imm, A64_STR_imm9, A64_STR_reg, 0, false},
	{"ldrh", A64_LDR_imm, A64_LDR_imm9, A64_LDR_reg, 1, false},
	{"strh", A64_STR_imm, A64_STR_imm9, A64_STR_reg, 1, false},
	{"ldrsb", A64_LDRS_imm, A64_LDRS_imm9, A64_LDRS_reg, 0, true},
	{"ldrsh", A64_LDRS_imm, A64_LDRS_imm9, A64_LDRS_reg, 1, true},
	{"ldrsw", A64_LDRS_imm, A64_LDRS_imm9, A64_LDRS_reg, 2, true},
};

static const struct single vec_singles[] = {
	{"ldr", A64_LDR_imm_v, A64_LDR_imm9_v, A64_LDR_reg_v, -1, false},
	{"str", A64_STR_imm_v, A64_STR_imm9_v, A64_STR_reg_v, -1, false},
	{"ldur", A64_LDR_imm_v, A64_LDR_imm9_v, A64_LDR_reg_v, -1, false},
	{"stur", A64_STR_imm_v, A64_STR_imm9_v, A64_STR_reg_v, -1, false},
};

/* Emits with the field that distinguishes kinds: w of sign-extending loads, opc of vectors. */
#define EMIT_KIND(a, s, row, vec, w, big, ...) \
	((vec) ? asm_emit(a, row, F(opc, big), __VA_ARGS__, (const char *)0) \
	 : (s)->sgn ? asm_emit(a, row, F(w, w), __VA_ARGS__, (const char *)0) \
		    : asm_emit(a, row, __VA_ARGS__, (const char *)0))

static int do_single(struct as *a, const struct single *s, bool unscaled)
{
	const struct operand *t = &a->op[0], *m = &a->op[1];
	bool vec = t->kind == OP_VREG;
	unsigned lg = s->size >= 0 ? (unsigned)s->size : vec ? t->esize : t->x ? 3 : 2, size = lg & 3, big = lg >> 2;
	bool w = s->sgn && !t->x;

	if (a->n < 2 || m->kind != OP_MEM || (!vec && (t->kind != OP_REG || t->sp)) || (vec && t->shaped))
		return misfit(a);
	if (a->n == 3) { /* post-index */
		if (a->op[2].kind != OP_IMM || m->mode != MEM_OFF || m->imm)
			return misfit(a);
		return EMIT_KIND(a, s, s->imm9, vec, w, big, F(size, size), F(imm9, a->op[2].imm), F(mode, 1), F(rn, m->reg),
				 F(rt, t->reg));
	}
	if (a->n != 2)
		return misfit(a);
	if (m->mode == MEM_REG) {
		unsigned sh = m->amount && m->imm;

		if (m->amount && m->imm && m->imm != lg)
			return asm_bad(a, "the shift must be the size of the access");
		return EMIT_KIND(a, s, s->reg, vec, w, big, F(size, size), F(rm, m->index), F(option, m->shift - SH_UXTB), F(s, sh),
				 F(rn, m->reg), F(rt, t->reg));
	}
	if (m->mode == MEM_PRE || unscaled || m->imm < 0 || m->imm & (int64_t)mask64(lg))
		return EMIT_KIND(a, s, s->imm9, vec, w, big, F(size, size), F(imm9, m->imm), F(mode, m->mode == MEM_PRE ? 3 : 0),
				 F(rn, m->reg), F(rt, t->reg));
	return EMIT_KIND(a, s, s->imm, vec, w, big, F(size, size), F(imm12, m->imm >> lg), F(rn, m->reg), F(rt, t->reg));
}

static int do_singles(struct as *a)
{
	if (a->n && a->op[0].kind == OP_VREG) {
		for (unsigned i = 0; i < ARRAY_SIZE(vec_singles); i++)
			if (!strcmp(a->mn, vec_singles[i].name))
				return do_single(a, &vec_singles[i], i >= 2);
		return 1;
	}
	if (!strcmp(a->mn, "ldr") && asm_is(a, "xw")) {
		int64_t off;

		return asm_target(a, &a->op[1], &off) ? -1 : EMIT(a, LDR_lit, F(sz, a->op[0].x), F(imm19, off / 4), F(rt, a->op[0].reg));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(singles); i++) {
		const char *n = singles[i].name;

		if (!strcmp(a->mn, n))
			return do_single(a, &singles[i], false);
		/* LDURB and kin: "ld" or "st", "u", then the rest */
		if (!strncmp(a->mn, n, 2) && a->mn[2] == 'u' && !strcmp(a->mn + 3, n + 2))
			return do_single(a, &singles[i], true);
	}
	return 1;
}

static int do_pairs(struct as *a)
{
	static const struct { const char *name; enum a64_op row, vec; bool nt; } rows[] = {
		{"ldp", A64_LDP, A64_LDP_v, false}, {"stp", A64_STP, A64_STP_v, false},
		{"ldnp", A64_LDP, A64_LDP_v, true}, {"stnp", A64_STP, A64_STP_v, true},
		{"ldpsw", A64_LDPSW, 0, false}};
	const struct operand *o = a->op;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		bool vec = o[0].kind == OP_VREG;
		unsigned lg = vec ? o[0].esize : rows[i].row == A64_LDPSW ? 2 : o[0].x ? 3 : 2;
		unsigned mode = rows[i].nt ? 0 : a->n == 4 ? 1 : o[2].mode == MEM_PRE ? 3 : 2;
		int64_t imm = a->n == 4 ? o[3].imm : o[2].imm;

		if (strcmp(a->mn, rows[i].name))
			continue;
		if (a->n < 3 || a->n > 4 || o[2].kind != OP_MEM || o[2].mode == MEM_REG || (a->n == 4 && o[3].kind != OP_IMM) ||
		    o[0].kind != o[1].kind || imm & (int64_t)mask64(lg))
			return misfit(a);
		imm /= 1 << lg;
		if (vec)
			return asm_emit(a, rows[i].vec, F(opc, lg - 2), F(mode, mode), F(imm7, imm), F(rt2, o[1].reg),
					F(rn, o[2].reg), F(rt, o[0].reg), (const char *)0);
		if (rows[i].row == A64_LDPSW)
			return EMIT(a, LDPSW, F(mode, mode), F(imm7, imm), F(rt2, o[1].reg), F(rn, o[2].reg), F(rt, o[0].reg));
		return asm_emit(a, rows[i].row, F(sf, o[0].x), F(mode, mode), F(imm7, imm), F(rt2, o[1].reg), F(rn, o[2].reg),
				F(rt, o[0].reg), (const char *)0);
	}
	return 1;
}

/* Splits off B or H; returns log2 of the access, the register's if there is no suffix. */
static unsigned size_suffix(const char *s, bool x, bool *known)
{
	*known = !*s || ((*s == 'b' || *s == 'h') && !s[1]);
	return *s == 'b' ? 0 : *s == 'h' ? 1 : x ? 3 : 2;
}

static bool base_only(const struct operand *m) { return m->kind == OP_MEM && m->mode == MEM_OFF && !m->imm; }

static int do_ordered(struct as *a)
{
	static const struct { const char *name; enum a64_op row; } rows[] = {
		{"ldar", A64_LDAR}, {"stlr", A64_STLR}, {"ldapr", A64_LDAPR}};
	static const struct { const char *name; enum a64_op row; } rows9[] = {{"stlur", A64_STLUR}, {"ldapur", A64_LDAPUR}};
	const struct operand *o = a->op;
	unsigned size;
	bool known;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = strlen(rows[i].name);

		if (strncmp(a->mn, rows[i].name, n))
			continue;
		size = size_suffix(a->mn + n, o[0].x, &known);
		if (!known)
			continue;
		if (!asm_is(a, "xm") || !base_only(&o[1]))
			return misfit(a);
		if (rows[i].row == A64_LDAPR)
			return EMIT(a, LDAPR, F(size, size), F(rn, o[1].reg), F(rt, o[0].reg));
		return asm_emit(a, rows[i].row, F(size, size), F(rn, o[1].reg), F(rt, o[0].reg),
				(const char *)0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(rows9); i++) {
		size_t n = strlen(rows9[i].name);

		if (strncmp(a->mn, rows9[i].name, n))
			continue;
		size = size_suffix(a->mn + n, o[0].x, &known);
		if (!known)
			continue;
		if (!asm_is(a, "xm") || o[1].mode != MEM_OFF)
			return misfit(a);
		return asm_emit(a, rows9[i].row, F(size, size), F(imm9, o[1].imm), F(rn, o[1].reg), F(rt, o[0].reg), (const char *)0);
	}
	return 1;
}

static int do_exclusives(struct as *a)
{
	static const struct { const char *name; enum a64_op row; unsigned o0; const char *ops; } rows[] = {
		{"ldxr", A64_LDXR, 0, "xm"}, {"ldaxr", A64_LDXR, 1, "xm"},
		{"stxr", A64_STXR, 0, "xxm"}, {"stlxr", A64_STXR, 1, "xxm"},
		{"ldxp", A64_LDXP, 0, "xxm"}, {"ldaxp", A64_LDXP, 1, "xxm"},
		{"stxp", A64_STXP, 0, "xxxm"}, {"stlxp", A64_STXP, 1, "xxxm"}};
	const struct operand *o = a->op;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = strlen(rows[i].name);
		bool st = rows[i].row == A64_STXR || rows[i].row == A64_STXP, known;
		unsigned size;

		if (strncmp(a->mn, rows[i].name, n))
			continue;
		size = size_suffix(a->mn + n, o[st].x, &known);
		if (!known)
			continue;
		if (!asm_is(a, rows[i].ops) || !base_only(&o[a->n - 1]))
			return misfit(a);
		if (rows[i].row == A64_LDXR)
			return EMIT(a, LDXR, F(size, size), F(rs, 31), F(o0, rows[i].o0), F(rt2, 31), F(rn, o[1].reg), F(rt, o[0].reg));
		if (rows[i].row == A64_STXR)
			return EMIT(a, STXR, F(size, size), F(rs, o[0].reg), F(o0, rows[i].o0), F(rt2, 31), F(rn, o[2].reg),
				    F(rt, o[1].reg));
		if (rows[i].row == A64_LDXP)
			return EMIT(a, LDXP, F(sz, o[0].x), F(rs, 31), F(o0, rows[i].o0), F(rt2, o[1].reg), F(rn, o[2].reg),
				    F(rt, o[0].reg));
		return EMIT(a, STXP, F(sz, o[1].x), F(rs, o[0].reg), F(o0, rows[i].o0), F(rt2, o[2].reg), F(rn, o[3].reg),
			    F(rt, o[1].reg));
	}
	return 1;
}

/* A, L, AL and B, H after the name of an atomic. */
static bool order_suffix(const char *s, bool x, unsigned *acq, unsigned *rel, unsigned *size)
{
	bool known;

	*acq = *s == 'a';
	s += *acq;
	*rel = *s == 'l';
	s += *rel;
	*size = size_suffix(s, x, &known);
	return known;
}

static int do_atomics(struct as *a)
{
	static const struct { const char *name; enum a64_op row; bool store; } rows[] = {
		{"swp", A64_SWP, false}, {"ldadd", A64_LDADD, false}, {"ldclr", A64_LDCLR, false}, {"ldeor", A64_LDEOR, false},
		{"ldset", A64_LDSET, false}, {"ldsmax", A64_LDSMAX, false}, {"ldsmin", A64_LDSMIN, false},
		{"ldumax", A64_LDUMAX, false}, {"ldumin", A64_LDUMIN, false}, {"stadd", A64_LDADD, true},
		{"stclr", A64_LDCLR, true}, {"steor", A64_LDEOR, true}, {"stset", A64_LDSET, true},
		{"stsmax", A64_LDSMAX, true}, {"stsmin", A64_LDSMIN, true}, {"stumax", A64_LDUMAX, true},
		{"stumin", A64_LDUMIN, true}};
	const struct operand *o = a->op;
	unsigned acq, rel, size;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = strlen(rows[i].name);

		if (strncmp(a->mn, rows[i].name, n) || !order_suffix(a->mn + n, o[0].x, &acq, &rel, &size))
			continue;
		if (!asm_is(a, rows[i].store ? "xm" : "xxm") || !base_only(&o[a->n - 1]) || (rows[i].store && acq))
			return misfit(a);
		return asm_emit(a, rows[i].row, F(size, size), F(a, acq), F(r, rel), F(rs, o[0].reg), F(rn, o[a->n - 1].reg),
				F(rt, rows[i].store ? 31 : o[1].reg), (const char *)0);
	}
	if (!strncmp(a->mn, "casp", 4) && order_suffix(a->mn + 4, o[0].x, &acq, &rel, &size)) {
		if (!asm_is(a, "xxxxm") || !base_only(&o[4]) || o[1].reg != o[0].reg + 1 || o[3].reg != o[2].reg + 1)
			return misfit(a);
		return EMIT(a, CASP, F(sz, o[0].x), F(l, acq), F(rs, o[0].reg), F(o0, rel), F(rn, o[4].reg), F(rt, o[2].reg));
	}
	if (!strncmp(a->mn, "cas", 3) && order_suffix(a->mn + 3, o[0].x, &acq, &rel, &size)) {
		if (!asm_is(a, "xxm") || !base_only(&o[2]))
			return misfit(a);
		return EMIT(a, CAS, F(size, size), F(l, acq), F(rs, o[0].reg), F(o0, rel), F(rn, o[2].reg), F(rt, o[1].reg));
	}
	return 1;
}

int asm_ldst(struct as *a)
{
	static int (*const families[])(struct as *) = {do_singles, do_pairs, do_ordered, do_exclusives, do_atomics};

	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		int r = families[i](a);

		if (r <= 0)
			return r;
	}
	return 1;
}
