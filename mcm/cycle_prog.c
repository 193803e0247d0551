/*
 * From a cycle to its program: accesses become operations, thread by thread;
 * locations change at each edge to another location; writes of a location are
 * numbered along the cycle, which is the coherence order that shows it.
 */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "mcm/cycle.h"

struct layout {
	unsigned first;              /* the access that starts thread 0 */
	unsigned thread[CYCLE_MAX];
	unsigned loc[CYCLE_MAX];
	uint32_t val[CYCLE_MAX];     /* written, or to be read */
	uint32_t last[CYCLE_MAX];    /* per location: the last value written */
	unsigned nwrites[CYCLE_MAX]; /* per location */
	unsigned nlocs, nthreads;
	unsigned op[CYCLE_MAX];      /* operation number of an access in its thread */
};

static bool ext_edge(const struct cycle *c, unsigned i) { return c->e[i % c->n].kind <= CY_COE; }
static bool diff_edge(const struct cycle *c, unsigned i) { return c->e[i % c->n].kind >= CY_PO; }


static void lay_out(const struct cycle *c, struct layout *l)
{
	unsigned ndiff = 0, s = 0, loc = 0, t = 0;

	memset(l, 0, sizeof(*l));
	l->first = cycle_start(c);
	for (unsigned i = 0; i < c->n; i++)
		ndiff += diff_edge(c, i);
	l->nlocs = MAX(1u, ndiff);
	for (unsigned k = 0; k < c->n; k++) {
		unsigned i = (l->first + k) % c->n;

		l->thread[i] = t;
		l->loc[i] = loc;
		t += ext_edge(c, i);
		loc = (loc + diff_edge(c, i)) % l->nlocs;
	}
	l->nthreads = t;
	/* values: from the beginning of a location's stretch */
	for (s = 0; s < c->n; s++) {
		unsigned prev = (s + c->n - 1) % c->n;

		if (ndiff ? diff_edge(c, prev) : c->e[prev].kind == CY_SAME)
			break;
	}
	for (unsigned k = 0; k < c->n; k++) {
		unsigned i = (s + k) % c->n, x = l->loc[i];

		if (c->e[i].from_w) {
			l->val[i] = ++l->last[x];
			l->nwrites[x]++;
		} else {
			l->val[i] = l->last[x]; /* a read takes the newest so far */
		}
	}
}

static unsigned load_class(unsigned ann)
{
	return ann == CY_ACQ ? MCM_LD_ACQ : ann == CY_ACQPC ? MCM_LD_ACQPC : MCM_LD;
}

/* What stands between the accesses of edge i; the dependency it gives to the next operation. */
static void between(const struct cycle *c, const struct layout *l, unsigned i, struct aprog *p, struct aop *next)
{
	static const uint8_t barrier[CY_NKINDS] = {[CY_DMB_SY] = MCM_DMB_FULL, [CY_DMB_LD] = MCM_DMB_LD,
						   [CY_DMB_ST] = MCM_DMB_ST, [CY_DSB_SY] = MCM_DSB_FULL, [CY_DSB_LD] = MCM_DSB_LD, [CY_DSB_ST] = MCM_DSB_ST,
						  
						   [CY_CTRLISB] = MCM_ISB};
	unsigned t = l->thread[i], kind = c->e[i].kind;
	struct aop *op = &p->op[t][p->n[t]];

	if (barrier[kind]) {
		*op = (struct aop){.kind = AOP_BAR, .cls = barrier[kind]};
		if (kind == CY_CTRLISB) {
			op->dep = ADEP_CTRL;
			op->dep_on = (uint8_t)l->op[i];
		}
		p->n[t]++;
	}
	next->dep = kind == CY_ADDR ? ADEP_ADDR : kind == CY_DATA ? ADEP_DATA : kind == CY_CTRL ? ADEP_CTRL : ADEP_NONE;
	next->dep_on = (uint8_t)l->op[i];
}

