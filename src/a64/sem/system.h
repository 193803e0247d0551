/* Semantics: exception generation, hints, barriers, PSTATE, system registers and instructions (C4.1.93). */
#ifndef PARMA_A64_SEM_SYSTEM_H
#define PARMA_A64_SEM_SYSTEM_H

#include "a64/sem/common.h"

SEM(UDF) { raise_undef(e); }
SEM(SVC) { raise_svc(e, i->imm16); }
SEM(HVC) { raise_hvc(e, i->imm16); }
SEM(SMC) { raise_smc(e, i->imm16); }
SEM(BRK) { raise_brk(e, i->imm16); }
SEM(HLT) { raise_hlt(e, i->imm16); }
SEM(ERET) { do_eret(e); }

SEM(HINT_nop) { do_hint(e, HINT_NOP); }
SEM(YIELD) { do_hint(e, HINT_YIELD); }
SEM(WFE) { do_hint(e, HINT_WFE); }
SEM(WFI) { do_hint(e, HINT_WFI); }
SEM(SEV) { do_hint(e, HINT_SEV); }
SEM(SEVL) { do_hint(e, HINT_SEVL); }

/* Access types are the low two bits of CRm: 1 loads, 2 stores, else both; domains are all taken as the system. */
SEM(CLREX) { mem_clrex(e); }
SEM(DSB)
{
	unsigned type = i->crm & 3;

	mem_barrier(e, type == 1 ? BAR_DSB_LD : type == 2 ? BAR_DSB_ST : BAR_DSB_SY);
}
SEM(DMB)
{
	unsigned type = i->crm & 3;

	mem_barrier(e, type == 1 ? BAR_DMB_LD : type == 2 ? BAR_DMB_ST : BAR_DMB_SY);
}
SEM(ISB) { mem_isb(e); }
SEM(SB) { mem_barrier(e, BAR_SB); }

static inline v64 flag_bit(E *e, unsigned bit) { return and64(e, shr64(e, fl_unpack(e, get_flags(e)), bit), k64(e, 1)); }
static inline vf make_flags(E *e, v64 n, v64 z, v64 c, v64 v)
{
	return fl_pack(e, or64(e, or64(e, shl64(e, n, 31), shl64(e, z, 30)), or64(e, shl64(e, c, 29), shl64(e, v, 28))));
}
SEM(CFINV) { set_flags(e, fl_pack(e, xor64(e, fl_unpack(e, get_flags(e)), k64(e, UINT32_C(1) << 29)))); }
SEM(XAFLAG)
{
	v64 z = flag_bit(e, 30), c = flag_bit(e, 29), not_c = xor64(e, c, k64(e, 1));

	set_flags(e, make_flags(e, and64(e, not_c, xor64(e, z, k64(e, 1))), and64(e, z, c), or64(e, c, z), and64(e, not_c, z)));
}
SEM(AXFLAG)
{
	v64 z = flag_bit(e, 30), c = flag_bit(e, 29), v = flag_bit(e, 28), none = k64(e, 0);

	set_flags(e, make_flags(e, none, or64(e, z, v), and64(e, c, xor64(e, v, k64(e, 1))), none));
}

SEM(MSR_uao) { sys_msr_imm(e, 0, 3, i->crm); }
SEM(MSR_pan) { sys_msr_imm(e, 0, 4, i->crm); }
SEM(MSR_spsel) { sys_msr_imm(e, 0, 5, i->crm); }
SEM(MSR_ssbs) { sys_msr_imm(e, 3, 1, i->crm); }
SEM(MSR_dit) { sys_msr_imm(e, 3, 2, i->crm); }
SEM(MSR_daifset) { sys_msr_imm(e, 3, 6, i->crm); }
SEM(MSR_daifclr) { sys_msr_imm(e, 3, 7, i->crm); }

SEM(SYS)
{
	v64 none;

	sys_op(e, &none, SYSREG(1, i->op1, i->crn, i->crm, i->op2), get_x(e, i->rt));
}
SEM(SYSL) { raise_undef(e); } /* none is defined */
SEM(DC_ZVA) { mem_dczva(e, get_x(e, i->rt)); }
SEM(MSR) { sys_write(e, SYSREG(2 + i->o0, i->op1, i->crn, i->crm, i->op2), get_x(e, i->rt)); }
SEM(MRS)
{
	v64 res;

	sys_read(e, &res, SYSREG(2 + i->o0, i->op1, i->crn, i->crm, i->op2));
	set_x(e, i->rt, res);
}
SEM(MSR_nzcv) { set_flags(e, fl_pack(e, get_x(e, i->rt))); }
SEM(MRS_nzcv) { set_x(e, i->rt, fl_unpack(e, get_flags(e))); }

#endif
