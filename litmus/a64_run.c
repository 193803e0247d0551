/*
 * AArch64 threads of a litmus test: assembled to words, decoded by the
 * generated decoder, and run by the dependency evaluator for the explorer.
 * Code lies at LIT_CODE_BASE, one stretch a thread, readable as data; a
 * thread may jump into another's code, and ends where it runs off an end.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "litmus/asm.h"
#include "litmus/dep.h"
#include "litmus/eval_dep.h"

struct label {
	const char *name;
	uint64_t addr;
};

struct code {
	unsigned n;             /* words */
	uint32_t *word;
	struct a64_insn *insn;  /* decoded */
	const char **text;      /* for printing instructions as values */
	struct label *label;
	unsigned nlabels;
};

struct a64_code {
	struct code thr[MCM_MAX_THREADS];
	char sym[8][32];        /* symbolic registers, held in X30 downwards */
	unsigned nsym;
	const struct lit_model *m;
};

static dep_fn *const fns[A64_OP_COUNT] = {
#define X(n) [A64_##n] = dep_##n,
	A64_OPS(X)
#undef X
};

/* What the tests may use: everything that the tables know. */
static const uint64_t all_feats[2] = {~UINT64_C(0), ~UINT64_C(0)};

/* ---- assembly ---- */

struct find {
	struct a64_code *c;
	unsigned thread;
};

static bool find_label(void *ctx, const char *name, size_t len, uint64_t *addr)
{
	const struct find *f = ctx;

	for (unsigned k = 0; k < f->c->m->t->nthreads; k++) { /* the own thread's first, then the others' */
		const struct code *c = &f->c->thr[(f->thread + k) % f->c->m->t->nthreads];

		for (unsigned i = 0; i < c->nlabels; i++)
			if (strlen(c->label[i].name) == len && !memcmp(c->label[i].name, name, len)) {
				*addr = c->label[i].addr;
				return true;
			}
	}
	return false;
}

/* Symbolic registers take the place of high-numbered ones. */
static int symbolic(void *ctx, const char *name, size_t len)
{
	const struct find *f = ctx;
	unsigned i;

	for (i = 0; i < f->c->nsym; i++)
		if (strlen(f->c->sym[i]) == len && !memcmp(f->c->sym[i], name, len))
			return (int)(29 - i);
	if (i == ARRAY_SIZE(f->c->sym) || len >= sizeof(f->c->sym[0]))
		return -1;
	memcpy(f->c->sym[i], name, len);
	f->c->sym[i][len] = 0;
	f->c->nsym++;
	return (int)(29 - i);
}

static const char *tidy(const struct lit_model *m, const char *text)
{
	char buf[128];
	size_t n = 0;

	for (const char *p = text; *p && n < sizeof(buf) - 1; p++) {
		if (*p == ' ' && (n == 0 || buf[n - 1] == ' ' || buf[n - 1] == ',' || p[1] == ' ' || p[1] == ',' || !p[1]))
			continue;
		buf[n++] = *p;
	}
	return mcm_strndup(m->arena, buf, n);
}

/* "B L1" is known elsewhere as "B .+4". */
static const char *relative(const struct lit_model *m, const char *text, uint32_t w)
{
	struct a64_insn in;
	const char *space = strrchr(text, ' '), *comma = strrchr(text, ',');
	const char *last = comma > space ? comma : space;
	int64_t off;
	char buf[160];

	if (!last || !a64_decode(w, all_feats, &in))
		return text;
	if (in.op == A64_B)
		off = (int64_t)in.B.imm26 * 4;
	else if (in.op == A64_B_cond)
		off = (int64_t)in.B_cond.imm19 * 4;
	else if (in.op == A64_ADR)
		off = (int64_t)in.ADR.immhi * 4 + in.ADR.immlo;
	else
		return text;
	snprintf(buf, sizeof(buf), "%.*s.%c%lld", (int)(last + 1 - text), text, off < 0 ? '-' : '+',
		 (long long)(off < 0 ? -off : off));
	return mcm_strndup(m->arena, buf, strlen(buf));
}

