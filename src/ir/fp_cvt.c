/*
 * Conversions: between formats (FPConvert), to and from integers and
 * fixed-point numbers (FPToFixed, FixedToFP, FPToFixedJS), and rounding to
 * integral values (FPRoundInt, FPRoundIntN).
 */
#include "ir/fp_core.h"
#include "ir/fp_lanes.h"
#include "ir/ops_fp.h"

FP_INLINE unsigned rounding(const struct fpenv *env, uint32_t imm)
{
	unsigned rm = fpi_get_round(imm);

	return rm == FPR_FPCR ? fp_rmode(env) : rm;
}

/* FPConvertNaN(): sign and leading fraction bits are kept, quiet. */
FP_INLINE uint64_t convert_nan(uint64_t x, unsigned from, unsigned to)
{
	uint64_t frac = x & mask64(fp_fbits(from));

	frac = fp_fbits(from) < fp_fbits(to) ? frac << (fp_fbits(to) - fp_fbits(from))
					     : frac >> (fp_fbits(from) - fp_fbits(to));
	return fp_infinity(bit(x, fp_width(from) - 1), to) | frac | fp_quietbit(to);
}

/* FPConvert(); FPUnpackCV() and FPRoundCV() know alternative half but not FZ16. */
FP_INLINE uint64_t convert(struct fpenv *env, uint64_t a, unsigned from, unsigned to, unsigned rm)
{
	bool fz = env->fpcr & FPCR_FZ, ahp = env->fpcr & FPCR_AHP;
	struct fp_num x = fp_unpack_as(env, a, from, from != FP_H && fz, from == FP_H && ahp);

	if (likely(x.cls == FP_NUM))
		return fp_round_as(env, x.sign, x.exp, x.sig, to, rm, to != FP_H && fz, to == FP_H && ahp);
	if (x.cls == FP_ZERO)
		return fp_sign_at(x.sign, to);
	if (x.cls == FP_INF) {
		if (to != FP_H || !ahp)
			return fp_infinity(x.sign, to);
		env->fpsr |= FPSR_IOC;
		return fp_sign_at(x.sign, to) | mask64(15);
	}
	if (x.cls == FP_SNAN || (to == FP_H && ahp))
		env->fpsr |= FPSR_IOC;
	if (to == FP_H && ahp)
		return fp_sign_at(x.sign, to);
	return env->fpcr & FPCR_DN ? fp_defnan(to) : convert_nan(a, from, to);
}

static uint64_t convert_any(struct fpenv *env, uint64_t a, unsigned from, unsigned to, unsigned rm)
{
	switch (from << 4 | to) {
	case FP_H << 4 | FP_S: return convert(env, a, FP_H, FP_S, rm);
	case FP_H << 4 | FP_D: return convert(env, a, FP_H, FP_D, rm);
	case FP_S << 4 | FP_H: return convert(env, a, FP_S, FP_H, rm);
	case FP_S << 4 | FP_D: return convert(env, a, FP_S, FP_D, rm);
	case FP_S << 4 | FP_BF: return convert(env, a, FP_S, FP_BF, rm);
	case FP_D << 4 | FP_H: return convert(env, a, FP_D, FP_H, rm);
	default: return convert(env, a, FP_D, FP_S, rm);
	}
}

u128 c_fpcvt(struct fpenv *env, u128 a, uint32_t imm)
{
	unsigned from = fpi_get_size(imm), to = fpi_get_size2(imm), rm = rounding(env, imm);
	union fp_vec x = {a}, r = {0};

	for (unsigned k = 0, n = fp_count(imm, MAX(from, to)); k < n; k++)
		fp_set_lane(&r, to, k, convert_any(env, fp_lane(&x, from, k), from, to, rm));
	return r.q;
}

