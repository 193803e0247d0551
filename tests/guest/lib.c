/* See guest.h. */
#include "guest.h"

#include <stdarg.h>

#define MAX_CPUS 16

void (*on_irq)(void);
void (*on_fiq)(void);
uint64_t (*on_sync)(uint64_t kind);
uint64_t *exception_state;
volatile uint32_t expect_undef, undef_seen;
static void (*start_fn[MAX_CPUS])(unsigned n);
void secondary_entry(void);

static void put(char c)
{
	while (rd32(UART + 0x18) & 0x20) /* FR.TXFF */
		;
	wr32(UART, (uint8_t)c);
}

static void put_num(uint64_t v, unsigned base)
{
	char buf[24];
	unsigned n = 0;

	do
		buf[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	while (n)
		put(buf[--n]);
}

void out(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		int64_t d;

		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		switch (*++fmt) {
		case 'l': /* as printf's, for the compiler's check; everything is 64 bits wide here */
			fmt++;
			put_num(va_arg(ap, uint64_t), 16);
			break;
		case 'x':
			put_num(va_arg(ap, unsigned), 16);
			break;
		case 'd':
			d = va_arg(ap, int);
			if (d < 0)
				put('-');
			put_num((uint64_t)(d < 0 ? -d : d), 10);
			break;
		case 'c':
			put((char)va_arg(ap, int));
			break;
		case 's':
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put(*s);
			break;
		default:
			put(*fmt);
		}
	}
	va_end(ap);
}

void power_off(void)
{
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		;
}

uint64_t exception(uint64_t kind, uint64_t *state)
{
	uint64_t esr = mrs(esr_el1), elr = mrs(elr_el1);

	if (kind == 1 && on_irq) {
		on_irq();
		return 0;
	}
	if (kind == 2 && on_fiq) {
		on_fiq();
		return 0;
	}
	exception_state = state;
	if (on_sync && kind != 1 && kind != 2)
		return on_sync(kind);
	if (kind == 0 && expect_undef && esr >> 26 == 0) {
		undef_seen++;
		return elr + 4;
	}
	out("UNEXPECTED exception kind %d ESR %lx ELR %lx FAR %lx\n", (int)kind, esr, elr, mrs(far_el1));
	power_off();
}

int64_t start_cpu(unsigned n, void (*fn)(unsigned n))
{
	start_fn[n] = fn;
	dsb();
	return psci(PSCI_CPU_ON, n, (uint64_t)(uintptr_t)secondary_entry, n);
}

void secondary_main(uint64_t n)
{
	start_fn[n]((unsigned)n);
	for (;;)
		wfi();
}

bool look_until(const volatile uint32_t *p, uint32_t v, bool is, uint64_t end)
{
	for (unsigned k = 1; (__atomic_load_n(p, __ATOMIC_ACQUIRE) == v) != is; k++) {
		if (k % 64)
			continue;
		if (mrs(cntvct_el0) > end)
			return false;
		__asm__ volatile("yield");
	}
	return true;
}

bool wait_for(volatile uint32_t *p, uint32_t v, const char *what)
{
	if (!look_until(p, v, true, mrs(cntvct_el0) + 500 * mrs(cntfrq_el0))) {
		out("TIMEOUT waiting for %s: %x, not %x\n", what, *p, v);
		return false;
	}
	dsb();
	return true;
}

void delay_us(uint64_t us)
{
	uint64_t end = mrs(cntvct_el0) + us * mrs(cntfrq_el0) / 1000000;

	while (mrs(cntvct_el0) < end)
		;
}

void caches_on(void)
{
	static uint64_t table[512] __attribute__((aligned(4096)));

	table[0] = 0x0060000000000405; /* devices */
	table[1] = 0x0000000040000701; /* RAM, write-back */
	msr(ttbr0_el1, (uint64_t)table);
	msr(mair_el1, 0x00ff);
	msr(tcr_el1, 0x200803519);
	__asm__ volatile("isb\n tlbi vmalle1\n dsb nsh\n isb" ::: "memory");
	msr(sctlr_el1, mrs(sctlr_el1) | 0x1005);
	__asm__ volatile("isb" ::: "memory");
}
