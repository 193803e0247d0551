/* Operands and emission; what a mnemonic means is in asm_base.c, asm_ldst.c and asm_simd.c. */
#include "litmus/asm_priv.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"

int asm_bad(struct as *a, const char *why)
{
	if (!a->why)
		a->why = why;
	return -1;
}

int asm_emit(struct as *a, enum a64_op op, ...)
{
	const struct a64_row *row = &a64_rows[op];
	uint32_t w = row->value, open = ~row->mask;
	const char *name;
	va_list ap;

	if (a->nwords == ASM_MAX_WORDS)
		return asm_bad(a, "too long");
	for (unsigned i = 0; i < row->nfields; i++)
		open &= ~(uint32_t)(mask64(row->fields[i].width) << row->fields[i].lsb);
	w |= open; /* (1)(1)(1) */
	va_start(ap, op);
	while ((name = va_arg(ap, const char *))) {
		int64_t v = va_arg(ap, int64_t);
		const struct a64_field *f = NULL;

		for (unsigned i = 0; i < row->nfields && !f; i++)
			if (!strcmp(row->fields[i].name, name))
				f = &row->fields[i];
		if (!f || (f->is_signed ? v < -(int64_t)BIT(f->width - 1) || v >= (int64_t)BIT(f->width - 1)
					: v < 0 || v >= (int64_t)BIT(f->width))) {
			va_end(ap);
			return asm_bad(a, f ? "operand out of range" : "internal: no such field");
		}
		w |= (uint32_t)((uint64_t)v & mask64(f->width)) << f->lsb;
	}
	va_end(ap);
	a->words[a->nwords++] = w;
	return 0;
}

