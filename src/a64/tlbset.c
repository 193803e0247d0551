/* See tlbset.h. */
#include "a64/tlbset.h"

#include <stdlib.h>
#include <string.h>

#include "a64/debug.h"
#include "a64/probe.h"
#include "a64/sysbits.h"
#include "base/bits.h"
#include "base/bug.h"

#define SPACES 8
#define L2_SET_BITS 14 /* 64 Ki entries: 256 MiB in 4 KiB pages */
#define L2_SETS (1u << L2_SET_BITS)
#define L2_WAYS 4
#define ASID_GENS 1024

/* Rights of a first-level line; what is missing takes the walk. */
#define LINE_R 1u
#define LINE_W 2u
#define LINE_X 4u
#define LINE_DEVICE 8u /* data accesses must be aligned */

struct tlb_line {
	uint64_t va;                /* page address; odd: empty */
	uint64_t pa;                /* page address */
	const struct mem_region *r;
	uint8_t flags, attr;
};

struct tlb_ctx {
	struct tlb t;
	struct tlb_line line[TLB_SIZE];
	bool dirty; /* something was filled since the last flush */
	bool top_ng; /* of the top half something that is of one ASID alone */
};

/* An address space: two roots, and a table for each set of rights. */
struct space {
	uint64_t root[2];
	uint64_t used; /* clock of the last switch to it; 0: free */
	struct tlb_ctx *ctx[TM_COUNT];
};

struct l2_entry {
	uint64_t va;   /* base of the block, tag byte removed */
	uint64_t pa;   /* base of the block */
	uint64_t root; /* table root that it came from */
	const struct mem_region *r; /* that holds all of the block; NULL: no region does */
	uint32_t gen, asid_gen;
	uint16_t asid;
	uint8_t log2, level, attr, perm;
	uint8_t sh : 2, ng : 1, clean : 1, top : 1;
};
_Static_assert(sizeof(struct l2_entry) <= 48, "many of these");

struct tlbset {
	struct space space[SPACES];
	struct space *cur;
	uint64_t clock;
	uint64_t sizes; /* bit n: entries of 2^n bytes may be present in the second level */
	uint32_t gen;   /* second-level entries of another generation are stale */
	uint32_t asid_gen[ASID_GENS];
	uint8_t victim;
	uint8_t guess[256]; /* by bits of the address: log2 of the entry that was found there last */
	struct l2_entry *l2; /* [L2_SETS][L2_WAYS] */
};

#define ROOT_FLAT UINT64_MAX /* MMU off */

/* -- first level -- */

static void ctx_clear(struct tlb_ctx *x)
{
	for (unsigned k = 0; k < TLB_SIZE; k++) {
		tlb_empty(&x->t, k);
		x->line[k].va = 1;
	}
	tlb_jumps_clear(&x->t);
	x->dirty = x->top_ng = false;
}

static struct tlb_ctx *ctx_new(void)
{
	struct tlb_ctx *x = aligned_alloc(64, ALIGN_UP(sizeof(*x), 64));

	BUG_ON(!x);
	memset(x, 0, sizeof(*x));
	ctx_clear(x);
	return x;
}

static void line_kill(struct tlb_ctx *x, unsigned k)
{
	tlb_empty(&x->t, k);
	x->line[k].va = 1;
}

/* The address without its tag byte, as bits 55..0 say: equal for all tags of one page. */
static uint64_t untagged(uint64_t va) { return sext(va, 56); }

static bool is_top(uint64_t va) { return va >> 55 & 1; }

/* The bottom half goes. The top half is the kernel's, the same for all its processes, and would be missed at each turn. */
static void ctx_clear_bottom(struct tlb_ctx *x)
{
	bool left = false;

	if (x->top_ng) {
		ctx_clear(x);
		return;
	}
	for (unsigned k = 0; k < TLB_SIZE; k++) {
		if (is_top(x->line[k].va))
			left = true;
		else if (x->line[k].va != 1)
			line_kill(x, k);
	}
	left |= tlb_jumps_clear_bottom(&x->t);
	x->dirty = left;
}

static void ctx_kill_range(struct tlb_ctx *x, uint64_t va, uint64_t npages)
{
	uint64_t first = untagged(va) & ~(TLB_PAGE - 1);

	if (!x || !x->dirty)
		return;
	if (npages >= TLB_SIZE) {
		ctx_clear(x);
		return;
	}
	for (uint64_t p = first; npages--; p += TLB_PAGE) {
		unsigned k = tlb_index(p);

		tlb_jumps_kill(&x->t, p);
		if (untagged(x->line[k].va) == p)
			line_kill(x, k);
	}
}

