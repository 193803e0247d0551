/*
 * Semantics: loads and stores of single registers, general and SIMD&FP
 * (C4.1.94).  Base write-back comes after the transfer, so where the base is
 * also loaded (CONSTRAINED UNPREDICTABLE) the written-back address stays.
 */
#ifndef PARMA_A64_SEM_LDST_H
#define PARMA_A64_SEM_LDST_H

#include "a64/sem/common.h"

/* How a load extends: sizes are log2. */
enum ldst_ext { LD_ZERO, LD_SIGN64, LD_SIGN32 };

static inline v64 sign_extend(E *e, v64 v, unsigned size)
{
	return size == 0 ? sext8(e, v) : size == 1 ? sext16(e, v) : size == 2 ? sext32(e, v) : v;
}

static inline void load(E *e, unsigned rt, v64 addr, unsigned size, enum ldst_ext ext, unsigned mo)
{
	v64 v;

	mem_ld(e, &v, addr, 1u << size, mo);
	if (ext != LD_ZERO)
		v = sign_extend(e, v, size);
	set_x(e, rt, ext == LD_SIGN32 ? zext32(e, v) : v);
}

/* SIMD&FP register of 1 << size bytes, size 0..4; the rest of the register is cleared. */
static inline void load_v(E *e, unsigned rt, v64 addr, unsigned size, unsigned mo)
{
	v64 v;
	v128 q;

	if (size == 4) {
		mem_ld128(e, &q, addr, mo);
	} else {
		mem_ld(e, &v, addr, 1u << size, mo);
		q = v_from(e, v);
	}
	set_v(e, rt, q);
}
static inline void store_v(E *e, unsigned rt, v64 addr, unsigned size, unsigned mo)
{
	if (size == 4)
		mem_st128(e, addr, get_v(e, rt), mo);
	else
		mem_st(e, addr, v_lo(e, get_v(e, rt)), 1u << size, mo);
}

/* Unsigned scaled offset. */
static inline v64 addr_imm(E *e, unsigned rn, unsigned imm12, unsigned size)
{
	return offset64(e, get_xsp(e, rn), (int64_t)imm12 << size);
}
SEM(LDR_imm) { load(e, i->rt, addr_imm(e, i->rn, i->imm12, i->size), i->size, LD_ZERO, sp_flag(i->rn)); }
SEM(LDRS_imm)
{
	load(e, i->rt, addr_imm(e, i->rn, i->imm12, i->size), i->size, i->w ? LD_SIGN32 : LD_SIGN64, sp_flag(i->rn));
}
SEM(STR_imm) { mem_st(e, addr_imm(e, i->rn, i->imm12, i->size), get_x(e, i->rt), 1u << i->size, sp_flag(i->rn)); }
SEM(PRFM_imm) { mem_prefetch(e, addr_imm(e, i->rn, i->imm12, 3)); }
SEM(LDR_imm_v)
{
	unsigned size = i->opc << 2 | i->size;

	if (check_fp(e))
		load_v(e, i->rt, addr_imm(e, i->rn, i->imm12, size), size, sp_flag(i->rn));
}
SEM(STR_imm_v)
{
	unsigned size = i->opc << 2 | i->size;

	if (check_fp(e))
		store_v(e, i->rt, addr_imm(e, i->rn, i->imm12, size), size, sp_flag(i->rn));
}

/* 9-bit offset: mode 0 unscaled, 1 post-index, 3 pre-index. */
static inline v64 addr_imm9(E *e, unsigned rn, int imm9, unsigned mode)
{
	return mode == 1 ? get_xsp(e, rn) : offset64(e, get_xsp(e, rn), imm9);
}
static inline void write_back(E *e, unsigned rn, int offset, unsigned mode, v64 addr)
{
	if (mode & 1)
		set_xsp(e, rn, mode == 1 ? offset64(e, addr, offset) : addr);
}
SEM(LDR_imm9)
{
	v64 addr = addr_imm9(e, i->rn, i->imm9, i->mode);

	load(e, i->rt, addr, i->size, LD_ZERO, sp_flag(i->rn));
	write_back(e, i->rn, i->imm9, i->mode, addr);
}
SEM(LDRS_imm9)
{
	v64 addr = addr_imm9(e, i->rn, i->imm9, i->mode);

	load(e, i->rt, addr, i->size, i->w ? LD_SIGN32 : LD_SIGN64, sp_flag(i->rn));
	write_back(e, i->rn, i->imm9, i->mode, addr);
}
SEM(STR_imm9)
{
	v64 addr = addr_imm9(e, i->rn, i->imm9, i->mode);

	mem_st(e, addr, get_x(e, i->rt), 1u << i->size, sp_flag(i->rn));
	write_back(e, i->rn, i->imm9, i->mode, addr);
}
SEM(PRFUM) { mem_prefetch(e, addr_imm9(e, i->rn, i->imm9, 0)); }
SEM(LDR_imm9_v)
{
	v64 addr = addr_imm9(e, i->rn, i->imm9, i->mode);

	if (!check_fp(e))
		return;
	load_v(e, i->rt, addr, i->opc << 2 | i->size, sp_flag(i->rn));
	write_back(e, i->rn, i->imm9, i->mode, addr);
}
SEM(STR_imm9_v)
{
	v64 addr = addr_imm9(e, i->rn, i->imm9, i->mode);

	if (!check_fp(e))
		return;
	store_v(e, i->rt, addr, i->opc << 2 | i->size, sp_flag(i->rn));
	write_back(e, i->rn, i->imm9, i->mode, addr);
}
SEM(LDTR) { load(e, i->rt, addr_imm9(e, i->rn, i->imm9, 0), i->size, LD_ZERO, sp_flag(i->rn) | MF_UNPRIV); }
SEM(LDTRS)
{
	load(e, i->rt, addr_imm9(e, i->rn, i->imm9, 0), i->size, i->w ? LD_SIGN32 : LD_SIGN64, sp_flag(i->rn) | MF_UNPRIV);
}
SEM(STTR)
{
	mem_st(e, addr_imm9(e, i->rn, i->imm9, 0), get_x(e, i->rt), 1u << i->size, sp_flag(i->rn) | MF_UNPRIV);
}

