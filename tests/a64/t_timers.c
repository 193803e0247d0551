/* Generic timers, the event stream and the performance monitors of one vCPU. */
#include <time.h>

#include "a64/gtimer.h"
#include "a64/pmu.h"
#include "tests/a64/cpu.h"

#define CNTV_TVAL SYSREG(3, 3, 14, 3, 0)
#define CNTV_CTL SYSREG(3, 3, 14, 3, 1)
#define CNTV_CVAL SYSREG(3, 3, 14, 3, 2)
#define CNTP_CTL SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL SYSREG(3, 3, 14, 2, 2)
#define CNTVCT SYSREG(3, 3, 14, 0, 2)

static struct vcpu *c;
static int level[3];

static void irq(void *arg, int which, bool on) { level[which] = on; }

static void ms(unsigned n)
{
	struct timespec t = {0, n * 1000000L};

	nanosleep(&t, NULL);
}

/* Until the host's timer has asked the vCPU to look; a busy host may be late. */
static bool asked(void)
{
	for (unsigned k = 0; k < 300000 && !(ld_acq(&kicks) && (ld_acq(&c->request) & REQ_TIMER)); k++)
		ms(1);
	return ld_acq(&kicks) && (ld_acq(&c->request) & REQ_TIMER);
}

static void timers(void)
{
	uint64_t now = cpu_sys_read(c, CNTVCT);

	ms(2);
	ok(cpu_sys_read(c, CNTVCT) - now > COUNTER_HZ / 1000, "the counter counts");
	is_u64(cpu_sys_read(c, SYSREG(3, 3, 14, 0, 0)), COUNTER_HZ, "at CNTFRQ");
	cpu_sys_write(c, CNTV_CVAL, 0);
	is_u64(cpu_sys_read(c, CNTV_CTL), 0, "a disabled timer has no status");
	cpu_sys_write(c, CNTV_CTL, 1);
	is_u64(cpu_sys_read(c, CNTV_CTL), 5, "enabled and due: ISTATUS");
	ok(level[VCPU_IRQ_VIRT_TIMER] && !level[VCPU_IRQ_PHYS_TIMER], "and its interrupt, not the other's");
	cpu_sys_write(c, CNTV_CTL, 3);
	is_u64(cpu_sys_read(c, CNTV_CTL), 7, "IMASK keeps ISTATUS");
	ok(!level[VCPU_IRQ_VIRT_TIMER], "and takes the interrupt away");
	cpu_sys_write(c, CNTV_CTL, 1);
	cpu_sys_write(c, CNTV_TVAL, COUNTER_HZ * 30);
	ok(!level[VCPU_IRQ_VIRT_TIMER], "a new value in the future lowers it");
	ok((int32_t)cpu_sys_read(c, CNTV_TVAL) > 0, "TVAL counts down");
	do { /* due already: this thread stood still within the write */
		st_rel(&kicks, 0);
		cpu_sys_write(c, CNTV_TVAL, COUNTER_HZ / 200);
	} while (level[VCPU_IRQ_VIRT_TIMER]);
	ok(asked(), "the host's timer asks the vCPU to look");
	vcpu_poll(c);
	ok(level[VCPU_IRQ_VIRT_TIMER], "and the interrupt is there");
	ok((int64_t)sext(cpu_sys_read(c, CNTV_TVAL), 32) < 0, "TVAL is negative afterwards");
	cpu_sys_write(c, CNTP_CVAL, UINT64_MAX);
	cpu_sys_write(c, CNTP_CTL, 1);
	is_u64(cpu_sys_read(c, CNTP_CTL), 1, "a timer at the end of time is not due");
	cpu_sys_write(c, CNTV_TVAL, 0xffffffff);
	ok(cpu_sys_read(c, CNTV_CTL) & 4, "TVAL is signed");
	cpu_sys_write(c, CNTV_CTL, 0);
	cpu_sys_write(c, CNTP_CTL, 0);
}

static void event_stream(void)
{
	uint64_t when, before;

	ok(gtimer_next_event_ns(c) == TIMER_NEVER, "no event stream after reset");
	cpu_sys_write(c, SYSREG(3, 0, 14, 1, 0), 4 | 9 << 4);
	before = clock_ns();
	when = gtimer_next_event_ns(c);
	ok(when >= before && when < clock_ns() + 20000, "event stream of bit 9: within 16 us");
}

