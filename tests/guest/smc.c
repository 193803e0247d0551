/*
 * Code that changes while it is used, with the maintenance that Arm asks for: by
 * one vCPU for itself, by one for the others (with and without waiting for
 * them), direct branches that are patched while others run over them, pages
 * that are written through one address and run through another at EL1 and EL0,
 * and virtual addresses of code that come to mean another page.  What runs after
 * the maintenance must be the new code, always.  Any number of vCPUs up to 8.  The line
 * with '!' is what the reference gets wrong now and then.
 */
#include "guest.h"

#define MAX 8
#define ROUNDS 100u
#define FUNCS 4096u

#define MOV_W0(k) (0x52800000u | (uint32_t)(k) << 5)
#define MOVK_W0(k) (0x72a00000u | (uint32_t)(k) << 5)
#define RET 0xd65f03c0u
#define NOP 0xd503201fu
#define SVC 0xd4000001u
#define B(from, to) (0x14000000u | ((uint32_t)((int64_t)((uint64_t)(to) - (uint64_t)(from)) >> 2) & 0x3ffffffu))

static uint64_t l1[512] __attribute__((aligned(4096))), l2[512] __attribute__((aligned(4096))), l3[512] __attribute__((aligned(4096)));
static uint32_t page[2][1024] __attribute__((aligned(4096)));
static uint32_t code[1024] __attribute__((aligned(4096)));
static uint32_t funcs[FUNCS][16] __attribute__((aligned(4096)));

static struct line {
	volatile uint64_t v;
	uint8_t pad[120];
} cmd, flag, over, up[MAX], done[MAX], ack[MAX], wrong[MAX] __attribute__((aligned(128)));
static unsigned ncpus = 1;
static uint64_t back[MAX]; /* where an SVC of EL0 comes back to */

#define ALIAS 0x80000000ull /* page k of the alias space */

static inline uint64_t ld(struct line *p)
{
	uint64_t v;

	__asm__ volatile("ldar %0, %1" : "=r"(v) : "Q"(p->v) : "memory");
	return v;
}
static inline void st(struct line *p, uint64_t v) { __asm__ volatile("stlr %1, %0" : "=Q"(p->v) : "r"(v) : "memory"); }

static void mmu_on(uint64_t n)
{
	msr(tpidr_el1, n);
	msr(ttbr0_el1, (uint64_t)l1);
	msr(mair_el1, 0x00ff);
	msr(tcr_el1, 0x200803519);
	__asm__ volatile("isb\n tlbi vmalle1\n dsb nsh\n isb" ::: "memory");
	msr(sctlr_el1, mrs(sctlr_el1) | 0x1005);
	__asm__ volatile("isb" ::: "memory");
}

/* -- writing code -- */

static inline void poke(uint32_t *p, uint32_t word) { *(volatile uint32_t *)p = word; }

/* Cleans and invalidates the line; sync() waits for it. */
static inline void clean(const void *p) { __asm__ volatile("dc cvau, %0\n dsb ish\n ic ivau, %0" ::"r"(p) : "memory"); }
static inline void sync(void) { __asm__ volatile("dsb ish\n isb" ::: "memory"); }

static void put_func(uint32_t *p, uint32_t value)
{
	poke(p, MOV_W0(value & 0xffff));
	poke(p + 1, MOVK_W0(value >> 16));
	poke(p + 2, RET);
	clean(p);
}

static inline uint32_t call(const void *p) { return ((uint32_t(*)(void))(uintptr_t)p)(); }

/* Runs code at EL0 until its SVC; what it leaves in w0. */
static uint32_t call_el0(uint64_t at)
{
	register uint64_t x0 __asm__("x0") = at;

	__asm__ volatile("adr x1, 1f\n str x1, [%1]\n msr elr_el1, x0\n msr spsr_el1, xzr\n isb\n eret\n1:"
			 : "+r"(x0) : "r"(&back[mrs(tpidr_el1)]) : "x1", "memory");
	return (uint32_t)x0;
}

