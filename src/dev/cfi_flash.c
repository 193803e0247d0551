/* See cfi_flash.h. */
#include "dev/cfi_flash.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/lock.h"
#include "base/log.h"
#include "mem/access.h"

#define SECTOR UINT64_C(0x40000) /* bytes, both chips */
#define BUFFER 4096u             /* bytes of the write buffers, both chips */
#define BLOCK 4096u              /* bytes that the image is written by */

enum command {
	CMD_READ_ARRAY = 0xff,
	CMD_READ_ARRAY_AMD = 0xf0, /* what drivers of the other command set send to find out; means the same */
	CMD_PROGRAM = 0x40,
	CMD_PROGRAM_ALT = 0x10,
	CMD_ERASE = 0x20,
	CMD_CLEAR_STATUS = 0x50,
	CMD_LOCK = 0x60,
	CMD_READ_STATUS = 0x70,
	CMD_READ_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_BUFFER = 0xe8,
	CMD_CONFIRM = 0xd0,
};

#define STATUS_READY 0x80u
#define STATUS_ERASE_ERROR 0x20u
#define STATUS_PROGRAM_ERROR 0x10u
#define STATUS_SEQUENCE (STATUS_ERASE_ERROR | STATUS_PROGRAM_ERROR)
#define STATUS_PROTECTED 0x02u

enum state { ST_READY, ST_PROGRAM, ST_ERASE, ST_LOCK, ST_COUNT, ST_FILL, ST_CONFIRM };

struct cfi_flash {
	struct lock lock;          /* RANK_DEVICE */
	struct cfi_flash_config c; /* CONST_AFTER_INIT */
	uint8_t *array;            /* CONST_AFTER_INIT pointer; bytes by ram_ld/ram_st, stores GUARDED_BY(lock) */
	enum state state;          /* GUARDED_BY(lock) */
	uint8_t show;              /* GUARDED_BY(lock): CMD_READ_ARRAY, _STATUS, _ID or CMD_QUERY */
	uint8_t status;            /* GUARDED_BY(lock) */
	bool trapped;              /* GUARDED_BY(lock): data reads come here */
	uint32_t left;             /* GUARDED_BY(lock): writes that the buffer still waits for */
	uint64_t from, to;         /* GUARDED_BY(lock): bytes [from, to) of the array were put into the buffer */
	uint64_t window;           /* GUARDED_BY(lock): array offset of the buffer */
	uint8_t buffer[BUFFER];    /* GUARDED_BY(lock): erased where nothing was put */

	/* What the image does not have yet; there is a keeper where there is an image that can be written. */
	pthread_t keeper;          /* CONST_AFTER_INIT */
	bool has_keeper, stop;     /* CONST_AFTER_INIT; GUARDED_BY(lock) */
	pthread_cond_t work;       /* with lock */
	uint64_t *dirty;           /* GUARDED_BY(lock): a bit per BLOCK */
	uint64_t ndirty;           /* GUARDED_BY(lock): bits set */
	bool writing;              /* GUARDED_BY(lock): the keeper is about a block */
};

/* -- what a chip shows -- */

/* The query structure of one chip (JESD68, and the Intel algorithm's table at 0x31). */
static uint8_t query(const struct cfi_flash *f, uint64_t word)
{
	uint32_t sectors = (uint32_t)(f->c.size / SECTOR);
	unsigned log2 = (unsigned)__builtin_ctzll(f->c.size);

	switch (word) {
	case 0x10: return 'Q';
	case 0x11: return 'R';
	case 0x12: return 'Y';
	case 0x13: return 0x01; /* Intel's command set */
	case 0x15: return 0x31; /* its table */
	case 0x1b: return 0x45; /* 4.5 V to 5.5 V */
	case 0x1c: return 0x55;
	case 0x1f: return 0x07; /* 2^n us to program a word, */
	case 0x20: return 0x07; /* a buffer; */
	case 0x21: return 0x0a; /* 2^n ms to erase a sector */
	case 0x23: return 0x04; /* and 2^n times that at most */
	case 0x24: return 0x04;
	case 0x25: return 0x04;
	case 0x27: return (uint8_t)(log2 - 1); /* bytes of one chip */
	case 0x28: return 0x02;                /* x8 and x16 */
	case 0x2a: return (uint8_t)(__builtin_ctz(BUFFER) - 1);
	case 0x2c: return 1; /* one kind of sector */
	case 0x2d: return (uint8_t)(sectors - 1);
	case 0x2e: return (uint8_t)((sectors - 1) >> 8);
	case 0x2f: return (uint8_t)(SECTOR / 2 / 256);
	case 0x30: return (uint8_t)(SECTOR / 2 / 256 >> 8);
	case 0x31: return 'P';
	case 0x32: return 'R';
	case 0x33: return 'I';
	case 0x34: return '1';
	case 0x35: return '0';
	case 0x3f: return 1; /* protection fields */
	default: return 0;
	}
}

