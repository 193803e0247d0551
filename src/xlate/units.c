/* See units.h. */
#include "xlate/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/lock.h"
#include "base/rcu.h"

#define HASH_BITS 16
#define HASH_SIZE (1u << HASH_BITS)
#define PAGE_BITS 14
#define PAGE_SIZE_ (1u << PAGE_BITS)
#define MAX_REGIONS 64
#define ARENA (128u << 10)

struct region {
	uint8_t *start, *end;   /* CONST_AFTER_INIT, writable view */
	uint8_t *next;          /* GUARDED_BY(lock) first free byte */
	struct tc_unit *units;  /* GUARDED_BY(lock) */
};

uint32_t tc_epoch;

static struct {
	struct lock lock;
	pthread_cond_t reclaimed;
	bool reclaiming;                /* GUARDED_BY(lock) */
	struct tc_unit *hash[HASH_SIZE]; /* RCU(tcache) */
	struct tc_unit *page[PAGE_SIZE_]; /* GUARDED_BY(lock) by guest page (host address) */
	uint32_t page_gen[PAGE_SIZE_];  /* ATOMIC: counts invalidations; st_rel under the lock, ld_acq in tc_begin() */
	struct region region[MAX_REGIONS];
	unsigned nregions, cur;         /* cur: GUARDED_BY(lock) */
	uint32_t serial;                /* GUARDED_BY(lock) counts regions started */
	uint8_t *w, *x;
	size_t bytes;
	const struct tc_ops *ops;
	uint64_t code_bytes, units;     /* GUARDED_BY(lock) */
} tc;

/* A thread's arena: the part of a region that it fills. */
static _Thread_local struct {
	uint8_t *p, *end;
	unsigned region;
	uint32_t serial;
} arena;

static unsigned hash_of(const uint32_t *host, uint64_t pc, uint32_t ctx)
{
	uint64_t h = ((uintptr_t)host >> 2) * UINT64_C(0x9e3779b97f4a7c15) ^ pc * UINT64_C(0xc2b2ae3d27d4eb4f) ^ ctx * UINT64_C(0x165667b19e3779f9);

	return (unsigned)(h >> (64 - HASH_BITS));
}
static struct tc_unit **page_of(const void *host)
{
	uint64_t h = ((uintptr_t)host >> 12) * UINT64_C(0x9e3779b97f4a7c15);

	return &tc.page[h >> (64 - PAGE_BITS)];
}

