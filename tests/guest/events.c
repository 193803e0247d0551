/*
 * WFE, SEV and SEVL among vCPUs, caches on: an event before the WFE counts,
 * nobody sleeps through one (a lost wake-up is a hang, which ends the run), a
 * store to the marked location wakes, and the event stream does.
 */
#include "guest.h"

#define MAX_CPUS 16u
#define ROUNDS (cpus > 2 ? 40000u : 8000u) /* the reference, which has two, is slow: it does not sleep in WFE */
#define EARLY 300u
#define MARKED 300u

#define wfe() __asm__ volatile("wfe" ::: "memory")
#define sev() __asm__ volatile("dsb ish\n\tsev" ::: "memory")

static struct line {
	volatile uint32_t v;
	uint8_t pad[124];
} turn, early, heard, marked, echo __attribute__((aligned(128)));
static volatile uint32_t up, go, done;
static uint32_t cpus = 1;

static uint32_t ld(volatile uint32_t *p)
{
	uint32_t v;

	__asm__ volatile("ldar %w0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}
static void st(volatile uint32_t *p, uint32_t v) { __asm__ volatile("stlr %w1, %0" : "=Q"(*p) : "r"(v) : "memory"); }
static void add(volatile uint32_t *p, uint32_t v) { __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }

/* Sleeps until *p is v; only events wake. */
static void sleep_until(volatile uint32_t *p, uint32_t v)
{
	while (ld(p) != v)
		wfe();
}

/* The same with the monitor set on *p: a store to it is enough. */
static void watch_until(volatile uint32_t *p, uint32_t v)
{
	uint32_t now;

	for (;;) {
		__asm__ volatile("ldaxr %w0, %1" : "=r"(now) : "Q"(*p) : "memory");
		if (now == v)
			break;
		wfe();
	}
	__asm__ volatile("clrex");
}

/* Each hands the turn on and sleeps until it is back. */
static void pass_on(unsigned me)
{
	for (uint32_t k = me; k < ROUNDS; k += cpus) {
		sleep_until(&turn.v, k);
		st(&turn.v, k + 1);
		sev();
	}
}

/* The event comes while nobody waits for it; whoever does later must not sleep. */
static void early_event(unsigned me)
{
	for (uint32_t k = 1; me < 2 && k <= EARLY; k++) {
		if (me == 0) {
			sev();
			st(&early.v, k);
			while (ld(&heard.v) != k)
				__asm__ volatile("yield");
		} else {
			while (ld(&early.v) != k)
				__asm__ volatile("yield");
			wfe();
			st(&heard.v, k);
		}
	}
}

/* By a plain store, and no SEV; now and then after the other must be waiting. */
static void marked_location(unsigned me)
{
	for (uint32_t k = 1; me < 2 && k <= MARKED; k++) {
		if (me == 0) {
			if (k % 8 == 0)
				delay_us(20);
			marked.v = k;
			watch_until(&echo.v, k);
		} else {
			watch_until(&marked.v, k);
			echo.v = k;
		}
	}
}

static void all(unsigned me)
{
	pass_on(me);
	early_event(me);
	marked_location(me);
	add(&done, 1);
	sev();
}

static void other(unsigned me)
{
	caches_on();
	add(&up, 1);
	sev();
	sleep_until(&go, 1);
	all(me);
}

static void event_stream(void)
{
	uint64_t bit = 8, t0;
	bool late = true;

	/* clear what events there are, then only the stream is left: a change of bit 8, 244 kHz or less */
	__asm__ volatile("sevl\n wfe");
	msr(cntkctl_el1, mrs(cntkctl_el1) | bit << 4 | 1 << 2);
	for (unsigned tries = 0; late && tries < 60; tries++) { /* again where the host took the processor away meanwhile */
		t0 = mrs(cntvct_el0);
		for (unsigned k = 0; k < 20; k++)
			wfe();
		late = mrs(cntvct_el0) - t0 >= mrs(cntfrq_el0);
	}
	out("20 events of the stream %s\n", late ? "were late" : "came");
	msr(cntkctl_el1, mrs(cntkctl_el1) & ~4ull);
}

void guest_main(void)
{
	caches_on();
	__asm__ volatile("sevl\n wfe\n sev\n wfe");
	out("own events end WFE\n");
	for (unsigned k = 1; k < MAX_CPUS && !start_cpu(k, other); k++)
		cpus++;
	sleep_until(&up, cpus - 1);
	go = 1;
	sev();
	all(0);
	sleep_until(&done, cpus); /* the last turns are other CPUs' */
	out("the turn went round%s\n", ld(&turn.v) == ROUNDS ? "" : ", but not to the end");
	out("events before WFE were heard %d times\n", (int)ld(&heard.v));
	out("stores to a marked location: %d\n", (int)ld(&echo.v));
	event_stream();
}
