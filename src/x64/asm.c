/* Encodings that are too long to be inline; see asm.h and Intel SDM volume 2, chapter 2. */
#include "x64/asm.h"

const uint8_t *x_rip_base;

/* Each of these writes at p, where there is room for an instruction (x_room()), and returns where it ended. */

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
	return p + 4;
}

/* ModRM, SIB, displacement. */
static uint8_t *modrm(const struct xa *a, uint8_t *p, unsigned reg, struct xm m)
{
	unsigned r = (reg & 7) << 3;
	bool sib, d8, d0;

	if (m.reg >= 0) {
		*p++ = (uint8_t)(0xc0 | r | ((unsigned)m.reg & 7));
		return p;
	}
	if (m.base == XRIP) {
		*p++ = (uint8_t)(r | 5);
		return put32(p, (uint32_t)(x_rip_base + m.disp - (p + 4 + a->delta)));
	}
	sib = m.index != NOREG || (m.base & 7) == RSP;
	d0 = !m.disp && (m.base & 7) != RBP;
	d8 = m.disp == (int8_t)m.disp;
	*p++ = (uint8_t)((d0 ? 0u : d8 ? 0x40u : 0x80u) | r | (sib ? 4u : (unsigned)m.base & 7));
	if (sib)
		*p++ = (uint8_t)((unsigned)m.scale << 6 | (m.index == NOREG ? 4u : (unsigned)m.index & 7) << 3 | ((unsigned)m.base & 7));
	if (d0)
		return p;
	if (!d8)
		return put32(p, (uint32_t)m.disp);
	*p++ = (uint8_t)m.disp;
	return p;
}

static unsigned rex_of(bool w, int reg, struct xm m)
{
	unsigned rex = (unsigned)w << 3 | (reg & 8 ? 4u : 0);

	if (m.reg >= 0)
		return rex | (m.reg & 8 ? 1u : 0);
	return rex | (m.base & 8 ? 1u : 0) | (m.index != NOREG && m.index & 8 ? 2u : 0);
}

static uint8_t *opcode(uint8_t *p, unsigned op)
{
	if (op > 0xffff)
		*p++ = (uint8_t)(op >> 16);
	if (op > 0xff)
		*p++ = (uint8_t)(op >> 8);
	*p++ = (uint8_t)op;
	return p;
}

static const uint8_t prefixes[4] = {0, 0x66, 0xf3, 0xf2};

void x_op(struct xa *a, unsigned pfx, unsigned op, bool w, int reg, struct xm m)
{
	uint8_t *p = x_room(a);
	unsigned rex = rex_of(w, reg, m);

	if (pfx)
		*p++ = prefixes[pfx];
	if (rex)
		*p++ = (uint8_t)(0x40 | rex);
	a->p = modrm(a, opcode(p, op), (unsigned)reg, m);
}

void x_op_byte(struct xa *a, unsigned op, int reg, struct xm m)
{
	uint8_t *p = x_room(a);
	unsigned rex = rex_of(false, reg, m);

	if (rex || reg >= RSP || m.reg >= RSP)
		*p++ = (uint8_t)(0x40 | rex);
	a->p = modrm(a, opcode(p, op), (unsigned)reg, m);
}

void x_vex(struct xa *a, unsigned pfx, unsigned map, bool w, bool l256, unsigned op, int reg, int v, struct xm m)
{
	uint8_t *p = x_room(a);
	unsigned rex = rex_of(w, reg, m), pp = pfx, inv = ~(unsigned)v & 15;

	if (map == 1 && !w && !(rex & 3)) {
		*p++ = 0xc5;
		*p++ = (uint8_t)((rex & 4 ? 0 : 0x80u) | inv << 3 | (unsigned)l256 << 2 | pp);
	} else {
		*p++ = 0xc4;
		*p++ = (uint8_t)(((~rex & 7) << 5) | map);
		*p++ = (uint8_t)((unsigned)w << 7 | inv << 3 | (unsigned)l256 << 2 | pp);
	}
	*p++ = (uint8_t)op;
	a->p = modrm(a, p, (unsigned)reg, m);
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
	uint8_t *p = x_room(a);

	*p++ = 0x0f;
	*p++ = (uint8_t)(0x80 + (unsigned)cc);
	a->p = put32(p, 0);
	return p;
}

uint8_t *x_jmp(struct xa *a)
{
	uint8_t *p = x_room(a);

	*p++ = 0xe9;
	a->p = put32(p, 0);
	return p;
}

static void put_rel(struct xa *a, uint8_t *at, intptr_t rel)
{
	int32_t v = (int32_t)rel;

	if (at < a->start || at + 4 > a->end + X_SLACK || v != rel) {
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
