/*
 * The two x86 dialects of litmus tests: 32-bit with operands in Intel's order
 * (MOV [x],$1) and 64-bit in AT&T's (movl $1,(x)).  A small interpreter that
 * reports the same events as the AArch64 side; x86-TSO knows no dependencies,
 * so values are a constant or what one read returned.
 *
 * Instructions: mov, xchg, xadd, cmpxchg, add, sub, and, or, xor, cmp, test,
 * inc, dec, shl, shr, lock prefix, mfence, lfence, sfence, jmp, jcc, nop.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "litmus/model.h"

enum xop {
	X_NOP, X_MFENCE, X_LFENCE, X_MOV, X_XCHG, X_XADD, X_CMPXCHG, X_ADD, X_SUB, X_AND, X_OR, X_XOR, X_CMP, X_TEST,
	X_INC, X_DEC, X_SHL, X_SHR, X_JMP, X_JZ, X_JNZ,
};

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

enum xkind { XO_NONE, XO_IMM, XO_REG, XO_MEM };

struct xoperand {
	enum xkind kind;
	unsigned size;  /* of a register, from its name; 0 elsewhere */
	uint64_t imm;   /* value, or displacement */
	int base, index; /* registers, -1 none */
	unsigned scale;
};

struct xinsn {
	enum xop op;
	unsigned size;
	bool lock;
	unsigned target;  /* of jumps: instruction number */
	struct xoperand dst, src;
};