static void space_clear(struct space *p)
{
	for (unsigned m = 0; m < TM_COUNT; m++)
		if (p->ctx[m] && p->ctx[m]->dirty)
			ctx_clear(p->ctx[m]);
}

static void spaces_clear(struct tlbset *s)
{
	for (unsigned k = 0; k < SPACES; k++)
		if (s->space[k].used)
			space_clear(&s->space[k]);
}

static void space_clear_bottom(struct space *p)
{
	for (unsigned m = 0; m < TM_COUNT; m++)
		if (p->ctx[m] && p->ctx[m]->dirty)
			ctx_clear_bottom(p->ctx[m]);
}

static void spaces_kill_range(struct tlbset *s, uint64_t va, uint64_t npages)
{
	for (unsigned k = 0; k < SPACES; k++)
		for (unsigned m = 0; s->space[k].used && m < TM_COUNT; m++)
			ctx_kill_range(s->space[k].ctx[m], va, npages);
}

void tlbset_clear_jumps(struct vcpu *c)
{
	struct tlbset *s = c->tlbs;

	for (unsigned k = 0; k < SPACES; k++)
		for (unsigned m = 0; m < TM_COUNT; m++)
			if (s->space[k].ctx[m])
				tlb_jumps_clear(&s->space[k].ctx[m]->t);
}

void tlbset_clear_jump(struct vcpu *c, uint64_t pc)
{
	struct tlbset *s = c->tlbs;

	for (unsigned k = 0; k < SPACES; k++)
		for (unsigned m = 0; m < TM_COUNT; m++)
			if (s->space[k].ctx[m])
				tlb_jump_clear(&s->space[k].ctx[m]->t, pc);
}

/* -- contexts -- */

uint16_t tlbset_asid(const struct vcpu *c)
{
	uint64_t ttbr = c->sys.tcr & TCR_A1 ? c->sys.ttbr1 : c->sys.ttbr0;

	return (uint16_t)(ttbr >> 48 & (c->sys.tcr & TCR_AS ? 0xffff : 0xff));
}

/* Table root of one half: the base address, with the ASID above it. */
static uint64_t root_of(const struct vcpu *c, bool top)
{
	if (!(c->sys.sctlr & SCTLR_M))
		return ROOT_FLAT;
	return ((top ? c->sys.ttbr1 : c->sys.ttbr0) & mask64(48) & ~UINT64_C(1)) | (uint64_t)tlbset_asid(c) << 48;
}

static uint64_t root_base(uint64_t root) { return root == ROOT_FLAT ? root : root & mask64(48); }
static uint16_t root_asid(uint64_t root) { return (uint16_t)(root >> 48); }

static struct space *space_get(struct tlbset *s, uint64_t root0, uint64_t root1)
{
	struct space *old = &s->space[0];

	for (unsigned k = 0; k < SPACES; k++) {
		struct space *p = &s->space[k];

		if (p->used && p->root[0] == root0 && p->root[1] == root1)
			return p;
		if (p->used < old->used)
			old = p;
	}
	if (root1 != ROOT_FLAT && root_base(old->root[1]) == root_base(root1))
		space_clear_bottom(old);
	else
		space_clear(old);
	old->root[0] = root0;
	old->root[1] = root1;
	return old;
}

static struct tlb_ctx *ctx_get(struct tlbset *s, enum tlb_mode mode)
{
	struct tlb_ctx **x = &s->cur->ctx[mode];

	if (unlikely(!*x))
		*x = ctx_new();
	return *x;
}

static enum tlb_mode mode_of(const struct vcpu *c, bool el0)
{
	return el0 ? TM_EL0 : c->pan ? TM_EL1_PAN : TM_EL1;
}

void tlbset_switch(struct vcpu *c)
{
	struct tlbset *s = c->tlbs;
	uint64_t root0 = root_of(c, false), root1 = root_of(c, true);

	if (s->cur->root[0] != root0 || s->cur->root[1] != root1 || !s->cur->used)
		s->cur = space_get(s, root0, root1);
	s->cur->used = ++s->clock;
	c->tlb = &ctx_get(s, mode_of(c, c->el == 0))->t;
	c->tlb_unpriv = c->el == 0 || c->uao ? c->tlb : &ctx_get(s, TM_EL0)->t;
}

struct tlbset *tlbset_new(void)
{
	struct tlbset *s = calloc(1, sizeof(*s));

	BUG_ON(!s);
	s->l2 = calloc(L2_SETS * L2_WAYS, sizeof(*s->l2));
	BUG_ON(!s->l2);
	s->gen = 1; /* zeroed entries are stale */
	s->cur = &s->space[0];
	return s;
}

