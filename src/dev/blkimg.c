/* See blkimg.h. */
#include "dev/blkimg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bug.h"
#include "dev/blkimg_priv.h"

#define SECTOR 512
#define ZERO_CHUNK (UINT64_C(1) << 20)

struct blkimg {
	struct blkimg_config cfg;   /* CONST_AFTER_INIT; path is ours */
	int fd;                     /* CONST_AFTER_INIT */
	int direct_fd;              /* CONST_AFTER_INIT; -1: none */
	uint64_t size;              /* CONST_AFTER_INIT */
	struct blkoverlay *overlay; /* CONST_AFTER_INIT; NULL: writes go to fd */
};

/* ---- transfers ---- */

uint64_t iov_bytes(const struct iovec *iov, int n)
{
	uint64_t sum = 0;

	while (n--)
		sum += iov++->iov_len;
	return sum;
}

static void advance(struct iovec **iov, int *n, size_t done)
{
	while (*n && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		++*iov;
		--*n;
	}
	if (*n) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + done;
		(*iov)->iov_len -= done;
	}
}

static int transfer(ssize_t (*fn)(int, const struct iovec *, int, off_t), int fd, struct iovec *iov, int n, uint64_t off)
{
	advance(&iov, &n, 0);
	while (n) {
		ssize_t r = fn(fd, iov, MIN(n, 1024), (off_t)off);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r ? -errno : -EIO;
		off += (uint64_t)r;
		advance(&iov, &n, (size_t)r);
	}
	return 0;
}

int fd_readv(int fd, struct iovec *iov, int n, uint64_t off) { return transfer(preadv, fd, iov, n, off); }
int fd_writev(int fd, struct iovec *iov, int n, uint64_t off) { return transfer(pwritev, fd, iov, n, off); }

int fd_zero(int fd, uint64_t off, uint64_t len, bool unmap)
{
	static const uint8_t zero[ZERO_CHUNK];
	int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

	if (!fallocate(fd, mode, (off_t)off, (off_t)len))
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOTTY && errno != ENODEV && errno != EINVAL)
		return -errno;
	while (len) {
		struct iovec v = {(void *)(uintptr_t)zero, MIN(len, ZERO_CHUNK)};
		uint64_t k = v.iov_len;
		int rc = fd_writev(fd, &v, 1, off);

		if (rc)
			return rc;
		off += k;
		len -= k;
	}
	return 0;
}

static bool aligned(const struct iovec *iov, int n, uint64_t off)
{
	for (; n; iov++, n--)
		off |= (uintptr_t)iov->iov_base | iov->iov_len;
	return !(off & (SECTOR - 1));
}

/* The descriptor for this transfer. */
static int pick(const struct blkimg *b, const struct iovec *iov, int n, uint64_t off)
{
	return b->direct_fd >= 0 && aligned(iov, n, off) ? b->direct_fd : b->fd;
}

int blkimg_read(struct blkimg *b, struct iovec *iov, int n, uint64_t off)
{
	int fd, rc;

	BUG_ON(off > b->size || iov_bytes(iov, n) > b->size - off);
	if (b->overlay)
		return blkoverlay_read(b->overlay, iov, n, off);
	fd = pick(b, iov, n, off);
	rc = fd_readv(fd, iov, n, off);
	/* Some devices want more than sectors; nothing was transferred then. */
	return rc == -EINVAL && fd != b->fd ? fd_readv(b->fd, iov, n, off) : rc;
}

int blkimg_write(struct blkimg *b, struct iovec *iov, int n, uint64_t off)
{
	int fd, rc;

	BUG_ON(off > b->size || iov_bytes(iov, n) > b->size - off);
	if (b->cfg.readonly)
		return -EROFS;
	if (b->overlay)
		return blkoverlay_write(b->overlay, iov, n, off);
	fd = pick(b, iov, n, off);
	rc = fd_writev(fd, iov, n, off);
	if (rc == -EINVAL && fd != b->fd)
		rc = fd_writev(b->fd, iov, n, off);
	return rc || !b->cfg.writethrough ? rc : blkimg_flush(b);
}

int blkimg_flush(struct blkimg *b)
{
	if (b->cfg.unsafe || b->cfg.readonly || b->overlay)
		return 0;
	return fdatasync(b->fd) ? -errno : 0;
}

