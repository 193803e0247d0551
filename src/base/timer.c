/* See timer.h.  A binary heap under one lock; the thread sleeps until the earliest entry. */
#include "base/timer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/lock.h"

static struct lock lk = LOCK_INIT(RANK_TIMER);
static pthread_cond_t wake;
static pthread_t thread;
static struct timer **heap; /* GUARDED_BY(lk) */
static unsigned nheap, cap; /* GUARDED_BY(lk) */
static bool running;        /* GUARDED_BY(lk) */

static void put(unsigned k, struct timer *t)
{
	heap[k] = t;
	t->slot = k;
}

static void sift_up(unsigned k)
{
	struct timer *t = heap[k];

	for (; k && heap[(k - 1) / 2]->when_ns > t->when_ns; k = (k - 1) / 2)
		put(k, heap[(k - 1) / 2]);
	put(k, t);
}

static void sift_down(unsigned k)
{
	struct timer *t = heap[k];

	for (unsigned c; (c = 2 * k + 1) < nheap; k = c) {
		if (c + 1 < nheap && heap[c + 1]->when_ns < heap[c]->when_ns)
			c++;
		if (heap[c]->when_ns >= t->when_ns)
			break;
		put(k, heap[c]);
	}
	put(k, t);
}

static void heap_remove(struct timer *t)
{
	unsigned k = t->slot;
	struct timer *last = heap[--nheap];

	if (last != t) {
		put(k, last);
		sift_up(k);
		sift_down(last->slot);
	}
	t->when_ns = TIMER_NEVER;
}

static void heap_insert(struct timer *t)
{
	if (nheap == cap) {
		cap = cap ? 2 * cap : 64;
		heap = realloc(heap, cap * sizeof(*heap));
		BUG_ON(!heap);
	}
	put(nheap, t);
	sift_up(nheap++);
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
	*t = (struct timer){.fn = fn, .arg = arg, .when_ns = TIMER_NEVER};
}

void timer_set(struct timer *t, uint64_t when_ns)
{
	lock_take(&lk);
	if (t->when_ns != TIMER_NEVER)
		heap_remove(t);
	t->when_ns = when_ns;
	if (when_ns != TIMER_NEVER) {
		heap_insert(t);
		if (t->slot == 0)
			pthread_cond_signal(&wake);
	}
	lock_drop(&lk);
}

void timer_run_due(void)
{
	lock_take(&lk);
	while (nheap && heap[0]->when_ns <= clock_ns()) {
		struct timer *t = heap[0];

		heap_remove(t);
		lock_drop(&lk);
		t->fn(t->arg);
		lock_take(&lk);
	}
	lock_drop(&lk);
}

uint64_t timer_next_ns(void)
{
	uint64_t when;

	lock_take(&lk);
	when = nheap ? heap[0]->when_ns : TIMER_NEVER;
	lock_drop(&lk);
	return when;
}

static void *timer_thread(void *unused)
{
	(void)unused;
	lock_take(&lk);
	while (running) {
		uint64_t now = clock_ns();

		if (nheap && heap[0]->when_ns <= now) {
			struct timer *t = heap[0];

			heap_remove(t);
			lock_drop(&lk);
			t->fn(t->arg);
			lock_take(&lk);
		} else if (nheap) {
			struct timespec ts = {(time_t)(heap[0]->when_ns / 1000000000u),
					      (long)(heap[0]->when_ns % 1000000000u)};

			if (ts.tv_sec < 0)
				ts = (struct timespec){INT32_MAX, 0};
			pthread_cond_timedwait(&wake, &lk.m, &ts);
		} else {
			lock_wait(&lk, &wake);
		}
	}
	lock_drop(&lk);
	return NULL;
}

int timer_service_start(struct err *e)
{
	pthread_condattr_t a;
	int rc;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &a);
	pthread_condattr_destroy(&a);
	running = true;
	rc = pthread_create(&thread, NULL, timer_thread, NULL);
	if (rc) {
		running = false;
		return err_set(e, EXIT_HOST, "cannot start the timer thread: %s", strerror(rc));
	}
	pthread_setname_np(thread, "timer");
	return 0;
}

void timer_service_stop(void)
{
	lock_take(&lk);
	if (!running) {
		lock_drop(&lk);
		return;
	}
	running = false;
	pthread_cond_signal(&wake);
	lock_drop(&lk);
	pthread_join(thread, NULL);
}