#define PMCR SYSREG(3, 3, 9, 12, 0)
#define PMCNTENSET SYSREG(3, 3, 9, 12, 1)
#define PMOVSCLR SYSREG(3, 3, 9, 12, 3)
#define PMSWINC SYSREG(3, 3, 9, 12, 4)
#define PMCCNTR SYSREG(3, 3, 9, 13, 0)
#define PMINTENSET SYSREG(3, 0, 9, 14, 1)
#define PMEVCNTR(n) SYSREG(3, 3, 14, 8, n)
#define PMEVTYPER(n) SYSREG(3, 3, 14, 12, n)

static void monitors(void)
{
	uint64_t a;

	is_u64(cpu_sys_read(c, PMCR) >> 11 & 31, 6, "six counters");
	cpu_sys_write(c, PMCNTENSET, BIT(31) | 7);
	is_u64(cpu_sys_read(c, PMCCNTR), 0, "nothing counts without PMCR.E");
	cpu_sys_write(c, PMEVTYPER(0), 0x08);
	cpu_sys_write(c, PMEVTYPER(1), 0x00);
	cpu_sys_write(c, PMEVTYPER(2), 0x08 | BIT(31));
	cpu_sys_write(c, PMCR, 1 | 1 << 6);
	a = cpu_sys_read(c, PMCCNTR);
	ms(1);
	ok(cpu_sys_read(c, PMCCNTR) - a > 900000, "the cycle counter");
	c->icount += 1000;
	is_u64(cpu_sys_read(c, PMEVCNTR(0)), 1000, "instructions retired");
	is_u64(cpu_sys_read(c, PMEVCNTR(2)), 0, "not at EL1 with P set");
	at_el(c, 0);
	c->icount += 10;
	exc_sync(c, EC_SVC64, 0, CODE);
	c->icount += 100;
	is_u64(cpu_sys_read(c, PMEVCNTR(2)), 10, "but at EL0");
	cpu_sys_write(c, PMSWINC, 2);
	cpu_sys_write(c, PMSWINC, 3);
	is_u64(cpu_sys_read(c, PMEVCNTR(1)), 2, "software increments");
	cpu_sys_write(c, PMINTENSET, 2);
	cpu_sys_write(c, PMEVCNTR(1), 0xffffffff);
	cpu_sys_write(c, PMSWINC, 2);
	ok(cpu_sys_read(c, PMOVSCLR) & 2 && level[VCPU_IRQ_PMU], "overflow: status and interrupt");
	is_u64(cpu_sys_read(c, PMEVCNTR(1)), 0, "and zero");
	cpu_sys_write(c, PMOVSCLR, 2);
	ok(!level[VCPU_IRQ_PMU], "cleared");
	cpu_sys_write(c, PMEVTYPER(1), 0x1e);
	cpu_sys_write(c, PMEVCNTR(0), 0xfffffff0);
	c->icount += 0x20;
	is_u64(cpu_sys_read(c, PMEVCNTR(0)), 0x10, "a counter wraps");
	is_u64(cpu_sys_read(c, PMEVCNTR(1)), 1, "and the chained one takes the carry");
	cpu_sys_write(c, PMINTENSET, BIT(31));
	do { /* as above */
		cpu_sys_write(c, PMOVSCLR, BIT(31));
		st_rel(&kicks, 0);
		cpu_sys_write(c, PMCCNTR, 0 - UINT64_C(2000000));
	} while (level[VCPU_IRQ_PMU]);
	ok(asked(), "the host's timer comes for the overflow");
	vcpu_poll(c);
	ok(level[VCPU_IRQ_PMU], "which interrupts");
}

int main(void)
{
	struct err e;

	c = make_cpus("max", 1);
	c->timer_irq = irq;
	if (timer_service_start(&e))
		tap_skip_all(e.msg);
	at_el(c, 1);
	c->daif = 15;
	timers();
	event_stream();
	monitors();
	timer_service_stop();
	return tap_done();
}