int blkimg_zero(struct blkimg *b, uint64_t off, uint64_t len, bool unmap)
{
	int rc;

	BUG_ON(off > b->size || len > b->size - off);
	if (b->cfg.readonly)
		return -EROFS;
	if (b->overlay)
		return blkoverlay_zero(b->overlay, off, len);
	rc = fd_zero(b->fd, off, len, unmap && b->cfg.unmap);
	return rc || !b->cfg.writethrough ? rc : blkimg_flush(b);
}

int blkimg_discard(struct blkimg *b, uint64_t off, uint64_t len)
{
	BUG_ON(off > b->size || len > b->size - off);
	if (b->cfg.readonly)
		return -EROFS;
	if (!b->cfg.unmap || b->overlay)
		return 0;
	if (fallocate(b->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)len) && errno != EOPNOTSUPP &&
	    errno != ENODEV)
		return -errno;
	return 0;
}

/* ---- set-up ---- */

static int take_cache(struct opts *o, struct blkimg_config *c, struct err *e)
{
	static const char *const modes[] = {"writeback", "none", "writethrough", "directsync", "unsafe", NULL};
	unsigned mode = 0;

	if (opts_enum(o, "cache", modes, &mode, e) < 0)
		return -1;
	c->direct = mode == 1 || mode == 3;
	c->writethrough = mode == 2 || mode == 3;
	c->unsafe = mode == 4;
	return opts_bool(o, "cache.direct", &c->direct, e) < 0 ? -1 : opts_bool(o, "cache.no-flush", &c->unsafe, e);
}

static int take_format(struct opts *o, struct blkimg_config *c, struct err *e)
{
	static const char *const keys[] = {"format", "driver", "file.driver"};

	for (unsigned k = 0; k < ARRAY_SIZE(keys); k++) {
		const char *f = opts_str(o, keys[k], NULL);

		if (!f)
			continue;
		if (strcmp(f, "raw") && strcmp(f, "file") && strcmp(f, "host_device"))
			return err_set(e, EXIT_USAGE, "%s: %s=%s: only raw images are supported (qemu-img convert -O raw makes one)",
				       opts_what(o), keys[k], f);
		c->raw = true;
	}
	return 0;
}

static int take_bools(struct opts *o, struct blkimg_config *c, struct err *e)
{
	static const char *const media[] = {"disk", "cdrom", NULL}, *const discard[] = {"ignore", "off", "unmap", "on", NULL};
	static const char *const locking[] = {"auto", "on", "off", NULL}, *const off[] = {"off", NULL};
	unsigned m = 0, d = 0, l = 0, z = 0;

	if (opts_enum(o, "media", media, &m, e) < 0 || opts_enum(o, "discard", discard, &d, e) < 0 ||
	    opts_enum(o, "locking", locking, &l, e) < 0 || opts_enum(o, "file.locking", locking, &l, e) < 0 ||
	    opts_enum(o, "detect-zeroes", off, &z, e) < 0)
		return -1;
	opts_str(o, "aio", NULL); /* how the host does it is our business */
	c->readonly = m == 1;
	c->unmap = d >= 2;
	c->no_lock = l == 2;
	if (opts_bool(o, "readonly", &c->readonly, e) < 0 || opts_bool(o, "read-only", &c->readonly, e) < 0)
		return -1;
	return opts_bool(o, "snapshot", &c->snapshot, e);
}

int blkimg_config(struct opts *o, struct blkimg_config *c, struct err *e)
{
	static const char *const beside[] = {"if", "id", "index", "node-name", "bus", "unit", "werror", "rerror"};

	*c = (struct blkimg_config){0};
	c->path = opts_str(o, "file", opts_str(o, "filename", opts_str(o, "file.filename", NULL)));
	if (take_format(o, c, e) < 0 || take_cache(o, c, e) < 0 || take_bools(o, c, e) < 0)
		return -1;
	if (c->path && *c->path)
		return 0;
	/* A mistyped file= is a better thing to say than a missing one. The rest is what a -drive may say beside it. */
	for (unsigned k = 0; k < ARRAY_SIZE(beside); k++)
		opts_str(o, beside[k], NULL);
	return opts_finish(o, e) < 0 ? -1 : err_set(e, EXIT_USAGE, "%s: file= is missing", opts_what(o));
}

