/*
 * Signals to the emulator, taken as events by the I/O thread:
 *   SIGINT, SIGTERM, SIGHUP, SIGQUIT   the machine is asked to end in good order
 *   SIGTSTP                            the terminal is restored, the process stops
 *   SIGCONT                            the terminal is raw again
 * A second ending signal within the same run is fatal at once (the machine may
 * hang), with the terminal restored.
 *
 * hostsig_block() comes first in the process, so that every later thread
 * inherits the mask.
 */
#ifndef PARMA_DEV_HOSTSIG_H
#define PARMA_DEV_HOSTSIG_H

#include <stdbool.h>

#include "base/err.h"
#include "dev/ioloop.h"

/* Blocks the signals above in the calling thread and ignores SIGPIPE. Call before any thread exists. */
void hostsig_block(void);
/* quit(arg, signal) runs on the I/O thread with no lock held. 0, or -1 with e filled. */
int hostsig_start(struct ioloop *l, void (*quit)(void *arg, int sig), void *arg, struct err *e);
void hostsig_stop(struct ioloop *l);
/* Did an ending signal arrive? For set-up code that waits. Any thread. */
bool hostsig_ending(void);

#endif
