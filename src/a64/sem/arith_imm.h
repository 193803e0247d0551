/* Semantics: data processing, immediate (C4.1.92): addresses, add and subtract, logical, move wide. */
#ifndef PARMA_A64_SEM_ARITH_IMM_H
#define PARMA_A64_SEM_ARITH_IMM_H

#include "a64/bitmask.h"
#include "a64/sem/common.h"

static inline int64_t adr_imm(int immhi, unsigned immlo) { return (int64_t)immhi * 4 + immlo; }

SEM(ADR) { set_x(e, i->rd, add64(e, insn_pc(e), k64(e, (uint64_t)adr_imm(i->immhi, i->immlo)))); }
SEM(ADRP)
{
	v64 page = and64(e, insn_pc(e), k64(e, ~UINT64_C(0xfff)));

	set_x(e, i->rd, add64(e, page, k64(e, (uint64_t)(adr_imm(i->immhi, i->immlo) * 4096))));
}

static inline v64 imm12(E *e, unsigned imm, unsigned sh) { return k64(e, (uint64_t)imm << (sh ? 12 : 0)); }

SEM(ADD_imm) { set_xsp(e, i->rd, width(e, i->sf, add64(e, get_xsp(e, i->rn), imm12(e, i->imm12, i->sh)))); }
SEM(SUB_imm) { set_xsp(e, i->rd, width(e, i->sf, sub64(e, get_xsp(e, i->rn), imm12(e, i->imm12, i->sh)))); }
SEM(ADDS_imm) { adds(e, i->sf, i->rd, get_xsp(e, i->rn), imm12(e, i->imm12, i->sh)); }
SEM(SUBS_imm) { subs(e, i->sf, i->rd, get_xsp(e, i->rn), imm12(e, i->imm12, i->sh)); }

static inline v64 bitmask(E *e, bool sf, unsigned n, unsigned immr, unsigned imms)
{
	uint64_t m = bitmask_value(n, immr, imms);

	return k64(e, sf ? m : (uint32_t)m);
}

SEM(AND_imm) { set_xsp(e, i->rd, and64(e, get_x(e, i->rn), bitmask(e, i->sf, i->n, i->immr, i->imms))); }
SEM(ORR_imm) { set_xsp(e, i->rd, width(e, i->sf, or64(e, get_x(e, i->rn), bitmask(e, i->sf, i->n, i->immr, i->imms)))); }
SEM(EOR_imm) { set_xsp(e, i->rd, width(e, i->sf, xor64(e, get_x(e, i->rn), bitmask(e, i->sf, i->n, i->immr, i->imms)))); }
SEM(ANDS_imm) { ands(e, i->sf, i->rd, and64(e, get_x(e, i->rn), bitmask(e, i->sf, i->n, i->immr, i->imms))); }

SEM(MOVN)
{
	uint64_t v = ~((uint64_t)i->imm16 << (16 * i->hw));

	set_x(e, i->rd, k64(e, i->sf ? v : (uint32_t)v));
}
SEM(MOVZ) { set_x(e, i->rd, k64(e, (uint64_t)i->imm16 << (16 * i->hw))); }
SEM(MOVK)
{
	v64 v = bitins(e, get_x(e, i->rd), k64(e, i->imm16), 16u * i->hw | 16u << 8);

	set_x(e, i->rd, width(e, i->sf, v));
}

#endif
