/* Semantics: data processing, register (C4.1.95): arithmetic, logical, multiply, divide, CRC, select, flags. */
#ifndef PARMA_A64_SEM_ARITH_REG_H
#define PARMA_A64_SEM_ARITH_REG_H

#include "a64/sem/common.h"

/* Register operand shifted by a constant: 0 LSL, 1 LSR, 2 ASR, 3 ROR.  High bits of a 32-bit one are undefined. */
static inline v64 shifted(E *e, bool sf, unsigned rm, unsigned shift, unsigned amount)
{
	v64 v = get_x(e, rm);

	if (!amount)
		return v;
	switch (shift) {
	case 0: return shl64(e, v, amount);
	case 1: return shr64(e, width(e, sf, v), amount);
	case 2: return sar64(e, sf ? v : sext32(e, v), amount);
	default: return extr(e, v, v, amount | (uint32_t)sf << 6);
	}
}

SEM(ADD_reg)
{
	v64 m = shifted(e, i->sf, i->rm, i->shift, i->imm6);

	set_x(e, i->rd, width(e, i->sf, add64(e, get_x(e, i->rn), m)));
}
SEM(SUB_reg)
{
	v64 m = shifted(e, i->sf, i->rm, i->shift, i->imm6);

	set_x(e, i->rd, width(e, i->sf, sub64(e, get_x(e, i->rn), m)));
}
SEM(ADDS_reg) { adds(e, i->sf, i->rd, get_x(e, i->rn), shifted(e, i->sf, i->rm, i->shift, i->imm6)); }
SEM(SUBS_reg) { subs(e, i->sf, i->rd, get_x(e, i->rn), shifted(e, i->sf, i->rm, i->shift, i->imm6)); }

SEM(ADD_ext) { set_xsp(e, i->rd, width(e, i->sf, add64(e, get_xsp(e, i->rn), extended(e, i->rm, i->option, i->imm3)))); }
SEM(SUB_ext) { set_xsp(e, i->rd, width(e, i->sf, sub64(e, get_xsp(e, i->rn), extended(e, i->rm, i->option, i->imm3)))); }
SEM(ADDS_ext) { adds(e, i->sf, i->rd, get_xsp(e, i->rn), extended(e, i->rm, i->option, i->imm3)); }
SEM(SUBS_ext) { subs(e, i->sf, i->rd, get_xsp(e, i->rn), extended(e, i->rm, i->option, i->imm3)); }

static inline v64 add_carry(E *e, bool sf, v64 a, v64 b)
{
	return width(e, sf, add64(e, add64(e, a, b), fl_carry(e, get_flags(e))));
}

SEM(ADC) { set_x(e, i->rd, add_carry(e, i->sf, get_x(e, i->rn), get_x(e, i->rm))); }
SEM(SBC) { set_x(e, i->rd, add_carry(e, i->sf, get_x(e, i->rn), not64(e, get_x(e, i->rm)))); }
SEM(ADCS)
{
	v64 a = get_x(e, i->rn), b = get_x(e, i->rm);
	vf f = get_flags(e);

	set_x(e, i->rd, add_carry(e, i->sf, a, b));
	set_flags(e, fl_adc(e, a, b, f, i->sf));
}
SEM(SBCS)
{
	v64 a = get_x(e, i->rn), b = get_x(e, i->rm);
	vf f = get_flags(e);

	set_x(e, i->rd, add_carry(e, i->sf, a, not64(e, b)));
	set_flags(e, fl_sbc(e, a, b, f, i->sf));
}

#define LOGICAL(name, op, m) \
	SEM(name) \
	{ \
		v64 b = shifted(e, i->sf, i->rm, i->shift, i->imm6); \
		set_x(e, i->rd, width(e, i->sf, op(e, get_x(e, i->rn), m))); \
	}
