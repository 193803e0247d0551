/*
 * What the evaluators ask of the rest of the CPU: exceptions, address
 * translation, system registers, waiting.  Declared here, implemented in
 * exception.c, mmu.c, sysreg*.c, debug.c and psci.c.
 *
 * Called on the vCPU's own thread, with c->pc the address of the instruction
 * and, for an instruction that ends a block, c->npc where execution goes on
 * (preset to pc + 4).  A function marked _Noreturn takes the exception (state,
 * syndrome, pc = vector) and unwinds by siglongjmp(c->unwind, 1).  One that
 * may raise does the same; where it returns, the instruction completes.
 *
 * Where a syndrome needs the fields of the instruction (the register of a
 * trapped MRS), the implementation refetches the word at c->pc.
 */
#ifndef PARMA_A64_CPU_OPS_H
#define PARMA_A64_CPU_OPS_H

#include "a64/vcpu.h"

/* -- kinds of access, for mem_slow() and its siblings -- */
#define ACC_READ (1u << 0)
#define ACC_WRITE (1u << 1)     /* both: a read-modify-write (a fault reports WnR by the rule for atomics) */
#define ACC_FETCH (1u << 2)
#define ACC_UNPRIV (1u << 3)    /* LDTR, STTR: permissions of EL0 (unless UAO) */
#define ACC_ATOMIC (1u << 4)    /* atomic or exclusive: never returns NULL (a device faults instead) */
#define ACC_ORDERED (1u << 5)   /* load-acquire, store-release */
#define ACC_UNALIGNED (1u << 6) /* the access as a whole is not aligned: alignment fault if the page is Device */
#define ACC_ZVA (1u << 7)       /* DC ZVA: alignment fault if the page is Device; va is the operand, as FAR reports it,
				   and the result is for the 64-byte block around it */

/* A device access that mem_slow() has translated and checked. */
struct mem_dev {
	const struct mem_region *region; /* NULL: nothing there (external abort) */
	gpa pa;
};

/*
 * Slow path of an access of `size` bytes (any number) at va that does not
 * cross a 4 KiB page: translates, checks permissions and watchpoints, updates
 * AF and DBM, fills c->tlb (ACC_UNPRIV: c->tlb_unpriv) where direct access is allowed from now on, and
 * returns the host address; or NULL, with *dev filled, where the access must
 * go through mmio_load()/mmio_store() (devices, ROM writes).  Raises a data
 * abort with va as the faulting address.  Alignment other than ACC_UNALIGNED
 * on Device memory is the evaluator's business.  Pages that take this path
 * every time: Device memory, watched, ROM (writes).
 */
void *mem_slow(struct vcpu *c, uint64_t va, unsigned size, unsigned acc, struct mem_dev *dev);

/* The access itself; size is 1, 2, 4, 8 (any alignment within a page).  Raise an external abort on refusal. */
uint64_t mmio_load(struct vcpu *c, const struct mem_dev *dev, uint64_t va, unsigned size, unsigned acc);
void mmio_store(struct vcpu *c, const struct mem_dev *dev, uint64_t va, unsigned size, uint64_t val, unsigned acc);

/*
 * Instruction fetch at pc (4-aligned): translates and fills the line of c->tlb;
 * returns the host address of the word.  *code_gen is the generation word of
 * its page (mem_region.code_gen; a constant zero word for ROM).  Raises
 * instruction aborts.
 */
const uint32_t *cpu_fetch_page(struct vcpu *c, uint64_t pc, uint32_t **code_gen);

/* Generation of all decoded code; at_add by IC IALLU, ld_acq at block entry. */
extern uint32_t code_gen_all;
/*
 * A translator that caches code elsewhere; NULL: there is none.
 * code_stale: c's IC found this guest RAM (NULL: all) to have changed. code_sync: c's DSB waits for the others to know.
 * code_distrust: translations with the load-exclusive at c->mon.load_pc may not be used any more (a64/exclusive.h).
 * cpu_place: c's thread waits for others, perhaps in the middle of translated code, or runs again.
 */
enum cpu_place { PLACE_RUNS, PLACE_WAITS };
extern void (*code_stale)(struct vcpu *c, const void *host, size_t len);
extern void (*code_sync)(struct vcpu *c);
extern void (*code_distrust)(struct vcpu *c);
extern void (*cpu_place)(struct vcpu *c, enum cpu_place place);
static inline void cpu_at(struct vcpu *c, enum cpu_place place)
{
	if (cpu_place)
		cpu_place(c, place);
}

/*
 * Called before each instruction while c->ctx has CTX_SLOW bits (illegal
 * state, software step, breakpoints, vector catch): raises what is due.
 * cpu_after_insn() follows a completed instruction (c->pc already advanced).
 */
void cpu_before_insn(struct vcpu *c);
void cpu_after_insn(struct vcpu *c);

/* Recomputes c->ctx, c->tlb and c->tlb_unpriv from PSTATE and system registers; sys calls it after each change of them. */
void cpu_ctx_update(struct vcpu *c);

/* -- exceptions -- */
_Noreturn void exc_undef(struct vcpu *c);
_Noreturn void exc_svc(struct vcpu *c, uint32_t imm16);
_Noreturn void exc_brk(struct vcpu *c, uint32_t imm16);
void exc_hvc(struct vcpu *c, uint32_t imm16); /* PSCI: returns with x0 set; otherwise UNDEFINED */
void exc_smc(struct vcpu *c, uint32_t imm16);
void exc_hlt(struct vcpu *c, uint32_t imm16); /* semihosting: returns with x0 set; otherwise UNDEFINED */
_Noreturn void exc_fp_trap(struct vcpu *c);   /* CPACR_EL1.FPEN */
_Noreturn void exc_sys_trap(struct vcpu *c);  /* EC 0x18 of the MSR, MRS or SYS at c->pc */
_Noreturn void exc_pc_align(struct vcpu *c);
_Noreturn void exc_sp_align(struct vcpu *c);
_Noreturn void exc_align(struct vcpu *c, uint64_t va, unsigned acc); /* data abort, alignment */

/* -- system instructions; enc is SYSREG().  They raise UNDEFINED and traps themselves. -- */
uint64_t cpu_sys_read(struct vcpu *c, uint32_t enc);
void cpu_sys_write(struct vcpu *c, uint32_t enc, uint64_t val);
uint64_t cpu_sys_op(struct vcpu *c, uint32_t enc, uint64_t val); /* SYS (result unused) and SYSL; not DC ZVA */
void cpu_msr_imm(struct vcpu *c, unsigned op1, unsigned op2, unsigned imm);
void cpu_dczva_check(struct vcpu *c); /* raises the trap of DC ZVA, if any (SCTLR_EL1.DZE) */

void cpu_eret(struct vcpu *c);  /* sets c->npc; clears the local monitor */
void cpu_wfi(struct vcpu *c);   /* with c->npc set; sleeps through c->mops, may raise a trap (nTWI) */
void cpu_wfe(struct vcpu *c);
void cpu_sev(struct vcpu *c);
void cpu_sevl(struct vcpu *c);
void cpu_yield(struct vcpu *c);
void cpu_isb(struct vcpu *c);   /* context synchronisation */
void cpu_dsb(struct vcpu *c);   /* waits for TLB and IC maintenance; the fence itself is the evaluator's */

#endif
