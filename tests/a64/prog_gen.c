/* See prog_gen.h. */
#include "tests/a64/prog_gen.h"

#include <string.h>

#include "base/bits.h"
#include "tests/a64/rows.h"
#include "tests/a64/vecfile.h"

#define NOP 0xd503201fu
#define CLREX 0xd503305fu
#define LOOP_TAIL 6u /* words that close a loop */
#define UNIT 10u      /* words of one instruction with what it needs, at most */

static uint64_t rnd(struct prog_gen *g) { return prog_rnd(&g->rng); }
static unsigned below(struct prog_gen *g, unsigned n) { return (unsigned)(rnd(g) % n); }

static const struct a64_field *field(const struct a64_row *r, const char *name)
{
	for (unsigned k = 0; k < r->nfields; k++)
		if (!strcmp(r->fields[k].name, name))
			return &r->fields[k];
	return NULL;
}
/* The field's value; absent ones are 0. */
static unsigned get(const struct a64_row *r, const char *name, uint32_t w)
{
	const struct a64_field *f = field(r, name);

	return f ? w >> f->lsb & (uint32_t)mask64(f->width) : 0;
}
static int get_signed(const struct a64_row *r, const char *name, uint32_t w)
{
	const struct a64_field *f = field(r, name);

	return f ? (int)sext(get(r, name, w), f->width) : 0;
}
static bool is(const struct a64_row *r, const char *name) { return !strcmp(r->name, name); }

bool prog_row_ok(unsigned op)
{
	const struct a64_row *r = &a64_rows[op];

	return row_runs_alone(r) || is(r, "MSR") || is(r, "MRS") || is(r, "MSR_dit") || is(r, "MSR_ssbs") || is(r, "DC_ZVA");
}

static void emit(struct prog_gen *g, uint32_t w, unsigned op)
{
	g->bound[g->p->n] = false;
	g->ops[g->p->n] = (uint16_t)op;
	g->p->words[g->p->n++] = w;
	g->made[op] += op != 0;
}

/* Words from number n on belong together: branches may go to the first only. */
static void bind(struct prog_gen *g, unsigned n)
{
	while (++n < g->p->n)
		g->bound[n] = true;
}

/* -- operands -- */

/* The counter of a loop is left alone by its body. */
static bool spares_counter(uint32_t w)
{
	return (w & 31) != 28 && (w >> 5 & 31) != 28 && (w >> 10 & 31) != 28 && (w >> 16 & 31) != 28 &&
	       (w & 31) != 27 && (w >> 16 & 31) != 27; /* pairs */
}

static uint32_t random_fields(struct prog_gen *g, const struct a64_row *r)
{
	uint32_t w = ((uint32_t)rnd(g) & ~r->mask) | r->value;

	for (unsigned k = 0; k < r->nfields; k++) {
		const struct a64_field *f = &r->fields[k];
		uint32_t m = (uint32_t)mask64(f->width) << f->lsb;

		if (f->name[0] == 'r' && f->width >= 4) {
			unsigned how = below(g, 16);

			if (how < 12) /* few registers, so that values meet */
				w &= ~(0x18u << f->lsb & m);
			else if (how == 12) /* the zero register, or SP */
				w |= m;
		} else if (below(g, 12) == 0) {
			w = below(g, 2) ? w & ~m : w | m;
		}
	}
	return w;
}

/* A literal, or an address, that is in PROG_LIT and not in the code. */
static bool literal_ok(uint32_t w)
{
	int32_t at = (int32_t)sext(w >> 5 & 0x7ffff, 19) * 4;

	return at < -(int32_t)(PROG_CODE_BYTES + 64) || at > (int32_t)(PROG_MAIL - CASE_CODE + 8192);
}

