/* See lock.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/lock.h"

#include "base/atomic.h"
#include "base/bug.h"
#include "base/clock.h"

#ifdef PARMA_DEBUG
#define MAX_HELD 16
static __thread enum lock_rank held[MAX_HELD];
static __thread unsigned nheld;

static void rank_push(const struct lock *l)
{
	BUG_ON(nheld == MAX_HELD);
	BUG_ON(nheld && held[nheld - 1] >= l->rank);
	held[nheld++] = l->rank;
}

static void rank_pop(const struct lock *l)
{
	unsigned k = nheld;

	while (k && held[k - 1] != l->rank)
		k--;
	BUG_ON(!k);
	for (; k < nheld; k++)
		held[k - 1] = held[k];
	nheld--;
}
#else
static void rank_push(const struct lock *l) { (void)l; }
static void rank_pop(const struct lock *l) { (void)l; }
#endif

void lock_init(struct lock *l, enum lock_rank rank)
{
	pthread_mutex_init(&l->m, NULL);
	l->rank = rank;
}

void lock_destroy(struct lock *l) { pthread_mutex_destroy(&l->m); }

static __thread uint64_t *wait_ns, *wait_since;

void lock_wait_account(uint64_t *ns, uint64_t *since)
{
	wait_ns = ns;
	wait_since = since;
}

static void take_slowly(struct lock *l)
{
	uint64_t t0;

	if (!wait_ns) {
		pthread_mutex_lock(&l->m);
		return;
	}
	t0 = clock_ns();
	st_rel(wait_since, t0); /* pairs with ld_acq of whoever reads the account */
	pthread_mutex_lock(&l->m);
	st_rel(wait_since, 0);
	st_rlx(wait_ns, *wait_ns + (clock_ns() - t0));
}

void lock_take(struct lock *l)
{
	rank_push(l);
	if (pthread_mutex_trylock(&l->m))
		take_slowly(l);
}

void lock_drop(struct lock *l)
{
	rank_pop(l);
	pthread_mutex_unlock(&l->m);
}

void lock_wait(struct lock *l, pthread_cond_t *c)
{
	pthread_cond_wait(c, &l->m);
}
