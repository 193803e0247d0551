/* PL031 real-time clock and PL061 GPIO. */
#include <time.h>

#include "base/clock.h"
#include "base/timer.h"
#include "dev/pl031.h"
#include "dev/pl061.h"
#include "tests/tap.h"

static uint32_t wire[2]; /* ATOMIC */

static void set_wire(void *ctl, unsigned n, bool level) { st_rel(&wire[n], level); }

static uint32_t rd(const struct mmio_ops *o, void *dev, uint64_t offset)
{
	uint64_t v = 0;

	o->read(dev, offset, 4, 0, &v);
	return (uint32_t)v;
}

static void wr(const struct mmio_ops *o, void *dev, uint64_t offset, uint32_t v) { o->write(dev, offset, 4, 0, v); }

static bool wait_wire(unsigned n, bool level)
{
	struct timespec ms = {0, 1000000};

	for (unsigned k = 0; k < 300000 && ld_acq(&wire[n]) != level; k++)
		nanosleep(&ms, NULL);
	return ld_acq(&wire[n]) == level;
}

static void rtc(void)
{
	struct pl031 *r = pl031_new(1000000, (struct irq_line){set_wire, NULL, 0});
	uint64_t v;

	is_u64(rd(&pl031_ops, r, 0xfe0) | rd(&pl031_ops, r, 0xfe4) << 8, 0x1031, "PL031 part number");
	ok(rd(&pl031_ops, r, 0) - 1000000 < 60, "it starts at the given time");
	pl031_ops.read(r, 1, 1, 0, &v);
	is_u64(v, 1000000 >> 8 & 0xff, "bytes");
	wr(&pl031_ops, r, 8, 0xffffffff);
	ok(rd(&pl031_ops, r, 0) + 1 < 60, "RTCLR sets it");
	wr(&pl031_ops, r, 0x10, 1);
	wr(&pl031_ops, r, 4, 0);
	ok(!ld_acq(&wire[0]) || rd(&pl031_ops, r, 0) < 60, "no alarm yet");
	ok(wait_wire(0, true), "the alarm comes, over the wrap");
	ok(rd(&pl031_ops, r, 0) < 60, "at its second"); /* or when a busy host let the test see it */
	is_u64(rd(&pl031_ops, r, 0x18), 1, "masked status");
	wr(&pl031_ops, r, 0x10, 0);
	is_u64(ld_acq(&wire[0]), 0, "masked");
	is_u64(rd(&pl031_ops, r, 0x14) << 1 | rd(&pl031_ops, r, 0x18), 2, "raw status stays");
	wr(&pl031_ops, r, 0x10, 1);
	wr(&pl031_ops, r, 0x1c, 1);
	is_u64(ld_acq(&wire[0]), 0, "cleared");
	pl031_reset(r);
	pl031_free(r);
}

static void gpio(void)
{
	struct pl061 *p = pl061_new((struct irq_line){set_wire, NULL, 1});

	is_u64(rd(&pl061_ops, p, 0xfe0) | rd(&pl061_ops, p, 0xfe4) << 8, 0x1061, "PL061 part number");
	wr(&pl061_ops, p, 0x400, 0x0f);
	wr(&pl061_ops, p, 0x3fc, 0xff);
	is_u64(rd(&pl061_ops, p, 0x3fc), 0x0f, "outputs read back, inputs are low");
	wr(&pl061_ops, p, 0x01 << 2, 0);
	is_u64(rd(&pl061_ops, p, 0x3fc), 0x0e, "writes are masked by the address");
	pl061_set_input(p, 5, true);
	is_u64(rd(&pl061_ops, p, 0x30 << 2), 0x20, "reads too");
	wr(&pl061_ops, p, 0x400, 0);
	wr(&pl061_ops, p, 0x404, 0x20);
	wr(&pl061_ops, p, 0x40c, 0x28);
	wr(&pl061_ops, p, 0x41c, 0xff);
	wr(&pl061_ops, p, 0x410, 0x28);
	is_u64(ld_acq(&wire[1]), 1, "a high level interrupts");
	wr(&pl061_ops, p, 0x41c, 0xff);
	is_u64(ld_acq(&wire[1]), 1, "and cannot be cleared");
	pl061_set_input(p, 5, false);
	is_u64(ld_acq(&wire[1]), 0, "but goes with the level");
	pl061_power_key(p);
	is_u64(rd(&pl061_ops, p, 0x418), 0x08, "the power key interrupts");
	wr(&pl061_ops, p, 0x41c, 0x08);
	is_u64(ld_acq(&wire[1]), 0, "once");
	wr(&pl061_ops, p, 0x408, 0x08);
	ok(wait_wire(1, true), "its release does, if both edges are wanted");
	is_u64(rd(&pl061_ops, p, 0x3fc), 0, "released");
	pl061_reset(p);
	is_u64(ld_acq(&wire[1]), 0, "reset");
	pl061_free(p);
}

int main(void)
{
	struct err e;

	clock_init();
	ok(timer_service_start(&e) == 0, "timer service");
	rtc();
	gpio();
	timer_service_stop();
	return tap_done();
}
