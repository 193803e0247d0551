/*
 * Floating point proved by integer arithmetic, for a guest of AArch64 Linux:
 * sums, products, quotients, square roots, fused products and conversions of
 * random numbers of single and double precision, subnormal and huge ones
 * too, in the four rounding modes, against exact integers of 128 bits that are rounded here.  No
 * library and no other implementation of floating point is trusted.  Prints "fpcheck: WRONG wrong of CHECKED".
 *
 * fpcheck planted: the machine rounds in another mode than the check thinks, and flushes subnormal numbers to zero;
 * prints how many kinds of checks have noticed.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef unsigned __int128 u128;

enum { NEAREST, UP, DOWN, ZERO }; /* as FPCR has them */

struct format {
	unsigned bits;  /* of precision */
	int emin, emax; /* of the last bit of a subnormal; of the last bit of the greatest */
};
static const struct format dbl = {53, -1074, 971}, sgl = {24, -149, 104};

/* sign, m * 2^e and perhaps a little more, rounded; as the bits of a number of that format. */
static uint64_t rounded(const struct format *f, int sign, u128 m, int e, int more, unsigned mode)
{
	unsigned width = f->bits == 53 ? 64 : 32, len = 0;
	uint64_t s = (uint64_t)sign << (width - 1), r, inf = (uint64_t)(width == 64 ? 0x7ff : 0xff) << (f->bits - 1);
	int shift, up;
	u128 rest, half;

	if (!m && !more)
		return s;
	while (len < 128 && m >> len)
		len++;
	shift = (int)len - (int)f->bits;
	if (e + shift < f->emin)
		shift = f->emin - e;
	if (shift > 127) { /* all of it is below the last place */
		more |= m != 0;
		m = 0;
		shift = 1;
		e = f->emin - 1;
	}
	if (shift <= 0) {
		r = (uint64_t)m << -shift;
		e += shift;
	} else {
		rest = m & (((u128)1 << shift) - 1);
		half = (u128)1 << (shift - 1);
		r = (uint64_t)(m >> shift);
		e += shift;
		up = mode == NEAREST ? rest > half || (rest == half && (more || (r & 1)))
		     : mode == UP ? !sign && (rest || more) : mode == DOWN ? sign && (rest || more) : 0;
		r += (unsigned)up;
		if (r >> f->bits) {
			r >>= 1;
			e++;
		}
	}
	if (e > f->emax)
		return s | (mode == NEAREST || (mode == UP && !sign) || (mode == DOWN && sign) ? inf : inf - 1);
	if (r >> (f->bits - 1)) /* normal */
		r = (r & (((uint64_t)1 << (f->bits - 1)) - 1)) | (uint64_t)(e - f->emin + 1) << (f->bits - 1);
	return s | r;
}

struct num {
	int sign, e;
	uint64_t m;
};
static struct num split(const struct format *f, uint64_t b)
{
	unsigned width = f->bits == 53 ? 64 : 32;
	uint64_t frac = b & (((uint64_t)1 << (f->bits - 1)) - 1);
	int x = (int)(b >> (f->bits - 1) & (width == 64 ? 0x7ff : 0xff));

	return (struct num){(int)(b >> (width - 1) & 1), x ? f->emin + x - 1 : f->emin, x ? frac | (uint64_t)1 << (f->bits - 1) : frac};
}

/* -- the operations: by the machine, and exactly -- */

#define OP2(name, insn) \
	static uint64_t d_##name(uint64_t a, uint64_t b) \
	{ \
		uint64_t r; \
		__asm__ volatile("fmov d0, %1\n\tfmov d1, %2\n\t" insn " d0, d0, d1\n\tfmov %0, d0" : "=r"(r) : "r"(a), "r"(b) : "v0", "v1"); \
		return r; \
	} \
	static uint64_t s_##name(uint64_t a, uint64_t b) \
	{ \
		uint32_t r; \
		__asm__ volatile("fmov s0, %w1\n\tfmov s1, %w2\n\t" insn " s0, s0, s1\n\tfmov %w0, s0" : "=r"(r) : "r"(a), "r"(b) : "v0", "v1"); \
		return r; \
	}
