/* The initial state: { [type] T:REG [= value]; [type] loc [= value]; ... }. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "litmus/lex.h"
#include "litmus/pte.h"

static const struct {
	const char *name;
	struct lit_type type;
} types[] = {
	{"int", {.size = 4, .sgn = true}},        {"int8_t", {.size = 1, .sgn = true}},
	{"int16_t", {.size = 2, .sgn = true}},    {"int32_t", {.size = 4, .sgn = true}},
	{"int64_t", {.size = 8, .sgn = true}},    {"uint8_t", {.size = 1}},
	{"uint16_t", {.size = 2}},                {"uint32_t", {.size = 4}},
	{"uint64_t", {.size = 8}},                {"unit64_t", {.size = 8}},
	{"uint128_t", {.size = 16}},              {"int128_t", {.size = 16, .sgn = true}},
	{"ins_t", {.size = 4, .insn = true}},
	{"pteval_t", {.size = 8}},                {"void", {.size = 8}},
};

/* A type name and its stars, if the text goes on with one; else int. */
struct lit_type lex_type(struct lexer *l, bool *given)
{
	struct lit_type t = {.size = 4, .sgn = true};

	*given = false;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		if (lex_word(l, types[i].name)) {
			t = types[i].type;
			t.given = *given = true;
			break;
		}
	while (lex_accept(l, "*"))
		t = (struct lit_type){.size = 8, .ptr = true, .given = true};
	return t;
}

unsigned lex_location(struct lexer *l, const char *name, bool create)
{
	struct lit_test *t = l->t;
	struct lit_loc *loc;

	for (unsigned i = 0; i < t->nlocs; i++)
		if (!strcmp(t->loc[i].name, name))
			return i;
	if (!create)
		lex_fail(l, l->p, "unknown location '%s'", name);
	if (t->nlocs == LIT_MAX_LOCS)
		lex_fail(l, l->p, "beyond limits: more than %d locations", LIT_MAX_LOCS);
	loc = &t->loc[t->nlocs];
	*loc = (struct lit_loc){.name = name, .type = {.size = 4, .sgn = true}, .nelem = 1};
	loc->init = mcm_zalloc(l->arena, sizeof(*loc->init));
	t->nlocs++;
	if (!strncmp(name, "PTE(", 4)) {
		char *of = mcm_strndup(l->arena, name + 4, strlen(name) - 5);

		loc->pte = t->vmsa = true;
		loc->type = (struct lit_type){.size = 8, .given = true};
		loc->init[0] = (struct lit_val){.kind = LIT_PTE, .v = PTE_DEFAULT};
		loc->of = loc->init[0].loc = lex_location(l, of, true);
	}
	return (unsigned)(loc - t->loc);
}

const char *lex_location_name(struct lexer *l, bool *phys)
{
	static const struct { const char *word; bool pte, paren; } forms[] = {
		{"PTE", true, true}, {"TTD", true, true}, {"PA", false, true}, {"pte_", true, false}, {"phy_", false, false}};
	const char *name = lex_ident(l), *in;
	char buf[80];

	*phys = false;
	for (unsigned i = 0; name && i < ARRAY_SIZE(forms); i++) {
		size_t n = strlen(forms[i].word);

		if (forms[i].paren ? strcmp(name, forms[i].word) || *l->p != '(' : strncmp(name, forms[i].word, n) || !name[n])
			continue;
		in = name + n;
		if (forms[i].paren) {
			lex_expect(l, "(");
			in = lex_ident(l);
			if (!in || strlen(in) > sizeof(buf) - 6)
				lex_fail(l, l->p, "a location expected in %s()", forms[i].word);
			lex_expect(l, ")");
		}
		*phys = !forms[i].pte;
		if (!forms[i].pte)
			return in;
		snprintf(buf, sizeof(buf), "PTE(%s)", in);
		return mcm_strndup(l->arena, buf, strlen(buf));
	}
	return name;
}

