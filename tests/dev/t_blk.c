/*
 * Disks: contents through virtio-blk, snapshot, read-only, identification,
 * discard and zeroes, bad requests; and images that must be refused with a message.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/virtio_blk.h"
#include "tests/dev/vdrv.h"

#define DISK (1 << 20)
#define HDR VD_HEAP
#define DATA (VD_HEAP + 0x1000)
#define STATUS (VD_HEAP + 0x100000)

static struct err e;
static struct vdrv v;
static char dir[] = "/tmp/parma-t-blk-XXXXXX";
static char path[60];

static struct blkimg *open_img(const char *fmt, ...)
{
	struct blkimg_config c;
	struct blkimg *b = NULL;
	struct opts *o;
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o = opts_parse("-drive", text, NULL, &e);
	if (o && !blkimg_config(o, &c, &e) && !opts_finish(o, &e))
		b = blkimg_open(&c, &e);
	opts_free(o);
	return b;
}

static bool start(const char *drive, const char *device)
{
	struct blkimg *img = open_img("file=%s,format=raw%s", path, drive);
	struct opts *o = opts_parse("-device", device, "driver", &e);
	struct virtio_blk_config c;

	opts_str(o, "driver", NULL);
	if (!img || virtio_blk_config(o, &c, &e) < 0 || opts_finish(o, &e) < 0)
		return false;
	opts_free(o);
	vd_new(&v, virtio_blk_new(&c, img, &e), false);
	vd_negotiate(&v, vd_offered(&v));
	for (unsigned k = 0; k < c.num_queues; k++)
		vd_queue(&v, k, 16);
	vd_driver_ok(&v);
	return true;
}

/* One request with its data in two buffers; returns the status byte. */
static unsigned request(uint32_t type, uint64_t sector, uint32_t len, bool in, uint32_t *used)
{
	struct vd_buf b[4] = {{HDR, 16, false}, {DATA, len / 2, in}, {DATA + len / 2, len - len / 2, in}, {STATUS, 1, true}};
	uint32_t id, n = 0;

	vd_put(&v, HDR, 8, type);
	vd_put(&v, HDR + 8, 8, sector);
	vd_put(&v, STATUS, 1, 0xee);
	if (!len)
		b[1] = b[3];
	vd_add(&v, 0, b, len ? 4 : 2);
	vd_kick(&v, 0);
	if (!vd_used(&v, 0, &id, &n))
		return 0xdd;
	if (used)
		*used = n;
	return (unsigned)vd_get(&v, STATUS, 1);
}

static void fill_data(uint8_t c, size_t n)
{
	static uint8_t buf[65536];

	memset(buf, c, n);
	dma_write(v.pm, mk_gpa(DATA), buf, n);
}

static bool data_is(uint8_t c, size_t n)
{
	static uint8_t buf[65536];
	bool good = true;

	dma_read(v.pm, mk_gpa(DATA), buf, n);
	for (size_t k = 0; k < n; k++)
		good &= buf[k] == c;
	return good;
}

static int file_byte(off_t off)
{
	int fd = open(path, O_RDONLY);
	uint8_t c = 0;
	ssize_t r = pread(fd, &c, 1, off);

	close(fd);
	return r == 1 ? c : -1;
}

static void make_image(void)
{
	static uint8_t buf[DISK];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	for (size_t k = 0; k < DISK; k++)
		buf[k] = (uint8_t)(k / 512);
	ok(write(fd, buf, DISK) == DISK, "an image");
	close(fd);
}

