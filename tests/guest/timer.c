/*
 * The generic timers: conditions and interrupt levels as the comparison moves,
 * sign and width of the timer value, counters, and what CNTKCTL lets EL0 do.
 */
#include "guest.h"

#define PENDING(n) ((int)(rd32(GICR + 0x10200) >> (n) & 1))

static volatile uint64_t resume, esr;

static uint64_t record(uint64_t kind)
{
	esr = mrs(esr_el1) | kind << 60;
	return resume;
}

/* One timer's registers: C is cntp or cntv, CT its counter, ppi its interrupt. */
#define TIMER(C, CT, ppi)                                                                                     \
	static void C##_show(const char *what)                                                                \
	{                                                                                                     \
		uint64_t ctl = mrs(C##_ctl_el0);                                                              \
		out(#C " %s: CTL %lx pending %d\n", what, ctl & 1 ? ctl : ctl & 3, PENDING(ppi));              \
	}                                                                                                     \
	static void C(void)                                                                                   \
	{                                                                                                     \
		uint64_t far_away = mrs(CT) + 1000 * mrs(cntfrq_el0);                                         \
		C##_show("at reset");                                                                         \
		msr(C##_cval_el0, far_away);                                                                  \
		msr(C##_ctl_el0, 1);                                                                          \
		C##_show("in the future");                                                                    \
		msr(C##_cval_el0, 0);                                                                         \
		C##_show("in the past");                                                                      \
		msr(C##_cval_el0, far_away);                                                                  \
		C##_show("moved away");                                                                       \
		msr(C##_tval_el0, -1ull);                                                                     \
		C##_show("TVAL -1");                                                                          \
		out("behind the counter %d, negative %d, upper half %lx\n", mrs(C##_cval_el0) < mrs(CT),      \
		    (int32_t)mrs(C##_tval_el0) < 0, mrs(C##_tval_el0) >> 32);                                 \
		msr(C##_ctl_el0, 3);                                                                          \
		C##_show("masked");                                                                           \
		msr(C##_tval_el0, 0x7fffffff);                                                                \
		C##_show("masked, largest TVAL");                                                             \
		msr(C##_tval_el0, 0x80000000);                                                                \
		out("ahead of the counter %d\n", mrs(C##_cval_el0) > mrs(CT));                                \
		msr(C##_tval_el0, 0xffffffff7fffffff);                                                        \
		C##_show("only 32 bits of TVAL count");                                                       \
		msr(C##_ctl_el0, 1);                                                                          \
		msr(C##_tval_el0, 0);                                                                         \
		C##_show("TVAL 0");                                                                           \
		msr(C##_ctl_el0, 0);                                                                          \
		C##_show("off");                                                                              \
		msr(C##_cval_el0, -1ull);                                                                     \
		msr(C##_ctl_el0, 1);                                                                          \
		C##_show("at the end of time");                                                               \
		msr(C##_cval_el0, 1ull << 63);                                                                \
		C##_show("comparison has no sign");                                                           \
		msr(C##_ctl_el0, -1ull);                                                                      \
		C##_show("all ones");                                                                         \
		msr(C##_ctl_el0, 4);                                                                          \
		C##_show("ISTATUS is read-only");                                                             \
	}
TIMER(cntp, cntpct_el0, 30)
TIMER(cntv, cntvct_el0, 27)

/* One instruction at EL0; its syndrome, 0: none. */
#define EL0(text)                                                                                                \
	do {                                                                                                     \
		register uint64_t x0_ __asm__("x0") = 0;                                                         \
		__asm__ volatile("adr x9, 1f\n\tstr x9, %1\n\tadr x9, 2f\n\tmsr elr_el1, x9\n\tmov x9, #0x3c0\n\t" \
				 "msr spsr_el1, x9\n\tisb\n\teret\n2:\t" text "\n\tsvc #99\n1:"                  \
				 : "+r"(x0_), "=m"(resume)::"x9", "memory");                                     \
		out(" %lx", esr == (0x15ul << 26 | 1 << 25 | 99) ? 0 : esr);                                     \
	} while (0)

static void at_el0(void)
{
	for (unsigned k = 0; k < 16; k++) {
		uint64_t allow = (k & 3) | (k & 12) << 6;

		msr(cntkctl_el1, allow);
		out("EL0 with CNTKCTL %lx:", allow);
		EL0("mrs x0, cntpct_el0");
		EL0("mrs x0, cntvct_el0");
		EL0("mrs x0, cntfrq_el0");
		EL0("mrs x0, cntp_ctl_el0");
		EL0("msr cntp_ctl_el0, x0");
		EL0("mrs x0, cntp_tval_el0");
		EL0("msr cntp_cval_el0, x0");
		EL0("mrs x0, cntv_ctl_el0");
		EL0("msr cntv_ctl_el0, x0");
		EL0("msr cntv_tval_el0, x0");
		EL0("mrs x0, cntv_cval_el0");
		EL0("msr cntfrq_el0, x0");
		EL0("msr s3_3_c14_c0_1, x0");
		EL0("mrs x0, cntkctl_el1");
		EL0("mrs x0, s3_7_c14_c2_0");
		out("\n");
	}
	msr(cntkctl_el1, 0);
}

void guest_main(void)
{
	on_sync = record;
	wr32(GICR + 0x14, 0);
	cntp();
	cntv();
	for (unsigned k = 0; k < 1000; k++) {
		uint64_t before = mrs(cntpct_el0), v, after;

		isb();
		v = mrs(cntvct_el0);
		isb();
		after = mrs(cntpct_el0);
		if (before > v || v > after)
			out("the counters differ: %lx %lx %lx\n", before, v, after);
	}
	at_el0();
	out("done\n");
}
