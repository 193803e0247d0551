/*
 * What each TLB maintenance instruction must take away, and what ASIDs and
 * table roots must keep apart.  The half under test is TTBR1's; every frame
 * of 64 KiB holds its number.  Prints what is wrong, and a count.
 */
#include "guest.h"

__asm__(".arch armv8.5-a"); /* the names, for the assembler */

#define FRAMES 0x44000000ull
#define FRAME(k) (FRAMES + (k) * 0x10000ull)
#define INSIDE 0x5555u /* in the pages of a frame but the first */
#define VA 0xffffff8000000000ull
#define ATTR 0x700ull /* AF, inner shareable */
#define AF (1ull << 10)
#define NG (1ull << 11)
#define FAULT(dfsc) (1ull << 40 | 0x25ull << 26 | 1 << 25 | (dfsc))

static uint64_t ident[512] __attribute__((aligned(4096)));
static uint64_t roots[8][512] __attribute__((aligned(4096)));
static uint64_t l2[512] __attribute__((aligned(4096)));
static uint64_t l3[512] __attribute__((aligned(4096)));
static uint64_t large[8192] __attribute__((aligned(65536)));
static volatile uint64_t resume, fault;
static unsigned wrong;

static uint64_t record(uint64_t kind)
{
	fault = 1ull << 40 | mrs(esr_el1) | kind << 60;
	return resume;
}

/* The doubleword at va, or the fault. */
static uint64_t value(uint64_t va)
{
	register uint64_t x0 __asm__("x0") = va;
	register uint64_t x1 __asm__("x1") = 0;

	fault = 0;
	__asm__ volatile("adr x9, 1f\n\tstr x9, %2\n\tldr x1, [x0]\n1:" : "+r"(x0), "+r"(x1), "=m"(resume)::"x9", "memory");
	return fault ? fault : x1;
}

static void expect(const char *what, uint64_t va, uint64_t v)
{
	uint64_t got = value(va);

	if (got == v)
		return;
	out("%s: at %lx is %lx, not %lx\n", what, va, got, v);
	wrong++;
}

#define TLBI(op, arg) __asm__ volatile("dsb ishst\n\ttlbi " #op ", %0\n\tdsb ish\n\tisb" ::"r"((uint64_t)(arg)) : "memory")
#define TLBI_ALL(op) __asm__ volatile("dsb ishst\n\ttlbi " #op "\n\tdsb ish\n\tisb" ::: "memory")

static uint64_t asid(uint64_t n) { return n << 48; }
static uint64_t page(uint64_t va) { return va >> 12 & 0xfffffffffff; }
/* pages * 2, in granules of 1 << shift */
static uint64_t range(uint64_t va, unsigned shift, uint64_t num)
{
	return (va >> shift & 0x1fffffffff) | (uint64_t)(shift / 2 - 5) << 46 | num << 39;
}

static void set_asid(uint64_t n) { msr(ttbr1_el1, (uint64_t)(uintptr_t)roots[0] | asid(n)); }

static void map(unsigned n, unsigned frame, uint64_t attr)
{
	for (unsigned k = 0; k < n; k++)
		l3[k] = FRAME((frame + k) & 31) | ATTR | attr | 3;
}

/* Page 5 is seen, changes, and is seen changed after the operation; global and not. */
#define PAGE_OP(name, operation)                          \
	do {                                              \
		for (unsigned g = 0; g < 2; g++) {        \
			set_asid(3);                      \
			map(16, 0, g ? NG : 0);           \
			TLBI_ALL(vmalle1);                \
			for (unsigned k = 0; k < 16; k++) \
				expect("before " name, VA + k * 4096, k); \
			map(16, 16, g ? NG : 0);          \
			operation;                        \
			expect(name, VA + 5 * 4096, 21);  \
		}                                         \
	} while (0)
#define BY_VA(op) PAGE_OP(#op, TLBI(op, page(VA + 5 * 4096) | asid(3)))
#define BY_RANGE(op) PAGE_OP(#op, TLBI(op, range(VA, 12, 4) | asid(3)))

