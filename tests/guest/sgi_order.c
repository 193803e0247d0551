/*
 * Order across an SGI, as litmus tests whose second half is a handler: what
 * vCPU 0 stores before it asks for the interrupt must be seen by the handler on
 * vCPU 1 where a DSB stands between, and the other way about; with nothing
 * between, both outcomes are allowed and only counted ('#').
 *
 *   MP+dsb     store; DSB ISHST; ICC_SGI1R     handler: load
 *   MP2+dsb    two stores with DMB ISHST; DSB; SGI     handler: both, second first
 *   S+dsb      load of what the handler stores; DSB; SGI     handler: store    (never its own future)
 *   RTT+dsb    store; DSB; SGI     handler: load, DSB, SGI back     handler of vCPU 0: all is seen
 *   MP+po      store; SGI     handler: load     (relaxed)
 *
 * Caches on; the lines go to and fro, so that a store may still be on its way when the interrupt is there.
 */
#include "guest.h"

#define LEAST 20u     /* trials of a test; more while there is time, so that a busy host is not kept long */
#define TIME_MS 100u
#define SGI_ASK 3ull
#define SGI_ANSWER 4ull

enum { MP_DSB, MP2_DSB, S_DSB, RTT_DSB, MP_PO, NTESTS };
static const char *const names[NTESTS] = {"MP+dsb", "MP2+dsb", "S+dsb", "RTT+dsb", "MP+po"};

struct line { volatile uint32_t v; uint8_t pad[124]; } __attribute__((aligned(128)));

static struct line x, y, z, test, taken, answered, ready;
static volatile uint32_t wrong[NTESTS], seen[NTESTS];

static void sgi(unsigned to, uint64_t n) { __asm__ volatile("msr S3_0_C12_C11_5, %0" ::"r"(n << 24 | 1ull << to) : "memory"); }
#define dsb_st() __asm__ volatile("dsb ishst" ::: "memory")
#define dmb_st() __asm__ volatile("dmb ishst" ::: "memory")

static uint32_t round_now; /* of vCPU 0; the handler of vCPU 1 knows it by counting */
static uint32_t round_there;

static void asked(void)
{
	uint32_t k = ++round_there, t = test.v;

	switch (t) {
	case MP_DSB:
	case MP_PO:
		wrong[t] += x.v != k;
		break;
	case MP2_DSB: {
		uint32_t b = y.v;

		__asm__ volatile("dmb ishld" ::: "memory");
		wrong[t] += b != k || x.v != k;
		break;
	}
	case S_DSB:
		x.v = k;
		break;
	case RTT_DSB:
		wrong[t] += x.v != k;
		y.v = k;
		dsb_st();
		sgi(0, SGI_ANSWER);
		break;
	}
	dsb();
	taken.v = k;
}

static void handler(void)
{
	uint64_t id = mrs(S3_0_C12_C12_0);

	if (id == 1023)
		return;
	if (id == SGI_ASK)
		asked();
	if (id == SGI_ANSWER) {
		wrong[RTT_DSB] += y.v != round_now;
		answered.v = round_now;
	}
	msr(S3_0_C12_C12_1, id);
}

static void interrupts_on(unsigned me)
{
	uint64_t frame = GICR + me * 0x20000ull;

	wr32(frame + 0x14, 0);
	wr32(frame + 0x10080, ~0u);
	wr32(frame + 0x10100, 1u << SGI_ASK | 1u << SGI_ANSWER);
	msr(S3_0_C4_C6_0, 0xf0);
	msr(S3_0_C12_C12_7, 1);
	caches_on();
	irqs_on();
}

static void partner(unsigned me)
{
	interrupts_on(me);
	ready.v = 1;
	for (;;)
		if (++z.v % 64 == 0) /* stores of its own: there is always one under way */
			__asm__ volatile("yield");
}

static void trial(unsigned t)
{
	uint32_t k = ++round_now, before = 0;

	switch (t) {
	case MP_DSB:
		x.v = k;
		dsb_st();
		break;
	case MP2_DSB:
		x.v = k;
		dmb_st();
		y.v = k;
		dsb_st();
		break;
	case S_DSB:
		before = x.v;
		dsb();
		break;
	case RTT_DSB:
		x.v = k;
		dsb_st();
		break;
	case MP_PO:
		x.v = k;
		break;
	}
	sgi(1, SGI_ASK);
	if (!wait_for(&taken.v, k, "the handler") || (t == RTT_DSB && !wait_for(&answered.v, k, "the answer")))
		power_off();
	if (t == S_DSB)
		wrong[t] += before == k || x.v != k;
	seen[t]++;
}

void guest_main(void)
{
	on_irq = handler;
	wr32(GICD, 2);
	interrupts_on(0);
	start_cpu(1, partner);
	wait_for(&ready.v, 1, "vCPU 1");
	for (unsigned t = 0; t < NTESTS; t++) {
		uint64_t end = mrs(cntvct_el0) + TIME_MS * mrs(cntfrq_el0) / 1000;

		test.v = t;
		dsb();
		while (seen[t] < LEAST || mrs(cntvct_el0) < end)
			trial(t);
		out("# %s: %d of %d trials %s\n", names[t], (int)wrong[t], (int)seen[t],
		    t == MP_PO ? "saw the old value, which is allowed" : "out of order");
		if (t != MP_PO)
			out("%s: %s\n", names[t], wrong[t] ? "out of order" : "in order");
	}
	out("done\n");
}