/* An SVC of EL0 goes back to its caller; what is unmapped for a moment is tried again. */
static uint64_t on_fault(uint64_t kind)
{
	uint64_t ec = mrs(esr_el1) >> 26;

	if (kind == 0 && ec == 0x15)
		return back[mrs(tpidr_el1)];
	if (kind == 0 && (ec == 0x20 || ec == 0x21))
		return 0;
	out("UNEXPECTED exception ESR %lx ELR %lx FAR %lx\n", mrs(esr_el1), mrs(elr_el1), mrs(far_el1));
	power_off();
}

static void expect(unsigned n, uint64_t got, uint64_t want)
{
	if (got != want)
		wrong[n].v++;
}

/* -- the tests: work(n) is run by all the others while vCPU 0 runs lead() -- */

/* vCPU 0 has made version v, and waits until all others have seen it. */
static void publish(uint64_t v)
{
	st(&flag, v);
	for (unsigned n = 1; n < ncpus; n++)
		while (ld(&ack[n]) != v)
			__asm__ volatile("yield");
}

/* The others: each version once, by `see`. */
static void follow(unsigned n, void (*see)(unsigned n, uint64_t v))
{
	for (uint64_t v = 1; v <= ROUNDS; v++) {
		while (ld(&flag) != v)
			__asm__ volatile("yield");
		isb();
		see(n, v);
		st(&ack[n], v);
	}
}

static void own_code(void)
{
	for (unsigned k = 0; k < 4 * ROUNDS; k++) {
		uint32_t *p = &code[(k * 5) % 1000];

		put_func(p, k);
		clean(p + 2); /* may be in the next line */
		sync();
		expect(0, call(p), k);
		poke(p, MOV_W0(k ^ 0x5555)); /* one word of what just ran */
		clean(p);
		sync();
		expect(0, call(p), k ^ 0x5555);
	}
}

static void own_loop(void)
{
	/* The loop changes an instruction of its own body that it has run already. */
	poke(code, MOV_W0(0));
	poke(code + 1, RET);
	clean(code);
	sync();
	for (unsigned k = 0; k < ROUNDS; k++) {
		uint32_t got, next = MOV_W0(k + 1);

		__asm__ volatile("mov x9, x30\n blr %1\n mov x30, x9\n mov %w0, w0\n str %w2, [%1]\n dc cvau, %1\n dsb ish\n"
				 " ic ivau, %1\n dsb ish\n isb" : "=&r"(got) : "r"(code), "r"(next) : "x0", "x9", "x30", "memory");
		expect(0, got, k);
	}
}

static void lead_shared(void)
{
	for (uint64_t v = 1; v <= ROUNDS; v++) {
		put_func(code + 16 * (v % 8), (uint32_t)v);
		sync();
		expect(0, call(code + 16 * (v % 8)), v);
		publish(v);
	}
}
static void see_shared(unsigned n, uint64_t v) { expect(n, call(code + 16 * (v % 8)), v); }
static void work_shared(unsigned n) { follow(n, see_shared); }

/* code[0] branches to one of 16 functions; the branch is patched while others run over it. */
static void set_up_branches(void)
{
	for (unsigned k = 0; k < 16; k++)
		put_func(code + 256 + 16 * k, k);
	poke(code, B(code, code + 256));
	clean(code);
	sync();
}
static void lead_branch(void)
{
	for (uint64_t v = 1; v <= 4 * ROUNDS; v++) {
		poke(code, B(code, code + 256 + 16 * (v & 15)));
		clean(code);
		__asm__ volatile("dsb ish" ::: "memory");
		st(&flag, v);
		isb();
		expect(0, call(code), v & 15);
	}
	st(&over, 1);
}
static void work_branch(unsigned n)
{
	while (!ld(&over)) {
		uint64_t before = ld(&flag), got, after;

		isb();
		got = call(code);
		after = ld(&flag) + 1; /* not yet announced */
		if (after - before < 15)
			expect(n, ((got - before) & 15) <= after - before, true);
	}
}

