/*
 * TLB maintenance: the TLBI instructions, their broadcast, and DSB.
 *
 * A broadcast puts the operation into the mailbox of every other vCPU, sets
 * REQ_TLB there and returns; each serves it at its next poll.  Only DSB waits,
 * until every vCPU that may run guest code has served what was posted before.
 * One that waits serves its own mailbox meanwhile, so two that wait for each
 * other both go on; one that does not run guest code (asleep, stopped, off)
 * counts as done, since it serves its mailbox before it runs again:
 *
 *   waiter:  posted++ ; full fence ; running == 0 -> done
 *   sleeper: running = 1 ; full fence ; posted != served -> serve
 */
#ifndef PARMA_A64_TLBI_H
#define PARMA_A64_TLBI_H

#include "a64/vcpu.h"

enum tlbi_kind { TLBI_ALL, TLBI_ASID, TLBI_VA, TLBI_VAA, TLBI_LINES };

void tlbi_init(struct vcpu *c);

/* The TLBI instruction `enc` with operand `arg`; false: there is none such. */
bool tlbi_op(struct vcpu *c, uint32_t enc, uint64_t arg);

/* Every vCPU drops its first-level TLB lines (now, or at its next poll; tlbi_dsb() waits). */
void tlbi_drop_lines(struct vcpu *c);

/* Waits for this vCPU's broadcasts (DSB). */
void tlbi_dsb(struct vcpu *c);

/* Applies what others posted (REQ_TLB). Owner's thread. */
void tlbi_serve(struct vcpu *c);

/* The vCPU begins or ends to run guest code. Owner's thread. */
void tlbi_enter(struct vcpu *c);
void tlbi_leave(struct vcpu *c);

#endif
