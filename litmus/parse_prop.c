/* The end of a test: `locations`, `filter`, and the quantified proposition. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "litmus/lex.h"

static bool same_item(const struct lit_item *a, const struct lit_item *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == LIT_REG)
		return a->thread == b->thread && a->reg == b->reg && a->vsize == b->vsize;
	if (a->kind == LIT_MEM)
		return a->loc == b->loc && a->elem == b->elem;
	return a->thread == b->thread && a->loc == b->loc && !strcmp(a->label ? a->label : "", b->label ? b->label : "") &&
	       !strcmp(a->ftype ? a->ftype : "", b->ftype ? b->ftype : "");
}

static unsigned add_item(struct lexer *l, const struct lit_item *it)
{
	struct lit_test *t = l->t;

	for (unsigned i = 0; i < t->nitems; i++)
		if (same_item(&t->item[i], it)) {
			if (it->type.given)
				t->item[i].type = it->type;
			return i;
		}
	if (t->nitems == LIT_MAX_ITEMS)
		lex_fail(l, l->p, "beyond limits: more than %d observed locations", LIT_MAX_ITEMS);
	t->item[t->nitems] = *it;
	return t->nitems++;
}

/* ".4S" after a vector register. */
static void vector_shape(struct lexer *l, const char *name, struct lit_item *it)
{
	const char *dot = strchr(name, '.');
	unsigned n = 0;

	it->vn = 1;
	it->vsize = 16;
	if (!dot)
		return;
	for (dot++; isdigit((unsigned char)*dot); dot++)
		n = n * 10 + (unsigned)(*dot - '0');
	switch (*dot | 32) {
	case 'b': it->vsize = 1; break;
	case 'h': it->vsize = 2; break;
	case 's': it->vsize = 4; break;
	case 'd': it->vsize = 8; break;
	default: lex_fail(l, l->p, "unknown vector shape '%s'", name);
	}
	it->vn = n;
	if (!n || it->vsize * n > 16)
		lex_fail(l, l->p, "unknown vector shape '%s'", name);
}

static struct lit_item parse_item(struct lexer *l)
{
	struct lit_item it = {.elem = -1};
	bool brackets, phys;
	char *s;
	uint64_t n;
	const char *name;

	lex_space(l);
	s = l->p;
	if (*l->p == 'P' && isdigit((unsigned char)l->p[1]))
		l->p++;
	if (lex_number(l, &n)) {
		int reg;

		lex_expect(l, ":");
		it.kind = LIT_REG;
		it.thread = (unsigned)n;
		if (n >= l->t->nthreads)
			lex_fail(l, s, "there is no thread %u", (unsigned)n);
		lex_space(l);
		s = l->p;
		name = lex_ident(l);
		if (!name)
			lex_fail(l, s, "a register expected, not '%.12s'", s);
		reg = lit_reg_number(l->t->arch, name, strlen(name));
		if (reg < 0)
			lex_fail(l, s, "unknown register '%s'", name);
		it.reg = (unsigned)reg;
		if (l->t->arch == LIT_AARCH64 && reg >= LIT_REG_V0)
			vector_shape(l, name, &it);
		it.type = (struct lit_type){.size = 4, .sgn = true};
		for (unsigned i = 0; i < l->t->nregs; i++)
			if (l->t->regs[i].thread == it.thread && l->t->regs[i].reg == it.reg && l->t->regs[i].type.given)
				it.type = l->t->regs[i].type;
		for (unsigned i = 0; i < l->t->nregs; i++)
			if (l->t->regs[i].thread == it.thread && l->t->regs[i].reg == it.reg && l->t->regs[i].nval)
				it.type.insn |= l->t->regs[i].val[0].kind == LIT_INSN;
		return it;
	}
	l->p = s;
	brackets = lex_accept(l, "[");
	lex_space(l);
	s = l->p;
	name = lex_location_name(l, &phys);
	if (!name)
		lex_fail(l, s, "a register or location expected, not '%.12s'", s);
	it.kind = LIT_MEM;
	it.loc = lex_location(l, name, true);
	it.type = l->t->loc[it.loc].type;
	if (lex_accept(l, "[")) {
		if (!lex_number(l, &n) || n >= l->t->loc[it.loc].nelem)
			lex_fail(l, s, "an index in '%s' expected", name);
		it.elem = (int)n;
		lex_expect(l, "]");
	}
	if (brackets)
		lex_expect(l, "]");
	it.brackets = true;
	return it;
}

static struct lit_prop *new_prop(struct lexer *l, enum lit_propkind k, const struct lit_prop *a, const struct lit_prop *b)
{
	struct lit_prop *p = mcm_zalloc(l->arena, sizeof(*p));

	p->kind = k;
	p->a = a;
	p->b = b;
	return p;
}

/* What follows the thread: a location, or a kind ("MMU:Translation", "UndefinedInstruction"). */
static void fault_part(struct lexer *l, struct lit_item *it)
{
	size_t n;
	bool phys;
	char *s;

	lex_space(l);
	s = l->p;
	n = strcspn(s, ",) ");
	for (unsigned i = 0; i < l->t->nlocs; i++)
		if (strlen(l->t->loc[i].name) == n && !strncmp(l->t->loc[i].name, s, n)) {
			it->loc = lex_location(l, lex_location_name(l, &phys), false);
			return;
		}
	if (!n || strchr("0123456789[", *s) || memchr(s, '+', n) || memchr(s, '(', n))
		lex_fail(l, s, "a location or a kind of fault expected, not '%.12s'", s);
	it->ftype = mcm_strndup(l->arena, s, n);
	l->p = s + n;
}

