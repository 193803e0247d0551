/*
 * Every native lowering of a floating-point row against the C function that
 * is its meaning: result and FPSR, over numbers at every limit.  Units are
 * made by the whole back end, so the way out of line to the C function and the
 * exchange of flags between MXCSR and FPSR are part of it.
 */
#include "base/bits.h"
#include "ir/fp_imm.h"
#include "tests/tap.h"
#include "tests/x64/native.h"
#include "x64/cpu.h"

#define ROUNDS 3000

struct env {
	uint64_t pc;
	void *tlb;
	struct fpenv fp;
	uint32_t request, owed, nzcv, pad;
	uint64_t icount;
	u128 v[4];
	uint64_t q;
};
static const struct ir_slot slots[] = {
	{T_VEC, 16, offsetof(struct env, v), "v0"}, {T_VEC, 16, offsetof(struct env, v) + 16, "v1"},
	{T_VEC, 16, offsetof(struct env, v) + 32, "v2"}, {T_VEC, 16, offsetof(struct env, v) + 48, "v3"},
	{T_FLAGS, 4, offsetof(struct env, nzcv), "nzcv"},
};

static struct ir_unit *u;
static struct lower *lower;

static void configure(void)
{
	x64_cfg = (struct x64_config){
		.off_pc = offsetof(struct env, pc), .off_request = offsetof(struct env, request),
		.off_tlb = offsetof(struct env, tlb), .off_fp = offsetof(struct env, fp), .off_owed = offsetof(struct env, owed),
		.off_nzcv = offsetof(struct env, nzcv), .off_icount = offsetof(struct env, icount),
	};
}

/* Half, single and double numbers: limits and their neighbours, NaNs of both kinds, integers and halves, noise. */
static uint64_t odd_double(void)
{
	static const uint64_t pattern[] = {0, 0x7ff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001, 0x7ff4000000000000,
		0x0010000000000000, 0x000fffffffffffff, 0x0000000000000001, 0x7fefffffffffffff, 0x3ff0000000000000,
		0x3fe0000000000000, 0x3fefffffffffffff, 0x4330000000000000, 0x43e0000000000000, 0x43dfffffffffffff,
		0x41dfffffffc00000, 0x41e0000000000000, 0x41efffffffe00000, 0x41f0000000000000, 0x43f0000000000000,
		0x3810000000000000, 0x380fffffffffffff, 0x380fffffe0000000, 0x47efffffe0000000, 0x47effffff0000000,
		0x3ff8000000000000, 0x4004000000000000, 0x2000000000000000, 0x1ff0000000000000, 0x5ff0000000000000};
	uint64_t x;
	double d;

	switch (rnd64() % 5) {
	case 0: x = pattern[rnd64() % ARRAY_SIZE(pattern)]; break;
	case 1: x = pattern[rnd64() % ARRAY_SIZE(pattern)] + (rnd64() % 5) - 2; break;
	case 2:
		d = (double)(int64_t)(rnd64() % 2001 - 1000) / 4;
		memcpy(&x, &d, 8);
		break;
	case 3: x = (rnd64() & 0x000fffffffffffff) | (1023 - 40 + rnd64() % 110) << 52; break;
	default: x = rnd64(); break;
	}
	return x ^ (rnd64() & BIT(63));
}
static uint64_t odd_single(void)
{
	static const uint32_t pattern[] = {0, 0x7f800000, 0x7fc00000, 0x7f800001, 0x7fa00000, 0x00800000, 0x007fffff, 1,
		0x7f7fffff, 0x3f800000, 0x3f000000, 0x3effffff, 0x4b000000, 0x4f000000, 0x4effffff, 0x4f800000, 0x5f000000,
		0x5f800000, 0x3fc00000, 0x40200000, 0x20000000, 0x1f800000, 0x5f7fffff, 0x38800000, 0x387fffff, 0x387ff000,
		0x477fe000, 0x477ff000, 0x33000000};
	uint32_t x;
	float f;

	switch (rnd64() % 5) {
	case 0: x = pattern[rnd64() % ARRAY_SIZE(pattern)]; break;
	case 1: x = pattern[rnd64() % ARRAY_SIZE(pattern)] + (uint32_t)(rnd64() % 5) - 2; break;
	case 2:
		f = (float)(int64_t)(rnd64() % 2001 - 1000) / 4;
		memcpy(&x, &f, 4);
		break;
	case 3: x = (uint32_t)(rnd64() & 0x007fffff) | (uint32_t)(127 - 30 + rnd64() % 90) << 23; break;
	default: x = (uint32_t)rnd64(); break;
	}
	return x ^ ((uint32_t)rnd64() & 0x80000000u);
}
static uint64_t odd_half(void) { return rnd64() % 3 ? rnd64() & 0xffff : (0x7c00 ^ (rnd64() & 0x83ff)) & (rnd64() % 2 ? 0xfc01 : 0xffff); }

