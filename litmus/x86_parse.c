/*
 * x86 instructions of litmus tests: the 32-bit dialect has operands in Intel's
 * order (MOV [x],$1), the 64-bit one in AT&T's (movl $1,(x)).
 *
 * mov, xchg, xadd, cmpxchg, add, sub, and, or, xor, cmp, test, inc, dec, shl,
 * shr, lock prefix, mfence, lfence, sfence, jmp, jcc, nop.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "litmus/x86.h"

static const struct {
	const char *name;
	enum xop op;
	unsigned nops;
} mnemonics[] = {
	{"mfence", X_MFENCE, 0}, {"lfence", X_LFENCE, 0}, {"sfence", X_LFENCE, 0},  {"nop", X_NOP, 0},
	{"endbr64", X_NOP, 0},   {"mov", X_MOV, 2},      {"xchg", X_XCHG, 2},   {"xadd", X_XADD, 2},
	{"cmpxchg", X_CMPXCHG, 2}, {"add", X_ADD, 2},    {"sub", X_SUB, 2},     {"and", X_AND, 2},
	{"or", X_OR, 2},         {"xor", X_XOR, 2},      {"cmp", X_CMP, 2},     {"test", X_TEST, 2},
	{"inc", X_INC, 1},       {"dec", X_DEC, 1},      {"shl", X_SHL, 2},     {"shr", X_SHR, 2},
	{"jmp", X_JMP, 1},       {"je", X_JZ, 1},        {"jz", X_JZ, 1},       {"jne", X_JNZ, 1},
	{"jnz", X_JNZ, 1},
};

struct xparse {
	struct lit_model *m;
	const struct lit_line *line;
	const char *p;
	struct err *err;
	unsigned thread;
};

static int bad(struct xparse *x, const char *what)
{
	return lit_err(x->err, x->m->t, x->line->pos, "%s: '%s'", what, x->line->insn);
}

static void space(struct xparse *x)
{
	while (isspace((unsigned char)*x->p))
		x->p++;
}

static unsigned reg_size(const char *s, size_t n)
{
	if (*s == '%') {
		s++;
		n--;
	}
	if (n == 2)
		return (s[1] | 32) == 'l' ? 1 : 2;
	return (s[0] | 32) == 'e' ? 4 : 8;
}

static size_t word_len(const char *s)
{
	size_t n = *s == '%';

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* A register, a location or a number as part of an address. */
static int address_part(struct xparse *x, struct xoperand *o)
{
	size_t n;
	int reg;

	space(x);
	if (isdigit((unsigned char)*x->p) || *x->p == '-') {
		char *end;

		o->imm += strtoull(x->p, &end, 0);
		if (end == x->p)
			return bad(x, "malformed address");
		x->p = end;
		return 0;
	}
	n = word_len(x->p);
	if (!n)
		return bad(x, "malformed address");
	reg = lit_reg_number(x->m->t->arch, x->p, n);
	if (reg >= 0) {
		*(o->base < 0 ? &o->base : &o->index) = reg;
	} else {
		unsigned i;

		for (i = 0; i < x->m->t->nlocs; i++)
			if (strlen(x->m->t->loc[i].name) == n && !memcmp(x->m->t->loc[i].name, x->p, n))
				break;
		if (i == x->m->t->nlocs) { /* locations need not be declared */
			struct lit_test *t = x->m->t;

			if (i == LIT_MAX_LOCS)
				return bad(x, "beyond limits: too many locations");
			t->loc[i] = (struct lit_loc){.name = mcm_strndup(x->m->arena, x->p, n), .nelem = 1,
						     .type = {.size = 4, .sgn = true}};
			t->loc[i].init = mcm_zalloc(x->m->arena, sizeof(struct lit_val));
			t->nlocs++;
		}
		o->imm += LIT_LOC_BASE + i * LIT_STRIDE;
	}
	x->p += n;
	return 0;
}

/* What stands between brackets, up to `close`. */
static int memory(struct xparse *x, struct xoperand *o, char close)
{
	unsigned commas = 0;

	o->kind = XO_MEM;
	x->p++;
	for (;;) {
		space(x);
		if (*x->p == close)
			break;
		if (*x->p == ',' || *x->p == '+') {
			commas += *x->p++ == ',';
			continue;
		}
		if (commas == 2) { /* base, index, scale */
			char *end;

			o->scale = (unsigned)strtoul(x->p, &end, 0);
			if (end == x->p)
				return bad(x, "malformed scale");
			x->p = end;
			continue;
		}
		if (!*x->p || address_part(x, o) < 0)
			return bad(x, "malformed address");
	}
	x->p++;
	return 0;
}

