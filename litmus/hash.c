/*
 * The fingerprint of a test as herd7 and litmus7 print it (Hash=): MD5 over
 * MD5s, of the header CacheType= where there is one, of the initial state, of
 * the code and of the observed locations, each as text in a form of its own: items sorted, labels renamed, columns of
 * the program aligned.  The final condition counts only by what it observes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "litmus/hash.h"
#include "litmus/lex.h"
#include "litmus/md5.h"

enum { MOST = 256 };

struct item {
	unsigned reg, thread;   /* a register of a thread, or memory: these are last */
	unsigned elem;          /* of an array: 1 + its number; 0: whole. These come behind all that are whole */
	char name[64], text[400];
};

static int cmp_item(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->reg != y->reg)
		return x->reg ? -1 : 1;
	if (!x->elem != !y->elem)
		return x->elem ? 1 : -1;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return strcmp(x->name, y->name) ? strcmp(x->name, y->name) : (int)x->elem - (int)y->elem;
}

static char *strip(char *s)
{
	char *e = s + strlen(s);

	while (isspace((unsigned char)*s))
		s++;
	while (e > s && isspace((unsigned char)e[-1]))
		*--e = 0;
	return s;
}

/* A register's or location's name, as items are sorted by; s is changed. */
static void set_name(struct item *it, char *s)
{
	char *colon = strchr(s, ':'), *close;

	if (colon && isdigit((unsigned char)*s)) {
		it->reg = 1;
		it->thread = (unsigned)atoi(s);
		snprintf(it->name, sizeof(it->name), "%s", strip(colon + 1));
		return;
	}
	if (*s == '[' && (close = strchr(s, ']'))) {
		*close = 0;
		s++;
	}
	snprintf(it->name, sizeof(it->name), "%s", s);
}

/* The type that s begins with, stars included; *rest is behind it. */
static void split_type(char *s, char *type, size_t size, char **rest)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	*type = 0;
	*rest = s;
	if (!n || isdigit((unsigned char)*s) || s[n] == ':' || (s[n] != '*' && !isspace((unsigned char)s[n])))
		return;
	snprintf(type, size, "%.*s", (int)n, s);
	s += n + strspn(s + n, " \t\n");
	if (*s == '*') {
		snprintf(type + n, size - n, " *");
		s += 1 + strspn(s + 1, " \t\n");
	}
	*rest = s;
}

/* Labels without their P, elements of arrays by their number. */
static void value(char *to, size_t size, const char *v)
{
	const char *open = strchr(v, '[');

	if (*v == 'P' && isdigit((unsigned char)v[1]) && strchr(v, ':'))
		snprintf(to, size, "%s", v + 1);
	else if (open && !strchr(v, '"'))
		snprintf(to, size, "%.*s+%u", (int)(open - v), v, (unsigned)strtoul(open + 1, NULL, 10));
	else
		snprintf(to, size, "%s", v + (*v == '&'));
}

static bool is_insn(const char *v) { return !strcmp(v, "NOP") || !strncmp(v, "instr:", 6); }

static bool init_item(struct item *it, char *s)
{
	char type[64], v[200], *eq = strchr(s, '='), *name;
	const char *space;

	*it = (struct item){0};
	if (eq)
		*eq = 0;
	split_type(strip(s), type, sizeof(type), &name);
	set_name(it, strip(name));
	if (!*type && eq && is_insn(strip(eq + 1)))
		strcpy(type, "ins_t");
	space = *type && type[strlen(type) - 1] != '*' ? " " : "";
	value(v, sizeof(v), eq ? strip(eq + 1) : "0");
	if (strchr(it->name, '[')) /* an array */
		snprintf(it->text, sizeof(it->text), "%s %s", type, it->name);
	else if (it->reg)
		snprintf(it->text, sizeof(it->text), "%s%s%u:%s=%s", type, space, it->thread, it->name, v);
	else
		snprintf(it->text, sizeof(it->text), "%s%s%s=%s", type, space, it->name, v);
	return *it->name;
}

static char *joined(struct mcm_arena *a, struct item *it, unsigned n)
{
	char *out = mcm_zalloc(a, n * sizeof(it->text) + 1), *p = out;

	if (n)
		qsort(it, n, sizeof(*it), cmp_item);
	for (unsigned i = 0; i < n; i++)
		if (!i || cmp_item(&it[i - 1], &it[i]))
			p += sprintf(p, "%s%s", i ? "; " : "", it[i].text);
	return out;
}

static char *init_text(struct mcm_arena *a, const char *text, size_t len)
{
	struct item *it = mcm_alloc(a, MOST * sizeof(*it));
	char *copy = mcm_strndup(a, text, len), *save;
	unsigned n = 0;

	for (char *s = strtok_r(copy, ";", &save); s && n < MOST; s = strtok_r(NULL, ";", &save))
		n += *strip(s) && init_item(&it[n], strip(s));
	return joined(a, it, n);
}

