/*
 * Generic timers of a vCPU: the EL1 physical and virtual timer and the event
 * stream.  The state is the vCPU's; a host timer (base/timer.h) only
 * wakes it up: its callback sets REQ_TIMER and kicks, and the vCPU looks at
 * its timers itself.  CNTVOFF is 0: both counters are the same.
 *
 * Owner's thread, but for the callback.  Arm ARM D11.
 */
#ifndef PARMA_A64_GTIMER_H
#define PARMA_A64_GTIMER_H

#include "a64/vcpu.h"

enum gtimer_which { GT_PHYS, GT_VIRT, GT_COUNT };

#define CNT_ENABLE 1u
#define CNT_IMASK 2u
#define CNT_ISTATUS 4u

void gtimer_init(struct vcpu *c);   /* once */
void gtimer_reset(struct vcpu *c);
/* Stops the host timers; a callback may still be running. */
void gtimer_stop(struct vcpu *c);

/* Interrupt levels and host timers follow the registers and the counter. */
void gtimer_update(struct vcpu *c, enum gtimer_which w);
void gtimer_update_all(struct vcpu *c);

uint64_t gtimer_ctl(const struct vcpu *c, enum gtimer_which w); /* with ISTATUS */
void gtimer_set_ctl(struct vcpu *c, enum gtimer_which w, uint64_t v);
void gtimer_set_cval(struct vcpu *c, enum gtimer_which w, uint64_t v);
uint64_t gtimer_tval(const struct vcpu *c, enum gtimer_which w);

/* Host time of the next event of the event stream; TIMER_NEVER if it is off. */
uint64_t gtimer_next_event_ns(const struct vcpu *c);

#endif