static bool build(const struct cycle *c, struct layout *l, struct aprog *p)
{
	static const uint8_t off[CY_NACC] = {0, 0, 2, 0, 1, 2, 3}, size[CY_NACC] = {4, 2, 2, 1, 1, 1, 1};
	uint32_t pattern = cycle_mixed(c) ? 0x01010101u : 1; /* values are told apart in each byte */

	memset(p, 0, sizeof(*p));
	p->nthreads = l->nthreads;
	p->nlocs = l->nlocs;
	if (l->nthreads > APROG_MAX_THREADS || l->nlocs > APROG_MAX_LOCS)
		return false;
	for (unsigned k = 0; k < c->n; k++) {
		unsigned i = (l->first + k) % c->n, prev = (i + c->n - 1) % c->n, t = l->thread[i];
		const struct cy_edge *in = &c->e[prev], *out = &c->e[i];
		struct aop op = {.loc = (uint8_t)l->loc[i], .off = off[c->acc[i]], .size = size[c->acc[i]],
				 .val = l->val[i] * pattern};

		if (p->n[t] + 2 > APROG_MAX_OPS)
			return false;
		if (in->kind == CY_AMO) { /* the write of the operation just made */
			struct aop *swp = &p->op[t][p->n[t] - 1];
			bool a = c->ann[prev] == CY_ACQ, r = c->ann[i] == CY_REL;

			swp->val = l->val[i] * pattern;
			swp->cls = a ? (r ? MCM_RMW_AL : MCM_RMW_A) : r ? MCM_RMW_L : MCM_RMW;
			l->op[i] = p->n[t] - 1;
			continue;
		}
		if (k && !ext_edge(c, prev))
			between(c, l, prev, p, &op);
		if (in->kind == CY_LXSX) {
			op.kind = AOP_STX;
			op.cls = c->ann[i] == CY_REL ? MCM_STX_PURE_REL : MCM_STX_PURE;
		} else if (out->kind == CY_AMO) {
			op.kind = AOP_SWP;
		} else if (out->kind == CY_LXSX) {
			op.kind = AOP_LDX;
			op.cls = c->ann[i] == CY_ACQ ? MCM_LDX_ACQ : MCM_LDX;
		} else if (out->from_w) {
			op.kind = AOP_ST;
			op.cls = c->ann[i] == CY_REL ? MCM_ST_REL : MCM_ST;
		} else {
			op.kind = AOP_LD;
			op.cls = (uint8_t)load_class(c->ann[i]);
		}
		l->op[i] = p->n[t];
		p->op[t][p->n[t]++] = op;
	}
	return true;
}

bool cycle_program(const struct cycle *c, struct aprog *p)
{
	struct layout l;

	lay_out(c, &l);
	if (!build(c, &l, p))
		return false;
	cycle_name(c, p->name, sizeof(p->name));
	return true;
}

bool cycle_shown(const struct cycle *c, const struct aprog *p, const uint64_t *state)
{
	struct aprog again;
	struct layout l;
	unsigned slot[APROG_MAX_THREADS][APROG_MAX_OPS], k = 0;

	if (cycle_mixed(c))
		return false;
	lay_out(c, &l);
	build(c, &l, &again);
	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < p->n[t]; i++)
			if (aop_observed(&p->op[t][i]))
				slot[t][i] = k++;
	for (unsigned i = 0; i < c->n; i++) {
		unsigned t = l.thread[i], prev = (i + c->n - 1) % c->n;

		if (!c->e[i].from_w && state[slot[t][l.op[i]]] != l.val[i])
			return false;
		if (c->e[prev].kind == CY_LXSX && state[slot[t][l.op[i]]]) /* the store must have succeeded */
			return false;
	}
	for (unsigned x = 0; x < l.nlocs; x++)
		if (l.nwrites[x] > 1 && state[k + x] != l.last[x])
			return false;
	return true;
}
