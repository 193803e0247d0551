/*
 * Vector shifts, by immediate and by register, with rounding and saturation.
 * Arm ARM: SSHL, SRSHL, SQSHL, SQRSHL and their unsigned and immediate
 * forms (pseudocode of SSHL and SQRSHL, C7.2).
 */
#include "ir/vec_priv.h"

OP1(vshl, u, (uint64_t)a << n)
OP1(vsshr, s, (int64_t)a >> (n < 63 ? n : 63))
OP1(vushr, u, n < BITS ? a >> (n & (BITS - 1)) : 0)

/* a >> m rounded to nearest, ties up; m 1..BITS.  Never overflows as the bit lost is added after the shift. */
#define ROUND_SHR(a, m) (((a) >> ((m) - 1) >> 1) + ((a) >> ((m) - 1) & 1))

OP1(vsrshr, s, ROUND_SHR(a, n))
OP1(vurshr, u, ROUND_SHR(a, n))

/*
 * One lane shifted by a signed amount.  The lane is given in 64 bits, the
 * result's low `bits` bits count; *sat collects saturation, and is NULL
 * where the instruction wraps.
 */
static inline int64_t shift_s(int64_t a, int n, int bits, bool round, bool *sat)
{
	int64_t r;

	if (n < 0) {
		if (round)
			return -n <= bits ? ROUND_SHR(a, -n) : 0;
		return a >> (-n < 63 ? -n : 63);
	}
	r = n < 64 ? (int64_t)((uint64_t)a << n) : 0;
	if (!sat)
		return r;
	if (!a || (n < bits && r >> n == a && (int64_t)((uint64_t)r << (64 - bits)) >> (64 - bits) == r))
		return r;
	*sat = true;
	r = (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
	return a < 0 ? ~r : r;
}

static inline uint64_t shift_u(uint64_t a, int n, int bits, bool round, bool *sat)
{
	uint64_t max = ~UINT64_C(0) >> (64 - bits), r;

	if (n < 0) {
		if (round)
			return -n <= bits ? ROUND_SHR(a, -n) : 0;
		return -n < bits ? a >> -n : 0;
	}
	r = n < 64 ? a << n : 0;
	if (!sat || !a || (n < bits && r >> n == a && r <= max))
		return r;
	*sat = true;
	return max;
}

#define LANE_SHL(name, t, wide, u, round) \
	static inline u128 name##_##t(u128 va, u128 vb) \
	{ \
		union vec x = {va}, y = {vb}, r; \
		FOR_LANES(t, k) \
			r.t[k] = (TYPE_##t)shift_##u((wide)x.t[k], (int8_t)y.t[k], 8 * sizeof(TYPE_##t), round, NULL); \
		return r.q; \
	}
#define OP_SHL(name, u, wide, round) \
	LANE_SHL(name, u##8, wide, u, round) \
	LANE_SHL(name, u##16, wide, u, round) \
	LANE_SHL(name, u##32, wide, u, round) \
	LANE_SHL(name, u##64, wide, u, round) \
	u128 c_##name(u128 a, u128 b, uint32_t imm) \
	{ \
		switch (VI_ES(imm)) { \
		case 0: return name##_##u##8(a, b); \
		case 1: return name##_##u##16(a, b); \
		case 2: return name##_##u##32(a, b); \
		default: return name##_##u##64(a, b); \
		} \
	}
OP_SHL(vsshl, s, int64_t, false)
OP_SHL(vushl, u, uint64_t, false)
OP_SHL(vsrshl, s, int64_t, true)
OP_SHL(vurshl, u, uint64_t, true)

/* The saturating ones.  `by` gives a lane's shift amount. */
#define LANE_OF(lane, n) (int8_t)(lane)
#define IMM_OF(lane, n) ((void)(lane), n)
#define LANE_QSHL(name, t, by, expr) \
	static inline u128 name##_##t(struct fpenv *env, u128 va, u128 vb, int n) \
	{ \
		enum { BITS = 8 * sizeof(TYPE_##t) }; \
		union vec x = {va}, y = {vb}, r; \
		bool sat = false; \
		FOR_LANES(t, k) { \
			TYPE_##t a = x.t[k]; \
			int b = by(y.t[k], n); \
			r.t[k] = (TYPE_##t)(expr); \
		} \
		if (sat) \
			env->fpsr |= FPSR_QC; \
		return r.q; \
	}
#define LANES_QSHL(name, u, by, expr) \
	LANE_QSHL(name, u##8, by, expr) \
	LANE_QSHL(name, u##16, by, expr) \
	LANE_QSHL(name, u##32, by, expr) \
	LANE_QSHL(name, u##64, by, expr) \
	static u128 name##_any(struct fpenv *env, u128 a, u128 b, uint32_t imm) \
	{ \
		int n = (int)VI_N(imm); \
		switch (VI_ES(imm)) { \
		case 0: return name##_##u##8(env, a, b, n); \
		case 1: return name##_##u##16(env, a, b, n); \
		case 2: return name##_##u##32(env, a, b, n); \
		default: return name##_##u##64(env, a, b, n); \
		} \
	}
#define OP_QSHL(name, u, round) \
	LANES_QSHL(name, u, LANE_OF, shift_##u(a, b, BITS, round, &sat)) \
	u128 c_##name(struct fpenv *env, u128 a, u128 b, uint32_t imm) { return name##_any(env, a, b, imm); }
#define OP_QSHLI(name, s, expr) \
	LANES_QSHL(name, s, IMM_OF, expr) \
	u128 c_##name(struct fpenv *env, u128 a, uint32_t imm) { return name##_any(env, a, a, imm); }

/* Signed to unsigned: what is negative saturates to 0. */
static inline uint64_t shift_su(int64_t a, int n, int bits, bool *sat)
{
	if (a >= 0)
		return shift_u((uint64_t)a, n, bits, false, sat);
	*sat = true;
	return 0;
}

OP_QSHL(vsqshl, s, false)
OP_QSHL(vuqshl, u, false)
OP_QSHL(vsqrshl, s, true)
OP_QSHL(vuqrshl, u, true)
OP_QSHLI(vsqshli, s, shift_s(a, b, BITS, false, &sat))
OP_QSHLI(vuqshli, u, shift_u(a, b, BITS, false, &sat))
OP_QSHLI(vsqshlui, s, shift_su(a, b, BITS, &sat))
