/*
 * The I/O thread: one thread that polls file descriptors of character back
 * ends and runs short tasks for devices, so that no vCPU ever waits for the
 * host's I/O.
 *
 * A source says through prepare() what it wants to wait for now; the loop asks
 * before each poll(), so flow control needs no bookkeeping here: whoever makes
 * a change that prepare() sees calls ioloop_wake().
 *
 * All callbacks run on the loop's thread with no lock held.  The list of
 * sources belongs to that thread; ioloop_add() and ioloop_del() go there.
 */
#ifndef PARMA_DEV_IOLOOP_H
#define PARMA_DEV_IOLOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/err.h"

struct ioloop;

#define IOSOURCE_RECHECK 0x4000 /* from prepare(): ask again within half a second */

struct iosource {
	int fd;                                     /* OWNER(loop) once added; -1: not polled now */
	short (*prepare)(void *arg);                /* CONST_AFTER_INIT: POLLIN, POLLOUT, 0 (not polled), IOSOURCE_RECHECK */
	void (*ready)(void *arg, short revents);    /* CONST_AFTER_INIT */
	void *arg;                                  /* CONST_AFTER_INIT */
	struct iosource *next;                      /* OWNER(loop) */
};

struct iotask {
	void (*fn)(void *arg); /* CONST_AFTER_INIT */
	void *arg;             /* CONST_AFTER_INIT */
	uint32_t queued;       /* ATOMIC(at_xchg in ioloop_post and in the loop) */
	struct iotask *next;   /* GUARDED_BY(loop lock) */
};

/* Starts the thread. NULL with e filled on failure. */
struct ioloop *ioloop_new(struct err *e);
/* Runs what is posted, stops and joins the thread. Sources and tasks are their owners' to free. */
void ioloop_free(struct ioloop *l);

/* Runs t->fn once soon; a task already posted and not yet begun runs once. Any thread, any lock held. */
void ioloop_post(struct ioloop *l, struct iotask *t);
/* Makes the loop ask all sources again. Any thread, any lock held. */
void ioloop_wake(struct ioloop *l);
/*
 * Runs fn(arg) on the loop's thread and waits for its end. The caller must
 * hold no lock that a callback takes.
 */
void ioloop_call(struct ioloop *l, void (*fn)(void *arg), void *arg);
/* Once these return, the source is polled; or none of its callbacks runs or will run. As ioloop_call(). */
void ioloop_add(struct ioloop *l, struct iosource *s);
void ioloop_del(struct ioloop *l, struct iosource *s);
/* Once it returns, t->fn does not run and is not posted (unless someone posts again). As ioloop_call(). */
void ioloop_flush_task(struct ioloop *l, struct iotask *t);

#endif
