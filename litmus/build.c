/* See build.h. */
#include "litmus/build.h"

#include <stdio.h>
#include <string.h>

#include "a64/a64_enc.gen.h"
#include "base/bits.h"
#include "litmus/emit.h"

/* Places within a thread's part of the code area. */
enum { VECTORS = 0x4000, LOOP = 0x8000, POOL = 0xc000, FAULTED = 0xd000, ROOM = 0x800 /* of the loop, behind the test */ };

enum { H_REC, H_OUT, H_N, H_T, H_U, NHARNESS };

struct build {
	const struct lit_model *m;
	const struct lit_build_opts *o;
	struct lit_image *img;
	unsigned t;
	uint32_t used, vused;      /* registers that the thread mentions */
	bool exclusives;
	unsigned h[NHARNESS];      /* the loop's own registers */
	struct lit_code *c;
	struct emit e;
	char text[32];             /* of a branch being made */
	u128 pool[32];             /* initial vector registers */
	unsigned npool;
};

static uint64_t area(unsigned thread) { return GANG_CODE + thread * LIT_STRIDE; }
static unsigned field(uint32_t w, const struct a64_field *f) { return w >> f->lsb & (uint32_t)mask64(f->width); }

/* Registers named by an instruction; too many rather than too few. */
static void mention(struct build *b, uint32_t w)
{
	static const uint64_t all[2] = {~UINT64_C(0), ~UINT64_C(0)};
	static const char *const names[] = {"rd", "rn", "rm", "ra", "rt", "rt2", "rs"};
	const struct a64_row *row;
	struct a64_insn in;

	if (!a64_decode(w, all, &in))
		return;
	row = &a64_rows[in.op];
	for (unsigned i = 0; i < row->nfields; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(names); k++)
			if (!strcmp(row->fields[i].name, names[k])) {
				unsigned r = field(w, &row->fields[i]);

				b->used |= 1u << r;
				if (in.op == A64_CASP)
					b->used |= 2u << r;
				/* lists: up to four vector registers */
				for (unsigned q = 0; q < 4; q++)
					b->vused |= 1u << ((r + q) & 31);
			}
	if (in.op == A64_BL || in.op == A64_BLR)
		b->used |= 1u << 30;
	b->exclusives |= in.op == A64_LDXR || in.op == A64_STXR || in.op == A64_LDXP || in.op == A64_STXP;
}

static bool has_vectors(const struct lit_thread *th)
{
	for (unsigned i = 0; i < th->n; i++)
		for (const char *p = th->line[i].insn; p && *p; p++)
			if (strchr("vqdshbVQDSHB", *p) && p[1] >= '0' && p[1] <= '9' &&
			    (p[-1] == ' ' || p[-1] == ',' || p[-1] == '{' || p[-1] == '\t'))
				return true;
	return false;
}

static int pick_registers(struct build *b, struct err *e)
{
	const struct lit_test *t = b->m->t;
	unsigned n = 0;

	if (!has_vectors(&t->thread[b->t]))
		b->vused = 0;
	for (unsigned i = 0; i < t->nregs; i++) {
		const struct lit_reginit *r = &t->regs[i];

		if (r->thread != b->t)
			continue;
		if (r->reg < 31)
			b->used |= 1u << r->reg;
		else if (r->reg >= LIT_REG_V0)
			b->vused |= 1u << (r->reg - LIT_REG_V0);
		else if (r->reg >= LIT_REG_SYM)
			return err_set(e, EXIT_INPUT, "%s: symbolic registers can't be run", t->file);
	}
	for (unsigned k = 0; k < b->m->prog.nregs[b->t]; k++) {
		unsigned reg = b->m->slot[b->t][k].reg;

		if (!b->m->slot[b->t][k].fault && reg < 31)
			b->used |= 1u << reg;
		else if (!b->m->slot[b->t][k].fault && reg >= LIT_REG_V0)
			b->vused |= 1u << (reg - LIT_REG_V0);
	}
	for (unsigned r = 30; r < 31 && n < NHARNESS; r--)
		if (!(b->used >> r & 1))
			b->h[n++] = r;
	if (n < NHARNESS)
		return err_set(e, EXIT_INPUT, "%s: P%u uses too many registers to be run (%d must be left free)", t->file, b->t,
			       NHARNESS);
	return 0;
}