void tlbset_free(struct tlbset *s)
{
	if (!s)
		return;
	for (unsigned k = 0; k < SPACES; k++)
		for (unsigned m = 0; m < TM_COUNT; m++)
			free(s->space[k].ctx[m]);
	free(s->l2);
	free(s);
}

/* -- second level -- */

static struct l2_entry *l2_set(struct tlbset *s, uint64_t va, unsigned log2)
{
	uint64_t n = va >> log2;

	return &s->l2[((n ^ n >> L2_SET_BITS ^ log2 * 0x51u) & (L2_SETS - 1)) * L2_WAYS];
}

static bool l2_live(const struct tlbset *s, const struct l2_entry *e)
{
	return e->gen == s->gen && (!e->ng || e->asid_gen == s->asid_gen[e->asid % ASID_GENS]);
}

static struct l2_entry *l2_probe(struct tlbset *s, uint64_t va, uint64_t root, unsigned log2)
{
	uint64_t base = va & ~mask64(log2);
	struct l2_entry *e = l2_set(s, va, log2);

	for (unsigned k = 0; k < L2_WAYS; k++, e++)
		if (e->va == base && e->log2 == log2 && e->root == root_base(root) && l2_live(s, e) &&
		    (!e->ng || e->asid == root_asid(root)))
			return e;
	return NULL;
}

/* The entry for va (of any tag), or NULL. The size that the neighbourhood had last is tried first. */
static struct l2_entry *l2_find(struct tlbset *s, uint64_t va)
{
	uint64_t root = s->cur->root[va >> 55 & 1];
	uint8_t *guess = &s->guess[(va >> 21 ^ va >> 32) & 255];
	struct l2_entry *e;

	va = untagged(va);
	e = s->sizes & BIT(*guess) ? l2_probe(s, va, root, *guess) : NULL;
	for (uint64_t left = e ? 0 : s->sizes & ~BIT(*guess); left && !e; left &= left - 1) {
		e = l2_probe(s, va, root, (unsigned)__builtin_ctzll(left));
		if (e)
			*guess = e->log2;
	}
	return e;
}

static bool l2_map(struct tlbset *s, uint64_t va, struct mmu_map *m)
{
	const struct l2_entry *e = l2_find(s, va);

	if (!e)
		return false;
	*m = (struct mmu_map){.pa = e->pa | (va & mask64(e->log2)), .log2 = e->log2, .level = e->level,
			      .attr = e->attr, .sh = e->sh, .perm = e->perm, .ng = e->ng, .clean = e->clean,
			      .top = e->top};
	return true;
}

static void l2_kill(struct tlbset *s, struct l2_entry *e)
{
	if (e->gen == s->gen && e->log2 > TLB_PAGE_BITS)
		spaces_kill_range(s, e->va, UINT64_C(1) << (e->log2 - TLB_PAGE_BITS));
	e->gen = 0;
}

/* The region that a whole block lies in. */
static const struct mem_region *region_of(const struct vcpu *c, uint64_t pa, uint64_t bytes)
{
	const struct mem_region *r = physmap_find(c->pm, mk_gpa(pa));

	return r && bytes <= r->size - (pa - r->start) ? r : NULL;
}

static void l2_insert(struct vcpu *c, uint64_t va, const struct mmu_map *m)
{
	struct tlbset *s = c->tlbs;
	uint64_t root = s->cur->root[m->top], base = untagged(va) & ~mask64(m->log2);
	struct l2_entry *set = l2_set(s, base, m->log2), *e = NULL;

	for (unsigned k = 0; k < L2_WAYS; k++) {
		if (!l2_live(s, &set[k]))
			e = e ? e : &set[k];
		else if (set[k].va == base && set[k].log2 == m->log2 && set[k].root == root_base(root) &&
			 set[k].asid == root_asid(root)) {
			e = &set[k];
			break;
		}
	}
	if (!e)
		e = &set[s->victim++ % L2_WAYS];
	l2_kill(s, e);
	*e = (struct l2_entry){.va = base, .pa = m->pa & ~mask64(m->log2), .root = root_base(root), .gen = s->gen,
			       .r = region_of(c, m->pa & ~mask64(m->log2), BIT(m->log2)),
			       .asid = root_asid(root), .asid_gen = s->asid_gen[root_asid(root) % ASID_GENS],
			       .log2 = m->log2, .level = m->level, .attr = m->attr, .sh = m->sh, .perm = m->perm,
			       .ng = m->ng, .clean = m->clean, .top = m->top};
	s->sizes |= BIT(m->log2);
}

/* -- fill -- */

