/*
 * The instructions that only a system can run (enc/system.enc): exception
 * generation and return, hints that wait, MSR and MRS in all forms, SYS.
 * Each case starts from a PSTATE that is given (by ERET, so EL0 too), runs
 * its instructions and SVC #99 behind them, and prints what it came to: PSTATE and registers, or the exception.
 * Then registers with random values, and ERET with random SPSRs.
 */
#include "guest.h"

__asm__(".arch armv8.5-a"); /* the names, for the assembler */

#define EL1H 0x3c5u /* all masked */
#define EL0T 0x3c0u
#define COMPARED 0xf1f013dful /* NZCV DIT UAO PAN SS IL SSBS DAIF M: what both have of an SPSR */

static volatile struct {
	uint64_t esr, elr, spsr;
} seen;
static volatile uint64_t resume;

static uint64_t record(uint64_t kind)
{
	seen.esr = mrs(esr_el1) | kind << 60;
	seen.elr = mrs(elr_el1);
	seen.spsr = mrs(spsr_el1);
	return resume;
}

static uint64_t rng = 1;
static uint64_t rnd(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool reference_differs; /* the line is what the architecture says, and the reference does otherwise */

static void report(const char *text, uint64_t from, uint64_t at, uint64_t x0, uint64_t x1)
{
	char line[200];
	unsigned n = 0;

	for (; *text; text++) /* one line */
		line[n++] = *text < ' ' ? (*text == '\n' ? ';' : ' ') : *text;
	line[n] = 0;
	out("%s%s [%lx]: ", reference_differs ? "! " : "", line, from);
	if (seen.esr == (0x15ul << 26 | 1 << 25 | 99))
		out("PSTATE %lx", seen.spsr & COMPARED);
	else if (seen.elr - at < 64)
		out("ESR %lx ELR +%lx SPSR %lx", seen.esr, seen.elr - at, seen.spsr & COMPARED);
	else
		out("ESR %lx ELR %lx SPSR %lx", seen.esr, seen.elr, seen.spsr & COMPARED);
	out(" x0 %lx x1 %lx\n", x0, x1);
}

/* Runs the text from the PSTATE of an SPSR with two operands. */
#define RUN(text, from, a0, a1)                                                                                       \
	do {                                                                                                          \
		register uint64_t x0_ __asm__("x0") = (a0);                                                           \
		register uint64_t x1_ __asm__("x1") = (a1);                                                           \
		register uint64_t from_ __asm__("x3") = (from);                                                       \
		uint64_t at_;                                                                                         \
		seen.esr = 0;                                                                                         \
		__asm__ volatile("adr x9, 1f\n\tstr x9, %3\n\tadr %2, 2f\n\tmsr elr_el1, %2\n\tmsr spsr_el1, %4\n\t"    \
				 "dsb sy\n\tisb\n\teret\n2:\t" text "\n\tsvc #99\n1:"                                   \
				 : "+r"(x0_), "+r"(x1_), "=&r"(at_), "=m"(resume)                                     \
				 : "r"(from_)                                                                         \
				 : "x2", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "memory", "cc");                  \
		report(text, (from), at_, x0_, x1_);                                                                  \
	} while (0)
/* From EL1 and EL0, with other flags and modes too. */
#define CASE(text, a0, a1)                                        \
	do {                                                      \
		RUN(text, EL1H, a0, a1);                          \
		RUN(text, EL1H | 0xa1401000, a0, a1);             \
		RUN(text, EL0T, a0, a1);                          \
		RUN(text, EL0T | 0x51801000, a0, a1);             \
	} while (0)

static void pstate(void)
{
	CASE("msr uao, #1", 0, 0);
	CASE("msr uao, #0", 0, 0);
	CASE("msr pan, #1", 0, 0);
	CASE("msr pan, #0", 0, 0);
	CASE("msr spsel, #0\n\tmsr spsel, #1", 0, 0);
	CASE("msr spsel, #0", 0, 0);
	CASE("msr ssbs, #1", 0, 0);
	CASE("msr ssbs, #0", 0, 0);
	CASE("msr dit, #1", 0, 0);
	CASE("msr dit, #0", 0, 0);
	RUN("msr daifset, #5", EL1H & ~0x140u, 0, 0);
	RUN("msr daifclr, #9\n\tmrs x1, daif\n\tmsr daifset, #8", EL1H, 0, 0);
	reference_differs = true; /* op1 and op2 change places in its syndrome */
	RUN("msr daifset, #5", EL0T, 0, 0);
	RUN("msr daifclr, #9", EL0T, 0, 0);
	reference_differs = false;
	CASE("mrs x0, nzcv\n\tmrs x1, daif", 0, 0);
	CASE("mrs x0, currentel\n\tmrs x1, spsel", 0, 0);
	CASE("mrs x0, pan\n\tmrs x1, uao", 0, 0);
	CASE("mrs x0, dit\n\tmrs x1, ssbs", 0, 0);
	CASE("msr pan, x0\n\tmsr uao, x1", 1ul << 22, 1ul << 23);
	CASE("msr dit, x0\n\tmsr ssbs, x1", 1ul << 24, 1ul << 12);
	CASE("msr nzcv, x0\n\tmsr daif, x1", 0xffffffffb0000000, 0x280);
	CASE("msr spsel, x0", 0, 0);
}

static void exceptions(void)
{
	CASE("udf #0x4321", 1, 2);
	CASE("svc #0", 1, 2);
	CASE("svc #0xffff", 1, 2);
	CASE("brk #0", 1, 2);
	CASE("brk #0xffff", 1, 2);
	CASE("hvc #1", 0x1234567, 2);
	reference_differs = true; /* the reference's firmware takes HVC only */
	CASE("smc #0", 0x1234567, 2);
	reference_differs = false;
	CASE("hlt #0x1", 1, 2);
	RUN("eret", EL0T, 1, 2);
	RUN("mov x10, #0x84000000\n\tmov x0, x10\n\thvc #0", EL1H, 0, 0); /* PSCI_VERSION */
	RUN("mov x10, #0x84000000\n\tmov x0, x10\n\thvc #0", EL0T, 0, 0);
}

static void waits(void)
{
	CASE("yield", 1, 2);
	CASE("sev", 1, 2);
	CASE("sevl\n\twfe", 1, 2);
	CASE("sev\n\twfe", 1, 2);
	CASE("nop", 1, 2);
	wr32(GICD, 0x37);                 /* the timer's interrupt, which is masked: a WFI does not wait */
	wr32(GICR + 0x14, 0);
	while (rd32(GICR + 0x14) & 4)
		;
	wr32(GICR + 0x10080, 1u << 27);
	wr32(GICR + 0x10100, 1u << 27);
	msr(S3_0_C12_C12_5, 7);
	msr(S3_0_C4_C6_0, 0xff);
	msr(S3_0_C12_C12_7, 1);
	msr(cntv_cval_el0, 0);
	msr(cntv_ctl_el0, 1);
	RUN("wfi", EL1H, 1, 2);
	msr(sctlr_el1, mrs(sctlr_el1) & ~(1ul << 16 | 1ul << 18)); /* EL0's waits trap */
	RUN("wfi", EL0T, 1, 2);
	RUN("sevl\n\twfe", EL0T, 1, 2); /* does not wait: no trap */
	msr(sctlr_el1, mrs(sctlr_el1) | 1 << 16 | 1 << 18);
	RUN("wfi", EL0T, 1, 2);
	msr(cntv_ctl_el0, 0);
}

static void sys_ops(void)
{
	CASE("at s1e1r, x0\n\tisb\n\tmrs x1, par_el1", 0x40001234, 0);
	CASE("at s1e0w, x0\n\tisb\n\tmrs x1, par_el1", 0x40001fff, 0);
	CASE("ic iallu\n\tic ialluis", 1, 2);
	CASE("ic ivau, x0", 0x40000000, 2);
	CASE("dc ivac, x0", 0x40400000, 2);
	CASE("dc cvac, x0\n\tdc cvau, x0\n\tdc civac, x0", 0x40400000, 2);
	CASE("dc isw, x0\n\tdc csw, x0\n\tdc cisw, x0", 0, 2);
	CASE("tlbi vmalle1\n\ttlbi vmalle1is\n\ttlbi vae1, x0\n\ttlbi aside1is, x1\n\ttlbi vaale1, x0\n\tdsb sy", 1, 2);
	CASE("tlbi alle1", 1, 2);
	CASE("tlbi alle2", 1, 2);
	CASE("sys #0, c7, c0, #0, x0", 1, 2);
	CASE("sys #3, c11, c0, #0, x0", 1, 2);
	CASE("sysl x1, #0, c7, c1, #0", 1, 2);
	CASE("sysl x1, #3, c7, c7, #7", 1, 2);
}

/* What comes back of 16 random values (and what was there at first does not count). */
#define REG(reg)                                                                                \
	do {                                                                                    \
		uint64_t old_ = mrs(reg), sum_ = 0, back_;                                      \
		for (unsigned k_ = 0; k_ < 16; k_++) {                                          \
			msr(reg, k_ == 0 ? ~0ul : k_ == 1 ? 0 : rnd());                          \
			back_ = mrs(reg);                                                       \
			sum_ = (sum_ ^ back_) * 0x9e3779b97f4a7c15;                             \
			sum_ ^= sum_ >> 29;                                                     \
		}                                                                               \
		msr(reg, old_);                                                                 \
		out(#reg " %lx\n", sum_);                                                       \
	} while (0)

static void registers(void)
{
	REG(tpidr_el0);
	REG(tpidr_el1);
	REG(tpidrro_el0);
	REG(sp_el0);
	REG(elr_el1);
	REG(far_el1);
	REG(afsr0_el1);
	REG(afsr1_el1);
	REG(mair_el1);
	REG(amair_el1);
	REG(cntp_cval_el0);
	REG(cntv_cval_el0);
	REG(pmselr_el0);
	CASE("msr tpidr_el0, x0\n\tmrs x1, tpidr_el0", 0x123456789abcdef0, 0);
	CASE("msr tpidrro_el0, x0\n\tmrs x1, tpidrro_el0", 0x123456789abcdef0, 0);
	CASE("msr tpidr_el1, x0\n\tmrs x1, tpidr_el1", 0x123456789abcdef0, 0);
	CASE("msr fpcr, x0\n\tmrs x1, fpcr", 0x07c80000, 0);
	CASE("msr fpsr, x0\n\tmrs x1, fpsr", 0x0800009f, 0);
	CASE("mrs x0, midr_el1\n\tmov x0, #0", 0, 0);
	CASE("mrs x0, sctlr_el1\n\tmov x0, #0", 0, 0);
	CASE("mrs x0, ccsidr_el1\n\tmov x0, #0", 0, 0);
	CASE("mrs x0, csselr_el1\n\tmov x0, #0", 0, 0); /* not of the ID registers that FEAT_IDST is about */
	CASE("msr s3_0_c4_c3_7, x0", 0, 0);
	CASE("mrs x0, s3_3_c14_c15_0", 0, 0);
}

/* One ERET with each of many SPSRs: to EL0, EL1, and where it is illegal. */
static void erets(void)
{
	static const uint8_t modes[16] = {0, 4, 5, 0, 5, 4, 0, 5, 1, 8, 9, 12, 13, 17, 31, 7};

	for (unsigned k = 0; k < 64; k++) {
		uint64_t spsr = (rnd() & 0xf1d013c0) | modes[k & 15];

		/* it forgets PAN in an illegal return */
		reference_differs = spsr >> 22 & 1 && modes[k & 15] != 0 && modes[k & 15] != 4 && modes[k & 15] != 5;
		RUN("adr x9, 3f\n\tmsr elr_el1, x9\n\tmsr spsr_el1, x1\n\teret\n3:\tnop", EL1H, 0, spsr);
	}
	reference_differs = false;
}

/* DC ZVA needs Normal memory; its block is the implementation's choice: DCZID_EL0. */
static uint64_t l1[512] __attribute__((aligned(4096)));
static uint8_t area[8192] __attribute__((aligned(4096)));

static void zva(void)
{
	uint64_t block = 4ul << (mrs(dczid_el0) & 15), wrong = 0;

	reference_differs = true; /* MMU off: Device memory, an alignment fault */
	RUN("dc zva, x0", EL1H, 0x40400000, 0);
	reference_differs = false;
	l1[0] = 1 << 10 | 1 << 2 | 1;
	l1[1] = 0x40000000 | 1 << 10 | 3 << 8 | 1;
	msr(mair_el1, 0x00ff);
	msr(tcr_el1, 25 | 25 << 16 | 2ul << 32 | 1 << 23);
	msr(ttbr0_el1, (uint64_t)(uintptr_t)l1);
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb");
	msr(sctlr_el1, mrs(sctlr_el1) | 1);
	for (unsigned k = 0; k < 100; k++) {
		uint64_t at = rnd() % 4096, first = at / block * block;

		for (unsigned j = 0; j < sizeof(area); j++)
			((volatile uint8_t *)area)[j] = 0xa5;
		__asm__ volatile("dc zva, %0\n\tdsb sy" ::"r"(area + at) : "memory");
		for (unsigned j = 0; j < sizeof(area); j++)
			wrong += ((volatile uint8_t *)area)[j] != (j - first < block ? 0 : 0xa5);
	}
	out("dc zva: %lx bytes wrong\n", wrong);
	msr(sctlr_el1, mrs(sctlr_el1) & ~1ul);
}

void guest_main(void)
{
	on_sync = record;
	msr(sctlr_el1, mrs(sctlr_el1) | 1 << 16 | 1 << 18 | 1 << 14 | 1 << 26); /* nTWI nTWE DZE UCI */
	pstate();
	exceptions();
	waits();
	sys_ops();
	registers();
	erets();
	zva();
}
