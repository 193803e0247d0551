/*
 * Speed of the reference engine on integer code, in million guest
 * instructions a second: bench_interp [ROUNDS [VCPUS]] (stores
 * of a vCPU that is not alone take the monitor stripe).  A tool of `make bench`.
 */
#include <stdlib.h>
#include <time.h>

#include "a64/interp.h"
#include "base/atomic.h"
#include "tests/a64/bench_words.h"
#include "tests/a64/flat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BENCH_ENTRY 0x1b4
#define WFI 0xd503207fu
#define CHECKSUM UINT64_C(0xe0a71bd5fd61d00a)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	uint32_t words[1024];
	unsigned n = sizeof(bench_words) / sizeof(*bench_words);
	struct vcpu *c = flat_new();
	double t;

	c->nvcpus = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	memcpy(words, bench_words, sizeof(bench_words));
	words[n] = WFI;
	flat_program(c, words, n + 1);
	t = now();
	for (int k = 0; k < rounds; k++) {
		c->x[0] = CASE_RAM_MID;
		c->x[30] = CASE_CODE + n * 4;
		c->sp = CASE_RAM + CASE_RAM_BYTES;
		c->pc = CASE_CODE + BENCH_ENTRY;
		st_rlx(&c->request, 0);
		interp_run(c);
	}
	t = now() - t;
	printf("interpreter: %.1f million instructions a second (%" PRIu64 " in %.2f s)\n", (double)c->icount / t * 1e-6,
	       c->icount, t);
	if (c->x[0] != CHECKSUM) {
		printf("checksum %#" PRIx64 " is wrong\n", c->x[0]);
		return 1;
	}
	return 0;
}
