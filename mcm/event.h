/*
 * Events and traces: what the models see of a program.
 *
 * A trace is one way in which one thread can run: its memory accesses and
 * barriers in program order, each with the reads that it depends on.  Values
 * of reads are left open as long as nothing but final registers depends on
 * them; a read whose value steered the trace (a branch, an address, a value
 * written) is `fixed`, and the trace stands for that value alone.
 *
 * Dependencies are what the instruction semantics say; they are sets of event
 * numbers of the same trace (hence at most 64 events a thread).
 */
#ifndef PARMA_MCM_EVENT_H
#define PARMA_MCM_EVENT_H

#include "base/types.h"

enum {
	MCM_MAX_EVENTS = 64,  /* in one trace */
	MCM_MAX_THREADS = 16,
	MCM_NO_EVENT = 0xff,
};

enum mcm_kind { MCM_READ, MCM_WRITE, MCM_BARRIER, MCM_FAULT };

enum mcm_barrier {
	MCM_B_DMB_FULL, MCM_B_DMB_LD, MCM_B_DMB_ST,
	MCM_B_DSB_FULL, MCM_B_DSB_LD, MCM_B_DSB_ST,
	MCM_B_ISB,
	MCM_B_MFENCE, MCM_B_LFENCE, /* x86; SFENCE is as LFENCE here */
	MCM_NBARRIERS
};

enum mcm_flag {
	MCM_F_ACQ = 1,      /* A */
	MCM_F_ACQPC = 2,    /* Q */
	MCM_F_REL = 4,      /* L */
	MCM_F_EX = 8,       /* of a load- or store-exclusive */
	MCM_F_AMO = 16,     /* of one atomic instruction, or locked (x86) */
	MCM_F_NORET = 32,   /* read whose value the program cannot see */
	MCM_F_IICO_DATA = 64,  /* write of an atomic that is computed from its read */
	MCM_F_IICO_CTRL = 128, /* write of an atomic that happens because of its read's value */
	MCM_F_OBSERVED = 256,  /* read whose value is part of the final state (set by mcm_explore) */
	MCM_F_ALLOW_LOCAL = 512, /* exclusive write: own plain writes may come between it and its read */
};

struct mcm_event {
	uint8_t kind;         /* enum mcm_kind */
	uint8_t barrier;      /* enum mcm_barrier, of barriers */
	uint8_t size;         /* bytes: 1, 2, 4, 8, 16 */
	uint8_t rmw;          /* of a write: its read's event number, or MCM_NO_EVENT */
	uint16_t flags;       /* enum mcm_flag */
	uint16_t insn;        /* instance number of the instruction in program order */
	uint16_t loc;         /* location number */
	uint32_t off;         /* byte offset in the location */
	bool fixed;           /* of a read: the trace holds for the value `val` alone */
	uint32_t where;       /* the front end's name for the instruction (for messages) */
	u128 val;             /* written, or read if fixed */
	uint64_t addr, data, ctrl;                /* dependencies: sets of reads */
	uint64_t pick_addr, pick_data, pick_ctrl; /* through a choice between registers */
};

/* A final value: a constant, or part of what a read returned. */
struct mcm_final {
	uint8_t set;
	uint8_t read;   /* event number, or MCM_NO_EVENT: the constant */
	uint8_t shift;  /* bytes of the read's value to skip */
	uint8_t size;   /* bytes to take */
	uint64_t val;
};

struct mcm_trace {
	unsigned nev;
	const struct mcm_event *ev;
	const struct mcm_final *fin; /* one per register slot of the program that belongs to this thread */
	const char *fail;            /* the thread can't go on after these events; NULL: it ended well */
};

static inline bool mcm_is_mem(const struct mcm_event *e) { return e->kind <= MCM_WRITE; }

#endif