/* FPConvertBF(). */
u128 c_bfcvt(struct fpenv *env, u128 a, uint32_t imm)
{
	union fp_vec x = {a}, r = {0};

	for (unsigned k = 0, n = fp_count(imm, FP_S); k < n; k++)
		r.h[k] = (uint16_t)convert_any(env, x.s[k], FP_S, FP_BF, fp_rmode(env));
	return r.q;
}

/* Magnitude of a number times 2^scale rounded to an integer, below 2^64; false if it is not.  *inexact is set. */
FP_INLINE bool round_to_int(struct fp_num x, int scale, unsigned rm, uint64_t *mag, bool *inexact)
{
	int e = x.exp + scale;
	uint64_t frac; /* in units of 2^-64 */
	bool up;

	*inexact = false;
	if (e > 63)
		return false;
	if (e >= 0) {
		*mag = x.sig >> (63 - e);
		frac = e < 63 ? x.sig << (e + 1) : 0;
	} else {
		*mag = 0;
		frac = fp_shr_jam(x.sig, (unsigned)(-1 - e));
	}
	*inexact = frac;
	switch (rm) {
	case FPR_TIEEVEN: up = frac > BIT(63) || (frac == BIT(63) && *mag & 1); break;
	case FPR_POSINF: up = frac && !x.sign; break;
	case FPR_NEGINF: up = frac && x.sign; break;
	case FPR_TIEAWAY: up = frac >= BIT(63); break;
	default: up = false; break;
	}
	*mag += up;
	return true;
}

/* FPToFixed() with SatQ(): to an integer of ibits bits. */
FP_INLINE uint64_t to_int(struct fpenv *env, uint64_t a, unsigned f, unsigned ibits, unsigned fbits, bool uns,
			  unsigned rm)
{
	struct fp_num x = fp_unpack(env, a, f);
	uint64_t limit = uns ? (x.sign ? 0 : mask64(ibits)) : mask64(ibits - 1) + x.sign, mag;
	bool inexact;

	if (x.cls == FP_ZERO)
		return 0;
	if (x.cls >= FP_QNAN) {
		env->fpsr |= FPSR_IOC;
		return 0;
	}
	if (x.cls == FP_INF || !round_to_int(x, (int)fbits, rm, &mag, &inexact) || mag > limit) {
		env->fpsr |= FPSR_IOC;
		mag = limit;
	} else if (inexact) {
		env->fpsr |= FPSR_IXC;
	}
	return x.sign ? -mag : mag;
}

FP_INLINE u128 to_int_lanes(struct fpenv *env, u128 a, uint32_t imm, unsigned f)
{
	unsigned to = fpi_get_size2(imm), rm = rounding(env, imm), fbits = fpi_get_fbits(imm);
	union fp_vec x = {a}, r = {0};

	for (unsigned k = 0, n = fp_count(imm, MAX(f, to)); k < n; k++)
		fp_set_lane(&r, to, k,
			    to_int(env, fp_lane(&x, f, k), f, 8u << to, fbits, imm & FPI_UNSIGNED, rm));
	return r.q;
}

u128 c_fp2i(struct fpenv *env, u128 a, uint32_t imm)
{
	switch (fpi_get_size(imm)) {
	case FP_H: return to_int_lanes(env, a, imm, FP_H);
	case FP_S: return to_int_lanes(env, a, imm, FP_S);
	default: return to_int_lanes(env, a, imm, FP_D);
	}
}

/* FixedToFP() of an integer that is extended to 64 bits. */
FP_INLINE uint64_t from_int(struct fpenv *env, uint64_t v, unsigned f, unsigned fbits, bool uns)
{
	unsigned sign = uns ? 0 : (unsigned)(v >> 63), lz;

	if (!v)
		return 0;
	if (sign)
		v = -v;
	lz = (unsigned)__builtin_clzll(v);
	return fp_round(env, sign, 63 - (int)lz - (int)fbits, v << lz, f);
}

