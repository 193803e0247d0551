/*
 * Hand-made code at the start of code memory: entry, exit, and the common
 * part of slow paths, which saves the registers where x64_recover() finds them.
 */
#include <string.h>

#include "base/atomic.h"
#include "base/bug.h"
#include "ir/ops_int.h"
#include "x64/consts.h"
#include "x64/cpu.h"
#include "x64/lower.h"

struct x64_config x64_cfg;
const void *glue_slow[2], *glue_exit, *glue_leave[4], *glue_leave_at[16], *glue_flags, *glue_probe[2][5];
static const void *glue_enter;

static const uint8_t pushed[] = {RBX, RBP, R12, R13, R14, R15};
static const uint8_t allocated[] = {RBX, RBP, R12, R13, RSI, RDI, R8, R9, R10, R11};

static void push(struct xa *a, int r)
{
	if (r >= R8)
		x8(a, 0x41);
	x8(a, 0x50 + ((unsigned)r & 7));
}
static void pop(struct xa *a, int r)
{
	if (r >= R8)
		x8(a, 0x41);
	x8(a, 0x58 + ((unsigned)r & 7));
}

static const void *here(struct xa *a)
{
	while ((uintptr_t)a->p & 15)
		x8(a, 0x90);
	return a->p + a->delta;
}

/* Called by what is in rdx the unit of, with the index of the record on the stack. Keeps all but rax, rcx, rdx and the record's result. */
static void emit_slow(struct xa *a, bool vec)
{
	const int f = 16; /* the frame, from rsp */

	for (unsigned k = 0; k < sizeof(allocated); k++)
		x_store(a, true, xmem(RSP, f + FR_GPR + 8 * allocated[k]), allocated[k]);
	for (int k = 3; vec && k < 16; k++)
		x_vstore(a, xmem(RSP, f + FR_XMM + 16 * k), k);
	x_mov(a, true, RDI, R15);
	x_mov(a, true, RSI, RDX);
	x_load(a, false, RDX, xmem(RSP, 8));
	x_lea(a, true, RCX, xmem(RSP, f));
	lo_fp_sync(a, RAX, R10, f + FR_FLAGS, false);
	x_call(a, (const void *)(uintptr_t)x64_cfg.slow);
	lo_memo_forget(a, FR_NMEMO, f);
	for (unsigned k = 0; k < sizeof(allocated); k++)
		x_load(a, true, allocated[k], xmem(RSP, f + FR_GPR + 8 * allocated[k]));
	for (int k = 3; vec && k < 16; k++)
		x_vload(a, k, xmem(RSP, f + FR_XMM + 16 * k));
	x8(a, 0xc2); /* ret 8 */
	x8(a, 8);
	x8(a, 0);
}

/* To the run loop, at the pc in register `at`; why: NULL or an X64_ */
static const void *emit_leave(struct xa *a, int at, uint64_t why)
{
	const void *p = here(a);

	x_store(a, true, xmem(R15, (int)x64_cfg.off_pc), at);
	x_mov_ri(a, RAX, why);
	x_jmp_to(a, glue_exit);
	return p;
}

/* The operation of FR_NZ_KIND on eax or rax and ecx or rcx, for the host's flags. */
static void host_flags(struct xa *a, unsigned op, bool w)
{
	switch (op) {
	case RL_FSUB: x_alu(a, X_CMP, w, RAX, xr(RCX)); break;
	case RL_FADD: x_alu(a, X_ADD, w, RAX, xr(RCX)); break;
	default: x_test(a, w, RAX, RAX); break;
	}
}

/* eax are the flags. */
static void flags_done(struct xa *a)
{
	x_store(a, false, xmem(R15, (int)x64_cfg.off_nzcv), RAX);
	x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, 8 + FR_NZ_KIND));
	x32(a, 0);
	x8(a, 0xc3);
}

