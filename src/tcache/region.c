/*
 * Code memory: regions, reservation, and their reuse when space is short.
 *
 * Regions stand in a queue by the time they were opened.  When fewer than
 * low_water are free, the oldest that nobody is emitting into is retired: its
 * blocks die, and it is free again when every thread has polled since (that
 * is looked at when a region is wanted: no thread of its own, no timer; call_rcu()
 * of liburcu takes some 10 ms a time, which a small cache under load cannot wait).
 * Nothing is stopped for it.  A thread that finds no free region is told to come
 * back; it has to poll in between, or it would wait for itself.
 */
#include <stdlib.h>

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
	struct region *r;

	while ((r = t->retired) && all_passed(t, r->epoch)) {
		t->retired = r->next;
		if (!t->retired)
			t->last_retired = &t->retired;
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
	if (r->owner)
		r->owner->region = NULL;
	r->owner = NULL;
	r->state = REGION_RETIRED;
	if (!r->blocks)
		tc_note_retired(t);
	while (r->blocks)
		tc_kill(t, r->blocks, KILL_REGION);
	r->epoch = tc_moved(t);
	r->next = NULL;
	*t->last_retired = r;
	t->last_retired = &r->next;
	t->nretired++;
	t->stats.regions_retired++;
	return true;
}

static struct region *open_region(struct tcache *t, struct tcache_cpu *c)
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
		r->owner = c;
		r->busy = true; /* so that the loop below leaves it alone */
		r->code_end = r->base;
		r->meta_start = r->base + t->region_bytes;
		r->blocks = NULL;
	}
	while (t->nfree + t->nretired < t->low_water)
		if (!retire_oldest(t))
			break;
	return r;
}

size_t tcache_max_reserve(const struct tcache *t) { return t->region_bytes; }

bool tcache_reserve(struct tcache_cpu *c, size_t bytes, struct tspace *s)
{
	struct tcache *t = c->tcache;
	struct region *r;

	BUG_ON(bytes > t->region_bytes);
	lock_take(&t->lock);
	r = c->region;
	if (r && bytes > (size_t)(r->meta_start - r->code_end)) {
		r->busy = false;
		r->owner = NULL;
		r = NULL;
	}
	if (!r)
		r = open_region(t, c);
	c->region = r;
	if (r) {
		r->busy = true;
		*s = (struct tspace){.rw = r->code_end, .end = r->meta_start, .delta = tc_delta(t), .block = tc_block_at(r)};
	} else {
		t->stats.reserve_waits++;
		t->kick_wanted = true;
	}
	tc_unlock(t);
	return r;
}

struct tblock *tcache_find_code(struct tcache *t, const void *pc)
{
	size_t off = (size_t)((const uint8_t *)pc - t->rx);
	struct tblock *b;

	if (off < t->glue_bytes || off >= t->glue_bytes + t->nregions * t->region_bytes)
		return NULL;
	lock_take(&t->lock);
	b = t->regions[(off - t->glue_bytes) / t->region_bytes].blocks;
	while (b && (size_t)((const uint8_t *)pc - b->code) >= b->code_bytes)
		b = b->region_next;
	lock_drop(&t->lock);
	return b && !ld_acq(&b->dead) ? b : NULL;
}
