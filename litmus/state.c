/* Final states: evaluation of propositions, and their text in herd7's notation. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/bits.h"
#include "litmus/model.h"
#include "litmus/pte.h"

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

/* Element k of an item's value. */
static uint64_t item_elem(const struct lit_item *it, const uint64_t *state, unsigned k)
{
	const uint64_t *s = state + it->slot;

	if (it->kind == LIT_REG && it->vsize && it->vsize < 16)
		return s[k * it->vsize / 8] >> (8 * (k * it->vsize % 8)) & mask64(8 * it->vsize);
	return s[k];
}

static unsigned item_nelem(const struct lit_item *it)
{
	if (it->kind == LIT_REG)
		return it->vsize ? MAX(1u, it->vn) : 1;
	return it->nslots;
}

/* "(oa:PA(x), valid:0)": what is not as usual. */
static void put_entry(struct out *o, const struct lit_test *t, uint32_t loc, uint32_t flags)
{
	static const struct { const char *name; uint32_t flag; } fields[] = {
		{"af", PTE_AF}, {"db", PTE_DB}, {"dbm", PTE_DBM}, {"valid", PTE_VALID}, {"el0", PTE_EL0}};

	put(o, "(oa:PA(%s)", loc < t->nlocs ? t->loc[loc].name : "?");
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		if ((flags ^ PTE_DEFAULT) & fields[i].flag)
			put(o, ", %s:%d", fields[i].name, !!(flags & fields[i].flag));
	put(o, flags & PTE_NORMAL ? ")" : ", attrs:(Device-nGnRE))");
}

static void put_value(struct out *o, const struct lit_model *m, const struct lit_type *type, uint64_t v)
{
	const struct lit_test *t = m->t;
	unsigned loc;
	uint32_t off;

	if (pte_is_number(v)) {
		put_entry(o, t, pte_loc(v), pte_flags(v));
		return;
	}
	if (type->insn && lit_a64_text(m, (uint32_t)v)) {
		put(o, "instr:\"%s\"", lit_a64_text(m, (uint32_t)v));
		return;
	}
	if (lit_address(m, v, &loc, &off)) {
		if (loc >= t->nlocs) {
			const struct lit_thread *th = &t->thread[loc - t->nlocs];

			for (unsigned i = 0; i < th->n; i++)
				if (th->line[i].label && lit_a64_label(m, loc - t->nlocs, th->line[i].label) == v) {
					put(o, "label:\"P%u:%s\"", loc - t->nlocs, th->line[i].label);
					return;
				}
		} else if (!off) {
			put(o, "%s", t->loc[loc].name);
			return;
		} else if (off % t->loc[loc].type.size || off / t->loc[loc].type.size >= t->loc[loc].nelem) {
			put(o, "%s+%u", t->loc[loc].name, off);
			return;
		} else {
			put(o, "%s[%u]", t->loc[loc].name, off / t->loc[loc].type.size);
			return;
		}
	}
	if (type->sgn)
		put(o, "%" PRId64, (int64_t)sext(v, 8 * MIN(8u, type->size)));
	else
		put(o, "%" PRIu64, v & mask64(8 * type->size));
}

static void put_item_name(struct out *o, const struct lit_test *t, const struct lit_item *it)
{
	char buf[16];

	if (it->kind == LIT_REG) {
		static const char shape[] = "?bh?s???d";

		put(o, "%u:%s", it->thread, lit_reg_name(t->arch, it->reg, buf));
		if (it->vsize && it->vsize < 16)
			put(o, ".%u%c", it->vn, shape[it->vsize] & ~32);
	} else if (it->elem >= 0) {
		put(o, "%s[%d]", t->loc[it->loc].name, it->elem);
	} else if (t->loc[it->loc].array) {
		put(o, "%s", t->loc[it->loc].name);
	} else {
		put(o, "[%s]", t->loc[it->loc].name);
	}
}

