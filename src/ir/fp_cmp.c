/*
 * Floating-point comparison: FPCompare to flags, and FPCompareEQ/GE/GT per
 * lane to masks.
 */
#include "ir/fp_core.h"
#include "ir/fp_lanes.h"
#include "ir/ops_fp.h"

enum order { LESS, EQUAL, GREATER, UNORDERED };

FP_INLINE enum order compare(struct fpenv *env, uint64_t a, uint64_t b, unsigned f, bool signal)
{
	struct fp_num x = fp_unpack(env, a, f), y = fp_unpack(env, b, f);

	if (unlikely(x.cls >= FP_QNAN || y.cls >= FP_QNAN)) {
		if (signal || x.cls == FP_SNAN || y.cls == FP_SNAN)
			env->fpsr |= FPSR_IOC;
		return UNORDERED;
	}
	if (x.cls == FP_ZERO && y.cls == FP_ZERO)
		return EQUAL;
	if (x.cls == FP_ZERO)
		return y.sign ? GREATER : LESS;
	if (y.cls == FP_ZERO || x.sign != y.sign)
		return x.sign ? LESS : GREATER;
	/* Same sign: the encodings order the magnitudes. */
	return a == b ? EQUAL : (a < b) != x.sign ? LESS : GREATER;
}

uint32_t c_fpcmp(struct fpenv *env, u128 a, u128 b, uint32_t imm)
{
	static const uint32_t nzcv[] = {
		[LESS] = 0x80000000, [EQUAL] = 0x60000000, [GREATER] = 0x20000000, [UNORDERED] = 0x30000000};
	bool signal = imm & FPI_SIGNAL;

	switch (fpi_get_size(imm)) {
	case FP_H: return nzcv[compare(env, (uint16_t)a, (uint16_t)b, FP_H, signal)];
	case FP_S: return nzcv[compare(env, (uint32_t)a, (uint32_t)b, FP_S, signal)];
	default: return nzcv[compare(env, (uint64_t)a, (uint64_t)b, FP_D, signal)];
	}
}

FP_INLINE uint64_t el_cmv(struct fpenv *env, uint64_t a, uint64_t b, uint32_t imm, unsigned f)
{
	unsigned cond = fpi_get_cond(imm);
	enum order o;

	if (imm & FPI_ABS) {
		a &= ~fp_signbit(f);
		b &= ~fp_signbit(f);
	}
	o = compare(env, a, b, f, cond != FPC_EQ);
	return o == EQUAL ? cond == FPC_GT ? 0 : ~UINT64_C(0) : o == GREATER && cond != FPC_EQ ? ~UINT64_C(0) : 0;
}

FP_OP2(fpcmv, el_cmv)
