/*
 * Exceptions as EL1 sees them: each case provokes one and prints its
 * syndrome, fault address, where it was taken and from what state.  MMU off
 * first, then on with a page for each kind of permission, from EL1 and EL0.
 * Lines with '!' are what the reference leaves out.
 */
#include "guest.h"

#define PAGES 0x80000000ull /* where the test pages are mapped; page k is the k-th of pages[] */
#define PAGE(k) (PAGES + (k) * 0x1000ull)

/* -- provoking and recording -- */

static volatile struct {
	uint64_t kind, esr, elr, far, spsr;
	uint32_t n;
} seen;
static volatile uint64_t resume;

static uint64_t record(uint64_t kind)
{
	seen.kind = kind;
	seen.esr = mrs(esr_el1);
	seen.elr = mrs(elr_el1);
	seen.far = mrs(far_el1);
	seen.spsr = mrs(spsr_el1);
	seen.n++;
	return resume;
}

static void report(const char *what, uint64_t at)
{
	uint64_t ec = seen.esr >> 26, dfsc = seen.esr & 0x3f;
	bool has_far = ec == 0x22 || ec == 0x34 || ec == 0x35;

	if (ec == 0x20 || ec == 0x21 || ec == 0x24 || ec == 0x25)
		has_far = !(seen.esr >> 10 & 1) && dfsc < 0x30;
	out("%s: ", what);
	if (!seen.n) {
		out("nothing\n");
		return;
	}
	out("ESR %lx", seen.esr);
	if (seen.elr - at < 64)
		out(" ELR +%lx", seen.elr - at);
	else
		out(" ELR %lx", seen.elr);
	if (has_far)
		out(" FAR %lx", seen.far);
	out(" SPSR %lx%s\n", seen.spsr & 0x3003df, seen.n > 1 ? " TWICE" : "");
}

/* Runs instructions at EL1 (MMU state as it is) with an address in x0 and a value in x1. */
#define EL1(text, address)                                                                                   \
	do {                                                                                                 \
		register uint64_t x0_ __asm__("x0") = (address);                                             \
		register uint64_t x1_ __asm__("x1") = 0x1122334455667788;                                    \
		uint64_t at_;                                                                                \
		seen.n = 0;                                                                                  \
		__asm__ volatile("adr x9, 1f\n\tstr x9, %3\n\tadr x9, 2f\n\tmov %2, x9\n\tdsb sy\n"            \
				 "2:\t" text "\n1:"                                                          \
				 : "+r"(x0_), "+r"(x1_), "=&r"(at_), "=m"(resume)                            \
				 :                                                                           \
				 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "memory", "cc");    \
		report(text, at_);                                                                           \
	} while (0)

/* One instruction at EL0: copied into the page that EL0 may execute, followed by SVC #99. */
#define EL0_CODE 8
extern uint32_t pages[16][1024];
#define EL0(text, address)                                                          \
	do {                                                                        \
		static uint32_t code_[8];                                           \
		uint64_t p_;                                                        \
		__asm__ volatile("adr %0, 1f\n\tb 2f\n1:\t" text "\n\tsvc #99\n2:" : "=r"(p_)); \
		for (unsigned k_ = 0; k_ < 8; k_++)                                 \
			code_[k_] = ((volatile uint32_t *)p_)[k_];                  \
		run_el0(text, code_, (address));                                    \
	} while (0)

static void sync_code(uint64_t a)
{
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(a) : "memory");
}

static void run_el0(const char *what, const uint32_t *code, uint64_t address)
{
	register uint64_t x0 __asm__("x0") = address;

	for (unsigned k = 0; k < 8; k++)
		((volatile uint32_t *)pages[EL0_CODE])[k] = code[k];
	sync_code((uint64_t)(uintptr_t)pages[EL0_CODE]);
	seen.n = 0;
	msr(sp_el0, PAGE(2) + 0x800);
	__asm__ volatile("adr x9, 1f\n\tstr x9, %1\n\tmsr elr_el1, %2\n\tmov x9, #0x3c0\n\tmsr spsr_el1, x9\n\tdsb sy\n\teret\n1:"
			 : "+r"(x0), "=m"(resume)
			 : "r"(PAGE(EL0_CODE))
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "memory", "cc");
	out("EL0 ");
	report(what, PAGE(EL0_CODE));
}

