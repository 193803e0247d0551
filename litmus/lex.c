/* Cursor, messages and tokens of the litmus parser. */
#include "litmus/lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct lit_pos lex_pos(const struct lexer *l, const char *p)
{
	struct lit_pos pos = {1, 1};

	for (const char *q = l->text; q < p; q++) {
		pos.col++;
		if (*q == '\n') {
			pos.line++;
			pos.col = 1;
		}
	}
	return pos;
}

int lit_err(struct err *e, const struct lit_test *t, struct lit_pos p, const char *fmt, ...)
{
	char msg[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	for (char *s = msg; *s; s++) /* quoted text of the file: keep the message one printable line */
		if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			*s = *s == '\n' ? ' ' : '?';
	return err_set(e, EXIT_INPUT, "%s:%u:%u: %s", t->file, p.line, p.col, msg);
}

void lex_fail(struct lexer *l, const char *at, const char *fmt, ...)
{
	char msg[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	lit_err(l->err, l->t, lex_pos(l, at), "%s", msg);
	longjmp(l->bad, 1);
}

void lex_space(struct lexer *l)
{
	while (isspace((unsigned char)*l->p))
		l->p++;
}

bool lex_accept(struct lexer *l, const char *tok)
{
	size_t n = strlen(tok);

	lex_space(l);
	if (strncmp(l->p, tok, n))
		return false;
	l->p += n;
	return true;
}

void lex_expect(struct lexer *l, const char *tok)
{
	if (lex_accept(l, tok))
		return;
	if (!*l->p)
		lex_fail(l, l->p, "the file ends where '%s' is expected", tok);
	lex_fail(l, l->p, "'%s' expected, not '%.12s'", tok, l->p);
}

static bool ident_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

bool lex_word(struct lexer *l, const char *word)
{
	size_t n = strlen(word);

	lex_space(l);
	if (strncasecmp(l->p, word, n) || ident_char(l->p[n]))
		return false;
	l->p += n;
	return true;
}

const char *lex_ident(struct lexer *l)
{
	char *s;

	lex_space(l);
	s = l->p;
	if (*s == '%' || *s == '$')
		l->p++;
	if (!isalpha((unsigned char)*l->p) && *l->p != '_') {
		l->p = s;
		return NULL;
	}
	while (ident_char(*l->p) || (*l->p == '.' && isalnum((unsigned char)l->p[1])))
		l->p++;
	return mcm_strndup(l->arena, s, (size_t)(l->p - s));
}

bool lex_number(struct lexer *l, uint64_t *v)
{
	bool neg = false;
	unsigned base = 10;
	char *s;
	uint64_t n = 0;

	lex_space(l);
	s = l->p;
	if (*l->p == '-') {
		neg = true;
		l->p++;
	}
	if (!isdigit((unsigned char)*l->p)) {
		l->p = s;
		return false;
	}
	if (l->p[0] == '0' && (l->p[1] | 32) == 'x' && isxdigit((unsigned char)l->p[2])) {
		base = 16;
		l->p += 2;
	}
	for (; isxdigit((unsigned char)*l->p); l->p++) {
		unsigned d = (unsigned)(isdigit((unsigned char)*l->p) ? *l->p - '0' : (*l->p | 32) - 'a' + 10);

		if (d >= base)
			break;
		if (n > (UINT64_MAX - d) / base)
			lex_fail(l, s, "a number of more than 64 bits");
		n = n * base + d;
	}
	*v = neg ? -n : n;
	return true;
}
