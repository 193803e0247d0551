/* See build.h. */
#include "litmus/build.h"

#include <stdio.h>
#include <string.h>

#include "litmus/build_priv.h"

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
	emit(&b->e, "mov x%u, #%llu", u, (unsigned long long)(build_area(b->t) + VECTORS));
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
		const struct lit_reginit *i = build_init_of(b, r);
		const struct lit_val *val = i ? &i->val[0] : NULL;
		uint64_t v;

		if (!i || build_constant(b, val, &v))
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
	b->c->faulted = build_area(b->t) + FAULTED;
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
		build_preload(b);
	build_barrier(b);
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
	if (build_init_registers(b, e) < 0)
		return -1;
	if (b->exclusives)
		emit(&b->e, "clrex");
	snprintf(b->text, sizeof(b->text), "cbnz x%u,", t);
	emit_branch(&b->e, b->text, s->slow);
	emit_patch(&b->e, s->to_start, "b");
	build_init_flags(b);
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
		build_mention(b, body[k]);
	if (build_pick(b, e) < 0 || layout(b, e) < 0)
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
	memcpy(b->img->word + (build_area(b->t) - GANG_CODE + POOL) / 4, b->pool, sizeof(b->pool));
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
