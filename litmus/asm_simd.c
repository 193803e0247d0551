/* Assembler: the Advanced SIMD instructions that litmus tests move data with. */
#include <string.h>

#include "base/bits.h"
#include "litmus/asm_priv.h"

static int misfit(struct as *a) { return asm_bad(a, "operands do not fit the instruction"); }

static unsigned imm5_of(unsigned esize, int lane) { return (unsigned)(lane * 2 + 1) << esize; }

/* MOV between elements, general registers and whole vectors. */
static int do_mov(struct as *a)
{
	const struct operand *o = a->op;

	if (asm_is(a, "vx") && o[0].lane >= 0)
		return EMIT(a, INS_gen, F(imm5, imm5_of(o[0].esize, o[0].lane)), F(rn, o[1].reg), F(rd, o[0].reg));
	if (asm_is(a, "xv") && o[1].lane >= 0)
		return EMIT(a, UMOV, F(q, o[1].esize == 3), F(imm5, imm5_of(o[1].esize, o[1].lane)), F(rn, o[1].reg),
			    F(rd, o[0].reg));
	if (!asm_is(a, "vv"))
		return 1;
	if (o[0].lane >= 0 && o[1].lane >= 0)
		return EMIT(a, INS_elem, F(imm5, imm5_of(o[0].esize, o[0].lane)), F(imm4, (unsigned)o[1].lane << o[1].esize),
			    F(rn, o[1].reg), F(rd, o[0].reg));
	if (o[1].lane >= 0 && !o[0].shaped)
		return EMIT(a, DUP_se, F(imm5, imm5_of(o[1].esize, o[1].lane)), F(rn, o[1].reg), F(rd, o[0].reg));
	if (o[0].shaped && o[1].shaped)
		return EMIT(a, ORR_v, F(q, o[0].nelem << o[0].esize == 16), F(rm, o[1].reg), F(rn, o[1].reg), F(rd, o[0].reg));
	return 1;
}

static int do_movi(struct as *a)
{
	const struct operand *o = a->op;
	unsigned cmode, q, op = 0;
	uint64_t v;

	if (!asm_is(a, "vi") && !asm_is(a, "vih"))
		return misfit(a);
	v = (uint64_t)o[1].imm;
	q = o[0].nelem << o[0].esize == 16;
	if (!o[0].shaped || o[0].esize == 3) { /* a byte mask */
		uint64_t mask = 0;

		if (!o[0].shaped && o[0].esize != 3)
			return misfit(a);
		for (unsigned i = 0; i < 8; i++) {
			uint64_t b = v >> 8 * i & 255;

			if (b && b != 255)
				return asm_bad(a, "each byte must be 0 or 255");
			mask |= (b & 1) << i;
		}
		op = 1;
		cmode = 14;
		v = mask;
	} else {
		unsigned sh = a->n == 3 ? (unsigned)o[2].imm / 8 : 0;

		cmode = o[0].esize == 0 ? 14 : o[0].esize == 1 ? 8 + 2 * sh : 2 * sh;
		if (a->n == 3 && o[2].shift == SH_MSL)
			cmode = 12 + sh - 1;
	}
	return EMIT(a, MOVI_MVNI, F(q, q), F(op, op), F(hi, v >> 5), F(cmode, cmode), F(lo, v & 31), F(rd, o[0].reg));
}

/* LD1..ST4 of whole registers. */
static int structures(struct as *a, bool load, unsigned n)
{
	static const uint8_t opcode1[] = {0, 7, 10, 6, 2};
	static const enum a64_op rows[2][5][2] = {
		{{0}, {A64_ST1_mult, A64_ST1_mult_post}, {A64_ST2_mult, A64_ST2_mult_post},
		 {A64_ST3_mult, A64_ST3_mult_post}, {A64_ST4_mult, A64_ST4_mult_post}},
		{{0}, {A64_LD1_mult, A64_LD1_mult_post}, {A64_LD2_mult, A64_LD2_mult_post},
		 {A64_LD3_mult, A64_LD3_mult_post}, {A64_LD4_mult, A64_LD4_mult_post}}};
	const struct operand *l = &a->op[0], *m = &a->op[1];
	unsigned q = l->nelem << l->esize == 16;
	unsigned opcode = n == 1 ? opcode1[l->count] : n == 2 ? 8 : n == 3 ? 4 : 0;
	enum a64_op row = rows[load][n][a->n == 3];

	if (n != 1 && l->count != n)
		return misfit(a);
	if (a->n == 3)
		return asm_emit(a, row, F(q, q), F(opcode, opcode), F(size, l->esize), F(rn, m->reg), F(rt, l->reg),
				F(rm, a->op[2].kind == OP_REG ? a->op[2].reg : 31), (const char *)0);
	return asm_emit(a, row, F(q, q), F(opcode, opcode), F(size, l->esize), F(rn, m->reg), F(rt, l->reg), (const char *)0);
}