struct xcode {
	unsigned n[MCM_MAX_THREADS];
	struct xinsn *insn[MCM_MAX_THREADS];
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
	o->kind = XO_MEM;
	x->p++;
	for (unsigned k = 0;; k++) {
		space(x);
		if (*x->p == close)
			break;
		if (*x->p == ',' || *x->p == '+') {
			x->p++;
			continue;
		}
		if (close == ')' && k == 2) { /* base, index, scale */
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

/* ---- execution ---- */

struct xval {
	uint64_t v;
	uint8_t read; /* event number, or MCM_NO_EVENT: v is known */
};

struct xrun {
	const struct lit_model *m;
	struct mcm_run *r;
	const struct xinsn *in;
	struct xval reg[18];
	unsigned insn, where;
	bool zf;
	bool stop;
};

static struct xval known(uint64_t v) { return (struct xval){v, MCM_NO_EVENT}; }

/* A value as a number; false: the run must stop. */
static bool number(struct xrun *x, struct xval *v)
{
	u128 w;

	if (v->read == MCM_NO_EVENT)
		return true;
	if (!mcm_run_fix(x->r, BIT(v->read))) {
		x->stop = true;
		return false;
	}
	mcm_run_value(x->r, v->read, &w);
	*v = known((uint64_t)w);
	return true;
}

static bool address(struct xrun *x, const struct xoperand *o, struct mcm_event *e)
{
	uint64_t a = o->imm;
	unsigned loc;

	if (o->base >= 0) {
		struct xval b = x->reg[o->base];

		if (!number(x, &b))
			return false;
		a += b.v;
	}
	if (o->index >= 0) {
		struct xval b = x->reg[o->index];

		if (!number(x, &b))
			return false;
		a += b.v * o->scale;
	}
	if (!lit_address(x->m, a, &loc, &e->off)) {
		mcm_run_fail(x->r, "an access to no location");
		x->stop = true;
		return false;
	}
	e->loc = (uint16_t)loc;
	return true;
}

static struct mcm_event access_event(struct xrun *x, unsigned kind, bool locked)
{
	return (struct mcm_event){.kind = (uint8_t)kind, .size = (uint8_t)x->in->size, .rmw = MCM_NO_EVENT,
				  .insn = (uint16_t)x->insn, .flags = locked ? MCM_F_AMO : 0, .where = x->where};
}

/* *idx: the number of the event. */
static bool load(struct xrun *x, const struct xoperand *o, bool locked, struct xval *v, int *idx)
{
	struct mcm_event e = access_event(x, MCM_READ, locked);
	u128 w;

	if (!address(x, o, &e))
		return false;
	*idx = mcm_run_event(x->r, &e);
	if (*idx < 0) {
		x->stop = true;
		return false;
	}
	*v = (struct xval){0, (uint8_t)*idx};
	if (mcm_run_value(x->r, (unsigned)*idx, &w))
		*v = known((uint64_t)w);
	return true;
}

static bool store(struct xrun *x, const struct xoperand *o, struct xval v, int rmw)
{
	struct mcm_event e = access_event(x, MCM_WRITE, rmw >= 0);

	if (!number(x, &v) || !address(x, o, &e))
		return false;
	e.val = v.v;
	e.rmw = rmw >= 0 ? (uint8_t)rmw : MCM_NO_EVENT;
	x->stop = mcm_run_event(x->r, &e) < 0;
	return !x->stop;
}

/* Writes a register; parts of less than 4 bytes leave the rest alone. */
static bool set_reg(struct xrun *x, unsigned reg, struct xval v)
{
	uint64_t mask = mask64(8 * x->in->size);

	if (x->in->size < 4) {
		struct xval old = x->reg[reg];

		if (old.read == MCM_NO_EVENT && !(old.v & ~mask)) {
			v.v &= mask;
		} else {
			if (!number(x, &old) || !number(x, &v))
				return false;
			v.v = (old.v & ~mask) | (v.v & mask);
		}
	} else {
		v.v &= mask;
	}
	x->reg[reg] = v;
	return true;
}

static bool get(struct xrun *x, const struct xoperand *o, struct xval *v)
{
	uint64_t mask = mask64(8 * x->in->size);
	int idx;

	if (o->kind == XO_MEM)
		return load(x, o, false, v, &idx);
	*v = o->kind == XO_IMM ? known(o->imm) : x->reg[o->base];
	if (v->read == MCM_NO_EVENT)
		v->v &= mask;
	return true;
}

static uint64_t compute(enum xop op, uint64_t a, uint64_t b, unsigned size)
{
	uint64_t r = a;

	if (op == X_ADD || op == X_INC || op == X_XADD)
		r = a + b;
	else if (op == X_SUB || op == X_DEC || op == X_CMP)
		r = a - b;
	else if (op == X_AND || op == X_TEST)
		r = a & b;
	else if (op == X_OR)
		r = a | b;
	else if (op == X_XOR)
		r = a ^ b;
	else if (op == X_SHL)
		r = a << (b & 63);
	else if (op == X_SHR)
		r = a >> (b & 63);
	return r & mask64(8 * size);
}

/* Exchange-like and read-modify-write operations on memory. */
static bool modify(struct xrun *x)
{
	const struct xinsn *in = x->in;
	bool locked = in->lock || in->op == X_XCHG;
	struct xval old, src, res;
	int idx;

	if (!get(x, &in->src, &src) || !load(x, &in->dst, locked, &old, &idx))
		return false;
	if (!locked)
		x->insn++;
	if (in->op == X_XCHG) {
		res = src;
	} else {
		if (!number(x, &old) || !number(x, &src))
			return false;
		if (in->op == X_CMPXCHG) {
			struct xval acc = x->reg[0];

			if (!number(x, &acc))
				return false;
			x->zf = old.v == (acc.v & mask64(8 * in->size));
			res = x->zf ? src : old;
		} else {
			res = known(compute(in->op, old.v, src.v, in->size));
			x->zf = !res.v;
		}
	}
	if (in->op == X_CMP || in->op == X_TEST)
		return true;
	if (!store(x, &in->dst, res, locked ? idx : -1))
		return false;
	if (in->op == X_XCHG || in->op == X_XADD)
		return set_reg(x, (unsigned)in->src.base, old);
	if (in->op == X_CMPXCHG && !x->zf)
		return set_reg(x, 0, old);
	return true;
}

static bool plain(struct xrun *x)
{
	const struct xinsn *in = x->in;
	struct xval src, dst;

	if (!get(x, &in->src, &src))
		return false;
	if (in->op == X_MOV)
		return in->dst.kind == XO_MEM ? store(x, &in->dst, src, -1) : set_reg(x, (unsigned)in->dst.base, src);
	if (in->dst.kind == XO_MEM)
		return modify(x);
	dst = x->reg[in->dst.base];
	if (in->op == X_XCHG)
		return set_reg(x, (unsigned)in->dst.base, src) && set_reg(x, (unsigned)in->src.base, dst);
	if (!number(x, &src) || !number(x, &dst))
		return false;
	dst.v = compute(in->op, dst.v & mask64(8 * in->size), src.v, in->size);
	x->zf = !dst.v;
	return in->op == X_CMP || in->op == X_TEST || set_reg(x, (unsigned)in->dst.base, dst);
}

static void finals(struct xrun *x, unsigned t)
{
	for (unsigned k = 0; k < x->m->prog.nregs[t]; k++) {
		const struct lit_regslot *s = &x->m->slot[t][k];
		struct mcm_final f = {.read = MCM_NO_EVENT};

		if (!s->fault && s->reg < ARRAY_SIZE(x->reg)) {
			f.val = x->reg[s->reg].v;
			f.read = x->reg[s->reg].read;
			f.size = 8;
		}
		mcm_run_final(x->r, k, &f);
	}
}

static void run_thread(void *ctx, unsigned t, struct mcm_run *r)
{
	const struct lit_model *m = ctx;
	const struct xcode *code = m->code;
	struct xrun x = {.m = m, .r = r};
	unsigned back = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(x.reg); i++)
		x.reg[i] = known(0);
	for (unsigned i = 0; i < m->t->nregs; i++)
		if (m->t->regs[i].thread == t && m->t->regs[i].nval)
			x.reg[m->t->regs[i].reg] = known(lit_value(m, &m->t->regs[i].val[0]));
	for (unsigned pc = 0; pc < code->n[t]; x.insn++) {
		const struct xinsn *in = x.in = &code->insn[t][pc];
		bool jump = in->op == X_JMP || (in->op == X_JZ && x.zf) || (in->op == X_JNZ && !x.zf);

		x.where = pc;
		if (in->op == X_MFENCE || in->op == X_LFENCE) {
			struct mcm_event e = access_event(&x, MCM_BARRIER, false);

			e.barrier = in->op == X_MFENCE ? MCM_B_MFENCE : MCM_B_LFENCE;
			if (mcm_run_event(r, &e) < 0)
				return;
		} else if (in->op != X_NOP && in->op < X_JMP && !plain(&x)) {
			return;
		}
		if (jump && in->target <= pc && back++ >= m->unroll) {
			mcm_run_cut(r);
			return;
		}
		pc = jump ? in->target : pc + 1;
	}
	finals(&x, t);
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
	m->prog.run = run_thread;
	return 0;
}
