/*
 * Advanced SIMD load/store structures, multiple and single, with their
 * post-index forms.  Arm ARM C4.1.94 (LD1 .. ST4, LD1R .. LD4R).
 *
 * Multiple structures move one contiguous block: it is transferred in units of 16
 * (or 8) bytes and the lanes are sorted in registers.  The architecture asks for
 * atomicity of the single element only, and an aligned element never
 * straddles units.  Registers are written after the last access.
 */
#ifndef PARMA_A64_SEM_SIMD_LDST_H
#define PARMA_A64_SEM_SIMD_LDST_H

#include "a64/sem/simd_util.h"

/* Address arithmetic */
static inline unsigned base_flags(unsigned rn, unsigned es) { return MO_PLAIN | MF_ELEM(es) | (rn == 31 ? MF_SPBASE : 0); }
static inline v64 at(E *e, v64 base, unsigned off) { return off ? add64(e, base, k64(e, off)) : base; }

/* rm 31 stands for the number of bytes transferred. */
static inline void post_index(E *e, unsigned rn, v64 base, unsigned rm, unsigned bytes)
{
	set_xsp(e, rn, add64(e, base, rm == 31 ? k64(e, bytes) : get_x(e, rm)));
}

/*
 * A block of nregs * (8 or 16) bytes to or from m[], 16 bytes in each; of an
 * odd number of 8-byte units the last m[] has one, zero-extended.
 */
static inline void block_ld(E *e, v128 m[4], v64 base, unsigned units8, unsigned mo)
{
	unsigned k = 0;

	for (; units8 >= 4; units8 -= 4, k += 2)
		mem_ldp128(e, &m[k], &m[k + 1], at(e, base, 16 * k), mo);
	for (; units8 >= 2; units8 -= 2, k++)
		mem_ld128(e, &m[k], at(e, base, 16 * k), mo);
	if (units8) {
		v64 lo;

		mem_ld(e, &lo, at(e, base, 16 * k), 8, mo);
		m[k] = v_from(e, lo);
	}
}

static inline void block_st(E *e, const v128 m[4], v64 base, unsigned units8, unsigned mo)
{
	unsigned k = 0;

	for (; units8 >= 4; units8 -= 4, k += 2)
		mem_stp128(e, at(e, base, 16 * k), m[k], m[k + 1], mo);
	for (; units8 >= 2; units8 -= 2, k++)
		mem_st128(e, at(e, base, 16 * k), m[k], mo);
	if (units8)
		mem_st(e, at(e, base, 16 * k), v_lo(e, m[k]), 8, mo);
}

/* Lanes of three registers: a permutation of 48 (24) bytes as three look-ups for each result. */
static inline v128 look_up3(E *e, const v128 m[4], unsigned tables, const uint8_t from[16])
{
	uint64_t w[2] = {0, 0};
	v128 idx, r;

	for (unsigned k = 0; k < 16; k++)
		w[k / 8] |= (uint64_t)from[k] << 8 * (k % 8);
	idx = vk128(e, w[0], w[1]);
	r = vtbl(e, m[0], idx, 0);
	for (unsigned k = 1; k < tables; k++)
		r = vor(e, r, vtbl(e, m[k], idx, VI(0, 16 * k)));
	return r;
}

static inline void split3(E *e, v128 r[4], const v128 m[4], bool q, unsigned es)
{
	for (unsigned reg = 0; reg < 3; reg++) {
		uint8_t from[16];

		for (unsigned k = 0; k < 16; k++) {
			unsigned s = ((k >> es) * 3 + reg) << es | (k & ((1u << es) - 1));

			from[k] = k < 8 || q ? (uint8_t)s : 0xff;
		}
		r[reg] = look_up3(e, m, q ? 3 : 2, from);
	}
}

static inline void join3(E *e, v128 m[4], const v128 r[4], bool q, unsigned es)
{
	for (unsigned unit = 0; unit < (q ? 3u : 2u); unit++) {
		uint8_t from[16];

		for (unsigned k = 0; k < 16; k++) {
			unsigned byte = 16 * unit + k, elem = byte >> es;

			from[k] = byte < 24 || q ? (uint8_t)(elem % 3 * 16 + (elem / 3 << es | (byte & ((1u << es) - 1)))) : 0xff;
		}
		m[unit] = look_up3(e, r, 3, from);
	}
}