/* Everything that one mode may do through a mapping: LINE_R, LINE_W, LINE_X, in the order of the PERM_ bits. */
static uint8_t line_rights(uint8_t perm, bool clean, bool el0, bool pan)
{
	uint8_t rights = el0 ? perm & 7 : perm >> 3 & 7;

	if (pan && !el0 && (perm & PERM_R0))
		rights &= LINE_X;
	return clean ? rights & ~LINE_W : rights;
}

static void line_tags(struct vcpu *c, struct tlb_ctx *x, unsigned k, uint64_t va)
{
	struct tlb_line *l = &x->line[k];
	uint64_t page = va & ~(TLB_PAGE - 1), none = tlb_no_match(k);
	bool ram = l->r && l->r->host;
	bool data = ram && !(l->flags & LINE_DEVICE) && (likely(!(c->sys.mdscr & MDSCR_MDE)) || !debug_page_watched(c, page));

	/* ROM may become a chip's registers by a store in the middle of a unit, which has looked at the tag before. */
	x->t.e[k].tag[TLB_R] = data && l->flags & LINE_R && !l->r->readonly ? page : none;
	/* Pairs with excl_watch(): the word is set before the lines are dropped. */
	x->t.e[k].tag[TLB_W] = data && l->flags & LINE_W && !l->r->readonly &&
				!(l->r->watched && ld_acq(&l->r->watched[(l->pa - l->r->start) >> TLB_PAGE_BITS])) ?
			page : none;
	x->t.e[k].tag[TLB_X] = ram && l->flags & LINE_X ? page : none;
	if (unlikely(c->probe) && x->t.e[k].tag[TLB_W] != none && !c->probe->page(c, l->r->host + (l->pa - l->r->start)))
		x->t.e[k].tag[TLB_W] = none;
	if (ram)
		x->t.e[k].addend = (uint64_t)(uintptr_t)l->r->host + (l->pa - l->r->start) - page;
	x->dirty = true;
}

static const struct tlb_line *line_fill(struct vcpu *c, struct tlb_ctx *x, uint64_t va, const struct mmu_map *m,
					const struct mmu_access *a)
{
	unsigned k = tlb_index(va);
	struct tlb_line *l = &x->line[k];
	bool flat = !(c->sys.sctlr & SCTLR_M);

	*l = (struct tlb_line){
		.va = va & ~(TLB_PAGE - 1),
		.pa = m->pa & ~(TLB_PAGE - 1),
		.r = physmap_find(c->pm, mk_gpa(m->pa)),
		.flags = line_rights(m->perm, m->clean, a->el0, a->pan),
		.attr = flat ? 0 : m->attr,
	};
	x->top_ng |= m->ng && is_top(va);
	if (mmu_is_device(l->attr))
		l->flags |= LINE_DEVICE;
	line_tags(c, x, k, va);
	return l;
}

/* The second level ignores the tag byte and EL: addresses that these make invalid take the walk, which refuses them. */
static bool l2_usable(const struct vcpu *c, uint64_t va, const struct mmu_access *a)
{
	if (va != untagged(va) && !mmu_tbi(c, va))
		return false;
	return !(a->el0 && c->sys.tcr & (va >> 55 & 1 ? TCR_E0PD1 : TCR_E0PD0));
}

/* Through the second level or the tables into the first level. */
static mmu_fsc line_get(struct vcpu *c, struct tlb_ctx *x, uint64_t va, const struct mmu_access *a,
			const struct tlb_line **out)
{
	bool mmu_on = c->sys.sctlr & SCTLR_M;
	struct mmu_map m;
	mmu_fsc fsc;

	if (!mmu_on || !l2_usable(c, va, a) || !l2_map(c->tlbs, va, &m) || mmu_check(&m, a) != MMU_OK || (a->kind == MMU_WRITE && m.clean)) {
		c->st.tlb_walks++;
		fsc = mmu_walk(c, va, a, &m);
		if (fsc != MMU_OK)
			return fsc;
		if (mmu_on)
			l2_insert(c, va, &m);
	}
	*out = line_fill(c, x, va, &m, a);
	return MMU_OK;
}

