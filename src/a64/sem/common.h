/*
 * Helpers that the bodies share.  Included after an evaluator's header (the
 * contract: a64/eval.h), several times per program but once per file.
 */
#ifndef PARMA_A64_SEM_COMMON_H
#define PARMA_A64_SEM_COMMON_H

/* v as a result of the operand size: 32-bit results are zero-extended. */
static inline v64 width(E *e, bool sf, v64 v) { return sf ? v : zext32(e, v); }

/* Flag-setting results; rd is never SP. */
static inline void adds(E *e, bool sf, unsigned rd, v64 a, v64 b)
{
	set_x(e, rd, width(e, sf, add64(e, a, b)));
	set_flags(e, fl_add(e, a, b, sf));
}
static inline void subs(E *e, bool sf, unsigned rd, v64 a, v64 b)
{
	set_x(e, rd, width(e, sf, sub64(e, a, b)));
	set_flags(e, fl_sub(e, a, b, sf));
}
static inline void ands(E *e, bool sf, unsigned rd, v64 res)
{
	set_x(e, rd, width(e, sf, res));
	set_flags(e, fl_logic(e, res, sf));
}

/* Extended register operand (UXTB ... SXTX), shifted left. */
static inline v64 extended(E *e, unsigned rm, unsigned option, unsigned shift)
{
	v64 v = get_x(e, rm);

	switch (option) {
	case 0: v = zext8(e, v); break;
	case 1: v = zext16(e, v); break;
	case 2: v = zext32(e, v); break;
	case 4: v = sext8(e, v); break;
	case 5: v = sext16(e, v); break;
	case 6: v = sext32(e, v); break;
	default: break;
	}
	return shift ? shl64(e, v, shift) : v;
}

/* MF_SPBASE where the base register is SP. */
static inline unsigned sp_flag(unsigned rn) { return rn == 31 ? MF_SPBASE : 0; }

/* base + offset, without an addition of nothing. */
static inline v64 offset64(E *e, v64 base, int64_t offset)
{
	return offset ? add64(e, base, k64(e, (uint64_t)offset)) : base;
}

#endif
