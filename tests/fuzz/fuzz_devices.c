/*
 * A hostile guest before the whole board: the input is a script of register
 * accesses of every size, changes of memory, virtio queues with arbitrary
 * descriptors, and interrupt controller system registers, by two CPUs.  The
 * machine is the one that the command line makes, with every device.
 *
 * Input: byte 0 chooses the machine (GIC version, virtio version), then operations: a
 * byte that says which, and its operands.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "a64/cpu_ops.h"
#include "a64/eval.h"
#include "a64/interp.h"
#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/timer.h"
#include "cli/boot_opts.h"
#include "dev/pl061.h"
#include "dev/virtio_mmio.h"
#include "machine/machine_priv.h"
#include "machine/memmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NCPUS 2u
#define RINGS (VIRT_RAM + 0x100000) /* 64 KiB a queue */
#define HEAP (VIRT_RAM + 0x400000)
#define NVIRTIO 5u

static struct machine boards[4];
static struct machine_config cfgs[4];
static char disk[] = "/tmp/fuzz_disk.XXXXXX";

struct script {
	const uint8_t *p, *end;
};

static uint8_t u8(struct script *s) { return s->p < s->end ? *s->p++ : 0; }
static uint16_t u16(struct script *s) { return (uint16_t)(u8(s) | u8(s) << 8); }

/* A number: small ones take a byte, the ones that hurt too. */
static uint64_t num(struct script *s)
{
	static const uint64_t hard[] = {0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(1) << 32, UINT64_MAX, INT64_MAX, UINT64_C(1) << 63, 0xffff,
					VIRT_RAM, RINGS, HEAP, VIRT_GICD, VIRT_UART, 0xfffffffffffff000, 4096, 0x10000};
	uint8_t b = u8(s);
	uint64_t v = 0;

	if (b < 0xd0)
		return b;
	if (b < 0xe0)
		return hard[b & 15];
	if (b < 0xe8)
		return UINT64_C(1) << (b & 7) * 8;
	for (unsigned k = 0; k <= (b & 7u); k++)
		v |= (uint64_t)u8(s) << 8 * k;
	return v;
}

/* An address that descriptors name: mostly in RAM. */
static uint64_t address(struct script *s)
{
	uint8_t b = u8(s);

	switch (b >> 5) {
	case 0: return num(s);
	case 1: return RINGS + num(s);
	case 2: return VIRT_RAM + (UINT64_C(16) << 20) - 8 + (b & 15);
	case 3: return VIRT_VIRTIO + num(s);
	default: return HEAP + u16(s);
	}
}

#ifdef HAVE_SLIRP
#define NET "-nic user,restrict=on"
#else
#define NET ""
#endif

/* The machine k, made on first use; the words of its command line live on. */
static struct machine *board(unsigned k)
{
	struct machine *m = &boards[k];
	char *line, *argv[64] = {(char[]){"boot"}};
	int argc = 1;
	struct err e = {0};