enum kind { K_FP, K_INT, K_MIXED }; /* mixed: the operands after the first are halves */
static u128 odd_operand(uint32_t imm, enum kind kind)
{
	uint64_t h[2];

	for (unsigned k = 0; k < 2; k++)
		switch (kind == K_INT ? 0 : fpi_get_size(imm)) {
		case FP_H: h[k] = odd_half() | odd_half() << 16 | odd_half() << 32 | odd_half() << 48; break;
		case FP_S: h[k] = odd_single() | odd_single() << 32; break;
		case FP_D: h[k] = odd_double(); break;
		default: h[k] = odd_int(); break;
		}
	return (u128)h[1] << 64 | h[0];
}

/* A unit of one operation; clean: scalar operands are known to be so. NULL: it did not fit. */
static const uint8_t *make(unsigned op, uint32_t imm, bool clean, bool flush)
{
	const struct ir_opinfo *in = ir_info(op);
	struct x64_job job = {.u = u, .buf = native_at, .end = native_mem + NATIVE_BYTES, .fp_native = true, .fp_half = true, .fp_flush = flush,
			      .page_mask = ~UINT64_C(4095)};
	ir_ref a[3] = {0}, r;
	struct x64_out o;

	ir_reset(u);
	for (unsigned k = 0; k < in->nops; k++) {
		a[k] = ir_get(u, k);
		if (clean)
			a[k] = ir_pure(u, IR_v_lane0, a[k], 0, 0, 0, imm & 3);
	}
	r = ir_pure(u, op, a[0], a[1], a[2], 0, imm);
	ir_set(u, in->type == T_FLAGS ? 4 : 3, r);
	ir_emit(u, &(struct ir_node){.op = IR_leave, .k = 4, .snap = ir_snapshot(u, 0)});
	if (u->overflow || ir_verify(u) || !x64_lower(lower, &job, &o))
		return NULL;
	return o.code;
}

static void show(const char *what, u128 v)
{
	printf("#   %s %016" PRIx64 "%016" PRIx64 "\n", what, (uint64_t)(v >> 64), (uint64_t)v);
}

static unsigned try_mode(unsigned op, uint32_t imm, bool clean, enum kind kind, bool flush)
{
	const struct ir_opinfo *in = ir_info(op);
	const uint8_t *code = make(op, imm, clean, flush);
	unsigned bad = 0;

	if (!code) {
		printf("# %s imm %x: no unit\n", in->name, imm);
		return 1;
	}
	for (unsigned k = 0; k < ROUNDS; k++) {
		/* with FZ there is such code only once Inexact has been set */
		struct fpenv want = {.fpcr = (k & 1 ? FPCR_DN : 0) | (k >> 2 & 3) << FPCR_RMODE_SHIFT | (flush ? FPCR_FZ : 0),
				     .fpsr = flush || k & 2 ? FPSR_IXC : 0};
		struct env e = {.fp = want};
		struct op_args x = {.imm = imm, .fp = &want};
		uint32_t link;
		u128 got;

		for (unsigned i = 0; i < in->nops; i++) {
			e.v[i] = x.a[i] = odd_operand(kind == K_MIXED && i ? FP_H : imm, kind);
			if (i && rnd64() % 8 == 0)
				e.v[i] = x.a[i] = x.a[i - 1] ^ (rnd64() % 2 ? (u128)1 << 127 | BIT(63) | BIT(31) : 0);
			if (clean)
				x.a[i] &= ((u128)1 << (8 << (imm & 3))) - 1;
		}
		ir_op_fn(op)(&x);
		x64_enter(&e, code, &link);
		got = in->type == T_FLAGS ? e.nzcv : e.v[3];
		if ((got != x.r || e.fp.fpsr != want.fpsr) && !bad++) {
			printf("# %s imm %x%s, fpcr %x: fpsr %x, want %x\n", in->name, imm, clean ? " clean" : "", want.fpcr, e.fp.fpsr,
			       want.fpsr);
			for (unsigned i = 0; i < in->nops; i++)
				show("operand", x.a[i]);
			show("got ", got);
			show("want", x.r);
		}
	}
	return bad;
}

