/*
 * vCPU threads with real guest code on the reference engine: PSCI power
 * control under races, TLB maintenance against readers, wake-ups, reset.
 */
#include <time.h>

#include "a64/cpumodel.h"
#include "a64/interp.h"
#include "base/clock.h"
#include "mem/access.h"
#include "sched/sched.h"
#include "tests/tap.h"

#define RAM UINT64_C(0x40000000)
#define RAM_SIZE (UINT64_C(16) << 20)
#define DATA UINT64_C(0x40100000)
#define NCPUS 4

/*
 * Three vCPUs turn vCPU 3 on at the same time, again and again; it counts
 * its starts and turns itself off.
 *
 * // data at x28: +0 succ, +8 fail, +16 bad, +24 started, +32 racers left
 * start:  mov x19, x0
 *         movz x28, #0x4010, lsl #16
 *         movz x20, #1
 * 1:      mov x1, x20
 *         bl cpuon_racer
 *         add x20, x20, #1
 *         cmp x20, #3
 *         b.ne 1b
 * racer:  movz x28, #0x4010, lsl #16
 *         movz x21, #20000
 * 2:      movz w0, #0xc400, lsl #16
 *         movk w0, #3
 *         movz x1, #3
 *         adr x2, worker
 *         movz x3, #0x77
 *         hvc #0
 *         cbz x0, 3f
 *         add x22, x28, #8
 *         cmn x0, #4
 *         b.eq 4f
 *         cmn x0, #5
 *         b.eq 4f
 *         str x0, [x28, #16]
 *         b 4f
 * 3:      mov x22, x28
 * 4:      movz x5, #1
 *         ldadd x5, x6, [x22]
 *         sub x21, x21, #1
 *         cbnz x21, 2b
 *         add x22, x28, #32
 *         movn x5, #0
 *         ldaddal x5, x6, [x22]
 *         mrs x7, mpidr_el1
 *         and x7, x7, #0xff
 *         cbnz x7, off
 * 5:      ldar x6, [x22]
 *         cbnz x6, 5b
 * 6:      movz w0, #0xc400, lsl #16
 *         movk w0, #4
 *         movz x1, #3
 *         movz x2, #0
 *         smc #0
 *         cmp x0, #1
 *         b.ne 6b
 *         movz w0, #0x8400, lsl #16
 *         movk w0, #8
 *         hvc #0
 *         b .
 * worker: movz x28, #0x4010, lsl #16
 *         add x28, x28, #24
 *         cmp x0, #0x77
 *         b.ne off
 *         movz x5, #1
 *         ldadd x5, x6, [x28]
 * off:    movz w0, #0x8400, lsl #16
 *         movk w0, #2
 *         hvc #0
 *         b .
 * cpuon_racer:
 *         movz w0, #0xc400, lsl #16
 *         movk w0, #3
 *         adr x2, racer
 *         movz x3, #0
 *         hvc #0
 *         ret
 */
static const uint32_t psci_code[] = {
	0xaa0003f3, 0xd2a8021c, 0xd2800034, 0xaa1403e1, 0x94000036, 0x91000694, 0xf1000e9f, 0x54ffff81,
	0xd2a8021c, 0xd289c415, 0x52b88000, 0x72800060, 0xd2800061, 0x10000462, 0xd2800ee3, 0xd4000002,
	0xb4000100, 0x91002396, 0xb100101f, 0x540000c0, 0xb100101f, 0x54000080, 0xf9000b80, 0x14000002,
	0xaa1c03f6, 0xd2800025, 0xf82502c6, 0xd10006b5, 0xb5fffdd5, 0x91008396, 0x92800005, 0xf8e502c6,
	0xd53800a7, 0x92401ce7, 0xb5000287, 0xc8dffec6, 0xb5ffffe6, 0x52b88000, 0x72800080, 0xd2800061,
	0xd2800002, 0xd4000003, 0xf100041f, 0x54ffff41, 0x52b08000, 0x72800100, 0xd4000002, 0x14000000,
	0xd2a8021c, 0x9100639c, 0xf101dc1f, 0x54000061, 0xd2800025, 0xf8250386, 0x52b08000, 0x72800040,
	0xd4000002, 0x14000000, 0x52b88000, 0x72800060, 0x10fff982, 0xd2800003, 0xd4000002, 0xd65f03c0,
};

