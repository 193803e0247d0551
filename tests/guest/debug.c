/*
 * Self-hosted debug at EL1: breakpoints, watchpoints, software step, and what
 * switches them off.  Each case prints the exceptions that a short sequence of
 * instructions takes: class, syndrome, where, and which address.
 */
#include "guest.h"

#define EC_BREAK 0x31
#define EC_STEP 0x33
#define EC_WATCH 0x35
#define EC_BRK 0x3c

#define MDSCR_SS 1ul
#define MDSCR_KDE (1ul << 13)
#define MDSCR_MDE (1ul << 15)
#define BCR_EL1 (1u | 1 << 1 | 0xfu << 5)
#define BCR_EL0 (1u | 2 << 1 | 0xfu << 5)
#define BCR_BOTH (1u | 3 << 1 | 0xfu << 5)
#define WCR(lsc, bas, mask) (1ul | 1 << 1 | (lsc) << 3 | (uint64_t)(bas) << 5 | (uint64_t)(mask) << 24)

/* Sequences that run with PSTATE.D clear: from d_NAME, which they name, to d_NAME_end. */
#define SEQUENCE(name, text)                                                                   \
	__asm__(".pushsection .text\n.balign 64\n.global run_" #name ", d_" #name ", d_" #name "_end\n" \
		"run_" #name ":\n\tmsr daifclr, #8\n\tisb\nd_" #name ":\n\t" text "\nd_" #name "_end:\n\t" \
		"msr daifset, #8\n\tisb\n\tret\n.popsection");                                     \
	uint64_t run_##name(uint64_t a, uint64_t b);                                               \
	extern char d_##name[], d_##name##_end[]

SEQUENCE(nops, "nop\n\tnop\n\tnop\n\tnop");
SEQUENCE(mixed, "mov x3, x30\n\tbl 1f\n\tb 2f\n1:\tadd x2, x3, #1\n\tcbnz x2, 3f\n\tnop\n3:\tret\n2:\tsvc #7\n\tmov x30, x3\n\tnop");
SEQUENCE(ldrb, "ldrb w1, [x0]");
SEQUENCE(ldrx, "ldr x1, [x0]");
SEQUENCE(strw, "str w1, [x0]");
SEQUENCE(ldpx, "ldp x1, x2, [x0]");
SEQUENCE(stpx, "stp x1, x2, [x0]");
SEQUENCE(two, "ldr w1, [x0]\n\tstr w1, [x0, #8]");
SEQUENCE(prfm, "prfm pldl1keep, [x0]");
SEQUENCE(brk, "brk #3\n\tnop");

static struct {
	uint64_t esr, elr, far, spsr;
} seen[24];
static unsigned nseen;
static uint64_t step_end;
static uint64_t stop_at; /* where a breakpoint's or watchpoint's handler goes on */

static uint64_t record(uint64_t kind)
{
	uint64_t esr = mrs(esr_el1), elr = mrs(elr_el1), ec = esr >> 26;

	if (kind == 0 && nseen < 24) {
		seen[nseen].esr = esr;
		seen[nseen].elr = elr;
		seen[nseen].far = mrs(far_el1);
		seen[nseen].spsr = mrs(spsr_el1);
		nseen++;
	}
	switch (ec) {
	case EC_BREAK:
	case EC_WATCH:
		return stop_at;
	case EC_BRK:
		return elr + 4;
	default:
		return 0;
	}
}

static void report(const char *what, const char *from)
{
	out("%s:", what);
	for (unsigned k = 0; k < nseen; k++) {
		uint64_t ec = seen[k].esr >> 26;

		out(" %lx", seen[k].esr);
		out("@%d", (int)(seen[k].elr - (uint64_t)(uintptr_t)from));
		if (ec == EC_WATCH)
			out(" FAR +%d", (int)(seen[k].far & 0xfff));
		if (ec == EC_STEP || ec == 0x15)
			out(" SS %d", (int)(seen[k].spsr >> 21 & 1));
	}
	out(nseen ? "\n" : " nothing\n");
	nseen = 0;
}