static unsigned try_imm(unsigned op, uint32_t imm, bool clean, enum kind kind)
{
	return try_mode(op, imm, clean, kind, false) + try_mode(op, imm, clean, kind, true);
}

static unsigned try_shapes(unsigned op, uint32_t more, enum kind kind)
{
	static const uint32_t shape[] = {FP_S, FP_D, FP_S | 1 << 2, FP_S | 2 << 2, FP_D | 1 << 2, FP_H, FP_H | 1 << 2, FP_H | 2 << 2,
					 FP_H | 3 << 2};
	unsigned bad = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(shape); k++) {
		if (op == IR_fpcmp && shape[k] > 3)
			continue;
		bad += try_imm(op, shape[k] | more, false, kind);
		if (shape[k] < 4)
			bad += try_imm(op, shape[k] | more, true, kind);
	}
	return bad;
}

static void test_simple(void)
{
	static const uint16_t ops[] = {IR_fpadd, IR_fpsub, IR_fpmul, IR_fpdiv, IR_fpsqrt, IR_fpmax, IR_fpmin, IR_fpmaxnm, IR_fpminnm,
		IR_fpabs, IR_fpneg, IR_fpmulx, IR_fprecps, IR_fprsqrts, IR_fprecpe, IR_fprsqrte};

	for (unsigned k = 0; k < ARRAY_SIZE(ops); k++)
		ok(!try_shapes(ops[k], 0, K_FP), "%s", ir_info(ops[k])->name);
}

static void test_flagged(void)
{
	unsigned bad = 0;

	for (unsigned k = 0; k < 4; k++)
		bad += try_shapes(IR_fpmla, (k & 1 ? FPI_NEG_A : 0) | (k & 2 ? FPI_NEG_N : 0), K_FP);
	ok(!bad, "fpmla");
	bad = try_shapes(IR_fpcmp, 0, K_FP) + try_shapes(IR_fpcmp, FPI_SIGNAL, K_FP);
	ok(!bad, "fpcmp");
	bad = 0;
	for (unsigned k = 0; k < 6; k++)
		bad += try_shapes(IR_fpcmv, fpi_cond((enum fp_cond)(k % 3)) | (k / 3 ? FPI_ABS : 0), K_FP);
	ok(!bad, "fpcmv");
	bad = 0;
	for (unsigned q = 0; q < 2; q++)
		for (unsigned size = FP_H; size <= FP_S + q; size++)
			for (unsigned rot = 0; rot < 4; rot++) {
				bad += rot & 1 ? try_imm(IR_fcadd, fpi_vec(size, q) | fpi_rot(rot), false, K_FP) : 0;
				bad += try_imm(IR_fcmla, fpi_vec(size, q) | fpi_rot(rot), false, K_FP);
			}
	ok(!bad, "fcadd, fcmla");
	bad = 0;
	for (unsigned q = 0; q < 4; q++)
		bad += try_imm(IR_fmlal, fpi_vec(FP_S, q & 1) | (q & 2 ? FPI_NEG_N : 0), false, K_MIXED);
	ok(!bad, "fmlal");
}

/* To fixed point. */
static void test_fixed(void)
{
	static const uint8_t fbits[] = {1, 16, 31, 32, 33, 63, 64};
	unsigned bad = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(fbits); k++)
		for (unsigned uns = 0; uns < 2; uns++) {
			uint32_t more = fpi_round(FPR_ZERO) | (uns ? FPI_UNSIGNED : 0) | fpi_fbits(fbits[k]);

			for (unsigned to = 2; to < 4; to++) {
				if (fbits[k] > 8u << to)
					continue;
				bad += try_imm(IR_fp2i, FP_S | fpi_size2(to) | more, false, K_FP);
				bad += try_imm(IR_fp2i, FP_D | fpi_size2(to) | more, false, K_FP);
			}
			if (fbits[k] <= 32) {
				bad += try_imm(IR_fp2i, fpi_vec(FP_S, 0) | fpi_size2(2) | more, false, K_FP);
				bad += try_imm(IR_fp2i, fpi_vec(FP_S, 1) | fpi_size2(2) | more, false, K_FP);
			}
			bad += try_imm(IR_fp2i, fpi_vec(FP_D, 1) | fpi_size2(3) | more, false, K_FP);
		}
	ok(!bad, "fp2i with fraction bits");
}

