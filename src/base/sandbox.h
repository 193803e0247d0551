/*
 * The sandbox: a process that has set everything up gives away what it does
 * not need to run.  No new privileges (prctl(2)), and a seccomp filter over all threads
 * that allows what sandbox.def lists: work on open descriptors, memory that
 * is not executable, waiting, new threads, and by option accept(2) and sockets
 * of the internet families.  Everything else is refused with EPERM; what only
 * an intruder would try ends the process with SIGSYS.
 *
 * What still has to be done by name at the end (reports, removal of sockets)
 * is the keeper's work (keeper.h).
 *
 * A build with a sanitizer or with coverage counters has a run-time library that opens files,
 * forks and traces when it reports; there the filter only keeps privileges,
 * executable memory and the kernel's administration out of reach.
 */
#ifndef PARMA_BASE_SANDBOX_H
#define PARMA_BASE_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

/* What this machine needs beyond the common. */
struct sandbox_needs {
	bool listen; /* there are server sockets */
	bool net;    /* user networking: makes connections for the guest */
	bool bind;   /* threads choose host processors, their own or another's */
};

/*
 * Closes the sandbox over the whole process; there is no way back.  0, or -1 with
 * e filled where the kernel has no such filters (then nothing has changed).
 * Call when every file, socket and executable mapping is there; other threads may run.
 */
int sandbox_enter(const struct sandbox_needs *need, struct err *e);
/* Is it closed? Any thread. */
bool sandbox_active(void);

#endif
