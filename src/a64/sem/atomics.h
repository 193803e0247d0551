/* Semantics: exclusives, compare-and-swap and the atomic read-modify-writes of LSE (C4.1.94). */
#ifndef PARMA_A64_SEM_ATOMICS_H
#define PARMA_A64_SEM_ATOMICS_H

#include "a64/sem/common.h"

SEM(LDXR)
{
	v64 v;

	mem_ldx(e, &v, get_xsp(e, i->rn), 1u << i->size, (i->o0 ? MO_ACQ : MO_PLAIN) | sp_flag(i->rn));
	set_x(e, i->rt, v);
}
SEM(LDXP)
{
	v64 a, b;

	mem_ldxp(e, &a, &b, get_xsp(e, i->rn), 4u << i->sz, (i->o0 ? MO_ACQ : MO_PLAIN) | sp_flag(i->rn));
	set_x(e, i->rt, a);
	set_x(e, i->rt2, b);
}
SEM(STXR)
{
	v64 status;

	mem_stx(e, &status, get_xsp(e, i->rn), get_x(e, i->rt), 1u << i->size,
		(i->o0 ? MO_REL : MO_PLAIN) | sp_flag(i->rn));
	set_x(e, i->rs, status);
}
SEM(STXP)
{
	v64 status;

	mem_stxp(e, &status, get_xsp(e, i->rn), get_x(e, i->rt), get_x(e, i->rt2), 4u << i->sz,
		 (i->o0 ? MO_REL : MO_PLAIN) | sp_flag(i->rn));
	set_x(e, i->rs, status);
}

SEM(CAS)
{
	v64 old;

	mem_cas(e, &old, get_xsp(e, i->rn), get_x(e, i->rs), get_x(e, i->rt), 1u << i->size,
		MO_RMW(i->l, i->o0) | (i->rs == 31 ? MF_NORET : 0) | sp_flag(i->rn));
	set_x(e, i->rs, old);
}
SEM(CASP)
{
	v64 a, b;

	mem_casp(e, &a, &b, get_xsp(e, i->rn), get_x(e, i->rs), get_x(e, i->rs + 1u), get_x(e, i->rt),
		 get_x(e, i->rt + 1u), 4u << i->sz, MO_RMW(i->l, i->o0) | sp_flag(i->rn));
	set_x(e, i->rs, a);
	set_x(e, i->rs + 1u, b);
}

/* To XZR (ST<op>) nothing is returned and the acquire half is lost. */
#define ATOMIC_RMW(name, op) \
	SEM(name) \
	{ \
		bool noret = i->rt == 31; \
		v64 old; \
		mem_rmw(e, &old, get_xsp(e, i->rn), get_x(e, i->rs), 1u << i->size, op, \
			MO_RMW(i->a && !noret, i->r) | (noret ? MF_NORET : 0) | sp_flag(i->rn)); \
		set_x(e, i->rt, old); \
	}
ATOMIC_RMW(LDADD, RMW_ADD)
ATOMIC_RMW(LDCLR, RMW_CLR)
ATOMIC_RMW(LDEOR, RMW_EOR)
ATOMIC_RMW(LDSET, RMW_SET)
ATOMIC_RMW(LDSMAX, RMW_SMAX)
ATOMIC_RMW(LDSMIN, RMW_SMIN)
ATOMIC_RMW(LDUMAX, RMW_UMAX)
ATOMIC_RMW(LDUMIN, RMW_UMIN)
ATOMIC_RMW(SWP, RMW_SWP)
#undef ATOMIC_RMW

#endif
