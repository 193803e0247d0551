/*
 * Self-hosted debug: software step, hardware breakpoints and watchpoints, OS
 * lock.  While step or a breakpoint that can match is enabled, vcpu.ctx has
 * CTX_STEP or CTX_BREAK, and the engine runs one instruction at a time
 * between cpu_before_insn() and cpu_after_insn() (cpu_ops.h).  Data accesses to watched
 * pages always take the slow path (the TLB does not let them match), which calls debug_watch().
 *
 * Owner's thread.  Arm ARM D2 (self-hosted debug).
 */
#ifndef PARMA_A64_DEBUG_H
#define PARMA_A64_DEBUG_H

#include "a64/vcpu.h"

/* CTX_STEP and CTX_BREAK as EL, PSTATE.D, MDSCR, OS lock and breakpoint registers make them. */
uint32_t debug_ctx(struct vcpu *c);

/* Debug exceptions to EL1 are enabled when executing at `el` with PSTATE.D = d. */
bool debug_enabled_at(const struct vcpu *c, unsigned el, bool d);

/* SPSR.SS as an exception return to `el` puts it into PSTATE.SS. */
uint8_t debug_return_ss(const struct vcpu *c, uint64_t spsr, unsigned el);

/* An enabled watchpoint covers bytes of this 4 KiB page. */
bool debug_page_watched(const struct vcpu *c, uint64_t page);
/* Takes a watchpoint exception (and unwinds) if the access matches one. el0: made with EL0's rights. */
void debug_watch(struct vcpu *c, uint64_t va, uint64_t size, bool write, bool el0);

#endif