static void each_operation(void)
{
	PAGE_OP("vmalle1", TLBI_ALL(vmalle1));
	PAGE_OP("vmalle1is", TLBI_ALL(vmalle1is));
	PAGE_OP("vmalle1os", TLBI_ALL(vmalle1os));
	BY_VA(vae1);
	BY_VA(vae1is);
	BY_VA(vae1os);
	BY_VA(vale1);
	BY_VA(vale1is);
	BY_VA(vale1os);
	BY_VA(vaae1);
	BY_VA(vaae1is);
	BY_VA(vaae1os);
	BY_VA(vaale1);
	BY_VA(vaale1is);
	BY_VA(vaale1os);
	BY_RANGE(rvae1);
	BY_RANGE(rvae1is);
	BY_RANGE(rvae1os);
	BY_RANGE(rvale1);
	BY_RANGE(rvale1is);
	BY_RANGE(rvale1os);
	BY_RANGE(rvaae1);
	BY_RANGE(rvaae1is);
	BY_RANGE(rvaae1os);
	BY_RANGE(rvaale1);
	BY_RANGE(rvaale1is);
	BY_RANGE(rvaale1os);
}

static void asids(void)
{
	map(16, 0, 0);
	TLBI_ALL(vmalle1);
	set_asid(3);
	expect("global", VA + 4096, 1);
	l3[1] = FRAME(9) | ATTR | 3;
	TLBI(vae1is, page(VA + 4096) | asid(7));
	expect("a global page goes whatever the ASID", VA + 4096, 9);

	map(16, 0, NG);
	TLBI_ALL(vmalle1);
	expect("ASID 3", VA + 4096, 1);
	set_asid(4);
	expect("ASID 4", VA + 4096, 1);
	l3[1] = FRAME(9) | ATTR | NG | 3;
	TLBI(vaae1is, page(VA + 4096));
	expect("VAAE1 in ASID 4", VA + 4096, 9);
	set_asid(3);
	expect("VAAE1 in ASID 3", VA + 4096, 9);
	l3[1] = FRAME(1) | ATTR | NG | 3;
	TLBI(aside1is, asid(3));
	expect("ASIDE1", VA + 4096, 1);
	TLBI(aside1, asid(4));
	set_asid(4);
	expect("ASIDE1 of another", VA + 4096, 1);

	set_asid(0x1203);
	expect("a wide ASID", VA + 4096, 1);
	l3[1] = FRAME(9) | ATTR | NG | 3;
	set_asid(0x2203);
	expect("ASIDs have 16 bits", VA + 4096, 9);
	TLBI(aside1is, asid(0x1203));
	set_asid(0x1203);
	expect("ASIDE1 of a wide one", VA + 4096, 9);
	l3[1] = FRAME(1) | ATTR | NG | 3;
	TLBI(vae1is, page(VA + 4096) | asid(0x1203));
	expect("VAE1 of a wide one", VA + 4096, 1);
}

static void blocks(void)
{
	static const uint64_t in[3] = {0, 0x1ff000, 0x123000};
	uint64_t va = VA + 3 * 0x200000;

	for (unsigned n = 0; n < 4; n++) {
		l2[3] = FRAMES | ATTR | 1;
		TLBI_ALL(vmalle1);
		for (unsigned k = 0; k < 32; k++)
			expect("block", va + k * 0x10000, k);
		l2[3] = (FRAMES + 0x200000) | ATTR | 1;
		if (n < 3)
			TLBI(vae1is, page(va + in[n]) | asid(0x1203));
		else
			TLBI(rvaale1is, range(va + in[2], 12, 0));
		for (unsigned k = 0; k < 32; k++)
			expect("the whole block goes", va + k * 0x10000, k + 32);
	}
	map(512, 0, 0);
	l2[3] = (uint64_t)(uintptr_t)l3 | 3;
	TLBI_ALL(vmalle1);
	for (unsigned k = 0; k < 512; k += 7)
		expect("pages", va + k * 4096, k & 31);
	l2[3] = 0;
	for (unsigned k = 0; k < 512; k++)
		TLBI(vae1is, page(va + k * 4096));
	for (unsigned k = 0; k < 512; k += 7)
		expect("the table is gone", va + k * 4096, FAULT(6));
	l2[3] = FRAMES | ATTR | 1;
	for (unsigned k = 0; k < 32; k++)
		expect("a fault is not kept", va + k * 0x10000, k);
	l3[2] = FRAME(2) | (ATTR & ~AF) | 3;
	TLBI_ALL(vmalle1);
	expect("no access flag", VA + 8192, FAULT(0xb));
	l3[2] |= AF;
	dsb();
	isb();
	expect("nor is that fault kept", VA + 8192, 2);
}