static const char *skip(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static size_t word_len(const char *p)
{
	size_t n = *p == '%';

	while (isalnum((unsigned char)p[n]) || p[n] == '_' || (p[n] == '.' && n))
		n++;
	return n;
}

static int number(const char *s, size_t n, unsigned max)
{
	unsigned v = 0;

	if (!n || n > 2)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return -1;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	return v <= max ? (int)v : -1;
}

static bool is_word(const char *s, size_t n, const char *w) { return strlen(w) == n && !strncasecmp(s, w, n); }

static bool general(struct as *a, const char *s, size_t n, struct operand *o)
{
	int k;

	o->kind = OP_REG;
	o->x = (*s | 32) == 'x' || is_word(s, n, "sp");
	o->sp = is_word(s, n, "sp") || is_word(s, n, "wsp");
	o->zr = is_word(s, n, "xzr") || is_word(s, n, "wzr");
	o->reg = 31;
	if (o->sp || o->zr)
		return true;
	if (*s == '%') {
		k = a->in->symbolic ? a->in->symbolic(a->in->ctx, s, n) : -1;
		o->x = true;
	} else {
		k = (*s | 32) == 'x' || (*s | 32) == 'w' ? number(s + 1, n - 1, 30) : -1;
	}
	if (k < 0)
		return false;
	o->reg = (unsigned)k;
	return true;
}

static int log2_of_letter(char c)
{
	const char *p = strchr("bhsdq", c | 32);

	return p && *p ? (int)(p - "bhsdq") : -1;
}

/* V0, V0.4S, V0.S, Q0, D0, ... */
static bool vector(const char *s, size_t n, struct operand *o)
{
	const char *dot = memchr(s, '.', n);
	size_t m = dot ? (size_t)(dot - s) : n;
	int k = number(s + 1, m - 1, 31), e;

	if (k < 0)
		return false;
	o->kind = OP_VREG;
	o->reg = (unsigned)k;
	o->lane = -1;
	if ((*s | 32) != 'v') {
		e = log2_of_letter(*s);
		if (e < 0 || dot)
			return false;
		o->esize = (unsigned)e;
		return true;
	}
	if (!dot)
		return true;
	o->shaped = true;
	for (dot++; isdigit((unsigned char)*dot); dot++)
		o->nelem = o->nelem * 10 + (unsigned)(*dot - '0');
	e = log2_of_letter(*dot);
	if (e < 0 || dot + 1 != s + n)
		return false;
	o->esize = (unsigned)e;
	return true;
}

static int shift_word(const char *s, size_t n)
{
	static const char *const names[] = {"lsl", "lsr", "asr", "ror", "msl", "", "", "", "uxtb", "uxth", "uxtw",
					    "uxtx", "sxtb", "sxth", "sxtw", "sxtx"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (*names[i] && is_word(s, n, names[i]))
			return (int)i;
	return -1;
}

static bool immediate(const char **p, int64_t *v)
{
	const char *s = *p + (**p == '#');
	bool neg;
	char *end;

	s = skip(s);
	neg = *s == '-';
	if (!isdigit((unsigned char)s[neg]))
		return false;
	*v = (int64_t)strtoull(s + neg, &end, 0);
	if (neg)
		*v = -*v;
	*p = end;
	return true;
}

/* [base], [base, #imm], [base, reg, ext #n], with or without ! */
static int memory(struct as *a, const char **p, struct operand *o)
{
	struct operand r = {0};
	const char *s = skip(*p + 1);
	size_t n = word_len(s);

	o->kind = OP_MEM;
	if (!n || !general(a, s, n, &r) || r.zr || !r.x)
		return asm_bad(a, "malformed base register");
	o->reg = r.reg;
	s = skip(s + n);
	if (*s == ',') {
		s = skip(s + 1);
		if (!immediate(&s, &o->imm)) {
			int k;

			n = word_len(s);
			if (!n || !general(a, s, n, &r) || r.sp)
				return asm_bad(a, "malformed offset");
			o->mode = MEM_REG;
			o->index = r.reg;
			o->index_x = r.x;
			o->shift = r.x ? SH_UXTX : SH_UXTW;
			s = skip(s + n);
			if (*s == ',') {
				s = skip(s + 1);
				n = word_len(s);
				k = shift_word(s, n);
				if (k < 0)
					return asm_bad(a, "malformed extension");
				o->shift = k == SH_LSL ? SH_UXTX : (unsigned)k;
				s = skip(s + n);
				o->amount = immediate(&s, &o->imm);
			}
		}
		s = skip(s);
	}
	if (*s != ']')
		return asm_bad(a, "']' expected");
	s = skip(s + 1);
	if (*s == '!') {
		if (o->mode == MEM_REG)
			return asm_bad(a, "no write-back with a register offset");
		o->mode = MEM_PRE;
		s++;
	}
	*p = s;
	return 0;
}

static int lane(struct as *a, const char **p, struct operand *o)
{
	const char *s = skip(*p);
	int64_t v;

	if (*s != '[')
		return 0;
	s = skip(s + 1);
	if (!immediate(&s, &v) || *(s = skip(s)) != ']')
		return asm_bad(a, "malformed element number");
	o->lane = (int)v;
	*p = s + 1;
	return 0;
}

static int vlist(struct as *a, const char **p, struct operand *o)
{
	const char *s = skip(*p + 1);

	for (o->count = 0; *s != '}'; o->count++) {
		struct operand v = {0};
		size_t n = word_len(s);

		if (!n || !vector(s, n, &v))
			return asm_bad(a, "malformed register list");
		if (!o->count)
			*o = v;
		else if (v.reg != ((o->reg + o->count) & 31) || v.esize != o->esize || v.nelem != o->nelem)
			return asm_bad(a, "the registers of a list must follow each other");
		s = skip(s + n);
		if (*s == ',')
			s = skip(s + 1);
		else if (*s != '}')
			return asm_bad(a, "'}' expected");
	}
	o->kind = OP_VLIST;
	*p = s + 1;
	return lane(a, p, o);
}

static int operand(struct as *a, const char **p, struct operand *o)
{
	const char *s = skip(*p);
	size_t n;
	int k;

	o->lane = -1;
	if (*s == '[') {
		*p = s;
		return memory(a, p, o);
	}
	if (*s == '{') {
		*p = s;
		return vlist(a, p, o);
	}
	if (immediate(&s, &o->imm)) {
		o->kind = OP_IMM;
		*p = s;
		return 0;
	}
	if (*s == '.' && !isalpha((unsigned char)s[1])) { /* .+8 */
		const char *q = skip(s + 1);
		int64_t v;
		bool neg = *q == '-';

		q += *q == '+' || *q == '-';
		if (!immediate(&q, &v))
			return asm_bad(a, "malformed offset from '.'");
		o->kind = OP_WORD;
		o->word = s;
		o->len = (size_t)(q - s);
		o->imm = neg ? -v : v;
		o->amount = true;
		*p = q;
		return 0;
	}
	n = *s == '.' ? 1 + word_len(s + 1) : word_len(s);
	if (!n)
		return asm_bad(a, "malformed operand");
	*p = s + n;
	if (general(a, s, n, o))
		return 0;
	*o = (struct operand){.lane = -1};
	if (vector(s, n, o))
		return lane(a, p, o);
	*o = (struct operand){.lane = -1};
	k = shift_word(s, n);
	if (k >= 0) {
		o->kind = OP_SHIFT;
		o->shift = (unsigned)k;
		*p = skip(*p);
		o->amount = immediate(p, &o->imm);
		return 0;
	}
	o->kind = OP_WORD;
	o->word = s;
	o->len = n;
	return 0;
}

bool asm_is(const struct as *a, const char *pattern)
{
	if (strlen(pattern) != a->n)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		const struct operand *o = &a->op[i];
		bool fits = false;

		switch (pattern[i]) {
		case 'x': fits = o->kind == OP_REG && !o->sp; break;
		case 's': fits = o->kind == OP_REG && !o->zr; break;
		case 'i': fits = o->kind == OP_IMM; break;
		case 'm': fits = o->kind == OP_MEM; break;
		case 'v': fits = o->kind == OP_VREG; break;
		case 'h': fits = o->kind == OP_SHIFT; break;
		case 'w': fits = o->kind == OP_WORD; break;
		case 'l': fits = o->kind == OP_VLIST; break;
		default: break;
		}
		if (!fits)
			return false;
	}
	return true;
}

bool asm_same_width(const struct as *a, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (a->op[i].kind == OP_REG && a->op[i].x != a->op[0].x)
			return false;
	return true;
}

int asm_cond(const char *s, size_t len)
{
	static const char *const names[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls",
					    "ge", "lt", "gt", "le", "al", "nv"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (is_word(s, len, names[i]))
			return (int)i;
	return is_word(s, len, "hs") ? 2 : is_word(s, len, "lo") ? 3 : -1;
}

int asm_target(struct as *a, const struct operand *o, int64_t *offset)
{
	uint64_t addr = a->in->pc;

	if (o->amount) {
		*offset = o->imm;
		return 0;
	}
	if (a->in->label && !a->in->label(a->in->ctx, o->word, o->len, &addr))
		return asm_bad(a, "unknown label");
	*offset = (int64_t)(addr - a->in->pc);
	return 0;
}

int asm_line(const struct asm_in *in, uint32_t words[ASM_MAX_WORDS], const char **why)
{
	struct as a = {.in = in, .cond = -1, .words = words};
	const char *p = skip(in->text);
	size_t n = 0;
	int r;

	while (isalnum((unsigned char)p[n]) && n < sizeof(a.mn) - 1) {
		a.mn[n] = (char)tolower((unsigned char)p[n]);
		n++;
	}
	p += n;
	if (*p == '.') { /* B.EQ */
		size_t k = word_len(p + 1);

		a.cond = asm_cond(p + 1, k);
		p += 1 + k;
		if (a.cond < 0 || strcmp(a.mn, "b")) {
			*why = "unknown instruction";
			return -1;
		}
	}
	p = skip(p);
	while (*p) {
		if (a.n == MAX_OPERANDS || operand(&a, &p, &a.op[a.n++]) < 0) {
			*why = a.why ? a.why : "too many operands";
			return -1;
		}
		p = skip(p);
		if (*p && *p++ != ',') {
			*why = "',' expected between operands";
			return -1;
		}
	}
	r = asm_base(&a);
	if (r > 0)
		r = asm_ldst(&a);
	if (r > 0)
		r = asm_simd(&a);
	if (!r)
		return a.nwords;
	*why = r > 0 ? "unknown instruction" : a.why ? a.why : "operands do not fit the instruction";
	return -1;
}