/* Written at `page`, run at ALIAS, by EL1 and EL0. */
static void map(unsigned k, const void *pa)
{
	*(volatile uint64_t *)&l3[k] = pa ? (uint64_t)pa | 0x7c3 : 0; /* read-only for both */
}
static void remap(unsigned k, const void *pa)
{
	uint64_t va = (ALIAS >> 12) + k;

	map(k, 0);
	__asm__ volatile("dsb ishst\n tlbi vaae1is, %0\n dsb ish" ::"r"(va) : "memory");
	map(k, pa);
	__asm__ volatile("dsb ishst\n isb" ::: "memory");
}

/* Straight-line code that changes what stands behind its ISB, or puts another page under itself. */
__asm__(".balign 64\nbehind_patch: str w1, [x0]\n dc cvau, x0\n dsb ish\n ic ivau, x0\n dsb ish\n isb\n mov w0, #0\n ret\n"
	"behind_remap: str x1, [x0]\n dsb ishst\n tlbi vaae1, x2\n dsb ish\n isb\n mov w0, #0\n ret\n");
extern const uint32_t behind_patch[8], behind_remap[7];

static void copy(uint32_t *to, const uint32_t *from, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		poke(to + k, from[k]);
	clean(to);
	clean(to + n - 1);
}
static uint32_t call3(uint64_t at, const void *a, uint64_t b, uint64_t c) { return ((uint32_t(*)(const void *, uint64_t, uint64_t))at)(a, b, c); }

static void behind_isb(void)
{
	copy(code, behind_patch, 8);
	for (unsigned k = 0; k < 2; k++) {
		copy(page[k] + 512, behind_remap, 7);
		poke(page[k] + 512 + 5, MOV_W0(7 + k));
		clean(page[k] + 512 + 5);
	}
	sync();
	for (unsigned k = 0; k < 4 * ROUNDS; k++)
		expect(0, call3((uint64_t)code, code + 6, MOV_W0(k), 0), k);
	remap(1, page[0]);
	for (unsigned k = 1; k <= 4 * ROUNDS; k++)
		expect(0, call3(ALIAS + 0x1800, &l3[1], (uint64_t)page[k & 1] | 0x7c3, (ALIAS >> 12) + 1), 7 + (k & 1));
}

static void put_el0(uint32_t *p, uint32_t value)
{
	poke(p, MOV_W0(value));
	poke(p + 1, SVC);
	clean(p);
}
static void lead_alias(void)
{
	for (uint64_t v = 1; v <= ROUNDS; v++) {
		put_func(page[0] + 16, (uint32_t)v);
		put_el0(page[0] + 32, (uint32_t)v);
		sync();
		expect(0, call((void *)(ALIAS + 64)), v);
		expect(0, call_el0(ALIAS + 128), v);
		publish(v);
	}
}
static void see_alias(unsigned n, uint64_t v)
{
	expect(n, call((void *)(ALIAS + 64)), v);
	expect(n, call_el0(ALIAS + 128), v);
	expect(n, call(page[0] + 16), v);
}
static void work_alias(unsigned n) { follow(n, see_alias); }

/* Page k of the alias space shows one page and then the other. */
static void lead_remap(void)
{
	for (uint64_t v = 1; v <= ROUNDS; v++) {
		remap(1, page[v & 1]);
		expect(0, call((void *)(ALIAS + 0x1000)), v & 1);
		expect(0, call_el0(ALIAS + 0x1040), 2 + (v & 1));
		publish(v);
	}
}
static void see_remap(unsigned n, uint64_t v)
{
	expect(n, call((void *)(ALIAS + 0x1000)), v & 1);
	expect(n, call_el0(ALIAS + 0x1040), 2 + (v & 1));
}
static void work_remap(unsigned n) { follow(n, see_remap); }

/* The same without waiting: the others run into the gap, and see at least what they have been told of. */
static void lead_remap_free(void)
{
	for (uint64_t v = 1; v <= ROUNDS; v++) {
		put_func(page[v & 1], (uint32_t)v); /* the page that is not mapped */
		sync();
		remap(1, page[v & 1]);
		st(&flag, v);
		expect(0, call((void *)(ALIAS + 0x1000)), v);
	}
	st(&over, 1);
}
static void work_remap_free(unsigned n)
{
	while (!ld(&over)) {
		uint64_t before = ld(&flag), got;

		isb();
		got = call((void *)(ALIAS + 0x1000));
		expect(n, got >= before && got <= ld(&flag) + 2, true);
	}
}