void *tlbset_quick(struct vcpu *c, struct tlb *t, uint64_t va, bool write, bool el0)
{
	struct mmu_access a = {.kind = write ? MMU_WRITE : MMU_READ, .el0 = el0, .pan = c->pan};
	struct tlb_ctx *x = (struct tlb_ctx *)t;
	struct tlb_line *l = &x->line[tlb_index(va)];
	const struct l2_entry *e;
	uint8_t rights;

	_Static_assert(offsetof(struct tlb_ctx, t) == 0, "cast above");
	if (!(c->sys.sctlr & SCTLR_M) || (c->sys.mdscr & MDSCR_MDE) || !l2_usable(c, va, &a))
		return NULL;
	e = l2_find(c->tlbs, va);
	if (!e || !e->r || !e->r->host || mmu_is_device(e->attr) || e->r->readonly)
		return NULL;
	rights = line_rights(e->perm, e->clean, a.el0, a.pan);
	if (!(rights & (write ? LINE_W : LINE_R)))
		return NULL;
	*l = (struct tlb_line){.va = va & ~(TLB_PAGE - 1), .pa = (e->pa | (va & mask64(e->log2))) & ~(TLB_PAGE - 1),
			       .r = e->r, .flags = rights, .attr = e->attr};
	x->top_ng |= e->ng && is_top(va);
	line_tags(c, x, tlb_index(va), va);
	if (write && x->t.e[tlb_index(va)].tag[TLB_W] != l->va)
		return NULL;
	return (void *)(uintptr_t)(va + x->t.e[tlb_index(va)].addend);
}

mmu_fsc tlbset_resolve(struct vcpu *c, uint64_t va, enum mmu_kind kind, bool el0, struct mem_target *out)
{
	struct mmu_access a = {.kind = (uint8_t)kind, .el0 = el0, .pan = c->pan};
	struct tlb_ctx *x = ctx_get(c->tlbs, mode_of(c, el0));
	const struct tlb_line *l = &x->line[tlb_index(va)];
	mmu_fsc fsc;

	if (l->va != (va & ~(TLB_PAGE - 1)) || !(l->flags & 1u << kind)) {
		c->st.tlb_misses++;
		fsc = line_get(c, x, va, &a, &l);
		if (fsc != MMU_OK)
			return fsc;
	}
	if (kind == MMU_WRITE && x->t.e[tlb_index(va)].tag[TLB_W] != l->va) /* its page may have been let go (a64/exclusive.h) */
		line_tags(c, x, tlb_index(va), va);
	*out = (struct mem_target){.r = l->r, .pa = l->pa | (va & (TLB_PAGE - 1)), .attr = l->attr};
	if (l->r && l->r->host && !(l->r->readonly && (kind == MMU_WRITE || (kind == MMU_READ && ld_acq(&l->r->trap_reads)))))
		out->host = l->r->host + (out->pa - l->r->start);
	else if (!l->r || !l->r->host) /* several devices may share a page */
		out->r = physmap_find(c->pm, mk_gpa(out->pa));
	return MMU_OK;
}

/* -- invalidation -- */

void tlbset_inv_lines(struct vcpu *c) { spaces_clear(c->tlbs); }

void tlbset_inv_all(struct vcpu *c)
{
	struct tlbset *s = c->tlbs;

	spaces_clear(s);
	s->sizes = 0;
	if (++s->gen == 0) { /* wrapped: no entry of old may look live */
		memset(s->l2, 0, sizeof(*s->l2) * L2_SETS * L2_WAYS);
		s->gen = 1;
	}
}

static bool space_has_asid(const struct space *p, uint16_t asid)
{
	return p->root[0] != ROOT_FLAT && root_asid(p->root[0]) == asid;
}

void tlbset_inv_asid(struct vcpu *c, uint16_t asid)
{
	for (unsigned k = 0; k < SPACES; k++)
		if (c->tlbs->space[k].used && space_has_asid(&c->tlbs->space[k], asid))
			space_clear_bottom(&c->tlbs->space[k]);
	c->tlbs->asid_gen[asid % ASID_GENS]++;
}

static void l2_inv_page(struct tlbset *s, uint64_t va, uint16_t asid, bool any_asid)
{
	for (uint64_t left = s->sizes; left; left &= left - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(left);
		struct l2_entry *e = l2_set(s, va, log2);

		for (unsigned k = 0; k < L2_WAYS; k++, e++)
			if (e->gen == s->gen && e->log2 == log2 && e->va == (va & ~mask64(log2)) &&
			    (any_asid || !e->ng || e->asid == asid))
				l2_kill(s, e);
	}
}

#define RANGE_MAX_PAGES 512

void tlbset_inv_range(struct vcpu *c, uint64_t va, uint64_t npages, uint16_t asid, bool any_asid)
{
	struct tlbset *s = c->tlbs;

	va = untagged(va) & ~(TLB_PAGE - 1);
	if (npages > RANGE_MAX_PAGES) {
		tlbset_inv_all(c);
		return;
	}
	spaces_kill_range(s, va, npages);
	for (uint64_t k = 0; k < npages; k++)
		l2_inv_page(s, va + k * TLB_PAGE, asid, any_asid);
}
