/*
 * pbench [-s SCALE] [NAME|GROUP]...: runs programs and prints a line for each:
 *     group name seconds checksum
 * and at the end "- untimed seconds -", what it spent besides.
 */
#include "pbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct program programs[] = {
#define X(g, n) {#g, #n, bench_##n},
	PROGRAMS(X)
#undef X
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	unsigned scale = 10, k = 1;
	double untimed = 0;

	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 0; /* the child of forkexec */
	if (argc > 2 && !strcmp(argv[1], "-s")) {
		scale = (unsigned)atoi(argv[2]);
		k = 3;
	}
	for (unsigned p = 0; p < sizeof(programs) / sizeof(programs[0]); p++) {
		int want = (int)k >= argc;
		double t;
		uint64_t sum;

		for (int a = (int)k; a < argc; a++)
			want |= !strcmp(argv[a], programs[p].name) || !strcmp(argv[a], programs[p].group);
		if (!want)
			continue;
		if (!strcmp(programs[p].group, "memory")) { /* the host's pages, which it clears at first touch, are not what is measured */
			t = now();
			programs[p].run(0);
			untimed += now() - t;
		}
		t = now();
		sum = programs[p].run(scale);
		t = now() - t;
		printf("%s %s %.6f %016llx\n", programs[p].group, programs[p].name, t, (unsigned long long)sum);
		fflush(stdout);
	}
	printf("- untimed %.6f -\n", untimed);
	return 0;
}
