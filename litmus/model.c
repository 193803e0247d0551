/* From a parsed test to a program for the explorer, and from final states to verdicts. */
#include "litmus/model.h"
#include "litmus/pte.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

uint64_t lit_value(const struct lit_model *m, const struct lit_val *v)
{
	uint32_t word = 0;

	switch (v->kind) {
	case LIT_INT:
		return v->v;
	case LIT_LOC:
		return LIT_LOC_BASE + v->loc * LIT_STRIDE + v->v * m->t->loc[v->loc].type.size;
	case LIT_LABEL:
		return m->t->arch == LIT_AARCH64 ? lit_a64_label(m, v->thread, v->text) : 0;
	case LIT_INSN:
		if (m->t->arch == LIT_AARCH64)
			lit_a64_word(m, v->text, &word);
		return word;
	case LIT_PTE:
		return pte_number(v->loc, (uint32_t)v->v);
	}
	return 0;
}

bool lit_address(const struct lit_model *m, uint64_t addr, unsigned *loc, uint32_t *off)
{
	unsigned n = m->t->nlocs;

	if (addr - LIT_LOC_BASE < n * LIT_STRIDE) {
		*loc = (unsigned)((addr - LIT_LOC_BASE) / LIT_STRIDE);
		*off = (uint32_t)((addr - LIT_LOC_BASE) % LIT_STRIDE);
		return true;
	}
	if (m->t->arch == LIT_AARCH64 && addr - LIT_CODE_BASE < m->t->nthreads * LIT_STRIDE) {
		*loc = n + (unsigned)((addr - LIT_CODE_BASE) / LIT_STRIDE);
		*off = (uint32_t)((addr - LIT_CODE_BASE) % LIT_STRIDE);
		return true;
	}
	return false;
}

/* Gives every observed item its slots. */
static int number_items(struct lit_model *m, struct err *e)
{
	struct lit_test *t = m->t;
	struct mcm_memslot *mem;
	unsigned nmem = 0, k = 0;

	for (unsigned th = 0; th < t->nthreads; th++) {
		m->slot0[th] = k;
		for (unsigned i = 0; i < t->nitems; i++) {
			struct lit_item *it = &t->item[i];
			unsigned n = it->kind == LIT_REG && it->vsize ? 2 : 1;

			if (it->kind == LIT_MEM || it->thread != th)
				continue;
			if (m->prog.nregs[th] + n > 64)
				return err_set(e, EXIT_INPUT, "%s: beyond limits: too many observed registers", t->file);
			it->slot = k;
			it->nslots = n;
			for (unsigned h = 0; h < n; h++, k++)
				m->slot[th][m->prog.nregs[th]++] = (struct lit_regslot){
					it->reg, h, it->kind == LIT_FAULT ? it : NULL};
		}
	}
	m->slot0[t->nthreads] = k;
	for (unsigned i = 0; i < t->nitems; i++)
		if (t->item[i].kind == LIT_MEM)
			nmem += (t->item[i].elem < 0 ? t->loc[t->item[i].loc].nelem : 1) * 2;
	mem = mcm_alloc(m->arena, nmem * sizeof(*mem));
	nmem = 0;
	for (unsigned i = 0; i < t->nitems; i++) {
		struct lit_item *it = &t->item[i];
		const struct lit_loc *l = &t->loc[it->kind == LIT_MEM ? it->loc : 0];
		unsigned first = it->elem < 0 ? 0 : (unsigned)it->elem, n = it->elem < 0 ? l->nelem : 1;

		if (it->kind != LIT_MEM)
			continue;
		if (!it->type.given)
			it->type = l->type;
		it->slot = k + nmem;
		for (unsigned q = first; q < first + n; q++)
			for (unsigned b = 0; b < l->type.size; b += 8)
				mem[nmem++] = (struct mcm_memslot){(uint16_t)it->loc, q * l->type.size + b,
								   (uint8_t)MIN(8, l->type.size - b)};
		it->nslots = k + nmem - it->slot;
	}
	m->prog.mem = mem;
	m->prog.nmem = nmem;
	return 0;
}

static const uint8_t *code_bytes(const struct lit_model *m, unsigned thread, unsigned *size)
{
	*size = 0;
	return m->t->arch == LIT_AARCH64 ? lit_a64_bytes(m, thread, size) : NULL;
}

