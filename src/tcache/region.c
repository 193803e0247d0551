/*
 * Code memory: regions, reservation, and their reuse when space is short.
 *
 * A thread has a region to itself from tcache_reserve() to tcache_publish(); then
 * the next that translates goes on there, so few are open at a time whatever the
 * number of vCPUs.
 *
 * Regions stand in a queue by the time they were opened.  When fewer than
 * low_water are free, the oldest that nobody is emitting into is retired: its
 * blocks die, and it is free again when every thread has polled since (that
 * is looked at when a region is wanted: no thread of its own, no timer; call_rcu()
 * of liburcu takes some 10 ms a time, which a small cache under load cannot wait).
 * Nothing is stopped for it.  A thread that finds no free region leaves the cache,
 * lest it waits for itself, and gives its host CPU away (tcache_wait()): where there
 * are more vCPUs than processors, the one that all wait for is often one that does
 * not run.
 */
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "tcache/tcache_priv.h"

bool tc_regions_init(struct tcache *t)
{
	t->glue_bytes = t->region_bytes;
	t->nregions = (unsigned)(t->bytes / t->region_bytes) - 1;
	t->low_water = MAX(2, t->nregions / 16);
	t->regions = calloc(t->nregions, sizeof(*t->regions));
	if (!t->regions)
		return false;
	t->youngest = &t->oldest;
	t->last_retired = &t->retired;
	for (unsigned k = t->nregions; k-- > 0;) {
		struct region *r = &t->regions[k];

		r->base = t->rw + t->glue_bytes + k * t->region_bytes;
		r->meta = t->meta + k * t->meta_bytes;
		r->code_ready = r->base;
		r->meta_ready = r->meta;
		r->next = t->free_list;
		t->free_list = r;
	}
	t->nfree = t->nregions;
	return true;
}

uint8_t *tcache_glue(struct tcache *t, size_t bytes, intptr_t *delta)
{
	uint8_t *p = t->rw + t->glue_used;

	BUG_ON(bytes > t->glue_bytes - t->glue_used);
	t->glue_used += ALIGN_UP(bytes, 64);
	*delta = tc_delta(t);
	return p;
}

const void *tcache_glue_code(const struct tcache *t, uint32_t *bytes)
{
	*bytes = (uint32_t)t->glue_used;
	return t->rx;
}

struct tblock *tc_region_next(const struct region *r, const struct tblock *b)
{
	uint8_t *at = b ? (uint8_t *)(uintptr_t)b + b->meta_bytes : r->meta;

	return r->state == REGION_OPEN && at < r->meta_end ? (struct tblock *)(void *)at : NULL;
}

static void add_spare(struct tcache *t, struct region *r)
{
	r->spare = true;
	r->next_spare = t->spare;
	t->spare = r;
}

static void remove_spare(struct tcache *t, struct region *r)
{
	struct region **at = &t->spare;

	if (!r->spare)
		return;
	while (*at != r)
		at = &(*at)->next_spare;
	*at = r->next_spare;
	r->spare = false;
}

void tc_give_back(struct tcache *t, struct tcache_cpu *c, bool room)
{
	if (!c->region)
		return;
	c->region->busy = false;
	if (room)
		add_spare(t, c->region);
	c->region = NULL;
}

static bool all_passed(struct tcache *t, uint64_t epoch)
{
	for (struct tcache_cpu *c = ld_acq(&t->cpus); c; c = c->next)
		if (!tc_has_passed(c, epoch, false))
			return false;
	return true;
}

/* Frees what was retired and is not in use any more. */
static void reap(struct tcache *t)
{
	uint64_t now = clock_ns();
	struct region *r;

	while ((r = t->retired) && all_passed(t, r->epoch)) {
		t->retired = r->next;
		if (!t->retired)
			t->last_retired = &t->retired;
		t->stats.grace_periods++;
		t->stats.grace_ns += now - r->retired_ns;
		r->state = REGION_FREE;
		r->next = t->free_list;
		t->free_list = r;
		t->nfree++;
		t->nretired--;
	}
}

/* Takes the oldest region that nobody emits into out of the queue; NULL: all are in use. */
static struct region *unqueue_oldest(struct tcache *t)
{
	struct region **at = &t->oldest, *r;

	while (*at && (*at)->busy)
		at = &(*at)->next;
	r = *at;
	if (!r)
		return NULL;
	*at = r->next;
	if (t->youngest == &r->next)
		t->youngest = at;
	return r;
}