/* One chip's 16 bits at word address `word`; both chips show the same. */
static uint16_t shown(const struct cfi_flash *f, uint64_t word)
{
	switch (f->show) {
	case CMD_READ_STATUS: /* after a buffer command it is the buffer's, and there always is one */
		return f->state == ST_READY && (f->ndirty || f->writing) ? f->status & (uint16_t)~STATUS_READY : f->status;
	case CMD_READ_ID: return (word & 0xff) == 0 ? 0x89 : (word & 0xff) == 1 ? 0x18 : 0;
	default: return query(f, word & 0xff);
	}
}

static bool flash_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	struct cfi_flash *f = dev;

	lock_take(&f->lock);
	if (f->show == CMD_READ_ARRAY)
		*val = ram_load((const char *)f->array + offset, size);
	else
		*val = (shown(f, offset >> 2) * UINT64_C(0x10001)) >> (offset & 3) * 8 & mask64(size * 8);
	lock_drop(&f->lock);
	return true;
}

/* -- what a chip does; the lock is held -- */

static void show(struct cfi_flash *f, uint8_t what)
{
	f->show = what;
	f->state = ST_READY;
}

static void done(struct cfi_flash *f, uint8_t errors)
{
	f->status |= STATUS_READY | errors;
	show(f, CMD_READ_STATUS);
}

static bool writable(const struct cfi_flash *f) { return !f->c.img || !blkimg_readonly(f->c.img); }

/* The image is to have bytes [from, from + n) too; the chip is busy until it has. */
static void keep(struct cfi_flash *f, uint64_t from, uint64_t n)
{
	if (!f->has_keeper)
		return;
	for (uint64_t k = from / BLOCK; k <= (from + n - 1) / BLOCK; k++) {
		f->ndirty += !(f->dirty[k / 64] >> (k & 63) & 1);
		f->dirty[k / 64] |= BIT(k & 63);
	}
	pthread_cond_signal(&f->work);
}

/* Programming clears bits; only an erase sets them. */
static void program(struct cfi_flash *f, uint64_t offset, const uint8_t *data, uint64_t n)
{
	if (!writable(f)) {
		done(f, STATUS_PROGRAM_ERROR | STATUS_PROTECTED);
		return;
	}
	for (uint64_t k = 0; k < n; k++) {
		uint8_t *at = f->array + offset + k;

		ram_st8(at, ram_ld8(at) & data[k]);
	}
	keep(f, offset, n);
	done(f, 0);
}

static void erase(struct cfi_flash *f, uint64_t offset)
{
	uint64_t from = offset & ~(SECTOR - 1);

	if (!writable(f)) {
		done(f, STATUS_ERASE_ERROR | STATUS_PROTECTED);
		return;
	}
	for (uint64_t k = 0; k < SECTOR; k += 8)
		ram_st64(f->array + from + k, UINT64_MAX);
	keep(f, from, SECTOR);
	done(f, 0);
}

