/* Encodings that are too long to be inline; see asm.h and Intel SDM volume 2, chapter 2. */
#include "x64/asm.h"

const uint8_t *x_rip_base;

void x_modrm(struct xa *a, unsigned reg, struct xm m)
{
	unsigned r = (reg & 7) << 3;
	bool sib, d8, d0;

	if (m.reg >= 0) {
		x8(a, 0xc0 | r | ((unsigned)m.reg & 7));
		return;
	}
	if (m.base == XRIP) {
		x8(a, r | 5);
		x32(a, (uint32_t)(x_rip_base + m.disp - (a->p + 4 + a->delta)));
		return;
	}
	sib = m.index != NOREG || (m.base & 7) == RSP;
	d0 = !m.disp && (m.base & 7) != RBP;
	d8 = m.disp == (int8_t)m.disp;
	x8(a, (d0 ? 0u : d8 ? 0x40u : 0x80u) | r | (sib ? 4u : (unsigned)m.base & 7));
	if (sib)
		x8(a, (unsigned)m.scale << 6 | (m.index == NOREG ? 4u : (unsigned)m.index & 7) << 3 | ((unsigned)m.base & 7));
	if (!d0) {
		if (d8)
			x8(a, (uint8_t)m.disp);
		else
			x32(a, (uint32_t)m.disp);
	}
}

static unsigned rex_of(bool w, int reg, struct xm m)
{
	unsigned rex = (unsigned)w << 3 | (reg & 8 ? 4u : 0);

	if (m.reg >= 0)
		return rex | (m.reg & 8 ? 1u : 0);
	return rex | (m.base & 8 ? 1u : 0) | (m.index != NOREG && m.index & 8 ? 2u : 0);
}

static void opcode(struct xa *a, unsigned op)
{
	if (op > 0xffff)
		x8(a, op >> 16);
	if (op > 0xff)
		x8(a, op >> 8 & 0xff);
	x8(a, op & 0xff);
}

static const uint8_t prefixes[4] = {0, 0x66, 0xf3, 0xf2};

void x_op(struct xa *a, unsigned pfx, unsigned op, bool w, int reg, struct xm m)
{
	unsigned rex = rex_of(w, reg, m);

	if (pfx)
		x8(a, prefixes[pfx]);
	if (rex)
		x8(a, 0x40 | rex);
	opcode(a, op);
	x_modrm(a, (unsigned)reg, m);
}

void x_op_byte(struct xa *a, unsigned op, int reg, struct xm m)
{
	unsigned rex = rex_of(false, reg, m);

	if (rex || reg >= RSP || m.reg >= RSP)
		x8(a, 0x40 | rex);
	opcode(a, op);
	x_modrm(a, (unsigned)reg, m);
}

void x_vex(struct xa *a, unsigned pfx, unsigned map, bool w, bool l256, unsigned op, int reg, int v, struct xm m)
{
	unsigned rex = rex_of(w, reg, m), pp = pfx, inv = ~(unsigned)v & 15;

	if (map == 1 && !w && !(rex & 3)) {
		x8(a, 0xc5);
		x8(a, (rex & 4 ? 0 : 0x80u) | inv << 3 | (unsigned)l256 << 2 | pp);
	} else {
		x8(a, 0xc4);
		x8(a, ((~rex & 7) << 5) | map);
		x8(a, (unsigned)w << 7 | inv << 3 | (unsigned)l256 << 2 | pp);
	}
	x8(a, op);
	x_modrm(a, (unsigned)reg, m);
}

void x_mov_ri(struct xa *a, int d, uint64_t k)
{
	if (!k) {
		x_op(a, PNONE, 0x31, false, d, xr(d));
	} else if (k <= UINT32_MAX) {
		if (d & 8)
			x8(a, 0x41);
		x8(a, 0xb8 + ((unsigned)d & 7));
		x32(a, (uint32_t)k);
	} else if ((int64_t)k == (int32_t)k) {
		x_op(a, PNONE, 0xc7, true, 0, xr(d));
		x32(a, (uint32_t)k);
	} else {
		x8(a, d & 8 ? 0x49 : 0x48);
		x8(a, 0xb8 + ((unsigned)d & 7));
		x64_(a, k);
	}
}

void x_alu_i(struct xa *a, enum x_alu op, bool w, struct xm d, int32_t imm)
{
	if (imm == (int8_t)imm) {
		x_op(a, PNONE, 0x83, w, (int)op, d);
		x8(a, (uint8_t)imm);
	} else {
		x_op(a, PNONE, 0x81, w, (int)op, d);
		x32(a, (uint32_t)imm);
	}
}

uint8_t *x_jcc(struct xa *a, enum x_cc cc)
{
	x8(a, 0x0f);
	x8(a, 0x80 + (unsigned)cc);
	x32(a, 0);
	return a->p - 4;
}

uint8_t *x_jmp(struct xa *a)
{
	x8(a, 0xe9);
	x32(a, 0);
	return a->p - 4;
}

static void put_rel(struct xa *a, uint8_t *at, intptr_t rel)
{
	int32_t v = (int32_t)rel;

	if (at < a->start || at + 4 > a->end || v != rel) {
		a->overflow = true;
		return;
	}
	memcpy(at, &v, 4);
}

void x_bind(struct xa *a, uint8_t *at) { put_rel(a, at, a->p - (at + 4)); }

void x_jmp_to(struct xa *a, const void *exec_target)
{
	uint8_t *at = x_jmp(a);

	put_rel(a, at, (const uint8_t *)exec_target - (at + 4 + a->delta));
}

void x_jcc_to(struct xa *a, enum x_cc cc, const void *exec_target)
{
	uint8_t *at = x_jcc(a, cc);

	put_rel(a, at, (const uint8_t *)exec_target - (at + 4 + a->delta));
}

void x_call(struct xa *a, const void *fn)
{
	x_mov_ri(a, RAX, (uint64_t)(uintptr_t)fn);
	x_op(a, PNONE, 0xff, false, 2, xr(RAX));
}

void x_align(struct xa *a, unsigned to)
{
	static const uint8_t nops[9][9] = {
		{0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0x00}, {0x0f, 0x1f, 0x40, 0x00}, {0x0f, 0x1f, 0x44, 0x00, 0x00},
		{0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00}, {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
		{0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}, {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};

	for (unsigned left = (unsigned)(-(uintptr_t)a->p & (to - 1)); left;) {
		unsigned n = MIN(left, 9u);

		for (unsigned k = 0; k < n; k++)
			x8(a, nops[n - 1][k]);
		left -= n;
	}
}

void x_align_jmp(struct xa *a)
{
	while (((uintptr_t)a->p + 1) & 3)
		x8(a, 0x90);
}
