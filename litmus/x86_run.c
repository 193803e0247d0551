/*
 * x86 threads of a litmus test, run for the explorer: a small interpreter
 * that reports the same events as the AArch64 side.  x86-TSO knows no
 * dependencies, so a value is a constant or what one read returned.
 */
#include <string.h>

#include "base/bits.h"
#include "litmus/x86.h"

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

void x86_run_thread(void *ctx, unsigned t, struct mcm_run *r)
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
