/*
 * vCPU threads: one host thread for each vCPU, from power-on to power-off.
 *
 * A thread runs guest code in its engine, polls requests between blocks,
 * sleeps on a futex in WFI and WFE, and waits on a condition while its vCPU
 * is off or the machine is paused.  Power states change under one lock (rank
 * RANK_PSCI), so of two racing CPU_ONs one wins and the other gets its error.
 *
 * RCU (base/rcu.h): a thread is online while its engine runs, quiescent between
 * two calls of it, offline otherwise.
 *
 * Reset and power-off are asked for by vCPUs (PSCI) or devices and carried
 * out by the thread that called sched_run(), with every vCPU stopped.
 *
 * Threads: sched_run() on the main thread; sched_quit(), sched_ask_reset(),
 * sched_pause() and sched_resume() on any that is not a vCPU's (the first two
 * on a vCPU's too).
 */
#ifndef PARMA_SCHED_SCHED_H
#define PARMA_SCHED_SCHED_H

#include "a64/vcpu.h"
#include "base/err.h"
#include "sched/account.h"
#include "sched/place.h"

struct sched;

struct sched_config {
	unsigned nvcpus;
	/* The engine: runs guest code until c->request is not zero (interp_run()). */
	void (*run)(struct vcpu *c);
	/* The vCPU is reset (CPU_ON or machine reset): its interrupt controller's CPU interface. On its thread. May be NULL. */
	void (*cpu_reset)(void *arg, struct vcpu *c);
	/*
	 * Machine reset, all vCPUs stopped: devices, memory images. Returns false to end instead (-no-reboot).
	 * May be NULL: end.
	 */
	bool (*reset)(void *arg);
	void *arg;
	/* vCPUs wait for all others all the time (barriers), so none is kept out of the way (crowd.c). */
	bool no_rests;
};

/* NULL: no memory. */
struct sched *sched_new(const struct sched_config *cfg);
/* Where threads run (sched/place.h); before sched_run(), which does not free it. */
void sched_set_place(struct sched *s, struct place *p);
/*
 * Deterministic: one thread, seeded turns of up to some thousand instructions, each run by run_for(), which returns
 * earlier when c->request is not zero. Before sched_run(), with clock_virtual_start() called.
 */
void sched_set_rr(struct sched *s, uint64_t seed, void (*run_for)(struct vcpu *c, uint64_t insns));
/* Joins the threads (which sched_run() has ended) and frees. */
void sched_free(struct sched *s);

/* machine_ops of vCPUs that belong to a sched; vcpu.machine must be the struct sched. */
extern const struct machine_ops sched_machine_ops;

/* What a vCPU does right now, for people; and its host thread: id, and processor time used so far. Any thread. */
enum sched_state { SCHED_OFF, SCHED_PAUSED, SCHED_HALTED, SCHED_RUNNING };
enum sched_state sched_cpu_state(struct sched *s, unsigned k);
int sched_thread_id(struct sched *s, unsigned k);
uint64_t sched_thread_ns(struct sched *s, unsigned k);

/* Its memory arena (base/alloc.h), -1: none. Any thread. */
int sched_thread_arena(struct sched *s, unsigned k);

/* The vCPUs, indexed by vcpu.index; for vcpu_config.all. */
struct vcpu **sched_vcpus(struct sched *s);

/* Where vCPU k starts after a machine reset; k without a call starts powered off. */
void sched_set_boot(struct sched *s, unsigned k, uint64_t entry, uint64_t arg);

/*
 * Starts the threads, powers on the boot vCPUs, and serves resets until
 * someone quits. *exit_code is what was given to sched_quit() or system_off.
 * 0, or -1 with e filled (threads could not be started).
 */
int sched_run(struct sched *s, int *exit_code, struct err *e);

/* Ends sched_run(). The first call's code counts. Any thread. */
void sched_quit(struct sched *s, int exit_code);
/* Asks for a machine reset. Any thread. */
void sched_ask_reset(struct sched *s);

/* Stops all vCPUs between instructions, and lets them go on; calls nest. Not on a vCPU's thread. */
void sched_pause(struct sched *s);
void sched_resume(struct sched *s);

/* Guest instructions retired by all vCPUs, racy. */
uint64_t sched_icount(const struct sched *s);

#endif