/* Images of other formats would give the guest nonsense, and be destroyed by it. */
static int check_format(int fd, const char *path, struct err *e)
{
	static const struct { const char *magic; unsigned len; const char *name; } formats[] = {
		{"QFI\xfb", 4, "qcow2"}, {"KDMV", 4, "VMDK"}, {"vhdxfile", 8, "VHDX"}, {"conectix", 8, "VHD"}, {"QED", 4, "QED"},
	};
	char head[8] = "";

	if (pread(fd, head, sizeof(head), 0) < 0)
		return err_set(e, EXIT_INPUT, "disk %s: cannot be read: %s", path, strerror(errno));
	for (unsigned k = 0; k < ARRAY_SIZE(formats); k++)
		if (!memcmp(head, formats[k].magic, formats[k].len))
			return err_set(e, EXIT_INPUT,
				       "disk %s is a %s image; only raw ones are supported (qemu-img convert -O raw %s NEW)", path,
				       formats[k].name, path);
	return 0;
}

static int check_size(struct blkimg *b, const struct stat *st, struct err *e)
{
	off_t end = lseek(b->fd, 0, SEEK_END);

	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return err_set(e, EXIT_INPUT, "disk %s is neither a file nor a block device", b->cfg.path);
	if (end < 0)
		return err_set(e, EXIT_INPUT, "disk %s: %s", b->cfg.path, strerror(errno));
	if (!end)
		return err_set(e, EXIT_INPUT, "disk %s is empty", b->cfg.path);
	if (end % SECTOR)
		return err_set(e, EXIT_INPUT,
			       "disk %s is too short: %lld bytes are not whole sectors of %d (truncate -s %%%d %s pads it)",
			       b->cfg.path, (long long)end, SECTOR, SECTOR, b->cfg.path);
	b->size = (uint64_t)end;
	return 0;
}

static int lock_image(struct blkimg *b, bool write, struct err *e)
{
	struct flock l = {.l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

	if (b->cfg.no_lock || !fcntl(b->fd, F_OFD_SETLK, &l))
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return 0; /* a file system without locks */
	return err_set(e, EXIT_INPUT, "disk %s is in use by another machine (or given twice); readonly=on shares it", b->cfg.path);
}

static int open_all(struct blkimg *b, struct err *e)
{
	bool write = !b->cfg.readonly && !b->cfg.snapshot;
	int flags = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	struct stat st;

	/* O_NONBLOCK: a FIFO must not make us wait before it is refused. */
	b->fd = open(b->cfg.path, flags | O_NONBLOCK);
	if (b->fd < 0 || fstat(b->fd, &st) < 0)
		return err_set(e, EXIT_INPUT, "disk %s: cannot open it%s: %s", b->cfg.path, write ? " for writing" : "", strerror(errno));
	if (check_size(b, &st, e) < 0 || (!b->cfg.raw && check_format(b->fd, b->cfg.path, e) < 0) || lock_image(b, write, e) < 0)
		return -1;
	if (b->cfg.direct)
		b->direct_fd = open(b->cfg.path, flags | O_DIRECT); /* where refused: through the cache */
	if (b->cfg.snapshot && !b->cfg.readonly) {
		b->overlay = blkoverlay_new(b->fd, b->size, e);
		return b->overlay ? 0 : -1;
	}
	return 0;
}

struct blkimg *blkimg_open(const struct blkimg_config *c, struct err *e)
{
	struct blkimg *b = calloc(1, sizeof(*b));

	BUG_ON(!b);
	b->cfg = *c;
	b->cfg.path = strdup(c->path);
	b->fd = b->direct_fd = -1;
	if (open_all(b, e) == 0)
		return b;
	b->cfg.unsafe = true;
	blkimg_close(b);
	return NULL;
}

void blkimg_close(struct blkimg *b)
{
	if (!b)
		return;
	if (b->fd >= 0 && blkimg_flush(b))
		fprintf(stderr, "parma: disk %s: %s\n", b->cfg.path, strerror(errno));
	blkoverlay_free(b->overlay);
	if (b->direct_fd >= 0)
		close(b->direct_fd);
	if (b->fd >= 0)
		close(b->fd);
	free((char *)(uintptr_t)b->cfg.path);
	free(b);
}

uint64_t blkimg_size(const struct blkimg *b) { return b->size; }
bool blkimg_readonly(const struct blkimg *b) { return b->cfg.readonly; }
bool blkimg_writethrough(const struct blkimg *b) { return b->cfg.writethrough; }