/* Register offset, extended and scaled by the size where s. */
static inline v64 addr_reg(E *e, unsigned rn, unsigned rm, unsigned option, bool s, unsigned size)
{
	return add64(e, get_xsp(e, rn), extended(e, rm, option, s ? size : 0));
}
SEM(LDR_reg) { load(e, i->rt, addr_reg(e, i->rn, i->rm, i->option, i->s, i->size), i->size, LD_ZERO, sp_flag(i->rn)); }
SEM(LDRS_reg)
{
	load(e, i->rt, addr_reg(e, i->rn, i->rm, i->option, i->s, i->size), i->size, i->w ? LD_SIGN32 : LD_SIGN64,
	     sp_flag(i->rn));
}
SEM(STR_reg)
{
	mem_st(e, addr_reg(e, i->rn, i->rm, i->option, i->s, i->size), get_x(e, i->rt), 1u << i->size, sp_flag(i->rn));
}
SEM(PRFM_reg) { mem_prefetch(e, addr_reg(e, i->rn, i->rm, i->option, i->s, 3)); }
SEM(LDR_reg_v)
{
	unsigned size = i->opc << 2 | i->size;

	if (check_fp(e))
		load_v(e, i->rt, addr_reg(e, i->rn, i->rm, i->option, i->s, size), size, sp_flag(i->rn));
}
SEM(STR_reg_v)
{
	unsigned size = i->opc << 2 | i->size;

	if (check_fp(e))
		store_v(e, i->rt, addr_reg(e, i->rn, i->rm, i->option, i->s, size), size, sp_flag(i->rn));
}

/* Literals. */
static inline v64 addr_lit(E *e, int imm19) { return add64(e, insn_pc(e), k64(e, (uint64_t)((int64_t)imm19 * 4))); }

SEM(LDR_lit) { load(e, i->rt, addr_lit(e, i->imm19), 2u + i->sz, LD_ZERO, 0); }
SEM(LDRSW_lit) { load(e, i->rt, addr_lit(e, i->imm19), 2, LD_SIGN64, 0); }
SEM(PRFM_lit) { mem_prefetch(e, addr_lit(e, i->imm19)); }
SEM(LDR_lit_v)
{
	if (check_fp(e))
		load_v(e, i->rt, addr_lit(e, i->imm19), 2u + i->opc, 0);
}

/* Ordered. */
SEM(LDAR) { load(e, i->rt, get_xsp(e, i->rn), i->size, LD_ZERO, MO_ACQ | sp_flag(i->rn)); }
SEM(LDLAR) { load(e, i->rt, get_xsp(e, i->rn), i->size, LD_ZERO, MO_ACQ | sp_flag(i->rn)); }
SEM(LDAPR) { load(e, i->rt, get_xsp(e, i->rn), i->size, LD_ZERO, MO_ACQPC | sp_flag(i->rn)); }
SEM(STLR) { mem_st(e, get_xsp(e, i->rn), get_x(e, i->rt), 1u << i->size, MO_REL | sp_flag(i->rn)); }
SEM(STLLR) { mem_st(e, get_xsp(e, i->rn), get_x(e, i->rt), 1u << i->size, MO_REL | sp_flag(i->rn)); }
SEM(LDAPUR) { load(e, i->rt, addr_imm9(e, i->rn, i->imm9, 0), i->size, LD_ZERO, MO_ACQPC | sp_flag(i->rn)); }
SEM(LDAPURS)
{
	load(e, i->rt, addr_imm9(e, i->rn, i->imm9, 0), i->size, i->w ? LD_SIGN32 : LD_SIGN64, MO_ACQPC | sp_flag(i->rn));
}
SEM(STLUR)
{
	mem_st(e, addr_imm9(e, i->rn, i->imm9, 0), get_x(e, i->rt), 1u << i->size, MO_REL | sp_flag(i->rn));
}

#endif
