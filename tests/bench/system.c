/* Programs that live in the kernel: calls, faults, processes, signals, and code that patches code. */
#define _GNU_SOURCE
#include "pbench.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t bench_syscall(unsigned scale)
{
	uint64_t ok = 0;

	for (unsigned k = 0; k < scale * 50000; k++)
		ok += syscall(SYS_getppid) > 0;
	return ok;
}

uint64_t bench_fault(unsigned scale)
{
	enum { BYTES = 4 << 20 };
	uint64_t sum = 0;

	for (unsigned it = 0; it < scale * 5; it++) {
		uint8_t *p = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		madvise(p, BYTES, MADV_NOHUGEPAGE);
		for (unsigned k = 0; k < BYTES; k += 4096)
			sum += ++p[k];
		munmap(p, BYTES);
	}
	return sum;
}

uint64_t bench_forkexec(unsigned scale)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < scale * 10; k++) {
		int st = 1;
		pid_t p = fork();

		if (!p) {
			execl("/proc/self/exe", "pbench", "--exit", (char *)0);
			_exit(9);
		}
		waitpid(p, &st, 0);
		sum += st == 0;
	}
	return sum;
}

uint64_t bench_pipe(unsigned scale)
{
	int a[2], b[2], st;
	uint64_t n = scale * 2000, sum = 0;
	pid_t p;

	if (pipe(a) || pipe(b))
		exit(2);
	p = fork();
	if (!p) {
		uint64_t v;

		while (read(a[0], &v, 8) == 8 && v != n)
			if (++v, write(b[1], &v, 8) != 8)
				break;
		_exit(0);
	}
	for (uint64_t k = 0, v; k < n; k++) {
		v = k;
		if (write(a[1], &v, 8) != 8 || read(b[0], &v, 8) != 8)
			exit(2);
		sum += v;
	}
	if (write(a[1], &n, 8) != 8)
		exit(2);
	waitpid(p, &st, 0);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	return sum;
}

static volatile uint64_t handled;

static void handler(int s)
{
	(void)s;
	handled++;
}

uint64_t bench_signal(unsigned scale)
{
	struct sigaction sa = {.sa_handler = handler};

	handled = 0;
	sigaction(SIGUSR1, &sa, 0);
	for (unsigned k = 0; k < scale * 8000; k++)
		kill(getpid(), SIGUSR1);
	return handled;
}

uint64_t bench_mprotect(unsigned scale)
{
	uint8_t *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t sum = 0;

	for (unsigned k = 0; k < scale * 4000; k++) {
		p[4096 * (k & 15)]++;
		mprotect(p, 65536, PROT_READ);
		sum += p[4096 * (k & 15)];
		mprotect(p, 65536, PROT_READ | PROT_WRITE);
	}
	munmap(p, 65536);
	return sum;
}

/* Writes a function "return imm + 1", makes it visible, calls it. */
uint64_t bench_jit(unsigned scale)
{
	uint8_t *p = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t sum = 0;

	for (unsigned k = 0; k < scale * 5000; k++) {
		uint8_t *f = p + (k & 15) * 64;
		uint32_t imm = k & 0xfff;
#ifdef __aarch64__
		uint32_t code[] = {0x52800000u | imm << 5, 0x11000400u, 0xd65f03c0u}; /* mov w0, imm ; add w0, w0, 1 ; ret */
#else
		uint8_t code[] = {0xb8, (uint8_t)imm, (uint8_t)(imm >> 8), 0, 0, 0xff, 0xc0, 0xc3};
#endif
		memcpy(f, code, sizeof(code));
		__builtin___clear_cache((char *)f, (char *)f + sizeof(code));
		for (int c = 0; c < 4; c++)
			sum += ((uint32_t(*)(void))(uintptr_t)f)();
	}
	munmap(p, 4096);
	return sum;
}
