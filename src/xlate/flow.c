/* See flow.h. */
#include "xlate/flow.h"

#include <string.h>

#define MAX_BLOCKS 64
#define NOWHERE (-1)
/* An outer loop has fewer turns than the one inside: one in this many is not seldom. */
#define LOOP_SHARE 64

enum kind { FALLS, GOES, CALLS, MAY_GO, RETURNS, ENDS };

struct insn {
	enum kind kind;
	int to; /* word of the page, or NOWHERE */
};

/* A basic block. */
struct block {
	uint16_t at, last; /* first and last word */
	enum kind kind;
	int16_t taken, next; /* blocks, or NOWHERE */
};

struct graph {
	struct flow_page *page;
	uint64_t leads[FLOW_PAGE_WORDS / 64]; /* blocks start here */
	uint64_t seen[FLOW_PAGE_WORDS / 64];
	uint64_t turns[FLOW_PAGE_WORDS / 64]; /* seen, and of another kind than FALLS */
	bool back; /* some branch goes back */
	uint16_t queue[MAX_BLOCKS];
	unsigned nqueue;
	struct block b[MAX_BLOCKS];
	unsigned n;
	uint64_t succ[MAX_BLOCKS], pred[MAX_BLOCKS]; /* sets of blocks */
};

static int target(unsigned at, uint32_t w, unsigned shift, unsigned bits)
{
	int to = (int)at + ((int32_t)(w << (32 - shift - bits)) >> (32 - bits));

	return to >= 0 && to < FLOW_PAGE_WORDS ? to : NOWHERE;
}

/* Instructions after which the translator leaves the unit, besides branches: exceptions, writes of system registers, waits. */
static bool ends(uint32_t w)
{
	if ((w & 0xfffff01fu) == 0xd503201fu)
		return (w >> 5 & 127) == 3; /* WFI */
	if ((w & 0xffffffe0u) == 0xd51b4200u || (w & 0xffffffe0u) == 0xd51bd040u)
		return false; /* NZCV, TPIDR_EL0: nothing is specialised on them */
	return (w & 0xff000000u) == 0xd4000000u || (w & 0xfff00000u) == 0xd5100000u || (w & 0xfffff0ffu) == 0xd50330dfu;
}

/* Branches, exceptions and the system instructions have 101 in bits 28..26. */
static bool may_turn(uint32_t w) { return (w >> 26 & 7) == 5; }

static struct insn look(unsigned at, uint32_t w)
{
	if ((w & 0x7c000000u) == 0x14000000u) {
		int to = target(at, w, 0, 26);

		return (struct insn){to == NOWHERE ? ENDS : w >> 31 ? CALLS : GOES, to};
	}
	if ((w & 0xff000000u) == 0x54000000u)
		return (struct insn){(w & 15) >= 14 ? GOES : MAY_GO, target(at, w, 5, 19)};
	if ((w & 0x7e000000u) == 0x34000000u)
		return (struct insn){MAY_GO, target(at, w, 5, 19)};
	if ((w & 0x7e000000u) == 0x36000000u)
		return (struct insn){MAY_GO, target(at, w, 5, 14)};
	if ((w & 0xfe000000u) == 0xd6000000u)
		return (struct insn){(w & 0xfffffc1fu) == 0xd65f0000u ? RETURNS : ENDS, NOWHERE};
	return (struct insn){ends(w) ? ENDS : FALLS, NOWHERE};
}

bool flow_uses_flags(uint32_t w)
{
	return (w & 0xff000000u) == 0x54000000u || (w & 0x1fe00000u) == 0x1a800000u || (w & 0x1fe00000u) == 0x1a400000u ||
	       (w & 0x1fe00000u) == 0x1a000000u;
}

bool flow_loads_exclusive(uint32_t w) { return (w & 0x3fe00000u) == 0x08400000u || (w & 0xbfe00000u) == 0x88600000u; }
static bool stores_exclusive(uint32_t w) { return (w & 0x3fe00000u) == 0x08000000u || (w & 0xbfe00000u) == 0x88200000u; }

/* A CBNZ that goes back to a load-exclusive because the store-exclusive before it has failed is taken seldom: not a loop. */
static struct insn look_at(struct flow_page *p, unsigned at)
{
	uint32_t w = flow_word(p, at);
	struct insn i = look(at, w);

	if (i.kind == MAY_GO && (w & 0x7f000000u) == 0x35000000u && i.to != NOWHERE && i.to < (int)at &&
	    stores_exclusive(flow_word(p, at - 1)) && flow_loads_exclusive(flow_word(p, (unsigned)i.to)))
		return (struct insn){FALLS, NOWHERE};
	return i;
}

/* before: turns of what leads there */
static void lead(struct graph *g, int at, unsigned before)
{
	if (at < 0 || at >= FLOW_PAGE_WORDS || flow_has(g->leads, (unsigned)at) || g->nqueue == MAX_BLOCKS ||
	    flow_seldom(g->page, (unsigned)at, before, LOOP_SHARE))
		return;
	g->leads[at / 64] |= BIT(at & 63);
	g->queue[g->nqueue++] = (uint16_t)at;
}

