/*
 * Litmus files: first line, header lines, then the initial state, the program
 * as a table of cells, and the final condition.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "base/bits.h"
#include "litmus/hash.h"
#include "litmus/lex.h"

/* Comments (* ... *) become spaces; line ends stay, so positions stay. */
static void blank_comments(struct lexer *l)
{
	char *open = NULL;
	unsigned depth = 0;

	for (char *p = l->text; p < l->end; p++) {
		if (!depth && p[0] == '(' && p[1] == '*' && !strstr(p, "*)") && !memchr(l->text, '{', (size_t)(p - l->text)))
			continue; /* header lines are free text */
		if (p[0] == '(' && p[1] == '*') {
			if (!depth++)
				open = p;
			p[0] = p[1] = ' ';
			p++;
		} else if (depth && p[0] == '*' && p[1] == ')') {
			depth--;
			p[0] = p[1] = ' ';
			p++;
		} else if (depth && *p != '\n') {
			*p = ' ';
		}
	}
	if (depth)
		lex_fail(l, open, "the comment does not end");
	for (char *p = l->text; p < l->end; p++)
		if (!*p || *p == '\r' || *p == '\t')
			*p = ' ';
}

static void first_line(struct lexer *l)
{
	static const struct {
		const char *name;
		enum lit_arch arch;
	} archs[] = {{"AArch64", LIT_AARCH64}, {"X86_64", LIT_X86_64}, {"X86", LIT_X86}};
	unsigned i;
	char *s;

	lex_space(l);
	for (i = 0; i < ARRAY_SIZE(archs); i++)
		if (lex_word(l, archs[i].name))
			break;
	if (i == ARRAY_SIZE(archs))
		lex_fail(l, l->p, "the first word must be AArch64, X86 or X86_64, not '%.12s'", l->p);
	l->t->arch = archs[i].arch;
	while (*l->p == ' ')
		l->p++;
	s = l->p;
	while (*l->p && *l->p != '\n')
		l->p++;
	while (l->p > s && l->p[-1] == ' ')
		l->p--;
	l->t->name = mcm_strndup(l->arena, s, (size_t)(l->p - s));
	if (!*l->t->name)
		lex_fail(l, s, "the test has no name");
}

/* Lines up to the one that opens the initial state. */
static void headers(struct lexer *l)
{
	for (;;) {
		char *s, *eq;

		lex_space(l);
		if (*l->p == '{')
			return;
		if (!*l->p)
			lex_fail(l, l->p, "no initial state: '{' expected");
		s = l->p;
		while (*l->p && *l->p != '\n')
			l->p++;
		eq = memchr(s, '=', (size_t)(l->p - s));
		if (!eq)
			continue;
		if (!strncmp(s, "EL0=", 4))
			l->t->el0 = true;
		else if (!strncmp(s, "Variant=", 8))
			l->t->variants = mcm_strndup(l->arena, eq + 1, (size_t)(l->p - eq - 1));
		else if (!strncmp(s, "Hash=", 5))
			l->t->hash = mcm_strndup(l->arena, eq + 1, (size_t)(l->p - eq - 1));
		else if (!strncmp(s, "CacheType=", 10))
			l->t->cachetype = mcm_strndup(l->arena, eq + 1, strcspn(eq + 1, "\t\r\n"));
		else if (!strncmp(s, "TTHM=", 5))
			l->t->tthm = mcm_strndup(l->arena, eq + 1, (size_t)(l->p - eq - 1));
		else if (!strncmp(s, "Prefetch=", 9))
			l->t->prefetch = mcm_strndup(l->arena, eq + 1, (size_t)(l->p - eq - 1));
	}
}

/* Text between s and e without space around it; NULL if there is none. */
static const char *trimmed(struct lexer *l, char **s, char *e)
{
	while (*s < e && isspace((unsigned char)**s))
		(*s)++;
	while (e > *s && isspace((unsigned char)e[-1]))
		e--;
	return e > *s ? mcm_strndup(l->arena, *s, (size_t)(e - *s)) : NULL;
}

static void add_line(struct lexer *l, struct lit_thread *th, unsigned *cap, struct lit_line line)
{
	if (th->n == *cap) {
		struct lit_line *v = mcm_alloc(l->arena, (*cap * 2 + 16) * sizeof(*v));

		if (th->n)
			memcpy(v, th->line, th->n * sizeof(*v));
		th->line = v;
		*cap = *cap * 2 + 16;
	}
	th->line[th->n++] = line;
}

/* `label: label: instruction` */
static void cell(struct lexer *l, struct lit_thread *th, unsigned *cap, char *s, char *e)
{
	for (;;) {
		char *p;

		while (s < e && isspace((unsigned char)*s))
			s++;
		for (p = s; p < e && (isalnum((unsigned char)*p) || *p == '_' || *p == '.'); p++)
			;
		if (p == s || p == e || *p != ':')
			break;
		add_line(l, th, cap, (struct lit_line){
			.label = mcm_strndup(l->arena, s, (size_t)(p - s)), .pos = lex_pos(l, s)});
		s = p + 1;
	}
	{
		const char *insn = trimmed(l, &s, e);

		if (insn)
			add_line(l, th, cap, (struct lit_line){.insn = insn, .pos = lex_pos(l, s)});
	}
}