OP2(add, "fadd")
OP2(sub, "fsub")
OP2(mul, "fmul")
OP2(div, "fdiv")
static uint64_t d_sqrt(uint64_t a)
{
	uint64_t r;

	__asm__ volatile("fmov d0, %1\n\tfsqrt d0, d0\n\tfmov %0, d0" : "=r"(r) : "r"(a) : "v0");
	return r;
}
static uint64_t s_sqrt(uint64_t a)
{
	uint32_t r;

	__asm__ volatile("fmov s0, %w1\n\tfsqrt s0, s0\n\tfmov %w0, s0" : "=r"(r) : "r"(a) : "v0");
	return r;
}
static uint64_t d_of_int(uint64_t a)
{
	uint64_t r;

	__asm__ volatile("scvtf d0, %1\n\tfmov %0, d0" : "=r"(r) : "r"(a) : "v0");
	return r;
}
static uint64_t s_of_d(uint64_t a)
{
	uint32_t r;

	__asm__ volatile("fmov d0, %1\n\tfcvt s0, d0\n\tfmov %w0, s0" : "=r"(r) : "r"(a) : "v0");
	return r;
}
static uint64_t d_of_s(uint64_t a)
{
	uint64_t r;

	__asm__ volatile("fmov s0, %w1\n\tfcvt d0, s0\n\tfmov %0, d0" : "=r"(r) : "r"(a) : "v0");
	return r;
}
static uint64_t d_fma(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t r;

	__asm__ volatile("fmov d0, %1\n\tfmov d1, %2\n\tfmov d2, %3\n\tfmadd d0, d0, d1, d2\n\tfmov %0, d0"
			 : "=r"(r) : "r"(a), "r"(b), "r"(c) : "v0", "v1", "v2");
	return r;
}

/* (-1)^s m 2^e of both added; false: their exponents are too far apart for 128 bits. */
static int exact_sum(int sa, u128 ma, int ea, int sb, u128 mb, int eb, unsigned room, unsigned mode, int *s, u128 *m, int *e)
{
	if (ea < eb) {
		int t = ea, ts = sa;
		u128 tm = ma;

		ea = eb, eb = t, sa = sb, sb = ts, ma = mb, mb = tm;
	}
	if ((unsigned)(ea - eb) > room)
		return 0;
	ma <<= ea - eb;
	*e = eb;
	if (sa == sb) {
		*m = ma + mb;
		*s = sa;
	} else if (ma == mb) {
		*m = 0;
		*s = mode == DOWN;
	} else {
		*m = ma > mb ? ma - mb : mb - ma;
		*s = ma > mb ? sa : sb;
	}
	return 1;
}

static u128 root(u128 v, int *more)
{
	u128 r = 0;

	for (int k = 63; k >= 0; k--)
		if ((r | (u128)1 << k) * (r | (u128)1 << k) <= v)
			r |= (u128)1 << k;
	*more = r * r != v;
	return r;
}

/* -- random numbers, and the tally -- */

static uint64_t seed = 1;
static uint64_t rnd(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}
/* Finite; near is an exponent to be near to, or below 0. */
static uint64_t number(const struct format *f, int near)
{
	unsigned width = f->bits == 53 ? 64 : 32, top = width == 64 ? 0x7fe : 0xfe;
	uint64_t r = rnd(), x = near >= 0 ? (uint64_t)near + r % 64 : r % (top + 1), frac = rnd();

	if (r >> 20 & 1)
		frac &= ~(uint64_t)0 << (r >> 24 & 63);
	if ((r >> 40 & 15) == 0)
		x = r >> 44 & 1 ? 0 : top - (r >> 45 & 3);
	x = x > top ? top : x;
	return (r >> 63) << (width - 1) | x << (f->bits - 1) | (frac & (((uint64_t)1 << (f->bits - 1)) - 1));
}
static unsigned exponent(const struct format *f, uint64_t b) { return (unsigned)(b >> (f->bits - 1) & (f->bits == 53 ? 0x7ff : 0xff)); }

enum kind { SUM, DIFFERENCE, PRODUCT, QUOTIENT, SQUARE_ROOT, FUSED_PRODUCT, INT_TO_DOUBLE, DOUBLE_TO_SINGLE, SINGLE_TO_DOUBLE, KINDS };
static const char *const kind_names[KINDS] = {"sum", "difference", "product", "quotient", "square root", "fused product",
	"integer to double", "double to single", "single to double"};
static unsigned long checked, wrong, wrong_of[KINDS];
static int planted;
static void check(enum kind kind, unsigned mode, uint64_t got, uint64_t want, uint64_t a, uint64_t b)
{
	checked++;
	wrong_of[kind] += got != want;
	if (got != want && wrong++ < 10 && !planted)
		printf("%s, mode %u: %016lx %016lx gives %016lx, not %016lx\n", kind_names[kind], mode, (unsigned long)a,
		       (unsigned long)b, (unsigned long)got, (unsigned long)want);
}

