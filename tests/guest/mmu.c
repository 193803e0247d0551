/*
 * Stage 1 translation as a guest sees it: random tables of every granule
 * behind TTBR1 (TTBR0 maps the code), AT instructions, loads, stores,
 * unprivileged ones and fetches at random addresses.  All results go into a
 * digest for each round; a round that differs from the reference can be
 * printed in full by building with -DSHOW=round.
 */
#include "guest.h"

#ifndef SHOW
#define SHOW -1
#endif

#define TABLES 0x41000000ull
#define TABLES_SIZE 0x100000ull
#define DATA 0x42000000ull
#define DATA_SIZE 0x200000ull
#define IDENT 0x43000000ull
#define COPY 0x4000000ull /* added to a table's address: as it was */
#define RET 0xd65f03c0u

static uint64_t rng = 88172645463325252ull, digest;
static int round_no;
static uint64_t last_esr, last_far;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}
static bool one_in(unsigned n) { return rnd() % n == 0; }

static void note(const char *what, uint64_t va, uint64_t v)
{
	digest = (digest ^ v) * 0x100000001b3ull;
	digest ^= digest >> 29;
	if (round_no == SHOW)
		out("%s va %lx: %lx\n", what, va, v);
}

static uint64_t recover;

static uint64_t sync_fault(uint64_t kind)
{
	last_esr = kind ? ~0ull : mrs(esr_el1);
	last_far = mrs(far_el1);
	return recover;
}

/* Runs one instruction with x0 = va; the syndrome of its exception, or 0. */
#define TRY(insn, va, res)                                                                         \
	({                                                                                         \
		register uint64_t x0_ __asm__("x0") = (va);                                         \
		register uint64_t x1_ __asm__("x1") = RET | (uint64_t)RET << 32;                    \
		last_esr = 0;                                                                      \
		__asm__ volatile("adr x2, 1f\n\tstr x2, %[rec]\n\t" insn "\n1:"                     \
				 : "+r"(x0_), "+r"(x1_), [rec] "=m"(recover)::"x2", "x3", "x30", "memory"); \
		*(res) = x1_;                                                                      \
		last_esr;                                                                          \
	})

static uint64_t random_desc(unsigned leafness)
{
	uint64_t d = rnd() & 0xfff0000000000ffc;

	if (one_in(10))
		return d;
	d |= one_in(5) ? 1 : 3;
	if (!one_in(10))
		d |= 1 << 10;
	d &= ~(0xeull << 50 | 1ull << 16); /* no DBM, contiguous, nT, GP */
	if (one_in(60))
		return d | (rnd() & 0x0000fffffff00000);
	if (leafness)
		return d | ((DATA + rnd() % DATA_SIZE) & ~0xfffull);
	return d | ((TABLES + rnd() % TABLES_SIZE) & ~0xfffull);
}

static void set_up_round(void)
{
	static const uint8_t tg1[] = {1, 2, 3};
	uint64_t tcr, dirty = one_in(3) ? 3ull << 39 : one_in(2) ? 1ull << 39 : 0;

	/* Even entries of a table lead to data, odd ones to tables: walks end. */
	for (uint64_t a = TABLES; a < TABLES + TABLES_SIZE; a += 8)
		*(volatile uint64_t *)a = random_desc(one_in(2));
	if (dirty)
		for (uint64_t a = TABLES; a < TABLES + TABLES_SIZE; a += 64)
			*(volatile uint64_t *)a |= 1ull << 51;
	tcr = (uint64_t)tg1[rnd() % 3] << 30 | (one_in(4) ? rnd() % 6 : 5) << 32 | 32;
	/* With 64 KiB not from level 1, where the reference has blocks (LPA) and parma does not. */
	tcr |= ((tcr >> 30 & 3) == 3 ? 22 + rnd() % 20 : 16 + rnd() % 26) << 16;
	tcr |= 1ull << 36 | (rnd() & 1) << 22 | (uint64_t)one_in(10) << 23 | (rnd() & 1) << 38 | (rnd() & 1) << 42 | dirty;
	for (uint64_t a = TABLES; round_no == SHOW && a < TABLES + TABLES_SIZE; a += 8)
		*(volatile uint64_t *)(a + COPY) = *(volatile uint64_t *)a;
	msr(tcr_el1, tcr);
	msr(ttbr1_el1, (rnd() & 0xff) << 48 | ((TABLES + rnd() % TABLES_SIZE) & ~0xffffull));
	msr(mair_el1, 0xff | (rnd() & 1 ? 0x0c0804ff44ff0000 : 0xff44bb000404ee00));
	msr(sctlr_el1, (mrs(sctlr_el1) & ~(1ull << 19 | 2)) | (one_in(3) ? 2 : 0) | 1ull << 23 | 1);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
	note("tcr", 0, tcr);
}