static char *observed_text(struct mcm_arena *a, const struct lit_test *t)
{
	struct item *it = mcm_alloc(a, MOST * sizeof(*it));
	unsigned n = 0;
	char buf[16];

	for (unsigned i = 0; i < t->nitems && n < MOST; i++) {
		const struct lit_item *o = &t->item[i];
		struct item *to = &it[n];

		if (o->kind == LIT_FAULT)
			continue;
		*to = (struct item){.reg = o->kind == LIT_REG, .thread = o->kind == LIT_REG ? o->thread : 0};
		to->elem = o->kind == LIT_MEM && o->elem >= 0 ? (unsigned)o->elem + 1 : 0;
		snprintf(to->name, sizeof(to->name), "%s",
			 o->kind == LIT_REG ? lit_reg_name(t->arch, o->reg, buf) : t->loc[o->loc].name);
		if (o->kind == LIT_REG && o->vsize)
			snprintf(to->text, sizeof(to->text), "%u:%s.%u%c", o->thread, to->name, o->vn,
				 "?BH?S???D"[MIN(o->vsize, 8u)]);
		else if (o->kind == LIT_REG)
			snprintf(to->text, sizeof(to->text), "%u:%s", o->thread, to->name);
		else if (o->elem >= 0)
			snprintf(to->text, sizeof(to->text), "%s[%d]", to->name, o->elem);
		else
			snprintf(to->text, sizeof(to->text), "%s", to->name);
		n++;
	}
	return joined(a, it, n);
}

/* Labels in order of their names become L00, L01, ... */
struct labels {
	const char *name[MOST];
	unsigned n;
};

static int cmp_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void find_labels(const struct lit_test *t, struct labels *l)
{
	for (unsigned th = 0; th < t->nthreads; th++)
		for (unsigned i = 0; i < t->thread[th].n && l->n < MOST; i++)
			if (t->thread[th].line[i].label)
				l->name[l->n++] = t->thread[th].line[i].label;
	if (l->n)
		qsort(l->name, l->n, sizeof(*l->name), cmp_name);
	for (unsigned i = 1; i < l->n; i++)
		if (!strcmp(l->name[i], l->name[i - 1])) {
			memmove(&l->name[i], &l->name[i + 1], (l->n - i - 1) * sizeof(*l->name));
			l->n--;
			i--;
		}
}

/* A cell: upper case, no space around commas, labels renamed. */
static void cell_text(char *out, size_t size, const struct lit_line *line, const struct labels *l)
{
	const char *s = line->label ? line->label : line->insn;
	size_t n = 0;

	while (*s && n + 8 < size) {
		size_t w = 0;
		unsigned k = l->n;

		while (isalnum((unsigned char)s[w]) || s[w] == '_' || (!w && *s == '.' && (!n || out[n - 1] == ' ') && isalpha((unsigned char)s[1])))
			w++;
		for (k = 0; w && k < l->n && (strlen(l->name[k]) != w || strncmp(l->name[k], s, w)); k++)
			;
		if (w && k < l->n) {
			n += (size_t)snprintf(out + n, size - n, "L%02u", k);
			s += w;
			continue;
		}
		w = MAX(w, 1u);
		if (isspace((unsigned char)*s) && (n == 0 || out[n - 1] == ',' || isspace((unsigned char)s[1]) || s[1] == ',')) {
			s++;
			continue;
		}
		for (bool number = isdigit((unsigned char)*s) || (n && out[n - 1] == '%'); w && n + 8 < size; w--, s++)
			out[n++] = (char)(isspace((unsigned char)*s) ? ' ' : number ? *s : toupper((unsigned char)*s));
	}
	out[n] = 0;
	if (line->label)
		strcat(out, ":");
	else
		lit_hash_insn(out, size);
}

static char *code_text(struct mcm_arena *a, const struct lit_test *t)
{
	struct labels l = {.n = 0};
	size_t width[MCM_MAX_THREADS] = {0}, row = 2;
	unsigned rows = 0;
	char cell[160], *out, *p;

	find_labels(t, &l);
	for (unsigned th = 0; th < t->nthreads; th++) {
		rows = MAX(rows, t->thread[th].n);
		for (unsigned i = 0; i < t->thread[th].n; i++) {
			cell_text(cell, sizeof(cell), &t->thread[th].line[i], &l);
			width[th] = MAX(width[th], strlen(cell));
		}
		row += width[th] + 3;
	}
	out = p = mcm_zalloc(a, row * rows + 1);
	for (unsigned i = 0; i < rows; i++) {
		for (unsigned th = 0; th < t->nthreads; th++) {
			*cell = 0;
			if (i < t->thread[th].n)
				cell_text(cell, sizeof(cell), &t->thread[th].line[i], &l);
			p += sprintf(p, "%s %-*s ", th ? "|" : "", (int)width[th], cell);
		}
		p += sprintf(p, ";\n");
	}
	return out;
}

const char *lit_hash(const struct lit_test *t, const char *init, size_t len, struct mcm_arena *a)
{
	const char *parts[3] = {init_text(a, init, len), code_text(a, t), observed_text(a, t)};
	uint8_t sums[64], sum[16];
	unsigned n = 0;
	char *hex = mcm_zalloc(a, 33), header[80];

	if (t->cachetype) {
		snprintf(header, sizeof(header), "cachetype=%s", t->cachetype);
		md5(header, strlen(header), sums + 16 * n++);
	}
	for (unsigned i = 0; i < 3; i++)
		md5(parts[i], strlen(parts[i]), sums + 16 * n++);
	md5(sums, 16 * n, sum);
	for (unsigned i = 0; i < 16; i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
	return hex;
}
