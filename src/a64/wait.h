/* The waiting side of WFI and WFE, for vcpu_poll(). */
#ifndef PARMA_A64_WAIT_H
#define PARMA_A64_WAIT_H

#include "a64/vcpu.h"

/* Sleeps as vcpu_ask_sleep() said, unless there is a reason to wake already. Owner's thread, no engine on the stack. */
void wait_sleep(struct vcpu *c);

#endif
