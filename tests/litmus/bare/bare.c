/*
 * The harness of `parma litmus` as a bare-metal guest, for rates on other
 * emulators: the plan and the code of one test (parma litmus -image), the
 * same source around the runs (litmus/trial.c, litmus/hist.c), and here what
 * litmus/gang.c does with host threads, with vCPUs.
 *
 * Prints states with their counts, trials and microseconds.
 */
#include "guest.h"

#include "litmus/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

__asm__(".balign 4096\n .global image\nimage: .incbin \"" IMAGE "\"\n .balign 4096\n");
extern const uint8_t image[];
#define PLAN ((const struct trial_plan *)image)

struct start { uint64_t rec, out, entry; };

static struct trial trial;
static struct { uint64_t regs[14]; struct start start; } saved[TRIAL_CPUS] __attribute__((aligned(64)));
static uint64_t runs;
static bool ran, last, done;
static struct { volatile uint32_t v; uint8_t pad[124]; } arrived, opened __attribute__((aligned(128)));

/* -- what the shared source wants of a C library -- */

static uint8_t heap[64 << 20] __attribute__((aligned(64)));
static uint64_t used;

void *calloc(size_t n, size_t size)
{
	uint64_t at = __atomic_fetch_add(&used, ALIGN_UP(n * size + 16, 64u), __ATOMIC_RELAXED);

	if (at + n * size + 16 > sizeof(heap))
		exit(1);
	memset(heap + at, 0, n * size + 16);
	*(uint64_t *)(heap + at) = n * size;
	return heap + at + 16;
}

void *realloc(void *p, size_t size)
{
	void *to = calloc(1, size);

	if (p)
		memcpy(to, p, MIN(size, ((uint64_t *)p)[-2]));
	return to;
}

void free(void *p) { (void)p; }

void exit(int code)
{
	out("exit %d\n", code);
	power_off();
}

void *memcpy(void *to, const void *from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	for (; n >= 8; n -= 8, d += 8, s += 8)
		__builtin_memcpy(d, s, 8);
	while (n--)
		*d++ = *s++;
	return to;
}

void *memset(void *to, int c, size_t n)
{
	uint8_t *d = to;
	uint64_t w = (uint8_t)c * UINT64_C(0x0101010101010101);

	for (; n >= 8; n -= 8, d += 8)
		__builtin_memcpy(d, &w, 8);
	while (n--)
		*d++ = (uint8_t)c;
	return to;
}

/* -- the machine -- */

/* Where the test's code comes back to, through a branch at the begin of RAM. */
void back(void);

/* Runs a thread's loop over its instances. */
static __attribute__((noinline)) void enter(unsigned me)
{
	uint64_t *regs = saved[me].regs;

	msr(tpidr_el1, (uint64_t)regs);
	__asm__ volatile("stp x19, x20, [%0]\n stp x21, x22, [%0, #16]\n stp x23, x24, [%0, #32]\n stp x25, x26, [%0, #48]\n"
			 "stp x27, x28, [%0, #64]\n mov x2, sp\n stp x29, x2, [%0, #80]\n"
			 "mov x0, %1\n br %2\n"
			 ".global back\nback:\n mrs x1, tpidr_el1\n"
			 "ldp x19, x20, [x1]\n ldp x21, x22, [x1, #16]\n ldp x23, x24, [x1, #32]\n ldp x25, x26, [x1, #48]\n"
			 "ldp x27, x28, [x1, #64]\n ldp x29, x2, [x1, #80]\n mov sp, x2\n"
			 :
			 : "r"(regs), "r"(&saved[me].start), "r"(saved[me].start.entry)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
			   "x17", "x18", "x30", "memory", "cc");
}

/* All wait for all; the last one calls what is to be done. */
static void gate(void (*what)(void))
{
	uint32_t now = opened.v;

	if (__atomic_add_fetch(&arrived.v, 1, __ATOMIC_ACQ_REL) == PLAN->ncpus) {
		what();
		arrived.v = 0;
		__atomic_store_n(&opened.v, now + 1, __ATOMIC_RELEASE);
		return;
	}
	look_until(&opened.v, now, false, ~UINT64_C(0));
}

static void before_work(void)
{
	trial_draw(&trial);
	last = trial.now.number > PLAN->runs;
}

static void after_work(void)
{
	runs += ran;
	done = last;
	ran = true;
}

static void live(unsigned me)
{
	for (;;) {
		gate(before_work);
		if (ran)
			trial_collect(&trial, me);
		if (!last)
			trial_prepare(&trial, me);
		gate(after_work);
		if (done)
			return;
		if (trial_role(&trial, me, &saved[me].start.rec, &saved[me].start.out, &saved[me].start.entry)) {
			enter(me);
			trial_digest(&trial, me);
		}
	}
}

static void partner(unsigned me)
{
	caches_on();
	live(me);
}

static void load(void)
{
	const uint8_t *after = image + sizeof(struct trial_plan);
	uint32_t nwords = *(const uint32_t *)after;
	uint32_t *stub = (uint32_t *)PLAN->ram;
	uint64_t to = (uint64_t)back;

	memcpy((void *)PLAN->image, after + 8, nwords * 4ull);
	stub[0] = 0x58000050; /* ldr x16, .+8 */
	stub[1] = 0xd61f0200; /* br x16 */
	memcpy(stub + 2, &to, 8);
	dsb();
}

/* Names of the values of a state: "0:X2", "[x]", each with a NUL, after the code. */
static const char *names(void)
{
	const uint8_t *after = image + sizeof(struct trial_plan);

	return (const char *)after + 8 + *(const uint32_t *)after * 4ull;
}

static void print_num(uint64_t v)
{
	if (v >> 31)
		out("0x%lx", v);
	else
		out("%d", (int)v);
}

static void report(uint64_t ticks)
{
	struct hist sum;

	hist_init(&sum, PLAN->width);
	for (unsigned v = 0; v < PLAN->ncpus; v++)
		hist_merge(&sum, &trial.hist[v]);
	out("Histogram (%d states)\n", (int)sum.n);
	for (unsigned i = 0; i < sum.n; i++) {
		const char *name = names();

		print_num(sum.count[i]);
		out(" :>");
		for (unsigned k = 0; k < sum.width; k++, name += strlen(name) + 1) {
			out("%s=", name);
			print_num(hist_at(&sum, i)[k]);
			out("; ");
		}
		out("\n");
	}
	out("trials ");
	print_num(runs * PLAN->ncopies * PLAN->size);
	out(" us ");
	print_num(ticks * 1000000 / mrs(cntfrq_el0));
	out("\n");
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

void guest_main(void)
{
	uint32_t *perm;
	uint64_t t0, end;

	caches_on();
	if (PLAN->magic != TRIAL_MAGIC)
		exit(2);
	perm = calloc(PLAN->size, sizeof(*perm));
	end = trial_init(&trial, PLAN, (uint8_t *)PLAN->ram, perm, PLAN->image + 0x200000);
	memset((void *)(PLAN->image + 0x200000), 0, end - PLAN->image - 0x200000);
	load();
	__asm__ volatile("ic iallu\n dsb nsh\n isb" ::: "memory");
	for (unsigned v = 1; v < PLAN->ncpus; v++)
		start_cpu(v, partner);
	t0 = mrs(cntvct_el0);
	live(0);
	report(mrs(cntvct_el0) - t0);
}