/* False: nothing can be retired now. */
static bool retire_oldest(struct tcache *t)
{
	struct region *r = unqueue_oldest(t);

	if (!r)
		return false;
	remove_spare(t, r);
	if (!r->live)
		tc_note_retired(t);
	for (struct tblock *b = NULL; (b = tc_region_next(r, b));)
		tc_kill(t, b, KILL_REGION);
	r->state = REGION_RETIRED;
	r->epoch = tc_moved(t);
	r->retired_ns = clock_ns();
	r->next = NULL;
	*t->last_retired = r;
	t->last_retired = &r->next;
	t->nretired++;
	t->stats.regions_retired++;
	return true;
}

static struct region *open_region(struct tcache *t)
{
	struct region *r;

	if (t->nretired)
		reap(t);
	r = t->free_list;
	if (r) {
		t->free_list = r->next;
		t->nfree--;
		r->next = NULL;
		*t->youngest = r;
		t->youngest = &r->next;
		r->state = REGION_OPEN;
		r->busy = true; /* so that the loop below leaves it alone */
		r->code_end = r->base;
		r->meta_end = r->meta;
		r->live = 0;
	}
	while (t->nfree + t->nretired < t->low_water)
		if (!retire_oldest(t))
			break;
	return r;
}

/* One that is open already and has room. */
static struct region *take_spare(struct tcache *t, size_t bytes)
{
	struct region **at = &t->spare, *r;

	while ((r = *at) && (size_t)(r->base + t->region_bytes - r->code_end) < bytes)
		at = &r->next_spare;
	if (r) {
		*at = r->next_spare;
		r->spare = false;
		r->busy = true;
	}
	return r;
}

/* Those with hardly any room are not looked at for ever. */
static void drop_full(struct tcache *t)
{
	for (struct region **at = &t->spare, *r; (r = *at);) {
		if ((size_t)(r->base + t->region_bytes - r->code_end) >= t->region_bytes / 8) {
			at = &r->next_spare;
			continue;
		}
		*at = r->next_spare;
		r->spare = false;
	}
}

bool tcache_holds(const struct tcache *t, const void *p) { return (uintptr_t)p - (uintptr_t)t->rx < t->bytes; }

size_t tcache_max_reserve(const struct tcache *t) { return t->region_bytes; }

bool tcache_reserve(struct tcache_cpu *c, size_t bytes, struct tspace *s)
{
	struct tcache *t = c->tcache;
	struct region *r;
	bool opened = false;

	BUG_ON(bytes > t->region_bytes);
	lock_take(&t->lock);
	tc_give_back(t, c, true);
	r = take_spare(t, bytes);
	if (!r) {
		drop_full(t);
		r = open_region(t);
		opened = r;
	}
	t->stats.reserve_waits += !r;
	c->region = r;
	if (r)
		*s = (struct tspace){.rw = r->code_end, .end = r->base + t->region_bytes, .delta = tc_delta(t),
				     .id = tc_id_at(t, r->meta_end)};
	tc_unlock(t);
	if (opened)
		tc_stock_want(t);
	if (r)
		tc_make_ready(t, r);
	return r;
}

void tcache_evict(struct tcache *t)
{
	lock_take(&t->lock);
	reap(t);
	if (t->nretired <= t->nregions / 2)
		retire_oldest(t);
	tc_unlock(t);
}

/* There is a region to take, or one to retire. */
static bool has_space(struct tcache *t)
{
	bool yes;

	lock_take(&t->lock);
	reap(t);
	yes = t->nfree || !t->nretired;
	lock_drop(&t->lock);
	return yes;
}

void tcache_wait(struct tcache_cpu *c, const uint32_t *request)
{
	struct tcache *t = c->tcache;

	tcache_leave(c);
	for (unsigned n = 0; !has_space(t) && !ld_acq(request); n++) {
		if (n < 16)
			sched_yield();
		else
			nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
	}
	tcache_enter(c);
}

struct tblock *tcache_find_code(struct tcache *t, const void *pc)
{
	size_t off = (size_t)((const uint8_t *)pc - t->rx);
	struct tblock *b = NULL;

	if (off < t->glue_bytes || off >= t->glue_bytes + t->nregions * t->region_bytes)
		return NULL;
	lock_take(&t->lock);
	do
		b = tc_region_next(&t->regions[(off - t->glue_bytes) / t->region_bytes], b);
	while (b && (size_t)((const uint8_t *)pc - b->code) >= b->code_bytes);
	lock_drop(&t->lock);
	return b && !ld_acq(&b->dead) ? b : NULL;
}
