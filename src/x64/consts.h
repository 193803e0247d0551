/*
 * Constants of vector code: a table beside the glue at the start of code
 * memory, which units address relative to rip.  One line each in consts.c.
 */
#ifndef PARMA_X64_CONSTS_H
#define PARMA_X64_CONSTS_H

#include <stddef.h>

#include "x64/asm.h"

/* X(name, low half, high half) */
#define X64_CONSTS(X) \
	X(ONES8, 0x0101010101010101, 0x0101010101010101) \
	X(ONES16, 0x0001000100010001, 0x0001000100010001) \
	X(ONES32, 0x0000000100000001, 0x0000000100000001) \
	X(ONES64, 1, 1) \
	X(SIGN8, 0x8080808080808080, 0x8080808080808080) \
	X(SIGN16, 0x8000800080008000, 0x8000800080008000) \
	X(SIGN32, 0x8000000080000000, 0x8000000080000000) \
	X(SIGN64, 0x8000000000000000, 0x8000000000000000) \
	X(MAX8, 0x7f7f7f7f7f7f7f7f, 0x7f7f7f7f7f7f7f7f) \
	X(MAX16, 0x7fff7fff7fff7fff, 0x7fff7fff7fff7fff) \
	X(MAX32, 0x7fffffff7fffffff, 0x7fffffff7fffffff) \
	X(MAX64, 0x7fffffffffffffff, 0x7fffffffffffffff) \
	X(LOW8_16, 0x00ff00ff00ff00ff, 0x00ff00ff00ff00ff) \
	X(LOW16_32, 0x0000ffff0000ffff, 0x0000ffff0000ffff) \
	X(LOW32_64, 0x00000000ffffffff, 0x00000000ffffffff) \
	X(LOW8_64, 0xff, 0xff) \
	X(LOW8_32, 0x000000ff000000ff, 0x000000ff000000ff) \
	X(NIBBLE, 0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f) \
	X(X70, 0x7070707070707070, 0x7070707070707070) \
	X(LANE8, 0xff, 0) \
	X(LANE16, 0xffff, 0) \
	X(POPCNT4, 0x0302020102010100, 0x0403030203020201) \
	X(CLZ4, 0x0101010102020304, 0) \
	X(REV4_HI, 0xe060a020c0408000, 0xf070b030d0509010) \
	X(REV4_LO, 0x0e060a020c040800, 0x0f070b030d050901) \
	X(REV8_16, 0x0607040502030001, 0x0e0f0c0d0a0b0809) \
	X(REV8_32, 0x0405060700010203, 0x0c0d0e0f08090a0b) \
	X(REV8_64, 0x0001020304050607, 0x08090a0b0c0d0e0f) \
	X(REV16_32, 0x0504070601000302, 0x0d0c0f0e09080b0a) \
	X(REV16_64, 0x0100030205040706, 0x09080b0a0d0c0f0e) \
	X(MINNORM_S, 0x0080000000800000, 0x0080000000800000) \
	X(MINNORM_D, 0x0010000000000000, 0x0010000000000000) \
	X(TWO31_S, 0x4f0000004f000000, 0x4f0000004f000000) \
	X(TWO32_S, 0x4f8000004f800000, 0x4f8000004f800000) \
	X(TWO63_S, 0x5f0000005f000000, 0x5f0000005f000000) \
	X(TWO31_D, 0x41e0000000000000, 0x41e0000000000000) \
	X(TWO32_D, 0x41f0000000000000, 0x41f0000000000000) \
	X(TWO63_D, 0x43e0000000000000, 0x43e0000000000000) \
	X(MINUS1_S, 0xbf800000bf800000, 0xbf800000bf800000) \
	X(MINUS1_D, 0xbff0000000000000, 0xbff0000000000000) \
	X(TWO52_D, 0x4330000000000000, 0x4330000000000000) \
	X(TWO23_S, 0x4b0000004b000000, 0x4b0000004b000000) \
	X(HALF_D, 0x3fe0000000000000, 0x3fe0000000000000) \
	X(HALF_S, 0x3f0000003f000000, 0x3f0000003f000000) \
	X(ONE_D, 0x3ff0000000000000, 0x3ff0000000000000) \
	X(ONE_S, 0x3f8000003f800000, 0x3f8000003f800000) \
	X(ABS_1D, 0x7fffffffffffffff, 0) \
	X(ABS_1S, 0x7fffffff, 0) \
	X(ABS_2S, 0x7fffffff7fffffff, 0) \
	X(INF_S, 0x7f8000007f800000, 0x7f8000007f800000) \
	X(INF_D, 0x7ff0000000000000, 0x7ff0000000000000) \
	X(TWO_S, 0x4000000040000000, 0x4000000040000000) \
	X(TWO_D, 0x4000000000000000, 0x4000000000000000) \
	X(SESQUI_S, 0x3fc000003fc00000, 0x3fc000003fc00000) /* one and a half */ \
	X(SESQUI_D, 0x3ff8000000000000, 0x3ff8000000000000) \
	X(HALVES_S, 0x0100000001000000, 0x0100000001000000) /* the least whose half is normal */ \
	X(HALVES_D, 0x0020000000000000, 0x0020000000000000) \
	X(RECPE_LAST, 0x7e0000007e000000, 0x7e0000007e000000) /* estimates: see lower_fp_step.c */ \
	X(RECPE_EXP, 0x7e8000007e800000, 0x7e8000007e800000) \
	X(RSQRTE_LAST, 0x7f0000007f000000, 0x7f0000007f000000) \
	X(RSQRTE_EXP, 0x000000be000000be, 0x000000be000000be) \
	X(LOW9_32, 0x000001ff000001ff, 0x000001ff000001ff) \
	X(BELOW_H, 0x387fffff387fffff, 0x387fffff387fffff) /* singles: one less than the least normal half; bits that a half has not; half way */ \
	X(LOW13_32, 0x00001fff00001fff, 0x00001fff00001fff) \
	X(HALFWAY_H, 0x0000100000001000, 0x0000100000001000) \
	X(MINNORM_H, 0x0400040004000400, 0x0400040004000400) \
	X(INF_H, 0x7c007c007c007c00, 0x7c007c007c007c00) \
	X(NEG_RE_S, 0x0000000080000000, 0x0000000080000000) /* signs of real parts, of imaginary ones */ \
	X(NEG_IM_S, 0x8000000000000000, 0x8000000000000000) \
	X(NEG_RE_D, 0x8000000000000000, 0) \
	X(NEG_IM_D, 0, 0x8000000000000000) \
	X(ZERO, 0, 0) \
	X(MXCSR, 0x00005f8000001f80, 0x00007f8000003f80) /* by FPCR.RMode, 4 bytes each */ \
	X(MXCSR_FZ, 0x0000dfc000009fc0, 0x0000ffc00000bfc0) /* behind it: with FPCR.FZ */

enum x64_const {
#define X(n, lo, hi) XK_##n,
	X64_CONSTS(X)
#undef X
	XK_COUNT
};

/* Behind them: fractions of reciprocal estimates by 8 bits of the operand's, then of reciprocal square roots by 9. */
#define XK_RECIP 256
#define XK_RSQRT 512
#define XK_PAD 16 /* who gathers bytes reads 4 */

static inline struct xm xk_recip(void) { return (struct xm){.reg = -1, .base = XRIP, .index = NOREG, .disp = 16 * XK_COUNT}; }
static inline struct xm xk_rsqrt(void) { return (struct xm){.reg = -1, .base = XRIP, .index = NOREG, .disp = 16 * XK_COUNT + XK_RECIP}; }

/* Puts the table at the current place, which is a multiple of 16. */
void xk_emit(struct xa *a);

/* The constant as a memory operand of an instruction without an immediate. */
static inline struct xm xk(enum x64_const k)
{
	return (struct xm){.reg = -1, .base = XRIP, .index = NOREG, .disp = 16 * (int32_t)k};
}

/* With an immediate of one byte. */
static inline struct xm xk_i(enum x64_const k)
{
	struct xm m = xk(k);

	m.disp--;
	return m;
}

#endif
