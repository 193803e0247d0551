/* Semantics: branches (C4.1.93). */
#ifndef PARMA_A64_SEM_BRANCH_H
#define PARMA_A64_SEM_BRANCH_H

#include "a64/sem/common.h"

static inline uint64_t words(int n) { return (uint64_t)((int64_t)n * 4); }

static inline void link(E *e)
{
	set_x(e, 30, add64(e, insn_pc(e), k64(e, 4)));
	br_link_hint(e);
}

SEM(B) { br_to(e, words(i->imm26)); }
SEM(BL)
{
	link(e);
	br_to(e, words(i->imm26));
}
SEM(B_cond)
{
	if (i->cond >= 14)
		br_to(e, words(i->imm19));
	else
		br_if(e, fl_test(e, get_flags(e), i->cond), words(i->imm19));
}
SEM(CBZ) { br_if(e, eq64(e, width(e, i->sf, get_x(e, i->rt)), k64(e, 0)), words(i->imm19)); }
SEM(CBNZ) { br_if(e, ne64(e, width(e, i->sf, get_x(e, i->rt)), k64(e, 0)), words(i->imm19)); }

static inline v64 tested_bit(E *e, unsigned rt, unsigned b5, unsigned b40)
{
	return and64(e, get_x(e, rt), k64(e, UINT64_C(1) << (b5 << 5 | b40)));
}
SEM(TBZ) { br_if(e, eq64(e, tested_bit(e, i->rt, i->b5, i->b40), k64(e, 0)), words(i->imm14)); }
SEM(TBNZ) { br_if(e, ne64(e, tested_bit(e, i->rt, i->b5, i->b40), k64(e, 0)), words(i->imm14)); }

SEM(BR) { br_reg(e, get_x(e, i->rn), BR_JUMP); }
SEM(BLR)
{
	v64 target = get_x(e, i->rn);

	link(e);
	br_reg(e, target, BR_CALL);
}
SEM(RET) { br_reg(e, get_x(e, i->rn), BR_RET); }

#endif
