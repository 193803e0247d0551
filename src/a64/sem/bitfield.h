/* Semantics: bitfield moves and extract (C4.1.92). */
#ifndef PARMA_A64_SEM_BITFIELD_H
#define PARMA_A64_SEM_BITFIELD_H

#include "a64/sem/common.h"

/*
 * UBFM and SBFM as two shifts: the field's top bit goes to bit 63, then down
 * to where it belongs.  imms >= immr takes bits immr..imms to bit 0; else bits
 * 0..imms go to bit (size - immr).
 */
static inline v64 field_move(E *e, bool sf, bool is_signed, v64 v, unsigned immr, unsigned imms)
{
	unsigned size = sf ? 64 : 32, up = 63 - imms;
	unsigned down = imms >= immr ? up + immr : up - (size - immr);

	if (up)
		v = shl64(e, v, up);
	if (down)
		v = is_signed ? sar64(e, v, down) : shr64(e, v, down);
	return v;
}

SEM(UBFM)
{
	v64 v = get_x(e, i->rn);

	if (i->immr == 0 && i->imms == 7)
		v = zext8(e, v);
	else if (i->immr == 0 && i->imms == 15)
		v = zext16(e, v);
	else if (i->immr == 0 && i->imms == 31)
		v = zext32(e, v);
	else
		v = field_move(e, i->sf, false, v, i->immr, i->imms);
	set_x(e, i->rd, v);
}
SEM(SBFM)
{
	v64 v = get_x(e, i->rn);

	if (i->immr == 0 && i->imms == 7)
		v = sext8(e, v);
	else if (i->immr == 0 && i->imms == 15)
		v = sext16(e, v);
	else if (i->immr == 0 && i->imms == 31)
		v = sext32(e, v);
	else
		v = field_move(e, i->sf, true, v, i->immr, i->imms);
	set_x(e, i->rd, width(e, i->sf, v));
}
SEM(BFM)
{
	unsigned size = i->sf ? 64 : 32;
	v64 d = get_x(e, i->rd), n = get_x(e, i->rn);

	if (i->imms >= i->immr)
		d = bitins(e, d, i->immr ? shr64(e, n, i->immr) : n, (i->imms - i->immr + 1u) << 8);
	else
		d = bitins(e, d, n, (size - i->immr) | (i->imms + 1u) << 8);
	set_x(e, i->rd, width(e, i->sf, d));
}
SEM(EXTR) { set_x(e, i->rd, extr(e, get_x(e, i->rn), get_x(e, i->rm), i->imms | (uint32_t)i->sf << 6)); }

#endif