/*
 * vCPU 0 moves the page at 0x1000 between two frames and kills the old frame
 * after TLBI and DSB; readers may never see the dead value.
 *
 * // Tables (made by the test): identity block for RAM; VA 0x1000 is L3[1] at x27; pages A x25, B x26.
 * // data at x28: +0 stop, +8 bad, +16 rounds seen by the readers
 * start:  bl mmu_on
 *         movz x20, #1
 * 1:      movz w0, #0xc400, lsl #16
 *         movk w0, #3
 *         mov x1, x20
 *         adr x2, reader
 *         hvc #0
 *         add x20, x20, #1
 *         cmp x20, #3
 *         b.ne 1b
 *         movz x21, #3000
 * 2:      movz x1, #1
 *         str x1, [x26]           // B is good
 *         dmb ish
 *         orr x2, x26, #0x400
 *         orr x2, x2, #3
 *         str x2, [x27, #8]
 *         dsb ishst
 *         movz x3, #1
 *         tlbi vae1is, x3
 *         dsb ish
 *         movz x1, #99
 *         str x1, [x25]           // A is dead: nobody may see it any more
 *         mov x1, x25
 *         mov x25, x26
 *         mov x26, x1
 *         sub x21, x21, #1
 *         tst x21, #63
 *         b.ne 3f
 *         sev
 * 3:      cbnz x21, 2b
 *         movz x1, #1
 *         stlr x1, [x28]
 *         sev
 * 4:      ldr x1, [x28, #24]
 *         cmp x1, #2
 *         b.ne 4b
 *         movz w0, #0x8400, lsl #16
 *         movk w0, #8
 *         hvc #0
 *         b .
 * reader: bl mmu_on
 *         mov x5, #0x1000
 *         movz x9, #0
 * 5:      ldr x6, [x5]
 *         cmp x6, #99
 *         b.ne 6f
 *         str x6, [x28, #8]
 * 6:      add x9, x9, #1
 *         tst x9, #0xfff
 *         b.ne 7f
 *         wfe
 * 7:      ldr x6, [x28]
 *         cbz x6, 5b
 *         add x10, x28, #16
 *         ldadd x9, x6, [x10]
 *         movz x9, #1
 *         add x10, x28, #24
 *         ldaddal x9, x6, [x10]
 *         b .
 * mmu_on: movz x28, #0x4010, lsl #16
 *         movz x27, #0x4011, lsl #16
 *         movz x25, #0x4012, lsl #16
 *         movz x26, #0x4013, lsl #16
 *         movz x0, #0x4014, lsl #16
 *         msr ttbr0_el1, x0
 *         movz x0, #0xff
 *         msr mair_el1, x0
 *         movz x0, #16
 *         movk x0, #0x10, lsl #16
 *         movk x0, #5, lsl #32
 *         msr tcr_el1, x0
 *         isb
 *         mrs x0, sctlr_el1
 *         orr x0, x0, #1
 *         msr sctlr_el1, x0
 *         isb
 *         ret
 */
static const uint32_t tlbi_code[] = {
	0x9400003c, 0xd2800034, 0x52b88000, 0x72800060, 0xaa1403e1, 0x10000482, 0xd4000002, 0x91000694,
	0xf1000e9f, 0x54ffff21, 0xd2817715, 0xd2800021, 0xf9000341, 0xd5033bbf, 0xb2760342, 0xb2400442,
	0xf9000762, 0xd5033a9f, 0xd2800023, 0xd5088323, 0xd5033b9f, 0xd2800c61, 0xf9000321, 0xaa1903e1,
	0xaa1a03f9, 0xaa0103fa, 0xd10006b5, 0xf24016bf, 0x54000041, 0xd503209f, 0xb5fffdb5, 0xd2800021,
	0xc89fff81, 0xd503209f, 0xf9400f81, 0xf100083f, 0x54ffffc1, 0x52b08000, 0x72800100, 0xd4000002,
	0x14000000, 0x94000013, 0xd2820005, 0xd2800009, 0xf94000a6, 0xf1018cdf, 0x54000041, 0xf9000786,
	0x91000529, 0xf2402d3f, 0x54000041, 0xd503205f, 0xf9400386, 0xb4fffee6, 0x9100438a, 0xf8290146,
	0xd2800029, 0x9100638a, 0xf8e90146, 0x14000000, 0xd2a8021c, 0xd2a8023b, 0xd2a80259, 0xd2a8027a,
	0xd2a80280, 0xd5182000, 0xd2801fe0, 0xd518a200, 0xd2800200, 0xf2a00200, 0xf2c000a0, 0xd5182040,
	0xd5033fdf, 0xd5381000, 0xb2400000, 0xd5181000, 0xd5033fdf, 0xd65f03c0,
};

static struct physmap *pm;
static struct sched *s;
static unsigned resets;

static uint64_t data(unsigned n) { return ram_ld64((uint64_t *)physmap_host(pm, mk_gpa(DATA), 64, true) + n); }
static void poke(uint64_t pa, uint64_t v) { ram_st64(physmap_host(pm, mk_gpa(pa), 8, true), v); }

static bool on_reset(void *arg)
{
	resets++;
	poke(DATA, resets);
	return resets < 20;
}

