/* Programs with as many threads as there are CPUs (2 to 8): locks, atomics, barriers, a ring. */
#define _GNU_SOURCE
#include "pbench.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define MAX_THREADS 8

static unsigned nthreads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 2 ? 2 : n > MAX_THREADS ? MAX_THREADS : (unsigned)n;
}

static unsigned work_scale, threads;

static void with_threads(unsigned scale, void *(*fn)(void *))
{
	pthread_t t[MAX_THREADS];

	work_scale = scale;
	threads = nthreads();
	for (unsigned k = 0; k < threads; k++)
		pthread_create(&t[k], 0, fn, (void *)(uintptr_t)k);
	for (unsigned k = 0; k < threads; k++)
		pthread_join(t[k], 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counter __attribute__((aligned(64)));

static void *mutex_thread(void *a)
{
	(void)a;
	for (unsigned k = 0; k < work_scale * 50000 / threads; k++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return 0;
}

uint64_t bench_mutex(unsigned scale)
{
	counter = 0;
	with_threads(scale, mutex_thread);
	return counter == scale * 50000 / threads * threads;
}

static void *atomic_thread(void *a)
{
	(void)a;
	for (unsigned k = 0; k < work_scale * 200000 / threads; k++)
		__atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
	return 0;
}

uint64_t bench_atomic(unsigned scale)
{
	counter = 0;
	with_threads(scale, atomic_thread);
	return counter == scale * 200000 / threads * threads;
}

static uint32_t next __attribute__((aligned(64))), serving __attribute__((aligned(64)));

static void *ticket_thread(void *a)
{
	(void)a;
	for (unsigned k = 0; k < work_scale * 20000 / threads; k++) {
		uint32_t t = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
		unsigned spins = 0;

		while (__atomic_load_n(&serving, __ATOMIC_ACQUIRE) != t)
			if (++spins > 1000)
				sched_yield();
		counter++;
		__atomic_store_n(&serving, t + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

uint64_t bench_ticket(unsigned scale)
{
	counter = next = serving = 0;
	with_threads(scale, ticket_thread);
	return counter == scale * 20000 / threads * threads;
}

static pthread_barrier_t barrier;

static void *barrier_thread(void *a)
{
	(void)a;
	for (unsigned k = 0; k < work_scale * 1000; k++)
		pthread_barrier_wait(&barrier);
	return 0;
}

uint64_t bench_barrier(unsigned scale)
{
	pthread_barrier_init(&barrier, 0, nthreads());
	with_threads(scale, barrier_thread);
	pthread_barrier_destroy(&barrier);
	return scale;
}

static uint64_t ring[1024];
static uint32_t head __attribute__((aligned(64))), tail __attribute__((aligned(64)));
static uint64_t ring_sum;

static void *spsc_thread(void *a)
{
	uint32_t n = work_scale * 200000, spins = 0;

	if ((uintptr_t)a > 1)
		return 0;
	for (uint32_t k = 0; k < n;) {
		if (a) {
			if (k - __atomic_load_n(&tail, __ATOMIC_ACQUIRE) == 1024) {
				if (++spins > 1000)
					sched_yield();
				continue;
			}
			ring[k & 1023] = k;
			__atomic_store_n(&head, ++k, __ATOMIC_RELEASE);
		} else {
			if (k == __atomic_load_n(&head, __ATOMIC_ACQUIRE)) {
				if (++spins > 1000)
					sched_yield();
				continue;
			}
			ring_sum += ring[k & 1023];
			__atomic_store_n(&tail, ++k, __ATOMIC_RELEASE);
		}
		spins = 0;
	}
	return 0;
}

uint64_t bench_spsc(unsigned scale)
{
	head = tail = 0;
	ring_sum = 0;
	with_threads(scale, spsc_thread);
	return ring_sum;
}