#define RUN(what, name, a, b)                                       \
	do {                                                        \
		stop_at = (uint64_t)(uintptr_t)d_##name##_end;      \
		run_##name(a, b);                                   \
		report(what, d_##name);                             \
	} while (0)

/* -- breakpoints -- */

#define EACH_BREAK(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define EACH_WATCH(X) X(0) X(1) X(2) X(3)

static void set_break(unsigned n, uint64_t value, uint64_t control)
{
	switch (n) {
#define X(k) case k: msr(dbgbvr##k##_el1, value); msr(dbgbcr##k##_el1, control); break;
	EACH_BREAK(X)
#undef X
	}
}

static void set_watch(unsigned n, uint64_t value, uint64_t control)
{
	switch (n) {
#define X(k) case k: msr(dbgwvr##k##_el1, value); msr(dbgwcr##k##_el1, control); break;
	EACH_WATCH(X)
#undef X
	}
}

static void breakpoints(void)
{
	uint64_t at = (uint64_t)(uintptr_t)d_nops + 8;

	msr(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	RUN("no breakpoint", nops, 0, 0);
	for (unsigned n = 0; n < 6; n++) {
		set_break(n, at, BCR_EL1);
		RUN("breakpoint", nops, 0, 0);
		set_break(n, at, 0);
	}
	set_break(0, at, BCR_BOTH);
	RUN("EL1 and EL0", nops, 0, 0);
	set_break(0, at, BCR_EL0);
	RUN("EL0 only", nops, 0, 0);
	set_break(0, at, BCR_EL1 & ~1u);
	RUN("disabled", nops, 0, 0);
	set_break(0, at, BCR_EL1);
	set_break(3, at + 4, BCR_EL1);
	RUN("the first of two", nops, 0, 0);
	set_break(3, 0, 0);
	msr(mdscr_el1, MDSCR_KDE);
	RUN("MDE clear", nops, 0, 0);
	msr(mdscr_el1, MDSCR_MDE);
	RUN("KDE clear", nops, 0, 0);
	msr(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	msr(oslar_el1, 1);
	out("OSLSR %lx\n", mrs(oslsr_el1));
	out("! ");
	RUN("OS lock", nops, 0, 0);
	msr(oslar_el1, 0);
	out("OSLSR %lx\n", mrs(oslsr_el1));
	RUN("unlocked", nops, 0, 0);
	/* linked to a context */
	msr(contextidr_el1, 77);
	set_break(5, 77, 1 | 3 << 1 | 0xf << 5 | 3ul << 20);
	set_break(0, at, BCR_EL1 | 5ul << 16 | 1ul << 20);
	RUN("linked, this context", nops, 0, 0);
	msr(contextidr_el1, 78);
	RUN("linked, another context", nops, 0, 0);
	set_break(0, at, 0);
	set_break(5, 78, 1 | 1 << 1 | 0xf << 5 | 2ul << 20);
	out("! ");
	RUN("any address of a context", nops, 0, 0);
	msr(contextidr_el1, 79);
	RUN("of another", nops, 0, 0);
	set_break(5, 0, 0);
	msr(mdscr_el1, 0);
	RUN("BRK needs none of it", brk, 0, 0);
}

/* -- watchpoints -- */

static uint8_t page[8192] __attribute__((aligned(4096)));

static void watchpoints(void)
{
	uint64_t p = (uint64_t)(uintptr_t)page;

	msr(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	for (unsigned n = 0; n < 4; n++) {
		set_watch(n, p + 8, WCR(3, 0xff, 0));
		RUN("watchpoint, load", ldrx, p + 8, 0);
		RUN("store", strw, p + 12, 0);
		RUN("beside it", strw, p + 16, 0);
		set_watch(n, 0, 0);
	}
	set_watch(0, p + 8, WCR(1, 0xff, 0));
	RUN("loads only: load", ldrx, p + 8, 0);
	RUN("store", strw, p + 8, 0);
	set_watch(0, p + 8, WCR(2, 0xff, 0));
	RUN("stores only: load", ldrx, p + 8, 0);
	RUN("store", strw, p + 8, 0);
	for (unsigned k = 0; k < 8; k++) {
		set_watch(0, p + 8, WCR(3, 1u << k, 0));
		for (unsigned b = 0; b < 8; b++) {
			stop_at = (uint64_t)(uintptr_t)d_ldrb_end;
			run_ldrb(p + 8 + b, 0);
		}
		report("a byte of eight", d_ldrb);
		RUN("a word", strw, p + 12, 0);
	}
	set_watch(0, p + 4, WCR(3, 0xf, 0));
	RUN("a word's watchpoint: below", strw, p, 0);
	RUN("there", strw, p + 4, 0);
	RUN("above", strw, p + 8, 0);
	set_watch(0, p + 0x40, WCR(3, 0xff, 6));
	RUN("64 bytes: below", strw, p + 0x3c, 0);
	RUN("first", strw, p + 0x40, 0);
	RUN("last", strw, p + 0x7c, 0);
	RUN("above", strw, p + 0x80, 0);
	set_watch(0, p, WCR(3, 0xff, 12));
	RUN("4 KiB: last", strw, p + 0xffc, 0);
	RUN("above", strw, p + 0x1000, 0);
	set_watch(0, p + 0x108, WCR(3, 0xff, 0));
	RUN("second half of a pair", ldpx, p + 0x100, 0);
	RUN("second half of a pair", stpx, p + 0x100, 0);
	RUN("the second of two", two, p + 0x100, 0);
	RUN("prefetch", prfm, p + 0x108, 0);
	msr(mdscr_el1, MDSCR_MDE);
	RUN("KDE clear", ldrx, p + 0x108, 0);
	msr(mdscr_el1, MDSCR_KDE);
	RUN("MDE clear", ldrx, p + 0x108, 0);
	msr(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	msr(contextidr_el1, 77);
	set_break(5, 77, 1 | 3 << 1 | 0xf << 5 | 3ul << 20);
	set_watch(0, p + 0x108, WCR(3, 0xff, 0) | 1 << 20 | 5 << 16);
	RUN("linked, this context", ldrx, p + 0x108, 0);
	msr(contextidr_el1, 78);
	RUN("linked, another", ldrx, p + 0x108, 0);
	set_break(5, 0, 0);
	set_watch(0, 0, 0);
	msr(mdscr_el1, 0);
}

/* -- software step -- */

/* Enters `to` by ERET with PSTATE.D clear and SPSR.SS as given, and steps until its end. */
static void step(const char *what, const char *to, const char *end, uint64_t ss, uint64_t a, uint64_t b)
{
	register uint64_t x0 __asm__("x0") = a;
	register uint64_t x1 __asm__("x1") = b;

	step_end = (uint64_t)(uintptr_t)end;
	msr(mdscr_el1, MDSCR_KDE | MDSCR_SS);
	__asm__ volatile("adr x30, 1f\n\tmsr elr_el1, %2\n\tmsr spsr_el1, %3\n\teret\n1:"
			 : "+r"(x0), "+r"(x1)
			 : "r"(to), "r"(0x1c5 | ss << 21)
			 : "x2", "x3", "x30", "memory", "cc");
	msr(mdscr_el1, 0);
	report(what, to);
}
#define STEP(what, name, ss, a, b) step(what, d_##name, d_##name##_end, ss, a, b)

static uint64_t step_on(uint64_t kind)
{
	record(kind);
	if (mrs(esr_el1) >> 26 == EC_STEP)
		exception_state[1] |= exception_state[0] == step_end ? 1ul << 9 : 1ul << 21; /* no more; the next instruction */
	else if (mrs(esr_el1) >> 26 == EC_BRK)
		exception_state[0] += 4;
	return 0;
}

void guest_main(void)
{
	uint64_t p = (uint64_t)(uintptr_t)page;

	msr(osdlr_el1, 0);
	msr(oslar_el1, 0);
	on_sync = record;
	breakpoints();
	watchpoints();
	on_sync = step_on;
	STEP("step", nops, 1, 0, 0);
	STEP("pending at once", nops, 0, 0, 0);
	STEP("step over a load", two, 1, p, 0);
	STEP("step over BRK", brk, 1, 0, 0);
	STEP("step over calls and SVC", mixed, 1, 0, 0);
	out("done\n");
}
