/* The real-time clock with its alarm, and the GPIO controller, with GICv3 as the way to the vCPU. */
#include "guest.h"

#define SGI0 (GICR + 0x10000)

static volatile uint32_t alarms;

static void handler(void)
{
	uint64_t id = mrs(S3_0_C12_C12_0);

	if (id == 34) {
		alarms++;
		wr32(RTC + 0x1c, 1);
	}
	msr(S3_0_C12_C12_1, id);
}

static void ids(const char *name, uint64_t base)
{
	out("%s", name);
	for (unsigned k = 0; k < 8; k++)
		out(" %x", rd32(base + 0xfe0 + 4 * k));
	out("\n");
}

static void rtc(void)
{
	uint32_t now = 0;
	uint64_t t0;

	ids("PL031", RTC);
	out("after 2020: %d\n", rd32(RTC) > 1577836800);
	for (unsigned k = 0; k < 100 && now != 1000; k++) { /* a second may end just then */
		wr32(RTC + 8, 1000);
		now = rd32(RTC);
	}
	out("set %d load %d\n", (int)now, (int)rd32(RTC + 8));
	out("RTCCR %x\n", rd32(RTC + 0xc));
	wr32(RTC + 4, 1000000);
	out("match %d mask %x raw %x\n", (int)rd32(RTC + 4), rd32(RTC + 0x10), rd32(RTC + 0x14));
	wr32(RTC + 0x10, 1);
	wr32(RTC + 0x1c, 1);
	t0 = mrs(cntvct_el0);
	wr32(RTC + 8, 2000);
	wr32(RTC + 4, 2001);
	irqs_on();
	wait_for(&alarms, 1, "the alarm");
	irqs_off();
	t0 = (mrs(cntvct_el0) - t0) * 1000 / mrs(cntfrq_el0);
	/* or later, where the host is busy */
	out("alarm not before its second: %d, counter %d raw %x\n", t0 >= 900, rd32(RTC) - 2001 < 60, rd32(RTC + 0x14));
}

static void gpio(void)
{
	ids("PL061", GPIO);
	out("DATA %x DIR %x IS %x IBE %x IEV %x IE %x RIS %x\n", rd32(GPIO + 0x3fc), rd32(GPIO + 0x400), rd32(GPIO + 0x404),
	    rd32(GPIO + 0x408), rd32(GPIO + 0x40c), rd32(GPIO + 0x410), rd32(GPIO + 0x414));
	for (uint64_t r = 0x404; r <= 0x410; r += 4) {
		wr32(GPIO + r, 0x1a5);
		out("register %x: %x\n", (unsigned)r, rd32(GPIO + r));
		wr32(GPIO + r, 0);
	}
	wr32(GPIO + 0x400, 0xf0);
	wr32(GPIO + 0x3fc, 0xff);
	out("outputs %x\n", rd32(GPIO + 0x3fc));
	wr32(GPIO + 0x90 * 4, 0);
	out("masked write %x, masked read %x\n", rd32(GPIO + 0x3fc), rd32(GPIO + 0x60 * 4));
	wr32(GPIO + 0x404, 1);
	wr32(GPIO + 0x410, 1);
	out("low level: RIS %x MIS %x pending %x\n", rd32(GPIO + 0x414) & 1, rd32(GPIO + 0x418), rd32(GICD + 0x204) >> 7 & 1);
	wr32(GPIO + 0x410, 0);
	out("masked: RIS %x MIS %x pending %x\n", rd32(GPIO + 0x414) & 1, rd32(GPIO + 0x418), rd32(GICD + 0x204) >> 7 & 1);
}

void guest_main(void)
{
	wr32(GICD, 3);
	wr32(GICR + 0x14, 0);
	wr32(GICD + 0x84, ~0u);
	wr32(GICD + 0x104, 1 << 2);
	msr(S3_0_C4_C6_0, 0xf0);
	msr(S3_0_C12_C12_7, 1);
	on_irq = handler;
	rtc();
	gpio();
	out("done\n");
}