static void make(const uint32_t *code, size_t bytes, bool with_reset)
{
	struct sched_config cfg = {.nvcpus = NCPUS, .run = interp_run, .reset = with_reset ? on_reset : NULL};
	struct err e;

	pm = physmap_new();
	if (physmap_add_ram(pm, mk_gpa(RAM), RAM_SIZE, "RAM", &e))
		exit(99);
	dma_write(pm, mk_gpa(RAM), code, bytes);
	s = sched_new(&cfg);
	for (unsigned k = 0; k < NCPUS; k++) {
		struct vcpu_config vc = {.index = k, .mpidr = k, .model = cpu_model_find("max"), .pm = pm,
					 .mops = &sched_machine_ops, .machine = s, .all = sched_vcpus(s),
					 .nvcpus = NCPUS};

		sched_vcpus(s)[k] = vcpu_new(&vc);
		if (interp_init(sched_vcpus(s)[k]))
			exit(99);
	}
	sched_set_boot(s, 0, RAM, 0);
}

static void unmake(void)
{
	for (unsigned k = 0; k < NCPUS; k++) {
		interp_free(sched_vcpus(s)[k]);
		vcpu_free(sched_vcpus(s)[k]);
	}
	sched_free(s);
	physmap_free(pm);
}

static void psci_race(void)
{
	struct err e;
	int code = -1;

	make(psci_code, sizeof(psci_code), false);
	poke(DATA + 32, 3);
	ok(sched_run(s, &code, &e) == 0 && code == 0, "SYSTEM_OFF ends the run");
	ok(data(2) == 0, "CPU_ON says SUCCESS or ALREADY_ON, nothing else");
	ok(data(0) + data(1) == 60000, "every call returned");
	ok(data(0) == data(3) && data(0) > 0, "each success is one start (%u), each start a success",
	   (unsigned)data(3));
	unmake();
}

static void tlbi_race(void)
{
	struct err e;
	int code = -1;

	make(tlbi_code, sizeof(tlbi_code), false);
	poke(0x40140000, 0x40150003);              /* level 0 */
	poke(0x40150000, 0x40160003);              /* level 1 */
	poke(0x40150008, 0x40000000 | 0x401);      /* RAM: a block of 1 GiB */
	poke(0x40160000, 0x40110003);              /* level 2 */
	poke(0x40110008, 0x40120000 | 0x403);      /* level 3: the page that moves */
	poke(0x40120000, 1);
	ok(sched_run(s, &code, &e) == 0 && code == 0, "remapping under readers ends (no deadlock)");
	ok(data(1) == 0, "nobody saw a frame after TLBI and DSB");
	ok(data(2) > 0, "the readers did read (%u)", (unsigned)data(2));
	unmake();
}

/* hvc SYSTEM_RESET at once */
static const uint32_t reset_code[] = {0x52b08000, 0x72800120, 0xd4000002, 0x14000000};

static void reset_loop(void)
{
	struct err e;
	int code = -1;

	make(reset_code, sizeof(reset_code), true);
	ok(sched_run(s, &code, &e) == 0 && resets == 20, "SYSTEM_RESET starts over, until the machine says no");
	unmake();
}

/* loop: add x0, x0, #1 ; str x0, [x28] with x28 = DATA ; wfe-free, endless */
static const uint32_t spin_code[] = {0xd2a8021c, 0x91000400, 0xf9000380, 0x17fffffe};

/* Until the guest has counted beyond `from`; minutes on a host that is very busy. */
static uint64_t counted(uint64_t from)
{
	struct timespec ms1 = {0, 1000000};

	for (unsigned k = 0; k < 300000 && data(0) <= from; k++)
		nanosleep(&ms1, NULL);
	return data(0);
}

static void *quitter(void *arg)
{
	struct timespec ms20 = {0, 20000000};
	volatile uint64_t *seen = arg;

	counted(0);
	sched_pause(s);
	seen[0] = data(0);
	nanosleep(&ms20, NULL);
	seen[1] = data(0);
	sched_resume(s);
	seen[2] = counted(seen[1]);
	sched_quit(s, 7);
	return NULL;
}

static void pause_and_quit(void)
{
	uint64_t seen[3] = {0};
	pthread_t t;
	struct err e;
	int code = -1;

	make(spin_code, sizeof(spin_code), false);
	pthread_create(&t, NULL, quitter, seen);
	ok(sched_run(s, &code, &e) == 0 && code == 7, "another thread quits an endless guest");
	pthread_join(t, NULL);
	ok(seen[0] && seen[0] == seen[1], "a paused guest stands still");
	ok(seen[2] > seen[1], "and goes on when resumed");
	unmake();
}

int main(void)
{
	clock_init();
	psci_race();
	tlbi_race();
	reset_loop();
	pause_and_quit();
	return tap_done();
}