/* Breadth first, so that what is near is seen before the limit is reached. */
static void explore(struct graph *g, unsigned entry, unsigned most)
{
	lead(g, (int)entry, 0);
	for (unsigned k = 0; k < g->nqueue; k++) {
		unsigned turns = flow_turns(g->page, g->queue[k]);

		for (unsigned at = g->queue[k]; at < FLOW_PAGE_WORDS && !flow_has(g->seen, at) && most; at++, most--) {
			struct insn i;

			g->seen[at / 64] |= BIT(at & 63);
			if (!may_turn(flow_word(g->page, at)))
				continue;
			i = look_at(g->page, at);
			if (i.kind == FALLS)
				continue;
			g->turns[at / 64] |= BIT(at & 63);
			g->back |= i.to != NOWHERE && i.to <= (int)at;
			if (i.to != NOWHERE)
				lead(g, i.to, turns);
			if (i.kind == MAY_GO || i.kind == CALLS)
				lead(g, (int)at + 1, turns);
			break;
		}
	}
}

/* The first word from `at` on that is in the set (or not, with flip); FLOW_PAGE_WORDS: none. */
static unsigned next_in(const uint64_t *set, unsigned at, uint64_t flip)
{
	for (unsigned w = at / 64; w < FLOW_PAGE_WORDS / 64; w++) {
		uint64_t m = (set[w] ^ flip) & (w == at / 64 ? ~UINT64_C(0) << (at & 63) : ~UINT64_C(0));

		if (m)
			return w * 64 + (unsigned)__builtin_ctzll(m);
	}
	return FLOW_PAGE_WORDS;
}

static void add_block(struct graph *g, unsigned at)
{
	struct block *b = &g->b[g->n++];
	unsigned turn = next_in(g->turns, at, 0), end = MIN(next_in(g->leads, at + 1, 0), next_in(g->seen, at + 1, ~UINT64_C(0)));
	struct insn i = {FALLS, NOWHERE};

	b->at = (uint16_t)at;
	b->last = (uint16_t)MIN(turn, end - 1);
	if (turn < end)
		i = look_at(g->page, turn);
	b->kind = i.kind;
	b->taken = (int16_t)i.to;
}

