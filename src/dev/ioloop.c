/* See ioloop.h. */
#include "dev/ioloop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/lock.h"

struct ioloop {
	pthread_t thread;         /* CONST_AFTER_INIT */
	int wake_fd;              /* CONST_AFTER_INIT */
	uint32_t woken;           /* ATOMIC(at_xchg in ioloop_wake, in the loop before it asks the sources) */
	struct lock lock;         /* rank LEAF */
	pthread_cond_t done;      /* a call ended; with lock */
	struct iotask *head;      /* GUARDED_BY(lock) */
	struct iotask **tail;     /* GUARDED_BY(lock) */
	bool stop;                /* GUARDED_BY(lock) */
	struct iosource *sources; /* OWNER(loop) */
	struct pollfd *pfd;       /* OWNER(loop) */
	struct iosource **active; /* OWNER(loop): source of pfd[k]; NULL: removed during the pass */
	unsigned n, cap;          /* OWNER(loop) */
};

void ioloop_wake(struct ioloop *l)
{
	uint64_t one = 1;

	if (!at_xchg(&l->woken, 1)) {
		ssize_t r = write(l->wake_fd, &one, sizeof(one));

		(void)r; /* a full counter wakes as well */
	}
}

void ioloop_post(struct ioloop *l, struct iotask *t)
{
	if (at_xchg(&t->queued, 1))
		return;
	lock_take(&l->lock);
	t->next = NULL;
	*l->tail = t;
	l->tail = &t->next;
	lock_drop(&l->lock);
	ioloop_wake(l);
}

/* Runs one pass over what is posted; false when the loop is to stop and nothing is left. */
static bool run_tasks(struct ioloop *l)
{
	struct iotask *t, *next;
	bool stop;

	lock_take(&l->lock);
	t = l->head;
	l->head = NULL;
	l->tail = &l->head;
	stop = l->stop && !t;
	lock_drop(&l->lock);
	for (; t; t = next) {
		next = t->next;
		at_xchg(&t->queued, 0);
		t->fn(t->arg);
	}
	return !stop;
}

/* Asks the sources; returns poll()'s timeout. */
static int fill(struct ioloop *l)
{
	int timeout_ms = -1;

	l->n = 0;
	for (struct iosource *s = l->sources, *next; s; s = next) {
		short want;

		next = s->next;
		/* Asked without a descriptor too: a source hands on what it has taken before the end of its input. */
		want = s->prepare(s->arg);
		if (s->fd < 0)
			want &= IOSOURCE_RECHECK;
		if (want & IOSOURCE_RECHECK)
			timeout_ms = 500;
		want &= ~IOSOURCE_RECHECK;
		if (!want)
			continue;
		if (l->n + 1 >= l->cap) {
			l->cap = l->cap * 2 + 8;
			l->pfd = realloc(l->pfd, l->cap * sizeof(*l->pfd));
			l->active = realloc(l->active, l->cap * sizeof(struct iosource *));
			BUG_ON(!l->pfd || !l->active);
		}
		l->pfd[l->n] = (struct pollfd){s->fd, want, 0};
		l->active[l->n++] = s;
	}
	return timeout_ms;
}

static void *loop_main(void *arg)
{
	struct ioloop *l = arg;
	uint64_t count;

	for (;;) {
		ssize_t r;
		int timeout_ms;
		unsigned n;

		/* What is changed before this point is seen below; later changes write to wake_fd again. */
		at_xchg(&l->woken, 0);
		if (!run_tasks(l))
			return NULL;
		timeout_ms = fill(l);
		n = l->n;
		l->pfd[n] = (struct pollfd){l->wake_fd, POLLIN, 0};
		if (poll(l->pfd, n + 1, timeout_ms) < 0)
			continue;
		if (l->pfd[n].revents) {
			r = read(l->wake_fd, &count, sizeof(count));
			(void)r;
		}
		for (unsigned k = 0; k < n; k++)
			if (l->pfd[k].revents && l->active[k])
				l->active[k]->ready(l->active[k]->arg, l->pfd[k].revents);
		l->n = 0;
	}
}

struct ioloop *ioloop_new(struct err *e)
{
	struct ioloop *l = calloc(1, sizeof(*l));
	sigset_t all, old;
	int rc;

	BUG_ON(!l);
	l->cap = 16;
	l->pfd = calloc(l->cap, sizeof(*l->pfd));
	l->active = calloc(l->cap, sizeof(struct iosource *));
	BUG_ON(!l->pfd || !l->active);
	l->tail = &l->head;
	lock_init(&l->lock, RANK_LEAF);
	pthread_cond_init(&l->done, NULL);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = l->wake_fd < 0 ? errno : pthread_create(&l->thread, NULL, loop_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		err_set(e, EXIT_HOST, "cannot start the I/O thread: %s", strerror(rc));
		if (l->wake_fd >= 0)
			close(l->wake_fd);
		free(l->pfd);
		free(l->active);
		free(l);
		return NULL;
	}
	pthread_setname_np(l->thread, "parma-io");
	return l;
}

void ioloop_free(struct ioloop *l)
{
	if (!l)
		return;
	lock_take(&l->lock);
	l->stop = true;
	lock_drop(&l->lock);
	ioloop_wake(l);
	pthread_join(l->thread, NULL);
	close(l->wake_fd);
	pthread_cond_destroy(&l->done);
	lock_destroy(&l->lock);
	free(l->pfd);
	free(l->active);
	free(l);
}

struct call {
	struct ioloop *l;
	void (*fn)(void *arg);
	void *arg;
	bool done; /* GUARDED_BY(l->lock) */
};

static void run_call(void *arg)
{
	struct call *c = arg;
	struct ioloop *l = c->l;

	if (c->fn)
		c->fn(c->arg);
	lock_take(&l->lock);
	c->done = true;
	pthread_cond_broadcast(&l->done);
	lock_drop(&l->lock);
}

void ioloop_call(struct ioloop *l, void (*fn)(void *arg), void *arg)
{
	struct call c = {l, fn, arg, false};
	struct iotask t = {.fn = run_call, .arg = &c};

	if (pthread_equal(pthread_self(), l->thread)) {
		if (fn)
			fn(arg);
		return;
	}
	ioloop_post(l, &t);
	lock_take(&l->lock);
	while (!c.done)
		lock_wait(&l->lock, &l->done);
	lock_drop(&l->lock);
}

struct change {
	struct ioloop *l;
	struct iosource *s;
};

static void do_add(void *arg)
{
	struct change *c = arg;

	c->s->next = c->l->sources;
	c->l->sources = c->s;
}

static void do_del(void *arg)
{
	struct change *c = arg;

	for (struct iosource **p = &c->l->sources; *p; p = &(*p)->next)
		if (*p == c->s) {
			*p = c->s->next;
			break;
		}
	for (unsigned k = 0; k < c->l->n; k++)
		if (c->l->active[k] == c->s)
			c->l->active[k] = NULL;
}

void ioloop_add(struct ioloop *l, struct iosource *s)
{
	struct change c = {l, s};

	ioloop_call(l, do_add, &c);
}

void ioloop_del(struct ioloop *l, struct iosource *s)
{
	struct change c = {l, s};

	ioloop_call(l, do_del, &c);
}

void ioloop_flush_task(struct ioloop *l, struct iotask *t)
{
	/* Tasks run in order: one posted before the call has run when the call has. */
	while (ld_acq(&t->queued))
		ioloop_call(l, NULL, NULL);
	ioloop_call(l, NULL, NULL);
}