static void first_cycle(struct cfi_flash *f, uint64_t offset, uint8_t cmd)
{
	switch (cmd) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_ALT: f->state = ST_PROGRAM; f->show = CMD_READ_STATUS; break;
	case CMD_ERASE: f->state = ST_ERASE; f->show = CMD_READ_STATUS; break;
	case CMD_LOCK: f->state = ST_LOCK; f->show = CMD_READ_STATUS; break;
	case CMD_BUFFER:
		f->status |= STATUS_READY;
		f->state = ST_COUNT;
		f->show = CMD_READ_STATUS;
		break;
	case CMD_CLEAR_STATUS:
		f->status = STATUS_READY;
		show(f, CMD_READ_ARRAY);
		break;
	case CMD_READ_STATUS:
	case CMD_READ_ID:
	case CMD_QUERY: show(f, cmd); break;
	case CMD_READ_ARRAY:
	case CMD_READ_ARRAY_AMD:
	case 0: show(f, CMD_READ_ARRAY); break;
	default:
		if (log_on(LOG_GUEST_ERROR))
			log_printf("%s: unknown command 0x%x at offset 0x%llx\n", f->c.name, cmd, (unsigned long long)offset);
		show(f, CMD_READ_ARRAY);
	}
}

static void begin_buffer(struct cfi_flash *f, uint64_t val)
{
	f->left = (uint32_t)(val & 0xffff) + 1;
	f->state = ST_FILL;
	f->from = UINT64_MAX;
	f->to = 0;
	memset(f->buffer, 0xff, sizeof(f->buffer));
	if (f->left > BUFFER / 2) /* more than a chip has */
		done(f, STATUS_SEQUENCE);
}

static void fill_buffer(struct cfi_flash *f, uint64_t offset, const uint8_t *data, unsigned n)
{
	if (f->from == UINT64_MAX) /* the command names a sector only, the data their place in it */
		f->window = offset & ~(uint64_t)(BUFFER - 1);
	if (offset - f->window >= BUFFER) { /* it cannot cross into the next */
		done(f, STATUS_SEQUENCE);
		return;
	}
	memcpy(f->buffer + (offset - f->window), data, n);
	f->from = MIN(f->from, offset);
	f->to = MAX(f->to, offset + n);
	if (--f->left == 0)
		f->state = ST_CONFIRM;
}

static void next_cycle(struct cfi_flash *f, uint64_t offset, uint64_t val, unsigned size)
{
	uint8_t data[4] = {(uint8_t)val, (uint8_t)(val >> 8), (uint8_t)(val >> 16), (uint8_t)(val >> 24)};

	switch (f->state) {
	case ST_PROGRAM: program(f, offset, data, size); break;
	case ST_ERASE:
		if (data[0] == CMD_CONFIRM)
			erase(f, offset);
		else
			done(f, STATUS_SEQUENCE);
		break;
	case ST_LOCK: /* sectors are never locked: it is taken and changes nothing */
		if (data[0] == CMD_READ_ARRAY)
			show(f, CMD_READ_ARRAY);
		else
			done(f, 0);
		break;
	case ST_COUNT: begin_buffer(f, val); break;
	case ST_FILL: fill_buffer(f, offset, data, size); break;
	case ST_CONFIRM:
		if (data[0] == CMD_CONFIRM)
			program(f, f->from, f->buffer + (f->from - f->window), f->to - f->from);
		else
			done(f, STATUS_SEQUENCE);
		break;
	case ST_READY: BUG("not a later cycle");
	}
}

static bool flash_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct cfi_flash *f = dev;

	lock_take(&f->lock);
	if (!f->trapped) {
		f->trapped = true;
		physmap_trap_reads(f->c.pm, f->c.base);
	}
	if (f->state == ST_READY)
		first_cycle(f, offset, (uint8_t)val);
	else
		next_cycle(f, offset, val, size);
	lock_drop(&f->lock);
	return true;
}

static const struct mmio_ops flash_ops = {.name = "flash", .max_size = 4, .read = flash_read, .write = flash_write};

/* -- the keeper: a thread that writes to the image -- */

