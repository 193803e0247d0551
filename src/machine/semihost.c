/* See semihost.h. */
#include "machine/semihost.h"

#include <errno.h>
#include <string.h>

#include "a64/mmu.h"
#include "base/bits.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06,
	SYS_READC = 0x07, SYS_ISERROR = 0x08, SYS_ISTTY = 0x09, SYS_SEEK = 0x0a, SYS_FLEN = 0x0c, SYS_CLOCK = 0x10,
	SYS_TIME = 0x11, SYS_ERRNO = 0x13, SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18,
	SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30, SYS_TICKFREQ = 0x31,
};
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };
enum { HANDLE_STDIN = 1, HANDLE_STDOUT, HANDLE_STDERR, HANDLE_FEATURES };
static const uint8_t features[] = {'S', 'H', 'F', 'B', 0x03}; /* EXIT_EXTENDED and separate stdout/stderr */

/* Host address (and *pa) of what va maps to for c, and how many bytes follow on the same page; NULL if it is no RAM. */
static void *guest_ptr(struct vcpu *c, uint64_t va, bool write, gpa *pa, uint64_t *run)
{
	struct mmu_access a = {.kind = write ? MMU_WRITE : MMU_READ, .el0 = c->el == 0};
	struct mmu_map m;

	if (mmu_walk(c, va, &a, &m) != MMU_OK || mmu_check(&m, &a) != MMU_OK)
		return NULL;
	*run = 4096 - (va & 4095);
	*pa = mk_gpa(m.pa);
	return physmap_host(c->pm, *pa, *run, write);
}

static bool copy_in(struct vcpu *c, uint64_t va, void *buf, uint64_t n)
{
	for (uint8_t *d = buf; n;) {
		uint64_t run;
		gpa pa;
		const void *p = guest_ptr(c, va, false, &pa, &run);

		if (!p)
			return false;
		run = MIN(run, n);
		memcpy(d, p, run);
		d += run;
		va += run;
		n -= run;
	}
	return true;
}

static bool copy_out(struct vcpu *c, uint64_t va, const void *buf, uint64_t n)
{
	for (const uint8_t *s = buf; n;) {
		uint64_t run;
		gpa pa;
		void *p = guest_ptr(c, va, true, &pa, &run);

		if (!p)
			return false;
		run = MIN(run, n);
		memcpy(p, s, run);
		dma_wrote(c->pm, pa, run);
		s += run;
		va += run;
		n -= run;
	}
	return true;
}

static void write_guest(struct semihost *s, struct vcpu *c, enum semihost_stream to, uint64_t va, uint64_t n)
{
	while (n) {
		uint64_t run;
		gpa pa;
		const void *p = guest_ptr(c, va, false, &pa, &run);

		if (!p)
			return;
		run = MIN(run, n);
		s->write(s->arg, to, p, run);
		va += run;
		n -= run;
	}
}

static void write_string(struct semihost *s, struct vcpu *c, uint64_t va)
{
	for (;;) {
		uint64_t run, len;
		gpa pa;
		const char *p = guest_ptr(c, va, false, &pa, &run);

		if (!p)
			return;
		len = strnlen(p, run);
		s->write(s->arg, SEMIHOST_CONSOLE, p, len);
		if (len < run)
			return;
		va += run;
	}
}

static uint64_t sys_open(struct vcpu *c, const uint64_t *arg)
{
	char name[32] = {0};

	if (arg[2] >= sizeof(name) || !copy_in(c, arg[0], name, arg[2]))
		return UINT64_MAX;
	if (!strcmp(name, ":semihosting-features"))
		return HANDLE_FEATURES;
	if (strcmp(name, ":tt"))
		return UINT64_MAX;
	return arg[1] < 4 ? HANDLE_STDIN : arg[1] < 8 ? HANDLE_STDOUT : HANDLE_STDERR;
}

static uint64_t sys_get_cmdline(struct semihost *s, struct vcpu *c, uint64_t param, const uint64_t *arg)
{
	const char *text = s->cmdline ? s->cmdline : "";
	uint64_t reply[2] = {arg[0], strlen(text)};

	if (reply[1] + 1 > arg[1] || !copy_out(c, arg[0], text, reply[1] + 1) || !copy_out(c, param, reply, sizeof(reply)))
		return UINT64_MAX;
	return 0;
}