/* What a constant is in the guest's memory; false: an address that differs between instances. */
static bool constant(const struct build *b, const struct lit_val *v, uint64_t *out)
{
	if (v->kind == LIT_LOC || v->kind == LIT_PTE)
		return false;
	if (v->kind == LIT_LABEL && b->o->own_code)
		return false;
	*out = lit_value(b->m, v);
	if (v->kind == LIT_LABEL)
		*out += LIT_GUEST_CODE(0) - LIT_CODE_BASE;
	return true;
}

static const struct lit_reginit *init_of(const struct build *b, unsigned reg)
{
	const struct lit_reginit *found = NULL;

	for (unsigned i = 0; i < b->m->t->nregs; i++)
		if (b->m->t->regs[i].thread == b->t && b->m->t->regs[i].reg == reg && b->m->t->regs[i].nval)
			found = &b->m->t->regs[i];
	return found;
}

/* Sets a general register or SP to its initial value (zero without one). */
static void init_register(struct build *b, unsigned reg)
{
	const struct lit_reginit *r = init_of(b, reg);
	unsigned to = reg == LIT_REG_SP ? b->h[H_U] : reg;
	uint64_t v = 0;

	if (r && !constant(b, &r->val[0], &v)) {
		unsigned k = 0;

		while (b->c->ptr[k].reg != reg)
			k++;
		emit(&b->e, "ldr x%u, [x%u, #%u]", to, b->h[H_REC], REC_PTR + 8 * k);
	} else {
		emit(&b->e, "mov x%u, #%lld", to, (long long)v);
	}
	if (reg == LIT_REG_SP)
		emit(&b->e, "mov sp, x%u", to);
}

static int init_vector(struct build *b, unsigned n, struct err *e)
{
	const struct lit_reginit *r = init_of(b, LIT_REG_V0 + n);
	unsigned size = r && r->nval > 1 ? 16 / r->nval : 16;
	u128 q = 0;

	for (unsigned k = 0; r && k < r->nval; k++) {
		uint64_t v;

		if (!constant(b, &r->val[k], &v))
			return err_set(e, EXIT_INPUT, "%s: an address in a vector register can't be run", b->m->t->file);
		q |= (u128)(v & mask64(8 * size)) << (8 * size * k & 127);
	}
	b->pool[b->npool] = q;
	emit(&b->e, "ldr q%u, [x%u, #%u]", n, b->h[H_U], 16 * b->npool++);
	return 0;
}

static int init_registers(struct build *b, struct err *e)
{
	for (unsigned r = 0; r < 31; r++)
		if (b->used >> r & 1)
			init_register(b, r);
	if (b->vused) {
		emit(&b->e, "mov x%u, #%llu", b->h[H_U], (unsigned long long)(area(b->t) + POOL));
		for (unsigned n = 0; n < 32; n++)
			if (b->vused >> n & 1 && init_vector(b, n, e) < 0)
				return -1;
	}
	if (init_of(b, LIT_REG_SP))
		init_register(b, LIT_REG_SP);
	return 0;
}

/* Draws of the host: load a location, or write it (by adding nothing to its first byte), before it all begins. */
static void preload(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U], skip;
	char insn[16];

	emit(&b->e, "ldr w%u, [x%u, #%d]", u, b->h[H_REC], REC_TOUCH);
	skip = emit_hole(&b->e);
	for (unsigned k = 0; k < MIN(b->c->nptrs, 16u); k++) {
		unsigned r = b->c->ptr[k].reg;

		if (r == LIT_REG_SP || b->c->ptr[k].loc == LIT_PTR_CODE)
			continue;
		emit(&b->e, "tbz w%u, #%u, .+8", u, 2 * k);
		emit(&b->e, "ldrb w%u, [x%u]", t, r);
		emit(&b->e, "tbz w%u, #%u, .+8", u, 2 * k + 1);
		emit(&b->e, "ldaddb wzr, w%u, [x%u]", t, r);
	}
	snprintf(insn, sizeof(insn), "cbz w%u,", u);
	emit_patch(&b->e, skip, insn);
}

/*
 * Waits until `leave` holds of the word that T points to: a branch out of the
 * loop after the load.  Looks often, yields only where there are more
 * vCPUs than CPUs, and not for ever: where the others are not running at all (a
 * busy host), this thread goes on without them, a legal start of the test.
 */