/* Architecturally CONSTRAINED UNPREDICTABLE, where no two implementations need agree. */
static bool unpredictable(const struct a64_row *r, uint32_t w)
{
	unsigned rt = get(r, "rt", w), rn = get(r, "rn", w), rt2 = get(r, "rt2", w), rs = get(r, "rs", w), mode = get(r, "mode", w);
	bool pair = field(r, "rt2") && field(r, "imm7"), vec = w >> 26 & 1;

	if (!strcmp(r->group, "exclusive")) {
		if (is(r, "STXR") || is(r, "STXP"))
			return rs == rt || (rs == rn && rn != 31) || (is(r, "STXP") && rs == rt2);
		return is(r, "LDXP") && rt == rt2;
	}
	if (pair && strchr(r->name, 'L') == r->name && rt == rt2)
		return true;
	if (!vec && (field(r, "imm9") || pair) && mode & 1 && rn != 31 && (rt == rn || (pair && rt2 == rn)))
		return true;
	return false;
}

static bool random_word(struct prog_gen *g, unsigned op, uint32_t *word)
{
	const struct a64_row *r = &a64_rows[op];
	struct a64_insn d;

	for (unsigned k = 0; k < 400; k++) {
		uint32_t w = random_fields(g, r);

		if (!a64_decode(w, g->feats, &d) || d.op != op || (g->loop && !spares_counter(w)) || unpredictable(r, w))
			continue;
		if (!strcmp(r->group, "literal") && !literal_ok(w))
			continue;
		*word = w;
		return true;
	}
	return false;
}

/* -- loads and stores -- */

/* From the base register to the first byte, and the index register's value where there is one. */
static int offset_of(const struct a64_row *r, uint32_t w, unsigned index)
{
	unsigned size = get(r, "size", w) | (w >> 26 & 1 ? get(r, "opc", w) << 2 : 0), opt = get(r, "option", w);

	if (field(r, "imm9"))
		return get(r, "mode", w) == 1 ? 0 : get_signed(r, "imm9", w);
	if (field(r, "imm12"))
		return (int)(get(r, "imm12", w) << (strncmp(r->name, "PRFM", 4) ? size : 3));
	if (field(r, "imm7")) {
		int unit = w >> 26 & 1 ? 4 << get(r, "opc", w) : get(r, "sf", w) ? 8 : 4;

		return get(r, "mode", w) == 1 ? 0 : get_signed(r, "imm7", w) * unit;
	}
	if (field(r, "option"))
		return (opt & 4 ? (int)(int8_t)index : (int)index) * (1 << (get(r, "s", w) ? size : 0));
	return 0;
}

static uint64_t random_address(struct prog_gen *g)
{
	unsigned at = below(g, PROG_RAM_BYTES - 64);

	switch (below(g, 16)) {
	case 0: at = 4096 - below(g, 40); break;           /* the page boundary */
	case 1: at = PROG_RAM_BYTES - below(g, 40); break; /* the read-only page, or next to it */
	case 2: at = PROG_RAM_BYTES + below(g, 256); break;
	case 3: break;
	case 4: at &= ~7u; break;
	default: at &= ~15u; break;
	}
	return PROG_RAM + at;
}

/* Xn (31: SP) := value of 32 bits, in two or three words. */
static void set_base(struct prog_gen *g, unsigned rn, uint64_t value)
{
	unsigned via = rn == 31 ? 16 : rn;

	emit(g, 0xd2800000u | (uint32_t)(value & 0xffff) << 5 | via, 0);                   /* movz */
	emit(g, 0xf2a00000u | (uint32_t)(value >> 16 & 0xffff) << 5 | via, 0);             /* movk, lsl 16 */
	if (via != 15 && below(g, 2)) { /* 0 that a translator does not know, or else bases are constants to it */
		emit(g, 0xd53bd040u | 15, 0);                                              /* mrs x15, tpidr_el0 */
		emit(g, 0x8b0f0000u | via << 5 | via, 0);                                  /* add xn, xn, x15 */
	}
	if (rn == 31)
		emit(g, 0x9100001fu | via << 5, 0);                                        /* mov sp, x16 */
}