static void put_fault(struct out *o, const struct lit_test *t, const struct lit_item *it)
{
	put(o, "(P%u%s%s%s%s%s%s)", it->thread, it->label ? ":" : "", it->label ? it->label : "", it->loc < t->nlocs ? "," : "",
	    it->loc < t->nlocs ? t->loc[it->loc].name : "", it->ftype ? "," : "", it->ftype ? it->ftype : "");
}

static void put_item(struct out *o, const struct lit_model *m, const struct lit_item *it, const uint64_t *state)
{
	unsigned n = item_nelem(it);

	if (it->kind == LIT_FAULT) {
		put(o, "%sFault", state[it->slot] ? "" : "~");
		put_fault(o, m->t, it);
		put(o, ";");
		return;
	}
	put_item_name(o, m->t, it);
	put(o, "=");
	if (it->kind == LIT_REG ? it->vsize && it->vsize < 16 : it->elem < 0 && m->t->loc[it->loc].array) {
		struct lit_type type = it->type;

		if (it->kind == LIT_REG)
			type = (struct lit_type){.size = (uint8_t)it->vsize, .sgn = it->vsize == 4 || it->type.sgn};
		put(o, "{");
		for (unsigned k = 0; k < n; k++) {
			put(o, k ? "," : "");
			put_value(o, m, &type, item_elem(it, state, k));
		}
		put(o, "};");
		return;
	}
	put_value(o, m, &it->type, item_elem(it, state, 0));
	put(o, ";");
}

/* Registers by thread and number, then locations by name, then faults. */
static int item_order(const struct lit_test *t, const struct lit_item *a, const struct lit_item *b)
{
	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	if (a->kind == LIT_MEM) {
		int c = strcmp(t->loc[a->loc].name, t->loc[b->loc].name);

		return c ? c : a->elem - b->elem;
	}
	return a->thread != b->thread ? (int)a->thread - (int)b->thread : (int)a->reg - (int)b->reg;
}

void lit_state_text(const struct lit_model *m, const uint64_t *state, char *buf, size_t size)
{
	const struct lit_test *t = m->t;
	const struct lit_item *order[LIT_MAX_ITEMS];
	struct out o = {buf, buf + size};

	buf[0] = 0;
	for (unsigned i = 0; i < t->nitems; i++) {
		unsigned k = i;

		for (; k > 0 && item_order(t, order[k - 1], &t->item[i]) > 0; k--)
			order[k] = order[k - 1];
		order[k] = &t->item[i];
	}
	for (unsigned i = 0; i < t->nitems; i++) {
		put(&o, i ? " " : "");
		put_item(&o, m, order[i], state);
	}
}

static bool equal(const struct lit_model *m, const struct lit_prop *p, const uint64_t *state)
{
	const struct lit_item *it = &m->t->item[p->item];
	unsigned n = item_nelem(it);

	for (unsigned k = 0; k < n; k++) {
		uint64_t want = k < p->nval ? lit_value(m, &p->val[k]) : 0, have = item_elem(it, state, k);
		unsigned size = it->kind == LIT_REG && it->vsize ? MIN(8u, it->vsize) : MIN(8u, it->type.size);

		if (k < p->nval && p->val[k].kind != LIT_INT && p->val[k].kind != LIT_INSN)
			size = 8;
		if ((want ^ have) & mask64(8 * size))
			return false;
	}
	return true;
}

bool lit_holds(const struct lit_model *m, const struct lit_prop *p, const uint64_t *state)
{
	switch (p->kind) {
	case LIT_TRUE: return true;
	case LIT_FALSE: return false;
	case LIT_AND: return lit_holds(m, p->a, state) && lit_holds(m, p->b, state);
	case LIT_OR: return lit_holds(m, p->a, state) || lit_holds(m, p->b, state);
	case LIT_NOT: return !lit_holds(m, p->a, state);
	case LIT_IMPLIES: return !lit_holds(m, p->a, state) || lit_holds(m, p->b, state);
	case LIT_EQ: return equal(m, p, state);
	case LIT_NE: return !equal(m, p, state);
	case LIT_HAPPENS: return state[m->t->item[p->item].slot] != 0;
	}
	return false;
}