FP_INLINE u128 from_int_lanes(struct fpenv *env, u128 a, uint32_t imm, unsigned f)
{
	unsigned from = fpi_get_size2(imm), fbits = fpi_get_fbits(imm);
	bool uns = imm & FPI_UNSIGNED;
	union fp_vec x = {a}, r = {0};

	for (unsigned k = 0, n = fp_count(imm, MAX(f, from)); k < n; k++) {
		uint64_t v = fp_lane(&x, from, k);

		fp_set_lane(&r, f, k, from_int(env, uns ? v : sext(v, 8u << from), f, fbits, uns));
	}
	return r.q;
}

u128 c_i2fp(struct fpenv *env, u128 a, uint32_t imm)
{
	switch (fpi_get_size(imm)) {
	case FP_H: return from_int_lanes(env, a, imm, FP_H);
	case FP_S: return from_int_lanes(env, a, imm, FP_S);
	default: return from_int_lanes(env, a, imm, FP_D);
	}
}

/* An integer that the format can represent. */
FP_INLINE uint64_t exact_int(struct fpenv *env, unsigned sign, uint64_t mag, unsigned f)
{
	unsigned lz;

	if (!mag)
		return fp_sign_at(sign, f);
	lz = (unsigned)__builtin_clzll(mag);
	return fp_round_as(env, sign, 63 - (int)lz, mag << lz, f, FPR_ZERO, false, false);
}

/* FPRoundInt(). */
FP_INLINE uint64_t el_print(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f);
	uint64_t mag;
	bool inexact;

	if (x.cls >= FP_QNAN)
		return fp_nan(env, a, f);
	if (x.cls == FP_ZERO)
		return fp_sign_at(x.sign, f);
	if (x.cls == FP_INF || x.exp >= (int)fp_fbits(f))
		return a;
	round_to_int(x, 0, rounding(env, imm), &mag, &inexact);
	if (inexact && imm & FPI_EXACT)
		env->fpsr |= FPSR_IXC;
	return exact_int(env, x.sign, mag, f);
}

/* FPRoundIntN(). */
FP_INLINE uint64_t el_printn(struct fpenv *env, uint64_t a, uint32_t imm, unsigned f)
{
	struct fp_num x = fp_unpack(env, a, f);
	unsigned top = imm & FPI_RANGE64 ? 63 : 31;
	uint64_t mag;
	bool inexact;

	if (x.cls == FP_ZERO)
		return fp_sign_at(x.sign, f);
	if (x.cls != FP_NUM || !round_to_int(x, 0, rounding(env, imm), &mag, &inexact) ||
	    mag > mask64(top) + x.sign) {
		env->fpsr |= FPSR_IOC;
		return fp_pow2(1, (int)top, 0, f);
	}
	if (inexact)
		env->fpsr |= FPSR_IXC;
	return exact_int(env, x.sign, mag, f);
}

FP_OP1(fprint, el_print)
FP_OP1(fprintn, el_printn)

/* FPToFixedJS(): truncated, modulo 2^32; "exact" means that the result equals the operand, -0 excepted. */
uint64_t c_fjcvtzs(struct fpenv *env, u128 a)
{
	uint64_t d = (uint64_t)a, mag = 0;
	struct fp_num x = fp_unpack(env, d, FP_D);
	bool inexact = false, exact = false;

	if (x.cls == FP_ZERO) {
		exact = !d;
	} else if (x.cls >= FP_INF) {
		env->fpsr |= FPSR_IOC;
	} else if (x.exp > 62) {
		env->fpsr |= FPSR_IOC;
		mag = x.exp - 63 < 32 ? x.sig << (x.exp - 63) : 0;
	} else {
		round_to_int(x, 0, FPR_ZERO, &mag, &inexact);
		if (mag > mask64(31) + x.sign)
			env->fpsr |= FPSR_IOC;
		else if (inexact)
			env->fpsr |= FPSR_IXC;
		else
			exact = true;
	}
	return (uint32_t)(x.sign ? -mag : mag) | (uint64_t)exact << 62;
}
