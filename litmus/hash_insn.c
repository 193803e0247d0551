/*
 * The text of an instruction as fingerprints have it (litmus/hash.c).  That is how herd7 once printed instructions,
 * kept so that old fingerprints stay: ADDR for ADR, no comma before a post-index, aliases of a few forms.  Text in, text
 * out: what is not mentioned here is printed as it is written, in upper case.
 */
#include "litmus/hash.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

enum { SIZE = 160, MOST = 8 };

/* An instruction in parts; an operand is what stands between commas outside of brackets. */
struct parts {
	char name[24], op[MOST][64];
	unsigned n;
};

static bool one_of(const char *s, const char *const *names)
{
	while (*names && strcmp(*names, s))
		names++;
	return *names;
}

static void split(struct parts *p, const char *s)
{
	unsigned depth = 0, k = 0, at = 0;
	size_t n = strcspn(s, " {");

	*p = (struct parts){.n = 0};
	snprintf(p->name, sizeof(p->name), "%.*s", (int)n, s);
	for (s += n; *s; s++) {
		if (*s == ' ' && (!at || s[1] == ' ' || !s[1]))
			continue;
		if (*s == ',' && !depth) {
			k = MIN(k + 1, MOST - 1u);
			at = 0;
			continue;
		}
		depth += *s == '[' || *s == '{';
		depth -= depth && (*s == ']' || *s == '}');
		if (at + 1 < sizeof(p->op[k]))
			p->op[k][at++] = *s;
	}
	p->n = k + (at > 0 || k > 0);
}

/* "LSL 2", "LSL#2" are "LSL #2"; in an operand or at the end of an address. False: it does not shift. */
static bool shift(char *op, size_t size, unsigned *by)
{
	static const char *const names[] = {"LSL", "LSR", "ASR", "ROR", "UXTB", "UXTH", "UXTW", "UXTX", "SXTB", "SXTH", "SXTW", "SXTX", NULL};
	char *comma = strrchr(op, ','), *s = comma ? comma + 1 : op, word[5] = "";
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	bool address = strchr(s, ']');

	if (n > 4)
		return false;
	memcpy(word, s, n);
	if (!one_of(word, names) || !isdigit((unsigned char)s[n + strspn(s + n, " #")]))
		return false;
	*by = (unsigned)strtoul(s + n + strspn(s + n, " #"), NULL, 10);
	if (*by || !address)
		snprintf(s, size - (size_t)(s - op), "%s #%u%s", word, *by, address ? "]" : "");
	else if (!strcmp(word, "LSL"))
		strcpy(s - (comma != NULL), "]");
	else
		snprintf(s, size - (size_t)(s - op), "%s]", word);
	return true;
}

/* Numbers have a '#'; those of an address that are 0 are left out. */
static void immediate(char *op, size_t size)
{
	size_t n = strlen(op);
	char *zero = strstr(op, ",#0]");

	if ((isdigit((unsigned char)*op) || (*op == '-' && isdigit((unsigned char)op[1]))) && n + 2 < size) {
		memmove(op + 1, op, n + 1);
		*op = '#';
	}
	if (zero)
		strcpy(zero, "]");
}

static void set_name(struct parts *p, const char *name) { snprintf(p->name, sizeof(p->name), "%s", name); }

static void drop(struct parts *p, unsigned k)
{
	memmove(p->op[k], p->op[k + 1], (MOST - 1 - k) * sizeof(p->op[k]));
	p->n--;
}

static void insert_zero(struct parts *p, unsigned k)
{
	memmove(p->op[k + 1], p->op[k], (MOST - 1 - k) * sizeof(p->op[k]));
	snprintf(p->op[k], sizeof(p->op[k]), "%cZR", p->op[0][0]);
	p->n = MIN(p->n + 1, (unsigned)MOST);
}

static bool is_zero(const char *op) { return !strcmp(op, "WZR") || !strcmp(op, "XZR"); }

/* Aliases, and names that were others. */
static void names(struct parts *p)
{
	static const char *const fields[] = {"UBFM", "SBFM", "LDUR", NULL}, *const pairs[] = {"LDXP", "LDAXP", NULL};

	if (!strcmp(p->name, "ADR"))
		set_name(p, "ADDR");
	else if (!strcmp(p->name, "REV64"))
		set_name(p, "REV");
	else if ((!strcmp(p->name, "NEG") || !strcmp(p->name, "NEGS")) && p->n < MOST) {
		set_name(p, p->name[3] ? "SUBS" : "SUB");
		insert_zero(p, 1);
	} else if (!strcmp(p->name, "SUBS") && is_zero(p->op[0])) {
		set_name(p, "CMP");
		drop(p, 0);
	} else if (!strcmp(p->name, "CSINC") && p->n == 4 && is_zero(p->op[1]) && is_zero(p->op[2])) {
		set_name(p, "CSET");
		drop(p, 1);
		drop(p, 1);
		strcpy(p->op[1], !strcmp(p->op[1], "EQ") ? "NE" : "EQ");
	}
	for (unsigned k = 0; one_of(p->name, fields) && k < p->n; k++)
		if (p->op[k][0] == 'W')
			p->op[k][0] = 'X';
	if (one_of(p->name, pairs) && p->op[0][0] == 'X')
		p->op[0][0] = 'W';
}

static void lists(char *to, size_t size, const char *op)
{
	bool in = false;
	size_t n = 0;

	for (; *op && n + 3 < size; op++) {
		in = (in || *op == '{') && *op != '}';
		to[n++] = *op;
		if (in && *op == ',')
			to[n++] = ' ';
	}
	to[n] = 0;
}

void lit_hash_insn(char *s, size_t size)
{
	static const char *const moves[] = {"MOVZ", "MOVN", "MOVK", NULL};
	static const char *const pairs[] = {"LDP", "STP", "LDPSW", "LDNP", "STNP", "LDIAPP", "STILP", NULL};
	bool branch = *s == 'B' || !strncmp(s, "CB", 2), lanes;
	struct parts p;
	unsigned by;
	size_t n;

	split(&p, s);
	if (branch || !p.n)
		return;
	names(&p);
	lanes = strchr(p.op[0], '{');
	n = (size_t)snprintf(s, size, "%s ", p.name);
	for (unsigned k = 0; k < p.n && n < size; k++) {
		bool moved = one_of(p.name, moves), last = k + 1 == p.n;
		bool post = k && last && !lanes && p.op[k - 1][0] == '[';
		const char *sep = !k ? "" : post ? "" : !strcmp(p.name, "LDUR") ? ", " : ",";
		char op[SIZE];

		by = 1;
		if (shift(p.op[k], sizeof(p.op[k]), &by) && moved)
			sep = ",,";
		if (!by && !moved && !strchr(p.op[k], '['))
			continue;
		immediate(p.op[k], sizeof(p.op[k]));
		if (p.op[k][0] == '[' && k + 1 < p.n && one_of(p.name, pairs) && strchr("WX", p.op[0][0]))
			sep = ", ";
		lists(op, sizeof(op), p.op[k]);
		n += (size_t)snprintf(s + n, size - n, "%s%s", sep, op);
	}
}
