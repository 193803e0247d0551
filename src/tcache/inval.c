/*
 * Invalidation, and its completion (tcache.h tells the protocol).
 *
 * Why a change is never missed.  The translator sets page.watched, then reads
 * the page's generation, then the code.  Who changes code stores, makes a full
 * fence, then reads page.watched.  If that reads 0, the translator's reads come
 * later and see the change.  If not, the change takes the lock and moves the
 * generation: a block published before is in the page's list and is compared with
 * memory; one published after finds another generation than it started with.
 *
 * A block whose bytes are still the same lives: it is what a translation
 * of now would be.  Guests that patch one word of a page thus lose one block,
 * and IC IALLU of a vCPU that comes up loses nothing.
 */
#include <sched.h>
#include <stdlib.h>

#include "mem/access.h"
#include "tcache/jcache.h"
#include "tcache/tcache_priv.h"

/* -- pages -- */

struct place {
	unsigned top, mid, leaf;
};
static struct place place_of(const void *host)
{
	uintptr_t n = (uintptr_t)host >> TC_PAGE_BITS;

	return (struct place){(unsigned)(n >> (TC_LEAF_BITS + TC_MID_BITS)) & ((1u << TC_TOP_BITS) - 1),
			      (unsigned)(n >> TC_LEAF_BITS) & ((1u << TC_MID_BITS) - 1), (unsigned)n & ((1u << TC_LEAF_BITS) - 1)};
}

struct tpage *tc_page(const struct tcache *t, const void *host)
{
	struct place at = place_of(host);
	struct tmid *mid = ld_acq(&t->pages[at.top]);
	struct tleaf *leaf = mid ? ld_acq(&mid->leaf[at.mid]) : NULL;

	return leaf ? &leaf->page[at.leaf] : NULL;
}

/* The node that *slot points to, made if there is none; of two that make it one wins. */
static void *node_at(void **slot, size_t bytes)
{
	void *p = ld_acq(slot), *none = NULL;

	if (p)
		return p;
	p = calloc(1, bytes);
	BUG_ON(!p);
	if (at_cas(slot, &none, p))
		return p;
	free(p);
	return none;
}

uint64_t tcache_watch(struct tcache *t, const void *host)
{
	struct place at = place_of(host);
	struct tmid *mid = node_at((void **)&t->pages[at.top], sizeof(*mid));
	struct tleaf *leaf = node_at((void **)&mid->leaf[at.mid], sizeof(*leaf));
	struct tpage *p = &leaf->page[at.leaf];

	if (!ld_acq(&p->watched))
		at_xchg(&p->watched, 1); /* a full fence before the code is read: see above */
	return (uint64_t)ld_acq(&t->gen_all) << 32 | ld_acq(&p->gen);
}

void tc_pages_free(struct tcache *t)
{
	for (unsigned k = 0; k < 1u << TC_TOP_BITS; k++) {
		for (unsigned m = 0; t->pages[k] && m < 1u << TC_MID_BITS; m++)
			free(t->pages[k]->leaf[m]);
		free(t->pages[k]);
	}
}

/* -- killing; lock held -- */

/* Out of its pages' lists. */
static void unlist(struct tblock *b)
{
	for (unsigned k = 0; k < TBLOCK_PAGES; k++) {
		struct tpage_ref *ref = &b->pages[k];

		if (!ref->page)
			continue;
		*ref->pprev = ref->next;
		if (ref->next)
			ref->next->pprev = ref->pprev;
	}
}

/* Notes a kill for tcache_poll(). */
static void log_kill(struct tcache *t, uint64_t pc)
{
	uint64_t n = t->kills + 1;

	st_sc(&t->kills, n); /* first, so that a reader knows what may be overwritten */
	st_rel(&t->kill_log[n % TC_KILL_LOG], pc);
}

void tc_note_retired(struct tcache *t) { log_kill(t, JCACHE_EMPTY); }

