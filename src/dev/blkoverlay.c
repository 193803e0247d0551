/*
 * snapshot=on: writes go to an unlinked temporary file of the image's size, in
 * granules of 4 KiB; a bitmap says which granules live there.
 *
 * A granule's bit is set (release) after its data is in the temporary file;
 * readers look at bits (acquire) without the lock.  Writers exclude each
 * other, as two of them may share a granule that must be copied first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/bug.h"
#include "base/lock.h"
#include "dev/blkimg_priv.h"

#define GRAN UINT64_C(4096)
#define MAX_PIECES 1024

struct blkoverlay {
	struct lock lock;  /* rank LEAF: one writer */
	int base;          /* CONST_AFTER_INIT */
	int fd;            /* CONST_AFTER_INIT */
	uint64_t size;     /* CONST_AFTER_INIT */
	uint64_t *present; /* ATOMIC(release: mark, acquire: is_present) */
};

static int open_temporary(void)
{
	const char *dir = getenv("TMPDIR");
	char path[300];
	int fd;

	dir = dir && *dir ? dir : "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/parma-overlay-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

struct blkoverlay *blkoverlay_new(int base_fd, uint64_t size, struct err *e)
{
	struct blkoverlay *v = calloc(1, sizeof(*v));

	BUG_ON(!v);
	lock_init(&v->lock, RANK_LEAF);
	v->base = base_fd;
	v->size = size;
	v->present = calloc((size / GRAN + 64) / 64 + 1, sizeof(uint64_t));
	v->fd = open_temporary();
	if (v->fd >= 0 && v->present && !ftruncate(v->fd, (off_t)ALIGN_UP(size, GRAN)))
		return v;
	err_set(e, EXIT_HOST, "snapshot=on: no temporary file in %s: %s", getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp",
		strerror(errno));
	blkoverlay_free(v);
	return NULL;
}

void blkoverlay_free(struct blkoverlay *v)
{
	if (!v)
		return;
	if (v->fd >= 0)
		close(v->fd);
	lock_destroy(&v->lock);
	free(v->present);
	free(v);
}

static bool is_present(const struct blkoverlay *v, uint64_t g) { return ld_acq(&v->present[g / 64]) >> (g % 64) & 1; }
static void mark(struct blkoverlay *v, uint64_t g) { at_or(&v->present[g / 64], BIT(g % 64)); }

/* The first `len` bytes of *iov as a vector of its own in out; *iov, *n move behind them. */
static int split(struct iovec **iov, int *n, uint64_t len, struct iovec out[MAX_PIECES])
{
	int k = 0;

	while (len && *n && k < MAX_PIECES) {
		uint64_t take = MIN(len, (*iov)->iov_len);

		out[k++] = (struct iovec){(*iov)->iov_base, take};
		(*iov)->iov_base = (char *)(*iov)->iov_base + take;
		(*iov)->iov_len -= take;
		len -= take;
		if (!(*iov)->iov_len) {
			++*iov;
			--*n;
		}
	}
	return k;
}

int blkoverlay_read(struct blkoverlay *v, struct iovec *iov, int n, uint64_t off)
{
	uint64_t end = off + iov_bytes(iov, n);
	struct iovec *piece = malloc(MAX_PIECES * sizeof(*piece));
	int rc = 0;

	BUG_ON(!piece || n > MAX_PIECES);
	while (off < end && !rc) {
		bool here = is_present(v, off / GRAN);
		uint64_t stop = ALIGN_DOWN(off, GRAN) + GRAN;

		while (stop < end && is_present(v, stop / GRAN) == here)
			stop += GRAN;
		stop = MIN(stop, end);
		rc = fd_readv(here ? v->fd : v->base, piece, split(&iov, &n, stop - off, piece), off);
		off = stop;
	}
	free(piece);
	return rc;
}

/* Brings the granule that holds `off` over, as only a part of it will be written. */
static int copy_up(struct blkoverlay *v, uint64_t off)
{
	uint64_t at = ALIGN_DOWN(off, GRAN);
	uint8_t buf[GRAN];
	struct iovec io = {buf, MIN(GRAN, v->size - at)};
	int rc;

	if (is_present(v, at / GRAN))
		return 0;
	rc = fd_readv(v->base, &io, 1, at);
	io = (struct iovec){buf, MIN(GRAN, v->size - at)};
	return rc ? rc : fd_writev(v->fd, &io, 1, at);
}

static int prepare_edges(struct blkoverlay *v, uint64_t off, uint64_t end)
{
	int rc = off % GRAN ? copy_up(v, off) : 0;

	return rc || !(end % GRAN) ? rc : copy_up(v, end - 1);
}

static void mark_range(struct blkoverlay *v, uint64_t off, uint64_t end)
{
	for (uint64_t g = off / GRAN; g <= (end - 1) / GRAN; g++)
		mark(v, g);
}

int blkoverlay_write(struct blkoverlay *v, struct iovec *iov, int n, uint64_t off)
{
	uint64_t end = off + iov_bytes(iov, n);
	int rc;

	if (off == end)
		return 0;
	lock_take(&v->lock);
	rc = prepare_edges(v, off, end);
	if (!rc)
		rc = fd_writev(v->fd, iov, n, off);
	if (!rc)
		mark_range(v, off, end);
	lock_drop(&v->lock);
	return rc;
}

int blkoverlay_zero(struct blkoverlay *v, uint64_t off, uint64_t len)
{
	int rc;

	if (!len)
		return 0;
	lock_take(&v->lock);
	rc = prepare_edges(v, off, off + len);
	if (!rc)
		rc = fd_zero(v->fd, off, len, true);
	if (!rc)
		mark_range(v, off, off + len);
	lock_drop(&v->lock);
	return rc;
}