/* More code than a small translation cache holds, all of it new in each round. */
static void lead_many(void)
{
	for (uint64_t v = 1; v <= 4; v++) {
		for (unsigned k = 0; k < FUNCS; k++)
			put_func(funcs[k], (uint32_t)(v << 16 | k));
		sync();
		for (unsigned k = 0; k < FUNCS; k++)
			expect(0, call(funcs[k]), v << 16 | k);
		publish(v);
	}
}
static void work_many(unsigned n)
{
	for (uint64_t v = 1; v <= 4; v++) {
		while (ld(&flag) != v)
			__asm__ volatile("yield");
		isb();
		for (unsigned turn = 0; turn < 2; turn++)
			for (unsigned k = 0; k < FUNCS; k++)
				expect(n, call(funcs[(k * 7 + n * 1000) % FUNCS]), v << 16 | (k * 7 + n * 1000) % FUNCS);
		st(&ack[n], v);
	}
}

static void none(unsigned n) { (void)n; }
static const struct test {
	const char *name;
	void (*lead)(void);
	void (*work)(unsigned n);
} tests[] = {
	{"code of one's own", own_code, none},
	{"a loop that changes what it calls", own_loop, none},
	{"what stands behind an ISB", behind_isb, none},
	{"code for others", lead_shared, work_shared},
	{"!branches patched while others run", lead_branch, work_branch},
	{"written here, run there, EL1 and EL0", lead_alias, work_alias},
	{"another page under the same address", lead_remap, work_remap},
	{"the same while others run", lead_remap_free, work_remap_free},
	{"more code than a small cache holds", lead_many, work_many},
};
#define NTESTS (sizeof(tests) / sizeof(tests[0]))

static void worker(unsigned n)
{
	mmu_on(n);
	st(&up[n], 1);
	for (uint64_t t = 1; t <= NTESTS; t++) {
		while (ld(&cmd) != t)
			__asm__ volatile("yield");
		tests[t - 1].work(n);
		st(&done[n], t);
	}
}

static void set_up(void)
{
	l1[0] = 0x0060000000000405; /* devices */
	l1[1] = 0x0000000040000701; /* RAM, write-back */
	l1[2] = (uint64_t)l2 | 3;
	l2[0] = (uint64_t)l3 | 3;
	map(0, page[0]);
	map(1, page[0]);
	dsb();
	mmu_on(0);
	put_func(page[0], 0);
	put_func(page[1], 1);
	put_el0(page[0] + 16, 2);
	put_el0(page[1] + 16, 3);
	sync();
	on_sync = on_fault;
}

void guest_main(void)
{
	set_up();
	while (ncpus < MAX && start_cpu(ncpus, worker) == 0)
		ncpus++;
	for (unsigned n = 1; n < ncpus; n++)
		while (!ld(&up[n]))
			;
	for (uint64_t t = 1; t <= NTESTS; t++) {
		uint64_t sum = 0;

		st(&flag, 0);
		st(&over, 0);
		for (unsigned n = 0; n < ncpus; n++) {
			st(&ack[n], 0);
			wrong[n].v = 0;
		}
		if (tests[t - 1].work == work_branch)
			set_up_branches();
		if (tests[t - 1].work == work_remap) { /* alias test has used these lines */
			put_func(page[0], 0);
			put_el0(page[0] + 16, 2);
		}
		sync();
		st(&cmd, t);
		tests[t - 1].lead();
		for (unsigned n = 1; n < ncpus; n++)
			while (ld(&done[n]) != t)
				__asm__ volatile("yield");
		for (unsigned n = 0; n < ncpus; n++)
			sum += wrong[n].v;
		out("%s: %d wrong\n", tests[t - 1].name, (int)sum);
	}
	out("# %d vCPUs\n", (int)ncpus);
}