static void test_plain(void)
{
	uint32_t n = 0;

	make_image();
	ok(start("", "virtio-blk-device,serial=disk-1,num-queues=2"), "start");
	is_u64(vd_rd(&v, 8), 2, "device ID");
	is_u64(vd_config(&v, 0, 8), DISK / 512, "capacity");
	is_u64(vd_config(&v, 34, 2), 2, "queues");
	is_u64(request(0, 3, 512, true, &n), 0, "read");
	ok(data_is(3, 512) && n == 513, "contents and length");
	is_u64(request(0, 2047, 512, true, NULL), 0, "read of the last sector");
	is_u64(request(0, 2047, 1024, true, NULL), 1, "read over the end");
	is_u64(request(0, UINT64_C(1) << 55, 512, true, NULL), 1, "read far behind the end");
	is_u64(request(0, ~UINT64_C(0), 512, true, NULL), 1, "read at the last sector there could be");
	is_u64(request(0, 0, 100, true, NULL), 1, "read of a part of a sector");
	fill_data(0xab, 32768);
	is_u64(request(1, 100, 32768, false, &n), 0, "write");
	is_u64(n, 1, "only the status was stored");
	is_u64(request(4, 0, 0, false, NULL), 0, "flush");
	ok(file_byte(100 * 512) == 0xab && file_byte(164 * 512 - 1) == 0xab && file_byte(164 * 512) == 164, "the file has it");
	is_u64(request(8, 0, 20, true, &n), 0, "identification");
	is_u64(n, 21, "its length");
	is_u64(vd_get(&v, DATA, 8), 0x00312d6b736964, "its text");
	is_u64(request(77, 0, 0, false, NULL), 2, "unknown request");
	vd_put(&v, DATA, 8, 100);
	vd_put(&v, DATA + 8, 8, 2);
	is_u64(request(13, 0, 16, false, NULL), 0, "write zeroes");
	ok(file_byte(100 * 512) == 0 && file_byte(101 * 512) == 0 && file_byte(102 * 512) == 0xab, "two sectors are zero");
	is_u64(request(11, 0, 16, false, NULL), 0, "discard");
	vd_put(&v, DATA, 8, 2047);
	is_u64(request(13, 0, 16, false, NULL), 1, "write zeroes over the end");
	vd_put(&v, DATA + 8, 8, UINT64_C(0x8000000000000000) | 1);
	is_u64(request(13, 0, 16, false, NULL), 2, "unknown flags");
	is_u64(request(1, 0, 0, false, NULL), 0, "a write of nothing");
	ok(!open_img("file=%s", path) && strstr(e.msg, "in use"), "%s", e.msg);
	vd_free(&v);
}

static void test_many(void)
{
	uint32_t id, n;
	bool good = true;

	make_image();
	ok(start(",cache=writethrough", "virtio-blk-device,queue-size=256"), "start");
	ok(!(vd_config(&v, 32, 1)), "cache=writethrough: no write cache");
	vd_queue(&v, 0, 256);
	for (unsigned k = 0; k < 60; k++) {
		struct vd_buf b[3] = {{HDR + 16 * k, 16, false}, {DATA + 4096 * k, 4096, true}, {STATUS + k, 1, true}};

		vd_put(&v, HDR + 16 * k, 8, 0);
		vd_put(&v, HDR + 16 * k + 8, 8, 8 * k);
		vd_add(&v, 0, b, 3);
		vd_kick(&v, 0);
	}
	for (unsigned k = 0; k < 60; k++)
		good &= vd_used(&v, 0, &id, &n) && n == 4097;
	for (unsigned k = 0; k < 60; k++)
		good &= vd_get(&v, STATUS + k, 1) == 0 && vd_get(&v, DATA + 4096 * k + 512, 1) == ((8 * k + 1) & 0xff);
	ok(good, "60 requests in flight");
	for (unsigned k = 0; k < 60; k++) {
		struct vd_buf b[3] = {{HDR + 16 * k, 16, false}, {DATA + 4096 * k, 4096, true}, {STATUS + k, 1, true}};

		vd_add(&v, 0, b, 3);
	}
	vd_kick(&v, 0);
	vd_wr(&v, 0x70, 0);
	n = (uint32_t)vd_get(&v, v.q[0].used + 2, 2);
	for (int k = 0; k < 20; k++)
		vd_nap();
	is_u64(vd_get(&v, v.q[0].used + 2, 2), n, "nothing moves after a reset");
	vd_free(&v);
}

static void test_readonly_snapshot(void)
{
	make_image();
	ok(start(",readonly=on", "virtio-blk-device"), "readonly=on");
	ok(vd_offered(&v) & BIT(5) && !(vd_offered(&v) & BIT(13)), "read-only is said");
	is_u64(request(1, 0, 512, false, NULL), 1, "a write fails");
	vd_free(&v);
	ok(start(",snapshot=on", "virtio-blk-device"), "snapshot=on");
	fill_data(0xcd, 1024);
	is_u64(request(1, 7, 1024, false, NULL), 0, "write over a granule's end");
	is_u64(request(0, 7, 1024, true, NULL), 0, "read it");
	ok(data_is(0xcd, 1024), "it is there");
	is_u64(request(0, 6, 512, true, NULL), 0, "read before it");
	ok(data_is(6, 512), "the rest of the granule");
	is_u64(request(0, 0, 32768, true, NULL), 0, "read across");
	ok(vd_get(&v, DATA + 512 * 7, 1) == 0xcd && vd_get(&v, DATA + 512 * 9, 1) == 9 && vd_get(&v, DATA + 512 * 40, 1) == 40,
	   "pieces of both");
	vd_put(&v, DATA, 8, 20);
	vd_put(&v, DATA + 8, 8, 9);
	is_u64(request(13, 0, 16, false, NULL), 0, "zeroes");
	is_u64(request(0, 20, 512 * 9, true, NULL), 0, "read");
	ok(data_is(0, 512 * 9), "zeroes it is");
	vd_free(&v);
	ok(file_byte(7 * 512) == 7 && file_byte(20 * 512) == 20, "the file did not change");
	ok(start(",cache=none", "virtio-blk-device,logical_block_size=4096"), "cache=none");
	fill_data(0x11, 4096);
	is_u64(request(1, 8, 4096, false, NULL), 0, "write");
	is_u64(request(0, 8, 4096, true, NULL), 0, "read");
	ok(data_is(0x11, 4096) && file_byte(8 * 512) == 0x11, "around the page cache");
	vd_free(&v);
}