/* Sizes and labels first, then the words. */
static int assemble(struct a64_code *c, unsigned t, bool words, struct err *e)
{
	const struct lit_model *m = c->m;
	const struct lit_thread *th = &m->t->thread[t];
	struct code *k = &c->thr[t];
	struct find f = {c, t};
	unsigned pc = 0;

	for (unsigned i = 0; i < th->n; i++) {
		const struct lit_line *l = &th->line[i];
		struct asm_in in = {.text = l->insn, .pc = LIT_CODE_BASE + t * LIT_STRIDE + 4 * pc,
				    .label = words ? find_label : NULL, .symbolic = symbolic, .ctx = &f};
		uint32_t w[ASM_MAX_WORDS];
		const char *why = NULL;
		int n;

		if (l->label && !words)
			k->label[k->nlabels++] = (struct label){l->label, in.pc};
		if (!l->insn)
			continue;
		n = asm_line(&in, w, &why);
		if (n < 0)
			return lit_err(e, m->t, l->pos, "%s: '%s'", why, l->insn);
		for (int j = 0; words && j < n; j++) {
			k->word[pc + (unsigned)j] = w[j];
			k->text[pc + (unsigned)j] = relative(m, tidy(m, l->insn), w[j]);
			if (!a64_decode(w[j], all_feats, &k->insn[pc + (unsigned)j]))
				return lit_err(e, m->t, l->pos, "no such instruction: '%s'", l->insn);
		}
		pc += (unsigned)n;
	}
	k->n = pc;
	return 0;
}

int lit_a64_compile(struct lit_model *m, struct err *e);

uint64_t lit_a64_label(const struct lit_model *m, unsigned thread, const char *label)
{
	const struct a64_code *c = m->code;

	for (unsigned i = 0; thread < m->t->nthreads && i < c->thr[thread].nlabels; i++)
		if (!strcmp(c->thr[thread].label[i].name, label))
			return c->thr[thread].label[i].addr;
	return 0;
}

bool lit_a64_word(const struct lit_model *m, const char *text, uint32_t *word)
{
	struct asm_in in = {.text = text};
	uint32_t w[ASM_MAX_WORDS];
	const char *why;

	if (asm_line(&in, w, &why) != 1)
		return false;
	*word = w[0];
	return true;
}

const char *lit_a64_text(const struct lit_model *m, uint32_t word)
{
	const struct a64_code *c = m->code;
	uint32_t w;

	for (unsigned t = 0; t < m->t->nthreads; t++)
		for (unsigned i = 0; i < c->thr[t].n; i++)
			if (c->thr[t].word[i] == word)
				return c->thr[t].text[i];
	for (unsigned i = 0; i < m->t->nregs; i++) {
		const struct lit_reginit *r = &m->t->regs[i];

		if (r->nval && r->val[0].kind == LIT_INSN && lit_a64_word(m, r->val[0].text, &w) && w == word)
			return tidy(m, r->val[0].text);
	}
	return NULL;
}

const uint8_t *lit_a64_bytes(const struct lit_model *m, unsigned thread, unsigned *size)
{
	const struct a64_code *c = m->code;

	*size = c->thr[thread].n * 4;
	return (const uint8_t *)c->thr[thread].word;
}

/* ---- execution ---- */

static const struct a64_insn *fetch(const struct a64_code *c, uint64_t pc)
{
	uint64_t off = pc - LIT_CODE_BASE;
	uint64_t t = off / LIT_STRIDE, i = off % LIT_STRIDE / 4;

	if (pc & 3 || t >= c->m->t->nthreads || i >= c->thr[t].n)
		return NULL;
	return &c->thr[t].insn[i];
}

static bool ends_here(const struct a64_code *c, uint64_t pc)
{
	uint64_t off = pc - LIT_CODE_BASE, t = off / LIT_STRIDE;

	return !(pc & 3) && t < c->m->t->nthreads && off % LIT_STRIDE / 4 == c->thr[t].n;
}

static void init_registers(struct dep_eval *e, const struct a64_code *c, unsigned t)
{
	const struct lit_test *test = e->m->t;
	const v64 zero = {0, dep_fact(0)};

	for (unsigned i = 0; i < 32; i++) {
		e->x[i] = zero;
		e->v[i] = (v128){0, dep_fact(0)};
	}
	e->sp = zero;
	e->flags = (vf){0, dep_fact(0)};
	for (unsigned i = 0; i < test->nregs; i++) {
		const struct lit_reginit *r = &test->regs[i];
		uint64_t v = r->nval ? lit_value(e->m, &r->val[0]) : 0;

		if (r->thread != t || !r->nval)
			continue;
		if (r->reg < 31)
			e->x[r->reg] = (v64){v, dep_fact(v)};
		else if (r->reg == LIT_REG_SP)
			e->sp = (v64){v, dep_fact(v)};
		else if (r->reg >= LIT_REG_V0) {
			u128 q = 0;
			unsigned size = r->nval > 1 ? 16 / r->nval : 16;

			for (unsigned k = 0; k < r->nval; k++)
				q |= (u128)(lit_value(e->m, &r->val[k]) & mask64(8 * size)) << (8 * size * k & 127);
			e->v[r->reg - LIT_REG_V0] = (v128){q, dep_fact(q)};
		} else if (r->reg >= LIT_REG_SYM) {
			for (unsigned k = 0; k < c->nsym; k++)
				if (lit_reg_number(LIT_AARCH64, c->sym[k], strlen(c->sym[k])) == (int)r->reg)
					e->x[29 - k] = (v64){v, dep_fact(v)};
		}
	}
}

