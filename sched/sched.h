/*
 * vCPU threads: one host thread per vCPU, their run loop, power states (PSCI),
 * sleeping in WFI/WFE, and stopping all of them for reset, pause and exit.
 *
 * The machine makes the vCPUs, gives them to sched_new() and starts them with
 * sched_start(); vCPU 0 is on, the others wait for CPU_ON.  Everything that a
 * vCPU asks of the world goes through struct machine_ops (a64/vcpu.h), which
 * this file implements; what concerns the whole machine is passed on through
 * struct sched_events.
 */
#ifndef PARMA_SCHED_SCHED_H
#define PARMA_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "a64/vcpu.h"
#include "base/err.h"

struct sched;

/* How guest code is executed. Functions run on the vCPU's thread. */
struct sched_engine {
	const char *name;
	int (*init)(struct vcpu *c);  /* before the thread runs; 0, or -1 without memory */
	void (*run)(struct vcpu *c);  /* until c->request is not zero; may come back earlier */
	void (*free)(struct vcpu *c); /* after the thread has ended */
};

/* What the machine does for its vCPUs. Called on a vCPU's thread with no lock held; all but cpu_reset may be NULL. */
struct sched_events {
	void (*system_off)(void *arg, int status);
	void (*system_reset)(void *arg);
	void (*cpu_reset)(void *arg, struct vcpu *c);  /* c was reset by CPU_ON: its part of the interrupt controller */
	void (*semihost)(void *arg, struct vcpu *c);   /* NULL: HLT 0xF000 is UNDEFINED */
	void *arg;
};

/* cpus[0..n) outlive the sched. NULL with e filled. */
struct sched *sched_new(struct vcpu **cpus, unsigned n, const struct sched_engine *engine,
			const struct sched_events *ev, struct err *e);
/* Starts all threads; vCPU 0 begins at its pc. 0, or -1 with e filled (no thread runs then). */
int sched_start(struct sched *s, struct err *e);
/* Ends and joins all threads. May be called once, from a thread that is no vCPU. */
void sched_stop(struct sched *s);
void sched_free(struct sched *s);

/*
 * Stops guest execution on all vCPUs and returns when none runs; between
 * sched_pause() and sched_resume() the caller owns all vCPU state.  From a
 * thread that is no vCPU; calls nest.
 */
void sched_pause(struct sched *s);
void sched_resume(struct sched *s);
/* While paused: vCPU 0 on, the others off, as after power-on. */
void sched_reset_power(struct sched *s);

/* Guest instructions retired by all vCPUs, racy. */
uint64_t sched_icount(const struct sched *s);

#endif
