/* See exception.h. */
#include "a64/exception.h"

#include "a64/debug.h"
#include "a64/pmu.h"
#include "a64/tlbset.h"
#include "base/log.h"

/* -- PSTATE -- */

uint64_t pstate_get(const struct vcpu *c)
{
	uint64_t p = (uint64_t)c->nzcv & 0xf0000000;

	p |= (uint64_t)c->daif << 6;
	p |= c->el ? 4 | c->spsel : 0;
	p |= (c->pan ? SPSR_PAN : 0) | (c->uao ? SPSR_UAO : 0) | (c->dit ? SPSR_DIT : 0);
	p |= (c->ssbs ? SPSR_SSBS : 0) | (c->il ? SPSR_IL : 0) | (c->ss ? SPSR_SS : 0);
	return p;
}

void vcpu_set_el_sp(struct vcpu *c, unsigned el, unsigned spsel)
{
	c->sp_el[c->el && c->spsel] = c->sp;
	c->el = (uint8_t)el;
	c->spsel = (uint8_t)spsel;
	c->sp = c->sp_el[el && spsel];
}

/* -- entry -- */

static void log_entry(const struct vcpu *c, enum exc_vector v, uint64_t ret, unsigned from, uint64_t spsr)
{
	static const char *const name[] = {"synchronous", "IRQ", "FIQ", "SError"};

	log_printf("Taking exception [%s] on CPU %u\n...from EL%u to EL1\n", name[v >> 7], c->index, from);
	if (v == VEC_SYNC)
		log_printf("...with ESR 0x%x/0x%llx\n...with FAR 0x%llx\n", (unsigned)(c->sys.esr >> ESR_EC_SHIFT),
			   (unsigned long long)c->sys.esr, (unsigned long long)c->sys.far);
	log_printf("...with SPSR 0x%llx\n...with ELR 0x%llx\n...to EL1 PC 0x%llx PSTATE 0x%llx\n",
		   (unsigned long long)spsr, (unsigned long long)ret, (unsigned long long)c->pc,
		   (unsigned long long)pstate_get(c));
}

void exc_enter(struct vcpu *c, enum exc_vector v, uint64_t ret)
{
	unsigned from = c->el;
	uint64_t offset = (uint64_t)v + (c->el == 0 ? 0x400 : c->spsel ? 0x200 : 0);
	uint64_t spsr = pstate_get(c);

	if (unlikely(c->pmu_filtered))
		pmu_sync(c);
	if (v == VEC_SYNC)
		c->st.exceptions++;
	else
		c->st.interrupts++;
	c->sys.spsr = spsr;
	c->sys.elr = ret;
	c->mon.armed = 0;
	c->daif = PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F;
	c->il = c->ss = c->uao = c->stepped = 0;
	if (vcpu_has(c, FEAT_PAN) && !(c->sys.sctlr & SCTLR_SPAN))
		c->pan = 1;
	if (vcpu_has(c, FEAT_SSBS))
		c->ssbs = !!(c->sys.sctlr & SCTLR_DSSBS);
	vcpu_set_el_sp(c, 1, 1);
	cpu_ctx_update(c);
	c->pc = c->npc = mmu_branch_target(c, (c->sys.vbar & ~UINT64_C(0x7ff)) + offset);
	if (log_on(LOG_INT))
		log_entry(c, v, ret, from, spsr);
}

void exc_sync(struct vcpu *c, unsigned ec, uint32_t iss, uint64_t ret)
{
	vcpu_doing(c, DOING_GUEST); /* what was interrupted does not go on */
	c->sys.esr = (uint64_t)ec << ESR_EC_SHIFT | ESR_IL | iss;
	exc_enter(c, VEC_SYNC, ret);
}

_Noreturn void exc_raise(struct vcpu *c, unsigned ec, uint32_t iss)
{
	exc_sync(c, ec, iss, c->pc);
	siglongjmp(c->unwind, 1);
}

_Noreturn void exc_undef(struct vcpu *c) { exc_raise(c, EC_UNKNOWN, 0); }
_Noreturn void exc_sp_align(struct vcpu *c) { exc_raise(c, EC_SP_ALIGN, 0); }
_Noreturn void exc_brk(struct vcpu *c, uint32_t imm) { exc_raise(c, EC_BRK64, imm); }

/* CV and COND are as AArch64 gives them: valid, always. */
_Noreturn void exc_fp_trap(struct vcpu *c) { exc_raise(c, EC_FP, BIT(24) | 0xe << 20); }

_Noreturn void exc_sys_trap_enc(struct vcpu *c, uint32_t enc, unsigned rt, bool read)
{
	uint32_t op0 = enc >> 14 & 3, op1 = enc >> 11 & 7, crn = enc >> 7 & 15, crm = enc >> 3 & 15, op2 = enc & 7;

	exc_raise(c, EC_SYSREG, op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | (rt & 31) << 5 | crm << 1 | read);
}

_Noreturn void exc_sys_trap(struct vcpu *c)
{
	uint32_t *gen, insn = *cpu_fetch_page(c, c->pc, &gen);

	/* MSR (immediate) has no register: its Rt field is 31, as the encoding says. */
	exc_sys_trap_enc(c, insn >> 5 & 0xffff, insn & 31, insn >> 21 & 1);
}

_Noreturn void exc_data_abort(struct vcpu *c, uint64_t va, mmu_fsc fsc, bool write, uint32_t iss_extra)
{
	c->sys.far = va;
	exc_raise(c, c->el ? EC_DABORT : EC_DABORT_LOWER, (uint32_t)fsc | (write ? ESR_WNR : 0) | iss_extra);
}