/* More address spaces than an emulator may keep apart at once, without maintenance. */
static void many_roots(void)
{
	for (unsigned k = 0; k < 8; k++)
		roots[k][1] = 0x40000000 | ATTR | NG | 1;
	for (unsigned k = 1; k < 8; k++)
		roots[k][2] = (uint64_t)(uintptr_t)l2 | 3;
	for (unsigned n = 0; n < 200; n++) {
		unsigned k = n * 5 % 8;

		msr(ttbr1_el1, (uint64_t)(uintptr_t)roots[k] | asid(k + 1));
		expect("its own map", VA + 0x40000000 + (FRAME(k) - 0x40000000), k);
		expect("its own map", VA + 0x80000000, k ? 0 : FAULT(5));
	}
}

/* A single table of larger pages: an address in a page takes all of it away. */
static void granule(uint64_t tg1, unsigned shift)
{
	unsigned size = 2 * shift - 3;
	uint64_t tcr = mrs(tcr_el1), va = ~0ull << size;

	for (unsigned n = 0; n < 3; n++) {
		if (n == 0) {
			msr(tcr_el1, (tcr & ~(3ull << 30 | 63ull << 16)) | tg1 << 30 | (64ull - size) << 16);
			msr(ttbr1_el1, (uint64_t)(uintptr_t)large);
		}
		for (unsigned k = 0; k < 8; k++)
			large[k] = FRAME(k + n % 2 * 16) | ATTR | 3;
		if (n == 0)
			TLBI_ALL(vmalle1);
		for (unsigned k = 0; n == 1 && k < 8; k++)
			TLBI(vae1is, page(va + ((uint64_t)k << shift) + k % 4 * 4096));
		if (n == 2)
			TLBI(rvae1is, range(va, shift, 0) | 1ull << 44); /* 64 pages */
		for (unsigned k = 0; k < 8; k++)
			for (uint64_t in = 0; in < 1ull << shift; in += 4096)
				expect("large pages", va + ((uint64_t)k << shift) + in, in ? INSIDE : k + n % 2 * 16);
	}
	msr(tcr_el1, tcr);
	TLBI_ALL(vmalle1);
}

void guest_main(void)
{
	on_sync = record;
	for (uint64_t a = FRAMES; a < FRAMES + 0x400000; a += 4096)
		*(volatile uint64_t *)a = a & 0xffff ? INSIDE : (a - FRAMES) >> 16;
	ident[0] = AF | 4 | 1;
	ident[1] = 0x40000000 | ATTR | 1;
	roots[0][0] = (uint64_t)(uintptr_t)l2 | 3;
	l2[0] = (uint64_t)(uintptr_t)l3 | 3;
	msr(mair_el1, 0x00ff);
	msr(ttbr0_el1, (uint64_t)(uintptr_t)ident);
	msr(ttbr1_el1, (uint64_t)(uintptr_t)roots[0]);
	/* 39 bits, 4 KiB, 40 bits of physical address, wide ASIDs, those of TTBR1 */
	msr(tcr_el1, 25 | 25ull << 16 | 3 << 8 | 3 << 12 | 2ull << 30 | 2ull << 32 | 1ull << 36 | 1ull << 22);
	TLBI_ALL(vmalle1);
	msr(sctlr_el1, mrs(sctlr_el1) | 0x1005);
	each_operation();
	asids();
	blocks();
	many_roots();
	granule(1, 14);
	granule(3, 16);
	out("wrong: %d\n", (int)wrong);
}
