/*
 * Guest side of the floating-point oracle: runs one instruction word over
 * many operand sets on a real or emulated AArch64 and prints what it did.
 * Built by tests/a64/fp_oracle.sh with a cross compiler, freestanding.
 *
 * stdin:  { u32 insn; u32 n; struct in[n]; } repeated
 * stdout: struct out[n] each
 * The instruction takes V0..V3 (V18 is V2 again) and X0, X1, NZCV and may change V0, X0, NZCV and FPSR.
 */
#include <stdint.h>

struct in {
	uint32_t fpcr, fpsr;
	uint64_t x[2], nzcv;
	uint64_t v[4][2];
};
struct out {
	uint64_t v[2], x;
	uint32_t fpsr, nzcv;
};

static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
		      x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

static int rd(void *p, long n)
{
	for (char *c = p; n > 0;) {
		long k = sys(63, 0, (long)c, n, 0, 0, 0);

		if (k <= 0)
			return 0;
		c += k;
		n -= k;
	}
	return 1;
}

static void wr(const void *p, long n)
{
	for (const char *c = p; n > 0;) {
		long k = sys(64, 1, (long)c, n, 0, 0, 0);

		if (k <= 0)
			sys(93, 1, 0, 0, 0, 0, 0);
		c += k;
		n -= k;
	}
}

/* for n sets: load, run the word at `slot`, store; x19 in, x20 out, x21 count */
__asm__(".pushsection .text\n"
	"stub:	ldp w0, w1, [x19]\n"
	"	msr fpcr, x0\n"
	"	msr fpsr, x1\n"
	"	ldr x0, [x19, #24]\n"
	"	msr nzcv, x0\n"
	"	ldp x0, x1, [x19, #8]\n"
	"	ldp q0, q1, [x19, #32]\n"
	"	ldp q2, q3, [x19, #64]\n"
	"	mov v18.16b, v2.16b\n"
	"slot:	nop\n"
	"	mrs x2, fpsr\n"
	"	mrs x3, nzcv\n"
	"	str q0, [x20]\n"
	"	str x0, [x20, #16]\n"
	"	stp w2, w3, [x20, #24]\n"
	"	add x19, x19, #96\n"
	"	add x20, x20, #32\n"
	"	subs x21, x21, #1\n"
	"	b.ne stub\n"
	"	ret\n"
	"stub_end:\n"
	".popsection\n");
extern uint32_t stub[], slot[], stub_end[];

static void run(void *code, const struct in *in, struct out *out, uint32_t n)
{
	register const struct in *x19 __asm__("x19") = in;
	register struct out *x20 __asm__("x20") = out;
	register uint64_t x21 __asm__("x21") = n;

	__asm__ volatile("blr %3"
			 : "+r"(x19), "+r"(x20), "+r"(x21)
			 : "r"(code)
			 : "x0", "x1", "x2", "x3", "x30", "v0", "v1", "v2", "v3", "v18", "memory", "cc");
}

#define MOST 65536
static struct in in[MOST] __attribute__((aligned(16)));
static struct out out[MOST] __attribute__((aligned(16)));

void _start(void)
{
	uint32_t head[2], *code = (uint32_t *)sys(222, 0, 4096, 7, 0x22, -1, 0);

	while (rd(head, sizeof(head)) && head[1] <= MOST && rd(in, (long)(head[1] * sizeof(*in)))) {
		for (long k = 0; k < stub_end - stub; k++)
			code[k] = stub[k];
		code[slot - stub] = head[0];
		__asm__ volatile("dsb sy\n ic ivau, %0\n ic ivau, %1\n dsb sy\n isb"
				 :
				 : "r"(code), "r"(code + 16)
				 : "memory");
		if (head[1])
			run(code, in, out, head[1]);
		wr(out, (long)(head[1] * sizeof(*out)));
	}
	sys(93, 0, 0, 0, 0, 0, 0);
}
