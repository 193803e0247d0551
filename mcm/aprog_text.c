/* Abstract programs as AArch64 litmus tests.  Addresses are in X20 up, results in X0 up by operation. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "mcm/aprog.h"

struct out {
	char *p, *end;
};

static void put(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->p, (size_t)(o->end - o->p), fmt, ap);
	va_end(ap);
	o->p += n > 0 ? MIN((ptrdiff_t)n, o->end - o->p - 1) : 0;
}

static const char loc_name[] = "xyzw";

void aprog_state_text(const struct aprog *p, const uint64_t *state, char *buf, size_t size)
{
	struct out o = {buf, buf + size};
	unsigned k = 0;

	buf[0] = 0;
	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < p->n[t]; i++)
			if (aop_observed(&p->op[t][i]))
				put(&o, "%s%u:X%u=%" PRIu64, k ? " /\\ " : "", t, i, state[k]), k++;
	for (unsigned l = 0; l < p->nlocs; l++)
		put(&o, "%s[%c]=%" PRIu64, k ? " /\\ " : "", loc_name[l], state[k]), k++;
}

enum { MAX_LINES = 64, LINE = 40 };

struct column {
	char line[MAX_LINES][LINE];
	unsigned n;
};

static void line(struct column *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void line(struct column *c, const char *fmt, ...)
{
	va_list ap;

	if (c->n == MAX_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(c->line[c->n++], LINE, fmt, ap);
	va_end(ap);
}

/* B or H of a narrow access. */
static const char *width(const struct aop *op) { return op->size == 1 ? "B" : op->size == 2 ? "H" : ""; }

static const char *mnemonic(const struct aop *op)
{
	switch ((enum mcm_class)op->cls) {
	case MCM_LD: return "LDR";
	case MCM_LD_ACQPC: return "LDAPR";
	case MCM_LD_ACQ: return "LDAR";
	case MCM_ST: return "STR";
	case MCM_ST_REL: return "STLR";
	case MCM_RMW: return op->kind == AOP_ADD ? "LDADD" : "SWP";
	case MCM_RMW_A: return op->kind == AOP_ADD ? "LDADDA" : "SWPA";
	case MCM_RMW_L: return op->kind == AOP_ADD ? "LDADDL" : "SWPL";
	case MCM_RMW_AL: return op->kind == AOP_ADD ? "LDADDAL" : "SWPAL";
	case MCM_LDX: return "LDXR";
	case MCM_LDX_ACQ: return "LDAXR";
	case MCM_STX_PURE:
	case MCM_STX_IMPURE: return "STXR";
	case MCM_STX_PURE_REL:
	case MCM_STX_IMPURE_REL: return "STLXR";
	case MCM_DMB_FULL: return "DMB SY";
	case MCM_DMB_LD: return "DMB LD";
	case MCM_DMB_ST: return "DMB ST";
	case MCM_DSB_FULL: return "DSB SY";
	case MCM_DSB_LD: return "DSB LD";
	case MCM_DSB_ST: return "DSB ST";
	case MCM_ISB: return "ISB";
	case MCM_NCLASSES: break;
	}
	return "?";
}

/* Dependencies go through X12 (zero) and the address through X13; X14 holds values. */
static void op_lines(struct column *c, const struct aprog *p, unsigned t, unsigned i, unsigned *label)
{
	const struct aop *op = &p->op[t][i];
	unsigned addr = 20u + op->loc;

	if (op->dep == ADEP_CTRL) {
		line(c, "CBNZ W%u,LC%u%u", op->dep_on, t, *label);
		line(c, "LC%u%u:", t, *label);
		++*label;
	}
	if (op->kind == AOP_BAR) {
		line(c, "%s", mnemonic(op));
		return;
	}
	if (op->dep == ADEP_ADDR || (op->dep == ADEP_DATA && !op->copy))
		line(c, "EOR W12,W%u,W%u", op->dep_on, op->dep_on);
	if (op->dep == ADEP_ADDR) {
		line(c, "ADD X13,X%u,W12,SXTW", addr);
		addr = 13;
	}
	if (op->off) {
		line(c, "ADD X13,X%u,#%u", addr, op->off);
		addr = 13;
	}
	if (op->kind == AOP_LD || op->kind == AOP_LDX) {
		line(c, "%s%s W%u,[X%u]", mnemonic(op), width(op), i, addr);
		return;
	}
	if (!op->copy) {
		if (op->dep == ADEP_DATA)
			line(c, "ADD W14,W12,#%u", op->val);
		else
			line(c, "MOV W14,#%u", op->val);
	}
	if (op->kind == AOP_ST)
		line(c, "%s%s W%u,[X%u]", mnemonic(op), width(op), op->copy ? op->dep_on : 14u, addr);
	else if (op->kind == AOP_STX)
		line(c, "%s%s W%u,W14,[X%u]", mnemonic(op), width(op), i, addr);
	else
		line(c, "%s%s W14,W%u,[X%u]", mnemonic(op), width(op), i, addr);
}

void aprog_litmus(const struct aprog *p, const uint64_t *state, char *buf, size_t size)
{
	static _Thread_local struct column col[APROG_MAX_THREADS];
	struct out o = {buf, buf + size};
	unsigned rows = 0, width[APROG_MAX_THREADS];
	char text[1024];

	put(&o, "AArch64 %s\n{\n", p->name[0] ? p->name : "unnamed");
	for (unsigned l = 0; l < p->nlocs; l++)
		put(&o, " %c=%u;", loc_name[l], p->init[l]);
	put(&o, "\n");
	for (unsigned t = 0; t < p->nthreads; t++) {
		unsigned label = 0, used = 0;

		for (unsigned i = 0; i < p->n[t]; i++)
			if (p->op[t][i].kind != AOP_BAR)
				used |= 1u << p->op[t][i].loc;
		for (unsigned l = 0; l < p->nlocs; l++)
			if (used >> l & 1)
				put(&o, " %u:X%u=%c;", t, 20 + l, loc_name[l]);
		put(&o, "\n");
		col[t].n = 0;
		for (unsigned i = 0; i < p->n[t]; i++)
			op_lines(&col[t], p, t, i, &label);
		rows = MAX(rows, col[t].n);
		width[t] = 2;
		for (unsigned i = 0; i < col[t].n; i++)
			width[t] = MAX(width[t], (unsigned)strlen(col[t].line[i]));
	}
	put(&o, "}\n");
	for (unsigned r = 0; r <= rows; r++)
		for (unsigned t = 0; t < p->nthreads; t++) {
			char head[16];

			snprintf(head, sizeof(head), "P%u", t);
			put(&o, "%s%-*s%s", t ? " | " : " ", (int)width[t], !r ? head : r - 1 < col[t].n ? col[t].line[r - 1] : "",
			    t + 1 == p->nthreads ? " ;\n" : "");
		}
	if (state) {
		aprog_state_text(p, state, text, sizeof(text));
		put(&o, "exists (%s)\n", text);
	}
}
