/*
 * The guest of `parma scale`: small parallel workloads on bare metal, each
 * run for a fixed time on all CPUs.  Words on the semihosting command line
 * choose: workload names (default: all), ms=DURATION, cpus=N,... (numbers of CPUs,
 * rising; default: all at once), ack.
 *
 * On the serial port, a line each, for the program that watches:
 *   @begin NAME
 *   @end NAME OPERATIONS NANOSECONDS FEWEST MOST   (operations of one CPU)
 * With cpus= a line "@cpus N" before each round of workloads, whose other CPUs are off;
 * and @done at the end.  With `ack` the guest waits for a byte after each
 * of these lines, so that the watcher can look at the state of things.  Anything that went wrong is a line "@error ...".
 *
 * Built by src/guest/regen into scale_guest.inc; entry code is smp_head.S.
 */
#include <stdint.h>

#define MAX_CPUS 128

enum { PSCI_CPU_ON = 0xc4000003, PSCI_CPU_OFF = 0x84000002, PSCI_SYSTEM_OFF = 0x84000008 };
enum { SYS_GET_CMDLINE = 0x15, SYS_EXIT = 0x18, ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

int64_t psci(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
uint64_t semihost(uint32_t op, void *arg);
void secondary_start(void);
void smp_main(uint64_t index);
void unexpected(uint64_t esr, uint64_t elr) __attribute__((noreturn));

#define ALIGNED __attribute__((aligned(64)))
static uint32_t online, ncpus;
static uint32_t go ALIGNED, done ALIGNED;
static uint64_t deadline; /* counter ticks */
static struct {
	uint64_t ops;
	uint8_t pad[56];
} count[MAX_CPUS] ALIGNED;
static char cmdline[1024];

static void put(char c)
{
	volatile uint32_t *uart = (volatile uint32_t *)0x09000000;

	while (uart[6] & 0x20) /* FR.TXFF */
		;
	uart[0] = (uint8_t)c;
}

/* The watcher has done with the line; meanwhile this CPU sleeps from one event of the timer's stream to the next. */
static int want_ack;
static void wait_ack(void)
{
	volatile uint32_t *uart = (volatile uint32_t *)0x09000000;

	if (!want_ack)
		return;
	__asm__ volatile("msr cntkctl_el1, %0\n isb" : : "r"(UINT64_C(12) << 4 | 1 << 2)); /* EVNTI, EVNTEN */
	while (uart[6] & 0x10) /* FR.RXFE */
		__asm__ volatile("wfe" ::: "memory");
	(void)uart[0];
	__asm__ volatile("msr cntkctl_el1, xzr\n isb");
}

static void puts_(const char *s)
{
	for (; *s; s++)
		put(*s);
}

static void put_num(uint64_t v, unsigned base)
{
	char buf[24];
	unsigned n = 0;

	put(' ');
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
	puts_("@error exception: ESR, ELR");
	put_num(esr, 16);
	put_num(elr, 16);
	puts_("\n");
	leave(1);
}

static uint64_t time_now(void)
{
	uint64_t t;

	__asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(t));
	return t;
}

static uint64_t tick_hz(void)
{
	uint64_t f;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(f));
	return f;
}

