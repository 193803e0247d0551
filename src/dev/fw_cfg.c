/* See fw_cfg.h. */
#include "dev/fw_cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/lock.h"
#include "base/log.h"

#define MAX_FILES 32
#define NKEYS (FW_CFG_FILE_FIRST + MAX_FILES)
#define NAME_BYTES 56
#define SIGNATURE UINT64_C(0x51454d5520434647) /* "QEMU CFG" */
#define INVALID 0xffff
#define CHUNK 65536

enum { DATA = 0, SELECTOR = 8, DMA = 16 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

struct item {
	uint8_t *data;
	uint32_t len;
};

struct dir_entry { /* as the guest sees it, big-endian */
	uint32_t size;
	uint16_t select, reserved;
	char name[NAME_BYTES];
};

struct fw_cfg {
	struct lock lock;                  /* rank DEVICE */
	struct physmap *pm;                /* CONST_AFTER_INIT */
	struct item item[NKEYS];           /* CONST_AFTER_INIT */
	struct dir_entry dir[MAX_FILES];   /* CONST_AFTER_INIT */
	unsigned nfiles;                   /* CONST_AFTER_INIT */
	uint32_t key, pos;                 /* GUARDED_BY(lock) */
	uint32_t dma_high;                 /* GUARDED_BY(lock): first half of a DMA address */
};

void fw_cfg_add(struct fw_cfg *f, enum fw_cfg_key key, const void *data, uint32_t len)
{
	struct item *it = &f->item[key];
	uint8_t *copy = malloc(len ? len : 1);

	BUG_ON(!copy || key >= NKEYS);
	if (len)
		memcpy(copy, data, len);
	free(it->data);
	*it = (struct item){copy, len};
}

void fw_cfg_add_u16(struct fw_cfg *f, enum fw_cfg_key key, uint16_t v)
{
	fw_cfg_add(f, key, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

void fw_cfg_add_u32(struct fw_cfg *f, enum fw_cfg_key key, uint32_t v)
{
	fw_cfg_add(f, key, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)}, 4);
}

/* The directory item: a count and the entries. */
static void publish_dir(struct fw_cfg *f)
{
	uint32_t len = 4 + f->nfiles * (uint32_t)sizeof(struct dir_entry), count = __builtin_bswap32(f->nfiles);
	uint8_t *buf = malloc(len);

	BUG_ON(!buf);
	memcpy(buf, &count, 4);
	memcpy(buf + 4, f->dir, len - 4);
	fw_cfg_add(f, FW_CFG_FILE_DIR, buf, len);
	free(buf);
}

int fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, uint32_t len, struct err *e)
{
	unsigned at = 0;

	if (!*name || strlen(name) >= NAME_BYTES)
		return err_set(e, EXIT_USAGE, "fw_cfg: the name \"%s\" is empty or longer than %d characters", name, NAME_BYTES - 1);
	if (f->nfiles == MAX_FILES)
		return err_set(e, EXIT_USAGE, "fw_cfg: more than %d files", MAX_FILES);
	while (at < f->nfiles && strcmp(f->dir[at].name, name) < 0)
		at++;
	if (at < f->nfiles && !strcmp(f->dir[at].name, name))
		return err_set(e, EXIT_USAGE, "fw_cfg: there is a file \"%s\" already", name);
	/* Sorted by name, selectors in the same order, as QEMU has them. */
	memmove(&f->dir[at + 1], &f->dir[at], (f->nfiles - at) * sizeof(f->dir[0]));
	memmove(&f->item[FW_CFG_FILE_FIRST + at + 1], &f->item[FW_CFG_FILE_FIRST + at], (f->nfiles - at) * sizeof(f->item[0]));
	f->item[FW_CFG_FILE_FIRST + at] = (struct item){0};
	f->dir[at] = (struct dir_entry){.size = __builtin_bswap32(len)};
	strcpy(f->dir[at].name, name);
	f->nfiles++;
	fw_cfg_add(f, FW_CFG_FILE_FIRST + at, data, len);
	for (unsigned k = 0; k < f->nfiles; k++)
		f->dir[k].select = __builtin_bswap16((uint16_t)(FW_CFG_FILE_FIRST + k));
	publish_dir(f);
	return 0;
}

static int add_host_file(struct fw_cfg *f, const char *name, const char *path, struct err *e)
{
	FILE *in = fopen(path, "rb");
	uint8_t *buf = malloc(CHUNK);
	size_t n, len = 0, cap = CHUNK;
	int rc;

	if (!in) {
		free(buf);
		return err_set(e, EXIT_INPUT, "-fw_cfg: cannot open %s: %s", path, strerror(errno));
	}
	while (buf && (n = fread(buf + len, 1, cap - len, in)) > 0) {
		len += n;
		if (len > UINT32_C(1) << 30)
			break;
		if (len == cap) {
			buf = realloc(buf, cap *= 2);
			BUG_ON(!buf);
		}
	}
	BUG_ON(!buf);
	if (ferror(in) || len > UINT32_C(1) << 30)
		rc = err_set(e, EXIT_INPUT, "-fw_cfg: %s cannot be read or is larger than 1 GiB", path);
	else
		rc = fw_cfg_add_file(f, name, buf, (uint32_t)len, e);
	fclose(in);
	free(buf);
	return rc;
}

