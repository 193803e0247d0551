/* See exclusive.h. */
#include "a64/exclusive.h"

#include <string.h>

#include "a64/a64_enc.gen.h"

#include "a64/tlbi.h"
#include "base/lock.h"
#include "mem/access.h"
#include "mem/monitor.h"

#define STORES_BEFORE_RELEASE 4096u
#define MAX_WATCHED 64

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

/* Does the instruction only compute? Everything of the groups of base.enc does, branches apart. */
static bool only_computes(const struct a64_insn *in)
{
	static const char *const groups[] = {
		"add/subtract", "logical", "move wide", "bitfield", "data processing", "conditional compare", "flag manip",
		"pc-relative",
	};

	for (unsigned k = 0; k < ARRAY_SIZE(groups); k++)
		if (!strncmp(a64_rows[in->op].group, groups[k], strlen(groups[k])))
			return true;
	return false;
}

unsigned excl_scan(const struct vcpu *c, uint64_t pc)
{
	const uint32_t *word = tlb_hit(c->tlb, TLB_X, pc, 4);
	unsigned left = (unsigned)(TLB_PAGE - (pc & (TLB_PAGE - 1))) / 4;

	for (unsigned k = 1; word && k < left && k <= EXCL_PAIR_MAX; k++) {
		struct a64_insn in;

		if (!a64_decode((uint32_t)ram_ld32(word + k), c->feats, &in))
			return 0;
		switch (in.op) {
		case A64_STXR:
		case A64_STXP: return k;
		case A64_WFE: return EXCL_WAIT;
		case A64_B_cond:
		case A64_CBZ:
		case A64_CBNZ:
		case A64_TBZ:
		case A64_TBNZ: break;
		default:
			if (!only_computes(&in))
				return 0;
		}
	}
	return 0;
}

bool excl_by_value(struct vcpu *c, unsigned mo)
{
	unsigned pair = mo >> EXCL_PAIR_SHIFT;

	if (!excl_translated)
		return false;
	if (!pair) /* not looked at by the translator */
		pair = excl_scan(c, c->pc);
	if (excl_compare_always)
		return true;
	if (!pair || c->mon.distrusted[c->pc >> 2 & (MONITOR_DISTRUSTED - 1)] == c->pc)
		return false;
	c->mon.load_pc = c->pc;
	c->mon.store_pc = pair == EXCL_WAIT ? 0 : c->pc + 4 * pair;
	return true;
}

void excl_distrust(struct vcpu *c)
{
	c->mon.distrusted[c->mon.load_pc >> 2 & (MONITOR_DISTRUSTED - 1)] = c->mon.load_pc;
}

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