/* -- the map: 4 KiB granule, 39 bits -- */

uint32_t pages[16][1024] __attribute__((aligned(4096)));
static uint64_t l1[512] __attribute__((aligned(4096)));
static uint64_t l2[512] __attribute__((aligned(4096)));
static uint64_t l3[512] __attribute__((aligned(4096)));

#define AF (1ull << 10)
#define SH (3ull << 8)
#define RO (1ull << 7)
#define USER (1ull << 6)
#define NG (1ull << 11)
#define PXN (1ull << 53)
#define UXN (1ull << 54)
#define DEVICE (1ull << 2)

static void map(unsigned page, uint64_t attr)
{
	l3[page] = (uint64_t)(uintptr_t)pages[page & 15] | attr | 3;
}

static void tlbi(void)
{
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

static void mmu_on(void)
{
	l1[0] = 0 | AF | DEVICE | UXN | PXN | 1;
	l1[1] = 0x40000000 | AF | SH | UXN | 1;
	l1[2] = (uint64_t)(uintptr_t)l2 | 3;
	l2[0] = (uint64_t)(uintptr_t)l3 | 3;
	map(1, AF | SH | RO | UXN | PXN);
	map(2, AF | SH | USER | UXN | PXN | NG);
	map(3, AF | SH | USER | RO | UXN | PXN);
	map(4, SH | UXN | PXN);
	map(5, AF | SH | UXN | PXN);
	map(6, AF | SH | UXN);
	map(7, AF | DEVICE | UXN | PXN);
	map(8, AF | SH | USER | RO);
	map(9, AF | SH | UXN | PXN);
	l3[9] |= 1ull << 46; /* beyond TCR.IPS */
	map(10, AF | SH | UXN | PXN);
	l3[11] = 0x0b000000 | AF | DEVICE | UXN | PXN | 3; /* nothing there */
	l2[2] = (1ull << 46) | AF | SH | 1;
	msr(mair_el1, 0x00ff);
	msr(ttbr0_el1, (uint64_t)(uintptr_t)l1);
	msr(ttbr1_el1, (uint64_t)(uintptr_t)l1);
	/* 39 bits on both sides, none through TTBR1 (EPD1), 40 bits of physical address, TBI0 */
	msr(tcr_el1, 25 | 3 << 8 | 3 << 12 | 25ul << 16 | 1ul << 23 | 2ul << 32 | 1ul << 37);
	tlbi();
	msr(sctlr_el1, mrs(sctlr_el1) | 0x1005);
}

/* -- the cases -- */

static void mmu_off_cases(void)
{
	EL1("udf #0", 0);
	EL1("svc #0x1234", 0);
	EL1("brk #0xabcd", 0);
	EL1("ldr x1, [x0]", 0x40200001);
	EL1("str x1, [x0]", 0x40200004);
	EL1("ldrh w1, [x0]", 0x40200001);
	EL1("ldp x1, x2, [x0]", 0x40200004);
	EL1("ldar w1, [x0]", 0x40200002);
	EL1("ldr x1, [x0]", 0x0b000000);
	EL1("strb w1, [x0]", 0x0b000000);
	EL1("ldr w1, [x0]", 1ull << 44);
	EL1("br x0", 0x40200002);
	EL1("br x0", 0x0b000000);
	EL1("mrs x1, S3_0_C15_C0_0", 0);
	EL1("msr S3_7_C15_C3_5, x1", 0);
	EL1("mrs x1, hcr_el2", 0);
	EL1("mrs x1, S3_0_C0_C7_7", 0);
}

static void illegal_return(void)
{
	/* to EL2, which there is not: Illegal Execution state */
	seen.n = 0;
	__asm__ volatile("adr x9, 1f\n\tstr x9, %0\n\tadr x9, 2f\n\tmsr elr_el1, x9\n\tmov x9, #0x3c9\n\tmsr spsr_el1, x9\n\teret\n"
			 "2:\tnop\n1:"
			 : "=m"(resume)
			 :
			 : "x9", "memory");
	out("illegal return: ESR %lx SPSR %lx\n", seen.esr, seen.spsr & 0xf03003df);
	/* to where there is nothing: the instruction abort comes first; and a PC that is not aligned before that */
	EL1("mov x9, #0x3c9; msr elr_el1, x0; msr spsr_el1, x9; eret", 0x0b000000);
	EL1("mov x9, #0x3c9; msr elr_el1, x0; msr spsr_el1, x9; eret", 0x0b000002);
	EL1("mov x9, #0x3c0; orr x9, x9, #0x100000; msr elr_el1, x0; msr spsr_el1, x9; eret", 0x0b000000);
}

static void mmu_cases(void)
{
	EL1("ldr x1, [x0]", PAGE(0));
	EL1("str x1, [x0]", PAGE(0) + 8);
	EL1("ldr x1, [x0]", PAGES + 0x200000);
	EL1("ldr x1, [x0]", 0xc0000000);
	EL1("ldr x1, [x0]", 1ull << 40);
	EL1("ldr x1, [x0]", 0xffffff8000000000);
	EL1("ldr x1, [x0]", 0x7ff0000000000000);
	EL1("ldr x1, [x0]", 0x5a00000000000000 | PAGE(0));
	EL1("ldr x1, [x0]", 0x5a00000000000000 | PAGE(1));
	EL1("str x1, [x0]", PAGE(1));
	EL1("ldr x1, [x0]", PAGE(4) + 0x10);
	EL1("ldr x1, [x0]", PAGE(9));
	EL1("ldr x1, [x0]", PAGES + 0x400000);
	EL1("ldr x1, [x0]", PAGE(11) + 0x20);
	out("! ");
	EL1("ldr x1, [x0]", PAGE(7) + 1);
	EL1("ldr x1, [x0]", PAGE(1) - 4);
	EL1("ldr x1, [x0]", PAGE(2) + 1);
	EL1("ldxr x1, [x0]", PAGE(2) + 1);
	EL1("br x0", PAGE(0));
	EL1("br x0", PAGE(5));
	EL1("br x0", PAGE(2));
	EL1("br x0", PAGE(8) + 2);
	EL1("br x0", 0xffffff8000000000);
	/* what the instruction syndrome says */
	EL1("ldrb w1, [x0]", PAGE(0));
	EL1("ldrsb x2, [x0]", PAGE(0));
	EL1("ldrsh w3, [x0]", PAGE(0));
	EL1("ldrsw x4, [x0]", PAGE(0));
	EL1("strh w5, [x0]", PAGE(0));
	EL1("ldr w6, [x0, #4]!", PAGE(0));
	EL1("ldr x7, [x0], #8", PAGE(0));
	EL1("ldp x1, x2, [x0]", PAGE(0));
	EL1("stp w1, w2, [x0]", PAGE(0));
	EL1("ldr q1, [x0]", PAGE(0));
	EL1("ld1 {v1.4s}, [x0]", PAGE(0));
	EL1("ldxr x8, [x0]", PAGE(0));
	EL1("ldar x1, [x0]", PAGE(0));
	EL1("stlrb w1, [x0]", PAGE(0));
	EL1("ldtr x1, [x0]", PAGE(1));
	EL1("sttr x1, [x0]", PAGE(2));
	EL1("ldr x1, [x0, x1, lsl #3]", PAGE(0) - (0x1122334455667788ul << 3));
	EL1("dc zva, x0", PAGE(0));
	out("! ");
	EL1("dc cvac, x0", PAGE(0));
	EL1("dc cvac, x0", PAGE(1));
	out("! ");
	EL1("dc ivac, x0", PAGE(1));
	out("! ");
	EL1("dc civac, x0", PAGE(0));
	out("! ");
	EL1("ic ivau, x0", PAGE(0));
	EL1("ldadd x1, x2, [x0]", PAGE(0));
	EL1("ldadd x1, x2, [x0]", PAGE(1));
	EL1("cas x1, x2, [x0]", PAGE(1));
	EL1("prfm pldl1keep, [x0]", PAGE(0));
}

static void pan_cases(void)
{
	EL1("msr pan, #1; ldr x1, [x0]", PAGE(2));
	__asm__ volatile("msr pan, #1");
	EL1("str x1, [x0]", PAGE(3));
	EL1("ldtr x1, [x0]", PAGE(2));
	__asm__ volatile("msr pan, #0");
}

static void at_cases(void)
{
	static const uint64_t va[] = {PAGE(0), PAGE(1), PAGE(2), PAGE(3), PAGE(4), PAGE(7), PAGE(9), 0xc0000000, 1ull << 40,
				      PAGES + 0x200000, 0x40200000, 0x09000000};

	for (unsigned k = 0; k < sizeof(va) / sizeof(va[0]); k++) {
		uint64_t par[4];

		__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(va[k]));
		par[0] = mrs(par_el1);
		__asm__ volatile("at s1e1w, %0\n\tisb" ::"r"(va[k]));
		par[1] = mrs(par_el1);
		__asm__ volatile("at s1e0r, %0\n\tisb" ::"r"(va[k]));
		par[2] = mrs(par_el1);
		__asm__ volatile("at s1e0w, %0\n\tisb" ::"r"(va[k]));
		par[3] = mrs(par_el1);
		out("AT %lx:", va[k]);
		for (unsigned n = 0; n < 4; n++) /* a page's address depends on the compiler */
			out(" %lx", par[n] & 1 ? par[n] : (par[n] & ~0xfffffff000ul));
		out("\n");
	}
}

