/*
 * Registers of a thread: which ones it leaves free for the loop around it, and what the others hold when it starts.
 */
#include <string.h>
#include <strings.h>

#include "a64/a64_enc.gen.h"
#include "litmus/build_priv.h"

static unsigned field(uint32_t w, const struct a64_field *f) { return w >> f->lsb & (uint32_t)mask64(f->width); }

void build_mention(struct build *b, uint32_t w)
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

int build_pick(struct build *b, struct err *e)
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

bool build_constant(const struct build *b, const struct lit_val *v, uint64_t *out)
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

const struct lit_reginit *build_init_of(const struct build *b, unsigned reg)
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
	const struct lit_reginit *r = build_init_of(b, reg);
	unsigned to = reg == LIT_REG_SP ? b->h[H_U] : reg;
	uint64_t v = 0;

	if (r && !build_constant(b, &r->val[0], &v)) {
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
	const struct lit_reginit *r = build_init_of(b, LIT_REG_V0 + n);
	unsigned size = r && r->nval > 1 ? 16 / r->nval : 16;
	u128 q = 0;

	for (unsigned k = 0; r && k < r->nval; k++) {
		uint64_t v;

		if (!build_constant(b, &r->val[k], &v))
			return err_set(e, EXIT_INPUT, "%s: an address in a vector register can't be run", b->m->t->file);
		q |= (u128)(v & mask64(8 * size)) << (8 * size * k & 127);
	}
	b->pool[b->npool] = q;
	emit(&b->e, "ldr q%u, [x%u, #%u]", n, b->h[H_U], 16 * b->npool++);
	return 0;
}

int build_init_registers(struct build *b, struct err *e)
{
	for (unsigned r = 0; r < 31; r++)
		if (b->used >> r & 1)
			init_register(b, r);
	if (b->vused) {
		emit(&b->e, "mov x%u, #%llu", b->h[H_U], (unsigned long long)(build_area(b->t) + POOL));
		for (unsigned n = 0; n < 32; n++)
			if (b->vused >> n & 1 && init_vector(b, n, e) < 0)
				return -1;
	}
	if (build_init_of(b, LIT_REG_SP))
		init_register(b, LIT_REG_SP);
	return 0;
}

/* What a thread may be made of that leaves the flags alone; the beginnings of names. */
static bool may_read_flags(const struct lit_thread *th)
{
	static const char *const none[] = {"LD", "ST", "SWP", "CAS", "MOV", "DMB", "DSB", "ISB", "EOR", "ADD", "SUB", "AND", "ORR",
					   "CBZ", "CBNZ", "NOP", "YIELD"};

	for (unsigned i = 0; i < th->n; i++) {
		const char *s = th->line[i].insn;
		unsigned k = 0;

		while (s && k < ARRAY_SIZE(none) && strncasecmp(s, none[k], strlen(none[k])))
			k++;
		if (s && k == ARRAY_SIZE(none))
			return true;
	}
	return false;
}

void build_init_flags(struct build *b)
{
	if (may_read_flags(&b->m->t->thread[b->t]) || b->m->t->handlers)
		emit(&b->e, "cmn x%u, #1", b->h[H_REC]); /* an address and one: none set. MSR would end a unit of the translator */
}
