/*
 * What happens around the runs of a test: instances prepared, final states
 * collected.  An instance is one trial with its own copy of the locations.
 *
 * All that is known of the test is in a plan, which is flat: the same source
 * serves the harness, on vCPU threads between runs (litmus/run.c), and the
 * bare-metal image that carries it all into the guest (litmus/bare).  That is
 * what makes rates on other emulators comparable.
 *
 * A run of `size` instances is cut into a slice for each vCPU, which collects
 * and resets the locations of its slice.  What a thread observes is kept by the vCPU that plays it, in lines that no other
 * one reads: it makes 16 bits of each instance, and these are what the others look at.  Records (what differs between a
 * thread's instances) are made by the vCPU that plays the thread next.
 *
 * Drawn from the seed, for each run: which vCPU plays which thread.  For a few
 * runs: where each instance lies within its slice (in order from somewhere on, or shuffled), which locations share a
 * cache line (each with its likes of the neighbours, those of an instance, or none), how far it is to the
 * next barrier, delays of threads after it, and what is touched before it.
 */
#ifndef PARMA_LITMUS_TRIAL_H
#define PARMA_LITMUS_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "litmus/hist.h"

enum { TRIAL_THREADS = 16, TRIAL_LOCS = 64, TRIAL_PTRS = 24, TRIAL_FIXES = 128, TRIAL_MEMS = 256, TRIAL_FAULTS = 64,
       TRIAL_INIT = 8192, TRIAL_CPUS = 64, TRIAL_WIDTH = 1024 };
#define TRIAL_CODE (~0u) /* in place of a location: code */
#define TRIAL_ENTRY (1u << 30) /* with a location: not its address, but a translation table entry for it, with flags */
#define TRIAL_MAGIC UINT64_C(0x314d54494c4d5250)

/* A record, one for each thread and instance; offsets in bytes. */
enum {
	REC_BARRIER = 0,  /* address of the instance's word; bit 0: this thread opens it; 0: no barrier, no touch; or: */
	REC_DELAY = 8,    /* 32 bits: turns of an empty loop after the barrier */
	REC_TOUCH = 12,   /* 32 bits: two a pointer: load it, own it, before the barrier */
	REC_PTR = 16,     /* addresses for registers */
};
#define REC_TOUCHED (UINT64_C(1) << 62) /* no barrier */
#define REC_END (UINT64_C(1) << 63)     /* behind the last */

enum trial_preload { PRELOAD_NO, PRELOAD_RANDOM, PRELOAD_CUSTOM, PRELOAD_STATIC };

struct trial_ptr {
	uint32_t loc;     /* or TRIAL_CODE */
	uint32_t touch;   /* PRELOAD_CUSTOM: bits as in REC_TOUCH */
	uint32_t may;     /* the same: how it may be touched at all */
	uint64_t off;     /* bytes; of code: from the begin of all code, in instance 0; of an entry: flags (litmus/pte.h) */
};

struct trial_thread {
	uint64_t entry;
	uint32_t nptrs;
	uint32_t body_ptr;   /* record: address of the instance's own code; 0: it has none */
	uint32_t fault;      /* from a record to what is noted of its fault: ESR, ELR and FAR, 8 bytes each */
	uint32_t rec_size;
	uint32_t nregs, first; /* observed registers, 8 bytes each; the first's number in a state */
	uint32_t out_size;   /* bytes of an instance's observed registers */
	uint64_t faulted;    /* address of a word: nonzero if any instance faulted */
	struct trial_ptr ptr[TRIAL_PTRS];
};

/* init: offset in the plan's. Of tests of translation: the location's page within the instance, or it is that page's entry. */
struct trial_loc { uint32_t bytes, init, page, entry; };
struct trial_fix { uint32_t loc, at, size, to; uint64_t off; };   /* an address as initial value; to: a location or TRIAL_CODE */
struct trial_mem { uint32_t loc, off, size; };
/*
 * Whether thread had a fault: of class ec (or any), for a data abort of status fsc but for its level (or any), with an
 * address in a location's page (or anywhere), at `at` (the model's address of code) or anywhere.
 */
struct trial_fault { uint32_t state, thread, ec, fsc, page; uint64_t at; };
#define TRIAL_ANY (~0u)

