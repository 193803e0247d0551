/* A cursor over a litmus file with comments blanked out, and what the parser's parts share. */
#ifndef PARMA_LITMUS_LEX_H
#define PARMA_LITMUS_LEX_H

#include <setjmp.h>

#include "litmus/test.h"

struct lexer {
	char *text, *p, *end;  /* NUL at end */
	struct lit_test *t;
	struct mcm_arena *arena;
	struct err *err;
	jmp_buf bad;           /* malformed: err is filled */
};

struct lit_pos lex_pos(const struct lexer *l, const char *p);
_Noreturn void lex_fail(struct lexer *l, const char *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void lex_space(struct lexer *l);
/* Skips space; true and skips if the text goes on with tok. */
bool lex_accept(struct lexer *l, const char *tok);
void lex_expect(struct lexer *l, const char *tok);
/* As lex_accept, for words: the next character must not continue it. */
bool lex_word(struct lexer *l, const char *word);
/* An identifier; NULL if there is none. */
const char *lex_ident(struct lexer *l);
bool lex_number(struct lexer *l, uint64_t *v);

/* parse_init.c */
struct lit_type lex_type(struct lexer *l, bool *given);
unsigned lex_location(struct lexer *l, const char *name, bool create);
/* A location by any of its names: x, PTE(x), pte_x, PA(x), phy_x; NULL: none here. *phys: by its output address. */
const char *lex_location_name(struct lexer *l, bool *phys);
struct lit_val lex_value(struct lexer *l);
void parse_init(struct lexer *l);
/* parse_prop.c: locations, filter and the quantified proposition. */
void parse_final(struct lexer *l);

#endif