_Noreturn void exc_align(struct vcpu *c, uint64_t va, unsigned acc)
{
	exc_data_abort(c, va, FSC_ALIGNMENT, (acc & ACC_WRITE) && !(acc & ACC_READ), 0);
}

_Noreturn void exc_insn_abort(struct vcpu *c, uint64_t va, mmu_fsc fsc)
{
	c->sys.far = va;
	exc_raise(c, c->el ? EC_IABORT : EC_IABORT_LOWER, (uint32_t)fsc);
}

_Noreturn void exc_pc_align(struct vcpu *c)
{
	c->sys.far = c->pc;
	exc_raise(c, EC_PC_ALIGN, 0);
}

_Noreturn void exc_svc(struct vcpu *c, uint32_t imm)
{
	c->ss = 0; /* the instruction itself was the step */
	exc_sync(c, EC_SVC64, imm, c->pc + 4);
	siglongjmp(c->unwind, 1);
}

/* -- return -- */

static bool illegal_return(uint64_t spsr)
{
	unsigned m = spsr & 0x1f;

	/* AArch64 EL0t, EL1t and EL1h are all there is. */
	return m != 0 && m != 4 && m != 5;
}

void cpu_eret(struct vcpu *c)
{
	uint64_t spsr = c->sys.spsr;
	bool illegal = illegal_return(spsr);
	unsigned el = illegal ? c->el : spsr >> 2 & 1;
	uint8_t ss;

	if (c->el == 0)
		exc_undef(c);
	ss = debug_return_ss(c, spsr, el);
	if (unlikely(c->pmu_filtered))
		pmu_sync(c);
	c->nzcv = spsr & 0xf0000000;
	c->daif = spsr >> 6 & 15;
	if (vcpu_has(c, FEAT_PAN))
		c->pan = !!(spsr & SPSR_PAN);
	c->ss = ss;
	c->il = illegal || (spsr & SPSR_IL);
	if (!illegal) {
		c->uao = vcpu_has(c, FEAT_UAO) && (spsr & SPSR_UAO);
		c->dit = vcpu_has(c, FEAT_DIT) && (spsr & SPSR_DIT);
		c->ssbs = vcpu_has(c, FEAT_SSBS) && (spsr & SPSR_SSBS);
	}
	vcpu_set_el_sp(c, el, illegal ? c->spsel : spsr & 1);
	cpu_ctx_update(c);
	c->mon.armed = 0;
	c->event = 1; /* an exception return is an event for WFE */
	c->npc = mmu_branch_target(c, c->sys.elr);
	exc_masks_changed(c);
	if (log_on(LOG_INT))
		log_printf("Exception return from AArch64 EL1 to AArch64 EL%u PC 0x%llx\n", c->el,
			   (unsigned long long)c->npc);
}

/* -- interrupts -- */

bool exc_irq_pending(const struct vcpu *c) { return ld_acq(&c->irq_lines) != 0; }

bool exc_poll_irq(struct vcpu *c)
{
	uint32_t lines = ld_acq(&c->irq_lines);

	if ((lines & LINE_FIQ) && !(c->daif & PSTATE_F))
		exc_enter(c, VEC_FIQ, mmu_branch_target(c, c->pc));
	else if ((lines & LINE_IRQ) && !(c->daif & PSTATE_I))
		exc_enter(c, VEC_IRQ, mmu_branch_target(c, c->pc));
	else
		return false;
	return true;
}

void cpu_ctx_update(struct vcpu *c)
{
	uint64_t sctlr = c->sys.sctlr;
	uint32_t ctx = c->el ? CTX_EL1 : 0;

	if (exc_fp_disabled(c))
		ctx |= CTX_FPTRAP;
	if (sctlr & SCTLR_A)
		ctx |= CTX_ALIGN;
	if (sctlr & (c->el ? SCTLR_SA : SCTLR_SA0))
		ctx |= CTX_SPALIGN;
	if (sctlr & SCTLR_NAA)
		ctx |= CTX_NAA;
	if (c->el && !c->uao)
		ctx |= CTX_UNPRIV;
	if (unlikely(c->el && !c->spsel))
		ctx |= CTX_SP0;
	if (unlikely(c->il))
		ctx |= CTX_IL;
	if (unlikely(c->pmu_insns >> c->el & 1))
		ctx |= CTX_COUNT;
	if (unlikely(c->fp.fpcr & (FPCR_AHP | FPCR_FZ16)))
		ctx |= CTX_HALF;
	if (unlikely(c->fp.fpcr & FPCR_FZ))
		ctx |= CTX_FZ | (c->fp.fpsr & FPSR_IXC ? CTX_FZ_IXC : 0);
	ctx |= (c->sys.tcr >> 37 & 1 ? CTX_TBI0 : 0) | (c->sys.tcr >> 38 & 1 ? CTX_TBI1 : 0);
	c->ctx = ctx | debug_ctx(c);
	tlbset_switch(c);
}

void exc_masks_changed(struct vcpu *c)
{
	/* Acquire pairs with the read-modify-write in vcpu_set_line(). */
	uint32_t lines = ld_acq(&c->irq_lines);

	if (((lines & LINE_IRQ) && !(c->daif & PSTATE_I)) || ((lines & LINE_FIQ) && !(c->daif & PSTATE_F)))
		at_or(&c->request, REQ_IRQ);
}
