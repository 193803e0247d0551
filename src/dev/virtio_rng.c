/* See virtio_rng.h. */
#include "dev/virtio_rng.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/bits.h"
#include "base/bug.h"

#define MAX_BYTES 65536 /* per request; a driver that asks for more gets a short answer */
#define BATCH 4

struct rng {
	struct virtio_dev v;
	struct ioloop *loop;   /* CONST_AFTER_INIT */
	struct iotask task;
	struct vq_chain chain; /* GUARDED_BY(v.lock) */
};

/* Stores up to MAX_BYTES of noise; returns how many. */
static uint32_t fill(struct rng *r)
{
	uint64_t want = MIN(r->chain.in_bytes, MAX_BYTES), done = 0;
	uint8_t buf[256];

	while (done < want) {
		ssize_t n = getrandom(buf, MIN(sizeof(buf), want - done), 0);

		if (n <= 0)
			break;
		done += chain_write(&r->v, &r->chain, done, buf, (size_t)n);
	}
	return (uint32_t)done;
}

static void run(void *arg)
{
	struct rng *r = arg;
	struct virtq *q = &r->v.vq[0];
	unsigned n = 0;

	lock_take(&r->v.lock);
	while (n < BATCH && virtq_pop(&r->v, q, &r->chain)) {
		virtq_push(&r->v, q, r->chain.head, fill(r));
		n++;
	}
	if (n)
		virtq_signal(&r->v, q);
	lock_drop(&r->v.lock);
	/* Others' turn on this thread before the rest. */
	if (n == BATCH)
		ioloop_post(r->loop, &r->task);
}

static void rng_notify(struct virtio_dev *d, unsigned q)
{
	struct rng *r = container_of(d, struct rng, v);

	(void)q;
	ioloop_post(r->loop, &r->task);
}

static void rng_free(struct virtio_dev *d)
{
	struct rng *r = container_of(d, struct rng, v);

	virtio_reset(d);
	ioloop_flush_task(r->loop, &r->task);
	virtio_fini(d);
	free(r);
}

static const struct virtio_ops rng_ops = {.name = "virtio-rng", .id = 4, .notify = rng_notify, .free = rng_free};

struct virtio_dev *virtio_rng_new(struct ioloop *loop)
{
	struct rng *r = calloc(1, sizeof(*r));

	BUG_ON(!r);
	r->loop = loop;
	r->task = (struct iotask){.fn = run, .arg = r};
	virtio_init(&r->v, &rng_ops, 0, 1, 8);
	return &r->v;
}