int fw_cfg_add_option(struct fw_cfg *f, struct opts *o, struct err *e)
{
	const char *name = opts_need(o, "name", e), *path = opts_str(o, "file", NULL), *text = opts_str(o, "string", NULL);

	if (!name || opts_finish(o, e) < 0)
		return -1;
	if (!path == !text)
		return err_set(e, EXIT_USAGE, "-fw_cfg: give either file= or string=");
	/* The text has no terminator in the item. */
	return path ? add_host_file(f, name, path, e) : fw_cfg_add_file(f, name, text, (uint32_t)strlen(text), e);
}

/* ---- the guest's side ---- */

/* With lock held. */
static void select_key(struct fw_cfg *f, uint16_t key)
{
	/* Bit 14 asked for writing, long ago. */
	key &= 0xbfff;
	f->key = key < NKEYS && f->item[key].data ? key : INVALID;
	f->pos = 0;
	if (f->key == INVALID && log_on(LOG_GUEST_ERROR))
		log_printf("fw_cfg: no item 0x%x\n", key);
}

static const struct item *selected(const struct fw_cfg *f)
{
	static const struct item none;

	return f->key == INVALID ? &none : &f->item[f->key];
}

/* Copies up to n bytes of the item into guest memory, zeroes behind its end. */
static bool dma_out(struct fw_cfg *f, uint64_t to, uint32_t n)
{
	static const uint8_t zero[CHUNK];
	const struct item *it = selected(f);

	while (n) {
		uint32_t left = it->len - MIN(f->pos, it->len), k = MIN(n, CHUNK);

		if (left)
			k = MIN(k, left);
		if (!dma_write(f->pm, mk_gpa(to), left ? it->data + f->pos : zero, k))
			return false;
		f->pos += left ? k : 0;
		to += k;
		n -= k;
	}
	return true;
}

static void run_dma(struct fw_cfg *f, uint64_t desc)
{
	uint32_t d[4], control, status, len;
	uint64_t addr;
	bool good;

	if (!dma_read(f->pm, mk_gpa(desc), d, sizeof(d))) {
		if (log_on(LOG_GUEST_ERROR))
			log_printf("fw_cfg: DMA descriptor at 0x%llx is not in RAM\n", (unsigned long long)desc);
		return;
	}
	control = __builtin_bswap32(d[0]);
	len = __builtin_bswap32(d[1]);
	addr = (uint64_t)__builtin_bswap32(d[2]) << 32 | __builtin_bswap32(d[3]);
	if (control & DMA_SELECT)
		select_key(f, (uint16_t)(control >> 16));
	good = true;
	if (control & DMA_READ)
		good = dma_out(f, addr, len);
	else if (control & DMA_WRITE)
		good = false; /* no item is writable */
	else if (control & DMA_SKIP)
		f->pos += MIN(len, selected(f)->len - MIN(f->pos, selected(f)->len));
	status = good ? 0 : __builtin_bswap32(DMA_ERROR);
	dma_store(f->pm, mk_gpa(desc), 4, status);
}

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	struct fw_cfg *f = dev;
	uint64_t v = 0;

	(void)cpu;
	lock_take(&f->lock);
	if (offset < SELECTOR) {
		const struct item *it = selected(f);

		/* The bytes' order in the item is their order in the guest's memory. */
		for (unsigned k = 0; k < size && f->pos < it->len; k++)
			v |= (uint64_t)it->data[f->pos++] << (8 * k);
	} else if (offset >= DMA) {
		v = __builtin_bswap64(SIGNATURE) >> (8 * (offset - DMA)) & mask64(8 * size);
	}
	lock_drop(&f->lock);
	*val = v;
	return true;
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct fw_cfg *f = dev;

	(void)cpu;
	lock_take(&f->lock);
	if (offset == SELECTOR && size == 2) {
		select_key(f, __builtin_bswap16((uint16_t)val));
	} else if (offset == DMA && size == 8) {
		run_dma(f, __builtin_bswap64(val));
	} else if (offset == DMA && size == 4) {
		f->dma_high = __builtin_bswap32((uint32_t)val);
	} else if (offset == DMA + 4 && size == 4) {
		uint64_t high = f->dma_high;

		f->dma_high = 0;
		run_dma(f, high << 32 | __builtin_bswap32((uint32_t)val));
	} else if (log_on(LOG_GUEST_ERROR)) {
		log_printf("fw_cfg: write of %u bytes to offset 0x%x ignored\n", size, (unsigned)offset);
	}
	lock_drop(&f->lock);
	return true;
}

const struct mmio_ops fw_cfg_mmio = {.name = "fw-cfg", .min_size = 1, .max_size = 8, .read = mmio_read, .write = mmio_write};

void fw_cfg_reset(struct fw_cfg *f)
{
	lock_take(&f->lock);
	f->key = FW_CFG_SIGNATURE;
	f->pos = 0;
	f->dma_high = 0;
	lock_drop(&f->lock);
}

struct fw_cfg *fw_cfg_new(struct physmap *pm)
{
	struct fw_cfg *f = calloc(1, sizeof(*f));

	BUG_ON(!f);
	lock_init(&f->lock, RANK_DEVICE);
	f->pm = pm;
	fw_cfg_add(f, FW_CFG_SIGNATURE, "QEMU", 4);
	fw_cfg_add_u32(f, FW_CFG_ID, 3); /* this interface, and DMA */
	publish_dir(f);
	fw_cfg_reset(f);
	return f;
}

void fw_cfg_free(struct fw_cfg *f)
{
	if (!f)
		return;
	for (unsigned k = 0; k < NKEYS; k++)
		free(f->item[k].data);
	lock_destroy(&f->lock);
	free(f);
}
