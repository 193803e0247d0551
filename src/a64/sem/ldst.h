/* Semantics: loads and stores of single registers (C4.1.94). */
#ifndef PARMA_A64_SEM_LDST_H
#define PARMA_A64_SEM_LDST_H

#include "a64/sem/common.h"

/* MF_SPBASE where the base register is SP. */
static inline unsigned sp_flag(unsigned rn) { return rn == 31 ? MF_SPBASE : 0; }

SEM(LDR_imm)
{
	v64 val;

	mem_ld(e, &val, add64(e, get_xsp(e, i->rn), k64(e, (uint64_t)i->imm12 << i->size)), 1u << i->size, sp_flag(i->rn));
	set_x(e, i->rt, val);
}
SEM(STR_imm)
{
	mem_st(e, add64(e, get_xsp(e, i->rn), k64(e, (uint64_t)i->imm12 << i->size)), get_x(e, i->rt), 1u << i->size,
	       sp_flag(i->rn));
}

#endif
