/*
 * The -d log: a mask of items, written to stderr or to the -D file.  Callers
 * test log_on() first, so a disabled item costs one load and branch.
 * Any thread may log; a record is written whole.
 */
#ifndef PARMA_BASE_LOG_H
#define PARMA_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/err.h"

/* X(NAME, "option name", "help") */
#define LOG_ITEMS(X) \
	X(IN_ASM, "in_asm", "guest code of each translation unit") \
	X(IR, "ir", "intermediate code as the semantics emit it") \
	X(OPT, "opt", "intermediate code after optimisation") \
	X(OUT_ASM, "out_asm", "host code of each translation unit") \
	X(EXEC, "exec", "each unit (interpreter: each block) before it runs") \
	X(CPU, "cpu", "registers before each unit (with exec)") \
	X(INT, "int", "exceptions and interrupts") \
	X(MMU, "mmu", "translation table walks and TLB maintenance") \
	X(GUEST_ERROR, "guest_errors", "things a guest does that no correct guest does") \
	X(UNIMP, "unimp", "what the guest asks for and parma does not have") \
	X(GIC, "gic", "interrupt controller state changes") \
	X(DEV, "dev", "device register accesses") \
	X(PSCI, "psci", "firmware calls") \
	X(SCHED, "sched", "placement of vCPU threads") \
	X(CPU_RESET, "cpu_reset", "registers of a CPU after each reset") \
	X(NOCHAIN, "nochain", "units are not chained, so that exec and cpu show each one that runs")

enum log_item {
#define X(n, s, h) LOG_##n##_BIT,
	LOG_ITEMS(X)
#undef X
	LOG_NITEMS
};
#define X(n, s, h) static const uint32_t LOG_##n __attribute__((unused)) = 1u << LOG_##n##_BIT;
LOG_ITEMS(X)
#undef X

extern uint32_t log_mask; /* CONST_AFTER_INIT, in practice: set by the command line */

static inline bool log_on(uint32_t item) { return unlikely(log_mask & item); }
void log_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Records of several calls: other threads' come before or after. Nest. */
void log_begin(void);
void log_end(void);
/* Is code at this guest address to be logged? All is, unless there was a log_filter(). Any thread. */
bool log_here(uint64_t pc);

/* Where the log goes: stderr or the -D file. */
FILE *log_stream(void);

/* "START+SIZE", "START-SIZE" (the bytes up to START) or "FIRST..LAST", several with commas. 0, or -1 with e filled. */
int log_filter(const char *ranges, struct err *e);
/* "a,b,c", "all" (or "help", which lists the items on out and returns 1). 0, or -1 with e filled. */
int log_parse(const char *items, FILE *out, struct err *e);
/* Send the log to that file from now on. 0, or -1 with e filled. */
int log_open(const char *path, struct err *e);

#endif
