/* Between netdev.c (thread, card, backlog) and net_user.c (libslirp). */
#ifndef PARMA_DEV_NETDEV_PRIV_H
#define PARMA_DEV_NETDEV_PRIV_H

#include <poll.h>

#include "base/lock.h"
#include "dev/netdev.h"

#define NETDEV_MAX_FDS 4096
#define NETDEV_BACKLOG 1024 /* frames that wait for the guest's buffers; more are dropped, as by a real wire */

struct netdev_frame {
	struct netdev_frame *next;
	size_t len;
	uint8_t data[];
};

struct netdev {
	char *id;                              /* CONST_AFTER_INIT */
	void *priv;                            /* CONST_AFTER_INIT: the back end's */
	pthread_t thread;                      /* CONST_AFTER_INIT */
	int wake_fd;                           /* CONST_AFTER_INIT */
	uint32_t woken;                        /* ATOMIC(at_xchg in netdev_kick and in the thread) */
	struct lock lock;                      /* rank NET */
	pthread_cond_t changed;                /* busy fell; with lock */
	const struct netdev_client *client;    /* GUARDED_BY(lock) */
	bool busy;                             /* GUARDED_BY(lock): the thread is calling the card */
	bool stop;                             /* GUARDED_BY(lock) */
	struct netdev_frame *first, **last;    /* OWNER(thread): backlog */
	unsigned nbacklog;                     /* OWNER(thread) */
	uint8_t *frame;                        /* OWNER(thread): one fetched frame */
	struct pollfd pfd[NETDEV_MAX_FDS + 1]; /* OWNER(thread); the last one used is wake_fd */
	unsigned nfds;                         /* OWNER(thread) */
};

/* A frame from the back end to the guest. Thread. */
void netdev_deliver(struct netdev *n, const uint8_t *frame, size_t len);

/* net_user.c. Set-up and tear-down run on the set-up thread while the thread does not; the rest on the thread. */
int net_user_open(struct netdev *n, struct opts *o, struct err *e);
void net_user_close(struct netdev *n);
void net_user_input(struct netdev *n, const uint8_t *frame, size_t len);
/* Fills pfd[0..nfds) and returns poll()'s timeout in ms. */
int net_user_prepare(struct netdev *n);
/* After poll(): its result is in pfd. */
void net_user_dispatch(struct netdev *n, bool failed);

#endif