static void arithmetic(const struct format *f, unsigned mode)
{
	int d = f->bits == 53, s, e, more;
	uint64_t a = number(f, -1), b = number(f, rnd() & 1 ? (int)exponent(f, a) - 32 : -1), c;
	struct num x = split(f, a), y = split(f, b), z;
	u128 m, q;

	if (exact_sum(x.sign, x.m, x.e, y.sign, y.m, y.e, 70, mode, &s, &m, &e))
		check(SUM, mode, (d ? d_add : s_add)(a, b), rounded(f, m ? s : x.sign == y.sign ? x.sign : s, m, e, 0, mode), a, b);
	if (exact_sum(x.sign, x.m, x.e, !y.sign, y.m, y.e, 70, mode, &s, &m, &e))
		check(DIFFERENCE, mode, (d ? d_sub : s_sub)(a, b), rounded(f, m ? s : x.sign != y.sign ? x.sign : s, m, e, 0, mode), a, b);
	s = x.sign ^ y.sign;
	check(PRODUCT, mode, (d ? d_mul : s_mul)(a, b), rounded(f, s, (u128)x.m * y.m, x.e + y.e, 0, mode), a, b);
	if (y.m) {
		uint64_t n = y.m;
		int norm = __builtin_clzll(n);

		q = ((u128)x.m << 74) / n;
		more = ((u128)x.m << 74) % n != 0;
		if (norm >= 11)
			check(QUOTIENT, mode, (d ? d_div : s_div)(a, b), rounded(f, s, q, x.e - y.e - 74, more, mode), a, b);
	}
	a &= ~((uint64_t)1 << (d ? 63 : 31));
	m = (u128)x.m << 72;
	e = x.e - 72;
	if (e & 1) {
		m <<= 1;
		e--;
	}
	m = root(m, &more);
	check(SQUARE_ROOT, mode, (d ? d_sqrt : s_sqrt)(a), rounded(f, 0, m, e / 2, more, mode), a, 0);
	if (!d)
		return;
	c = number(f, -1);
	z = split(f, c);
	if (exact_sum(s, (u128)x.m * y.m, x.e + y.e, z.sign, z.m, z.e, 20, mode, &s, &m, &e) && m)
		check(FUSED_PRODUCT, mode, d_fma(a | (uint64_t)x.sign << 63, b, c), rounded(f, s, m, e, 0, mode), a, b);
}

static void conversions(unsigned mode)
{
	uint64_t i = rnd() >> (rnd() & 63), a = number(&dbl, rnd() & 1 ? 870 + (int)(rnd() % 290) : -1), b = number(&sgl, -1);
	struct num x = split(&dbl, a), y = split(&sgl, b);

	i = rnd() & 1 ? -i : i;
	check(INT_TO_DOUBLE, mode, d_of_int(i), rounded(&dbl, (int)(i >> 63), i >> 63 ? -i : i, 0, 0, mode), i, 0);
	check(DOUBLE_TO_SINGLE, mode, s_of_d(a), rounded(&sgl, x.sign, x.m, x.e, 0, mode), a, 0);
	check(SINGLE_TO_DOUBLE, mode, d_of_s(b), rounded(&dbl, y.sign, y.m, y.e, 0, mode), b, 0);
}

/* Everything in one rounding mode. */
static void check_mode(unsigned mode)
{
	uint64_t fpcr = planted ? (uint64_t)((mode + 1) & 3) << 22 | 1 << 24 : (uint64_t)mode << 22;

	__asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
	for (unsigned k = 0; k < 10000; k++) {
		arithmetic(&dbl, mode);
		arithmetic(&sgl, mode);
		conversions(mode);
	}
	__asm__ volatile("msr fpcr, xzr");
}

int main(int argc, char **argv)
{
	unsigned noticed = 0;

	planted = argc > 1 && !strcmp(argv[1], "planted");
	for (unsigned mode = 0; mode < 4; mode++)
		check_mode(mode);
	for (unsigned k = 0; k < KINDS; k++)
		noticed += wrong_of[k] != 0;
	if (planted)
		printf("fpcheck planted: noticed by %u of %u kinds\n", noticed, (unsigned)KINDS);
	else
		printf("fpcheck: %lu wrong of %lu\n", wrong, checked);
	return wrong != 0;
}
