/*
 * Store buffering in the manner of litmus7, as an AArch64 Linux program: what
 * `parma litmus` is compared with when other emulators run it.  Two threads,
 * instances of one cache line a location, user barrier, registers stored to
 * arrays, outcomes counted after each run.
 *
 *   litmus_rate SECONDS      prints trials a second and how often 0/0 was seen
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 5000 };

static struct { volatile int v; char pad[60]; } x[SIZE], y[SIZE];
static volatile uint64_t barrier_word[SIZE];
static int out[2][SIZE];
static pthread_barrier_t gate;
static volatile int done;

static void run(int id)
{
	for (int k = 0; k < SIZE; k++) {
		volatile int *mine = id ? &y[k].v : &x[k].v, *other = id ? &x[k].v : &y[k].v;
		int r;

		if (k % 2 == id)
			barrier_word[k] = 1;
		else
			while (!barrier_word[k])
				;
		__asm__ volatile("mov w9, #1\n\tstr w9, [%1]\n\tldr %w0, [%2]" : "=&r"(r) : "r"(mine), "r"(other) : "w9", "memory");
		out[id][k] = r;
	}
}

static void *second(void *arg)
{
	for (;;) {
		pthread_barrier_wait(&gate);
		if (done)
			return arg;
		run(1);
		pthread_barrier_wait(&gate);
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2, t0 = now(), t;
	uint64_t trials = 0, both = 0;
	pthread_t th;

	pthread_barrier_init(&gate, NULL, 2);
	pthread_create(&th, NULL, second, NULL);
	do {
		memset((void *)x, 0, sizeof(x));
		memset((void *)y, 0, sizeof(y));
		memset((void *)barrier_word, 0, sizeof(barrier_word));
		pthread_barrier_wait(&gate);
		run(0);
		pthread_barrier_wait(&gate);
		for (int k = 0; k < SIZE; k++)
			both += !out[0][k] && !out[1][k];
		trials += SIZE;
		t = now() - t0;
	} while (t < seconds);
	done = 1;
	pthread_barrier_wait(&gate);
	pthread_join(th, NULL);
	printf("%.0f trials/s, 0/0 in %llu of %llu\n", (double)trials / t, (unsigned long long)both, (unsigned long long)trials);
	return 0;
}
