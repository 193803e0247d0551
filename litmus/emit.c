/* See emit.h. */
#include "litmus/emit.h"

#include <stdarg.h>
#include <stdio.h>

#include "litmus/asm.h"

void emit_word(struct emit *e, uint32_t w)
{
	if (e->n == e->max)
		e->failed = true;
	else
		e->word[e->n++] = w;
}

void emit(struct emit *e, const char *fmt, ...)
{
	uint32_t w[ASM_MAX_WORDS];
	struct asm_in in = {.pc = e->base + 4 * e->n};
	const char *why;
	char text[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	in.text = text;
	n = asm_line(&in, w, &why);
	if (n < 0)
		e->failed = true;
	for (int i = 0; i < n; i++)
		emit_word(e, w[i]);
}

void emit_branch(struct emit *e, const char *insn, unsigned to)
{
	long off = ((long)to - (long)e->n) * 4;

	emit(e, "%s .%c%ld", insn, off < 0 ? '-' : '+', off < 0 ? -off : off);
}

unsigned emit_hole(struct emit *e)
{
	emit_word(e, 0);
	return e->n - 1;
}

void emit_patch(struct emit *e, unsigned hole, const char *insn)
{
	unsigned here = e->n;

	e->n = hole;
	emit_branch(e, insn, here);
	e->n = here;
}

void emit_msr(struct emit *e, uint32_t sysreg, unsigned xt) { emit_word(e, 0xd5100000u | sysreg | xt); }
void emit_mrs(struct emit *e, uint32_t sysreg, unsigned xt) { emit_word(e, 0xd5300000u | sysreg | xt); }