static void el0_cases(void)
{
	EL0("nop", 0);
	EL0("svc #5", 0);
	EL0("brk #6", 0);
	EL0("hvc #0", 0);
	EL0("smc #0", 0);
	EL0("udf #1", 0);
	EL0("ldr x1, [x0]", PAGE(1));
	EL0("ldr x1, [x0]", PAGE(2));
	EL0("str x1, [x0]", PAGE(3));
	EL0("str wzr, [x0]", PAGE(0));
	EL0("br x0", PAGE(6));
	EL0("br x0", PAGE(2));
	EL0("br x0", PAGE(8) + 1);
	EL0("mrs x1, sctlr_el1", 0);
	EL0("msr ttbr0_el1, x1", 0);
	EL0("mrs x1, midr_el1", 0);
	EL0("mrs x1, currentel", 0);
	EL0("mrs x1, daif", 0);
	out("! ");
	EL0("msr daifset, #2", 0);
	EL0("mrs x1, ctr_el0", 0);
	EL0("mrs x1, dczid_el0", 0);
	EL0("dc zva, x0", PAGE(2));
	EL0("dc cvau, x0", PAGE(2));
	EL0("ic ivau, x0", PAGE(2));
	EL0("dc civac, x0", PAGE(2));
	EL0("dc ivac, x0", PAGE(2));
	EL0("tlbi vmalle1", 0);
	EL0("wfi", 0);
	EL0("wfe", 0);
	EL0("mrs x1, cntvct_el0", 0);
	EL0("mrs x1, cntpct_el0", 0);
	EL0("mrs x1, cntfrq_el0", 0);
	EL0("mrs x1, cntv_ctl_el0", 0);
	EL0("mrs x1, cntp_tval_el0", 0);
	EL0("mrs x1, pmccntr_el0", 0);
	EL0("msr pmcr_el0, x1", 0);
	EL0("mrs x1, tpidr_el0", 0);
	EL0("msr tpidrro_el0, x1", 0);
	EL0("msr spsel, #0", 0);
	EL0("eret", 0);
	EL0("hlt #1", 0);
	out("! ");
	EL0("sub sp, sp, #8; ldr x1, [sp]", 0);
	EL0("fmov d0, d1", 0);
	EL0("mrs x1, S3_3_C15_C2_0", 0);
}

