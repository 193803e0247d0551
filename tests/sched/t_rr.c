/*
 * The deterministic engine: vCPUs that race on a counter give the same result for the same seed and others for
 * others; everyone gets turns; virtual time passes for sleepers.
 */
#include <time.h>

#include "a64/cpumodel.h"
#include "a64/interp.h"
#include "base/clock.h"
#include "mem/access.h"
#include "sched/sched.h"
#include "tests/tap.h"

#define RAM UINT64_C(0x40000000)
#define DATA UINT64_C(0x40100000)
#define NCPUS 4

/*
 * start:  movz x28, #0x4010, lsl #16
 *         movz x20, #1
 * 1:      movz w0, #0xc400, lsl #16
 *         movk w0, #3
 *         mov x1, x20
 *         adr x2, work
 *         hvc #0
 *         add x20, x20, #1
 *         cmp x20, #4
 *         b.ne 1b
 * work:   movz x28, #0x4010, lsl #16
 *         movz x21, #3000
 * 2:      ldr x1, [x28]           // the race: load, add, store
 *         add x1, x1, #1
 *         str x1, [x28]
 *         sub x21, x21, #1
 *         cbnz x21, 2b
 *         add x2, x28, #64
 *         movz x1, #1
 *         ldaddal x1, x3, [x2]
 *         cmp x3, #3
 *         b.eq 3f
 *         wfi
 * 3:      movz w0, #0x8400, lsl #16
 *         movk w0, #8
 *         hvc #0
 *         b .
 */
static const uint32_t code[] = {
	0xd2a8021c, 0xd2800034, 0x52b88000, 0x72800060, 0xaa1403e1, 0x100000a2, 0xd4000002, 0x91000694, 0xf100129f, 0x54ffff21,
	0xd2a8021c, 0xd2817715, 0xf9400381, 0x91000421, 0xf9000381, 0xd10006b5, 0xb5ffff95, 0x91010382, 0xd2800021, 0xf8e10043,
	0xf1000c7f, 0x54000040, 0xd503207f, 0x52b08000, 0x72800100, 0xd4000002, 0x14000000,
};

struct result {
	uint64_t counter, icount[NCPUS], ns;
};

static struct result run(uint64_t seed)
{
	struct sched_config cfg = {.nvcpus = NCPUS, .run = interp_run};
	struct physmap *pm = physmap_new();
	struct sched *s = sched_new(&cfg);
	struct result r;
	struct err e;
	int exit_code;

	clock_virtual_start();
	if (physmap_add_ram(pm, mk_gpa(RAM), UINT64_C(16) << 20, "RAM", &e))
		exit(99);
	dma_write(pm, mk_gpa(RAM), code, sizeof(code));
	for (unsigned k = 0; k < NCPUS; k++) {
		struct vcpu_config vc = {.index = k, .mpidr = k, .model = cpu_model_find("max"), .pm = pm,
					 .mops = &sched_machine_ops, .machine = s, .all = sched_vcpus(s), .nvcpus = NCPUS};

		sched_vcpus(s)[k] = vcpu_new(&vc);
		if (interp_init(sched_vcpus(s)[k]))
			exit(99);
	}
	sched_set_boot(s, 0, RAM, 0);
	sched_set_rr(s, seed, interp_run_for);
	if (sched_run(s, &exit_code, &e))
		exit(99);
	r.counter = ram_ld64(physmap_host(pm, mk_gpa(DATA), 8, true));
	r.ns = clock_ns();
	for (unsigned k = 0; k < NCPUS; k++) {
		r.icount[k] = sched_vcpus(s)[k]->icount;
		interp_free(sched_vcpus(s)[k]);
		vcpu_free(sched_vcpus(s)[k]);
	}
	sched_free(s);
	physmap_free(pm);
	return r;
}

static bool same(const struct result *a, const struct result *b)
{
	bool eq = a->counter == b->counter && a->ns == b->ns;

	for (unsigned k = 0; k < NCPUS; k++)
		eq &= a->icount[k] == b->icount[k];
	return eq;
}

int main(void)
{
	unsigned different = 0, lost = 0, fair = 0, repeated = 0, seeds = 12;
	struct result first = {0};

	clock_init();
	for (unsigned k = 0; k < seeds; k++) {
		struct result a = run(k), b = run(k);

		if (!k)
			first = a;
		repeated += same(&a, &b);
		different += k && !same(&a, &first);
		lost += a.counter < 3000 * NCPUS;
		fair += a.icount[1] > 12000 && a.icount[2] > 12000 && a.icount[3] > 12000;
	}
	ok(repeated == seeds, "the same seed gives the same run: memory, instruction counts, time (%u of %u)", repeated, seeds);
	ok(different >= seeds - 2, "other seeds give other runs (%u of %u)", different, seeds - 1);
	ok(lost == seeds, "an unlocked counter loses updates (%u of %u, %u of %u left)", lost, seeds, (unsigned)first.counter, 3000 * NCPUS);
	ok(fair == seeds, "everyone got its turns");
	return tap_done();
}
