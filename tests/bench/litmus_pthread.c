/*
 * Six litmus tests as a program with POSIX threads, in the way that litmus7 makes of a test by default: each location an array
 * of int with an element for each instance, all threads going through the instances in order and meeting at a word for
 * each (one opens it, in turn, the other looks at it); threads are made for each run, one of them counts the
 * outcomes afterwards.  For rates on user-mode emulators and in Linux guests (tests/bench/litmus_rate.sh).
 *
 *   litmus_pthread TEST [SIZE [RUNS]]
 *
 * Prints states with their counts, then trials and microseconds, as tests/litmus/bare does.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALL = 4, STATES = SMALL * SMALL * SMALL * SMALL };

static unsigned long size = 100000, runs = 10;
static int *x, *y, *out[2][2];
static volatile int *word;
static pthread_barrier_t start;

static inline void meet(unsigned me, unsigned long i)
{
	unsigned looks = 0;

	if (i % 2 == me) {
		word[i] = 1;
		return;
	}
	while (!word[i])
		if (++looks % 100000 == 0)
			sched_yield();
}

/* A thread: its instructions with x[i], y[i] and up to two results. */
#define THREAD(name, me, code) \
	static void *name##_##me(void *arg) \
	{ \
		pthread_barrier_wait(&start); \
		for (unsigned long i = 0; i < size; i++) { \
			int a = 0, b = 0, t; \
\
			meet(me, i); \
			__asm__ volatile(code : "+&r"(a), "+&r"(b), "=&r"(t) : "r"(x + i), "r"(y + i) : "memory"); \
			out[me][0][i] = a; \
			out[me][1][i] = b; \
		} \
		return arg; \
	}
#define STORE(value, to) "mov %w2, #" value "\n str %w2, [" to "]\n"
#define STLR(value, to) "mov %w2, #" value "\n stlr %w2, [" to "]\n"
#define X "%3"
#define Y "%4"

THREAD(sb, 0, STORE("1", X) "ldr %w0, [" Y "]")
THREAD(sb, 1, STORE("1", Y) "ldr %w0, [" X "]")
THREAD(mp, 0, STORE("1", X) "str %w2, [" Y "]")
THREAD(mp, 1, "ldr %w0, [" Y "]\n ldr %w1, [" X "]")
THREAD(sb_dmb, 0, STORE("1", X) "dmb sy\n ldr %w0, [" Y "]")
THREAD(sb_dmb, 1, STORE("1", Y) "dmb sy\n ldr %w0, [" X "]")
THREAD(w2_dmb, 0, STORE("2", X) "dmb sy\n" STORE("1", Y))
THREAD(w2_dmb, 1, STORE("2", Y) "dmb sy\n" STORE("1", X))
THREAD(add2, 0, "mov %w2, #1\n ldadd %w2, %w0, [" X "]")
THREAD(add2, 1, "mov %w2, #1\n ldadd %w2, %w0, [" X "]")
THREAD(sb_stlr, 0, STLR("1", X) "ldar %w0, [" Y "]")
THREAD(sb_stlr, 1, STLR("1", Y) "ldar %w0, [" X "]")

/* What is counted: registers "0:0" and the like, or locations. */
static const struct test {
	const char *name;
	void *(*thread[2])(void *);
	const char *see; /* a, b of thread 0; c, d of thread 1; x, y */
} tests[] = {
	{"SB", {sb_0, sb_1}, "ac"},
	{"MP", {mp_0, mp_1}, "cd"},
	{"SB+dmb.sys", {sb_dmb_0, sb_dmb_1}, "ac"},
	{"2+2W+dmb.sys", {w2_dmb_0, w2_dmb_1}, "xy"},
	{"add2", {add2_0, add2_1}, "acx"},
	{"SB+stlr-ldar", {sb_stlr_0, sb_stlr_1}, "ac"},
};

static uint64_t count[STATES], strange;

static const int *seen(char what)
{
	return what == 'x' ? x : what == 'y' ? y : out[(what - 'a') / 2][(what - 'a') % 2];
}

static void collect(const struct test *t)
{
	const int *from[4] = {0};
	unsigned n = (unsigned)strlen(t->see);

	for (unsigned k = 0; k < n; k++)
		from[k] = seen(t->see[k]);
	for (unsigned long i = 0; i < size; i++) {
		unsigned key = 0, all = 0;

		for (unsigned k = 0; k < n; k++) {
			all |= (unsigned)from[k][i];
			key = key * SMALL + ((unsigned)from[k][i] & (SMALL - 1));
		}
		if (all < SMALL)
			count[key]++;
		else
			strange++;
	}
}

static void run(const struct test *t)
{
	pthread_t other;

	memset(x, 0, size * sizeof(*x));
	memset(y, 0, size * sizeof(*y));
	memset((void *)word, 0, size * sizeof(*word));
	if (pthread_create(&other, NULL, t->thread[1], NULL))
		exit(71);
	t->thread[0](NULL);
	pthread_join(other, NULL);
	collect(t);
}

static void print(const struct test *t)
{
	unsigned n = (unsigned)strlen(t->see);

	for (unsigned s = 0; s < STATES; s++) {
		if (!count[s])
			continue;
		printf("%llu :>", (unsigned long long)count[s]);
		for (unsigned k = 0; k < n; k++)
			printf("%c=%u; ", t->see[k], s >> 2 * (n - 1 - k) & (SMALL - 1));
		printf("\n");
	}
	if (strange)
		printf("%llu strange\n", (unsigned long long)strange);
}

static int *array(void)
{
	int *p = aligned_alloc(64, (size * sizeof(int) + 63) & ~UINT64_C(63));

	if (!p)
		exit(71);
	return p;
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return 1e6 * (double)ts.tv_sec + 1e-3 * (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct test *t = tests;
	double t0;

	if (argc > 2)
		size = strtoul(argv[2], NULL, 0);
	if (argc > 3)
		runs = strtoul(argv[3], NULL, 0);
	while (argc > 1 && t < tests + sizeof(tests) / sizeof(*tests) && strcmp(t->name, argv[1]))
		t++;
	if (t == tests + sizeof(tests) / sizeof(*tests) || !size) {
		fprintf(stderr, "%s: no such test\n", argc > 1 ? argv[1] : "");
		return 64;
	}
	x = array();
	y = array();
	word = array();
	for (unsigned k = 0; k < 4; k++)
		out[k / 2][k % 2] = array();
	pthread_barrier_init(&start, NULL, 2);
	t0 = now_us();
	for (unsigned long k = 0; k < runs; k++)
		run(t);
	t0 = now_us() - t0;
	print(t);
	printf("trials %lu us %.0f\n", size * runs, t0);
	return 0;
}