static uint64_t sys_heapinfo(struct semihost *s, struct vcpu *c, const uint64_t *arg)
{
	uint64_t block[4] = {s->ram_base + s->ram_size / 2, s->ram_base + s->ram_size, s->ram_base + s->ram_size,
			     s->ram_base};

	return copy_out(c, arg[0], block, sizeof(block)) ? 0 : UINT64_MAX;
}

static void sys_exit(struct semihost *s, struct vcpu *c, const uint64_t *arg)
{
	s->exit(s->arg, c, arg[0] == ADP_STOPPED_APPLICATION_EXIT ? (int)(arg[1] & 0xff) : 1);
}

/* Reads of the console find end of file: input goes to the serial port. */
static uint64_t sys_read(struct vcpu *c, const uint64_t *arg)
{
	if (arg[0] != HANDLE_FEATURES)
		return arg[2];
	if (arg[2] < sizeof(features) || !copy_out(c, arg[1], features, sizeof(features)))
		return arg[2];
	return arg[2] - sizeof(features);
}

uint64_t semihost_call(struct semihost *s, struct vcpu *c, uint64_t operation, uint64_t param)
{
	static const uint8_t nargs[] = {
		[SYS_OPEN] = 3, [SYS_CLOSE] = 1, [SYS_WRITE] = 3, [SYS_READ] = 3, [SYS_ISERROR] = 1, [SYS_ISTTY] = 1,
		[SYS_SEEK] = 2, [SYS_FLEN] = 1, [SYS_GET_CMDLINE] = 2, [SYS_HEAPINFO] = 1, [SYS_EXIT] = 2,
		[SYS_EXIT_EXTENDED] = 2,
	};
	uint32_t op = (uint32_t)operation;
	uint64_t arg[3] = {0}, ret = UINT64_MAX, now = clock_ns() - s->start_ns;
	char ch;

	if (op < sizeof(nargs) && nargs[op] && !copy_in(c, param, arg, nargs[op] * sizeof(arg[0])))
		return UINT64_MAX;
	switch (op) {
	case SYS_OPEN: ret = sys_open(c, arg); break;
	case SYS_CLOSE: ret = 0; break;
	case SYS_WRITEC:
		if (copy_in(c, param, &ch, 1))
			s->write(s->arg, SEMIHOST_CONSOLE, &ch, 1);
		break;
	case SYS_WRITE0: write_string(s, c, param); break;
	case SYS_WRITE:
		if (arg[0] == HANDLE_STDOUT || arg[0] == HANDLE_STDERR) {
			write_guest(s, c, arg[0] == HANDLE_STDOUT ? SEMIHOST_STDOUT : SEMIHOST_STDERR, arg[1], arg[2]);
			ret = 0;
		} else {
			ret = arg[2];
		}
		break;
	case SYS_READ: ret = sys_read(c, arg); break;
	case SYS_ISERROR: ret = (int64_t)arg[0] < 0; break;
	case SYS_ISTTY: ret = arg[0] >= HANDLE_STDIN && arg[0] <= HANDLE_STDERR; break;
	case SYS_SEEK: ret = arg[0] == HANDLE_FEATURES && arg[1] == 0 ? 0 : UINT64_MAX; break;
	case SYS_FLEN: ret = arg[0] == HANDLE_FEATURES ? sizeof(features) : 0; break;
	case SYS_CLOCK: ret = now / 10000000; break;
	case SYS_TIME: ret = clock_wall_s(); break;
	case SYS_ERRNO: ret = ENOSYS; break;
	case SYS_GET_CMDLINE: ret = sys_get_cmdline(s, c, param, arg); break;
	case SYS_HEAPINFO: ret = sys_heapinfo(s, c, arg); break;
	case SYS_EXIT:
	case SYS_EXIT_EXTENDED: sys_exit(s, c, arg); break;
	case SYS_ELAPSED: ret = copy_out(c, param, &now, sizeof(now)) ? 0 : UINT64_MAX; break;
	case SYS_TICKFREQ: ret = 1000000000; break;
	default:
		if (log_on(LOG_UNIMP))
			log_printf("semihosting: operation 0x%x is not supported\n", op);
	}
	return ret;
}