/* Called with FR_NZ_KIND not 0: brings the environment's flags up to date. Keeps all but rax, rcx, rdx. */
static void emit_flags(struct xa *a)
{
	x_load(a, true, RAX, xmem(RSP, 8 + FR_NZ_A));
	x_load(a, true, RCX, xmem(RSP, 8 + FR_NZ_B));
	x_load(a, false, RDX, xmem(RSP, 8 + FR_NZ_KIND));
	for (unsigned op = RL_FSUB; op <= RL_FLOGIC; op++)
		for (unsigned w = 0; w < 2; w++) {
			uint8_t *other;

			x_alu_i(a, X_CMP, false, xr(RDX), (int)(op | w << 7));
			other = x_jcc(a, CC_NE);
			host_flags(a, op, w);
			lo_nzcv_from_host(a, op == RL_FSUB);
			flags_done(a);
			x_bind(a, other);
		}
	for (unsigned op = RL_FCMP; op <= RL_FCMPR; op++) {
		uint8_t *other;

		x_alu_i(a, X_CMP, false, xr(RDX), (int)op);
		other = x_jcc(a, CC_NE);
		lo_nzcv_from_ah(a, op);
		flags_done(a);
		x_bind(a, other);
	}
	x8(a, 0x0f); /* ud2: no such kind */
	x8(a, 0x0b);
}

/* The way out: rax and edx are the result, nothing else is needed any more. */
static void exit_flags(struct xa *a)
{
	uint8_t *none;

	x_op(a, PNONE, 0x83, false, X_CMP, xmem(RSP, FR_NZ_KIND));
	x8(a, 0);
	none = x_jcc(a, CC_E);
	x_mov(a, true, RSI, RAX);
	x_mov(a, true, RDI, RDX);
	x8(a, 0xe8);
	x32(a, (uint32_t)((const uint8_t *)glue_flags - (a->p + 4 + a->delta)));
	x_mov(a, true, RAX, RSI);
	x_mov(a, true, RDX, RDI);
	x_bind(a, none);
}

size_t x64_glue_emit(uint8_t *buf, size_t size, intptr_t delta)
{
	struct xa a = x_window(buf, buf + size, delta);

	here(&a);
	xk_emit(&a);
	glue_flags = here(&a);
	emit_flags(&a);
	glue_enter = here(&a);
	for (unsigned k = 0; k < sizeof(pushed); k++)
		push(&a, pushed[k]);
	push(&a, RDX);
	x_alu_i(&a, X_SUB, true, xr(RSP), FR_SIZE);
	x_mov(&a, true, R15, RDI);
	x_load(&a, true, R14, xmem(R15, (int)x64_cfg.off_tlb));
	lo_fp_start(&a);
	x_op(&a, PNONE, 0xc7, false, 0, xmem(RSP, FR_NZ_KIND));
	x32(&a, 0);
	lo_memo_lose(&a);
	x_op(&a, PNONE, 0xff, false, 4, xr(RSI));
	glue_exit = here(&a);
	exit_flags(&a);
	lo_fp_sync(&a, RCX, RSI, FR_FLAGS, false);
	lo_fp_stop(&a, FR_FLAGS);
	x_alu_i(&a, X_ADD, true, xr(RSP), FR_SIZE);
	pop(&a, RCX);
	x_store(&a, false, xmem(RCX, 0), RDX);
	for (unsigned k = sizeof(pushed); k--;)
		pop(&a, pushed[k]);
	x8(&a, 0xc3);
	for (uintptr_t why = 0; why < 4; why++)
		glue_leave[why] = emit_leave(&a, RAX, why);
	for (int r = 0; r < 16; r++)
		glue_leave_at[r] = emit_leave(&a, r, 0);
	for (unsigned vec = 0; vec < 2; vec++) {
		glue_slow[vec] = here(&a);
		emit_slow(&a, vec);
	}
	lo_tlb_prepare();
	for (unsigned k = 0; k < 10; k++) {
		glue_probe[k & 1][k / 2] = here(&a);
		lo_tlb_look(&a, RAX, k & 1, false, 1 << k / 2);
		x8(&a, 0xc3);
	}
	BUG_ON(a.overflow);
	return (size_t)(a.p - buf);
}