static int operand(struct xparse *x, struct xoperand *o)
{
	size_t n;
	int reg;

	*o = (struct xoperand){.base = -1, .index = -1, .scale = 1};
	space(x);
	if (!strncasecmp(x->p, "%cs:", 4))
		x->p += 4;
	if (*x->p == '$')
		x->p++;
	if (*x->p == '[')
		return memory(x, o, ']');
	if (isdigit((unsigned char)*x->p) || *x->p == '-') {
		char *end;

		o->imm = *x->p == '-' ? (uint64_t)strtoll(x->p, &end, 0) : strtoull(x->p, &end, 0);
		o->kind = XO_IMM;
		if (end == x->p)
			return bad(x, "malformed operand");
		x->p = end;
		space(x);
		return *x->p == '(' ? memory(x, o, ')') : 0;
	}
	if (*x->p == '(')
		return memory(x, o, ')');
	n = word_len(x->p);
	reg = n ? lit_reg_number(x->m->t->arch, x->p, n) : -1;
	if (reg >= 0) {
		o->kind = XO_REG;
		o->base = reg;
		o->size = reg_size(x->p, n);
		x->p += n;
		return 0;
	}
	return bad(x, "malformed operand");
}

/* The mnemonic, perhaps with a size suffix (AT&T). */
static int mnemonic(struct xparse *x, struct xinsn *in, unsigned *nops)
{
	static const char suffix[] = "bwlq";
	size_t n;

	space(x);
	if (!strncasecmp(x->p, "lock", 4) && (isspace((unsigned char)x->p[4]) || x->p[4] == ';')) {
		in->lock = true;
		x->p += 5;
		space(x);
	}
	n = word_len(x->p);
	for (unsigned i = 0; i < ARRAY_SIZE(mnemonics); i++) {
		size_t k = strlen(mnemonics[i].name);
		const char *sfx = n == k + 1 ? strchr(suffix, x->p[k] | 32) : NULL;

		if ((n != k && !(sfx && *sfx)) || strncasecmp(x->p, mnemonics[i].name, k))
			continue;
		in->op = mnemonics[i].op;
		in->size = n == k ? 0 : 1u << (sfx - suffix);
		*nops = mnemonics[i].nops;
		x->p += n;
		return 0;
	}
	return bad(x, "unknown instruction");
}

static int find_label(struct xparse *x, unsigned *target)
{
	const struct lit_thread *th = &x->m->t->thread[x->thread];
	size_t n;
	unsigned k = 0;

	space(x);
	n = word_len(x->p);
	for (unsigned i = 0; i < th->n; i++) {
		if (th->line[i].label && strlen(th->line[i].label) == n && !memcmp(th->line[i].label, x->p, n)) {
			*target = k;
			x->p += n;
			return 0;
		}
		k += th->line[i].insn != NULL;
	}
	return bad(x, "unknown label");
}

static int parse_insn(struct xparse *x, struct xinsn *in)
{
	bool att = x->m->t->arch == LIT_X86_64;
	struct xoperand o[2] = {{0}};
	unsigned nops = 0;

	if (mnemonic(x, in, &nops) < 0)
		return -1;
	if (in->op == X_NOP)
		return 0; /* nopw with operands as compilers pad with */
	if (in->op >= X_JMP) {
		if (find_label(x, &in->target) < 0)
			return -1;
		nops = 0;
	}
	for (unsigned i = 0; i < nops; i++) {
		if (operand(x, &o[i]) < 0)
			return -1;
		space(x);
		if (i + 1 < nops && *x->p++ != ',')
			return bad(x, "',' expected between operands");
	}
	space(x);
	if (*x->p)
		return bad(x, "text after the instruction");
	in->dst = nops == 2 && att ? o[1] : o[0];
	in->src = nops == 2 ? (att ? o[0] : o[1]) : (struct xoperand){.kind = XO_IMM, .imm = 1};
	if (!in->size)
		in->size = in->dst.size ? in->dst.size : in->src.size ? in->src.size : 4;
	if ((in->op == X_XCHG || in->op == X_XADD || in->op == X_CMPXCHG) && in->src.kind == XO_MEM) {
		struct xoperand s = in->src; /* xchg (x),%eax */

		in->src = in->dst;
		in->dst = s;
	}
	if (in->dst.kind == XO_IMM || (in->dst.kind == XO_MEM && in->src.kind == XO_MEM))
		return bad(x, "operands do not fit");
	return 0;
}

int lit_x86_compile(struct lit_model *m, struct err *e)
{
	struct xcode *c = mcm_zalloc(m->arena, sizeof(*c));

	for (unsigned t = 0; t < m->t->nthreads; t++) {
		const struct lit_thread *th = &m->t->thread[t];

		c->insn[t] = mcm_zalloc(m->arena, (th->n + 1) * sizeof(*c->insn[t]));
		for (unsigned i = 0; i < th->n; i++) {
			struct xparse x = {.m = m, .line = &th->line[i], .p = th->line[i].insn, .err = e, .thread = t};

			if (th->line[i].insn && parse_insn(&x, &c->insn[t][c->n[t]++]) < 0)
				return -1;
		}
	}
	m->code = c;
	m->prog.run = x86_run_thread;
	return 0;
}
