/*
 * Drivers that break the rules: the device asks for a reset or ignores them,
 * touches nothing outside the guest's RAM, ends in bounded time, and works
 * again after a reset.
 */
#include "tests/dev/vdrv.h"

struct sink {
	struct virtio_dev v;
	struct vq_chain chain;
	unsigned chains;
};

static void sink_notify(struct virtio_dev *d, unsigned k)
{
	struct sink *s = container_of(d, struct sink, v);
	uint8_t buf[64] = {0};

	lock_take(&d->lock);
	while (virtq_pop(d, &d->vq[k], &s->chain)) {
		chain_read(d, &s->chain, 0, buf, sizeof(buf));
		chain_write(d, &s->chain, 0, buf, sizeof(buf));
		virtq_push(d, &d->vq[k], s->chain.head, 0);
		s->chains++;
	}
	virtq_signal(d, &d->vq[k]);
	lock_drop(&d->lock);
}

static void sink_free(struct virtio_dev *d)
{
	virtio_fini(d);
	free(d);
}

static const struct virtio_ops sink_ops = {.name = "sink", .id = 98, .notify = sink_notify, .free = sink_free};
static struct sink *s;
static struct vdrv v;

static void up(void)
{
	vd_negotiate(&v, BIT(32) | BIT(28) | BIT(29));
	vd_queue(&v, 0, 16);
	vd_driver_ok(&v);
	s->chains = 0;
}

static void broken(const char *what)
{
	vd_kick(&v, 0);
	ok(vd_rd(&v, 0x70) & 0x40 && vd_rd(&v, 0x60) & 2, "%s: the device needs a reset and says so", what);
	up();
	vd_add(&v, 0, &(struct vd_buf){VD_HEAP, 8, true}, 1);
	vd_kick(&v, 0);
	if (s->chains != 1)
		ok(false, "%s: it does not work after a reset", what);
	up();
}

/* One chain of descriptor 0. */
static void one(uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	vd_desc(&v, v.q[0].desc, 0, addr, len, flags, next);
	vd_avail(&v, 0, 0);
}

static void test_chains(void)
{
	up();
	one(0x1000, 8, 0, 0);
	broken("a buffer where no RAM is");
	one(~UINT64_C(0) - 3, 8, 2, 0);
	broken("a buffer around the end of the address space");
	one(VD_RAM + VD_RAM_BYTES - 4, 8, 2, 0);
	broken("a buffer over the end of RAM");
	one(VD_HEAP, 0xffffffff, 2, 0);
	broken("an absurd length");
	one(VD_HEAP, 8, 1, 99);
	broken("a next index outside the table");
	one(VD_HEAP, 8, 1, 0);
	broken("a loop");
	vd_avail(&v, 0, 77);
	broken("a head outside the table");
	vd_put(&v, v.q[0].avail + 2, 2, 500);
	broken("an available index that jumps");
	vd_desc(&v, v.q[0].desc, 1, VD_HEAP, 8, 0, 0);
	one(VD_HEAP, 8, 3, 1);
	broken("a readable buffer behind a writable one");
}

static void test_indirect(void)
{
	one(0x1000, 16, 4, 0);
	broken("an indirect table outside RAM");
	one(VD_HEAP, 17, 4, 0);
	broken("an indirect table of 17 bytes");
	one(VD_HEAP, 0, 4, 0);
	broken("an empty indirect table");
	one(VD_HEAP, 0xfffffff0, 4, 0);
	broken("an indirect table of 4 GiB");
	one(VD_HEAP, 16, 5, 0);
	broken("indirect and next");
	vd_desc(&v, VD_HEAP, 0, VD_HEAP, 16, 4, 0);
	one(VD_HEAP, 16, 4, 0);
	broken("an indirect table in an indirect table");
	vd_desc(&v, VD_HEAP, 0, VD_HEAP, 16, 1, 0);
	one(VD_HEAP, 64, 4, 0);
	broken("a loop in an indirect table");
	vd_desc(&v, VD_HEAP, 0, VD_HEAP, 16, 1, 9);
	one(VD_HEAP, 64, 4, 0);
	broken("a next index outside the indirect table");
}

