/*
 * For unit tests of the vCPU's system side: one vCPU (or more) with 64 MiB of
 * RAM at 1 GiB, no devices, and machine_ops that record.  Code under test is
 * called directly; RAISES() says whether it took an exception.
 */
#ifndef PARMA_TESTS_A64_CPU_H
#define PARMA_TESTS_A64_CPU_H

#include <setjmp.h>
#include <string.h>

#include "a64/cpu_ops.h"
#include "a64/cpumodel.h"
#include "a64/eval.h"
#include "a64/exception.h"
#include "a64/tlbi.h"
#include "a64/tlbset.h"
#include "a64/vcpu.h"
#include "base/clock.h"
#include "tests/tap.h"

#define RAM UINT64_C(0x40000000)
#define RAM_SIZE (UINT64_C(64) << 20)
#define VBAR UINT64_C(0x40010000)
#define CODE UINT64_C(0x40020000) /* where instructions "are" */
#define MAX_CPUS 4

static struct vcpu *cpus[MAX_CPUS];
static struct physmap *pm;
static unsigned kicks __attribute__((unused)), sleeps __attribute__((unused));

static void t_kick(struct vcpu *c) { at_add(&kicks, 1); }
static void t_sleep(struct vcpu *c, uint64_t deadline_ns, bool event) { sleeps++; }
static int64_t t_cpu_on(struct vcpu *c, uint64_t m, uint64_t e, uint64_t x) { return -99; }
static int64_t t_aff(struct vcpu *c, uint64_t m, uint64_t l) { return -98; }
static void t_off(struct vcpu *c) {}
static void t_system_off(struct vcpu *c, int code) {}

static const struct machine_ops t_ops = {.kick = t_kick, .sleep = t_sleep, .cpu_on = t_cpu_on, .affinity_info = t_aff,
					 .cpu_off = t_off, .system_off = t_system_off, .system_reset = t_off};

__attribute__((unused)) static struct vcpu *make_cpus(const char *model, unsigned n)
{
	struct err e;

	clock_init();
	pm = physmap_new();
	if (physmap_add_ram(pm, mk_gpa(RAM), RAM_SIZE, "RAM", &e))
		exit(99);
	for (unsigned k = 0; k < n; k++) {
		struct vcpu_config cfg = {.index = k, .mpidr = k, .model = cpu_model_find(model), .pm = pm,
					  .mops = &t_ops, .all = cpus, .nvcpus = n};

		cpus[k] = vcpu_new(&cfg);
		cpus[k]->sys.vbar = VBAR;
		cpus[k]->sys.oslock = 0;
		cpus[k]->pc = CODE;
	}
	return cpus[0];
}

__attribute__((unused)) static void *ram(uint64_t pa) { return physmap_host(pm, mk_gpa(pa), 8, true); }
__attribute__((unused)) static void poke64(uint64_t pa, uint64_t v) { memcpy(ram(pa), &v, 8); }
__attribute__((unused)) static void poke32(uint64_t pa, uint32_t v) { memcpy(ram(pa), &v, 4); }
__attribute__((unused)) static uint64_t peek64(uint64_t pa)
{
	uint64_t v;

	memcpy(&v, ram(pa), 8);
	return v;
}

/* Evaluates stmt on c; true if it raised an exception (and unwound). */
#define RAISES(c, stmt) \
	({ \
		volatile bool raised_ = false; \
		if (sigsetjmp((c)->unwind, 0)) \
			raised_ = true; \
		else { \
			stmt; \
		} \
		raised_; \
	})

/* Puts c to EL `el` with everything unmasked, at CODE. */
__attribute__((unused)) static void at_el(struct vcpu *c, unsigned el)
{
	vcpu_set_el_sp(c, el, el);
	c->daif = 0;
	c->il = c->ss = c->pan = c->uao = 0;
	c->pc = CODE;
	c->npc = CODE + 4;
	cpu_ctx_update(c);
}

#endif