/* The fields of a translation table entry, after '('. Without oa: of the location that the caller knows. */
static void table_entry(struct lexer *l, struct lit_val *v)
{
	static const struct { const char *name; uint64_t flag; } flags[] = {
		{"valid", PTE_VALID}, {"af", PTE_AF}, {"dbm", PTE_DBM}, {"db", PTE_DB}, {"el0", PTE_EL0}};

	*v = (struct lit_val){.kind = LIT_PTE, .loc = LIT_ANY_LOC, .v = PTE_DEFAULT, .pos = v->pos};
	l->t->vmsa = true;
	do {
		const char *name = lex_ident(l);
		uint64_t on;
		bool phys;
		unsigned i;

		if (!name)
			lex_fail(l, l->p, "a field of a translation table entry expected, not '%.12s'", l->p);
		lex_expect(l, ":");
		if (!strcmp(name, "oa")) {
			const char *loc = (lex_space(l), lex_location_name(l, &phys));

			if (!loc || !phys)
				lex_fail(l, l->p, "PA(..) expected as output address");
			v->loc = lex_location(l, loc, true);
			continue;
		}
		if (!strcmp(name, "attrs")) {
			if (!lex_accept(l, "(Device-nGnRE)"))
				lex_fail(l, l->p, "of memory attributes only (Device-nGnRE) can be run");
			v->v &= ~(uint64_t)PTE_NORMAL;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(flags) && strcmp(name, flags[i].name); i++)
			;
		if (i == ARRAY_SIZE(flags) || !lex_number(l, &on) || on > 1)
			lex_fail(l, l->p, "a field of a translation table entry that is not known: '%s'", name);
		v->v = on ? v->v | flags[i].flag : v->v & ~flags[i].flag;
	} while (lex_accept(l, ","));
	lex_expect(l, ")");
}

/* Pn:Label or n:Label */
static bool code_label(struct lexer *l, struct lit_val *v)
{
	char *s = l->p;
	uint64_t n;

	if (!isdigit((unsigned char)l->p[*l->p == 'P']))
		return false;
	l->p += *l->p == 'P';
	if (!lex_number(l, &n) || *l->p != ':') {
		l->p = s;
		return false;
	}
	l->p++;
	v->kind = LIT_LABEL;
	v->thread = (unsigned)n;
	v->text = lex_ident(l);
	if (!v->text)
		lex_fail(l, l->p, "a label expected after 'P%u:'", v->thread);
	return true;
}

static const char *quoted(struct lexer *l)
{
	char *s;

	lex_expect(l, "\"");
	s = l->p;
	while (*l->p && *l->p != '"' && *l->p != '\n')
		l->p++;
	if (*l->p != '"')
		lex_fail(l, s, "the string does not end");
	return mcm_strndup(l->arena, s, (size_t)(l->p++ - s));
}

struct lit_val lex_value(struct lexer *l)
{
	struct lit_val v = {.kind = LIT_INT};
	const char *name;
	bool phys;
	char *s;

	lex_space(l);
	s = l->p;
	v.pos = lex_pos(l, s);
	if (lex_accept(l, "(")) {
		table_entry(l, &v);
		return v;
	}
	if (lex_accept(l, "instr:")) {
		v.kind = LIT_INSN;
		v.text = quoted(l);
		return v;
	}
	if (lex_accept(l, "label:")) { /* label:"0:L0" or label:"P0:L0" */
		char *body = (char *)(uintptr_t)quoted(l);

		body += *body == 'P';
		v.kind = LIT_LABEL;
		v.thread = (unsigned)(*body - '0');
		v.text = body + 2;
		return v;
	}
	if (lex_word(l, "NOP")) {
		v.kind = LIT_INSN;
		v.text = "NOP";
		return v;
	}
	if (code_label(l, &v) || lex_number(l, &v.v))
		return v;
	lex_accept(l, "&");
	name = lex_location_name(l, &phys);
	if (phys)
		lex_fail(l, s, "an output address is no value");
	if (!name)
		lex_fail(l, s, "a value expected, not '%.12s'", s);
	if (!strcmp(name, "true") || !strcmp(name, "false")) {
		v.v = *name == 't';
		return v;
	}
	v.kind = LIT_LOC;
	v.loc = lex_location(l, name, true);
	if (lex_accept(l, "[")) {
		if (!lex_number(l, &v.v))
			lex_fail(l, l->p, "an index expected");
		lex_expect(l, "]");
	}
	return v;
}

/* Values in braces; returns how many. */
static unsigned value_list(struct lexer *l, struct lit_val **out)
{
	struct lit_val v[256];
	unsigned n = 0;

	if (!lex_accept(l, "{")) {
		v[n++] = lex_value(l);
	} else if (!lex_accept(l, "}")) {
		do {
			if (n == ARRAY_SIZE(v))
				lex_fail(l, l->p, "beyond limits: more than %zu values", ARRAY_SIZE(v));
			v[n++] = lex_value(l);
		} while (lex_accept(l, ","));
		lex_expect(l, "}");
	}
	*out = mcm_alloc(l->arena, n * sizeof(v[0]));
	memcpy(*out, v, n * sizeof(v[0]));
	return n;
}

static struct lit_reginit *add_reg(struct lexer *l)
{
	struct lit_test *t = l->t;

	if (t->nregs == t->capregs) {
		struct lit_reginit *r = mcm_alloc(l->arena, (t->capregs * 2 + 16) * sizeof(*r));

		if (t->nregs)
			memcpy(r, t->regs, t->nregs * sizeof(*r));
		t->regs = r;
		t->capregs = t->capregs * 2 + 16;
	}
	t->regs[t->nregs] = (struct lit_reginit){.pos = lex_pos(l, l->p)};
	return &t->regs[t->nregs++];
}

