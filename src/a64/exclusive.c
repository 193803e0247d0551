/* See exclusive.h. */
#include "a64/exclusive.h"

#include <string.h>

#include "a64/a64_enc.gen.h"
#include "a64/cpu_ops.h"
#include "a64/interp.h"
#include "a64/tlbi.h"
#include "base/lock.h"
#include "mem/access.h"
#include "mem/monitor.h"

#define STORES_BEFORE_RELEASE 4096u
#define MAX_WATCHED 64
#define MAX_DISTRUSTED 256

bool excl_translated, excl_compare_always;

/* The last pages that became watched; one that is let go early stays as a stale entry. */
static struct lock ring_lock = LOCK_INIT(RANK_LEAF);
static struct {
	const struct mem_region *r;
	uint64_t page;
} ring[MAX_WATCHED];       /* GUARDED_BY(ring_lock) */
static unsigned ring_next; /* GUARDED_BY(ring_lock) */

static const struct mem_region *region_of(const struct vcpu *c, const void *p)
{
	const struct mem_region *r = physmap_by_host(c->pm, p);

	return r && r->watched ? r : NULL;
}

static uint64_t page_of(const struct mem_region *r, const void *p)
{
	return (uint64_t)((const uint8_t *)p - r->host) >> TLB_PAGE_BITS;
}

bool excl_only_computes(const struct a64_insn *in)
{
	/* Everything of the groups of base.enc does, branches apart. */
	static const char *const groups[] = {
		"add/subtract", "logical", "move wide", "bitfield", "data processing", "conditional compare", "flag manip",
		"pc-relative",
	};

	for (unsigned k = 0; k < ARRAY_SIZE(groups); k++)
		if (!strncmp(a64_rows[in->op].group, groups[k], strlen(groups[k])))
			return true;
	return false;
}

/* -- loads that are not followed up by value -- */

static uint64_t distrusted[MAX_DISTRUSTED]; /* ATOMIC(at_cas, ld_acq): pc | 1, hashed, linear probing; 0: free */
static uint32_t distrust_all;               /* ATOMIC(st_rel, ld_acq): there are too many */

/* The entry of pc, or the free one for it, or NULL. */
static uint64_t *entry_of(uint64_t pc)
{
	unsigned at = (unsigned)(pc >> 2 ^ pc >> 12);

	for (unsigned k = 0; k < MAX_DISTRUSTED; k++) {
		uint64_t *p = &distrusted[(at + k) % MAX_DISTRUSTED], v = ld_acq(p);

		if (!v || v == (pc | 1))
			return p;
	}
	return NULL;
}

bool excl_trusted(uint64_t pc)
{
	const uint64_t *p = entry_of(pc);

	return p && !ld_acq(p) && !ld_acq(&distrust_all);
}

void excl_distrust(struct vcpu *c)
{
	uint64_t pc = c->mon.load_pc, *p, old = 0;

	if (!excl_trusted(pc)) {
		at_or(&c->request, REQ_POLL); /* known; leave the stale translation */
		return;
	}
	p = entry_of(pc);
	if (!p || !at_cas(p, &old, pc | 1))
		st_rel(&distrust_all, 1);
	if (code_distrust)
		code_distrust(c);
	at_or(&c->request, REQ_POLL);
}

/* -- a pair outside of translated code -- */

void excl_finish_pair(struct vcpu *c, uint64_t va, uint64_t val, unsigned bytes)
{
	c->mon = (struct monitor){.armed = bytes | MON_BY_VALUE | MON_PAIRED, .val = {val}, .va = va, .load_pc = c->pc};
	c->pc += 4;
	while (c->pc & (TLB_PAGE - 1)) {
		const uint32_t *word = tlb_hit(c->tlb, TLB_X, c->pc, 4);
		struct a64_insn in;

		if (!word) { /* the load may have taken the code's line of the TLB */
			uint32_t *gen;

			c->mon.armed &= ~(uint64_t)MON_PAIRED; /* for the handler, if this faults */
			word = cpu_fetch_page(c, c->pc, &gen);
			c->mon.armed |= MON_PAIRED;
		}
		if (!a64_decode((uint32_t)ram_ld32(word), c->feats, &in) || (in.op != A64_STXR && !excl_only_computes(&in)))
			break;
		interp_exec(c, &in);
		if (in.op == A64_STXR)
			break;
	}
	c->mon.armed &= ~(uint64_t)MON_PAIRED;
}

/* -- watched pages -- */

bool excl_is_watched(const struct vcpu *c, const void *p)
{
	const struct mem_region *r = region_of(c, p);

	/* Pairs with at_cas in excl_watch(); released pages: with stripe_bump() after the word became 0. */
	return r && ld_acq(&r->watched[page_of(r, p)]) >= 2;
}

/* Nobody relies on the page's stores being slow afterwards: monitors on it are cleared. */
static void let_go(const struct mem_region *r, uint64_t page)
{
	uintptr_t at = (uintptr_t)r->host + (page << TLB_PAGE_BITS);

	if (!at_xchg(&r->watched[page], 0))
		return;
	for (unsigned k = 0; k < TLB_PAGE >> MONITOR_GRANULE_LOG2; k++, at += 1u << MONITOR_GRANULE_LOG2) {
		struct monitor_stripe *s = stripe_of(at);

		stripe_take(s);
		stripe_bump(s, 1);
		stripe_drop(s);
	}
}

static void remember(const struct mem_region *r, uint64_t page)
{
	const struct mem_region *old_r;
	uint64_t old_page;

	lock_take(&ring_lock);
	old_r = ring[ring_next].r;
	old_page = ring[ring_next].page;
	ring[ring_next].r = r;
	ring[ring_next].page = page;
	ring_next = (ring_next + 1) % MAX_WATCHED;
	lock_drop(&ring_lock);
	if (old_r && (old_r != r || old_page != page))
		let_go(old_r, old_page);
}

void excl_watch(struct vcpu *c, const void *p)
{
	const struct mem_region *r = region_of(c, p);
	uint16_t *w, old = 0;

	if (!r)
		return;
	w = &r->watched[page_of(r, p)];
	if (at_cas(w, &old, 1))
		remember(r, page_of(r, p));
	else if (old >= 2)
		return;
	/* Lines filled before the word was 1 go; others see it. Each who finds 1 waits for himself. */
	tlbi_drop_lines(c);
	tlbi_dsb(c);
	c->st.pages_watched++;
	old = 1;
	at_cas(w, &old, 2); /* pairs with ld_acq in excl_is_watched(); lost: complete already, or let go */
}

void excl_slow_store(struct vcpu *c, const struct mem_region *r, uint64_t page)
{
	uint16_t old;

	if (likely(!excl_translated) || !r->watched)
		return;
	old = ld_rlx(&r->watched[page]);
	if (old < 2)
		return;
	if (old >= STORES_BEFORE_RELEASE + 2)
		let_go(r, page);
	else
		at_cas(&r->watched[page], &old, old + 1); /* a count that is lost does no harm */
}
