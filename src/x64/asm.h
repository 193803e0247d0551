/*
 * x86-64 assembler: encodings, no policy.  Emits into a window of code
 * memory through its writable view; addresses in the code are those of the
 * executable view (`delta` apart).  When the window is full, emission goes on
 * at its start and `overflow` is set: the caller throws the unit away.
 *
 * Opcodes are given as in the manual without prefixes: 0x89, 0x0faf,
 * 0x0f38f6; mandatory prefixes by P66, PF2, PF3.
 */
#ifndef PARMA_X64_ASM_H
#define PARMA_X64_ASM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NOREG = 16,
       XRIP = 21 /* as a base: relative to x_rip_base, addressed through rip */ };
enum x_cc { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

struct xa {
	uint8_t *p, *start, *end; /* writable view; X_SLACK bytes behind end are the window's, too */
	intptr_t delta;           /* executable minus writable */
	bool overflow;
};

/* Executable address of the table of constants (x64/consts.h); CONST_AFTER_INIT. */
extern const uint8_t *x_rip_base;

/* A register or memory operand. */
struct xm {
	int8_t reg;   /* >= 0: the register itself */
	int8_t base, index;
	uint8_t scale; /* log2 */
	int32_t disp;
};
static inline struct xm xr(int r) { return (struct xm){.reg = (int8_t)r}; }
static inline struct xm xmem(int base, int32_t disp)
{
	return (struct xm){.reg = -1, .base = (int8_t)base, .index = NOREG, .disp = disp};
}
static inline struct xm xmemi(int base, int index, unsigned scale, int32_t disp)
{
	return (struct xm){.reg = -1, .base = (int8_t)base, .index = (int8_t)index, .scale = (uint8_t)scale, .disp = disp};
}

#define X_SLACK 16 /* more than an instruction has, so that one look at the end is enough for it */
#define X_LEAST (X_SLACK + 48)

/* The window [buf, end), of X_LEAST bytes or more. */
static inline struct xa x_window(uint8_t *buf, uint8_t *end, intptr_t delta)
{
	return (struct xa){.p = buf, .start = buf, .end = end - X_SLACK, .delta = delta};
}

/* Where the next X_SLACK bytes may go. */
static inline uint8_t *x_room(struct xa *a)
{
	if (unlikely(a->p >= a->end)) {
		a->overflow = true;
		a->p = a->start;
	}
	return a->p;
}
static inline void x8(struct xa *a, unsigned b)
{
	uint8_t *p = x_room(a);

	*p = (uint8_t)b;
	a->p = p + 1;
}
static inline void x32(struct xa *a, uint32_t v)
{
	uint8_t *p = x_room(a);

	memcpy(p, &v, 4);
	a->p = p + 4;
}
static inline void x64_(struct xa *a, uint64_t v)
{
	uint8_t *p = x_room(a);

	memcpy(p, &v, 8);
	a->p = p + 8;
}

#define PNONE 0u
#define P66 1u
#define PF3 2u
#define PF2 3u

/* Legacy encoding: pfx, REX (w; byte: 8-bit registers need REX), opcode (1 to 3 bytes), operands. */
void x_opn(struct xa *a, unsigned pfx, unsigned op, bool w, int reg, struct xm m);
/* The same without prefix, with one byte of opcode: most instructions. */
void x_op1(struct xa *a, unsigned op, bool w, int reg, struct xm m);
/* Of these, those between registers, and those that have r15 + disp as an operand. */
static inline void x_rr(struct xa *a, unsigned op, bool w, int reg, int rm)
{
	uint8_t *p = x_room(a);
	unsigned rex = (unsigned)w << 3 | ((unsigned)reg >> 1 & 4) | (unsigned)rm >> 3;

	*p = (uint8_t)(0x40 | rex);
	p += rex != 0;
	p[0] = (uint8_t)op;
	p[1] = (uint8_t)(0xc0 | ((unsigned)reg & 7) << 3 | ((unsigned)rm & 7));
	a->p = p + 2;
}
static inline void x_env(struct xa *a, unsigned op, bool w, int reg, int32_t disp)
{
	uint8_t *p = x_room(a);
	bool near = disp == (int8_t)disp;

	p[0] = (uint8_t)(0x41 | (unsigned)w << 3 | ((unsigned)reg >> 1 & 4));
	p[1] = (uint8_t)op;
	p[2] = (uint8_t)((!disp ? 0u : near ? 0x40u : 0x80u) | ((unsigned)reg & 7) << 3 | (R15 & 7));
	memcpy(p + 3, &disp, 4);
	a->p = p + (!disp ? 3 : near ? 4 : 7);
}
static inline __attribute__((always_inline)) void x_op(struct xa *a, unsigned pfx, unsigned op, bool w, int reg, struct xm m)
{
	if (__builtin_constant_p(pfx == PNONE && op <= 0xff) && pfx == PNONE && op <= 0xff)
		x_op1(a, op, w, reg, m);
	else
		x_opn(a, pfx, op, w, reg, m);
}
void x_op_byte(struct xa *a, unsigned op, int reg, struct xm m);
/* VEX encoding; map 1 0f, 2 0f38, 3 0f3a; v: second source (0 if none), l256. */
void x_vex(struct xa *a, unsigned pfx, unsigned map, bool w, bool l256, unsigned op, int reg, int v, struct xm m);
static inline void x_vex_i(struct xa *a, unsigned pfx, unsigned map, unsigned op, int reg, int v, struct xm m, unsigned imm)
{
	x_vex(a, pfx, map, false, false, op, reg, v, m);
	x8(a, imm);
}
/* The usual form: 128 bits, map 0f, three registers. */
static inline void x_vrr(struct xa *a, unsigned pfx, unsigned op, int d, int s1, int s2)
{
	x_vex(a, pfx, 1, false, false, op, d, s1, xr(s2));
}

/* mov and friends; w: 64-bit */
void x_mov_ri(struct xa *a, int d, uint64_t k);
static inline void x_mov(struct xa *a, bool w, int d, int s) { x_rr(a, 0x8b, w, d, s); }
static inline void x_load(struct xa *a, bool w, int d, struct xm m) { x_op(a, PNONE, 0x8b, w, d, m); }
static inline void x_store(struct xa *a, bool w, struct xm m, int s) { x_op(a, PNONE, 0x89, w, s, m); }
static inline void x_lea(struct xa *a, bool w, int d, struct xm m) { x_op(a, PNONE, 0x8d, w, d, m); }
/* ALU group by its /n: add 0, or 1, adc 2, sbb 3, and 4, sub 5, xor 6, cmp 7 */
enum x_alu { X_ADD, X_OR, X_ADC, X_SBB, X_AND, X_SUB, X_XOR, X_CMP };
static inline void x_alu(struct xa *a, enum x_alu op, bool w, int d, struct xm s)
{
	x_op1(a, (unsigned)op * 8 + 3, w, d, s);
}
void x_alu_i(struct xa *a, enum x_alu op, bool w, struct xm d, int32_t imm);
/* Shifts by /n: rol 0, ror 1, shl 4, shr 5, sar 7 */
enum x_sh { X_ROL, X_ROR, X_SHL = 4, X_SHR, X_SAR = 7 };
static inline void x_shift_i(struct xa *a, enum x_sh op, bool w, int d, unsigned n)
{
	x_op(a, PNONE, 0xc1, w, (int)op, xr(d));
	x8(a, n);
}
static inline void x_rorx(struct xa *a, bool w, int d, int s, unsigned n)
{
	x_vex(a, PF2, 3, w, false, 0xf0, d, 0, xr(s));
	x8(a, n);
}
static inline void x_test(struct xa *a, bool w, int d, int s) { x_rr(a, 0x85, w, s, d); }
/* test dword m, imm */
static inline void x_test_mi(struct xa *a, struct xm m, uint32_t imm)
{
	x_op(a, PNONE, 0xf7, false, 0, m);
	x32(a, imm);
}
static inline void x_test_i(struct xa *a, bool w, int d, int32_t imm)
{
	x_op(a, PNONE, 0xf7, w, 0, xr(d));
	x32(a, (uint32_t)imm);
}
static inline void x_setcc(struct xa *a, enum x_cc cc, int d) { x_op_byte(a, 0x0f90 + (unsigned)cc, 0, xr(d)); }
static inline void x_movzx8(struct xa *a, int d, struct xm s)
{
	if (s.reg >= 0)
		x_op_byte(a, 0x0fb6, d, s);
	else
		x_op(a, PNONE, 0x0fb6, false, d, s);
}
static inline void x_movzx16(struct xa *a, int d, struct xm s) { x_op(a, PNONE, 0x0fb7, false, d, s); }
static inline void x_movsx8(struct xa *a, bool w, int d, struct xm s)
{
	if (s.reg >= 0 && !w)
		x_op_byte(a, 0x0fbe, d, s);
	else
		x_op(a, PNONE, 0x0fbe, w, d, s);
}
static inline void x_cmov(struct xa *a, enum x_cc cc, bool w, int d, struct xm s)
{
	x_op(a, PNONE, 0x0f40 + (unsigned)cc, w, d, s);
}

/* Jumps: return the position of the rel32 to bind later. */
uint8_t *x_jcc(struct xa *a, enum x_cc cc);
uint8_t *x_jmp(struct xa *a);
/* Binds to the current position, or to an address in the executable view. */
void x_bind(struct xa *a, uint8_t *at);
void x_jmp_to(struct xa *a, const void *exec_target);
void x_jcc_to(struct xa *a, enum x_cc cc, const void *exec_target);
/* Call of a C function (through rax where out of reach). */
void x_call(struct xa *a, const void *fn);
/* Pads so that a jmp rel32 emitted next has its displacement on a 4-byte boundary. */
void x_align_jmp(struct xa *a);
/* Long no-operations up to the next multiple of `to`. */
void x_align(struct xa *a, unsigned to);

/* Vector moves */
static inline void x_vmov(struct xa *a, int d, int s) { x_vrr(a, PNONE, 0x28, d, 0, s); }
static inline void x_vload(struct xa *a, int d, struct xm m) { x_vex(a, PF3, 1, false, false, 0x6f, d, 0, m); }
static inline void x_vstore(struct xa *a, struct xm m, int s) { x_vex(a, PF3, 1, false, false, 0x7f, s, 0, m); }
static inline void x_vmovq_rx(struct xa *a, int gpr, int x) { x_vex(a, P66, 1, true, false, 0x7e, x, 0, xr(gpr)); }
static inline void x_vmovq_xr(struct xa *a, int x, int gpr) { x_vex(a, P66, 1, true, false, 0x6e, x, 0, xr(gpr)); }

#endif