static void test_hostile(void)
{
	struct vd_buf big[3] = {{HDR, 16, false}, {VD_RAM, 0xffffff, true}, {STATUS, 1, true}}, none[1] = {{HDR, 16, false}};
	struct vd_buf shortest[2] = {{HDR, 8, false}, {STATUS, 1, true}};

	ok(start("", "virtio-blk-device"), "start");
	vd_add(&v, 0, none, 1);
	vd_kick(&v, 0);
	for (int k = 0; k < 1500000 && !(vd_rd(&v, 0x70) & 0x40); k++)
		vd_nap();
	ok(vd_rd(&v, 0x70) & 0x40, "no place for a status: needs a reset");
	vd_negotiate(&v, vd_offered(&v));
	vd_queue(&v, 0, 16);
	vd_driver_ok(&v);
	vd_add(&v, 0, shortest, 2);
	vd_kick(&v, 0);
	for (int k = 0; k < 1500000 && !(vd_rd(&v, 0x70) & 0x40); k++)
		vd_nap();
	ok(vd_rd(&v, 0x70) & 0x40, "half a header: needs a reset");
	vd_negotiate(&v, vd_offered(&v));
	vd_queue(&v, 0, 16);
	vd_driver_ok(&v);
	vd_put(&v, HDR, 8, 0);
	vd_put(&v, HDR + 8, 8, 0);
	vd_add(&v, 0, big, 3);
	vd_kick(&v, 0);
	{
		uint32_t id, n;

		ok(vd_used(&v, 0, &id, &n) && vd_get(&v, STATUS, 1) == 1, "a read larger than the disk fails");
	}
	vd_free(&v);
}

static void test_refused(void)
{
	ok(!open_img("file=%s/none", dir) && e.code == EXIT_INPUT, "%s", e.msg);
	ok(!open_img("if=none") && e.code == EXIT_USAGE, "%s", e.msg);
	ok(!open_img("file=%s,fromat=raw", path) && strstr(e.msg, "format"), "%s", e.msg);
	ok(!open_img("file=%s,format=qcow2", path) && e.code == EXIT_USAGE, "%s", e.msg);
	ok(!open_img("file=%s", dir) && e.code == EXIT_INPUT, "%s", e.msg);
	ok(truncate(path, 1000) == 0 && !open_img("file=%s", path) && strstr(e.msg, "too short"), "%s", e.msg);
	ok(truncate(path, 0) == 0 && !open_img("file=%s", path) && strstr(e.msg, "empty"), "%s", e.msg);
	{
		int fd = open(path, O_WRONLY);

		ok(pwrite(fd, "QFI\xfb", 4, 0) == 4 && ftruncate(fd, 4096) == 0, "a qcow2 header");
		close(fd);
	}
	ok(!open_img("file=%s", path) && strstr(e.msg, "qcow2"), "%s", e.msg);
	if (geteuid() != 0) {
		chmod(path, 0);
		ok(!open_img("file=%s,format=raw", path) && e.code == EXIT_INPUT, "%s", e.msg);
	}
}

/* The file shrinks under a running machine: errors, no crash. */
static void test_shrinks(void)
{
	make_image();
	ok(start("", "virtio-blk-device"), "start");
	ok(truncate(path, 4096) == 0, "the file shrinks");
	is_u64(request(0, 100, 512, true, NULL), 1, "reads behind its new end fail");
	is_u64(request(0, 1, 512, true, NULL), 0, "reads before it do not");
	vd_free(&v);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/disk.img", dir);
	test_plain();
	test_many();
	test_readonly_snapshot();
	test_hostile();
	test_shrinks();
	test_refused();
	unlink(path);
	rmdir(dir);
	return tap_done();
}
