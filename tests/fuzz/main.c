/*
 * Runs a fuzz target without libFuzzer: every file of its corpus, then random
 * changes of them for a while.  TAP; the seed is printed.
 *
 *   fuzz_NAME [SEED [SECONDS]]     SECONDS: FUZZ_SECONDS, else 1; SEED: FUZZ_SEED, else 1
 *   fuzz_NAME FILE...              these inputs only
 *
 * The input under way lies in fuzz_NAME.last in the current folder, also after
 * a crash: that file is the finding.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "tests/tap.h"

#define INPUT_BYTES 8192u
#define CORPUS_FILES 200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct input {
	uint8_t *data;
	size_t size;
} corpus[CORPUS_FILES];
static unsigned ncorpus;
static uint64_t rng;
static int last_fd;
static char last_path[64];

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * UINT64_C(0x2545f4914f6cdd1d);
}

static bool read_file(const char *path, struct input *in)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	in->data = calloc(1, (size_t)st.st_size + 1);
	in->size = (size_t)st.st_size;
	if (!in->data || read(fd, in->data, in->size) != (ssize_t)in->size)
		return false;
	close(fd);
	return true;
}

static void read_corpus(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[500];
	DIR *d;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : "..", name);
	d = opendir(path);
	for (struct dirent *f; d && (f = readdir(d)) && ncorpus < CORPUS_FILES;) {
		char file[800];

		snprintf(file, sizeof(file), "%s/%s", path, f->d_name);
		ncorpus += f->d_name[0] != '.' && read_file(file, &corpus[ncorpus]);
	}
	if (d)
		closedir(d);
}

static void open_last(const char *name)
{
	snprintf(last_path, sizeof(last_path), "fuzz_%s.last", name);
	last_fd = open(last_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (last_fd < 0)
		exit(99);
}

/* In a buffer of its own size, so that a sanitizer sees what is read behind it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(99);
	memcpy(copy, data, size);
	if (pwrite(last_fd, data, size, 0) != (ssize_t)size || ftruncate(last_fd, (off_t)size))
		exit(99);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* One change of buf[n], which has room for INPUT_BYTES; the new size. */
static size_t mutate(uint8_t *buf, size_t n)
{
	size_t at = n ? rnd() % n : 0, len = 1 + rnd() % 16;
	const struct input *other = &corpus[ncorpus ? rnd() % ncorpus : 0];

	switch (rnd() % 7) {
	case 0: /* noise */
		for (size_t k = at; k < MIN(at + len, n); k++)
			buf[k] = (uint8_t)rnd();
		return n;
	case 1: /* a bit */
		if (n)
			buf[at] ^= (uint8_t)(1u << rnd() % 8);
		return n;
	case 2: /* a cut */
		len = MIN(len, n - at);
		memmove(buf + at, buf + at + len, n - at - len);
		return n - len;
	case 3: /* a repetition */
		len = MIN(MIN(len, n - at), INPUT_BYTES - n);
		memmove(buf + at + len, buf + at, n - at);
		return n + len;
	case 4: /* something of another input */
		if (!ncorpus || !other->size)
			return n;
		len = MIN(MIN(4 * len, other->size), INPUT_BYTES - at);
		memcpy(buf + at, other->data + rnd() % (other->size - len + 1), len);
		return MAX(n, at + len);
	case 5: /* a number with a meaning */
		if (n >= 8) {
			static const uint64_t hard[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~UINT64_C(0), 1u << 31, 0x40000000, 4096};

			at = rnd() % (n - 7);
			memcpy(buf + at, &hard[rnd() % ARRAY_SIZE(hard)], UINT64_C(1) << rnd() % 4);
		}
		return n;
	default: /* more at the end */
		while (len-- && n < INPUT_BYTES)
			buf[n++] = (uint8_t)rnd();
		return n;
	}
}

static uint64_t run_random(double seconds)
{
	static uint8_t buf[INPUT_BYTES];
	struct timespec t0, t;
	uint64_t runs = 0;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	do {
		size_t n = 0;

		if (ncorpus && rnd() % 16) {
			const struct input *in = &corpus[rnd() % ncorpus];

			n = MIN(in->size, (size_t)INPUT_BYTES);
			memcpy(buf, in->data, n);
		}
		for (unsigned k = 1 + (unsigned)(rnd() % 12); k--;)
			n = mutate(buf, n);
		run(buf, n);
		runs++;
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((double)(t.tv_sec - t0.tv_sec) + 1e-9 * (double)(t.tv_nsec - t0.tv_nsec) < seconds);
	return runs;
}

static const char *env(const char *name, const char *other)
{
	const char *v = getenv(name);

	return v && *v ? v : other;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const char *seed = argc > 1 ? argv[1] : env("FUZZ_SEED", "1"), *seconds = argc > 2 ? argv[2] : env("FUZZ_SECONDS", "1");
	char *end;
	uint64_t runs;

	name = name ? name + 1 : argv[0];
	name += strncmp(name, "fuzz_", 5) ? 0 : 5;
	rng = strtoull(seed, &end, 0) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	open_last(name);
	for (int k = 1; *end && k < argc; k++) {
		struct input in;

		if (!ok(read_file(argv[k], &in), "%s", argv[k]))
			continue;
		fflush(stdout);
		run(in.data, in.size);
	}
	if (!*end) {
		read_corpus(name);
		printf("# %u inputs of the corpus, then seed %s for %s s\n", ncorpus, seed, seconds);
		fflush(stdout);
		for (unsigned k = 0; k < ncorpus; k++)
			run(corpus[k].data, corpus[k].size);
		ok(ncorpus > 0, "the corpus");
		runs = run_random(strtod(seconds, NULL));
		ok(runs > 0, "random inputs");
		printf("# %" PRIu64 " random inputs\n", runs);
	}
	unlink(last_path);
	return tap_done();
}
