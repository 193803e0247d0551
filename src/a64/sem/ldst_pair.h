/* Semantics: loads and stores of register pairs (C4.1.94).  mode: 0 no-allocate, 1 post-index, 2 offset, 3 pre-index. */
#ifndef PARMA_A64_SEM_LDST_PAIR_H
#define PARMA_A64_SEM_LDST_PAIR_H

#include "a64/sem/common.h"

static inline v64 pair_addr(E *e, unsigned rn, int offset, unsigned mode)
{
	return mode == 1 ? get_xsp(e, rn) : offset64(e, get_xsp(e, rn), offset);
}
static inline void pair_back(E *e, unsigned rn, int offset, unsigned mode, v64 addr)
{
	if (mode & 1)
		set_xsp(e, rn, mode == 1 ? offset64(e, addr, offset) : addr);
}
static inline unsigned pair_mo(unsigned rn, unsigned mode) { return sp_flag(rn) | (mode ? 0 : MF_NONTEMP); }

SEM(STP)
{
	unsigned size = i->sf ? 8 : 4;
	int offset = i->imm7 * (int)size;
	v64 addr = pair_addr(e, i->rn, offset, i->mode);

	mem_stp(e, addr, get_x(e, i->rt), get_x(e, i->rt2), size, pair_mo(i->rn, i->mode));
	pair_back(e, i->rn, offset, i->mode, addr);
}
SEM(LDP)
{
	unsigned size = i->sf ? 8 : 4;
	int offset = i->imm7 * (int)size;
	v64 addr = pair_addr(e, i->rn, offset, i->mode), a, b;

	mem_ldp(e, &a, &b, addr, size, pair_mo(i->rn, i->mode));
	set_x(e, i->rt, a);
	set_x(e, i->rt2, b);
	pair_back(e, i->rn, offset, i->mode, addr);
}
SEM(LDPSW)
{
	int offset = i->imm7 * 4;
	v64 addr = pair_addr(e, i->rn, offset, i->mode), a, b;

	mem_ldp(e, &a, &b, addr, 4, pair_mo(i->rn, i->mode));
	set_x(e, i->rt, sext32(e, a));
	set_x(e, i->rt2, sext32(e, b));
	pair_back(e, i->rn, offset, i->mode, addr);
}
SEM(STP_v)
{
	unsigned size = 4u << i->opc;
	int offset = i->imm7 * (int)size;
	v64 addr = pair_addr(e, i->rn, offset, i->mode);

	if (!check_fp(e))
		return;
	if (size == 16)
		mem_stp128(e, addr, get_v(e, i->rt), get_v(e, i->rt2), pair_mo(i->rn, i->mode));
	else
		mem_stp(e, addr, v_lo(e, get_v(e, i->rt)), v_lo(e, get_v(e, i->rt2)), size, pair_mo(i->rn, i->mode));
	pair_back(e, i->rn, offset, i->mode, addr);
}
SEM(LDP_v)
{
	unsigned size = 4u << i->opc;
	int offset = i->imm7 * (int)size;
	v64 addr = pair_addr(e, i->rn, offset, i->mode), a, b;
	v128 va, vb2;

	if (!check_fp(e))
		return;
	if (size == 16) {
		mem_ldp128(e, &va, &vb2, addr, pair_mo(i->rn, i->mode));
	} else {
		mem_ldp(e, &a, &b, addr, size, pair_mo(i->rn, i->mode));
		va = v_from(e, a);
		vb2 = v_from(e, b);
	}
	set_v(e, i->rt, va);
	set_v(e, i->rt2, vb2);
	pair_back(e, i->rn, offset, i->mode, addr);
}

#endif