/* The trap bits turned the other way, and what then happens. */
static void el0_traps(void)
{
	uint64_t sctlr = mrs(sctlr_el1);

	out("traps the other way\n");
	msr(sctlr_el1, sctlr ^ (1ul << 9 | 1ul << 14 | 1ul << 15 | 1ul << 16 | 1ul << 18 | 1ul << 26));
	EL0("mrs x1, daif", 0);
	EL0("mrs x1, ctr_el0", 0);
	EL0("dc zva, x0", PAGE(2));
	EL0("dc zva, x0", PAGE(3));
	EL0("dc cvau, x0", PAGE(2));
	out("! ");
	EL0("dc cvac, x0", PAGE(0));
	EL0("ic ivau, x0", PAGE(2));
	EL0("wfe", 0);
	msr(sctlr_el1, sctlr);
	msr(cntkctl_el1, 0x303);
	EL0("mrs x1, cntvct_el0", 0);
	EL0("mrs x1, cntpct_el0", 0);
	EL0("mrs x1, cntfrq_el0", 0);
	EL0("mrs x1, cntv_ctl_el0", 0);
	msr(cntkctl_el1, 0);
	msr(cpacr_el1, 1ul << 20);
	EL0("fmov d0, d1", 0);
	EL0("ldr q0, [x0]", PAGE(2));
	EL0("mrs x1, fpcr", 0);
	msr(cpacr_el1, 0);
	EL1("fmov d0, d1", 0);
	EL1("ldr q0, [x0]", PAGE(0));
	EL1("mrs x1, fpsr", 0);
	msr(cpacr_el1, 3ul << 20);
	msr(sctlr_el1, sctlr | 2);
	EL1("ldr x1, [x0]", PAGE(2) + 1);
	EL1("ldrh w1, [x0]", PAGE(2) + 1);
	EL1("ldp w1, w2, [x0]", PAGE(2) + 2);
	msr(sctlr_el1, sctlr);
	msr(pmuserenr_el0, 0xf);
	EL0("mrs x1, pmccntr_el0", 0);
	EL0("mrs x1, pmcr_el0", 0);
	msr(pmuserenr_el0, 0);
}

