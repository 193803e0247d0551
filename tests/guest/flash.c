/*
 * The second bank of flash, as memory and as a chip: reads before the first command come from memory, and the first
 * command changes what the very next instructions read; then programming and erasing.  The MMU is on and has the bank
 * as Normal memory, so that reads of it are as quick as those of RAM.
 */
#include "guest.h"

#define BANK 0x04000000ull

#define AF (1ull << 10)
#define DEVICE (1ull << 2)

static uint64_t l1[512] __attribute__((aligned(4096)));
static uint64_t l2[512] __attribute__((aligned(4096)));

static void mmu_on(void)
{
	l1[0] = (uint64_t)(uintptr_t)l2 | 3;
	l1[1] = 0x40000000 | AF | 3 << 8 | 1;
	for (uint64_t k = 0; k < 512; k++)
		l2[k] = k << 21 | AF | (k << 21 == BANK ? 3 << 8 : DEVICE) | 1;
	msr(mair_el1, 0x00ff);
	msr(ttbr0_el1, (uint64_t)(uintptr_t)l1);
	msr(tcr_el1, 25 | 3 << 8 | 3 << 12 | 1ul << 23 | 2ul << 32);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
	msr(sctlr_el1, mrs(sctlr_el1) | 0x1005);
}

static void first_command(void)
{
	uint64_t v[6], hidden = mrs(contextidr_el1); /* 0, but the translator cannot know that the bases are equal */

	/* its page is known before: the reads below need no look at the tables */
	out("first words: %x %x\n", rd32(BANK), rd32(BANK + 4));
	/* in one stretch of code: what was true of the address before the store is not after it */
	__asm__ volatile("ldr %w0, [%6]\n\tldr %w1, [%6, #4]\n\t"
			 "str %w7, [%9]\n\t"
			 "ldr %w2, [%6]\n\tldr %w3, [%6, #4]\n\t"
			 "str %w8, [%9]\n\t"
			 "ldr %w4, [%6]\n\tldr %w5, [%6, #4]"
			 : "=&r"(v[0]), "=&r"(v[1]), "=&r"(v[2]), "=&r"(v[3]), "=&r"(v[4]), "=&r"(v[5])
			 : "r"(BANK), "r"(0x00900090), "r"(0x00ff00ff), "r"(BANK + hidden)
			 : "memory");
	out("before: %x %x\n", (unsigned)v[0], (unsigned)v[1]);
	out("identification: %x %x\n", (unsigned)v[2], (unsigned)v[3]);
	out("after: %x %x\n", (unsigned)v[4], (unsigned)v[5]);
}

static uint32_t status(uint64_t at)
{
	for (unsigned k = 0; k < 1000000; k++)
		if (rd32(at) & 0x80)
			break;
	return rd32(at);
}

static void array(void) { wr32(BANK, 0xff00ff); }

static void query(void)
{
	wr32(BANK + 0x55 * 4, 0x980098);
	out("CFI: %c%c%c", rd8(BANK + 0x40), rd8(BANK + 0x44), rd8(BANK + 0x48));
	out(" both chips %x size 2^%d\n", rd32(BANK + 0x40), rd8(BANK + 0x27 * 4));
	array();
}

static void program(uint64_t at, uint32_t v)
{
	wr32(at, 0x400040);
	wr32(at, v);
	out("programmed: status %x", status(at));
	array();
	out(" holds %x\n", rd32(at));
}

static void erase(uint64_t at)
{
	wr32(at, 0x200020);
	wr32(at, 0xd000d0);
	out("erased: status %x", status(at));
	array();
	out(" holds %x, the last word %x\n", rd32(at), rd32(at + 0x3fffc));
}

static void buffer(uint64_t at)
{
	wr32(at, 0xe800e8);
	out("buffer: %x", rd32(at) & 0x800080);
	wr32(at, 0x30003);
	for (unsigned k = 0; k < 4; k++)
		wr32(at + 4 * k, 0x10000 * k + 7);
	wr32(at, 0xd000d0);
	out(" written: %x", status(at));
	array();
	out(" holds %x %x\n", rd32(at), rd32(at + 12));
}

void guest_main(void)
{
	mmu_on();
	first_command();
	query();
	erase(BANK + 0x40000);
	program(BANK + 0x40100, 0x12345678);
	out("! "); /* the reference sets bits */
	program(BANK + 0x40100, 0xffff0000);
	buffer(BANK + 0x41000);
	erase(BANK + 0x40000);
	out("done\n");
}