	if (m->cfg)
		return m;
	if (asprintf(&line, "-nodefaults -m 16M -smp 2 -accel interp -sandbox off -chardev null,id=n0 -chardev null,id=n1 "
		     "-chardev null,id=n2 -serial chardev:n0 -device virtio-rng-device -device virtio-serial-device "
		     "-device virtconsole,chardev=n1 -device virtserialport,chardev=n2,name=a -device virtio-blk-device,drive=d,num-queues=2 "
		     "-drive file=%s,if=none,id=d,format=raw,snapshot=on,discard=unmap " NET
		     " -M gic-version=%d -global virtio-mmio.force-legacy=%s", disk, k & 1 ? 2 : 3, k & 2 ? "off" : "on") < 0)
		abort();
	for (char *w = strtok(line, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	if (boot_opts_parse(argc, argv, &cfgs[k], &e)) {
		fprintf(stderr, "fuzz_devices: %s\n", e.msg);
		abort();
	}
	m->cfg = &cfgs[k];
	if (machine_make(m, &e)) {
		fprintf(stderr, "fuzz_devices: %s\n", e.msg);
		abort();
	}
	machine_reset_devices(m);
	for (unsigned c = 0; c < m->nchardevs; c++)
		chardev_start(m->chardevs[c]);
	return m;
}

static void init(void)
{
	int fd = mkstemp(disk);
	struct err e;

	if (fd < 0 || ftruncate(fd, 1 << 20))
		abort();
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	clock_init();
	timer_service_start(&e);
}

/* -- what a CPU does -- */
static void reg_write(struct machine *m, unsigned cpu, uint64_t a, unsigned size, uint64_t v)
{
	const struct mem_region *r = physmap_find(m->pm, mk_gpa(a & ~(uint64_t)(size - 1)));

	if (r && r->ops)
		physmap_mmio_write(r, mk_gpa(a & ~(uint64_t)(size - 1)), size, cpu, v);
}

static void reg_read(struct machine *m, unsigned cpu, uint64_t a, unsigned size)
{
	const struct mem_region *r = physmap_find(m->pm, mk_gpa(a & ~(uint64_t)(size - 1)));
	uint64_t v;

	if (r && r->ops)
		physmap_mmio_read(r, mk_gpa(a & ~(uint64_t)(size - 1)), size, cpu, &v);
}

static uint64_t slot(unsigned n) { return VIRT_VIRTIO + (VIRT_VIRTIO_COUNT - 1 - n % (NVIRTIO + 1)) * VIRT_VIRTIO_SIZE; }
static uint64_t ring(unsigned d, unsigned q) { return RINGS + ((d % NVIRTIO) * 8 + q % 8) * 0x4000; }

/* A register of any device: byte for the device, two for the offset. */
static uint64_t reg(struct script *s)
{
	static const uint64_t base[] = {VIRT_GICD, VIRT_GICR, VIRT_GICC, VIRT_UART, VIRT_RTC, VIRT_GPIO, VIRT_FW_CFG, VIRT_GICR2};
	uint8_t b = u8(s);

	if (b & 0x80)
		return slot(b & 7) + (b & 0x40 ? u16(s) % VIRT_VIRTIO_SIZE : u8(s) & 0xfcu);
	return base[b & 7] + (b & 0x40 ? num(s) : u16(s));
}

/* The driver's part up to DRIVER_OK, with the features that the script says. */
static void bring_up(struct machine *m, struct script *s)
{
	unsigned d = u8(s);
	uint64_t at = slot(d), features = num(s);

	reg_write(m, 0, at + 0x70, 4, 0);
	reg_write(m, 0, at + 0x70, 4, 3);
	for (unsigned k = 0; k < 2; k++) {
		reg_write(m, 0, at + 0x24, 4, k);
		reg_write(m, 0, at + 0x20, 4, (uint32_t)(features >> 32 * k) | k);
	}
	reg_write(m, 0, at + 0x70, 4, 11);
	reg_write(m, 0, at + 0x28, 4, 4096);
}

static void queue(struct machine *m, struct script *s)
{
	unsigned d = u8(s), q = u8(s) & 7;
	uint64_t at = slot(d), r = ring(d, q);

	reg_write(m, 0, at + 0x30, 4, q);
	reg_write(m, 0, at + 0x38, 4, 8u << (u8(s) & 7));
	reg_write(m, 0, at + 0x3c, 4, 4096);
	reg_write(m, 0, at + 0x40, 4, r / 4096);
	reg_write(m, 0, at + 0x80, 4, r);
	reg_write(m, 0, at + 0x90, 4, r + 0x1000);
	reg_write(m, 0, at + 0xa0, 4, r + 0x2000);
	reg_write(m, 0, at + 0x44, 4, 1);
	reg_write(m, 0, at + 0x70, 4, 15);
}

static void put(struct machine *m, uint64_t a, const void *v, size_t n) { dma_write(m->pm, mk_gpa(a), v, n); }

static void descriptor(struct machine *m, struct script *s)
{
	unsigned d = u8(s), q = u8(s) & 7, k = u8(s) & 31;
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} v = {address(s), (uint32_t)num(s), u8(s) & 7, u8(s)};

	put(m, (u8(s) & 3 ? ring(d, q) : HEAP) + 16 * k, &v, sizeof(v));
}

static void available(struct machine *m, struct script *s)
{
	unsigned d = u8(s), q = u8(s) & 7;
	uint64_t at = ring(d, q) + (u8(s) & 1 ? 0x1000 : 16 * 256), idx = 0;
	uint16_t head = u8(s);

	dma_load(m->pm, mk_gpa(at + 2), 2, &idx);
	put(m, at + 4 + 2 * (idx % 8), &head, 2);
	idx++;
	put(m, at + 2, &idx, 2);
	reg_write(m, u8(s) & 1, slot(d) + 0x50, 4, q);
}

/* MSR or MRS of any system register with op0 3, by an instruction. */
static void sysreg(struct machine *m, struct script *s)
{
	struct vcpu *c = m->cpus[u8(s) & 1];
	uint32_t w = 0xd5180000u | (uint32_t)(u16(s) & 0xffff) << 5;
	bool gic = u8(s) & 3;

	if (gic) /* those of the interrupt controller */
		w = 0xd5380000u | (u8(s) & 1u) << 21 | 12u << 12 | (uint32_t)(u8(s) & 127) << 5 | ((u8(s) & 1u) ? 0x6u << 9 : 0);
	vcpu_reset(c, VIRT_RAM + 0x1000, 0);
	c->x[0] = num(s);
	c->sys.cpacr = 3u << 20;
	put(m, VIRT_RAM + 0x1000, &w, 4);
	at_add(&code_gen_all, 1);
	at_and(&c->request, 0);
	interp_step(c);
}

static void poke(struct machine *m, struct script *s)
{
	uint64_t a = address(s), v = num(s);

	put(m, a, &v, 1u << (u8(s) & 3));
}

static void fw_cfg_dma(struct machine *m, struct script *s)
{
	struct {
		uint32_t control, length;
		uint64_t address;
	} v = {__builtin_bswap32((uint32_t)num(s)), __builtin_bswap32((uint32_t)num(s)), __builtin_bswap64(address(s))};
	uint64_t at = HEAP + 64 * (u8(s) & 3);

	put(m, at, &v, sizeof(v));
	reg_write(m, 0, VIRT_FW_CFG + 16, 8, __builtin_bswap64(at));
}

static void step(struct machine *m, struct script *s)
{
	uint8_t op = u8(s);
	struct irq_line l;

	switch (op & 15) {
	case 0: case 1: case 2: {
		uint64_t a = reg(s);

		reg_write(m, op >> 4 & 1, a, 1u << (op >> 5 & 3), num(s));
		return;
	}
	case 3: case 4: reg_read(m, op >> 4 & 1, reg(s), 1u << (op >> 5 & 3)); return;
	case 5: bring_up(m, s); return;
	case 6: queue(m, s); return;
	case 7: case 8: descriptor(m, s); return;
	case 9: available(m, s); return;
	case 10: sysreg(m, s); return;
	case 11: poke(m, s); return;
	case 12: fw_cfg_dma(m, s); return;
	case 13:
		l = gic_spi_line(m->gic, u8(s) % VIRT_NSPIS);
		irq_set(&l, op & 0x80);
		return;
	case 14:
		if (m->gpio && op & 0x80)
			pl061_power_key(m->gpio);
		return;
	default: return;
	}
}

static void quiet(struct machine *m)
{
	for (unsigned k = 0; k < VIRT_VIRTIO_COUNT; k++)
		reg_write(m, 0, VIRT_VIRTIO + k * VIRT_VIRTIO_SIZE + 0x70, 4, 0);
	machine_reset_devices(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = {data, data + size};
	static bool ready;
	struct machine *m;

	if (!ready)
		init();
	ready = true;
	if (size < 2)
		return 0;
	m = board(u8(&s) & 3);
	memset(physmap_host(m->pm, mk_gpa(RINGS), 0x100000, true), 0, 0x100000);
	while (s.p < s.end)
		step(m, &s);
	quiet(m);
	return 0;
}