static void single_step(void)
{
	static uint32_t code[8] = {0xd503201f, 0xd503201f, 0xd4000c61}; /* NOP, NOP, SVC #99 */

	for (unsigned k = 0; k < 8; k++)
		((volatile uint32_t *)pages[EL0_CODE])[k] = code[k];
	sync_code((uint64_t)(uintptr_t)pages[EL0_CODE]);
	msr(oslar_el1, 0);
	msr(mdscr_el1, 1);
	seen.n = 0;
	__asm__ volatile("adr x9, 1f\n\tstr x9, %0\n\tmsr elr_el1, %1\n\tmov x9, #0x1c0\n\tmovk x9, #0x20, lsl #16\n\t"
			 "msr spsr_el1, x9\n\tdsb sy\n\teret\n1:"
			 : "=m"(resume)
			 : "r"(PAGE(EL0_CODE))
			 : "x9", "memory");
	report("single step", PAGE(EL0_CODE));
	msr(mdscr_el1, 1ul << 15);
	msr(dbgbvr0_el1, PAGE(EL0_CODE) + 4);
	msr(dbgbcr0_el1, 0x1e5);
	EL0("nop; nop", 0);
	msr(dbgbcr0_el1, 0);
	msr(dbgwvr0_el1, PAGE(2) + 8);
	msr(dbgwcr0_el1, 0x1ffd);
	EL0("ldr x1, [x0]", PAGE(2) + 8);
	EL0("str x1, [x0]", PAGE(2) + 8);
	EL0("ldr x1, [x0]", PAGE(2) + 16);
	EL0("ldrb w1, [x0]", PAGE(2) + 15);
	msr(dbgwcr0_el1, 0x1ff5);
	EL0("ldr x1, [x0]", PAGE(2) + 8);
	EL0("str x1, [x0]", PAGE(2) + 8);
	msr(dbgwcr0_el1, 0);
	msr(mdscr_el1, 0);
}

void guest_main(void)
{
	on_sync = record;
	msr(sctlr_el1, 0x30d00818); /* the RES1 bits, stack alignment checks; everything at EL0 traps */
	msr(cntkctl_el1, 0);
	mmu_off_cases();
	illegal_return();
	mmu_on();
	mmu_cases();
	pan_cases();
	at_cases();
	el0_cases();
	el0_traps();
	single_step();
	out("done\n");
}
