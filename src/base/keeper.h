/*
 * The keeper: a small process beside a sandboxed one (sandbox.h) that does at
 * the end what needs a file's name: it writes the report and removes the server sockets.
 *
 * It is told the names during set-up, over a socket pair; after keeper_seal()
 * it takes nothing but the bytes of the one report, so whoever takes over the
 * sandboxed process gains no more than their contents.  It ends when the
 * other end closes, however that came about (kill -9 too).
 *
 * All functions: the main thread, or any one at a time; without keeper_start() they do nothing.
 */
#ifndef PARMA_BASE_KEEPER_H
#define PARMA_BASE_KEEPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Before other threads exist. 0, or -1 with e filled. */
int keeper_start(struct err *e);
/* The socket at that path is to be removed at the end, if it is still the same. */
void keeper_unlink(const char *path);
/* Where the report goes. */
void keeper_report(const char *path);
/* No more names from now on. */
void keeper_seal(void);
/* Is there one that waits for a report? */
bool keeper_has_report(void);
/* The report, as outfile_write() does it. 0, or -1 with e filled. */
int keeper_write(const void *data, size_t n, struct err *e);
/* Waits for its end. */
void keeper_stop(void);

#endif