static int find(const struct graph *g, int at)
{
	unsigned lo = 0, hi = g->n;

	if (at == NOWHERE)
		return NOWHERE;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (g->b[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < g->n && g->b[lo].at == at ? (int)lo : NOWHERE;
}

/* Blocks in order of their places, and the edges. */
static void make_blocks(struct graph *g)
{
	uint64_t after = 0; /* blocks behind calls */

	for (unsigned w = 0; w < FLOW_PAGE_WORDS / 64; w++)
		for (uint64_t m = g->leads[w] & g->seen[w]; m; m &= m - 1)
			add_block(g, w * 64 + (unsigned)__builtin_ctzll(m));
	for (unsigned k = 0; k < g->n; k++) {
		struct block *b = &g->b[k];

		b->taken = (int16_t)find(g, b->taken);
		b->next = b->kind == GOES || b->kind == RETURNS || b->kind == ENDS ? NOWHERE : (int16_t)find(g, b->last + 1);
		if (b->kind == CALLS) {
			after |= b->taken != NOWHERE && b->next != NOWHERE ? BIT(b->next) : 0;
			b->next = NOWHERE;
		}
	}
	for (unsigned k = 0; k < g->n; k++) {
		const struct block *b = &g->b[k];

		g->succ[k] = (b->taken != NOWHERE ? BIT(b->taken) : 0) | (b->next != NOWHERE ? BIT(b->next) : 0);
		if (b->kind == RETURNS)
			g->succ[k] |= after;
		for (uint64_t m = g->succ[k]; m; m &= m - 1)
			g->pred[__builtin_ctzll(m)] |= BIT(k);
	}
}

/* What one edge or more leads to. */
static uint64_t reach(const uint64_t *edges, unsigned entry)
{
	uint64_t all = edges[entry];

	for (uint64_t todo = all; todo;) {
		unsigned k = (unsigned)__builtin_ctzll(todo);

		todo &= todo - 1;
		todo |= edges[k] & ~all;
		all |= edges[k];
	}
	return all;
}

/* The blocks on ways from `entry` to itself. */
static uint64_t component(const struct graph *g, unsigned entry)
{
	uint64_t from = reach(g->succ, entry);

	return from >> entry & 1 ? from & reach(g->pred, entry) : 0;
}

static bool is_back(const struct graph *g, unsigned from, unsigned to) { return g->b[to].at <= g->b[from].last; }

static void find_heads(struct flow *f, const struct graph *g)
{
	for (unsigned k = 0; k < g->n; k++) {
		int to = g->b[k].taken;
		unsigned at = to == NOWHERE ? 0 : g->b[to].at;

		if (to == NOWHERE || !is_back(g, k, (unsigned)to) || flow_has(f->heads, at) || flow_has(f->open, at))
			continue;
		(component(g, (unsigned)to) ? f->heads : f->open)[at / 64] |= BIT(at & 63);
	}
}

/* A block must start at k unless it has one way in, from the block before it or by a jump ahead: then it is built there. */
static bool is_start(const struct graph *g, uint64_t set, unsigned k)
{
	unsigned ways = 0;
	bool plain = true;

	for (uint64_t m = set; m; m &= m - 1) {
		unsigned from = (unsigned)__builtin_ctzll(m);
		const struct block *b = &g->b[from];

		if (!(g->succ[from] >> k & 1))
			continue;
		ways++;
		plain &= b->next == (int)k || ((b->kind == GOES || b->kind == CALLS) && !is_back(g, from, k));
	}
	return ways != 1 || !plain;
}

static void add_loop(struct flow *f, unsigned lo, unsigned hi)
{
	for (unsigned k = 0; k < f->nloops; k++) {
		struct flow_range *l = &f->loop[k];
		bool apart = hi < l->lo || l->hi < lo, nested = (lo >= l->lo && hi <= l->hi) || (l->lo >= lo && l->hi <= hi);

		if ((apart || nested) && lo != l->lo)
			continue;
		lo = MIN(lo, (unsigned)l->lo); /* overlapping: one loop with several heads */
		hi = MAX(hi, (unsigned)l->hi);
		*l = f->loop[--f->nloops];
		add_loop(f, lo, hi);
		return;
	}
	if (f->nloops < FLOW_MAX_LOOPS - 1)
		f->loop[f->nloops++] = (struct flow_range){(uint16_t)lo, (uint16_t)hi};
}

static void sort_loops(struct flow *f)
{
	for (unsigned k = 1; k < f->nloops; k++)
		for (unsigned j = k; j && f->loop[j].hi - f->loop[j].lo < f->loop[j - 1].hi - f->loop[j - 1].lo; j--) {
			struct flow_range t = f->loop[j];

			f->loop[j] = f->loop[j - 1];
			f->loop[j - 1] = t;
		}
	f->loop[f->nloops++] = (struct flow_range){0, FLOW_PAGE_WORDS - 1};
}

static void find_loops(struct flow *f, const struct graph *g, uint64_t set)
{
	for (uint64_t m = set; m; m &= m - 1) {
		unsigned from = (unsigned)__builtin_ctzll(m);

		for (uint64_t t = g->succ[from] & set; t; t &= t - 1) {
			unsigned to = (unsigned)__builtin_ctzll(t);

			if (is_back(g, from, to))
				add_loop(f, g->b[to].at, g->b[from].last);
		}
	}
	sort_loops(f);
}

static void add_start(struct flow *f, unsigned at)
{
	f->start[f->nstarts++] = (uint16_t)at;
	f->starts[at / 64] |= BIT(at & 63);
}

static bool find_starts(struct flow *f, const struct graph *g, uint64_t set, unsigned entry)
{
	add_start(f, g->b[entry].at);
	for (uint64_t m = set; m; m &= m - 1) {
		unsigned k = (unsigned)__builtin_ctzll(m);
		const struct block *b = &g->b[k];

		for (unsigned at = b->at; at <= b->last; at++)
			f->inside[at / 64] |= BIT(at & 63);
		if (b->kind == CALLS && b->taken != NOWHERE && set >> b->taken & 1) {
			int r = find(g, b->last + 1);

			if (r != NOWHERE && set >> r & 1 && f->nrets < FLOW_MAX_RETS)
				f->ret[f->nrets++] = (uint16_t)(b->last + 1);
		}
		if (k == entry || !is_start(g, set, k))
			continue;
		if (f->nstarts == FLOW_MAX_STARTS)
			return false;
		add_start(f, b->at);
	}
	return true;
}

static bool is_head(const struct graph *g, uint64_t set, unsigned k)
{
	for (uint64_t m = set; m; m &= m - 1) {
		unsigned from = (unsigned)__builtin_ctzll(m);

		if (g->succ[from] >> k & 1 && is_back(g, from, k))
			return true;
	}
	return false;
}

void flow_find(struct flow *f, struct flow_page *p, unsigned entry, unsigned most)
{
	struct graph g;
	uint64_t set;
	unsigned k;

	memset(f->heads, 0, sizeof(f->heads));
	memset(f->open, 0, sizeof(f->open));
	memset(f->inside, 0, sizeof(f->inside));
	memset(f->starts, 0, sizeof(f->starts));
	f->nstarts = f->nrets = f->nloops = 0;
	g.page = p;
	g.n = g.nqueue = 0;
	memset(g.leads, 0, sizeof(g.leads));
	memset(g.seen, 0, sizeof(g.seen));
	memset(g.turns, 0, sizeof(g.turns));
	g.back = false;
	explore(&g, entry, most);
	if (!g.back)
		return; /* no loops */
	memset(g.pred, 0, sizeof(g.pred));
	make_blocks(&g);
	find_heads(f, &g);
	k = (unsigned)find(&g, (int)entry);
	set = component(&g, k);
	if (!set || !is_head(&g, set, k))
		return;
	if (!find_starts(f, &g, set, k)) {
		f->nstarts = 0;
		return;
	}
	find_loops(f, &g, set);
}
