/*
 * Advanced SIMD copy, permute, extract, table lookup and modified immediate.
 * Arm ARM C4.1.96; AdvSIMDExpandImm() of the shared pseudocode.
 */
#ifndef PARMA_A64_SEM_SIMD_PERM_H
#define PARMA_A64_SEM_SIMD_PERM_H

#include "a64/sem/simd_util.h"

/* imm5 of the copies: the lowest set bit is the element size, above it the lane. */
static inline uint32_t lane5(unsigned imm5)
{
	unsigned es = (unsigned)__builtin_ctz(imm5);

	return VI(es, imm5 >> (es + 1));
}

SIMD(DUP_ve, CUT(vdupl(e, Vn, lane5(i->imm5))))
SIMD(DUP_se, v_lane0(e, vdupl(e, Vn, lane5(i->imm5)), VI_ES(lane5(i->imm5))))
SIMD(DUP_gen, CUT(vdup(e, get_x(e, i->rn), VI_ES(lane5(i->imm5)))))
SIMD(INS_gen, vins(e, Vd, get_x(e, i->rn), lane5(i->imm5)))
SIMD(INS_elem, vinsl(e, Vd, Vn, lane5(i->imm5) | VI2(0, 0, i->imm4 >> VI_ES(lane5(i->imm5)))))

SEM(UMOV)
{
	if (check_fp(e))
		set_x(e, i->rd, vget(e, Vn, lane5(i->imm5)));
}

SEM(SMOV)
{
	v64 r;

	if (!check_fp(e))
		return;
	r = vgets(e, Vn, lane5(i->imm5));
	set_x(e, i->rd, i->q ? r : zext32(e, r));
}

/* Of 64-bit operands, what interleaves is in the low halves: the 128-bit ZIP1 has both results. */
#define ZIP vzip1(e, Vn, Vm, i->size)
SIMD(ZIP1, CUT(ZIP))
SIMD(ZIP2, i->q ? vzip2(e, Vn, Vm, i->size) : vext(e, ZIP, v_const(e, 0), VI(0, 8)))
#undef ZIP
SIMD(UZP1, CUT(evens(e, i->q, Vn, Vm, i->size)))
SIMD(UZP2, CUT(odds(e, i->q, Vn, Vm, i->size)))
SIMD(TRN1, CUT(vtrn1(e, Vn, Vm, i->size)))
SIMD(TRN2, CUT(vtrn2(e, Vn, Vm, i->size)))

SEM(EXT)
{
	v128 nm;

	if (!check_fp(e))
		return;
	nm = vzip1(e, Vn, Vm, 3);
	set_v(e, i->rd, i->q ? vext(e, Vn, Vm, VI(0, i->imm4)) : v_zero_hi(e, vext(e, nm, nm, VI(0, i->imm4))));
}

SEM(TBL)
{
	v128 idx, r;

	if (!check_fp(e))
		return;
	idx = Vm;
	r = vtbl(e, Vn, idx, 0);
	for (unsigned k = 1; k <= i->len; k++)
		r = vor(e, r, vtbl(e, get_v(e, (i->rn + k) & 31), idx, VI(0, 16 * k)));
	set_v(e, i->rd, CUT(r));
}

SEM(TBX)
{
	v128 idx, r;

	if (!check_fp(e))
		return;
	idx = Vm;
	r = Vd;
	for (unsigned k = 0; k <= i->len; k++)
		r = vtbx(e, r, get_v(e, (i->rn + k) & 31), idx, VI(0, 16 * k));
	set_v(e, i->rd, CUT(r));
}

/* 64 bits of a modified immediate, before the inversion of MVNI and BIC. */
static inline uint64_t expand_imm(unsigned op, unsigned cmode, uint64_t imm8)
{
	uint64_t r = 0;

	if (cmode < 8)
		r = imm8 << 8 * (cmode >> 1);
	else if (cmode < 12)
		return (imm8 << 8 * (cmode >> 1 & 1)) * UINT64_C(0x0001000100010001);
	else if (cmode == 12)
		r = imm8 << 8 | 0xff;
	else if (cmode == 13)
		r = imm8 << 16 | 0xffff;
	else if (!op)
		return imm8 * UINT64_C(0x0101010101010101);
	else {
		for (unsigned k = 0; k < 8; k++)
			r |= (imm8 >> k & 1 ? UINT64_C(0xff) : 0) << 8 * k;
		return r;
	}
	return r | r << 32;
}

SEM(MOVI_MVNI)
{
	uint64_t r = expand_imm(i->op, i->cmode, (unsigned)i->hi << 5 | i->lo);

	if (i->op && i->cmode != 14)
		r = ~r;
	if (check_fp(e))
		set_v(e, i->rd, vk128(e, r, i->q ? r : 0));
}

SEM(ORR_BIC_imm)
{
	v128 imm;

	if (!check_fp(e))
		return;
	imm = v_const(e, expand_imm(i->op, i->cmode, (unsigned)i->hi << 5 | i->lo));
	set_v(e, i->rd, CUT(i->op ? vandn(e, Vd, imm) : vor(e, Vd, imm)));
}

#endif