/* Initial contents of the locations; after the code, whose labels they may name. */
static void lay_out(struct lit_model *m)
{
	struct lit_test *t = m->t;
	struct mcm_loc *locs = mcm_zalloc(m->arena, (t->nlocs + t->nthreads) * sizeof(*locs));

	for (unsigned i = 0; i < t->nlocs; i++) {
		const struct lit_loc *l = &t->loc[i];
		unsigned sz = l->type.size;
		uint8_t *init = mcm_zalloc(m->arena, (size_t)l->nelem * sz + 16);

		for (unsigned k = 0; k < l->nelem; k++) {
			uint64_t v[2] = {lit_value(m, &l->init[k]), 0};

			v[1] = l->init[k].kind == LIT_INT && l->type.sgn && v[0] >> 63 ? ~UINT64_C(0) : 0;
			memcpy(init + (size_t)k * sz, v, sz);
		}
		locs[i] = (struct mcm_loc){l->name, l->nelem * sz, init};
	}
	for (unsigned th = 0; th < t->nthreads; th++) { /* code, readable as data */
		locs[t->nlocs + th].name = "code";
		locs[t->nlocs + th].init = code_bytes(m, th, &locs[t->nlocs + th].size);
	}
	m->prog.locs = locs;
	m->prog.nlocs = t->nlocs + t->nthreads;
}

struct lit_model *lit_model_new(struct lit_test *t, unsigned unroll, struct mcm_arena *a, struct err *e)
{
	struct lit_model *m = mcm_zalloc(a, sizeof(*m));

	m->t = t;
	m->arena = a;
	m->unroll = unroll;
	m->prog.nthreads = t->nthreads;
	m->prog.ctx = m;
	for (unsigned i = 0; i < t->nlocs; i++)
		if (t->loc[i].nelem * t->loc[i].type.size > LIT_STRIDE / 2) {
			err_set(e, EXIT_INPUT, "%s: beyond limits: '%s' is too large", t->file, t->loc[i].name);
			return NULL;
		}
	if (number_items(m, e) < 0)
		return NULL;
	if ((t->arch == LIT_AARCH64 ? lit_a64_compile(m, e) : lit_x86_compile(m, e)) < 0)
		return NULL;
	lay_out(m);
	return m;
}

/* States as text, without repetitions, sorted; verdict. */
struct textstate {
	char *text;
	bool good;
};

static int cmp_text(const void *a, const void *b)
{
	return strcmp(((const struct textstate *)a)->text, ((const struct textstate *)b)->text);
}

static void judge(const struct lit_model *m, struct lit_outcome *out)
{
	const struct lit_test *t = m->t;
	struct textstate *v = mcm_alloc(m->arena, out->states.n * sizeof(*v));
	unsigned n = 0, k = 0;
	char buf[8192];

	for (unsigned i = 0; i < out->states.n; i++) {
		const uint64_t *s = mcm_states_at(&out->states, i);

		if (t->filter && !lit_holds(m, t->filter, s))
			continue;
		lit_state_text(m, s, buf, sizeof(buf));
		v[n++] = (struct textstate){mcm_strndup(m->arena, buf, strlen(buf)), lit_holds(m, t->prop, s)};
	}
	if (n)
		qsort(v, n, sizeof(*v), cmp_text);
	out->text = mcm_alloc(m->arena, n * sizeof(*out->text));
	out->good = mcm_alloc(m->arena, n * sizeof(*out->good));
	out->npos = out->nneg = 0;
	for (unsigned i = 0; i < n; i++) {
		if (i && !strcmp(v[i].text, v[i - 1].text))
			continue;
		out->text[k] = v[i].text;
		out->good[k++] = v[i].good;
		*(v[i].good ? &out->npos : &out->nneg) += 1;
	}
	out->nstates = k;
	switch (t->quant) {
	case LIT_EXISTS: out->ok = out->npos > 0; break;
	case LIT_NOTEXISTS: out->ok = !out->npos; break;
	case LIT_FORALL:
	case LIT_NONE: out->ok = !out->nneg; break;
	}
}

int lit_outcomes(const struct lit_model *m, const struct mcm_solve_opts *o, struct lit_outcome *out, struct err *e)
{
	if (mcm_run(&m->prog, o, m->arena, &out->states, &out->cut, e) < 0)
		return err_prefix(e, "%s", m->t->file);
	judge(m, out);
	return 0;
}