static const struct lit_prop *fault(struct lexer *l)
{
	struct lit_prop *p = new_prop(l, LIT_HAPPENS, NULL, NULL);
	struct lit_item it = {.kind = LIT_FAULT, .elem = -1, .loc = LIT_ANY_LOC};
	uint64_t n;

	lex_expect(l, "(");
	lex_expect(l, "P");
	if (!lex_number(l, &n) || n >= l->t->nthreads)
		lex_fail(l, l->p, "a thread expected");
	it.thread = (unsigned)n;
	if (lex_accept(l, ":"))
		it.label = lex_ident(l);
	while (lex_accept(l, ","))
		fault_part(l, &it);
	lex_expect(l, ")");
	p->item = add_item(l, &it);
	return p;
}

static const struct lit_prop *implication(struct lexer *l);

static const struct lit_prop *atom(struct lexer *l)
{
	struct lit_prop *p;
	struct lit_item it;
	struct lit_val v[64];

	if (lex_accept(l, "(")) {
		const struct lit_prop *in = implication(l);

		lex_expect(l, ")");
		return in;
	}
	if (lex_word(l, "not") || lex_accept(l, "~"))
		return new_prop(l, LIT_NOT, atom(l), NULL);
	if (lex_word(l, "true"))
		return new_prop(l, LIT_TRUE, NULL, NULL);
	if (lex_word(l, "false"))
		return new_prop(l, LIT_FALSE, NULL, NULL);
	if (lex_word(l, "fault"))
		return fault(l);
	it = parse_item(l);
	p = new_prop(l, LIT_EQ, NULL, NULL);
	if (lex_accept(l, "<>") || lex_accept(l, "!="))
		p->kind = LIT_NE;
	else if (!lex_accept(l, "==")) /* `=` but not `=>` */
		lex_expect(l, "=");
	if (lex_accept(l, "{")) {
		do {
			if (p->nval == ARRAY_SIZE(v))
				lex_fail(l, l->p, "beyond limits: more than %zu values", ARRAY_SIZE(v));
			v[p->nval++] = lex_value(l);
		} while (lex_accept(l, ","));
		lex_expect(l, "}");
	} else {
		v[p->nval++] = lex_value(l);
	}
	p->val = mcm_alloc(l->arena, p->nval * sizeof(*p->val));
	memcpy(p->val, v, p->nval * sizeof(*p->val));
	p->item = add_item(l, &it);
	if (p->val[0].kind == LIT_INSN)
		l->t->item[p->item].type.insn = true;
	return p;
}

static const struct lit_prop *conjunction(struct lexer *l)
{
	const struct lit_prop *p = atom(l);

	while (lex_accept(l, "/\\"))
		p = new_prop(l, LIT_AND, p, atom(l));
	return p;
}

static const struct lit_prop *disjunction(struct lexer *l)
{
	const struct lit_prop *p = conjunction(l);

	while (lex_accept(l, "\\/"))
		p = new_prop(l, LIT_OR, p, conjunction(l));
	return p;
}

static const struct lit_prop *implication(struct lexer *l)
{
	const struct lit_prop *p = disjunction(l);

	if (lex_accept(l, "=>"))
		p = new_prop(l, LIT_IMPLIES, p, implication(l));
	return p;
}

static void parse_locations(struct lexer *l)
{
	lex_expect(l, "[");
	while (!lex_accept(l, "]")) {
		struct lit_item it;
		struct lit_type type;
		bool given;

		if (lex_accept(l, ";"))
			continue;
		if (lex_word(l, "fault")) {
			fault(l);
			continue;
		}
		it = parse_item(l);
		type = lex_type(l, &given);
		if (given)
			it.type = type;
		add_item(l, &it);
	}
}

void parse_final(struct lexer *l)
{
	l->t->prop = new_prop(l, LIT_TRUE, NULL, NULL);
	l->t->quant = LIT_NONE;
	for (;;) {
		lex_space(l);
		if (lex_word(l, "locations"))
			parse_locations(l);
		else if (lex_word(l, "filter"))
			l->t->filter = implication(l);
		else
			break;
	}
	if (lex_word(l, "exists"))
		l->t->quant = LIT_EXISTS;
	else if (lex_accept(l, "~"))
		l->t->quant = lex_word(l, "exists") ? LIT_NOTEXISTS : LIT_NONE;
	else if (lex_word(l, "forall"))
		l->t->quant = LIT_FORALL;
	if (l->t->quant == LIT_NONE) {
		l->t->quant = LIT_FORALL; /* as herd7: states are listed, and all of them satisfy true */
		lex_accept(l, ";");
	} else {
		l->t->prop = implication(l);
		lex_accept(l, ";");
	}
	lex_space(l);
	if (*l->p)
		lex_fail(l, l->p, "text after the final condition: '%.12s'", l->p);
}
