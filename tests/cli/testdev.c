/*
 * Bare-metal guest of boot.sh: finds the virtio console as kvm-unit-tests do (the memory-mapped windows, legacy or
 * not), writes "1q" to its port 0 and waits for the end.  Built freestanding, MMU off.
 */
#include <stdint.h>

#define WINDOW(n) ((volatile uint32_t *)(0x0a000000ull + (n) * 0x200))
enum { MAGIC = 0, VERSION = 1, DEVICE = 2, DRV_FEATURES = 8, DRV_SEL = 9, PAGE_SIZE_REG = 10, Q_SEL = 12, Q_NUM = 14,
       Q_ALIGN = 15, Q_PFN = 16, Q_READY = 17, NOTIFY = 20, STATUS = 28, Q_DESC = 32, Q_AVAIL = 36, Q_USED = 40 };

#define QUEUE ((volatile uint8_t *)0x40200000ull) /* descriptors; available ring at 0x80; used ring at 0x1000 */

static void wr16(unsigned off, uint16_t v) { *(volatile uint16_t *)(QUEUE + off) = v; }
static void wr32(unsigned off, uint32_t v) { *(volatile uint32_t *)(QUEUE + off) = v; }

void guest_main(void);

static void send(volatile uint32_t *w)
{
	volatile uint8_t *text = QUEUE + 0x2000;

	text[0] = '1';
	text[1] = 'q';
	wr32(0, (uint32_t)(uintptr_t)text);
	wr32(4, 0);
	wr32(8, 2);
	wr32(12, 0);
	wr16(0x80, 0);
	wr16(0x84, 0);
	wr16(0x82, 1);
	w[STATUS] = 1;
	w[STATUS] = 3;
	w[DRV_SEL] = 0;
	w[DRV_FEATURES] = 0;
	if (w[VERSION] == 2) {
		w[DRV_SEL] = 1;
		w[DRV_FEATURES] = 1;
		w[STATUS] = 11;
	} else {
		w[PAGE_SIZE_REG] = 4096;
	}
	w[Q_SEL] = 1;
	w[Q_NUM] = 8;
	if (w[VERSION] == 2) {
		w[Q_DESC] = (uint32_t)(uintptr_t)QUEUE;
		w[Q_AVAIL] = (uint32_t)(uintptr_t)QUEUE + 0x80;
		w[Q_USED] = (uint32_t)(uintptr_t)QUEUE + 0x1000;
		w[Q_READY] = 1;
	} else {
		w[Q_ALIGN] = 4096;
		w[Q_PFN] = (uint32_t)((uintptr_t)QUEUE >> 12);
	}
	w[STATUS] = w[VERSION] == 2 ? 15 : 7;
	__asm__ volatile("dsb sy" ::: "memory");
	w[NOTIFY] = 1;
}

__asm__(".globl _start\n_start: ldr x0, =0x40300000\n mov sp, x0\n b guest_main");

void guest_main(void)
{
	for (unsigned k = 0; k < 32; k++)
		if (WINDOW(k)[MAGIC] == 0x74726976 && WINDOW(k)[DEVICE] == 3)
			send(WINDOW(k));
	for (;;)
		__asm__ volatile("wfi");
}