static void spin(struct build *b, const char *test, const char *leave)
{
	enum { LOOKS = 12, ROUNDS = 128, YIELDS = 64 };
	unsigned top, per = *test ? 3 : 2, end = b->o->crowded ? 4 : 3;

	emit(&b->e, "mov x%u, #%u", b->h[H_N], (unsigned)(b->o->crowded ? YIELDS : ROUNDS));
	top = b->e.n;
	for (unsigned k = 0; k < LOOKS; k++) {
		unsigned left = (LOOKS - 1 - k) * per + end; /* words from the branch to behind the loop */

		emit(&b->e, "ldr x%u, [x%u]", b->h[H_U], b->h[H_T]);
		if (*test)
			emit(&b->e, "%s", test);
		emit(&b->e, "%s .+%u", leave, left * 4);
	}
	if (b->o->crowded)
		emit_word(&b->e, 0xd503203f); /* YIELD */
	emit(&b->e, "sub x%u, x%u, #1", b->h[H_N], b->h[H_N]);
	snprintf(b->text, sizeof(b->text), "cbnz x%u,", b->h[H_N]);
	emit_branch(&b->e, b->text, top);
}

static void barrier_user(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U], fork, end;
	char leave[32], insn[32];

	snprintf(leave, sizeof(leave), "cbnz x%u,", u);
	fork = emit_hole(&b->e);
	spin(b, "", leave);
	end = emit_hole(&b->e);
	snprintf(insn, sizeof(insn), "tbnz x%u, #0,", t);
	emit_patch(&b->e, fork, insn);
	emit(&b->e, "mov x%u, #1", u);
	emit(&b->e, "stur x%u, [x%u, #-1]", u, t);
	emit_patch(&b->e, end, "b");
	if (b->o->barrier == BARRIER_USERFENCE)
		emit(&b->e, "dmb sy");
}

static void barrier_all(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U];
	char test[32];

	emit(&b->e, "and x%u, x%u, #-2", t, t);
	emit(&b->e, "mov x%u, #1", u);
	emit(&b->e, "ldaddal x%u, x%u, [x%u]", u, u, t);
	snprintf(test, sizeof(test), "cmp x%u, #%u", u, b->m->t->nthreads);
	spin(b, test, "b.eq");
}

static void barrier_timebase(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U];
	char leave[32];

	snprintf(leave, sizeof(leave), "cbnz x%u,", u);
	emit(&b->e, "tbz x%u, #0, .+20", t);
	emit_mrs(&b->e, EMIT_CNTVCT_EL0, u);
	emit(&b->e, "add x%u, x%u, #%u", u, u, b->o->timebase);
	emit(&b->e, "sub x%u, x%u, #1", t, t);
	emit(&b->e, "str x%u, [x%u]", u, t);
	spin(b, "", leave);
	emit_mrs(&b->e, EMIT_CNTVCT_EL0, t);
	emit(&b->e, "cmp x%u, x%u", t, u);
	emit(&b->e, "b.cc .-8");
}

/* Where the record has a word for it: the barrier, and a delay. */
static void barrier(struct build *b)
{
	unsigned skip;
	char insn[16];

	if (b->o->barrier == BARRIER_NONE)
		return;
	emit(&b->e, "ldr x%u, [x%u]", b->h[H_T], b->h[H_REC]);
	skip = emit_hole(&b->e);
	switch (b->o->barrier) {
	case BARRIER_USER:
	case BARRIER_USERFENCE: barrier_user(b); break;
	case BARRIER_PTHREAD: barrier_all(b); break;
	case BARRIER_TIMEBASE: barrier_timebase(b); break;
	case BARRIER_NONE: break;
	}
	emit(&b->e, "ldr w%u, [x%u, #%d]", b->h[H_U], b->h[H_REC], REC_DELAY);
	emit(&b->e, "cbz w%u, .+12", b->h[H_U]);
	emit(&b->e, "sub w%u, w%u, #1", b->h[H_U], b->h[H_U]);
	emit(&b->e, "cbnz w%u, .-4", b->h[H_U]);
	snprintf(insn, sizeof(insn), "tbnz x%u, #62,", b->h[H_T]); /* REC_TOUCHED */
	emit_patch(&b->e, skip, insn);
}