static uint32_t acquire(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void release(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static uint32_t add(uint32_t *p, uint32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
static void sev(void) { __asm__ volatile("dsb ish\n sev" ::: "memory"); }

/* Waits in WFE, as an operating system's spin-waits do: the load-exclusive arms the monitor. */
static void wait_for(const uint32_t *p, uint32_t v)
{
	uint32_t now;

	for (;;) {
		__asm__ volatile("ldaxr %w0, %1" : "=r"(now) : "Q"(*p) : "memory");
		if (now == v)
			break;
		__asm__ volatile("wfe" ::: "memory");
	}
	__asm__ volatile("clrex");
}

/* The same until *p is no longer `old`; returns what it is. */
static uint32_t wait_change(const uint32_t *p, uint32_t old)
{
	uint32_t now;

	for (;;) {
		__asm__ volatile("ldaxr %w0, %1" : "=r"(now) : "Q"(*p) : "memory");
		if (now != old)
			break;
		__asm__ volatile("wfe" ::: "memory");
	}
	__asm__ volatile("clrex");
	return now;
}

/* -- workloads: each returns the operations that this CPU did -- */

static void hint(void) { __asm__ volatile("yield"); }
static void crossed(void) { sev(); }

#include "locks.inc"

static uint64_t run_int(uint32_t me, enum spread how)
{
	uint64_t n = 0, x = me + 88172645463325252u;

	(void)how;
	do {
		for (unsigned k = 0; k < 20000; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			x = x * 6364136223846793005u + (x >> 32);
		}
		n += 20000;
	} while (!over());
	__asm__ volatile("" : : "r"(x));
	return n;
}

static uint64_t run_fp(uint32_t me, enum spread how)
{
	uint64_t n = 0;

	/* Four independent chains of fused multiply-add. */
	do {
		uint64_t k = 10000;

		__asm__ volatile(".arch_extension fp\n"
				 "fmov d0, #1.5\n fmov d1, #0.5\n fmov d2, #1.25\n fmov d3, #0.75\n fmov d4, #0.5\n"
				 "1: fmadd d0, d0, d4, d1\n fmadd d1, d1, d4, d2\n fmadd d2, d2, d4, d3\n fmadd d3, d3, d4, d0\n"
				 "subs %0, %0, #1\n b.ne 1b\n"
				 : "+r"(k) : : "cc");
		n += 40000;
	} while (!over());
	(void)me;
	(void)how;
	return n;
}

/* A store and a full fence. */
static uint64_t fenced[MAX_CPUS][8] ALIGNED;

static uint64_t run_fence(uint32_t me, enum spread how)
{
	uint64_t n = 0;

	(void)how;
	do {
		for (unsigned k = 0; k < 1000; k++)
			__asm__ volatile("str %0, %1\n dmb ish" : : "r"(n), "Q"(fenced[me][0]) : "memory");
		n += 1000;
	} while (!over());
	return n;
}

/* Everybody changes one word by exclusives, in a way that is no single host instruction. */
static uint64_t run_excl(uint32_t me, enum spread how)
{
	uint64_t n = 0, v, *p = &word(DISPUTED, me, how)->u64;
	uint32_t fail;

	do {
		for (unsigned k = 0; k < 200; k++)
			__asm__ volatile("1: ldxr %0, %2\n eor %0, %0, %3\n add %0, %0, #1\n stxr %w1, %0, %2\n cbnz %w1, 1b"
					 : "=&r"(v), "=&r"(fail), "+Q"(*p) : "r"((uint64_t)me << 32) : "memory");
		n += 200;
	} while (!over());
	return n;
}

/*
 * Every CPU maps, touches and unmaps a page of its own; each unmapping is a broadcast TLBI and a DSB.  Variants: each page table
 * entry in a line of its own; TLBI for the own CPU only.
 */
#define L2_SLOT 2 /* of the level 1 table: addresses from 0x80000000 */
#define APART 16 /* entries: two lines */
#define L3_TABLES (MAX_CPUS * APART / 512)
static uint64_t l2[512] __attribute__((aligned(4096))), l3[L3_TABLES * 512] __attribute__((aligned(4096)));
static uint8_t pages[MAX_CPUS][4096] __attribute__((aligned(4096)));

static void map_tables(void)
{
	uint64_t *l1;

	__asm__ volatile("mrs %0, ttbr0_el1" : "=r"(l1));
	for (unsigned k = 0; k < L3_TABLES; k++)
		l2[k] = (uint64_t)&l3[512 * k] | 3;
	l1[L2_SLOT] = (uint64_t)l2 | 3;
	__asm__ volatile("dsb ish\n isb" ::: "memory");
}

static uint64_t map_and_unmap(uint32_t me, enum spread how, int local)
{
	uint64_t n = 0, *entry = &l3[how == OWN_LINE ? APART * me : me];
	uint64_t va = (UINT64_C(L2_SLOT) << 30) + (uint64_t)(entry - l3) * 4096;
	volatile uint64_t *pte = entry;

	do {
		*pte = (uint64_t)pages[me] | 0x703;
		__asm__ volatile("dsb ishst\n isb" ::: "memory");
		*(volatile uint64_t *)va = n;
		*pte = 0;
		if (local)
			__asm__ volatile("dsb nshst\n tlbi vae1, %0\n dsb nsh\n isb" : : "r"(va >> 12) : "memory");
		else
			__asm__ volatile("dsb ishst\n tlbi vae1is, %0\n dsb ish\n isb" : : "r"(va >> 12) : "memory");
		n++;
	} while (!over());
	return n;
}

static uint64_t run_tlbi(uint32_t me, enum spread how) { return map_and_unmap(me, how, 0); }
static uint64_t run_local(uint32_t me, enum spread how) { return map_and_unmap(me, how, 1); }

/* Much code: functions that are called in changing order. An operation is a call. */
#define FUNCTIONS 4096u
#define FUNCTION_WORDS 64u
static uint32_t code[FUNCTIONS][FUNCTION_WORDS] __attribute__((aligned(4096)));

static void write_code(void)
{
	for (unsigned f = 0; f < FUNCTIONS; f++) {
		for (unsigned k = 0; k < FUNCTION_WORDS - 1; k++) /* add x0, x0, #n; eor x0, x0, x0, lsr #n */
			code[f][k] = k % 2 ? 0xca400000 | (k % 60 + 1) << 10 : 0x91000000 | (f + k) % 4096 << 10;
		code[f][FUNCTION_WORDS - 1] = 0xd65f03c0; /* ret */
	}
	__asm__ volatile("dsb ish\n ic ialluis\n dsb ish\n isb" ::: "memory");
}

static uint64_t run_code(uint32_t me, enum spread how)
{
	uint64_t n = 0;
	uint32_t at = me * 1021;

	(void)how;
	do {
		for (unsigned k = 0; k < 100; k++) {
			at = (at + 1237) % FUNCTIONS;
			__asm__ volatile("blr %0" : : "r"(code[at]) : "x0", "x30", "memory");
		}
		n += 100;
	} while (!over());
	return n;
}

/* Variants have a dot in their names, and run if they are named only. */
static const struct {
	const char *name;
	uint64_t (*run)(uint32_t me, enum spread how);
	enum spread how;
} work[] = {
	{"int", run_int, SHARED}, {"fp", run_fp, SHARED}, {"fence", run_fence, SHARED},
#define LOCK(name, run) {name, run, SHARED}, {name ".line", run, SAME_LINE}, {name ".own", run, OWN_LINE},
	LOCK("excl", run_excl) LOCK("ticket", run_ticket) LOCK("mcs", run_mcs) LOCK("spin", run_spin) LOCK("barrier", run_barrier)
	{"tlbi", run_tlbi, SHARED}, {"tlbi.own", run_tlbi, OWN_LINE}, {"tlbi.local", run_local, OWN_LINE},
	{"code", run_code, SHARED}, LOCK("plain", run_plain)
};
#define NWORK (sizeof(work) / sizeof(work[0]))

static int is_variant(unsigned k)
{
	for (const char *p = work[k].name; *p; p++)
		if (*p == '.')
			return 1;
	return 0;
}

/* -- command line -- */

/* What follows `key` where that is a word or the start of one; 0: not there. */
static const char *find_word(const char *key)
{
	for (const char *p = cmdline; *p; p++) {
		unsigned k = 0;

		if (p != cmdline && p[-1] != ' ')
			continue;
		while (key[k] && p[k] == key[k])
			k++;
		if (!key[k])
			return p + k;
	}
	return 0;
}

static int chosen(unsigned k)
{
	const char *end = find_word(work[k].name);
	int any = 0;

	for (unsigned w = 0; w < NWORK; w++) {
		const char *e = find_word(work[w].name);

		any |= e && (!*e || *e == ' ');
	}
	return (!any && !is_variant(k)) || (end && (!*end || *end == ' '));
}

static uint64_t duration_ms(void)
{
	const char *p = find_word("ms=");
	uint64_t v = 0;

	for (; p && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	return v ? v : 300;
}

/* -- all CPUs together -- */

static void enable_fp(void)
{
	__asm__ volatile("msr cpacr_el1, %0\n isb" : : "r"(UINT64_C(3) << 20));
}

/* One CPU's part of workload k in this round. */
static void take_part(uint32_t me, unsigned k)
{
	count[me].ops = work[k].run(me, work[k].how);
	add(&done, 1);
	sev();
}

enum { GO_OFF = 255 }; /* in go's low byte: CPUs from ncpus on switch themselves off */

static void secondary(uint32_t me)
{
	uint32_t g = acquire(&go), stay;

	enable_fp();
	add(&online, 1);
	sev();
	for (;;) {
		g = wait_change(&go, g);
		if ((g & 255) != GO_OFF) {
			take_part(me, g & 255);
			continue;
		}
		stay = me < acquire(&ncpus);
		add(&done, 1);
		sev();
		if (!stay)
			break;
	}
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

static uint64_t mpidr_of[MAX_CPUS];

/* The CPU may still be on its way off. */
static int64_t switch_on(uint64_t mpidr, uint32_t n)
{
	int64_t rc;

	while ((rc = psci(PSCI_CPU_ON, mpidr, (uint64_t)secondary_start, n)) == -4) /* ALREADY_ON */
		;
	return rc;
}

/* Switches on CPUs until there are `want`, or all. */
static void bring_up(uint32_t want)
{
	uint32_t n = ncpus;
	uint64_t mpidr = mpidr_of[n - 1];

	/* Affinities count up within a cluster, of 8 (GICv2) or 16 (GICv3) CPUs. */
	while (n < want) {
		if (!switch_on(mpidr + 1, n)) {
			mpidr++;
		} else {
			mpidr = ((mpidr >> 8) + 1) << 8;
			if (switch_on(mpidr, n))
				break;
		}
		mpidr_of[n++] = mpidr;
	}
	wait_for(&online, n - 1);
	release(&ncpus, n);
}

static void one_workload(unsigned k, uint32_t round)
{
	uint64_t t0, t1, sum = 0, least = UINT64_MAX, most = 0;

	if (work[k].run == run_code)
		write_code();
	release(&done, 0);
	release(&stop, 0);
	release(&barrier_stop, 0);
	puts_("@begin ");
	puts_(work[k].name);
	puts_("\n");
	wait_ack();
	t0 = time_now();
	deadline = t0 + duration_ms() * (tick_hz() / 1000);
	release(&go, round << 8 | k);
	sev();
	take_part(0, k);
	wait_for(&done, ncpus);
	t1 = time_now();
	for (uint32_t c = 0; c < ncpus; c++) {
		uint64_t v = count[c].ops;

		sum += v;
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	puts_("@end ");
	puts_(work[k].name);
	put_num(sum, 10);
	put_num((t1 - t0) * 1000 / (tick_hz() / 1000000), 10);
	put_num(least, 10);
	put_num(most, 10);
	puts_("\n");
	wait_ack();
}

/* Runs the chosen workloads on `want` CPUs, or on all. */
static void one_size(uint32_t want)
{
	static uint32_t round;

	if (want < ncpus) { /* the others go off */
		uint32_t others = ncpus - 1;

		release(&online, want - 1);
		release(&done, 0);
		release(&ncpus, want);
		release(&go, ++round << 8 | GO_OFF);
		sev();
		wait_for(&done, others);
	}
	bring_up(want);
	puts_("@cpus");
	put_num(ncpus, 10);
	puts_("\n");
	wait_ack();
	for (unsigned k = 0; k < NWORK; k++)
		if (chosen(k))
			one_workload(k, ++round);
}

void smp_main(uint64_t index)
{
	uint64_t block[2] = {(uint64_t)cmdline, sizeof(cmdline) - 1};
	const char *sizes;

	if (index) {
		secondary((uint32_t)index);
		return;
	}
	enable_fp();
	semihost(SYS_GET_CMDLINE, block);
	want_ack = find_word("ack") != 0;
	map_tables();
	ncpus = 1;
	sizes = find_word("cpus=");
	if (!sizes)
		one_size(MAX_CPUS);
	while (sizes && *sizes >= '0' && *sizes <= '9') {
		uint32_t n = 0;

		for (; *sizes >= '0' && *sizes <= '9'; sizes++)
			n = n * 10 + (uint32_t)(*sizes - '0');
		one_size(n);
		sizes += *sizes == ',';
	}
	puts_("@done\n");
	wait_ack();
	leave(0);
}