static void register_item(struct lexer *l, unsigned thread, struct lit_type type)
{
	struct lit_reginit *r = add_reg(l);
	const char *name;
	char *s;
	int reg;

	lex_space(l);
	s = l->p;
	name = lex_ident(l);
	if (!name)
		lex_fail(l, s, "a register expected, not '%.12s'", s);
	reg = lit_reg_number(l->t->arch, name, strlen(name));
	if (reg < 0)
		lex_fail(l, s, "unknown register '%s'", name);
	if (thread >= MCM_MAX_THREADS)
		lex_fail(l, s, "beyond limits: thread %u (at most %d threads)", thread, MCM_MAX_THREADS);
	r->thread = thread;
	r->reg = (unsigned)reg;
	r->type = type;
	if (lex_accept(l, "="))
		r->nval = value_list(l, &r->val);
}

static void location_item(struct lexer *l, struct lit_type type)
{
	bool brackets = lex_accept(l, "[");
	char *s;
	const char *name;
	struct lit_loc *loc;
	unsigned id;
	uint64_t n;
	bool phys;

	lex_space(l);
	s = l->p;
	name = lex_location_name(l, &phys);
	if (!name)
		lex_fail(l, s, "a register or location expected, not '%.12s'", s);
	if (brackets)
		lex_expect(l, "]");
	id = lex_location(l, name, true);
	loc = &l->t->loc[id];
	if (type.given)
		loc->type = type;
	if (lex_accept(l, "[")) {
		if (!lex_number(l, &n) || n > 256)
			lex_fail(l, l->p, "a size or index expected (at most 256)");
		lex_expect(l, "]");
		if (lex_accept(l, "=")) {
			if (type.given || !loc->array) {
				loc->array = true;
				loc->nelem = (unsigned)value_list(l, &loc->init);
				if (loc->nelem < n) { /* the rest is zero */
					struct lit_val *v = mcm_zalloc(l->arena, n * sizeof(*v));

					memcpy(v, loc->init, loc->nelem * sizeof(*v));
					loc->init = v;
					loc->nelem = (unsigned)n;
				}
			} else {
				if (n >= loc->nelem)
					lex_fail(l, s, "element %u of an array of %u", (unsigned)n, loc->nelem);
				loc->init[n] = lex_value(l);
			}
		} else {
			loc->array = true;
			loc->nelem = MAX(1u, (unsigned)n);
			loc->init = mcm_zalloc(l->arena, loc->nelem * sizeof(*loc->init));
		}
		return;
	}
	if (lex_accept(l, "=")) {
		loc->nelem = value_list(l, &loc->init);
		if (!loc->nelem)
			lex_fail(l, s, "a value expected for '%s'", name);
		loc->array |= loc->nelem > 1;
		if (loc->init[0].kind == LIT_PTE && loc->init[0].loc == LIT_ANY_LOC)
			loc->init[0].loc = loc->of;
		if (loc->pte != (loc->init[0].kind == LIT_PTE))
			lex_fail(l, s, "a translation table entry where none belongs");
		if (!loc->type.given && (loc->init[0].kind == LIT_LOC || loc->init[0].kind == LIT_LABEL))
			loc->type = (struct lit_type){.size = 8, .ptr = true};
	}
}

static void init_item(struct lexer *l)
{
	bool given;
	struct lit_type type = lex_type(l, &given);
	char *s;
	uint64_t thread;

	lex_space(l);
	s = l->p;
	if (*l->p == 'P' && isdigit((unsigned char)l->p[1]) && strchr("0123456789: ", l->p[2]))
		l->p++;
	if (lex_number(l, &thread)) {
		lex_expect(l, ":");
		register_item(l, (unsigned)MIN(thread, (uint64_t)99), type);
		return;
	}
	l->p = s;
	{
		/* a register without a thread: of all of them */
		const char *name = lex_ident(l);
		int reg = name ? lit_reg_number(l->t->arch, name, strlen(name)) : -1;

		l->p = s;
		if (reg >= 0 && l->t->arch == LIT_AARCH64 && (type.given || *s == '%')) {
			register_item(l, 0, type);
			return;
		}
	}
	location_item(l, type);
}

void parse_init(struct lexer *l)
{
	lex_expect(l, "{");
	while (!lex_accept(l, "}")) {
		if (lex_accept(l, ";"))
			continue;
		if (!*l->p)
			lex_fail(l, l->p, "the initial state does not end");
		init_item(l);
		lex_space(l);
		if (*l->p != ';' && *l->p != '}')
			lex_fail(l, l->p, "';' or '}' expected, not '%.12s'", l->p);
	}
}
