/* fw_cfg through its registers and by DMA: signature, directory order, files, errors, bad descriptors. */
#include <string.h>
#include <unistd.h>
#include <stdlib.h>

#include "base/bits.h"
#include "dev/fw_cfg.h"
#include "tests/tap.h"

#define RAM UINT64_C(0x40000000)

static struct err e;
static struct physmap *pm;
static struct fw_cfg *fw;
static struct mem_region window = {.start = 0x9020000, .size = FW_CFG_SIZE, .ops = &fw_cfg_mmio};

static uint64_t rd(uint64_t off, unsigned size)
{
	uint64_t v = 0;

	physmap_mmio_read(&window, mk_gpa(window.start + off), size, 0, &v);
	return v;
}

static void wr(uint64_t off, unsigned size, uint64_t v) { physmap_mmio_write(&window, mk_gpa(window.start + off), size, 0, v); }

static void choose(uint16_t key) { wr(8, 2, __builtin_bswap16(key)); }

static uint32_t dma(uint32_t control, uint32_t len, uint64_t addr)
{
	uint32_t d[4] = {__builtin_bswap32(control), __builtin_bswap32(len), __builtin_bswap32((uint32_t)(addr >> 32)),
			 __builtin_bswap32((uint32_t)addr)};

	dma_write(pm, mk_gpa(RAM), d, sizeof(d));
	wr(16, 8, __builtin_bswap64(RAM));
	dma_read(pm, mk_gpa(RAM), d, 4);
	return __builtin_bswap32(d[0]);
}

static void test_registers(void)
{
	choose(FW_CFG_SIGNATURE);
	ok(rd(0, 1) == 'Q' && rd(0, 1) == 'E' && rd(0, 2) == ('M' | 'U' << 8), "signature");
	is_u64(rd(0, 4), 0, "zeroes behind the end");
	choose(FW_CFG_ID);
	is_u64(rd(0, 4), 3, "features");
	is_u64(rd(16, 8), __builtin_bswap64(UINT64_C(0x51454d5520434647)), "DMA signature");
	is_u64(rd(20, 4), __builtin_bswap32(0x20434647), "its low half");
	choose(0x1234);
	is_u64(rd(0, 8), 0, "no such item");
}

static void test_dir(void)
{
	uint8_t d[4 + 2 * 64];

	ok(!fw_cfg_add_file(fw, "opt/b", "second", 6, &e) && !fw_cfg_add_file(fw, "opt/a", "first", 5, &e), "two files");
	ok(fw_cfg_add_file(fw, "opt/a", "x", 1, &e), "%s", e.msg);
	is_u64(dma(FW_CFG_FILE_DIR << 16 | 8 | 2, sizeof(d), RAM + 0x1000), 0, "directory by DMA");
	dma_read(pm, mk_gpa(RAM + 0x1000), d, sizeof(d));
	ok(d[3] == 2 && !strcmp((char *)d + 12, "opt/a") && !strcmp((char *)d + 76, "opt/b"), "sorted by name");
	ok(d[7] == 5 && d[9] == 0x20 && d[71] == 6 && d[73] == 0x21, "sizes and selectors");
	is_u64(dma(0x21 << 16 | 8, 0, 0), 0, "select alone");
	is_u64(dma(4, 3, 0), 0, "skip");
	memset(d, 0xff, 8);
	dma_write(pm, mk_gpa(RAM + 0x2000), d, 8);
	is_u64(dma(2, 8, RAM + 0x2000), 0, "read past the end");
	dma_read(pm, mk_gpa(RAM + 0x2000), d, 8);
	ok(!memcmp(d, "ond\0\0\0\0\0", 8), "the rest, then zeroes");
}

static void test_bad(void)
{
	is_u64(dma(0x21 << 16 | 8 | 16, 4, RAM), 1, "writing is an error");
	is_u64(dma(0x21 << 16 | 8 | 2, 6, 0x1000), 1, "reading to where no RAM is");
	is_u64(dma(0x21 << 16 | 8 | 2, 0xffffffff, RAM + 0x1000), 1, "an absurd length");
	wr(16, 8, __builtin_bswap64(0x1000));
	wr(16, 8, ~UINT64_C(0));
	wr(16, 4, 0xffffffff);
	wr(20, 4, 0xffffffff);
	ok(true, "descriptors outside RAM are ignored");
}

static void test_option(void)
{
	char path[] = "/tmp/parma-t-fwcfg-XXXXXX", text[100];
	int fd = mkstemp(path);
	struct opts *o;

	ok(write(fd, "abc", 3) == 3, "a file on the host");
	snprintf(text, sizeof(text), "opt/c,file=%s", path);
	o = opts_parse("-fw_cfg", text, "name", &e);
	ok(!fw_cfg_add_option(fw, o, &e), "-fw_cfg %s", text);
	opts_free(o);
	choose(0x22);
	is_u64(rd(0, 4), 'a' | 'b' << 8 | 'c' << 16, "its contents");
	close(fd);
	unlink(path);
	o = opts_parse("-fw_cfg", "opt/d,file=/nonexistent/x", "name", &e);
	ok(fw_cfg_add_option(fw, o, &e) && e.code == EXIT_INPUT, "%s", e.msg);
	opts_free(o);
	o = opts_parse("-fw_cfg", "opt/d", "name", &e);
	ok(fw_cfg_add_option(fw, o, &e) && e.code == EXIT_USAGE, "%s", e.msg);
	opts_free(o);
}

int main(void)
{
	pm = physmap_new();
	if (physmap_add_ram(pm, mk_gpa(RAM), 1 << 20, "RAM", &e) < 0)
		return 1;
	window.dev = fw = fw_cfg_new(pm);
	test_registers();
	test_dir();
	test_bad();
	test_option();
	fw_cfg_free(fw);
	physmap_free(pm);
	return tap_done();
}
