/* Semantics: data processing, immediate: add and subtract (C4.1.91). */
#ifndef PARMA_A64_SEM_ARITH_IMM_H
#define PARMA_A64_SEM_ARITH_IMM_H

#include "a64/sem/common.h"

static inline uint64_t shifted_imm12(unsigned imm12, unsigned sh) { return (uint64_t)imm12 << (sh ? 12 : 0); }

SEM(ADD_imm)
{
	v64 sum = add64(e, get_xsp(e, i->rn), k64(e, shifted_imm12(i->imm12, i->sh)));

	set_xsp(e, i->rd, width(e, i->sf, sum));
}
SEM(ADDS_imm)
{
	v64 a = get_xsp(e, i->rn), b = k64(e, shifted_imm12(i->imm12, i->sh));

	set_x(e, i->rd, width(e, i->sf, add64(e, a, b)));
	set_flags(e, fl_add(e, a, b, i->sf));
}
SEM(SUB_imm)
{
	v64 dif = sub64(e, get_xsp(e, i->rn), k64(e, shifted_imm12(i->imm12, i->sh)));

	set_xsp(e, i->rd, width(e, i->sf, dif));
}
SEM(SUBS_imm)
{
	v64 a = get_xsp(e, i->rn), b = k64(e, shifted_imm12(i->imm12, i->sh));

	set_x(e, i->rd, width(e, i->sf, sub64(e, a, b)));
	set_flags(e, fl_sub(e, a, b, i->sf));
}

#endif
