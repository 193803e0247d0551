/*
 * The workloads of `parma scale` on Linux that no shell has: a static arm64
 * program without a library, put into the guest's initial RAM disk.
 *
 *   work futex TURNS         two threads wake each other in turns
 *   work pipe TURNS          two processes pass a byte to and fro
 *   work mmap THREADS TURNS  threads of one address space map, touch and unmap: broadcast TLBI
 *   work here CPU            the calling process (a shell) runs on that CPU from now on, and what it starts
 *
 * Exit status 0 if all was as it should be.  Built by src/guest/regen into work_guest.inc.
 */
#include <stdint.h>

#define MAX_THREADS 128
#define STACK 16384

enum { SYS_futex = 98, SYS_exit = 93, SYS_exit_group = 94, SYS_clone = 220, SYS_mmap = 222, SYS_munmap = 215, SYS_pipe2 = 59,
       SYS_read = 63, SYS_write = 64, SYS_wait4 = 260, SYS_getppid = 173, SYS_sched_setaffinity = 122 };
enum { FUTEX_WAIT = 128, FUTEX_WAKE = 129 }; /* private */
enum { CLONE_THREAD_FLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x200000 }; /* VM FS FILES SIGHAND THREAD SYSVSEM CHILD_CLEARTID */

long syscall6(long a, long b, long c, long d, long e, long f, long n);
/* A thread that calls fn(arg) on that stack; *tid is 0 when it has ended. */
long thread(uint32_t flags, void *stack_end, uint32_t *tid, void (*fn)(void *arg), void *arg);

__asm__(".globl _start\n_start:\n mov x0, sp\n bl work_main\n mov x8, #94\n svc #0\n"
	".globl syscall6\nsyscall6:\n mov x8, x6\n svc #0\n ret\n"
	".globl thread\nthread:\n mov x9, x3\n mov x10, x4\n mov x4, x2\n mov x2, #0\n mov x3, #0\n mov x8, #220\n svc #0\n"
	" cbz x0, 1f\n ret\n1: mov x0, x10\n blr x9\n mov x0, #0\n mov x8, #93\n svc #0\n");

static uint8_t stacks[MAX_THREADS][STACK] __attribute__((aligned(16)));
static uint32_t tids[MAX_THREADS];

static uint32_t acquire(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static long futex(uint32_t *p, long op, uint32_t v) { return syscall6((long)p, op, v, 0, 0, 0, SYS_futex); }

static int start(unsigned k, void (*fn)(void *arg), void *arg)
{
	tids[k] = 1;
	return thread(CLONE_THREAD_FLAGS, stacks[k] + STACK, &tids[k], fn, arg) < 0;
}

/* The kernel wakes the word when it clears it; not as a private futex. */
static void join(unsigned k)
{
	uint32_t v;

	while ((v = acquire(&tids[k])))
		syscall6((long)&tids[k], 0, v, 0, 0, 0, SYS_futex);
}

/* -- futex -- */

static uint32_t turn __attribute__((aligned(64)));
static uint64_t turns;

/* One side: waits until the turn's parity is its own, gives it to the other. */
static void side(uint32_t mine)
{
	for (uint64_t k = 0; k < turns; k++) {
		uint32_t t;

		while (((t = acquire(&turn)) & 1) != mine)
			futex(&turn, FUTEX_WAIT, t);
		__atomic_store_n(&turn, t + 1, __ATOMIC_RELEASE);
		futex(&turn, FUTEX_WAKE, 1);
	}
}

static void other_side(void *arg)
{
	(void)arg;
	side(1);
}

static int run_futex(uint64_t n)
{
	turns = n;
	if (start(0, other_side, 0))
		return 1;
	side(0);
	join(0);
	return turn != (uint32_t)(2 * n);
}

/* -- pipe -- */

static int pass(int from, int to, uint64_t n, int first)
{
	char c = 'x';

	for (uint64_t k = 0; k < n; k++) {
		if (first && syscall6(to, (long)&c, 1, 0, 0, 0, SYS_write) != 1)
			return 1;
		if (syscall6(from, (long)&c, 1, 0, 0, 0, SYS_read) != 1)
			return 1;
		if (!first && syscall6(to, (long)&c, 1, 0, 0, 0, SYS_write) != 1)
			return 1;
	}
	return 0;
}

static int run_pipe(uint64_t n)
{
	int a[2], b[2], status = 1;
	long child;

	if (syscall6((long)a, 0, 0, 0, 0, 0, SYS_pipe2) || syscall6((long)b, 0, 0, 0, 0, 0, SYS_pipe2))
		return 1;
	child = syscall6(17, 0, 0, 0, 0, 0, SYS_clone); /* SIGCHLD: fork */
	if (child < 0)
		return 1;
	if (!child)
		syscall6(pass(a[0], b[1], n, 0), 0, 0, 0, 0, 0, SYS_exit_group);
	return pass(b[0], a[1], n, 1) | (syscall6(child, (long)&status, 0, 0, 0, 0, SYS_wait4) != child) | status;
}

/* -- mmap -- */

#define PAGES 4
static uint32_t bad;

static void map_and_unmap(void *arg)
{
	(void)arg;
	for (uint64_t k = 0; k < turns; k++) {
		/* PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS */
		volatile uint8_t *p = (volatile uint8_t *)syscall6(0, PAGES * 4096, 3, 0x22, -1, 0, SYS_mmap);

		if ((uint64_t)p > UINT64_MAX - 4096) {
			bad = 1;
			return;
		}
		for (unsigned q = 0; q < PAGES; q++)
			p[q * 4096] = 1;
		syscall6((long)p, PAGES * 4096, 0, 0, 0, 0, SYS_munmap);
	}
}

static int run_mmap(uint64_t threads, uint64_t n)
{
	if (!threads || threads > MAX_THREADS)
		return 1;
	turns = n / threads;
	for (unsigned k = 1; k < threads; k++)
		if (start(k, map_and_unmap, 0))
			return 1;
	map_and_unmap(0);
	for (unsigned k = 1; k < threads; k++)
		join(k);
	return (int)bad;
}

/* -- here -- */

static int bind_caller(uint64_t cpu)
{
	static uint64_t mask[MAX_THREADS / 64];

	if (cpu >= MAX_THREADS)
		return 1;
	mask[cpu / 64] = 1ull << cpu % 64;
	return syscall6(syscall6(0, 0, 0, 0, 0, 0, SYS_getppid), sizeof(mask), (long)mask, 0, 0, 0, SYS_sched_setaffinity) < 0;
}

/* -- */

static uint64_t number(const char *s)
{
	uint64_t v = 0;

	for (; s && *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	return v;
}

int work_main(const uint64_t *sp)
{
	const char *const *argv = (const char *const *)(sp + 1);

	if (sp[0] < 3)
		return 2;
	switch (argv[1][0]) {
	case 'f': return run_futex(number(argv[2]));
	case 'p': return run_pipe(number(argv[2]));
	case 'h': return bind_caller(number(argv[2]));
	case 'm': return run_mmap(number(argv[2]), number(argv[3]));
	default: return 2;
	}
}