LOGICAL(AND_reg, and64, b)
LOGICAL(BIC_reg, and64, not64(e, b))
LOGICAL(ORR_reg, or64, b)
LOGICAL(ORN_reg, or64, not64(e, b))
LOGICAL(EOR_reg, xor64, b)
LOGICAL(EON_reg, xor64, not64(e, b))
#undef LOGICAL

SEM(ANDS_reg) { ands(e, i->sf, i->rd, and64(e, get_x(e, i->rn), shifted(e, i->sf, i->rm, i->shift, i->imm6))); }
SEM(BICS_reg)
{
	v64 b = not64(e, shifted(e, i->sf, i->rm, i->shift, i->imm6));

	ands(e, i->sf, i->rd, and64(e, get_x(e, i->rn), b));
}

SEM(RBIT)
{
	v64 v = rbit64(e, get_x(e, i->rn));

	set_x(e, i->rd, i->sf ? v : shr64(e, v, 32));
}
SEM(REV16) { set_x(e, i->rd, width(e, i->sf, bswap16x4(e, get_x(e, i->rn)))); }
SEM(REV_w) { set_x(e, i->rd, bswap32(e, get_x(e, i->rn))); }
SEM(REV32) { set_x(e, i->rd, bswap32x2(e, get_x(e, i->rn))); }
SEM(REV_x) { set_x(e, i->rd, bswap64(e, get_x(e, i->rn))); }
SEM(CLZ)
{
	v64 v = get_x(e, i->rn);

	set_x(e, i->rd, i->sf ? clz64(e, v) : sub64(e, clz64(e, zext32(e, v)), k64(e, 32)));
}
SEM(CLS)
{
	v64 v = get_x(e, i->rn);

	set_x(e, i->rd, i->sf ? cls64(e, v) : sub64(e, cls64(e, sext32(e, v)), k64(e, 32)));
}

SEM(UDIV) { set_x(e, i->rd, udiv(e, get_x(e, i->rn), get_x(e, i->rm), i->sf)); }
SEM(SDIV) { set_x(e, i->rd, sdiv(e, get_x(e, i->rn), get_x(e, i->rm), i->sf)); }
SEM(LSLV) { set_x(e, i->rd, shlv(e, get_x(e, i->rn), get_x(e, i->rm), i->sf)); }
SEM(LSRV) { set_x(e, i->rd, shrv(e, get_x(e, i->rn), get_x(e, i->rm), i->sf)); }
SEM(ASRV) { set_x(e, i->rd, sarv(e, get_x(e, i->rn), get_x(e, i->rm), i->sf)); }
SEM(RORV) { set_x(e, i->rd, rorv(e, get_x(e, i->rn), get_x(e, i->rm), i->sf)); }
SEM(CRC32) { set_x(e, i->rd, crc32(e, get_x(e, i->rn), get_x(e, i->rm), (uint32_t)i->sz | (uint32_t)i->c << 2)); }

SEM(MADD) { set_x(e, i->rd, width(e, i->sf, add64(e, get_x(e, i->ra), mul64(e, get_x(e, i->rn), get_x(e, i->rm))))); }
SEM(MSUB) { set_x(e, i->rd, width(e, i->sf, sub64(e, get_x(e, i->ra), mul64(e, get_x(e, i->rn), get_x(e, i->rm))))); }

static inline v64 smull(E *e, unsigned n, unsigned m) { return mul64(e, sext32(e, get_x(e, n)), sext32(e, get_x(e, m))); }
static inline v64 umull(E *e, unsigned n, unsigned m) { return mul64(e, zext32(e, get_x(e, n)), zext32(e, get_x(e, m))); }

