/*
 * The machine that litmus tests run on: RAM, vCPUs on their threads (sched),
 * an engine, nothing else.  It lives as long as the process runs tests; each
 * test is a job.
 *
 * A vCPU's life is a cycle of two halves.  In the host half (the semihosting
 * call that its idle loop makes) the vCPUs wait for each other, collect what
 * the last run left in memory, and prepare the next run, every vCPU a part of
 * it.  In the guest half those that have a role run the test's code at the
 * speed of the engine, with the host out of the way, until they are back in
 * the idle loop.
 *
 * Threads: the driver calls gang_*(); the callbacks of a job run on vCPU
 * threads, between runs only.
 */
#ifndef PARMA_LITMUS_GANG_H
#define PARMA_LITMUS_GANG_H

#include "a64/vcpu.h"
#include "base/err.h"

enum { GANG_MAX_CPUS = 64 };

/* Guest addresses; translation is the identity. */
#define GANG_RAM UINT64_C(0x40000000)
#define GANG_RAM_SIZE (UINT64_C(512) << 20)
#define GANG_STUB GANG_RAM                        /* boot code and idle loop */
#define GANG_CODE (GANG_RAM + 0x100000)           /* the test's code */
#define GANG_CODE_SIZE UINT64_C(0x200000)
#define GANG_DATA (GANG_CODE + GANG_CODE_SIZE)    /* the rest is the test's data */

/* The engine: how guest code is executed. */
struct gang_engine {
	const char *name, *help;
	int (*start)(struct err *e); /* before any vCPU exists, and after all are gone; may be NULL */
	void (*stop)(void);
	int (*init)(struct vcpu *c);
	void (*run)(struct vcpu *c);
	void (*free)(struct vcpu *c);
};
/* Bytes of code memory of the translator; 0: its default. Set before gang_new(). */
extern size_t gang_code_bytes;
/* i = 0.. until NULL; number 0 is the default. */
const struct gang_engine *gang_engine_at(unsigned i);
const struct gang_engine *gang_engine_find(const char *name);

/* TCR_EL1: 39-bit addresses, 4 KiB granule, no TTBR1. */
#define GANG_TCR (25 | BIT(8) | BIT(10) | 3 << 12 | BIT(23) | UINT64_C(2) << 32)

/* Where a vCPU starts in a run; x0 points to a copy of it in guest memory. */
struct gang_start {
	uint64_t rec, out;     /* for the code at entry: two numbers */
	uint64_t entry;
	bool fresh;            /* code or translation have changed since the last run: not for the guest */
};

/*
 * next() and more() run once, nothing else running; the others for every vCPU v, in parallel.  A run is: next();
 * work(), which collects what the run before left (`ran`: there was one) and prepares this one; the guest half;
 * done(), if there was one for it; and so on.  more() is asked after work() whether there is to be another run; the one prepared is dropped if not.
 */
struct gang_job {
	void (*next)(void *ctx);
	void (*work)(void *ctx, unsigned v, bool ran);
	bool (*assign)(void *ctx, unsigned v, struct gang_start *s); /* false: v has no role in this run */
	void (*done)(void *ctx, unsigned v); /* v is through with its part of a run, others may not be; may be NULL */
	bool (*more)(void *ctx);
	unsigned ncpus;              /* vCPUs that take part, from number 0; the others sleep. 0: all */
	uint64_t (*progress)(void *ctx); /* while a run goes on: a number that changes as it gets on; may be NULL. The driver's thread */
	void *ctx;
};

struct gang;

struct gang *gang_new(const struct gang_engine *engine, unsigned ncpus, struct err *e);
void gang_free(struct gang *g);

unsigned gang_ncpus(const struct gang *g);
struct vcpu *gang_cpu(const struct gang *g, unsigned k);
/* Is the engine the translator? */
bool gang_translates(const struct gang *g);
/* Host address of guest memory. */
void *gang_host(const struct gang *g, uint64_t addr);
/* Between jobs: the GiB at guest virtual address va is translated by the level 2 table at guest address `table`. */
void gang_map(struct gang *g, uint64_t va, uint64_t table);
/* Between jobs: puts code at GANG_CODE. */
void gang_load(struct gang *g, const uint32_t *words, size_t nwords);
/*
 * Runs a job to its end. -1: neither a run ended nor was there progress for `patience` seconds (a test that does
 * not end); the gang is then dead: free it.
 */
int gang_run(struct gang *g, const struct gang_job *j, double patience);
/* Retired guest instructions so far. */
uint64_t gang_icount(const struct gang *g);

#endif
