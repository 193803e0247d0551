/*
 * Raw disk images on the host: regular files and block devices, read-only,
 * with a temporary overlay that takes all writes (snapshot=on), with or
 * without the host's page cache.
 *
 * What has been written is in the host's hands when blkimg_write() returns and
 * on stable storage when a later blkimg_flush() returns; nothing is kept back here, so
 * neither an exit nor a signal loses or splits what was reported as done.
 *
 * The image is locked against other users of open-file-description locks.
 * I/O functions: any thread, at the same time; they return 0 or -errno.
 */
#ifndef PARMA_DEV_BLKIMG_H
#define PARMA_DEV_BLKIMG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/opts.h"

struct blkimg;

struct blkimg_config {
	const char *path;
	bool raw;          /* format=raw was said: do not look for other formats */
	bool readonly;
	bool snapshot;     /* writes go to a temporary file */
	bool direct;       /* around the host's page cache where alignment permits (cache=none) */
	bool writethrough; /* each write is on stable storage when done */
	bool unsafe;       /* flushes are ignored */
	bool unmap;        /* discard gives space back */
	bool no_lock;
};

/*
 * Takes from o: file= (filename=, file.filename=), format= (driver=, file.driver=), readonly=
 * (read-only=), snapshot=, cache= (cache.direct=, cache.no-flush=), discard=, locking=, aio= (no effect), detect-zeroes=off,
 * media=disk|cdrom. Does not finish o. 0, or -1 with e filled.
 */
int blkimg_config(struct opts *o, struct blkimg_config *c, struct err *e);
/* NULL with e filled: missing, unreadable, locked, empty, not whole sectors, another format. */
struct blkimg *blkimg_open(const struct blkimg_config *c, struct err *e);
/* Flushes and closes. */
void blkimg_close(struct blkimg *b);

uint64_t blkimg_size(const struct blkimg *b); /* bytes, a multiple of 512 */
bool blkimg_readonly(const struct blkimg *b);
bool blkimg_writethrough(const struct blkimg *b);

/* The range must lie inside the image. iov is used up (changed). */
int blkimg_read(struct blkimg *b, struct iovec *iov, int n, uint64_t off);
int blkimg_write(struct blkimg *b, struct iovec *iov, int n, uint64_t off);
int blkimg_flush(struct blkimg *b);
/* Reads as zeroes afterwards; unmap: space may be given back. */
int blkimg_zero(struct blkimg *b, uint64_t off, uint64_t len, bool unmap);
/* The contents are of no more interest. */
int blkimg_discard(struct blkimg *b, uint64_t off, uint64_t len);

#endif