static const char *fault_name(enum dep_fault f)
{
	return f == DEP_UNDEF ? "UndefinedInstruction" : f == DEP_SVC ? "SupervisorCall" : "";
}

/* Final values; false: a register's value must be decided first. */
static bool finals(struct dep_eval *e, unsigned t)
{
	for (unsigned k = 0; k < e->m->prog.nregs[t]; k++) {
		const struct lit_regslot *s = &e->m->slot[t][k];
		struct mcm_final f = {.read = MCM_NO_EVENT};
		v64 v = {0, dep_fact(0)};

		if (s->fault) {
			uint64_t at = s->fault->label ? lit_a64_label(e->m, t, s->fault->label) : e->pc;

			f.val = e->fault != DEP_NO_FAULT && at == e->pc &&
				(!s->fault->ftype || !strcasecmp(s->fault->ftype, fault_name(e->fault)));
			mcm_run_final(e->r, k, &f);
			continue;
		}
		if (s->reg < 31)
			v = e->x[s->reg];
		else if (s->reg == LIT_REG_SP)
			v = e->sp;
		else if (s->reg >= LIT_REG_V0)
			v = (v64){(uint64_t)(e->v[s->reg - LIT_REG_V0].v >> (64 * s->half)), e->v[s->reg - LIT_REG_V0].q};
		if (v.q.t && v.q.ident) {
			f.read = (uint8_t)(v.q.ident - 1);
			f.shift = v.q.shift;
			f.size = v.q.size;
		} else {
			if (!dep_decide(e, &v.q))
				return false;
			f.val = v.v;
		}
		mcm_run_final(e->r, k, &f);
	}
	return true;
}

static void run_thread(void *ctx, unsigned t, struct mcm_run *r)
{
	const struct lit_model *m = ctx;
	const struct a64_code *c = m->code;
	struct dep_eval e;
	unsigned back = 0;

	memset(&e, 0, sizeof(e));
	e.r = r;
	e.m = m;
	e.ldx = MCM_NO_EVENT;
	e.host.r = r;
	e.host.map = m->map;
	e.pc = LIT_CODE_BASE + t * LIT_STRIDE;
	init_registers(&e, c, t);
	for (;; e.insn++) {
		const struct a64_insn *in = fetch(c, e.pc);

		if (!in)
			break;
		e.npc = e.pc + 4;
		fns[in->op](&e, in);
		if (e.stop) {
			if (e.fault == DEP_NO_FAULT)
				return;
			break;
		}
		if (e.npc <= e.pc && back++ >= m->unroll) {
			mcm_run_cut(r);
			return;
		}
		if (e.insn > 10000) {
			mcm_run_cut(r);
			return;
		}
		e.pc = e.npc;
	}
	if (e.fault == DEP_NO_FAULT && !ends_here(c, e.pc)) {
		mcm_run_fail(r, "thread P%u jumps to where there is no code", t);
		return;
	}
	if (e.fault != DEP_NO_FAULT)
		e.stop = false;
	finals(&e, t);
}

int lit_a64_compile(struct lit_model *m, struct err *e)
{
	struct a64_code *c = mcm_zalloc(m->arena, sizeof(*c));

	c->m = m;
	m->code = c;
	m->prog.run = run_thread;
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned t = 0; t < m->t->nthreads; t++) {
			const struct lit_thread *th = &m->t->thread[t];
			struct code *k = &c->thr[t];

			if (!pass)
				k->label = mcm_alloc(m->arena, (th->n + 1) * sizeof(*k->label));
			if (pass) {
				k->word = mcm_zalloc(m->arena, (k->n + 1) * sizeof(*k->word));
				k->insn = mcm_zalloc(m->arena, (k->n + 1) * sizeof(*k->insn));
				k->text = mcm_zalloc(m->arena, (k->n + 1) * sizeof(*k->text));
			}
			if (assemble(c, t, pass, e) < 0)
				return -1;
		}
	return 0;
}