/* Before a load or store: its index and its base. False: the two are one register. */
static bool set_address(struct prog_gen *g, const struct a64_row *r, uint32_t w)
{
	unsigned rn = get(r, "rn", w), rm = get(r, "rm", w), index = below(g, 256);
	bool indexed = field(r, "option") != NULL;

	if (!field(r, "rn"))
		return true;
	if (indexed) {
		if (rm == rn || (rm == 16 && rn == 31))
			return false;
		if (rm == 31)
			index = 0;
		else if (index & 0x80 && get(r, "option", w) & 4)
			emit(g, 0x92800000u | (~(uint32_t)(int8_t)index & 0xffff) << 5 | rm, 0); /* movn: negative */
		else
			emit(g, 0xd2800000u | index << 5 | rm, 0);
		if (!(get(r, "option", w) & 4) && get(r, "option", w) != 3)
			index &= 0xff;
	}
	g->base = random_address(g) - (uint64_t)(int64_t)offset_of(r, w, index);
	set_base(g, rn, g->base);
	return true;
}

/* The word with the base of the access just before it, if that reaches PROG_RAM; else 0. */
static uint32_t same_base(struct prog_gen *g, const struct a64_row *r, uint32_t w)
{
	uint32_t same = (w & ~0x3e0u) | g->base_reg << 5;
	struct a64_insn d;
	uint64_t at;

	if (!g->p->n || g->base_at != g->p->n || !field(r, "rn") || field(r, "option") || unpredictable(r, same) ||
	    !a64_decode(same, g->feats, &d) || &a64_rows[d.op] != r)
		return 0;
	at = g->base + (uint64_t)(int64_t)offset_of(r, same, 0);
	return at >= PROG_RAM && at < PROG_RAM + PROG_RAM_BYTES + PROG_RO_BYTES - 64 ? same : 0;
}

/* An access has been emitted: is its base still in the register? */
static void note_base(struct prog_gen *g, const struct a64_row *r, uint32_t w)
{
	unsigned rn = get(r, "rn", w);
	bool loads_it = !(w >> 26 & 1) && rn != 31 && (get(r, "rt", w) == rn || (field(r, "rt2") && get(r, "rt2", w) == rn));

	if (!field(r, "rn") || loads_it || get(r, "mode", w) & 1 || strstr(r->name, "_post") || field(r, "rs"))
		return;
	g->base_reg = rn;
	g->base_at = g->p->n;
}

/* The store that belongs to a load-exclusive, or the other way round, of the same size at the same address. */
static uint32_t other_half(struct prog_gen *g, uint32_t w)
{
	unsigned rn = w >> 5 & 31, rs, rt;
	uint32_t o = (w ^ 1u << 22) & ~0x001f7c1fu; /* without Rs, Rt2 and Rt */
	bool pair = w >> 21 & 1;

	do {
		rs = below(g, 8);
		rt = below(g, 27);
	} while (rs == rn || rt == rn || rs == rt || (pair && (rt + 1 == rs || rt + 1 == rn)));
	o |= rt | (pair ? rt + 1 : 31) << 10;
	return o | (o >> 22 & 1 ? 31 : rs) << 16;
}

/*
 * A store-exclusive comes with its base, and with the load before it where there is one: alone, and with any other
 * address, it may fail or fault.
 */
static bool emit_exclusive(struct prog_gen *g, unsigned op, uint32_t w)
{
	const struct a64_row *r = &a64_rows[op];
	bool load = w >> 22 & 1;
	unsigned rn = w >> 5 & 31, first = g->p->n;

	if (load && ((w & 31) == rn || ((w >> 21 & 1) && (w >> 10 & 31) == rn)) && rn != 31)
		return false; /* the store would go elsewhere */
	if (!set_address(g, r, w))
		return false;
	if (!load) {
		if (below(g, 4))
			emit(g, other_half(g, w), 0);
		emit(g, w, op);
		bind(g, first);
		return true;
	}
	first = g->p->n;
	emit(g, w, op);
	emit(g, below(g, 4) ? other_half(g, w) : CLREX, 0);
	bind(g, first);
	return true;
}

