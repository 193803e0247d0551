/*
 * Guest side of the SIMD oracle: reads lines "NAME WORD ..." and prints
 * "NAME WORD DIGEST", with what a real or emulated AArch64 makes of the
 * operand sets of simd_sets.h.  With arguments WORD SET it prints the
 * state before and after instead.  Built by simd_oracle.sh, linked statically.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "simd_sets.h"

extern char tmpl[], tmpl_insn[], tmpl_end[];
#define ALL32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define FIRST16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
__asm__(".pushsection .rodata\n"
	"	.globl tmpl, tmpl_insn, tmpl_end\n"
	"tmpl:	stp x27, x28, [sp, #-80]!\n"
	"	stp d8, d9, [sp, #16]\n"
	"	stp d10, d11, [sp, #32]\n"
	"	stp d12, d13, [sp, #48]\n"
	"	stp d14, d15, [sp, #64]\n"
	"	mov x28, x0\n"
	"	add x27, x0, #512\n"
	"	ldr x0, [x27, #128]\n"
	"	msr fpsr, x0\n"
	"	.irp n, " ALL32 "\n	ldr q\\n, [x28, #16 * \\n]\n	.endr\n"
	"	.irp n, " FIRST16 "\n	ldr x\\n, [x27, #8 * \\n]\n	.endr\n"
	"tmpl_insn: nop\n"
	"	.irp n, " ALL32 "\n	str q\\n, [x28, #16 * \\n]\n	.endr\n"
	"	.irp n, " FIRST16 "\n	str x\\n, [x27, #8 * \\n]\n	.endr\n"
	"	mrs x0, fpsr\n"
	"	str x0, [x27, #128]\n"
	"	ldp d14, d15, [sp, #64]\n"
	"	ldp d12, d13, [sp, #48]\n"
	"	ldp d10, d11, [sp, #32]\n"
	"	ldp d8, d9, [sp, #16]\n"
	"	ldp x27, x28, [sp], #80\n"
	"	ret\n"
	"tmpl_end: .popsection\n");

static unsigned char *code, *window;

static void patch(uint32_t word)
{
	memcpy(code, tmpl, (size_t)(tmpl_end - tmpl));
	memcpy(code + (tmpl_insn - tmpl), &word, 4);
	__builtin___clear_cache((char *)code, (char *)code + 4096);
}

static void print_state(const struct simd_state *st)
{
	for (unsigned i = 0; i < 32; i++)
		printf("v%u %016lx %016lx\n", i, st->v[i][1], st->v[i][0]);
	for (unsigned i = 0; i < 16; i++)
		printf("x%u %lx\n", i, st->x[i]);
	printf("fpsr %lx\n", st->fpsr);
}

int main(int argc, char **argv)
{
	struct simd_state st;
	char name[32];
	uint32_t word;

	code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	window = mmap((void *)SIMD_WINDOW, SIMD_WINDOW_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (code == MAP_FAILED || window == MAP_FAILED)
		return 1;
	if (argc == 3) {
		word = (uint32_t)strtoul(argv[1], 0, 16);
		patch(word);
		simd_fill(&st, word, (unsigned)atoi(argv[2]), window);
		print_state(&st);
		((void (*)(struct simd_state *))(void *)code)(&st);
		puts("--");
		print_state(&st);
		return 0;
	}
	while (scanf("%31s %x%*[^\n]", name, &word) == 2) {
		uint64_t h = 0;

		patch(word);
		for (unsigned k = 0; k < SIMD_SETS; k++) {
			simd_fill(&st, word, k, window);
			((void (*)(struct simd_state *))(void *)code)(&st);
			h = simd_digest(h, &st, window);
		}
		printf("%s %08x %016lx\n", name, word, h);
	}
	return 0;
}
