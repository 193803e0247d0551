/*
 * Two things that emulators get wrong, as a Linux program: store buffering
 * across STLR/LDAR and DMB, and store-exclusives that succeed although the
 * location was stored to in between and has its old value again.
 *
 *   memorder SECONDS     so long for each test; a line each: NAME TRIALS FORBIDDEN
 *
 * Lines that begin with '#' are for the reader.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE __attribute__((aligned(128)))

static double seconds;
static LINE _Atomic uint64_t arrived;
static LINE _Atomic int stop;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void pin(unsigned n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Both threads wait for each other: number of meetings so far times two. */
static void meet(uint64_t *n)
{
	*n += 2;
	atomic_fetch_add(&arrived, 1);
	for (unsigned k = 1; atomic_load(&arrived) < *n; k++)
		if (k % 1000 == 0)
			sched_yield();
}

static void spin(volatile unsigned n)
{
	while (n)
		n--;
}

/* -- store buffering: arrays of instances, as litmus tests run -- */

enum { SIZE = 512 };
enum sb { SB_PLAIN, SB_RELACQ, SB_DMB, SB_SWP };
static struct { uint64_t v; char pad[56]; } LINE x[SIZE], y[SIZE];
static LINE _Atomic uint64_t word[SIZE];
static uint64_t seen[2][SIZE];
static enum sb sb_kind;

static uint64_t sb_one(enum sb how, uint64_t *mine, uint64_t *theirs)
{
	uint64_t r, t;

	switch (how) {
	case SB_RELACQ:
		__asm__ volatile("stlr %2, [%1]\n ldar %0, [%3]" : "=&r"(r) : "r"(mine), "r"(1ull), "r"(theirs) : "memory");
		return r;
	case SB_DMB:
		__asm__ volatile("str %2, [%1]\n dmb ish\n ldr %0, [%3]" : "=&r"(r) : "r"(mine), "r"(1ull), "r"(theirs) : "memory");
		return r;
	case SB_SWP:
		__asm__ volatile("swpal %3, %1, [%2]\n ldar %0, [%4]"
				 : "=&r"(r), "=&r"(t) : "r"(mine), "r"(1ull), "r"(theirs) : "memory");
		return r;
	default:
		__asm__ volatile("str %2, [%1]\n ldr %0, [%3]" : "=&r"(r) : "r"(mine), "r"(1ull), "r"(theirs) : "memory");
		return r;
	}
}

static void sb_run(unsigned me)
{
	for (unsigned k = 0; k < SIZE; k++) {
		if (k % 2 == me) {
			atomic_store_explicit(&word[k], 1, memory_order_relaxed);
			spin(k * 7 % 64);
		} else {
			for (unsigned n = 0; n < 3000 && !atomic_load_explicit(&word[k], memory_order_relaxed); n++)
				;
		}
		seen[me][k] = me ? sb_one(sb_kind, &y[k].v, &x[k].v) : sb_one(sb_kind, &x[k].v, &y[k].v);
	}
}

static void sb_thread(unsigned me, uint64_t *trials, uint64_t *bad)
{
	double end = now() + seconds;
	uint64_t n = 0;

	for (;;) {
		if (!me) {
			memset(x, 0, sizeof(x));
			memset(y, 0, sizeof(y));
			memset((void *)word, 0, sizeof(word));
			stop = now() > end && *trials;
		}
		meet(&n);
		if (stop)
			return;
		sb_run(me);
		meet(&n);
		for (unsigned k = 0; !me && k < SIZE; k++)
			*bad += !seen[0][k] && !seen[1][k];
		*trials += me ? 0 : SIZE;
	}
}

/* -- A, B, A between LDAXR and STLXR -- */

enum aba { ABA_STORES, ABA_EXCLUSIVES, ABA_LSE };
static enum aba aba_kind;
static LINE uint64_t spot, phase, done;

