/*
 * See virtio_blk.h.  Threads: vCPUs notify; BLK_WORKERS threads per device
 * take one request each under the device's lock, work on it without, and
 * return it.  They sleep on a condition of the same lock.
 */
#include "dev/virtio_blk.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/log.h"

#define SECTOR 512
#define BLK_WORKERS 2
#define MAX_REQUEST (UINT64_C(256) << 20) /* bytes; more is refused, to bound the time a reset waits */
#define MAX_DISCARD_SECTORS 0x3fffff
#define MAX_ZERO_SECTORS 0x20000

enum { F_SEG_MAX = 2, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_TOPOLOGY = 10, F_CONFIG_WCE = 11, F_MQ = 12, F_DISCARD = 13, F_WRITE_ZEROES = 14 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
enum { CFG_WRITEBACK = 32 };

struct request { /* as in guest memory, little-endian */
	uint32_t type, reserved;
	uint64_t sector;
};

struct range { /* of discard and write zeroes */
	uint64_t sector;
	uint32_t nsectors, flags;
};

struct worker {
	struct blk *b;                    /* CONST_AFTER_INIT */
	pthread_t thread;                 /* CONST_AFTER_INIT */
	struct vq_chain chain;            /* OWNER(worker) */
	struct iovec iov[VQ_MAX_SEGS];    /* OWNER(worker) */
};

struct blk {
	struct virtio_dev v;
	struct blkimg *img;               /* CONST_AFTER_INIT */
	struct virtio_blk_config cfg;     /* CONST_AFTER_INIT */
	struct worker *worker[BLK_WORKERS]; /* CONST_AFTER_INIT */
	pthread_cond_t work;              /* with v.lock */
	unsigned idle;                    /* GUARDED_BY(v.lock): workers that sleep */
	unsigned next_queue;              /* GUARDED_BY(v.lock): where the search for work begins */
	bool write_cache;                 /* GUARDED_BY(v.lock) */
	bool stop;                        /* GUARDED_BY(v.lock) */
	uint32_t complained;              /* ATOMIC(at_xchg): an error of the host was shown */
};

/* ---- one request; no lock held ---- */

static uint8_t status_of(struct blk *b, const char *what, int rc)
{
	if (!rc)
		return S_OK;
	if (!at_xchg(&b->complained, 1))
		fprintf(stderr, "parma: disk: %s: %s (the guest is told of this and of later errors)\n", what, strerror(-rc));
	return S_IOERR;
}

/* Host addresses of `len` bytes from `skip` on in seg[]. They were checked when the chain was taken. */
static int map_iov(struct blk *b, const struct vq_seg *seg, unsigned nseg, uint64_t skip, uint64_t len, struct iovec *iov)
{
	int n = 0;

	for (; nseg && len; seg++, nseg--) {
		uint64_t k;

		if (skip >= seg->len) {
			skip -= seg->len;
			continue;
		}
		k = MIN(seg->len - skip, len);
		iov[n].iov_base = physmap_host(b->v.pm, mk_gpa(seg->addr + skip), k, false);
		iov[n++].iov_len = k;
		len -= k;
		skip = 0;
	}
	return n;
}

/* Does the range lie on the disk, and is it of whole sectors? *off becomes its byte offset. */
static bool on_disk(struct blk *b, uint64_t sector, uint64_t len, uint64_t *off)
{
	uint64_t size = blkimg_size(b->img);

	*off = sector * SECTOR;
	return len % SECTOR == 0 && sector <= size / SECTOR && len <= size - *off && len <= MAX_REQUEST;
}

static uint8_t do_read(struct blk *b, struct worker *w, uint64_t sector, uint32_t *written)
{
	const struct vq_chain *c = &w->chain;
	uint64_t len = c->in_bytes - 1, off;
	uint8_t status;
	int n;

	if (!on_disk(b, sector, len, &off))
		return S_IOERR;
	n = map_iov(b, c->seg + c->nout, c->nin, 0, len, w->iov);
	status = status_of(b, "read", blkimg_read(b->img, w->iov, n, off));
	for (unsigned k = 0; k < c->nin; k++)
		dma_wrote(b->v.pm, mk_gpa(c->seg[c->nout + k].addr), c->seg[c->nout + k].len);
	*written = (uint32_t)len;
	return status;
}

static uint8_t do_write(struct blk *b, struct worker *w, uint64_t sector, bool cached)
{
	const struct vq_chain *c = &w->chain;
	uint64_t len = c->out_bytes - sizeof(struct request), off;
	int n, rc;

	if (!on_disk(b, sector, len, &off) || blkimg_readonly(b->img))
		return S_IOERR;
	n = map_iov(b, c->seg, c->nout, sizeof(struct request), len, w->iov);
	rc = blkimg_write(b->img, w->iov, n, off);
	if (!rc && !cached)
		rc = blkimg_flush(b->img);
	return status_of(b, "write", rc);
}

static uint8_t do_range(struct blk *b, const struct vq_chain *c, bool zeroes, bool cached)
{
	uint64_t size = blkimg_size(b->img) / SECTOR;
	struct range r;
	int rc;

	if (c->out_bytes != sizeof(struct request) + sizeof(r) || blkimg_readonly(b->img))
		return S_IOERR;
	chain_read(&b->v, c, sizeof(struct request), &r, sizeof(r));
	/* Bit 0 is "unmap", for zeroes only. */
	if (r.flags & ~(zeroes ? 1u : 0u))
		return S_UNSUPP;
	if (r.sector > size || r.nsectors > size - r.sector || r.nsectors > (zeroes ? MAX_ZERO_SECTORS : MAX_DISCARD_SECTORS))
		return S_IOERR;
	if (!r.nsectors)
		return S_OK;
	rc = zeroes ? blkimg_zero(b->img, r.sector * SECTOR, (uint64_t)r.nsectors * SECTOR, r.flags & 1)
		    : blkimg_discard(b->img, r.sector * SECTOR, (uint64_t)r.nsectors * SECTOR);
	if (!rc && !cached)
		rc = blkimg_flush(b->img);
	return status_of(b, zeroes ? "write zeroes" : "discard", rc);
}

static uint8_t do_id(struct blk *b, const struct vq_chain *c, uint32_t *written)
{
	char id[20] = "";

	memcpy(id, b->cfg.serial, MIN(strlen(b->cfg.serial), sizeof(id)));
	*written = (uint32_t)chain_write(&b->v, c, 0, id, MIN(sizeof(id), c->in_bytes - 1));
	return S_OK;
}

/* Does the request; returns the bytes written into the chain. */
static uint32_t serve(struct blk *b, struct worker *w, bool cached, uint64_t features)
{
	const struct vq_chain *c = &w->chain;
	uint32_t written = 0;
	struct request r;
	uint8_t status = S_UNSUPP;

	chain_read(&b->v, c, 0, &r, sizeof(r));
	switch (r.type) {
	case T_IN: status = do_read(b, w, r.sector, &written); break;
	case T_OUT: status = do_write(b, w, r.sector, cached); break;
	case T_FLUSH: status = status_of(b, "flush", blkimg_flush(b->img)); break;
	case T_GET_ID: status = do_id(b, c, &written); break;
	case T_DISCARD:
		if (features & BIT(F_DISCARD))
			status = do_range(b, c, false, cached);
		break;
	case T_WRITE_ZEROES:
		if (features & BIT(F_WRITE_ZEROES))
			status = do_range(b, c, true, cached);
		break;
	default: break;
	}
	chain_write(&b->v, c, c->in_bytes - 1, &status, 1);
	return written + 1;
}

/* ---- workers; lock held but in serve() ---- */

static struct virtq *take(struct blk *b, struct vq_chain *c)
{
	for (unsigned k = 0; k < b->v.nvq; k++) {
		struct virtq *q = &b->v.vq[(b->next_queue + k) % b->v.nvq];

		if (!virtq_pop(&b->v, q, c))
			continue;
		b->next_queue = (b->next_queue + k + 1) % b->v.nvq;
		if (c->out_bytes >= sizeof(struct request) && c->in_bytes >= 1)
			return q;
		virtio_broken(&b->v, "a block request without a header or a status");
	}
	return NULL;
}

static bool more(struct blk *b)
{
	for (unsigned k = 0; k < b->v.nvq; k++)
		if (virtq_pending(&b->v, &b->v.vq[k]))
			return true;
	return false;
}

static void work_once(struct blk *b, struct worker *w, struct virtq *q)
{
	bool cached = b->write_cache;
	uint64_t features = b->v.features;
	uint32_t written;

	virtio_hold(&b->v);
	if (b->idle && more(b))
		pthread_cond_signal(&b->work);
	lock_drop(&b->v.lock);
	written = serve(b, w, cached, features);
	lock_take(&b->v.lock);
	virtq_push(&b->v, q, w->chain.head, written);
	virtq_signal(&b->v, q);
	virtio_release(&b->v);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct blk *b = w->b;

	lock_take(&b->v.lock);
	while (!b->stop) {
		struct virtq *q = take(b, &w->chain);

		if (q) {
			work_once(b, w, q);
			continue;
		}
		b->idle++;
		lock_wait(&b->v.lock, &b->work);
		b->idle--;
	}
	lock_drop(&b->v.lock);
	return NULL;
}

static void blk_notify(struct virtio_dev *d, unsigned q)
{
	struct blk *b = container_of(d, struct blk, v);

	(void)q;
	lock_take(&d->lock);
	if (b->idle)
		pthread_cond_signal(&b->work);
	lock_drop(&d->lock);
}

/* ---- configuration ---- */

static void set_cache(struct blk *b, bool on)
{
	b->write_cache = on;
	virtio_config_put(&b->v, CFG_WRITEBACK, 1, on);
}

/* A driver that does not know flushes gets a disk without a write cache (5.2.5). */
static void blk_negotiated(struct virtio_dev *d)
{
	struct blk *b = container_of(d, struct blk, v);

	set_cache(b, virtio_has(d, F_FLUSH) && b->cfg.write_cache);
}

static void blk_config_write(struct virtio_dev *d, unsigned offset, unsigned size, uint64_t val)
{
	struct blk *b = container_of(d, struct blk, v);

	/* From "off" to "on" and back; what was written before is made stable by the next write or flush. */
	if (offset == CFG_WRITEBACK && size == 1 && virtio_has(d, F_CONFIG_WCE) && !blkimg_writethrough(b->img))
		set_cache(b, val & 1);
}

static void blk_reset(struct virtio_dev *d)
{
	struct blk *b = container_of(d, struct blk, v);

	set_cache(b, b->cfg.write_cache);
}

static void blk_free(struct virtio_dev *d)
{
	struct blk *b = container_of(d, struct blk, v);

	lock_take(&d->lock);
	b->stop = true;
	pthread_cond_broadcast(&b->work);
	lock_drop(&d->lock);
	for (unsigned k = 0; k < BLK_WORKERS && b->worker[k]; k++) {
		pthread_join(b->worker[k]->thread, NULL);
		free(b->worker[k]);
	}
	blkimg_close(b->img);
	pthread_cond_destroy(&b->work);
	virtio_fini(d);
	free(b);
}

static const struct virtio_ops blk_ops = {
	.name = "virtio-blk", .id = 2, .notify = blk_notify, .config_write = blk_config_write, .reset = blk_reset,
	.negotiated = blk_negotiated, .free = blk_free,
};

int virtio_blk_config(struct opts *o, struct virtio_blk_config *c, struct err *e)
{
	const char *serial = opts_str(o, "serial", "");
	uint64_t lb = SECTOR, pb = SECTOR, nq = 1, qs = 256;

	*c = (struct virtio_blk_config){.discard = true, .write_zeroes = true, .write_cache = true};
	if (strlen(serial) > 20)
		return err_set(e, EXIT_USAGE, "%s: serial=%s is longer than 20 characters", opts_what(o), serial);
	strcpy(c->serial, serial);
	if (opts_size(o, "logical_block_size", 1, &lb, e) < 0 || opts_size(o, "physical_block_size", 1, &pb, e) < 0 ||
	    opts_u64(o, "num-queues", 1, 16, &nq, e) < 0 || opts_u64(o, "queue-size", 4, VQ_MAX_SIZE, &qs, e) < 0 ||
	    opts_bool(o, "discard", &c->discard, e) < 0 || opts_bool(o, "write-zeroes", &c->write_zeroes, e) < 0 ||
	    opts_bool(o, "write-cache", &c->write_cache, e) < 0)
		return -1;
	pb = MAX(pb, lb);
	if (lb < SECTOR || lb > 32768 || (lb & (lb - 1)) || pb > (2 << 20) || (pb & (pb - 1)))
		return err_set(e, EXIT_USAGE, "%s: block sizes are powers of two from 512 to 32768", opts_what(o));
	if (qs & (qs - 1))
		return err_set(e, EXIT_USAGE, "%s: queue-size is a power of two", opts_what(o));
	c->logical_block = (uint32_t)lb;
	c->physical_block = (uint32_t)pb;
	c->num_queues = (unsigned)nq;
	c->queue_size = (unsigned)qs;
	return 0;
}

static void fill_config(struct blk *b)
{
	struct virtio_dev *d = &b->v;
	uint32_t lb = b->cfg.logical_block;

	virtio_config_put(d, 0, 8, blkimg_size(b->img) / SECTOR);
	virtio_config_put(d, 12, 4, b->cfg.queue_size - 2); /* header and status take one each */
	virtio_config_put(d, 20, 4, lb);
	virtio_config_put(d, 24, 1, (unsigned)__builtin_ctz(b->cfg.physical_block / lb));
	virtio_config_put(d, 34, 2, b->cfg.num_queues);
	virtio_config_put(d, 36, 4, MAX_DISCARD_SECTORS);
	virtio_config_put(d, 40, 4, 1);
	virtio_config_put(d, 44, 4, lb / SECTOR);
	virtio_config_put(d, 48, 4, MAX_ZERO_SECTORS);
	virtio_config_put(d, 52, 4, 1);
	virtio_config_put(d, 56, 4, 1); /* zeroes may unmap */
	set_cache(b, b->cfg.write_cache);
}

static uint64_t features_of(const struct virtio_blk_config *c, const struct blkimg *img)
{
	uint64_t f = BIT(F_SEG_MAX) | BIT(F_BLK_SIZE) | BIT(F_FLUSH) | BIT(F_TOPOLOGY) | BIT(F_CONFIG_WCE);

	if (c->num_queues > 1)
		f |= BIT(F_MQ);
	if (blkimg_readonly(img))
		return f | BIT(F_RO);
	return f | (c->discard ? BIT(F_DISCARD) : 0) | (c->write_zeroes ? BIT(F_WRITE_ZEROES) : 0);
}

static int start_worker(struct blk *b, unsigned k)
{
	struct worker *w = calloc(1, sizeof(*w));
	sigset_t all, old;
	int rc;

	BUG_ON(!w);
	w->b = b;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		free(w);
		return rc;
	}
	pthread_setname_np(w->thread, "parma-blk");
	b->worker[k] = w;
	return 0;
}

struct virtio_dev *virtio_blk_new(const struct virtio_blk_config *c, struct blkimg *img, struct err *e)
{
	struct blk *b = calloc(1, sizeof(*b));

	BUG_ON(!b);
	b->cfg = *c;
	b->cfg.write_cache &= !blkimg_writethrough(img);
	b->img = img;
	virtio_init(&b->v, &blk_ops, features_of(c, img), c->num_queues, (uint16_t)c->queue_size);
	pthread_cond_init(&b->work, NULL);
	fill_config(b);
	for (unsigned k = 0; k < BLK_WORKERS; k++) {
		int rc = start_worker(b, k);

		if (!rc)
			continue;
		err_set(e, EXIT_HOST, "cannot start a disk thread: %s", strerror(rc));
		b->img = NULL;
		blk_free(&b->v);
		return NULL;
	}
	return &b->v;
}