SEM(SMADDL) { set_x(e, i->rd, add64(e, get_x(e, i->ra), smull(e, i->rn, i->rm))); }
SEM(SMSUBL) { set_x(e, i->rd, sub64(e, get_x(e, i->ra), smull(e, i->rn, i->rm))); }
SEM(UMADDL) { set_x(e, i->rd, add64(e, get_x(e, i->ra), umull(e, i->rn, i->rm))); }
SEM(UMSUBL) { set_x(e, i->rd, sub64(e, get_x(e, i->ra), umull(e, i->rn, i->rm))); }
SEM(SMULH) { set_x(e, i->rd, smulh64(e, get_x(e, i->rn), get_x(e, i->rm))); }
SEM(UMULH) { set_x(e, i->rd, umulh64(e, get_x(e, i->rn), get_x(e, i->rm))); }

static inline void cond_compare(E *e, bool sub, bool sf, unsigned cond, v64 a, v64 b, unsigned nzcv)
{
	vf f = sub ? fl_sub(e, a, b, sf) : fl_add(e, a, b, sf);

	set_flags(e, self(e, fl_test(e, get_flags(e), cond), f, fl_const(e, nzcv)));
}
SEM(CCMN_reg) { cond_compare(e, false, i->sf, i->cond, get_x(e, i->rn), get_x(e, i->rm), i->nzcv); }
SEM(CCMP_reg) { cond_compare(e, true, i->sf, i->cond, get_x(e, i->rn), get_x(e, i->rm), i->nzcv); }
SEM(CCMN_imm) { cond_compare(e, false, i->sf, i->cond, get_x(e, i->rn), k64(e, i->imm5), i->nzcv); }
SEM(CCMP_imm) { cond_compare(e, true, i->sf, i->cond, get_x(e, i->rn), k64(e, i->imm5), i->nzcv); }

/* Writes rn where the condition holds, else `other`. */
static inline void cond_select(E *e, bool sf, unsigned cond, unsigned rd, unsigned rn, v64 other)
{
	set_x(e, rd, width(e, sf, sel64(e, fl_test(e, get_flags(e), cond), get_x(e, rn), other)));
}
SEM(CSEL) { cond_select(e, i->sf, i->cond, i->rd, i->rn, get_x(e, i->rm)); }
SEM(CSINC) { cond_select(e, i->sf, i->cond, i->rd, i->rn, add64(e, get_x(e, i->rm), k64(e, 1))); }
SEM(CSINV) { cond_select(e, i->sf, i->cond, i->rd, i->rn, not64(e, get_x(e, i->rm))); }
SEM(CSNEG) { cond_select(e, i->sf, i->cond, i->rd, i->rn, sub64(e, k64(e, 0), get_x(e, i->rm))); }

/* Replaces the flags under mask (N is bit 31) by those bits of val. */
static inline void merge_flags(E *e, v64 val, uint32_t mask)
{
	v64 old = fl_unpack(e, get_flags(e));

	set_flags(e, fl_pack(e, or64(e, and64(e, val, k64(e, mask)), and64(e, old, k64(e, ~(uint64_t)mask)))));
}
SEM(RMIF)
{
	v64 n = get_x(e, i->rn), r = i->imm6 ? extr(e, n, n, i->imm6 | 64u) : n;

	merge_flags(e, shl64(e, r, 28), (uint32_t)i->mask << 28);
}
/* N and Z of the low `size` bits, V where the bit above differs from the sign. */
static inline void set_small_flags(E *e, v64 v, unsigned size)
{
	v64 n = shl64(e, v, 32 - size), zero = b2q(e, eq64(e, zext32(e, n), k64(e, 0)));
	v64 over = xor64(e, shr64(e, v, size), shr64(e, v, size - 1));

	n = or64(e, and64(e, n, k64(e, UINT32_C(1) << 31)), shl64(e, zero, 30));
	merge_flags(e, or64(e, n, shl64(e, and64(e, over, k64(e, 1)), 28)), UINT32_C(0xd0000000));
}
SEM(SETF8) { set_small_flags(e, get_x(e, i->rn), 8); }
SEM(SETF16) { set_small_flags(e, get_x(e, i->rn), 16); }

#endif