/* Block m[] to registers r[] (upper halves undefined if Q=0). */
static inline void split(E *e, v128 r[4], const v128 m[4], unsigned nregs, bool q, unsigned es)
{
	v128 a, b;

	if (nregs == 2) {
		r[0] = vuzp1(e, m[0], m[q], es);
		r[1] = vuzp2(e, m[0], m[q], es);
	} else if (nregs == 3) {
		split3(e, r, m, q, es);
	} else {
		for (unsigned k = 0; k < 2; k++) {
			if (q) {
				a = k ? vuzp2(e, m[0], m[1], es) : vuzp1(e, m[0], m[1], es);
				b = k ? vuzp2(e, m[2], m[3], es) : vuzp1(e, m[2], m[3], es);
			} else {
				a = b = k ? vuzp2(e, m[0], m[1], es) : vuzp1(e, m[0], m[1], es);
			}
			r[k] = vuzp1(e, a, b, es);
			r[k + 2] = vuzp2(e, a, b, es);
		}
	}
}

/* The inverse of split(). */
static inline void join(E *e, v128 m[4], const v128 r[4], unsigned nregs, bool q, unsigned es)
{
	v128 a, b;

	if (nregs == 2) {
		m[0] = vzip1(e, r[0], r[1], es);
		m[1] = vzip2(e, r[0], r[1], es);
	} else if (nregs == 3) {
		join3(e, m, r, q, es);
	} else {
		a = vzip1(e, r[0], r[2], es);
		b = vzip1(e, r[1], r[3], es);
		m[0] = vzip1(e, a, b, es);
		m[1] = vzip2(e, a, b, es);
		if (!q)
			return;
		a = vzip2(e, r[0], r[2], es);
		b = vzip2(e, r[1], r[3], es);
		m[2] = vzip1(e, a, b, es);
		m[3] = vzip2(e, a, b, es);
	}
}

/* Number of registers of LD1 and ST1, from opcode. */
static inline unsigned ld1_regs(unsigned opcode)
{
	return opcode == 7 ? 1 : opcode == 10 ? 2 : opcode == 6 ? 3 : 4;
}

static inline void ld_plain(E *e, v64 base, unsigned nregs, bool q, unsigned rt, unsigned mo)
{
	v128 m[4];
	v64 lo;

	if (q)
		block_ld(e, m, base, 2 * nregs, mo);
	else
		for (unsigned k = 0; k < nregs; k++) {
			mem_ld(e, &lo, at(e, base, 8 * k), 8, mo);
			m[k] = v_from(e, lo);
		}
	for (unsigned k = 0; k < nregs; k++)
		set_v(e, (rt + k) & 31, m[k]);
}

static inline void st_plain(E *e, v64 base, unsigned nregs, bool q, unsigned rt, unsigned mo)
{
	v128 m[4];

	for (unsigned k = 0; k < nregs; k++)
		m[k] = get_v(e, (rt + k) & 31);
	if (q)
		block_st(e, m, base, 2 * nregs, mo);
	else
		for (unsigned k = 0; k < nregs; k++)
			mem_st(e, at(e, base, 8 * k), v_lo(e, m[k]), 8, mo);
}

static inline void ld_struct(E *e, v64 base, unsigned nregs, bool q, unsigned es, unsigned rt, unsigned mo)
{
	v128 m[4], r[4];

	block_ld(e, m, base, nregs << q, mo);
	split(e, r, m, nregs, q, es);
	for (unsigned k = 0; k < nregs; k++)
		set_v(e, (rt + k) & 31, cut(e, q, r[k]));
}

static inline void st_struct(E *e, v64 base, unsigned nregs, bool q, unsigned es, unsigned rt, unsigned mo)
{
	v128 m[4], r[4];

	for (unsigned k = 0; k < nregs; k++)
		r[k] = get_v(e, (rt + k) & 31);
	join(e, m, r, nregs, q, es);
	block_st(e, m, base, nregs << q, mo);
}

