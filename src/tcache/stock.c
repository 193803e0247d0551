/*
 * A thread that has the host give memory to the region that will be opened next, so that those who translate find
 * pages where they write, in both views: a page fault for each would be a tenth of the time that translating takes.
 * Where the thread does not come in time, or there is none, tcache_reserve() does the same in small steps.
 *
 * The host's memory is asked for without a lock.  That the region may be opened and written meanwhile does no harm: what
 * is there stays.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tcache/tcache_priv.h"

#define AHEAD ((size_t)32 << 10) /* of what is written next: more than most units have of code or tables */
#define STEP ((size_t)128 << 10)

/* An older C library does not know these; an older host refuses them, and then memory comes fault by fault. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

struct tc_stock {
	struct tcache *tcache; /* CONST_AFTER_INIT */
	sem_t wanted;
	uint32_t stop;         /* ATOMIC(st_rel in tc_stock_stop(), ld_acq by the thread) */
	pthread_t thread;      /* CONST_AFTER_INIT */
};

void tc_populate(void *from, size_t bytes) { (void)madvise(from, bytes, MADV_POPULATE_WRITE); }

static void populate_code(const struct tcache *t, uint8_t *from, size_t bytes)
{
	tc_populate(from, bytes);
	(void)madvise(from + tc_delta(t), bytes, MADV_POPULATE_READ);
}

/* How much more there must be for what is written at `end`; 0: there is enough. */
static size_t lacking(const uint8_t *ready, const uint8_t *end, const uint8_t *limit)
{
	if (likely(ready >= end + AHEAD) || ready >= limit)
		return 0;
	return MIN((size_t)(limit - ready), (size_t)(MAX(end, ready) - ready) + STEP);
}

void tc_make_ready(struct tcache *t, struct region *r)
{
	size_t n = lacking(r->code_ready, r->code_end, r->base + t->region_bytes);

	if (n) {
		populate_code(t, r->code_ready, n);
		r->code_ready += n;
	}
	n = lacking(r->meta_ready, r->meta_end, r->meta + t->meta_bytes);
	if (n) {
		tc_populate(r->meta_ready, n);
		r->meta_ready += n;
	}
}

static void *work(void *arg)
{
	struct tc_stock *s = arg;
	struct tcache *t = s->tcache;

	for (;;) {
		struct region *r;
		uint8_t *end;

		while (sem_wait(&s->wanted))
			;
		if (ld_acq(&s->stop))
			return NULL;
		lock_take(&t->lock);
		r = t->free_list;
		end = r ? r->base + t->region_bytes : NULL;
		if (r && r->code_ready == end)
			r = NULL;
		lock_drop(&t->lock);
		if (!r)
			continue;
		populate_code(t, r->base, t->region_bytes);
		tc_populate(r->meta, t->region_bytes); /* of META_RATIO times that: what is mostly used */
		lock_take(&t->lock);
		if (r->state == REGION_FREE) {
			r->code_ready = end;
			r->meta_ready = MAX(r->meta_ready, r->meta + t->region_bytes);
		}
		lock_drop(&t->lock);
	}
}

void tc_stock_want(struct tcache *t)
{
	if (t->stock)
		sem_post(&t->stock->wanted);
}

void tc_stock_start(struct tcache *t)
{
	struct tc_stock *s = calloc(1, sizeof(*s));
	sigset_t all, old;
	int failed;

	if (!s)
		return;
	s->tcache = t;
	sem_init(&s->wanted, 0, 1);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (failed) {
		sem_destroy(&s->wanted);
		free(s);
		return;
	}
	pthread_setname_np(s->thread, "stock");
	t->stock = s;
}

void tc_stock_stop(struct tcache *t)
{
	struct tc_stock *s = t->stock;

	if (!s)
		return;
	st_rel(&s->stop, 1);
	sem_post(&s->wanted);
	pthread_join(s->thread, NULL);
	sem_destroy(&s->wanted);
	free(s);
	t->stock = NULL;
}
