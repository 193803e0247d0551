/*
 * Which memory accesses of a unit share one check of the TLB: plain ones off
 * the same base value, close together, with nothing between that may change
 * a translation (helpers).  Maintenance by other vCPUs takes effect between
 * units only.  A page that may be written may be read, so loads join a
 * group that a store leads.  A store joins one that a load leads, whose check is then for
 * writing, only if no branch is between them: else the page may be read-only
 * for a long time.  The two halves of a pair of exclusives are a group of their own.
 */
#include "base/passes.h"
#include "x64/lower.h"

#define WINDOW 8   /* groups open at a time */
#define SPAN 256   /* bytes from the lowest to the highest */

static bool joins(const struct ir_node *n)
{
	if (n->aux & MEM_EXCL)
		return n->op != IR_rmw;
	return (n->op == IR_ld || n->op == IR_ldv || n->op == IR_st || n->op == IR_stv) &&
	       !(n->aux & (MEM_UNPRIV | MEM_ALIGNED | MEM_ORDERED));
}

static bool is_store(const struct ir_node *n) { return n->op == IR_st || n->op == IR_stv || n->aux & MEM_EXCL; }

/* line: the first node that is executed whenever n is. */
static bool fits(const struct group *g, const struct ir_node *n, ir_ref line)
{
	int32_t lo = (int32_t)n->k, hi = lo + (1 << (n->aux & MEM_SIZE));

	if ((g->excl || n->aux & MEM_EXCL) && !(g->excl && n->aux & MEM_EXCL && lo == g->lo && hi == g->hi))
		return false;
	return g->base == n->a[0] && (g->write || !is_store(n) || g->leader >= line) && !(n->aux & MEM_CHECK_SP) && lo > -65536 && hi < 65536 &&
	       MAX(g->hi, hi) - MIN(g->lo, lo) <= SPAN;
}

static void join(struct lower *l, struct group *g, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int32_t lo = (int32_t)n->k, hi = lo + (1 << (n->aux & MEM_SIZE));

	g->lo = MIN(g->lo, lo);
	g->hi = MAX(g->hi, hi);
	g->members++;
	g->write |= is_store(n);
	l->group[r] = (uint8_t)(g - l->groups);
}

/* Groups of one member are none; the others get a value. */
static void settle(struct lower *l)
{
	struct ir_node *nodes = l->u->n;
	ir_ref ref = l->u->nn;

	for (unsigned k = 1; k <= l->ngroups; k++) {
		struct group *g = &l->groups[k];

		if (g->members < 2) {
			l->group[g->leader] = 0;
			continue;
		}
		g->ref = ref++;
		nodes[g->ref] = (struct ir_node){.op = IR_none, .type = T_INT};
		l->v[g->ref] = (struct val){.reg = -1, .live = true};
	}
}

void lo_find_groups(struct lower *l)
{
	unsigned first = 1;
	ir_ref line = 1;
	bool on = pass_on(PASS_GROUPS);

	l->ngroups = 0;
	memset(l->group, 0, l->u->nn);
	for (ir_ref r = 1; r < l->u->nn; r++) {
		const struct ir_node *n = LN(r);
		unsigned k;

		if (n->op < IR_ld) /* most */
			continue;
		if (n->op == IR_helper || n->op == IR_block)
			first = l->ngroups + 1;
		if (n->op == IR_brc)
			line = r;
		if (!joins(n) || !on)
			continue;
		if (l->ngroups + 1 - first > WINDOW)
			first = l->ngroups + 1 - WINDOW;
		for (k = l->ngroups; k >= first; k--)
			if (fits(&l->groups[k], n, line))
				break;
		if (k >= first && k) {
			join(l, &l->groups[k], r);
		} else if (l->ngroups < MAX_GROUPS - 1) {
			struct group *g = &l->groups[++l->ngroups];

			*g = (struct group){.leader = r, .base = n->a[0], .lo = (int32_t)n->k, .hi = (int32_t)n->k, .write = is_store(n),
					    .excl = n->aux & MEM_EXCL};
			join(l, g, r);
		}
	}
	settle(l);
}
