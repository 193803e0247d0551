/* Between blkimg.c (files, formats, locks) and blkoverlay.c (snapshot=on). */
#ifndef PARMA_DEV_BLKIMG_PRIV_H
#define PARMA_DEV_BLKIMG_PRIV_H

#include "dev/blkimg.h"

/* Whole vectors at off, through short transfers and EINTR; the end of the file is -EIO. Changes iov. */
int fd_readv(int fd, struct iovec *iov, int n, uint64_t off);
int fd_writev(int fd, struct iovec *iov, int n, uint64_t off);
/* Zeroes by fallocate, or by writing where that is not supported. */
int fd_zero(int fd, uint64_t off, uint64_t len, bool unmap);
uint64_t iov_bytes(const struct iovec *iov, int n);

/* A temporary file of copied granules over base_fd; it vanishes with the process. NULL with e filled. */
struct blkoverlay;
struct blkoverlay *blkoverlay_new(int base_fd, uint64_t size, struct err *e);
void blkoverlay_free(struct blkoverlay *v);
int blkoverlay_read(struct blkoverlay *v, struct iovec *iov, int n, uint64_t off);
int blkoverlay_write(struct blkoverlay *v, struct iovec *iov, int n, uint64_t off);
int blkoverlay_zero(struct blkoverlay *v, uint64_t off, uint64_t len);

#endif