void tc_kill(struct tcache *t, struct tblock *b, enum kill_cause why)
{
	if (ld_rlx(&b->dead))
		return;
	tc_hash_remove(t, b);
	unlist(b);
	tc_unlink_all(t, b);
	log_kill(t, b->key.pc);
	t->stats.live--;
	tc_region_of(t, b)->live--;
	switch (why) {
	case KILL_CHANGED: t->stats.killed_changed++; break;
	case KILL_REGION: t->stats.killed_region++; break;
	}
}

uint64_t tc_moved(struct tcache *t)
{
	t->kick_wanted = true;
	st_sc(&t->epoch, t->kills + 1); /* pairs with ld_sc in tcache_poll() */
	return t->kills + 1;
}

/* Those inside that have not seen the epoch. Who comes in later polls first: tcache_enter() is a full fence, and so was moving it. */
static void kick_inside(struct tcache *t)
{
	uint64_t epoch = ld_sc(&t->epoch);

	for (struct tcache_cpu *c = ld_acq(&t->cpus); c; c = c->next) {
		void *user = ld_acq(&c->user);

		if (user && !tc_has_passed(c, epoch, false))
			t->ops.kick(user);
	}
}

void tc_unlock(struct tcache *t)
{
	bool kick = t->kick_wanted;

	t->kick_wanted = false;
	lock_drop(&t->lock);
	if (kick)
		kick_inside(t);
}

/* -- what changed -- */

static bool span_changed(const struct tspan *s, const uint32_t *copy)
{
	const uint8_t *host = s->host;

	for (uint32_t k = 0; k < s->bytes; k += 4)
		if ((uint32_t)ram_ld32(host + k) != copy[k / 4])
			return true;
	return false;
}

static bool block_changed(const struct tblock *b)
{
	const uint8_t *copy = b->guest_copy;

	for (unsigned k = 0; k < b->nspans; copy += b->spans[k++].bytes)
		if (span_changed(&b->spans[k], (const uint32_t *)copy))
			return true;
	return false;
}

static bool overlaps(const struct tblock *b, uintptr_t start, uintptr_t bytes)
{
	for (unsigned k = 0; k < b->nspans; k++) {
		uintptr_t at = (uintptr_t)b->spans[k].host;

		if (at < start + bytes && start < at + b->spans[k].bytes)
			return true;
	}
	return false;
}

/* Returns whether blocks died. Lock held. */
static bool check_page(struct tcache *t, struct tpage *p, uintptr_t start, uintptr_t bytes)
{
	bool died = false;

	at_add(&p->gen, 1); /* pairs with ld_acq in tcache_watch() */
	for (struct tpage_ref *ref = p->refs, *next; ref; ref = next) {
		next = ref->next;
		if (!overlaps(ref->block, start, bytes))
			continue;
		if (block_changed(ref->block)) {
			tc_kill(t, ref->block, KILL_CHANGED);
			died = true;
		} else {
			t->stats.kept_same++;
		}
	}
	return died;
}

static void finish(struct tcache *t, struct tcache_cpu *c, bool died)
{
	/*
	 * What another sweep has killed but not announced yet (it drops the lock in between), or what a
	 * vCPU still may hold of it, is this invalidation's business just as well.
	 */
	if (died || t->epoch != t->kills + 1)
		tc_moved(t);
	if (c)
		c->unsynced = t->epoch;
	tc_unlock(t);
}

/* -- entry points -- */

void tcache_invalidate(struct tcache *t, struct tcache_cpu *c, const void *host, size_t bytes)
{
	uintptr_t at = (uintptr_t)host, end = at + bytes;

	while (at < end) {
		uintptr_t page_end = MIN((at | (TC_PAGE - 1)) + 1, end);
		struct tpage *p = tc_page(t, (const void *)at);

		if (p && ld_sc(&p->watched)) {
			lock_take(&t->lock);
			finish(t, c, check_page(t, p, at, page_end - at));
		}
		at = page_end;
	}
}

typedef bool sweep_fn(const struct tblock *b, uint64_t arg); /* must it die? */

static bool sweep_changed(const struct tblock *b, uint64_t arg) { return block_changed(b); }
static bool sweep_all(const struct tblock *b, uint64_t arg) { return true; }
static bool sweep_page(const struct tblock *b, uint64_t pc) { return !((b->key.pc ^ pc) & ~(uint64_t)(TC_PAGE - 1)); }