struct trial_plan {
	uint64_t magic;
	uint32_t nthreads, nlocs, nfixes, nmem, nfaults, width;
	uint32_t ncpus, ncopies, size, slot, step;
	uint32_t group;                              /* instances from one barrier to the next; 0: drawn */
	uint32_t elem;                               /* bytes from a location to its like in the next instance, in the same line; 0: not so */
	uint32_t packed_ok, direct, stride, preload, shuffle_first, timebase;
	uint64_t seed, runs;
	uint64_t entry_bits;                         /* of all entries: nG, in tests that change the ASID */
	uint32_t npages;                             /* pages of an instance, of tests of translation; else 0 */
	uint64_t vm;                                 /* guest virtual address of the first page; whole GiB */
	uint64_t ram, image, code;                   /* guest addresses: of memory, of all words, of the test's code among them */
	uint64_t code_stride, model_loc, model_code; /* the model's address space */
	struct trial_thread thread[TRIAL_THREADS];
	struct trial_loc loc[TRIAL_LOCS];
	struct trial_fix fix[TRIAL_FIXES];
	struct trial_mem mem[TRIAL_MEMS];
	struct trial_fault fault[TRIAL_FAULTS];
	uint8_t init[TRIAL_INIT];
};

/* One of several copies of the test that run in parallel; guest addresses. */
struct trial_copy {
	uint64_t barrier, cells;
	uint64_t rec[TRIAL_THREADS];
};

struct trial_draw {
	uint64_t number;
	uint64_t rot;
	bool fresh;                          /* all is drawn anew, not only roles: records are to be made */
	bool ordered;                        /* instances of a slice one behind the other, not shuffled */
	uint32_t group;                      /* instances from one barrier to the next */
	bool dense;                          /* neighbours share lines, each location with its likes */
	uint32_t apart_log2, per_log2;       /* instances that share a slot: bytes from one to the next, how many */
	uint32_t cell[TRIAL_LOCS];           /* offset of each location in the slot */
	uint32_t role[TRIAL_CPUS];           /* of a vCPU: copy * nthreads + thread */
	uint32_t player[TRIAL_CPUS];         /* of a role: the vCPU */
	uint32_t delay_opener, delay_other;  /* masks */
};

struct trial {
	const struct trial_plan *p;          /* CONST_AFTER_INIT */
	uint8_t *ram;                        /* CONST_AFTER_INIT: p->ram in this address space */
	struct trial_copy copy[TRIAL_CPUS];  /* CONST_AFTER_INIT */
	uint64_t out[TRIAL_CPUS];            /* CONST_AFTER_INIT: guest addresses: what each vCPU observed, instance by instance */
	uint64_t digest[TRIAL_CPUS];         /* CONST_AFTER_INIT: the same, short (trial_digest()) */
	uint64_t level2, level3;             /* CONST_AFTER_INIT: guest addresses of translation tables */
	uint32_t *perm;                      /* CONST_AFTER_INIT: [size] places of instances within their slice, slice by slice */
	struct trial_draw now, last;         /* written between runs by one thread (trial_draw()) */
	struct hist hist[TRIAL_CPUS];        /* OWNER(vcpu) */
	uint64_t faults[TRIAL_CPUS];         /* OWNER(vcpu) */
};

/* Lays everything out from guest address `at`; returns its end. perm: room for size numbers. */
uint64_t trial_init(struct trial *t, const struct trial_plan *p, uint8_t *ram, uint32_t *perm, uint64_t at);
/* With memory at zero: writes what does not change, translation tables. */
void trial_tables(struct trial *t);
void trial_free(struct trial *t);
/* Draws the next run. One thread, nothing else running. */
void trial_draw(struct trial *t);
/* What v does when it is through with a run, whose draw is the last: makes short what it observed, for all to count. */
void trial_digest(struct trial *t, unsigned v);
/* vCPU v's part of counting the run drawn before the last trial_draw(); then of preparing the one drawn by it. */
void trial_collect(struct trial *t, unsigned v);
void trial_prepare(struct trial *t, unsigned v);
/* The role of v in the run to come; false: none. rec, out, entry: where it starts. */
bool trial_role(const struct trial *t, unsigned v, uint64_t *rec, uint64_t *out, uint64_t *entry);
/* How far the run at hand is, for any thread: changes while there is progress. */
uint64_t trial_progress(const struct trial *t);
/* The instances [from, to) of vCPU v's slice. */
void trial_share(const struct trial_plan *p, unsigned v, unsigned *from, unsigned *to);

#endif