/* The columns of the program: threads, then fault handlers of some of them. */
struct columns {
	unsigned n, thread[2 * MCM_MAX_THREADS];
	unsigned cap[2 * MCM_MAX_THREADS];
	struct lit_thread handler[MCM_MAX_THREADS];
};

/* P0 | P1 | P1.F ... ; */
static void thread_names(struct lexer *l, struct columns *c)
{
	unsigned n = 0;

	do {
		uint64_t k;
		char *s;

		lex_space(l);
		s = l->p;
		if (c->n == ARRAY_SIZE(c->thread))
			lex_fail(l, s, "beyond limits: more than %d threads", MCM_MAX_THREADS);
		if (*l->p++ != 'P' || !lex_number(l, &k))
			lex_fail(l, s, "'P%u' expected, not '%.12s'", n, s);
		c->thread[c->n++] = (unsigned)k;
		if (lex_accept(l, ".F") && k < n) {
			l->t->handlers = true;
			continue;
		}
		if (k != n)
			lex_fail(l, s, "'P%u' expected, not '%.12s'", n, s);
		if (n++ == MCM_MAX_THREADS)
			lex_fail(l, s, "beyond limits: more than %d threads", MCM_MAX_THREADS);
		if (lex_accept(l, ":")) {
			lex_space(l);
			if (*l->p != ';' && *l->p != '|') /* P0:F and the like */
				lex_fail(l, s, "fault handlers are not supported");
		}
	} while (lex_accept(l, "|"));
	lex_expect(l, ";");
	l->t->nthreads = n;
}

static bool at_final(struct lexer *l)
{
	static const char *const words[] = {"exists", "forall", "locations", "filter"};
	char *s;
	bool yes = false;

	lex_space(l);
	if (!*l->p)
		return true;
	s = l->p;
	if (*s == '~')
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		yes |= lex_word(l, words[i]);
	if (yes) { /* a label or operand of that name would be followed by ':' or the like */
		lex_space(l);
		yes = *l->p != ':';
	}
	l->p = s;
	return yes;
}

/* A handler lies behind its thread, which jumps over it. */
static void add_handler(struct lexer *l, struct columns *c, unsigned column)
{
	unsigned t = c->thread[column];
	struct lit_thread *th = &l->t->thread[t];
	const struct lit_pos pos = lex_pos(l, l->p);

	add_line(l, th, &c->cap[t], (struct lit_line){.insn = "B __end", .pos = pos});
	add_line(l, th, &c->cap[t], (struct lit_line){.label = LIT_HANDLER, .pos = pos});
	for (unsigned i = 0; i < c->handler[t].n; i++)
		add_line(l, th, &c->cap[t], c->handler[t].line[i]);
	add_line(l, th, &c->cap[t], (struct lit_line){.label = "__end", .pos = pos});
}

static void program(struct lexer *l)
{
	struct columns *c = mcm_zalloc(l->arena, sizeof(*c));

	thread_names(l, c);
	while (!at_final(l)) {
		char *row = l->p, *s = l->p;
		unsigned t = 0;
		char *e = strchr(row, ';');

		if (!e)
			lex_fail(l, row, "the row of the program does not end: ';' expected");
		for (char *p = s;; p++) {
			if (p < e && *p != '|')
				continue;
			if (t >= c->n) {
				if (trimmed(l, &s, p))
					lex_fail(l, s, "more cells than threads");
			} else {
				cell(l, t < l->t->nthreads ? &l->t->thread[t] : &c->handler[c->thread[t]], &c->cap[t], s, p);
			}
			t++;
			s = p + 1;
			if (p == e)
				break;
		}
		if (t < c->n)
			lex_fail(l, e, "the row has %u cells for %u threads", t, c->n);
		l->p = e + 1;
	}
	for (unsigned t = l->t->nthreads; t < c->n; t++)
		add_handler(l, c, t);
}

struct lit_test *litmus_parse(const char *file, const char *text, size_t len, struct mcm_arena *a, struct err *e)
{
	struct lexer *l = mcm_zalloc(a, sizeof(*l));
	struct lit_test *t = mcm_zalloc(a, sizeof(*t));
	const char *init;
	size_t init_len;

	t->file = file;
	t->name = "?";
	t->variants = "";
	l->t = t;
	l->arena = a;
	l->err = e;
	l->text = l->p = mcm_strndup(a, text, len);
	l->end = l->text + len;
	if (setjmp(l->bad))
		return NULL;
	blank_comments(l);
	first_line(l);
	headers(l);
	lex_space(l);
	init = l->p + 1;
	parse_init(l);
	init_len = (size_t)(l->p - 1 - init);
	program(l);
	parse_final(l);
	for (unsigned i = 0; i < t->nregs; i++)
		if (t->regs[i].thread >= t->nthreads)
			return lit_err(e, t, t->regs[i].pos, "the initial state names thread %u, there are %u",
				       t->regs[i].thread, t->nthreads), NULL;
	if (!t->hash && t->arch == LIT_AARCH64 && !t->vmsa && !t->handlers) /* these have forms of their own */
		t->hash = lit_hash(t, init, init_len, a);
	return t;
}
