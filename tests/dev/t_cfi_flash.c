/* CFI flash: identification, programming, buffers, erasing, errors, what reaches the image. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dev/cfi_flash.h"
#include "tests/tap.h"

#define SIZE (UINT64_C(1) << 20)
#define BASE UINT64_C(0x4000000)

static struct physmap *pm;
static struct cfi_flash *f;
static struct err e;
static char path[] = "/tmp/parma-t-cfi-XXXXXX";

/* Data read as a vCPU does it: memory until reads are trapped. */
static uint64_t rd(uint64_t off, unsigned size)
{
	const struct mem_region *r = physmap_find(pm, mk_gpa(BASE + off));
	uint64_t v = 0;

	if (ld_acq(&r->trap_reads))
		physmap_mmio_read(r, mk_gpa(BASE + off), size, 0, &v);
	else
		memcpy(&v, r->host + off, size);
	return v;
}

static void wr(uint64_t off, unsigned size, uint64_t v)
{
	physmap_mmio_write(physmap_find(pm, mk_gpa(BASE + off)), mk_gpa(BASE + off), size, 0, v);
}

/* The status of both chips, once they are not busy. */
static uint64_t status(uint64_t off)
{
	uint64_t v = 0;

	for (unsigned k = 0; k < 300000; k++) {
		v = rd(off, 4);
		if (v & 0x80)
			break;
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	return v;
}

static void make(const char *options)
{
	struct cfi_flash_config c = {physmap_new(), mk_gpa(BASE), SIZE, "flash", NULL};

	pm = c.pm;
	if (options) {
		struct opts *o = opts_parse("-drive", options, NULL, &e);
		struct blkimg_config b;

		opts_set(o, "file", path);
		if (blkimg_config(o, &b, &e) || !(c.img = blkimg_open(&b, &e)))
			exit(99);
		opts_free(o);
	}
	f = cfi_flash_new(&c, &e);
}

static void unmake(void)
{
	cfi_flash_free(f);
	physmap_free(pm);
}

static void contents(uint64_t size, uint8_t byte)
{
	FILE *file = fopen(path, "w");

	for (uint64_t k = 0; k < size; k++)
		fputc(byte, file);
	fclose(file);
}

static uint32_t on_disk(uint64_t off)
{
	FILE *file = fopen(path, "r");
	uint32_t v = 0;

	fseek(file, (long)off, SEEK_SET);
	if (fread(&v, 4, 1, file) != 1)
		v = 0xbadbad;
	fclose(file);
	return v;
}

static void identification(void)
{
	make(NULL);
	is_u64(rd(0, 8), 0, "without an image it reads as zero");
	wr(0x55 * 4, 4, 0x980098);
	is_u64(rd(0x10 * 4, 4), 0x510051, "CFI: Q of both chips");
	is_u64(rd(0x11 * 4, 2) << 8 | rd(0x12 * 4, 1), 0x5259, "RY, narrow accesses");
	is_u64(rd(0x27 * 4, 2), 19, "size of a chip");
	is_u64(rd(0x2d * 4, 2), 3, "its sectors, less one");
	is_u64(rd(0x2f * 4, 1) << 8 | rd(0x30 * 4, 1) << 16, 0x20000, "a chip's share of a sector");
	wr(0, 4, 0x900090);
	is_u64(rd(0, 4), 0x890089, "manufacturer");
	is_u64(rd(4, 4), 0x180018, "device");
	wr(0, 4, 0xff00ff);
	is_u64(rd(0x40, 4), 0, "the array again");
	unmake();
}

static void programming(void)
{
	contents(SIZE, 0xff);
	make("format=raw");
	is_u64(rd(0x100, 4), 0xffffffff, "erased");
	wr(0x100, 4, 0x400040);
	wr(0x100, 4, 0x12345678);
	is_u64(status(0x100), 0x800080, "ready");
	wr(0, 4, 0xff00ff);
	is_u64(rd(0x100, 4), 0x12345678, "programmed");
	wr(0x100, 4, 0x100010);
	wr(0x100, 4, 0xffff0000);
	wr(0, 4, 0xff00ff);
	is_u64(rd(0x100, 4), 0x12340000, "programming only clears bits");
	wr(0, 4, 0x700070);
	is_u64(status(0), 0x800080, "ready");
	is_u64(on_disk(0x100), 0x12340000, "the image has it then");
	wr(0x40000, 4, 0xe800e8);
	is_u64(rd(0x40000, 4) & 0x80, 0x80, "the buffer is free");
	wr(0x40000, 4, 0x30003); /* four words; the command names the sector, the data their place */
	for (unsigned k = 0; k < 4; k++)
		wr(0x41000 + 4 * k, 4, 0x11110000 + k);
	wr(0x40000, 4, 0xd000d0);
	is_u64(status(0x40000), 0x800080, "buffer: ready");
	wr(0, 4, 0xff00ff);
	is_u64(rd(0x41000, 4) << 32 | rd(0x4100c, 4), UINT64_C(0x1111000011110003), "buffer: written");
	is_u64(on_disk(0x4100c), 0x11110003, "buffer: in the image");
	wr(0x41ff8, 4, 0xe800e8);
	wr(0x41ff8, 4, 0x30003);
	for (unsigned k = 0; k < 3; k++)
		wr(0x41ff8 + 4 * k, 4, 0);
	is_u64(rd(0, 4) & 0x30, 0x30, "a buffer that crosses its end: sequence error");
	wr(0, 4, 0x500050);
	is_u64(rd(0x41ff8, 4), 0xffffffff, "and nothing written");
	wr(0x41000, 4, 0x200020);
	wr(0x41000, 4, 0xd000d0);
	is_u64(status(0), 0x800080, "erase: ready");
	wr(0, 4, 0xff00ff);
	is_u64(rd(0x4100c, 4) & rd(0x7fffc, 4), 0xffffffff, "erase: the sector");
	is_u64(rd(0x100, 4), 0x12340000, "erase: not its neighbour");
	wr(0, 4, 0x200020);
	wr(0, 4, 0xff00ff);
	is_u64(rd(0, 4), 0xb000b0, "erase without its confirmation: sequence error");
	wr(0, 4, 0x200020);
	cfi_flash_reset(f);
	is_u64(rd(0x100, 4), 0x12340000, "reset ends a command");
	unmake();
	is_u64(on_disk(0x4100c), 0xffffffff, "erase: in the image");
}

static void images(void)
{
	contents(SIZE, 0x5a);
	make("format=raw,readonly=on");
	wr(0, 4, 0x400040);
	wr(0, 4, 0);
	is_u64(rd(0, 4) & 0x12, 0x12, "read-only: programming says protected");
	wr(0, 4, 0x200020);
	wr(0, 4, 0xd000d0);
	is_u64(rd(0, 4) & 0x22, 0x22, "read-only: erasing says protected");
	wr(0, 4, 0xff00ff);
	is_u64(rd(0, 4), 0x5a5a5a5a, "read-only: nothing changed");
	unmake();
	contents(4096, 0x77);
	make("format=raw,readonly=on");
	is_u64(rd(0xffc, 4) << 32 | rd(0x1000, 4), UINT64_C(0x7777777700000000), "a short read-only image, zeroes behind");
	unmake();
	make("format=raw");
	ok(!f && strstr(e.msg, "1048576 bytes (it has 4096)"), "a short writable image is refused: %s", e.msg);
	unmake();
}

/* Commands one after another without a look at the status: the image has all of it in the end. */
static void hurry(void)
{
	unsigned differ = 0, busy = 0;

	contents(SIZE, 0);
	make("format=raw");
	for (uint64_t at = 0; at < SIZE; at += 0x40000) {
		wr(at, 4, 0x200020);
		wr(at, 4, 0xd000d0);
		busy += !(rd(at, 4) & 0x80);
		for (uint64_t k = 0; k < 0x40000; k += 0x1004) {
			wr(at + k, 4, 0x400040);
			wr(at + k, 4, at + k);
		}
	}
	printf("# %u times seen busy\n", busy);
	wr(0, 4, 0xff00ff);
	is_u64(rd(0x40000 + 0x1004, 4), 0x41004, "reads see it at once");
	unmake();
	for (uint64_t at = 0; at < SIZE; at += 0x40000)
		for (uint64_t k = 0; k < 0x40000; k += 0x1004)
			differ += on_disk(at + k) != at + k;
	is_u64(differ, 0, "the image has all of it");
	is_u64(on_disk(8), 0xffffffff, "and is erased elsewhere");
}

/* Any sequence of writes and reads keeps inside. */
static void noise(void)
{
	uint64_t x = 88172645463325252u, sum = 0;

	make(NULL);
	for (unsigned k = 0; k < 200000; k++) {
		static const uint8_t cmd[] = {0xff, 0x40, 0x20, 0x60, 0x70, 0x90, 0x98, 0xe8, 0xd0, 0x50, 0x10, 0, 1, 3};
		unsigned size;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		size = 1u << (x >> 60 & 3);
		wr(x >> 20 & (SIZE - size) & ~(uint64_t)(size - 1), size, x & 1 ? cmd[x >> 8 & 0xff & 7] : x >> 32);
		sum += rd(x >> 30 & (SIZE - 1) & ~(uint64_t)(size - 1), size);
	}
	ok(sum, "200,000 random accesses");
	unmake();
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 99;
	close(fd);
	identification();
	programming();
	images();
	hurry();
	noise();
	unlink(path);
	return tap_done();
}