/* Stores what is observed. */
static void epilogue(struct build *b)
{
	for (unsigned k = 0; k < b->m->prog.nregs[b->t]; k++) {
		const struct lit_regslot *s = &b->m->slot[b->t][k];
		unsigned at = 8 * k;

		if (s->fault || s->half)
			continue;
		if (s->reg < 31)
			emit(&b->e, "str x%u, [x%u, #%u]", s->reg, b->h[H_OUT], at);
		else if (s->reg == LIT_REG_ZR)
			emit(&b->e, "str xzr, [x%u, #%u]", b->h[H_OUT], at);
		else if (s->reg == LIT_REG_SP) {
			emit(&b->e, "mov x%u, sp", b->h[H_T]);
			emit(&b->e, "str x%u, [x%u, #%u]", b->h[H_T], b->h[H_OUT], at);
		} else if (s->reg >= LIT_REG_V0) {
			emit(&b->e, "add x%u, x%u, #%u", b->h[H_T], b->h[H_OUT], at);
			emit(&b->e, "str q%u, [x%u]", s->reg - LIT_REG_V0, b->h[H_T]);
		}
	}
}

/*
 * All sixteen vectors: note the fault, go on in the handler or behind the test.  A touch of a location before the test may fault too, where
 * another thread was faster: that is nothing (the loop lies from LOOP on).
 */
static void vectors(struct build *b, unsigned epi)
{
	unsigned t = b->h[H_T], u = b->h[H_U];
	uint64_t handler = b->m->t->handlers ? lit_a64_label(b->m, b->t, LIT_HANDLER) : 0;

	for (unsigned v = 0; v < 16; v++) {
		b->e.n = (unsigned)(b->t * LIT_STRIDE + VECTORS + v * 0x80) / 4;
		emit_mrs(&b->e, EMIT_ELR_EL1, t);
		emit(&b->e, "tbz x%u, #15, .+16", t);
		emit(&b->e, "add x%u, x%u, #4", t, t);
		emit_msr(&b->e, EMIT_ELR_EL1, t);
		emit_word(&b->e, 0xd69f03e0); /* ERET */
		emit(&b->e, "mov x%u, #%u", t, b->c->fault);
		emit(&b->e, "add x%u, x%u, x%u", t, t, b->h[H_REC]);
		emit_mrs(&b->e, EMIT_ESR_EL1, u);
		emit(&b->e, "str x%u, [x%u]", u, t);
		emit_mrs(&b->e, EMIT_ELR_EL1, u);
		emit(&b->e, "str x%u, [x%u, #8]", u, t);
		emit_mrs(&b->e, EMIT_FAR_EL1, u);
		emit(&b->e, "str x%u, [x%u, #16]", u, t);
		emit(&b->e, "mov x%u, #%llu", t, (unsigned long long)b->c->faulted);
		emit(&b->e, "str x%u, [x%u]", t, t);
		if (handler) {
			emit_branch(&b->e, "b", (unsigned)(handler - LIT_CODE_BASE + LIT_HEAD) / 4);
			continue;
		}
		emit(&b->e, "mov x%u, #%llu", t, (unsigned long long)(GANG_CODE + 4 * epi));
		emit_msr(&b->e, EMIT_ELR_EL1, t);
		emit_word(&b->e, 0xd69f03e0); /* ERET */
	}
}

/* TTHM= of a test: "HA", "HD", of all threads or "P0:HA". HD needs HA. As bits of TCR_EL1. */
static uint64_t hardware_updates(const struct lit_test *t, unsigned thread)
{
	uint64_t bits = 0;

	for (const char *s = t->tthm; s && *s; s += strcspn(s, " ,"), s += strspn(s, " ,")) {
		unsigned who = thread;

		if (*s == 'P' && sscanf(s, "P%u:", &who) == 1)
			s = strchr(s, ':') + 1;
		if (who == thread && !strncmp(s, "HA", 2))
			bits |= BIT(39);
		if (who == thread && !strncmp(s, "HD", 2))
			bits |= BIT(39) | BIT(40);
	}
	return bits;
}

/* The part before the loop; x0 points to a struct gang_start. */
static void entry(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U];

	emit(&b->e, "mov x%u, x0", t);
	emit(&b->e, "mov x%u, #%llu", u, (unsigned long long)(area(b->t) + VECTORS));
	emit_msr(&b->e, EMIT_VBAR_EL1, u);
	emit(&b->e, "mov x%u, #0x3c5", u); /* for tests with ERET */
	emit_msr(&b->e, EMIT_SPSR_EL1, u);
	if (b->m->t->vmsa) {
		emit(&b->e, "mov x%u, #%llu", u, (unsigned long long)(GANG_TCR | hardware_updates(b->m->t, b->t)));
		emit_msr(&b->e, EMIT_TCR_EL1, u);
	}
	emit(&b->e, "isb");
	emit(&b->e, "ldr x%u, [x%u, #%zu]", b->h[H_REC], t, offsetof(struct gang_start, rec));
	emit(&b->e, "ldr x%u, [x%u, #%zu]", b->h[H_OUT], t, offsetof(struct gang_start, out));
}