/* -- system registers that EL0 may touch -- */

static void set_fpcr(struct prog_gen *g)
{
	unsigned first = g->p->n;
	uint32_t mode = below(g, 3) ? below(g, 4) << 6 | (below(g, 2) << 8) | (below(g, 2) << 9) | (below(g, 2) << 3) | (below(g, 4) ? 0 : 1u << 10) : 0;

	emit(g, 0xd2a00000u | mode << 5 | 17, 0); /* movz x17, mode, lsl 16 */
	emit(g, 0xd51b4411u, A64_MSR);             /* msr fpcr, x17: other values would set bits that not all have */
	bind(g, first);
}

static void emit_sysreg(struct prog_gen *g, unsigned op)
{
	uint32_t rt = below(g, 16);

	if (op == A64_MSR_dit || op == A64_MSR_ssbs) {
		emit(g, a64_rows[op].value | below(g, 2) << 8, op);
		emit(g, (op == A64_MSR_dit ? 0xd53b42a0u : 0xd53b42c0u) | rt, A64_MRS);
		return;
	}
	switch (below(g, 5)) {
	case 0: set_fpcr(g); break;
	case 1:
		emit(g, 0xd2800000u | (below(g, 0x100) & 0x9f) << 5 | 17, 0);
		emit(g, 0xd51b4431u, A64_MSR); /* msr fpsr, x17 */
		bind(g, g->p->n - 2);
		break;
	case 2:
		emit(g, 0xd51bd040u | rt, A64_MSR); /* msr tpidr_el0 */
		emit(g, 0xd53bd040u | below(g, 16), A64_MRS);
		break;
	case 3: emit(g, 0xd53b4400u | rt, A64_MRS); break; /* fpcr */
	default: emit(g, 0xd53b4420u | rt, A64_MRS); break; /* fpsr */
	}
}

/* -- programs -- */

static bool goes_indirect(const struct a64_row *r) { return is(r, "BR") || is(r, "BLR") || is(r, "RET"); }

/* One instruction of row op, with what it needs. */
static bool emit_insn(struct prog_gen *g, unsigned op, bool counts)
{
	const struct a64_row *r = &a64_rows[op];
	unsigned n = g->p->n, as = counts ? op : 0;
	uint32_t w;

	if (op == A64_MSR || op == A64_MRS || op == A64_MSR_dit || op == A64_MSR_ssbs) {
		emit_sysreg(g, op);
		return true;
	}
	if (!random_word(g, op, &w))
		return false;
	if (goes_indirect(r)) {
		if ((w >> 5 & 31) == 31)
			return false;
		emit(g, 0x10000000u | (w >> 5 & 31), 0); /* adr: settled later */
		emit(g, w, as);
		return true;
	}
	if (op == A64_DC_ZVA) {
		if ((w & 31) == 31)
			return false;
		g->p->uses_memory = 1;
		g->local = true;
		set_base(g, w & 31, random_address(g));
		emit(g, w, as);
		return true;
	}
	if (!strcmp(r->group, "exclusive")) {
		g->p->uses_memory = 1;
		return emit_exclusive(g, op, w);
	}
	if (vec_is_mem(w) && strcmp(r->group, "literal")) {
		uint32_t same = below(g, 2) ? same_base(g, r, w) : 0;

		g->p->uses_memory = 1;
		if (same) {
			w = same;
		} else if (below(g, 16) && !set_address(g, r, w)) {
			g->p->n = n;
			return false;
		}
		emit(g, w, as);
		note_base(g, r, w);
		return true;
	}
	emit(g, w, as);
	return true;
}

/* A row of the group (NULL: of any), the rarest of a few. */
static unsigned pick_row(struct prog_gen *g, const char *group)
{
	uint16_t rows[A64_OP_COUNT];
	unsigned n = 0, best;

	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		if (prog_row_ok(op) && (!group || !strcmp(a64_rows[op].group, group)))
			rows[n++] = (uint16_t)op;
	if (!n)
		return 0;
	best = rows[below(g, n)];
	for (unsigned k = 0; k < 3 && group; k++) {
		unsigned other = rows[below(g, n)];

		best = g->made[other] < g->made[best] ? other : best;
	}
	return best;
}