/* Kills those of a region's blocks that must die. Returns whether there were any. Lock held. */
static bool sweep_region(struct tcache *t, const struct region *r, sweep_fn *dies, uint64_t arg)
{
	bool died = false;

	for (struct tblock *b = NULL; (b = tc_region_next(r, b));) {
		if (ld_rlx(&b->dead))
			continue;
		if (dies(b, arg)) {
			tc_kill(t, b, KILL_CHANGED);
			died = true;
		} else {
			t->stats.kept_same++;
		}
	}
	return died;
}

/* In short holds of the lock: what is published from now on was read from now on (gen_all). */
static void sweep(struct tcache *t, struct tcache_cpu *c, sweep_fn *dies, uint64_t arg)
{
	bool died = false;

	at_add(&t->gen_all, 1); /* pairs with ld_acq in tcache_watch() */
	for (unsigned k = 0; k < t->nregions; k++) {
		lock_take(&t->lock);
		died |= sweep_region(t, &t->regions[k], dies, arg);
		lock_drop(&t->lock);
	}
	lock_take(&t->lock);
	finish(t, c, died);
}

void tcache_invalidate_all(struct tcache *t, struct tcache_cpu *c) { sweep(t, c, sweep_changed, 0); }
void tcache_flush(struct tcache *t) { sweep(t, NULL, sweep_all, 0); }
void tcache_flush_page(struct tcache *t, uint64_t pc) { sweep(t, NULL, sweep_page, pc); }

void tcache_kill(struct tcache *t, struct tblock *b)
{
	lock_take(&t->lock);
	tc_kill(t, b, KILL_CHANGED);
	finish(t, NULL, true);
}

/* -- completion -- */

/* A full fence, before the tcache_poll() that follows. */
void tcache_enter(struct tcache_cpu *c) { at_xchg(&c->place, CPU_IN); }
void tcache_leave(struct tcache_cpu *c) { at_xchg(&c->place, CPU_OUT); }

void tcache_pause(struct tcache_cpu *c)
{
	if (ld_rlx(&c->place) == CPU_IN)
		at_xchg(&c->place, CPU_SYNC);
}
void tcache_resume(struct tcache_cpu *c)
{
	if (ld_rlx(&c->place) == CPU_SYNC)
		at_xchg(&c->place, CPU_IN);
}

int tcache_poll(struct tcache_cpu *c, uint64_t pcs[TCACHE_POLL_MAX])
{
	struct tcache *t = c->tcache;
	uint64_t seen = c->seen, now = ld_sc(&t->epoch);
	int n = 0;

	if (likely(now == seen))
		return 0;
	/* Epoch e: kills below e are seen to. */
	for (uint64_t k = seen; k < now && now - seen <= TCACHE_POLL_MAX; k++)
		pcs[n++] = ld_acq(&t->kill_log[k % TC_KILL_LOG]);
	if (now - seen > TCACHE_POLL_MAX || ld_sc(&t->kills) - seen >= TC_KILL_LOG)
		n = -1;
	st_rel(&c->seen, now); /* pairs with ld_acq in tc_has_passed() */
	return n;
}

bool tc_has_passed(struct tcache_cpu *c, uint64_t epoch, bool sync)
{
	return ld_sc(&c->place) <= (sync ? CPU_SYNC : CPU_OUT) || ld_acq(&c->seen) >= epoch;
}

void tcache_sync(struct tcache_cpu *c, void (*serve)(void *arg), void *arg)
{
	uint32_t place;

	if (likely(!c->unsynced))
		return;
	place = at_xchg(&c->place, CPU_SYNC); /* two that wait for each other both go on */
	for (struct tcache_cpu *o = ld_acq(&c->tcache->cpus); o; o = o->next)
		for (unsigned spins = 0; o != c && !tc_has_passed(o, c->unsynced, true); spins++) {
			if (serve)
				serve(arg);
			if (spins < 100)
				cpu_relax();
			else
				sched_yield();
		}
	c->unsynced = 0;
	at_xchg(&c->place, place);
}