/* Enables queue 0 with these registers; true if the device refused. */
static bool refused(uint64_t desc, uint64_t avail, uint64_t used, uint32_t size)
{
	bool bad;

	vd_negotiate(&v, BIT(32));
	vd_wr(&v, 0x30, 0);
	vd_wr(&v, 0x38, size);
	vd_wr(&v, 0x80, (uint32_t)desc);
	vd_wr(&v, 0x84, (uint32_t)(desc >> 32));
	vd_wr(&v, 0x90, (uint32_t)avail);
	vd_wr(&v, 0x94, (uint32_t)(avail >> 32));
	vd_wr(&v, 0xa0, (uint32_t)used);
	vd_wr(&v, 0xa4, (uint32_t)(used >> 32));
	vd_wr(&v, 0x44, 1);
	bad = !vd_rd(&v, 0x44) && vd_rd(&v, 0x70) & 0x40;
	vd_driver_ok(&v);
	vd_kick(&v, 0);
	return bad;
}

static void test_queues(void)
{
	uint64_t a = VD_HEAP, end = VD_RAM + VD_RAM_BYTES;

	ok(refused(0x1000, a, a + 0x1000, 16), "descriptors outside RAM");
	ok(refused(a, 0x1000, a + 0x1000, 16), "available ring outside RAM");
	ok(refused(a, a + 0x1000, end - 8, 16), "used ring over the end of RAM");
	ok(refused(a + 1, a + 0x1000, a + 0x2000, 16), "descriptors not aligned");
	ok(refused(a, a + 0x1001, a + 0x2000, 16), "available ring not aligned");
	ok(refused(a, a + 0x1000, a + 0x2002, 16), "used ring not aligned");
	ok(refused(a, a + 0x1000, a + 0x2000, 0), "size 0");
	ok(refused(a, a + 0x1000, a + 0x2000, 12), "size not a power of two");
	ok(refused(a, a + 0x1000, a + 0x2000, 4096), "size above the maximum");
	ok(refused(~UINT64_C(0xff), a, a, 16), "descriptors around the end of the address space");
	/* Rings on top of each other: whatever happens, it ends. */
	ok(!refused(a, a, a, 64), "rings that overlap are the driver's business");
	for (int k = 0; k < 1000; k++)
		vd_kick(&v, 0);
	vd_wr(&v, 0x70, 0);
}

/* Random bytes as registers, descriptors and indices. */
static void test_noise(void)
{
	uint64_t x = 88172645463325252u;

	for (int round = 0; round < 3000; round++) {
		up();
		for (int k = 0; k < 24; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			switch (x % 5) {
			case 0: vd_put(&v, v.q[0].desc + (x >> 8) % 256 / 8 * 8, 8, x * 7 >> (x >> 60) * 3); break;
			case 1: vd_desc(&v, v.q[0].desc, (x >> 8) & 15, VD_HEAP + (x >> 16) % 4096, (x >> 30) & 0x1fff, (x >> 50) & 7, (x >> 54) & 15); break;
			case 2: vd_avail(&v, 0, (x >> 20) & 17); break;
			case 3: vd_wr(&v, (x >> 8) & 0xfc, (uint32_t)(x >> 32) & ((x >> 20) & 1 ? 0xff : 0xffffffff)); break;
			default: vd_kick(&v, 0); break;
			}
		}
	}
	up();
	vd_add(&v, 0, &(struct vd_buf){VD_HEAP, 8, true}, 1);
	vd_kick(&v, 0);
	ok(s->chains == 1, "works after 3000 rounds of noise");
}

int main(void)
{
	s = calloc(1, sizeof(*s));
	virtio_init(&s->v, &sink_ops, 0, 1, 1024);
	vd_new(&v, &s->v, false);
	test_chains();
	test_indirect();
	test_queues();
	test_noise();
	vd_free(&v);
	return tap_done();
}
