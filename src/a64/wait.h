/*
 * The waiting side of WFI and WFE, for vcpu_poll(), and the event register.
 *
 * A SEV is an event for every vCPU, but most machines' SEVs find nobody in WFE.  So a vCPU only counts its own
 * (vcpu.sevs, in a line that is its own), and a register is set if the sum of all counts has moved since it was
 * cleared.  SEV then looks whether anybody sleeps in WFE (wfe_sleepers, which changes with sleeps only).  Both
 * sides write first, with a full fence, and read then: the sleeper its number and the counts, SEV its count and
 * the number; one sees the other.  Nobody misses an event by clearing late: who has read a count has, on x86, the
 * stores before that SEV in sight when it reads the memory that it waits for.
 */
#ifndef PARMA_A64_WAIT_H
#define PARMA_A64_WAIT_H

#include "a64/vcpu.h"

/* vCPUs asleep in WFE, those of all machines of the process: too many costs a look. ATOMIC(at_add in wait_sleep, ld_sc in cpu_sev) */
extern uint32_t wfe_sleepers;

/* Is the event register set? Owner's thread. */
bool event_pending(const struct vcpu *c);
/* The same, and clears it. */
bool event_take(struct vcpu *c);

/* Sleeps as vcpu_ask_sleep() said, unless there is a reason to wake already. Owner's thread, no engine on the stack. */
void wait_sleep(struct vcpu *c);

#endif
