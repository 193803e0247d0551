/*
 * A hostile guest with several CPUs: while the devices work, another thread
 * scribbles over rings, descriptors, headers and registers. Nothing may crash,
 * hang or reach outside the guest's RAM (run it with AddressSanitizer), and
 * the devices must work after a reset.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_rng.h"
#include "dev/virtio_serial.h"
#include "tests/dev/vdrv.h"

#define RUN_NS UINT64_C(300000000)
#define QUEUES 6

static struct err e;
static struct vdrv v;
static int stop; /* ATOMIC */
static uint16_t ring = 16;
static struct vd_queue where[QUEUES]; /* CONST_AFTER_INIT once the scribbler runs: places of the rings */

static uint64_t rnd(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* An address that is good most of the time. */
static uint64_t address(uint64_t r)
{
	switch (r & 15) {
	case 0: return r;
	case 1: return VD_RAM + VD_RAM_BYTES - (r >> 8 & 0xfff);
	case 2: return VD_RAM + 0x10000 + (r >> 8 & 0x3ffff); /* the rings themselves */
	default: return VD_HEAP + (r >> 8 & 0xffff0);
	}
}

static void scribble_once(uint64_t *x, unsigned nq)
{
	const struct vd_queue *q = &where[rnd(x) % nq];
	uint64_t r = rnd(x);

	switch (r & 7) {
	case 0:
	case 1: vd_put(&v, q->desc + (r >> 8 & 7) * 16, 8, address(rnd(x))); break;
	case 2:
	case 3: vd_put(&v, q->desc + (r >> 8 & 7) * 16 + 8, 8, (r >> 16 & 0x1fff) | (r >> 40 & 7) << 32 | (r >> 44 & 7) << 48); break;
	case 4: vd_put(&v, q->avail + 4 + (r >> 8 & (ring - 1u)) * 2, 2, r >> 16 & 7); break;
	case 5: vd_put(&v, q->avail + 2, 2, vd_get(&v, q->avail + 2, 2) + 1); break;
	case 6: vd_put(&v, VD_HEAP + (r >> 8 & 0xffff0), 8, r >> 60 ? r >> 32 & 15 : r); break;
	default: vd_put(&v, q->avail + 4 + ring * 2, 2, r); break;
	}
}

static void *scribbler(void *arg)
{
	uint64_t x = 0x9e3779b97f4a7c15u;

	while (!ld_acq(&stop))
		scribble_once(&x, *(unsigned *)arg);
	return NULL;
}

static void up(unsigned nq)
{
	vd_negotiate(&v, vd_offered(&v));
	for (unsigned k = 0; k < nq; k++)
		vd_queue(&v, k, ring);
	vd_driver_ok(&v);
}

static void torment(const char *what, unsigned nq)
{
	uint64_t end, x = 88172645463325252u;
	unsigned resets = 0, kicks = 0;
	pthread_t t;

	up(nq);
	memcpy(where, v.q, sizeof(where));
	st_rel(&stop, 0);
	pthread_create(&t, NULL, scribbler, &nq);
	for (end = clock_ns() + RUN_NS; clock_ns() < end;) {
		vd_kick(&v, (unsigned)(rnd(&x) % nq));
		kicks++;
		if (vd_rd(&v, 0x70) & 0x40 || !(rnd(&x) & 0xfff)) {
			up(nq);
			resets++;
		}
	}
	st_rel(&stop, 1);
	pthread_join(t, NULL);
	ok(true, "%s: %u notifications, %u resets", what, kicks, resets);
	up(nq);
	ok(!(vd_rd(&v, 0x70) & 0x40), "%s: well after a reset", what);
}

static void torment_disk(void)
{
	char path[] = "/tmp/parma-t-race-XXXXXX";
	struct blkimg_config c = {.path = path, .raw = true};
	struct virtio_blk_config bc = {.logical_block = 512, .physical_block = 512, .num_queues = 2, .queue_size = 16,
				       .discard = true, .write_zeroes = true, .write_cache = true};
	int fd = mkstemp(path);

	if (ftruncate(fd, 1 << 20))
		exit(1);
	vd_new(&v, virtio_blk_new(&bc, blkimg_open(&c, &e), &e), false);
	torment("disk", 2);
	vd_free(&v);
	close(fd);
	unlink(path);
}

int main(void)
{
	struct chardev_env env = {ioloop_new(&e), NULL, NULL, false};
	struct opts *o = opts_parse("-chardev", "null", "backend", &e);
	struct chardev *null = chardev_new(&env, o, &e);
	struct virtio_dev *d;

	torment_disk();
	vd_new(&v, virtio_rng_new(env.loop), false);
	ring = 8;
	torment("rng", 1);
	ring = 16;
	vd_free(&v);
	d = virtio_serial_new(env.loop, 2);
	virtio_serial_add_port(d, &(struct virtio_serial_port_config){true, -1, NULL, null}, &e);
	vd_new(&v, d, false);
	torment("serial", QUEUES);
	vd_free(&v);
	chardev_free(null);
	opts_free(o);
	ioloop_free(env.loop);
	return tap_done();
}
