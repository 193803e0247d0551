/*
 * Fair progress: eight vCPUs, more than a small host has processors, two each
 * that compute, spin with YIELD, broadcast TLB maintenance, and wait in WFE for a
 * location that nobody writes.  Each counts its rounds; an observer notes for
 * how long each count stood still, in time of the host's processors that this
 * process got: other load on the host is no unfairness.  Nor is it that the observer comes late: a count that has
 * moved since its last look stood still until then, and nobody knows for how much longer.
 *
 * start:  movz x28, #0x4010, lsl #16
 *         movz x20, #1
 * 1:      movz w0, #0xc400, lsl #16
 *         movk w0, #3
 *         mov x1, x20
 *         adr x2, work
 *         mov x3, x20
 *         hvc #0
 *         add x20, x20, #1
 *         cmp x20, #8
 *         b.ne 1b
 *         movz x0, #0
 * work:   movz x28, #0x4010, lsl #16
 *         add x27, x28, x0, lsl #6
 *         and x1, x0, #3
 *         cmp x1, #1
 *         b.eq 4f
 *         cmp x1, #2
 *         b.eq 6f
 *         cmp x1, #3
 *         b.eq 8f
 * 2:      ldr x1, [x27]
 *         add x1, x1, #1
 *         str x1, [x27]
 *         b 2b
 * 4:      ldr x1, [x27]
 *         add x1, x1, #1
 *         str x1, [x27]
 *         yield
 *         b 4b
 * 6:      ldr x1, [x27]
 *         add x1, x1, #1
 *         str x1, [x27]
 *         tlbi vmalle1is
 *         dsb ish
 *         b 6b
 * 8:      ldr x1, [x27]
 *         add x1, x1, #1
 *         str x1, [x27]
 *         add x2, x28, #1024
 *         ldxr x3, [x2]
 *         wfe
 *         b 8b
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "a64/cpumodel.h"
#include "a64/interp.h"
#include "base/clock.h"
#include "mem/access.h"
#include "sched/sched.h"
#include "tests/tap.h"

#define RAM UINT64_C(0x40000000)
#define DATA UINT64_C(0x40100000)
#define NCPUS 8
#define RUN_NS UINT64_C(4000000000)     /* of processor time, */
#define LONGEST_NS UINT64_C(240000000000) /* or of real time */
#ifdef PARMA_SANITIZE
#define ROUNDS 1u
#define WORST_NS UINT64_C(20000000000)
#else
#define ROUNDS 10u
#define WORST_NS UINT64_C(2500000000)
#endif

static const uint32_t code[] = {
	0xd2a8021c, 0xd2800034, 0x52b88000, 0x72800060, 0xaa1403e1, 0x100000e2, 0xaa1403e3, 0xd4000002,
	0x91000694, 0xf100229f, 0x54ffff01, 0xd2800000, 0xd2a8021c, 0x8b001b9b, 0x92400401, 0xf100043f,
	0x54000120, 0xf100083f, 0x54000180, 0xf1000c3f, 0x54000200, 0xf9400361, 0x91000421, 0xf9000361,
	0x17fffffd, 0xf9400361, 0x91000421, 0xf9000361, 0xd503203f, 0x17fffffc, 0xf9400361, 0x91000421,
	0xf9000361, 0xd508831f, 0xd5033b9f, 0x17fffffb, 0xf9400361, 0x91000421, 0xf9000361, 0x91100382,
	0xc85f7c43, 0xd503205f, 0x17fffffa,
};

static struct sched *s;
static struct physmap *pm;
static uint64_t worst[NCPUS], rounds[NCPUS];

/* Processor time of all threads, ns. */
static uint64_t used_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool has_share(unsigned k) { return rounds[k] > ROUNDS && worst[k] < WORST_NS; }

static void *observer(void *unused)
{
	const uint64_t *data = physmap_host(pm, mk_gpa(DATA), 4096, true);
	uint64_t last[NCPUS] = {0}, since[NCPUS], start = used_ns(), end = clock_ns() + LONGEST_NS, now;
	struct timespec ms1 = {0, 1000000};

	(void)unused;
	for (unsigned k = 0; k < NCPUS; k++)
		since[k] = start;
	while ((now = used_ns()) < start + RUN_NS && clock_ns() < end) {
		for (unsigned k = 0; k < NCPUS; k++) {
			uint64_t v = ram_ld64(data + 8 * k);

			if (v != last[k])
				since[k] = now;
			else if (now - since[k] > worst[k])
				worst[k] = now - since[k];
			last[k] = rounds[k] = v;
		}
		nanosleep(&ms1, NULL);
	}
	sched_quit(s, 0);
	return NULL;
}

/* One machine's run; whether nobody starved. */
static bool fair(void)
{
	struct sched_config cfg = {.nvcpus = NCPUS, .run = interp_run};
	pthread_t t;
	bool good = true;
	struct err e;
	int exit_code;

	memset(worst, 0, sizeof(worst));
	memset(rounds, 0, sizeof(rounds));
	pm = physmap_new();
	s = sched_new(&cfg);
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
	pthread_create(&t, NULL, observer, NULL);
	ok(sched_run(s, &exit_code, &e) == 0, "ran");
	pthread_join(t, NULL);
	for (unsigned k = 0; k < NCPUS; k++) {
		good &= has_share(k);
		interp_free(sched_vcpus(s)[k]);
		vcpu_free(sched_vcpus(s)[k]);
	}
	sched_free(s);
	physmap_free(pm);
	return good;
}

/* Whoever starves does in every run; a host that keeps one thread of eight from running for seconds does not. */
int main(void)
{
	static const char *const kind[] = {"computes", "spins with YIELD", "broadcasts TLBI", "waits in WFE"};

	clock_init();
	for (unsigned tries = 0; !fair() && tries < 4; tries++)
		printf("# again\n");
	for (unsigned k = 0; k < NCPUS; k++)
		ok(has_share(k), "vCPU %u %s: %llu rounds, worst wait %.0f ms", k, kind[k & 3], (unsigned long long)rounds[k],
		   (double)worst[k] * 1e-6);
	return tap_done();
}
