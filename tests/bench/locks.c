/*
 * The lock workloads of `parma scale` (src/guest/scale.c) natively, for what the host's own cores and caches do when
 * one, two or more threads run them:
 *
 *     locks THREADS MS [WORKLOAD]...
 *
 * prints a line each: name, operations a second, fewest over most operations of one thread.  Waiters spin, with
 * sched_yield() after YIELD_AFTER turns where there are more threads than processors.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64
#define YIELD_AFTER 100
#define ALIGNED __attribute__((aligned(64)))

static uint32_t nthreads, stop ALIGNED, go ALIGNED;
static double deadline;
static int crowded;
static struct {
	uint64_t ops;
	uint8_t pad[56];
} count[MAX_THREADS] ALIGNED;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint32_t acquire(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void release(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

static void relax(unsigned *spins)
{
	__builtin_ia32_pause();
	if (++*spins % YIELD_AFTER == 0 && crowded)
		sched_yield();
}

static void wait_for(const uint32_t *p, uint32_t v)
{
	unsigned spins = 0;

	while (acquire(p) != v)
		relax(&spins);
}

static int over(void)
{
	if (acquire(&stop))
		return 1;
	if (now() < deadline)
		return 0;
	release(&stop, 1);
	return 1;
}

static uint64_t shared[4][8] ALIGNED;
static void critical(void)
{
	for (unsigned k = 0; k < 4; k++)
		((volatile uint64_t(*)[8])shared)[k][0]++;
}

static uint32_t next_ticket ALIGNED, serving ALIGNED;
static uint64_t run_ticket(uint32_t me)
{
	uint64_t n = 0;

	(void)me;
	do {
		uint32_t t = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_ACQ_REL);

		wait_for(&serving, t);
		critical();
		release(&serving, t + 1);
		n++;
	} while (!over());
	return n;
}

static struct mcs {
	struct mcs *next;
	uint32_t locked;
	uint8_t pad[52];
} mcs_node[MAX_THREADS] ALIGNED, *mcs_tail ALIGNED;

static uint64_t run_mcs(uint32_t me)
{
	struct mcs *node = &mcs_node[me];
	uint64_t n = 0;

	do {
		struct mcs *prev, *next, *self = node;
		unsigned spins = 0;

		__atomic_store_n(&node->next, (struct mcs *)0, __ATOMIC_RELAXED);
		__atomic_store_n(&node->locked, 0, __ATOMIC_RELAXED);
		prev = __atomic_exchange_n(&mcs_tail, node, __ATOMIC_ACQ_REL);
		if (prev) {
			__atomic_store_n(&prev->next, node, __ATOMIC_RELEASE);
			wait_for(&node->locked, 1);
		}
		critical();
		next = __atomic_load_n(&node->next, __ATOMIC_ACQUIRE);
		if (!next && !__atomic_compare_exchange_n(&mcs_tail, &self, (struct mcs *)0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			while (!(next = __atomic_load_n(&node->next, __ATOMIC_ACQUIRE)))
				relax(&spins);
		if (next)
			release(&next->locked, 1);
		n++;
	} while (!over());
	return n;
}

static uint32_t spin_word ALIGNED;
static uint64_t run_spin(uint32_t me)
{
	uint64_t n = 0;

	(void)me;
	do {
		while (__atomic_exchange_n(&spin_word, 1, __ATOMIC_ACQUIRE))
			wait_for(&spin_word, 0);
		critical();
		release(&spin_word, 0);
		n++;
	} while (!over());
	return n;
}

static uint32_t arrived ALIGNED, sense ALIGNED, barrier_stop ALIGNED;
static uint64_t run_barrier(uint32_t me)
{
	uint32_t n = 0, last;

	do {
		uint32_t s = acquire(&sense);

		n++;
		if (!me && over())
			release(&barrier_stop, n);
		if (__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL) == nthreads - 1) {
			release(&arrived, 0);
			release(&sense, !s);
		} else {
			wait_for(&sense, !s);
		}
		last = acquire(&barrier_stop);
	} while (!last || n < last);
	return me ? 0 : n;
}

static const struct {
	const char *name;
	uint64_t (*run)(uint32_t me);
} work[] = {{"ticket", run_ticket}, {"mcs", run_mcs}, {"spin", run_spin}, {"barrier", run_barrier}};

static uint64_t (*fn)(uint32_t me);

static void *thread(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;

	wait_for(&go, 1);
	count[me].ops = fn(me);
	return 0;
}

static void run(unsigned w, double seconds)
{
	pthread_t t[MAX_THREADS];
	uint64_t sum = 0, least = UINT64_MAX, most = 0;
	double t0;

	fn = work[w].run;
	go = stop = barrier_stop = 0;
	for (uint32_t k = 0; k < nthreads; k++)
		pthread_create(&t[k], 0, thread, (void *)(uintptr_t)k);
	t0 = now();
	deadline = t0 + seconds;
	release(&go, 1);
	for (uint32_t k = 0; k < nthreads; k++)
		pthread_join(t[k], 0);
	t0 = now() - t0;
	for (uint32_t k = 0; k < nthreads; k++) {
		uint64_t v = count[k].ops;

		sum += v;
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	printf("%s %.0f fair %.2f\n", work[w].name, (double)sum / t0, most ? (double)least / (double)most : 0);
}

int main(int argc, char **argv)
{
	nthreads = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
	if (argc < 3 || !nthreads || nthreads > MAX_THREADS) {
		fprintf(stderr, "usage: locks THREADS MS [WORKLOAD]...\n");
		return 64;
	}
	crowded = nthreads > (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	for (unsigned w = 0; w < sizeof(work) / sizeof(work[0]); w++) {
		int want = argc == 3;

		for (int a = 3; a < argc; a++)
			want |= !strcmp(argv[a], work[w].name);
		if (want)
			run(w, atoi(argv[2]) * 1e-3);
	}
	return 0;
}