static void put_literal(struct out *o, const struct lit_test *t, const struct lit_val *v)
{
	switch (v->kind) {
	case LIT_INT: put(o, "%" PRId64, (int64_t)v->v); break;
	case LIT_LOC: put(o, v->v ? "%s[%u]" : "%s", t->loc[v->loc].name, (unsigned)v->v); break;
	case LIT_LABEL: put(o, "label:\"P%u:%s\"", v->thread, v->text); break;
	case LIT_INSN: put(o, "instr:\"%s\"", v->text); break;
	case LIT_PTE: put_entry(o, t, v->loc, (uint32_t)v->v); break;
	}
}

/* Level of binding: 0 implication, 1 or, 2 and, 3 not and atoms. */
static void put_prop(struct out *o, const struct lit_test *t, const struct lit_prop *p, int level)
{
	static const int binds[] = {
		[LIT_TRUE] = 3, [LIT_FALSE] = 3, [LIT_AND] = 2, [LIT_OR] = 1, [LIT_NOT] = 3, [LIT_IMPLIES] = 0,
		[LIT_EQ] = 3, [LIT_NE] = 3, [LIT_HAPPENS] = 3};
	static const char *const words[] = {[LIT_AND] = " /\\ ", [LIT_OR] = " \\/ ", [LIT_IMPLIES] = " => "};
	const struct lit_item *it = &t->item[p->item];
	int b = binds[p->kind];
	bool paren = b < level;

	put(o, paren ? "(" : "");
	switch (p->kind) {
	case LIT_TRUE: put(o, "true"); break;
	case LIT_FALSE: put(o, "false"); break;
	case LIT_AND:
	case LIT_OR:
	case LIT_IMPLIES:
		put_prop(o, t, p->a, b + (p->kind == LIT_IMPLIES));
		put(o, "%s", words[p->kind]);
		put_prop(o, t, p->b, b);
		break;
	case LIT_NOT:
		put(o, "not (");
		put_prop(o, t, p->a, 0);
		put(o, ")");
		break;
	case LIT_EQ:
	case LIT_NE:
		put_item_name(o, t, it);
		put(o, p->kind == LIT_EQ ? "=" : "<>");
		put(o, p->nval > 1 ? "{" : "");
		for (unsigned k = 0; k < p->nval; k++) {
			put(o, k ? "," : "");
			put_literal(o, t, &p->val[k]);
		}
		put(o, p->nval > 1 ? "}" : "");
		break;
	case LIT_HAPPENS:
		put(o, "fault");
		put_fault(o, t, it);
		break;
	}
	put(o, paren ? ")" : "");
}

void lit_prop_text(const struct lit_test *t, char *buf, size_t size)
{
	static const char *const q[] = {"forall ", "exists ", "~exists ", "forall "};
	struct out o = {buf, buf + size};

	put(&o, "%s(", q[t->quant]);
	put_prop(&o, t, t->prop, 0);
	put(&o, ")");
}

void lit_print(FILE *f, const struct lit_model *m, const struct lit_outcome *out, double seconds)
{
	static const char *const kinds[] = {"Required", "Allowed", "Forbidden", "Required"};
	const struct lit_test *t = m->t;
	const char *obs = !out->npos ? "Never" : out->nneg ? "Sometimes" : "Always";
	char prop[8192];

	lit_prop_text(t, prop, sizeof(prop));
	fprintf(f, "Test %s %s\nStates %u\n", t->name, kinds[t->quant], out->nstates);
	for (unsigned i = 0; i < out->nstates; i++)
		fprintf(f, "%s\n", out->text[i]);
	if (out->cut)
		fprintf(f, "Loop %s (bound %u)\n", t->name, m->unroll);
	fprintf(f, "%s\nWitnesses\nPositive: %u Negative: %u\nCondition %s\nObservation %s %s %u %u\nTime %s %.4f\n",
		out->ok ? "Ok" : "No", out->npos, out->nneg, prop, t->name, obs, out->npos, out->nneg, t->name, seconds);
	if (t->hash)
		fprintf(f, "Hash=%s\n", t->hash);
	fputc('\n', f);
}