#define MULT(name, regs, move) \
	SEM(name) \
	{ \
		if (check_fp(e)) \
			move; \
	} \
	SEM(name##_post) \
	{ \
		v64 base; \
		if (!check_fp(e)) \
			return; \
		base = BASE; \
		move; \
		post_index(e, i->rn, base, i->rm, (regs) << (3 + i->q)); \
	}
#define BASE get_xsp(e, i->rn)
#define REGS1 ld1_regs(i->opcode)
MULT(LD1_mult, REGS1, ld_plain(e, BASE, REGS1, i->q, i->rt, base_flags(i->rn, i->size)))
MULT(ST1_mult, REGS1, st_plain(e, BASE, REGS1, i->q, i->rt, base_flags(i->rn, i->size)))
MULT(LD2_mult, 2u, ld_struct(e, BASE, 2, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
MULT(LD3_mult, 3u, ld_struct(e, BASE, 3, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
MULT(LD4_mult, 4u, ld_struct(e, BASE, 4, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
MULT(ST2_mult, 2u, st_struct(e, BASE, 2, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
MULT(ST3_mult, 3u, st_struct(e, BASE, 3, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
MULT(ST4_mult, 4u, st_struct(e, BASE, 4, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
#undef MULT
#undef REGS1

/* Element size and lane of a single structure, as an immediate of vget and vins. */
static inline uint32_t lane_of(unsigned q, unsigned scale, unsigned s, unsigned size)
{
	switch (scale) {
	case 0: return VI(0, q << 3 | s << 2 | size);
	case 1: return VI(1, q << 2 | s << 1 | size >> 1);
	default: return size ? VI(3, q) : VI(2, q << 1 | s);
	}
}

static inline void ld_lane(E *e, v64 base, unsigned nregs, uint32_t lane, unsigned rt, unsigned mo)
{
	unsigned bytes = 1u << VI_ES(lane);
	v64 x[4];

	for (unsigned k = 0; k < nregs; k++)
		mem_ld(e, &x[k], at(e, base, k * bytes), bytes, mo);
	for (unsigned k = 0; k < nregs; k++)
		set_v(e, (rt + k) & 31, vins(e, get_v(e, (rt + k) & 31), x[k], lane));
}

static inline void st_lane(E *e, v64 base, unsigned nregs, uint32_t lane, unsigned rt, unsigned mo)
{
	unsigned bytes = 1u << VI_ES(lane);

	for (unsigned k = 0; k < nregs; k++)
		mem_st(e, at(e, base, k * bytes), vget(e, get_v(e, (rt + k) & 31), lane), bytes, mo);
}

static inline void ld_rep(E *e, v64 base, unsigned nregs, bool q, unsigned es, unsigned rt, unsigned mo)
{
	v64 x[4];

	for (unsigned k = 0; k < nregs; k++)
		mem_ld(e, &x[k], at(e, base, k << es), 1u << es, mo);
	for (unsigned k = 0; k < nregs; k++)
		set_v(e, (rt + k) & 31, cut(e, q, vdup(e, x[k], es)));
}

#define SINGLE(name, es, move) \
	SEM(name) \
	{ \
		if (check_fp(e)) \
			move; \
	} \
	SEM(name##_post) \
	{ \
		v64 base; \
		if (!check_fp(e)) \
			return; \
		base = BASE; \
		move; \
		post_index(e, i->rn, base, i->rm, NREGS << (es)); \
	}
#define NREGS (((unsigned)i->o0 << 1 | i->r) + 1)
#define LANE lane_of(i->q, i->scale, i->s, i->size)
SINGLE(LD_lane, VI_ES(LANE), ld_lane(e, BASE, NREGS, LANE, i->rt, base_flags(i->rn, VI_ES(LANE))))
SINGLE(ST_lane, VI_ES(LANE), st_lane(e, BASE, NREGS, LANE, i->rt, base_flags(i->rn, VI_ES(LANE))))
SINGLE(LD_rep, i->size, ld_rep(e, BASE, NREGS, i->q, i->size, i->rt, base_flags(i->rn, i->size)))
#undef SINGLE
#undef NREGS
#undef LANE
#undef BASE

#endif
