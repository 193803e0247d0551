/*
 * Virtio transport and split queues with a device of the test's own, which
 * copies what it reads to what it writes: registers, negotiation, legacy
 * layout, direct and indirect chains, notification suppression, reset.
 */
#include "tests/dev/vdrv.h"

#define ECHO_FEATURE 5

struct echo {
	struct virtio_dev v;
	struct vq_chain chain;
	int negotiated, resets;
	uint64_t config_written;
};

static void echo_notify(struct virtio_dev *d, unsigned k)
{
	struct echo *e = container_of(d, struct echo, v);
	static uint8_t buf[65536];

	lock_take(&d->lock);
	while (virtq_pop(d, &d->vq[k], &e->chain)) {
		size_t n = chain_read(d, &e->chain, 0, buf, sizeof(buf));

		n = chain_write(d, &e->chain, 0, buf, n);
		virtq_push(d, &d->vq[k], e->chain.head, (uint32_t)n);
	}
	virtq_signal(d, &d->vq[k]);
	lock_drop(&d->lock);
}

static void echo_config_write(struct virtio_dev *d, unsigned off, unsigned size, uint64_t val)
{
	struct echo *e = container_of(d, struct echo, v);

	e->config_written = val;
	virtio_config_put(d, off, size, val);
	virtio_config_changed(d);
}

static void echo_negotiated(struct virtio_dev *d) { container_of(d, struct echo, v)->negotiated++; }
static void echo_reset(struct virtio_dev *d) { container_of(d, struct echo, v)->resets++; }

static void echo_free(struct virtio_dev *d)
{
	virtio_fini(d);
	free(d);
}

static const struct virtio_ops echo_ops = {
	.name = "echo", .id = 99, .notify = echo_notify, .config_write = echo_config_write, .reset = echo_reset,
	.negotiated = echo_negotiated, .free = echo_free,
};

static struct echo *e;
static struct vdrv v;

static void start(bool legacy)
{
	e = calloc(1, sizeof(*e));
	virtio_init(&e->v, &echo_ops, BIT(ECHO_FEATURE), 2, 64);
	virtio_config_put(&e->v, 0, 8, UINT64_C(0x1122334455667788));
	vd_new(&v, &e->v, legacy);
}

static void test_registers(void)
{
	start(false);
	is_u64(vd_rd(&v, 0), 0x74726976, "magic");
	is_u64(vd_rd(&v, 4), 2, "version");
	is_u64(vd_rd(&v, 8), 99, "device ID");
	is_u64(vd_offered(&v), BIT(ECHO_FEATURE) | BIT(28) | BIT(29) | BIT(32), "features");
	vd_wr(&v, 0x30, 1);
	is_u64(vd_rd(&v, 0x34), 64, "queue size");
	vd_wr(&v, 0x30, 2);
	is_u64(vd_rd(&v, 0x34), 0, "no third queue");
	is_u64(vd_rd(&v, 0xb0), 0xffffffff, "no shared memory");
	is_u64(vd_config(&v, 0, 8), UINT64_C(0x1122334455667788), "configuration, 8 bytes");
	is_u64(vd_config(&v, 4, 1), 0x44, "configuration, 1 byte");
	is_u64(vd_config(&v, 0xf8, 4), 0, "configuration, behind its end");
	ok(!vd_negotiate(&v, BIT(ECHO_FEATURE)), "no VERSION_1, no FEATURES_OK");
	ok(!vd_negotiate(&v, BIT(32) | BIT(6)), "a feature that was not offered");
	ok(vd_negotiate(&v, BIT(32) | BIT(ECHO_FEATURE)) && e->negotiated == 1, "negotiated");
	vd_wr(&v, 0x24, 0);
	vd_wr(&v, 0x20, 0);
	is_u64(e->v.features, BIT(32) | BIT(ECHO_FEATURE), "features are fixed then");
	vd_driver_ok(&v);
	vd_wr(&v, 0x102, 7);
	vd_wr(&v, 0x104, 7);
	is_u64(e->config_written, 7, "configuration written");
	is_u64(vd_rd(&v, 0x60), 2, "configuration interrupt");
	ok(ld_acq(&v.level), "the wire is high");
	vd_wr(&v, 0x64, 2);
	ok(!ld_acq(&v.level), "acknowledged");
	vd_free(&v);
}

