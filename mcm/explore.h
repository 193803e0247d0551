/*
 * From programs to traces: runs each thread of a program, over and over,
 * until every way in which it can run is known.
 *
 * The program is a callback that executes one thread and reports what it does
 * through mcm_run_*().  It must be deterministic in the answers that it gets.
 * Reads may return anything that some write of the program stores; since
 * that depends on the traces in turn, this is a fixed point: writes are
 * collected, threads run again, until no new write turns up or the longest
 * chain of writes is exhausted (no execution that a model here allows feeds a
 * value through more writes than it has).
 */
#ifndef PARMA_MCM_EXPLORE_H
#define PARMA_MCM_EXPLORE_H

#include "base/err.h"
#include "mcm/arena.h"
#include "mcm/event.h"

struct mcm_loc {
	const char *name;
	unsigned size;         /* bytes */
	const uint8_t *init;   /* size bytes */
};

/* A part of memory that belongs to the final state. */
struct mcm_memslot {
	uint16_t loc;
	uint32_t off;
	uint8_t size; /* at most 8 bytes */
};

struct mcm_run;

struct mcm_program {
	unsigned nthreads;
	unsigned nlocs;
	const struct mcm_loc *locs;
	unsigned nregs[MCM_MAX_THREADS];  /* register slots of each thread in the final state */
	unsigned nmem;
	const struct mcm_memslot *mem;
	/* Executes thread t, calling mcm_run_*(); returns early when one of them says so. */
	void (*run)(void *ctx, unsigned t, struct mcm_run *r);
	void *ctx;
};

/* Appends an event; returns its number, or -1: too many, return at once. */
int mcm_run_event(struct mcm_run *r, const struct mcm_event *ev);
/* The value of read number idx in this run; false: still open (*val is then some value it may have). */
bool mcm_run_value(struct mcm_run *r, unsigned idx, u128 *val);
/* The thread's course depends on the values of the reads in set; false: return at once (it will run again). */
bool mcm_run_fix(struct mcm_run *r, uint64_t set);
/* A choice among n, without cause. */
unsigned mcm_run_choose(struct mcm_run *r, unsigned n);
/* The final value of one of the thread's register slots. */
void mcm_run_final(struct mcm_run *r, unsigned slot, const struct mcm_final *f);
/* This run says nothing that others do not say; return at once. */
void mcm_run_drop(struct mcm_run *r);
/* This run goes beyond the bound on loops and is not counted; return at once. */
void mcm_run_cut(struct mcm_run *r);
/*
 * The thread does something that can't be modelled; return at once. An error only if the model allows an
 * execution that comes here.
 */
void mcm_run_fail(struct mcm_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct mcm_traces {
	unsigned n;
	struct mcm_trace *t;
};

struct mcm_explored {
	struct mcm_traces thr[MCM_MAX_THREADS];
	bool cut; /* some run went beyond the bound on loops */
};

/* All traces of p, in memory of the arena. < 0: beyond limits or a thread failed, e says what. */
int mcm_explore(const struct mcm_program *p, struct mcm_arena *a, struct mcm_explored *out, struct err *e);

#endif