void *x64_enter(void *env, const void *code, uint32_t *link)
{
	void *(*fn)(void *, const void *, uint32_t *);

	memcpy(&fn, &glue_enter, sizeof(fn));
	return fn(env, code, link);
}

bool x64_supported(void) { return (x64_cpu() & X64_NEEDED) == X64_NEEDED; }

/* -- recovery -- */

static uint64_t int_at(const struct ir_slot *slots, const struct x64_rloc *e, const uint64_t *pool, const char *frame, const char *env)
{
	uint64_t v;

	switch (e->kind & 127) {
	case RL_GPR: memcpy(&v, frame + FR_GPR + 8 * e->idx, 8); return v;
	case RL_SPILL: memcpy(&v, frame + FR_SPILL + 16 * e->idx, 8); return v;
	case RL_ENV: memcpy(&v, env + slots[e->idx].offset, 8); return v;
	default: return pool[e->idx];
	}
}

/* NZCV of a comparison from the host's flags. */
static uint32_t flags_of_ah(unsigned kind, unsigned ah)
{
	unsigned less = 8, greater = 2;

	if (ah & 4)
		return 3u << 28;
	if (ah & 64)
		return 6u << 28;
	return ((ah & 1) == (kind == RL_FCMP) ? less : greater) << 28;
}

static uint32_t flags_of(unsigned kind, uint64_t a, uint64_t b)
{
	uint32_t sf = kind >> 7;

	switch (kind & 127) {
	case RL_FLOGIC: return c_fl_logic(a, sf);
	case RL_FCMP: case RL_FCMPR: return flags_of_ah(kind, (unsigned)a >> 8);
	case RL_FSUB: return c_fl_sub(a, b, sf);
	default: return c_fl_add(a, b, sf);
	}
}

static uint32_t flags_at(const struct ir_slot *slots, const struct x64_rloc *e, const uint64_t *pool, const char *frame,
			 const char *env)
{
	uint64_t a = int_at(slots, e + 1, pool, frame, env);

	return flags_of(e->kind, a, !rl_has_two(e->kind & 127) ? 0 : int_at(slots, e + 2, pool, frame, env));
}

/* Flags that no unit has brought up to date; a snapshot with newer ones replaces them. */
static void recover_flags(const char *frame, char *env)
{
	uint32_t kind, flags;
	uint64_t ab[2];

	memcpy(&kind, frame + FR_NZ_KIND, 4);
	if (!kind)
		return;
	memcpy(ab, frame + FR_NZ_A, 16);
	flags = flags_of(kind, ab[0], ab[1]);
	memcpy(env + x64_cfg.off_nzcv, &flags, 4);
}

void x64_recover(const struct ir_slot *slots, const struct x64_rec *r, uint64_t unit_pc, const struct x64_rloc *locs,
		 const uint64_t *pool, const void *frame, void *env)
{
	const char *f = frame;
	char *out = env;
	uint64_t pc = unit_pc + (uint64_t)(int64_t)r->pc;

	recover_flags(f, out);
	for (unsigned k = 0; k < r->n; k++) {
		const struct x64_rloc *e = &locs[r->first + k];
		const struct ir_slot *s;
		uint64_t v;

		if (e->slot == 255)
			continue;
		s = &slots[e->slot];
		if (s->type == T_VEC) {
			if (e->kind == RL_VK)
				memcpy(out + s->offset, &pool[e->idx], 16);
			else if (e->kind == RL_ENV)
				memcpy(out + s->offset, out + slots[e->idx].offset, 16);
			else
				memcpy(out + s->offset, e->kind == RL_XMM ? f + FR_XMM + 16 * e->idx : f + FR_SPILL + 16 * e->idx, 16);
			continue;
		}
		v = (e->kind & 127) >= RL_FSUB ? flags_at(slots, e, pool, f, out) : int_at(slots, e, pool, f, out);
		memcpy(out + s->offset, &v, s->size);
	}
	memcpy(out + x64_cfg.off_pc, &pc, 8);
}