/* Lays out the record: the addresses that registers take, and what else there is. */
static int layout(struct build *b, struct err *e)
{
	unsigned n = 0;

	for (unsigned r = 0; r <= LIT_REG_SP; r++) {
		const struct lit_reginit *i = init_of(b, r);
		const struct lit_val *val = i ? &i->val[0] : NULL;
		uint64_t v;

		if (!i || constant(b, val, &v))
			continue;
		if (n == LIT_MAX_PTRS)
			return err_set(e, EXIT_INPUT, "%s: beyond limits: too many addresses in registers", b->m->t->file);
		b->c->ptr[n++] = val->kind == LIT_LABEL ? (struct lit_ptr){r, LIT_PTR_CODE, lit_value(b->m, val) - LIT_CODE_BASE}
			       : val->kind == LIT_PTE ? (struct lit_ptr){r, val->loc | TRIAL_ENTRY, val->v}
			       : (struct lit_ptr){r, val->loc, val->v * b->m->t->loc[val->loc].type.size};
	}
	b->c->nptrs = n;
	b->c->body_ptr = b->o->own_code ? REC_PTR + 8 * n : 0;
	b->c->rec_size = MAX(24u, REC_PTR + 8 * n + 8 * b->o->own_code);
	b->c->fault = ALIGN_UP(b->o->size * b->c->rec_size + 8, 4096u);
	b->c->out_size = 8 * MAX(1u, b->m->prog.nregs[b->t]);
	b->c->faulted = area(b->t) + FAULTED;
	return 0;
}

/* What is not in every turn of the loop, from LOOP on: entry and exit, touches and barrier. */
struct beside {
	unsigned exit, slow;   /* words */
	unsigned to_start;     /* hole: back to the test, after a barrier */
	unsigned to_loop;      /* hole: into the loop, at entry */
};

static struct beside build_beside(struct build *b)
{
	struct beside s;

	b->e.n = (unsigned)(b->t * LIT_STRIDE + LOOP) / 4;
	s.exit = b->e.n;
	if (b->m->t->vmsa) {
		emit(&b->e, "mov x%u, #%llu", b->h[H_T], (unsigned long long)GANG_TCR);
		emit_msr(&b->e, EMIT_TCR_EL1, b->h[H_T]);
	}
	emit(&b->e, "mov x%u, #%llu", b->h[H_T], (unsigned long long)GANG_STUB);
	emit(&b->e, "br x%u", b->h[H_T]);
	s.slow = b->e.n;
	if (b->o->preload && b->c->nptrs)
		preload(b);
	barrier(b);
	s.to_start = emit_hole(&b->e);
	b->c->entry = GANG_CODE + 4 * b->e.n;
	entry(b);
	emit(&b->e, "ldr x%u, [x%u]", b->h[H_T], b->h[H_REC]);
	s.to_loop = emit_hole(&b->e);
	return s;
}

/* The begin of the loop, up to the test. T is the record's first word. */
static int build_head(struct build *b, const struct beside *s, struct err *e)
{
	unsigned t = b->h[H_T];

	b->npool = 0;
	if (init_registers(b, e) < 0)
		return -1;
	if (b->exclusives)
		emit(&b->e, "clrex");
	snprintf(b->text, sizeof(b->text), "cbnz x%u,", t);
	emit_branch(&b->e, b->text, s->slow);
	emit_patch(&b->e, s->to_start, "b");
	emit(&b->e, "msr nzcv, xzr");
	if (b->o->own_code) {
		emit(&b->e, "ldr x%u, [x%u, #%u]", t, b->h[H_REC], b->c->body_ptr);
		emit(&b->e, "br x%u", t);
	}
	return 0;
}