static uint64_t random_va(void)
{
	unsigned size = 64 - (mrs(tcr_el1) >> 16 & 63);
	uint64_t va = (rnd() & ((1ull << size) - 1)) | ~((1ull << size) - 1);

	if (one_in(2))
		va &= ~7ull;
	if (one_in(30))
		va ^= 1ull << (rnd() % 55);
	if (one_in(4))
		va = (va & ~(0xffull << 56)) | rnd() << 56;
	return va | 1ull << 55;
}

static uint64_t at(unsigned op, uint64_t va)
{
	switch (op) {
	case 0: __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(va)); break;
	case 1: __asm__ volatile("at s1e1w, %0\n\tisb" ::"r"(va)); break;
	case 2: __asm__ volatile("at s1e0r, %0\n\tisb" ::"r"(va)); break;
	case 3: __asm__ volatile("at s1e0w, %0\n\tisb" ::"r"(va)); break;
	case 4: __asm__ volatile(".inst 0xd5087900 | 0\n\tisb" ::"r"(va)); break; /* s1e1rp, x0 */
	}
	return mrs(par_el1);
}

/* An access; notes its syndrome and fault address, or what it read. */
static void access(uint64_t va, uint64_t par)
{
	uint64_t esr, v = 0, pa = par & 0xfffffffff000;
	bool tables = !(par & 1) && (pa < DATA || pa >= DATA + DATA_SIZE);
	unsigned what = rnd() % 7;

	/* The reference does not fault on unaligned access to Device memory. */
	if (!(par & 1) && par >> 56 < 0x10)
		va &= ~15ull;
	/* A clean page that EL0 may write is not executable at EL1; the reference sees that only once it is dirty. */
	if (what == 5 && (mrs(tcr_el1) >> 40 & 1))
		what = 0;
	/* Only what is sure to be data is written or run. */
	switch (tables ? 0 : what) {
	case 0: esr = TRY("ldr x1, [x0]", va, &v); break;
	case 1: esr = TRY("ldrb w1, [x0]", va, &v); break;
	case 2: esr = TRY("str w1, [x0]", va & ~3ull, &v); break;
	case 3: esr = TRY("ldtrh w1, [x0]", va, &v); break;
	case 4: esr = TRY("sttr w1, [x0]", va & ~3ull, &v); break;
	case 5: esr = TRY("blr x0", va & ~3ull, &v); break;
	default: esr = TRY("ldp x1, x3, [x0]", va, &v); break;
	}
	note("esr", va, esr);
	if (esr)
		note("far", va, last_far);
	else
		note("data", va, v);
}

static void one_round(void)
{
	digest = 0;
	set_up_round();
	for (unsigned k = 0; k < 300; k++) {
		uint64_t va = random_va(), v, esr, par = 1;

		__asm__ volatile(".inst 0xd500409f"); /* PAN = 0 */
		esr = TRY("at s1e1r, x0", va, &v);
		if (!esr)
			par = mrs(par_el1);
		note("par r", va, esr ? esr : par & ~(1ull << 9));
		if (!esr) {
			/* In the reference AT of a write marks the page dirty, in the manual it does not. */
			for (unsigned op = 1; op < 4; op++) {
				if (op != 2 && (mrs(tcr_el1) >> 40 & 1))
					continue;
				note("par", va, at(op, va) & ~(1ull << 9));
			}
		}
		if (one_in(2))
			__asm__ volatile(".inst 0xd500419f"); /* PAN = 1 */
		access(va, par);
	}
	for (uint64_t a = TABLES; a < TABLES + TABLES_SIZE; a += 8)
		digest = (digest ^ *(volatile uint64_t *)a) * 0x100000001b3ull;
	for (uint64_t a = TABLES; round_no == SHOW && a < TABLES + TABLES_SIZE; a += 8)
		if (*(volatile uint64_t *)(a + COPY) != *(volatile uint64_t *)a)
			out("changed %lx: %lx to %lx\n", a, *(volatile uint64_t *)(a + COPY), *(volatile uint64_t *)a);
	out("round %d: %lx\n", round_no, digest);
}

void guest_main(void)
{
	for (uint64_t a = DATA; a < DATA + DATA_SIZE; a += 4)
		*(volatile uint32_t *)a = RET;
	*(volatile uint64_t *)IDENT = 0x00000000 | 0x401 | 0x18; /* devices: 1 GiB block, attribute 6 */
	*(volatile uint64_t *)(IDENT + 8) = 0x40000000 | 0x701;  /* RAM: attribute 0 */
	msr(ttbr0_el1, IDENT);
	on_sync = sync_fault;
	for (round_no = 0; round_no < 60; round_no++)
		one_round();
}