static uint64_t ld(uint64_t *p)
{
	uint64_t v;

	__asm__ volatile("ldar %0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}
static void st(uint64_t *p, uint64_t v) { __asm__ volatile("stlr %1, %0" : "=Q"(*p) : "r"(v) : "memory"); }

static void store_by(enum aba how, uint64_t v)
{
	uint64_t t;
	uint32_t f;

	switch (how) {
	case ABA_STORES: __asm__ volatile("str %1, %0" : "=Q"(spot) : "r"(v) : "memory"); break;
	case ABA_LSE: __asm__ volatile("swp %2, %0, [%1]" : "=r"(t) : "r"(&spot), "r"(v) : "memory"); break;
	default:
		__asm__ volatile("1: ldxr %0, [%2]\n stxr %w1, %3, [%2]\n cbnz %w1, 1b"
				 : "=&r"(t), "=&r"(f) : "r"(&spot), "r"(v) : "memory");
	}
}

/* LDAXR; the other thread stores A, B, A; STLXR. Returns whether the store succeeded; none: nothing was stored. */
static int aba_one(uint64_t step)
{
	uint64_t v, t;
	uint32_t fail;

	spot = 1;
	__asm__ volatile("dmb ish\n"
			 "ldaxr %0, [%3]\n"
			 "stlr %5, [%4]\n"
			 "1: yield\n ldar %1, [%6]\n"
			 "cmp %1, %5\n"
			 "b.ne 1b\n"
			 "stlxr %w2, %7, [%3]\n"
			 : "=&r"(v), "=&r"(t), "=&r"(fail)
			 : "r"(&spot), "r"(&phase), "r"(step), "r"(&done), "r"(3ull)
			 : "memory", "cc");
	return !fail;
}

static void aba_thread(unsigned me, uint64_t *trials, uint64_t *bad)
{
	double end = now() + seconds;
	const uint64_t last = ~0ull;

	if (!me) {
		for (uint64_t step = 1; now() < end || step <= 10; step++, ++*trials)
			*bad += (uint64_t)aba_one(step);
		st(&phase, last);
		return;
	}
	for (uint64_t was = 0, p;; was = p) {
		for (unsigned k = 1; (p = ld(&phase)) == was; k++)
			if (k % 1000 == 0)
				sched_yield();
		if (p == last)
			return;
		store_by(aba_kind, 2);
		store_by(aba_kind, 1);
		st(&done, p);
	}
}

/* -- the same in a program: a stack whose pop is LDAXR, load of the next, STLXR -- */

enum { NODES = 3 };
static struct node { uint64_t next; char pad[120]; } LINE node[NODES + 1];
static LINE uint64_t head;
static uint64_t lost;

static uint64_t pop(void)
{
	uint64_t top, next;
	uint32_t fail;

	do {
		__asm__ volatile("ldaxr %0, [%1]" : "=&r"(top) : "r"(&head) : "memory");
		if (!top) {
			__asm__ volatile("clrex" ::: "memory");
			return 0;
		}
		__asm__ volatile("ldr %0, [%2]\n stlxr %w1, %0, [%3]"
				 : "=&r"(next), "=&r"(fail) : "r"(&node[top].next), "r"(&head) : "memory");
	} while (fail);
	return top;
}

static void push(uint64_t n)
{
	uint64_t top;
	uint32_t fail;

	do {
		__asm__ volatile("ldaxr %0, [%3]\n str %0, [%2]\n stlxr %w1, %4, [%3]"
				 : "=&r"(top), "=&r"(fail) : "r"(&node[n].next), "r"(&head), "r"(n) : "memory");
	} while (fail);
}

/* Two nodes out, back in the same order; nobody may ever hold a node that another holds. */
static _Atomic int held[NODES + 1];
static void take(uint64_t n) { lost += n && atomic_exchange(&held[n], 1); }
static void give(uint64_t n) { if (n) { atomic_store(&held[n], 0); push(n); } }

static void stack_thread(unsigned me, uint64_t *trials, uint64_t *bad)
{
	double end = now() + seconds;
	uint64_t n = 0;

	do {
		if (!me) {
			head = 0;
			memset((void *)held, 0, sizeof(held));
			for (uint64_t k = 1; k <= NODES; k++)
				push(k);
		}
		for (unsigned k = 0; k < 100; k++) {
			uint64_t a, b;

			if (!k)
				meet(&n);
			a = pop();
			take(a);
			b = pop();
			take(b);
			give(a);
			give(b);
			*trials += !me;
		}
		meet(&n);
		if (!me) {
			unsigned left = 0;

			for (uint64_t at = head; at && left <= NODES; at = node[at].next)
				left++;
			lost += left != NODES;
			stop = now() > end || lost;
		}
		meet(&n);
	} while (!stop);
	*bad = me ? *bad : lost;
}

/* -- all of them -- */

static const struct test {
	const char *name;
	void (*thread)(unsigned me, uint64_t *trials, uint64_t *bad);
	int kind;
	int may; /* happens, and may */
} tests[] = {
	{"sb-plain", sb_thread, SB_PLAIN, 1}, {"sb-stlr-ldar", sb_thread, SB_RELACQ, 0}, {"sb-dmb", sb_thread, SB_DMB, 0},
	{"sb-swpal-ldar", sb_thread, SB_SWP, 0}, {"aba-stores", aba_thread, ABA_STORES, 0},
	{"aba-exclusives", aba_thread, ABA_EXCLUSIVES, 0}, {"aba-lse", aba_thread, ABA_LSE, 0}, {"stack", stack_thread, 0, 0},
};
static const struct test *current;

static void *second(void *arg)
{
	uint64_t trials = 0, bad = 0;

	pin(1);
	current->thread(1, &trials, &bad);
	return arg;
}

int main(int argc, char **argv)
{
	int failed = 0;

	seconds = argc > 1 ? atof(argv[1]) : 1;
	pin(0);
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		uint64_t trials = 0, bad = 0;
		pthread_t th;

		current = &tests[i];
		sb_kind = (enum sb)tests[i].kind;
		aba_kind = (enum aba)tests[i].kind;
		arrived = 0;
		phase = done = lost = 0;
		stop = 0;
		pthread_create(&th, NULL, second, NULL);
		tests[i].thread(0, &trials, &bad);
		pthread_join(th, NULL);
		printf("%s%s %llu %llu\n", tests[i].may ? "# " : "", tests[i].name, (unsigned long long)trials, (unsigned long long)bad);
		fflush(stdout);
		failed |= !tests[i].may && bad;
	}
	return failed;
}
