/* Encodings that are too long to be inline; see asm.h and Intel SDM volume 2, chapter 2. */
#include "x64/asm.h"

const uint8_t *x_rip_base;

/* Each of these writes at p, where there is room for an instruction (x_room()), and returns where it ended. */

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
	return p + 4;
}

/* REX.RXB; what is no register (NOREG, XRIP) has neither of the bits looked at. */
static inline unsigned rex_of(bool w, int reg, struct xm m)
{
	unsigned rex = (unsigned)w << 3 | ((unsigned)reg >> 1 & 4);

	if (m.reg >= 0)
		return rex | ((unsigned)m.reg >> 3 & 1);
	return rex | ((unsigned)m.base >> 3 & 1) | ((unsigned)m.index >> 2 & 2);
}

/* ModRM, SIB, displacement. What is written behind the end is written over by what follows. */
static inline __attribute__((always_inline)) uint8_t *modrm(const struct xa *a, uint8_t *p, unsigned reg, struct xm m)
{
	static const uint8_t disp_bytes[3] = {0, 1, 4};
	unsigned r = (reg & 7) << 3, base = (unsigned)m.base & 7, mod;
	bool sib;

	if (m.reg >= 0) {
		*p = (uint8_t)(0xc0 | r | ((unsigned)m.reg & 7));
		return p + 1;
	}
	if (unlikely(m.base == XRIP)) {
		*p++ = (uint8_t)(r | 5);
		return put32(p, (uint32_t)(x_rip_base + m.disp - (p + 4 + a->delta)));
	}
	sib = m.index != NOREG || base == RSP;
	mod = m.disp == (int8_t)m.disp ? m.disp || base == RBP : 2;
	*p++ = (uint8_t)(mod << 6 | r | (sib ? 4u : base));
	*p = (uint8_t)((unsigned)m.scale << 6 | (m.index == NOREG ? 4u : (unsigned)m.index & 7) << 3 | base);
	p += sib;
	put32(p, (uint32_t)m.disp);
	return p + disp_bytes[mod];
}

static inline uint8_t *opcode(uint8_t *p, unsigned op)
{
	if (op > 0xff) {
		if (op > 0xffff)
			*p++ = (uint8_t)(op >> 16);
		*p++ = (uint8_t)(op >> 8);
	}
	*p++ = (uint8_t)op;
	return p;
}

void x_op1(struct xa *a, unsigned op, bool w, int reg, struct xm m)
{
	uint8_t *p = x_room(a);
	unsigned rex = rex_of(w, reg, m);

	*p = (uint8_t)(0x40 | rex);
	p += rex != 0;
	*p++ = (uint8_t)op;
	a->p = modrm(a, p, (unsigned)reg, m);
}

static const uint8_t prefixes[4] = {0, 0x66, 0xf3, 0xf2};

void x_opn(struct xa *a, unsigned pfx, unsigned op, bool w, int reg, struct xm m)
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
	uint8_t *p = x_room(a);

	if (!k) {
		x_op(a, PNONE, 0x31, false, d, xr(d));
	} else if (k <= UINT32_MAX) {
		*p = 0x41;
		p += d >> 3;
		*p++ = (uint8_t)(0xb8 + ((unsigned)d & 7));
		a->p = put32(p, (uint32_t)k);
	} else if ((int64_t)k == (int32_t)k) {
		x_op(a, PNONE, 0xc7, true, 0, xr(d));
		x32(a, (uint32_t)k);
	} else {
		*p++ = (uint8_t)(0x48 + (d >> 3));
		*p++ = (uint8_t)(0xb8 + ((unsigned)d & 7));
		memcpy(p, &k, 8);
		a->p = p + 8;
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
