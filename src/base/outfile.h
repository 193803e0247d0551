/*
 * Reports that are whole or not there: text is written to a new file beside
 * the target, flushed to disk, and renamed over it.  A full disk, a signal or
 * kill -9 in the middle leaves the old file as it was (at worst a stray
 * "NAME.XXXXXX" after kill -9).  What is not a plain file (/dev/stdout, a
 * pipe) is written in place.
 */
#ifndef PARMA_BASE_OUTFILE_H
#define PARMA_BASE_OUTFILE_H

#include <stddef.h>

#include "base/err.h"

/* 0, or -1 with e filled and the target untouched. Any thread. */
int outfile_write(const char *path, const void *data, size_t n, struct err *e);

#endif