/* The end of the loop: what is observed, the next record, back to the head. */
static void build_tail(struct build *b, const struct beside *s, unsigned head)
{
	unsigned t = b->h[H_T];

	if (b->o->asid) { /* a fault may have left the test's: touches are made with 0 */
		emit_mrs(&b->e, EMIT_TTBR0_EL1, t);
		emit(&b->e, "and x%u, x%u, #0xffffffffffff", t, t);
		emit_msr(&b->e, EMIT_TTBR0_EL1, t);
		emit(&b->e, "isb");
	}
	epilogue(b);
	emit(&b->e, "add x%u, x%u, #%u", b->h[H_REC], b->h[H_REC], b->c->rec_size);
	emit(&b->e, "add x%u, x%u, #%u", b->h[H_OUT], b->h[H_OUT], b->c->out_size);
	emit(&b->e, "ldr x%u, [x%u]", t, b->h[H_REC]);
	snprintf(b->text, sizeof(b->text), "tbz x%u, #63,", t);
	emit_branch(&b->e, b->text, head);
	emit_branch(&b->e, "b", s->exit);
}

/*
 * The loop around the test: head, test, tail, one behind the other in a page, so that a translator may see a loop in it.
 * A test that changes its code has them elsewhere.
 */
static int build_loop(struct build *b, unsigned body, unsigned nbody, unsigned *epi, struct err *e)
{
	struct beside s = build_beside(b);
	unsigned head = b->e.n, n;

	if (build_head(b, &s, e) < 0) /* to know its size */
		return -1;
	n = b->e.n - head;
	if (n > LIT_HEAD / 4)
		return err_set(e, EXIT_INPUT, "%s: beyond limits: P%u has too many registers", b->m->t->file, b->t);
	if (!b->o->own_code) {
		head = b->e.n = body - n;
		build_head(b, &s, e);
	}
	b->e.n = head;
	emit_patch(&b->e, s.to_loop, "b");
	b->e.n = *epi = b->o->own_code ? head + n : body + nbody;
	build_tail(b, &s, head);
	return 0;
}

static int build_thread(struct build *b, struct err *e)
{
	unsigned size, base = (unsigned)(b->t * LIT_STRIDE + LIT_HEAD) / 4, epi = 0;
	const uint8_t *bytes = lit_a64_bytes(b->m, b->t, &size);
	uint32_t *body = b->img->word + base;

	if (size > VECTORS - LIT_HEAD - ROOM)
		return err_set(e, EXIT_INPUT, "%s: beyond limits: P%u is too long", b->m->t->file, b->t);
	memcpy(body, bytes, size);
	for (unsigned k = 0; k < size / 4; k++)
		mention(b, body[k]);
	if (pick_registers(b, e) < 0 || layout(b, e) < 0)
		return -1;
	b->c->body = base;
	b->c->nbody = size / 4;
	if (build_loop(b, base, size / 4, &epi, e) < 0)
		return -1;
	vectors(b, epi);
	for (unsigned at = 0; b->img->step && at < VECTORS - LIT_HEAD; at += b->img->step) {
		memcpy(b->img->word + base + at / 4, bytes, size);
		b->e.n = base + (at + size) / 4;
		emit_branch(&b->e, "b", epi);
	}
	memcpy(b->img->word + (area(b->t) - GANG_CODE + POOL) / 4, b->pool, sizeof(b->pool));
	return 0;
}

unsigned lit_max_instances(const struct lit_image *img) { return img->step ? (VECTORS - LIT_HEAD) / img->step : ~0u; }

int lit_build(const struct lit_model *m, const struct lit_build_opts *o, struct lit_image *img, struct err *e)
{
	*img = (struct lit_image){.nwords = (unsigned)(m->t->nthreads * LIT_STRIDE / 4)};
	if (img->nwords * 4 > GANG_CODE_SIZE)
		return err_set(e, EXIT_INPUT, "%s: too many threads to be run", m->t->file);
	for (unsigned t = 0; o->own_code && t < m->t->nthreads; t++) {
		unsigned size;

		lit_a64_bytes(m, t, &size);
		img->step = MAX(img->step, ALIGN_UP(size + 4, 64u));
	}
	img->word = mcm_zalloc(m->arena, img->nwords * sizeof(*img->word));
	for (unsigned t = 0; t < m->t->nthreads; t++) {
		struct build b = {.m = m, .o = o, .img = img, .t = t, .c = &img->thr[t]};

		b.e = (struct emit){.word = img->word, .max = img->nwords, .base = GANG_CODE};
		if (build_thread(&b, e) < 0)
			return -1;
		img->exclusives |= b.exclusives;
		if (b.e.failed)
			return err_set(e, EXIT_INPUT, "%s: no code could be made around P%u", m->t->file, t);
	}
	return 0;
}