static uint32_t echo_once(const char *text, const struct vd_buf *b, unsigned n, char *back, size_t nback)
{
	uint32_t id = ~0u, len = 0, head;
	uint64_t in = 0;

	for (unsigned k = 0, at = 0; k < n; k++) {
		if (b[k].in && !in)
			in = b[k].addr;
		if (!b[k].in)
			dma_write(v.pm, mk_gpa(b[k].addr), text + at, b[k].len);
		at += b[k].in ? 0 : b[k].len;
	}
	head = vd_add(&v, 0, b, n);
	vd_kick(&v, 0);
	if (!vd_used(&v, 0, &id, &len) || id != head)
		return ~0u;
	dma_read(v.pm, mk_gpa(in), back, nback);
	return len;
}

static void test_rings(bool legacy, uint64_t features, bool indirect, const char *what)
{
	const struct vd_buf b[] = {{VD_HEAP, 3, false}, {VD_HEAP + 0x1001, 5, false}, {VD_HEAP + 0x2000, 6, true}, {VD_HEAP + 0x2006, 60, true}};
	char back[8] = "";
	bool good = true;

	start(legacy);
	ok(vd_negotiate(&v, features), "%s: negotiated", what);
	vd_queue(&v, 0, 16);
	v.q[0].indirect = indirect;
	vd_driver_ok(&v);
	for (int k = 0; k < 70000 && good; k++) {
		char text[9];

		snprintf(text, sizeof(text), "%08d", k);
		good = echo_once(text, b, 4, back, 8) == 8 && !memcmp(back, text, 8);
		v.indirect_at = VD_RAM + 0x300000;
	}
	ok(good, "%s: 70000 chains, past the wrap of the indices", what);
	ok(ld_acq(&v.level) && vd_rd(&v, 0x60) == 1, "%s: queue interrupt", what);
	vd_wr(&v, 0x64, 1);
	ok(!ld_acq(&v.level), "%s: acknowledged", what);
}

static void test_suppression(void)
{
	const struct vd_buf b[] = {{VD_HEAP, 3, false}, {VD_HEAP + 0x2000, 6, true}};
	char back[8];
	int before;

	/* Event index: the driver wants to hear of the 3rd element from now. */
	test_rings(false, BIT(32) | BIT(28) | BIT(29), true, "event index, indirect");
	vd_put(&v, v.q[0].avail + 4 + 2 * 16, 2, (uint16_t)(v.q[0].seen + 2));
	before = ld_acq(&v.irqs);
	echo_once("abc", b, 2, back, 3);
	echo_once("abc", b, 2, back, 3);
	ok(!ld_acq(&v.level) && ld_acq(&v.irqs) == before, "no interrupt for the first two");
	echo_once("abc", b, 2, back, 3);
	ok(ld_acq(&v.level), "one for the third");
	is_u64(vd_get(&v, v.q[0].used + 4 + 8 * 16, 2), v.q[0].avail_idx, "avail_event asks for the next notification");
	vd_free(&v);
	test_rings(false, BIT(32), false, "direct");
	vd_put(&v, v.q[0].avail, 2, 1);
	echo_once("abc", b, 2, back, 3);
	ok(!ld_acq(&v.level), "NO_INTERRUPT");
	vd_wr(&v, 0x70, 0);
	ok(e->resets == 2 && !vd_rd(&v, 0x70), "reset");
	vd_wr(&v, 0x30, 0);
	is_u64(vd_rd(&v, 0x44), 0, "queues are gone");
	vd_kick(&v, 0);
	vd_kick(&v, 12345);
	vd_free(&v);
	test_rings(true, BIT(28), true, "legacy, indirect");
	vd_free(&v);
	test_rings(true, 0, false, "legacy");
	is_u64(vd_rd(&v, 4), 1, "version of a legacy window");
	is_u64(vd_rd(&v, 0x40), (VD_RAM + 0x10000) / 4096, "page number reads back");
	vd_wr(&v, 0x40, 0);
	ok(!e->v.vq[0].ready, "page number 0 stops the queue");
	vd_free(&v);
}

static void test_empty(void)
{
	struct virtio_mmio slot = {0};
	uint64_t val = 1;

	virtio_mmio_ops.read(&slot, 0, 4, 0, &val);
	is_u64(val, 0x74726976, "a window without a device has the magic");
	virtio_mmio_ops.read(&slot, 8, 4, 0, &val);
	is_u64(val, 0, "and device ID 0");
	ok(virtio_mmio_ops.write(&slot, 0x50, 4, 0, 0), "writes go nowhere");
}

int main(void)
{
	test_empty();
	test_registers();
	test_suppression();
	return tap_done();
}
