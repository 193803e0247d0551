/*
 * parma's built-in guest: brings up every CPU through PSCI, lets all of them
 * work on shared memory (ticket lock, exclusives, LSE atomics where the CPU
 * has them, a ring of messages by store-release and load-acquire) and
 * reports on the serial port.  Bare metal, MMU and caches on.  Ends with
 * SYSTEM_OFF when all is right, with semihosting exit code 1 when not.
 *
 * Built by src/guest/regen with a cross compiler into smp_guest.inc, which is
 * committed so that building parma needs none.
 */
#include <stdint.h>

#define MAX_CPUS 128
#define LAPS 200u

enum { PSCI_CPU_ON = 0xc4000003, PSCI_CPU_OFF = 0x84000002, PSCI_SYSTEM_OFF = 0x84000008 };
enum { SYS_EXIT = 0x18, ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

int64_t psci(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
uint64_t semihost(uint32_t op, void *arg);
void secondary_start(void);
void smp_main(uint64_t index);
void unexpected(uint64_t esr, uint64_t elr) __attribute__((noreturn));

static struct {
	uint32_t value;
	uint8_t pad[60];
} mailbox[MAX_CPUS] __attribute__((aligned(64)));

static uint32_t online, go, done, ncpus, rounds, lse;
static uint32_t next_ticket __attribute__((aligned(64)));
static uint32_t now_serving __attribute__((aligned(64)));
static uint64_t locked_count __attribute__((aligned(64)));
static uint64_t excl_count __attribute__((aligned(64)));
static uint64_t lse_count __attribute__((aligned(64)));
static uint32_t ring_errors;

static void put(char c)
{
	volatile uint32_t *uart = (volatile uint32_t *)0x09000000;

	while (uart[6] & 0x20) /* FR.TXFF */
		;
	uart[0] = (uint8_t)c;
}

static void puts_(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			put('\r');
		put(*s);
	}
}

static void put_num(uint64_t v, unsigned base)
{
	char buf[24];
	unsigned n = 0;

	do
		buf[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	while (n)
		put(buf[--n]);
}

static void __attribute__((noreturn)) leave(int bad)
{
	uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint64_t)bad};

	if (bad)
		semihost(SYS_EXIT, block);
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void unexpected(uint64_t esr, uint64_t elr)
{
	puts_("unexpected exception: ESR 0x");
	put_num(esr, 16);
	puts_(" ELR 0x");
	put_num(elr, 16);
	puts_("\n");
	leave(1);
}

static uint64_t excl_add32(uint32_t *p, uint32_t v)
{
	uint32_t old, new, fail;

	__asm__ volatile("1: ldaxr %w0, %3\n add %w1, %w0, %w4\n stlxr %w2, %w1, %3\n cbnz %w2, 1b"
			 : "=&r"(old), "=&r"(new), "=&r"(fail), "+Q"(*p) : "r"(v) : "memory");
	return old;
}

static void excl_inc(uint64_t *p)
{
	uint64_t v;
	uint32_t fail;

	__asm__ volatile("1: ldxr %0, %2\n add %0, %0, #1\n stxr %w1, %0, %2\n cbnz %w1, 1b"
			 : "=&r"(v), "=&r"(fail), "+Q"(*p) : : "memory");
}

static void lse_inc(uint64_t *p)
{
	__asm__ volatile(".arch_extension lse\n stadd %1, %0" : "+Q"(*p) : "r"(UINT64_C(1)) : "memory");
}

static uint32_t acquire(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void release(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

/* Waits in WFE until *p == v; the store-release that writes it is followed by SEV. */
static void wait_for(const uint32_t *p, uint32_t v)
{
	while (acquire(p) != v)
		__asm__ volatile("wfe");
}

static void signal_all(uint32_t *p, uint32_t v)
{
	release(p, v);
	__asm__ volatile("dsb ish\n sev" ::: "memory");
}

static void work(uint32_t me)
{
	uint32_t n = ncpus;

	for (uint32_t k = 0; k < rounds; k++) {
		uint32_t ticket = (uint32_t)excl_add32(&next_ticket, 1);

		while (acquire(&now_serving) != ticket)
			__asm__ volatile("yield");
		locked_count++;
		release(&now_serving, ticket + 1);
		excl_inc(&excl_count);
		if (lse)
			lse_inc(&lse_count);
	}
	for (uint32_t lap = 1; lap <= LAPS; lap++) { /* a token around all CPUs */
		if (me || lap > 1)
			wait_for(&mailbox[me].value, me ? lap : lap - 1);
		signal_all(&mailbox[(me + 1) % n].value, lap);
	}
	if (!me) {
		wait_for(&mailbox[0].value, LAPS);
		for (uint32_t k = 0; k < n; k++)
			ring_errors += mailbox[k].value != LAPS;
	}
	excl_add32(&done, 1);
	__asm__ volatile("dsb ish\n sev" ::: "memory");
}

static int check(const char *what, uint64_t got, uint64_t want)
{
	puts_("  ");
	puts_(what);
	puts_(": ");
	put_num(got, 10);
	puts_(" of ");
	put_num(want, 10);
	puts_(got == want ? "  ok\n" : "  WRONG\n");
	return got != want;
}

static uint64_t now_us(void)
{
	uint64_t t, f;

	__asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0" : "=r"(t), "=r"(f));
	return t * 1000 / (f / 1000);
}

static uint32_t bring_up(void)
{
	uint32_t n = 1;
	uint64_t isar0, mpidr = 0;
	int64_t rc = 0;

	__asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
	lse = (isar0 >> 20 & 15) >= 2;
	/* Affinities count up within a cluster, of 8 (GICv2) or 16 (GICv3) CPUs. */
	while (n < MAX_CPUS) {
		rc = psci(PSCI_CPU_ON, mpidr + 1, (uint64_t)secondary_start, n);
		if (!rc) {
			mpidr++;
		} else {
			mpidr = ((mpidr >> 8) + 1) << 8;
			if (psci(PSCI_CPU_ON, mpidr, (uint64_t)secondary_start, n))
				break;
		}
		n++;
	}
	while (acquire(&online) != n - 1)
		__asm__ volatile("wfe");
	return n;
}

void smp_main(uint64_t index)
{
	uint64_t t0, n;
	int bad = 0;

	if (index) {
		excl_add32(&online, 1);
		__asm__ volatile("dsb ish\n sev");
		wait_for(&go, 1);
		work((uint32_t)index);
		psci(PSCI_CPU_OFF, 0, 0, 0);
		return;
	}
	puts_("parma: built-in guest (give a kernel with -kernel)\n");
	n = ncpus = bring_up();
	/* Fair locks crawl when CPUs share cores: less work for more of them. */
	rounds = n <= 2 ? 20000 : n <= 45 ? (uint32_t)(40000 / (n * n)) : 20;
	puts_("  CPUs online: ");
	put_num(n, 10);
	puts_("\n");
	t0 = now_us();
	signal_all(&go, 1);
	work(0);
	wait_for(&done, (uint32_t)n);
	bad |= check("counter under a ticket lock", locked_count, n * rounds);
	bad |= check("counter by load/store exclusive", excl_count, n * rounds);
	if (lse)
		bad |= check("counter by LSE atomics", lse_count, n * rounds);
	bad |= check("messages around the ring", n * LAPS - ring_errors, n * LAPS);
	puts_("  time: ");
	put_num((now_us() - t0) / 1000, 10);
	puts_(" ms\n");
	leave(bad);
}