int tc_init(size_t bytes, unsigned regions, const struct tc_ops *ops, struct err *e)
{
	int fd = memfd_create("parma-code", MFD_CLOEXEC);

	lock_init(&tc.lock, RANK_TCACHE);
	pthread_cond_init(&tc.reclaimed, NULL);
	tc.bytes = ALIGN_UP(bytes, (size_t)65536);
	if (fd < 0 || ftruncate(fd, (off_t)tc.bytes))
		return err_set(e, EXIT_HOST, "cannot make code memory of %zu bytes: %s", tc.bytes, strerror(errno));
	tc.w = mmap(NULL, tc.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tc.x = mmap(NULL, tc.bytes, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	close(fd);
	if (tc.w == MAP_FAILED || tc.x == MAP_FAILED)
		return err_set(e, EXIT_HOST, "cannot map code memory (is executable shared memory forbidden here?): %s",
			       strerror(errno));
	tc.ops = ops;
	tc.nregions = MIN(MAX(regions, 2u), MAX_REGIONS);
	for (unsigned k = 0; k < tc.nregions; k++) {
		struct region *r = &tc.region[k];

		r->start = r->next = tc.w + tc.bytes / tc.nregions / 4096 * 4096 * k;
		r->end = r->start + tc.bytes / tc.nregions / 4096 * 4096;
	}
	return 0;
}

uint8_t *tc_reserve(size_t size, intptr_t *delta)
{
	struct region *r = &tc.region[0];
	uint8_t *p = r->start;

	*delta = tc.x - tc.w;
	r->start += size;
	r->next = r->start;
	return p;
}

static void free_unit(struct tc_unit *u)
{
	free(u->data);
	free(u->out);
	free(u);
}

void tc_fini(void)
{
	if (!tc.w)
		return;
	for (unsigned k = 0; k < tc.nregions; k++)
		for (struct tc_unit *u = tc.region[k].units, *next; u; u = next) {
			next = u->region_next;
			free_unit(u);
		}
	munmap(tc.w, tc.bytes);
	munmap(tc.x, tc.bytes);
	memset(&tc, 0, sizeof(tc));
}

struct tc_unit *tc_find(const uint32_t *host, uint64_t pc, uint32_t ctx)
{
	struct tc_unit *u = ld_acq(&tc.hash[hash_of(host, pc, ctx)]); /* pairs with st_rel in tc_add() */

	while (u && (u->host != host || u->pc != pc || u->ctx != ctx))
		u = ld_acq(&u->hash_next);
	return u;
}

/* -- links -- */

static void unlink_out(struct tc_out *o)
{
	if (!o->to)
		return;
	*o->prev = o->next;
	if (o->next)
		o->next->prev = o->prev;
	o->to = 0;
	tc.ops->link(o, 0);
}

void tc_link(struct tc_unit *u, unsigned k, struct tc_unit *to)
{
	struct tc_out *o = &u->out[k];

	lock_take(&tc.lock);
	if (!u->dead && !to->dead && !o->to) {
		o->to = to;
		o->next = to->in;
		o->prev = &to->in;
		if (o->next)
			o->next->prev = &o->next;
		to->in = o;
		tc.ops->link(o, to->code);
	}
	lock_drop(&tc.lock);
}

/* Takes u out of everything that leads to it. Lock held. */
static void kill(struct tc_unit *u)
{
	struct tc_unit **p;

	if (u->dead)
		return;
	for (p = &tc.hash[hash_of(u->host, u->pc, u->ctx)]; *p != u; p = &(*p)->hash_next)
		;
	st_rel(p, u->hash_next);
	for (p = page_of(u->host); *p != u; p = &(*p)->page_next)
		;
	*p = u->page_next;
	tc.ops->kill(u->wcode, u->stale);
	while (u->in)
		unlink_out(u->in);
	for (unsigned k = 0; k < u->nout; k++)
		unlink_out(&u->out[k]);
	st_rel(&u->dead, 1);
	tc.units--;
}

void tc_invalidate(const void *host, size_t len)
{
	uintptr_t lo = (uintptr_t)host, hi = lo + len;

	if (!tc.w)
		return;
	lock_take(&tc.lock);
	if (!host) {
		for (unsigned k = 0; k < PAGE_SIZE_; k++) {
			st_rel(&tc.page_gen[k], tc.page_gen[k] + 1);
			while (tc.page[k])
				kill(tc.page[k]);
		}
	} else {
		uint32_t *gen = &tc.page_gen[page_of(host) - tc.page];

		st_rel(gen, *gen + 1);
		for (struct tc_unit *u = *page_of(host), *next; u; u = next) {
			next = u->page_next;
			if ((uintptr_t)u->guest_host < hi && (uintptr_t)u->guest_host + u->guest_bytes > lo)
				kill(u);
		}
	}
	lock_drop(&tc.lock);
}

/* -- code memory -- */

/* Empties region k; the lock is dropped and taken again around the grace period. */
static void retire(unsigned k)
{
	struct region *r = &tc.region[k];
	struct tc_unit *dead = r->units;

	for (struct tc_unit *u = dead; u; u = u->region_next) {
		kill(u);
		tc.code_bytes -= u->size;
	}
	r->units = 0;
	if (!dead && r->next == r->start)
		return;
	at_add(&tc_epoch, 1); /* pairs with ld_acq after tc_quiescent() */
	tc.reclaiming = true;
	lock_drop(&tc.lock);
	tc.ops->poke();
	urcu_qsbr_synchronize_rcu();
	for (struct tc_unit *u = dead, *next; u; u = next) {
		next = u->region_next;
		free_unit(u);
	}
	lock_take(&tc.lock);
	r->next = r->start;
	tc.reclaiming = false;
	pthread_cond_broadcast(&tc.reclaimed);
}

/* A fresh arena of at least `need` bytes for this thread. Lock held. */
static bool new_arena(size_t need)
{
	struct region *r;
	size_t want;

	for (;;) {
		while (tc.reclaiming) {
			rcu_offline();
			lock_wait(&tc.lock, &tc.reclaimed);
			rcu_online();
		}
		r = &tc.region[tc.cur];
		if ((size_t)(r->end - r->next) >= need)
			break;
		if (need > (size_t)(r->end - r->start) / 2)
			return false;
		tc.cur = (tc.cur + 1) % tc.nregions;
		tc.serial++;
		retire(tc.cur);
	}
	want = MIN((size_t)(r->end - r->next), MAX(need, MIN((size_t)ARENA, (size_t)(r->end - r->start) / 8)));
	arena.p = r->next;
	arena.end = r->next + want;
	arena.region = tc.cur;
	arena.serial = tc.serial;
	r->next += want;
	return true;
}

bool tc_begin(struct tc_window *w, size_t need, const void *host)
{
	bool good = true;

	/* An arena in a region that has been given up since may be cleared under us: take a new one. */
	if ((size_t)(arena.end - arena.p) < need || arena.serial != ld_acq(&tc.serial)) {
		/* Who is waited for in here may itself be in a DSB, waiting for us to serve its TLB maintenance. */
		tc.ops->wait(true);
		rcu_offline();
		lock_take(&tc.lock);
		rcu_online();
		good = new_arena(need);
		lock_drop(&tc.lock);
		tc.ops->wait(false);
	}
	w->buf = arena.p;
	w->end = arena.end;
	w->delta = tc.x - tc.w;
	w->region = arena.region;
	w->gen = ld_acq(&tc.page_gen[page_of(host) - tc.page]); /* the guest's code is read after this */
	return good;
}

struct tc_unit *tc_add(struct tc_unit *u, struct tc_window *w)
{
	struct tc_unit **h = &tc.hash[hash_of(u->host, u->pc, u->ctx)], *old, **page = page_of(u->host);

	lock_take(&tc.lock);
	old = tc_find(u->host, u->pc, u->ctx);
	if (tc.page_gen[page - tc.page] != w->gen) { /* invalidated meanwhile: it may be made of old code */
		lock_drop(&tc.lock);
		free_unit(u);
		return NULL;
	}
	if (old || arena.serial != tc.serial) { /* someone was quicker, or the region is being emptied */
		lock_drop(&tc.lock);
		free_unit(u);
		return old;
	}
	u->hash_next = *h;
	u->page_next = *page;
	*page = u;
	u->region_next = tc.region[w->region].units;
	tc.region[w->region].units = u;
	tc.code_bytes += u->size;
	tc.units++;
	arena.p = u->wcode + u->size;
	st_rel(h, u); /* pairs with ld_acq in tc_find() */
	lock_drop(&tc.lock);
	return u;
}

void tc_usage(uint64_t *code_bytes, uint64_t *units)
{
	lock_take(&tc.lock);
	*code_bytes = tc.code_bytes;
	*units = tc.units;
	lock_drop(&tc.lock);
}