static void test_round(void)
{
	static const enum fp_rounding all[] = {FPR_TIEEVEN, FPR_POSINF, FPR_NEGINF, FPR_ZERO, FPR_TIEAWAY, FPR_FPCR};
	unsigned bad[3] = {0};

	for (unsigned k = 0; k < ARRAY_SIZE(all); k++) {
		bad[0] += try_shapes(IR_fprint, fpi_round(all[k]), K_FP);
		if (all[k] == FPR_FPCR)
			bad[0] += try_shapes(IR_fprint, fpi_round(all[k]) | FPI_EXACT, K_FP);
		for (unsigned uns = 0; uns < 2; uns++) {
			uint32_t more = fpi_round(all[k]) | (uns ? FPI_UNSIGNED : 0);

			for (unsigned to = 2; to < 4; to++) {
				bad[1] += try_imm(IR_fp2i, FP_S | fpi_size2(to) | more, false, K_FP);
				bad[1] += try_imm(IR_fp2i, FP_D | fpi_size2(to) | more, false, K_FP);
			}
			bad[2] += try_imm(IR_fp2i, fpi_vec(FP_S, 0) | fpi_size2(2) | more, false, K_FP);
			bad[2] += try_imm(IR_fp2i, fpi_vec(FP_S, 1) | fpi_size2(2) | more, false, K_FP);
			bad[2] += try_imm(IR_fp2i, fpi_vec(FP_D, 1) | fpi_size2(3) | more, false, K_FP);
		}
	}
	ok(!bad[0], "fprint");
	ok(!bad[1], "fp2i, scalar");
	ok(!bad[2], "fp2i, vectors");
}

static void test_convert(void)
{
	static const uint8_t pairs[][2] = {{FP_S, FP_D}, {FP_D, FP_S}, {FP_H, FP_S}, {FP_S, FP_H}, {FP_H, FP_D}, {FP_D, FP_H}};
	unsigned bad = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(pairs); k++)
		for (unsigned lanes = 0; lanes < 3; lanes++)
			if (lanes < 2 || MAX(pairs[k][0], pairs[k][1]) == FP_S)
				bad += try_imm(IR_fpcvt, fpi_lanes(pairs[k][0], lanes) | fpi_size2(pairs[k][1]) | fpi_round(FPR_FPCR),
					       false, K_FP);
	bad += try_imm(IR_fpcvt, FP_D | fpi_size2(FP_S) | fpi_round(FPR_ODD), false, K_FP);
	ok(!bad, "fpcvt");
	bad = 0;
	for (unsigned uns = 0; uns < 2; uns++)
		for (unsigned fbits = 0; fbits < 2; fbits++) {
			uint32_t more = (uns ? FPI_UNSIGNED : 0) | fpi_fbits(fbits * 7) | fpi_round(FPR_FPCR);

			for (unsigned from = 2; from < 4; from++) {
				bad += try_imm(IR_i2fp, FP_S | fpi_size2(from) | more, false, K_INT);
				bad += try_imm(IR_i2fp, FP_D | fpi_size2(from) | more, false, K_INT);
			}
			bad += try_imm(IR_i2fp, fpi_vec(FP_S, 0) | fpi_size2(2) | more, false, K_INT);
			bad += try_imm(IR_i2fp, fpi_vec(FP_S, 1) | fpi_size2(2) | more, false, K_INT);
			bad += try_imm(IR_i2fp, fpi_vec(FP_D, 1) | fpi_size2(3) | more, false, K_INT);
		}
	ok(!bad, "i2fp");
}

int main(void)
{
	if (!x64_supported())
		tap_skip_all("the host lacks AVX2 or BMI");
	configure();
	native_init();
	u = ir_new(slots, ARRAY_SIZE(slots));
	lower = x64_lower_new();
	test_simple();
	test_flagged();
	test_round();
	test_convert();
	test_fixed();
	x64_cpu_mask(0);
	ok(!try_shapes(IR_fpmla, 0, K_FP), "fpmla without the host's");
	x64_lower_free(lower);
	ir_free(u);
	return tap_done();
}
