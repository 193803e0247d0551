/*
 * Any bytes as guest code: a vCPU with a little RAM at EL1 (or EL0), MMU off,
 * and two device windows runs them for some blocks.  Nothing but architectural results.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "a64/cpu_ops.h"
#include "a64/cpumodel.h"
#include "a64/exception.h"
#include "a64/interp.h"
#include "a64/vcpu.h"
#include "base/clock.h"
#include "base/timer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM 0x40000000u
#define RAM_SIZE (1u << 20)

static struct physmap *pm;
static struct vcpu *c, *all[1];

static bool dev_read(void *d, uint64_t off, unsigned size, unsigned cpu, uint64_t *v)
{
	*v = off * size;
	return off < 0x800;
}
static bool dev_write(void *d, uint64_t off, unsigned size, unsigned cpu, uint64_t v) { return off < 0x800; }
static const struct mmio_ops dev = {"fuzz", 1, 8, dev_read, dev_write};

static void no_kick(struct vcpu *v) { (void)v; }
static void no_sleep(struct vcpu *v, uint64_t d, bool e) { at_or(&v->request, REQ_STOP); }
static int64_t no_on(struct vcpu *v, uint64_t m, uint64_t e, uint64_t x) { return -2; }
static int64_t no_info(struct vcpu *v, uint64_t m, uint64_t l) { return 0; }
static void stop(struct vcpu *v) { at_or(&v->request, REQ_STOP); }
static void stop_code(struct vcpu *v, int code) { at_or(&v->request, REQ_STOP); }
static const struct machine_ops ops = {.kick = no_kick, .sleep = no_sleep, .cpu_on = no_on, .affinity_info = no_info,
				       .cpu_off = stop, .system_off = stop_code, .system_reset = stop};

static void init(void)
{
	struct vcpu_config cfg = {.model = cpu_model_find("max"), .mops = &ops, .all = all, .nvcpus = 1};
	struct err e;

	clock_init();
	timer_service_start(&e);
	pm = physmap_new();
	if (physmap_add_ram(pm, mk_gpa(RAM), RAM_SIZE, "ram", &e))
		abort();
	physmap_add_mmio(pm, mk_gpa(0x09000000), 0x1000, &dev, NULL);
	cfg.pm = pm;
	all[0] = c = vcpu_new(&cfg);
	if (!c || interp_init(c))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *ram;

	if (!c)
		init();
	if (size < 8)
		return 0;
	ram = physmap_host(pm, mk_gpa(RAM), RAM_SIZE, true);
	memset(ram, 0, RAM_SIZE);
	memcpy(ram + 0x10000, data + 4, size - 4 < 0x8000 ? size - 4 : 0x8000);
	for (unsigned k = 0; k < 16; k++) /* vectors: ERET past the offender */
		memcpy(ram + 0x80 * k, (const uint32_t[]){0xd5384020, 0x91001000, 0xd5184020, 0xd69f03e0}, 16);
	at_add(&code_gen_all, 1); /* blocks of the last input are stale */
	vcpu_reset(c, RAM + 0x10000, RAM + 0x20000);
	c->sys.vbar = RAM;
	c->sys.cpacr = 3u << 20;
	for (unsigned k = 0; k < 31; k++)
		c->x[k] = RAM + 0x20000 + 8 * k + (data[k & 3] & 7 * (k & 1));
	c->x[7] = 0x09000000;
	c->sp = RAM + 0x40000;
	if (data[0] & 0x80)
		vcpu_set_el_sp(c, 0, 0);
	cpu_ctx_update(c);
	at_and(&c->request, 0);
	for (unsigned k = 0; k < 400 && !(ld_acq(&c->request) & REQ_STOP); k++) {
		if (ld_acq(&c->request))
			vcpu_poll(c);
		interp_step(c);
	}
	return 0;
}
