/*
 * Exceptions to EL1, and their return.
 *
 * Besides what cpu_ops.h declares.  The exc_ functions that do not return take the exception (ESR, FAR, ELR,
 * SPSR, PSTATE, PC) and unwind to vcpu.unwind, from which the engine goes on
 * at vcpu.pc.  When they are called, vcpu.pc is the address of the current
 * instruction and nothing of it has been written.
 *
 * Owner's thread only.  Arm ARM D1.3 (exceptions), D24.2 (ESR_EL1).
 */
#ifndef PARMA_A64_EXCEPTION_H
#define PARMA_A64_EXCEPTION_H

#include "a64/cpu_ops.h"
#include "a64/mmu.h"
#include "a64/sysbits.h"
#include "a64/vcpu.h"

enum exc_vector { VEC_SYNC = 0x000, VEC_IRQ = 0x080, VEC_FIQ = 0x100, VEC_SERROR = 0x180 };

/* PSTATE in SPSR's format. */
uint64_t pstate_get(const struct vcpu *c);

/* Changes EL and SPSel, moving the banked stack pointers; the TLB context follows. */
void vcpu_set_el_sp(struct vcpu *c, unsigned el, unsigned spsel);

/* The bare mechanism: enters EL1 at `v` with return address `ret`. ESR and FAR are the caller's. */
void exc_enter(struct vcpu *c, enum exc_vector v, uint64_t ret);

/* A synchronous exception with ec (that of the same EL) and iss; ret is the preferred return address. Does not unwind. */
void exc_sync(struct vcpu *c, unsigned ec, uint32_t iss, uint64_t ret);

/* The same from the current instruction; unwinds. */
_Noreturn void exc_raise(struct vcpu *c, unsigned ec, uint32_t iss);
/* An MSR, MRS or SYS of `enc` that is trapped (EC 0x18). */
_Noreturn void exc_sys_trap_enc(struct vcpu *c, uint32_t enc, unsigned rt, bool read);
/* Data abort at va; iss_extra: ESR_CM for cache maintenance and AT. */
_Noreturn void exc_data_abort(struct vcpu *c, uint64_t va, mmu_fsc fsc, bool write, uint32_t iss_extra);
/* Instruction abort for a fetch at va. */
_Noreturn void exc_insn_abort(struct vcpu *c, uint64_t va, mmu_fsc fsc);

/* Takes a pending, unmasked interrupt at vcpu.pc: true if one was taken. */
bool exc_poll_irq(struct vcpu *c);
/* Whether an interrupt is pending that WFI wakes for (masked or not). */
bool exc_irq_pending(const struct vcpu *c);

/* PSTATE masks, or what they depend on, changed: looks again at pending interrupts at the next poll. */
void exc_masks_changed(struct vcpu *c);

/* FP and SIMD instructions trap at the current EL (CPACR_EL1.FPEN). */
static inline bool exc_fp_disabled(const struct vcpu *c)
{
	unsigned fpen = (unsigned)(c->sys.cpacr >> 20 & 3);

	return !(fpen & 1) || (fpen == 1 && c->el == 0);
}

#endif