/* Takes the first run of dirty blocks, as many as a sector has. */
static uint64_t take_dirty(struct cfi_flash *f, uint64_t *count)
{
	uint64_t k = 0, first;

	while (!f->dirty[k / 64])
		k += 64;
	first = k += (unsigned)__builtin_ctzll(f->dirty[k / 64]);
	for (; k < f->c.size / BLOCK && k - first < SECTOR / BLOCK && f->dirty[k / 64] >> (k & 63) & 1; k++)
		f->dirty[k / 64] &= ~BIT(k & 63);
	*count = k - first;
	f->ndirty -= *count;
	return first * BLOCK;
}

static void *keeper_main(void *arg)
{
	struct cfi_flash *f = arg;

	lock_take(&f->lock);
	for (;;) {
		uint64_t from, count;
		struct iovec v;
		bool bad;

		if (!f->ndirty) {
			if (f->stop)
				break;
			lock_wait(&f->lock, &f->work);
			continue;
		}
		from = take_dirty(f, &count);
		f->writing = true;
		lock_drop(&f->lock);
		/* Bytes that a vCPU changes meanwhile may go out old or new: their block is dirty again, and is written once more. */
		v = (struct iovec){f->array + from, count * BLOCK};
		bad = blkimg_write(f->c.img, &v, 1, from);
		lock_take(&f->lock);
		f->writing = false;
		f->status |= bad ? STATUS_PROGRAM_ERROR | STATUS_ERASE_ERROR : 0;
	}
	lock_drop(&f->lock);
	return NULL;
}

static int start_keeper(struct cfi_flash *f, struct err *e)
{
	sigset_t all, old;
	int rc;

	f->dirty = calloc((size_t)(f->c.size / BLOCK / 64 + 1), 8);
	BUG_ON(!f->dirty);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&f->keeper, NULL, keeper_main, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_set(e, EXIT_HOST, "%s: cannot start a thread: %s", f->c.name, strerror(rc));
	pthread_setname_np(f->keeper, "parma-flash");
	f->has_keeper = true;
	return 0;
}

static void stop_keeper(struct cfi_flash *f)
{
	if (!f->has_keeper)
		return;
	lock_take(&f->lock);
	f->stop = true;
	pthread_cond_signal(&f->work);
	lock_drop(&f->lock);
	pthread_join(f->keeper, NULL);
}

/* -- making it -- */

static int read_image(struct cfi_flash *f, struct err *e)
{
	uint64_t size = blkimg_size(f->c.img);
	struct iovec v = {f->array, size};

	if (size > f->c.size || (size < f->c.size && !blkimg_readonly(f->c.img)))
		return err_set(e, EXIT_INPUT, "%s: the image must have %llu bytes (it has %llu); a shorter one can be used with readonly=on",
			       f->c.name, (unsigned long long)f->c.size, (unsigned long long)size);
	if (blkimg_read(f->c.img, &v, 1, 0))
		return err_set(e, EXIT_HOST, "%s: the image cannot be read", f->c.name);
	return 0;
}

struct cfi_flash *cfi_flash_new(const struct cfi_flash_config *c, struct err *e)
{
	struct cfi_flash *f = calloc(1, sizeof(*f));

	BUG_ON(!f);
	lock_init(&f->lock, RANK_DEVICE);
	pthread_cond_init(&f->work, NULL);
	f->c = *c;
	f->status = STATUS_READY;
	f->show = CMD_READ_ARRAY;
	if (physmap_add_rom(c->pm, c->base, c->size, c->name, &flash_ops, f, e))
		goto fail;
	f->array = physmap_host(c->pm, c->base, c->size, false);
	if (c->img && (read_image(f, e) || (writable(f) && start_keeper(f, e))))
		goto fail;
	return f;
fail:
	cfi_flash_free(f);
	return NULL;
}

void cfi_flash_reset(struct cfi_flash *f)
{
	lock_take(&f->lock);
	f->status = STATUS_READY;
	show(f, CMD_READ_ARRAY);
	lock_drop(&f->lock);
}

void cfi_flash_free(struct cfi_flash *f)
{
	if (!f)
		return;
	stop_keeper(f);
	if (f->c.img)
		blkimg_close(f->c.img);
	free(f->dirty);
	pthread_cond_destroy(&f->work);
	lock_destroy(&f->lock);
	free(f);
}