/* One lane of one to four registers. */
static int one_lane(struct as *a, bool load, unsigned n)
{
	const struct operand *l = &a->op[0], *m = &a->op[1];
	unsigned lane = (unsigned)l->lane, size = l->esize, q, s, sz;
	unsigned r = (n - 1) & 1, o0 = (n - 1) >> 1, scale = MIN(size, 2u);
	enum a64_op row = load ? (a->n == 3 ? A64_LD_lane_post : A64_LD_lane) : a->n == 3 ? A64_ST_lane_post : A64_ST_lane;

	if (l->count != n || lane >= 16u >> size)
		return misfit(a);
	lane <<= size; /* index in bytes: q:s:size */
	q = lane >> 3;
	s = lane >> 2 & 1;
	sz = (lane & 3) | (size == 3);
	if (a->n == 3)
		return asm_emit(a, row, F(q, q), F(r, r), F(scale, scale), F(o0, o0), F(s, s), F(size, sz), F(rn, m->reg),
				F(rt, l->reg), F(rm, a->op[2].kind == OP_REG ? a->op[2].reg : 31), (const char *)0);
	return asm_emit(a, row, F(q, q), F(r, r), F(scale, scale), F(o0, o0), F(s, s), F(size, sz), F(rn, m->reg),
			F(rt, l->reg), (const char *)0);
}

static int do_structures(struct as *a)
{
	bool load = !strncmp(a->mn, "ld", 2);
	unsigned n = (unsigned)(a->mn[2] - '0');
	const struct operand *l = &a->op[0], *m = &a->op[1];

	if ((!load && strncmp(a->mn, "st", 2)) || n < 1 || n > 4)
		return 1;
	if (a->n < 2 || a->n > 3 || l->kind != OP_VLIST || m->kind != OP_MEM || m->mode != MEM_OFF || m->imm)
		return misfit(a);
	if (!strcmp(a->mn + 3, "r") && load) {
		unsigned q = l->nelem << l->esize == 16;

		if (l->count != n)
			return misfit(a);
		if (a->n == 3)
			return EMIT(a, LD_rep_post, F(q, q), F(r, (n - 1) & 1), F(o0, (n - 1) >> 1), F(size, l->esize),
				    F(rn, m->reg), F(rt, l->reg), F(rm, a->op[2].kind == OP_REG ? a->op[2].reg : 31));
		return EMIT(a, LD_rep, F(q, q), F(r, (n - 1) & 1), F(o0, (n - 1) >> 1), F(size, l->esize), F(rn, m->reg),
			    F(rt, l->reg));
	}
	if (a->mn[3])
		return 1;
	return l->lane >= 0 ? one_lane(a, load, n) : structures(a, load, n);
}

int asm_simd(struct as *a)
{
	const struct operand *o = a->op;

	if (!strcmp(a->mn, "mov"))
		return do_mov(a);
	if (!strcmp(a->mn, "movi"))
		return do_movi(a);
	if (!strcmp(a->mn, "add") && asm_is(a, "vvv") && !o[0].shaped)
		return EMIT(a, ADD_s, F(size, o[0].esize), F(rm, o[2].reg), F(rn, o[1].reg), F(rd, o[0].reg));
	if (!strcmp(a->mn, "add") && asm_is(a, "vvv"))
		return EMIT(a, ADD_v, F(q, o[0].nelem << o[0].esize == 16), F(size, o[0].esize), F(rm, o[2].reg), F(rn, o[1].reg),
			    F(rd, o[0].reg));
	if (!strcmp(a->mn, "eor") && asm_is(a, "vvv"))
		return EMIT(a, EOR_v, F(q, o[0].nelem << o[0].esize == 16), F(rm, o[2].reg), F(rn, o[1].reg), F(rd, o[0].reg));
	if (!strcmp(a->mn, "addv") && asm_is(a, "vv"))
		return EMIT(a, ADDV_v, F(q, o[1].nelem << o[1].esize == 16), F(size, o[1].esize), F(rn, o[1].reg), F(rd, o[0].reg));
	if (!strcmp(a->mn, "dup") && asm_is(a, "vx"))
		return EMIT(a, DUP_gen, F(q, o[0].nelem << o[0].esize == 16), F(imm5, 1u << o[0].esize), F(rn, o[1].reg),
			    F(rd, o[0].reg));
	if (!strcmp(a->mn, "dup") && asm_is(a, "vv") && o[1].lane >= 0)
		return EMIT(a, DUP_ve, F(q, o[0].nelem << o[0].esize == 16), F(imm5, imm5_of(o[1].esize, o[1].lane)),
			    F(rn, o[1].reg), F(rd, o[0].reg));
	if (!strcmp(a->mn, "fmov") && asm_is(a, "xv"))
		return EMIT(a, FMOV_to_x, F(sf, o[0].x), F(ftype, o[0].x), F(rn, o[1].reg), F(rd, o[0].reg));
	if (!strcmp(a->mn, "fmov") && asm_is(a, "vx"))
		return EMIT(a, FMOV_from_x, F(sf, o[1].x), F(ftype, o[1].x), F(rn, o[1].reg), F(rd, o[0].reg));
	return do_structures(a);
}