static uint32_t branch(struct prog_gen *g)
{
	uint32_t r = (uint32_t)rnd(g);

	switch (below(g, 4)) {
	case 0: return 0x54000000u | (r & 15);
	case 1: return 0x34000000u | (r & 0x81000000u) | r % 27;
	case 2: return 0x36000000u | (r & 0x81f80000u) | r % 27;
	default: return 0x14000000u;
	}
}

static void emit_filler(struct prog_gen *g)
{
	switch (below(g, 4)) {
	case 0: emit(g, branch(g), 0); break;
	case 1:
		if (g->group && (strstr(g->group, "fp") || strstr(g->group, "simd"))) {
			set_fpcr(g);
			break;
		} /* fall through */
	case 2: emit_insn(g, pick_row(g, NULL), false); break;
	default: emit_insn(g, pick_row(g, "add/subtract, registers"), false); break;
	}
}

/* Targets of branches: a few words ahead, at most the end. */
static void settle_branches(struct prog_gen *g, unsigned end)
{
	for (unsigned k = 0; k < end; k++) {
		uint32_t w = g->p->words[k], ahead = 1 + below(g, MIN(5u, end - k));

		while (g->bound[k + ahead])
			ahead++;
		if ((w & 0x7c000000) == 0x14000000)                                                   /* b, bl */
			w = (w & 0xfc000000) | ahead;
		else if ((w & 0xff000010) == 0x54000000 || (w & 0x7e000000) == 0x34000000)            /* b.cond, cbz */
			w = (w & ~0x00ffffe0u) | ahead << 5;
		else if ((w & 0x7e000000) == 0x36000000)                                              /* tbz */
			w = (w & ~0x0007ffe0u) | ahead << 5;
		else if (k + 1 < end && (g->p->words[k + 1] & 0xff9ffc1f) == 0xd61f0000 && (w & 0x9f000000) == 0x10000000)
			w = 0x10000000u | (w & 31) | ahead << 5;                              /* adr */
		g->p->words[k] = w;
	}
}

static void close_loop(struct prog_gen *g, unsigned form)
{
	unsigned n;

	emit(g, NOP, 0); /* where branches of the body end */
	emit(g, form == 1 ? 0xf100079c : 0xd100079c, 0); /* sub(s) x28, x28, #1 */
	if (form == 2)
		emit(g, 0xb400005c, 0); /* cbz x28, over the branch back */
	n = g->p->n;
	emit(g, (form == 0 ? 0xb5000000u | 28 : form == 1 ? 0x54000001u : 0x14000000u) |
		(form == 2 ? (1 - n) & 0x3ffffff : ((1 - n) & 0x7ffff) << 5), 0);
}

void prog_make(struct prog_gen *g, const char *group, struct prog *p, uint16_t ops[PROG_WORDS])
{
	unsigned form = below(g, 8), want = 4 + below(g, 24), end;

	memset(p, 0, sizeof(*p));
	memset(ops, 0, PROG_WORDS * sizeof(*ops));
	g->p = p;
	g->ops = ops;
	g->group = group;
	g->loop = form < 3;
	g->local = false;
	g->base_at = 0;
	memset(g->bound, 0, sizeof(g->bound));
	p->seed = rnd(g);
	if (g->loop)
		emit(g, 0xd2800000u | (2 + below(g, 5)) << 5 | 28, 0); /* mov x28, turns */
	while (p->n < want && p->n < PROG_WORDS - LOOP_TAIL - UNIT) {
		unsigned op;

		if (below(g, 8) == 0) {
			emit_filler(g);
			continue;
		}
		op = pick_row(g, group);
		if (!op)
			break;
		emit_insn(g, op, true);
	}
	end = p->n;
	if (g->loop)
		close_loop(g, form);
	settle_branches(g, end);
}
