/*
 * Between chardev.c (rings, front ends, escapes) and the back ends, one file
 * each.  A back end gives file descriptors and says how to open; the core does
 * all reading and writing.
 */
#ifndef PARMA_DEV_CHARDEV_PRIV_H
#define PARMA_DEV_CHARDEV_PRIV_H

#include "base/lock.h"
#include "dev/chardev.h"

#define CHARDEV_RING 65536
#define CHARDEV_MAX_USERS 4
#define CHARDEV_TYPED 4096

struct chardev_ops {
	const char *name, *help;
	/* Reads its options, opens, fills in.fd, out.fd, direct, is_open. 0, or -1 with e filled. */
	int (*open)(struct chardev *c, struct opts *o, struct err *e);
	/* Optional: the machine starts; only now may the host's files change. Not on the I/O thread. */
	void (*start)(struct chardev *c);
	/* Optional: the core is about to close the descriptors. Not on the I/O thread; no callback runs any more. */
	void (*close)(struct chardev *c);
	/* Optional: the peer went away (end of file, error). I/O thread. Default: input ends. */
	void (*hangup)(struct chardev *c);
	/* Optional: takes output instead of out.fd; must not block. With out_lock held. */
	void (*sink)(struct chardev *c, const uint8_t *buf, size_t n);
};

struct chardev {
	const struct chardev_ops *ops;   /* CONST_AFTER_INIT */
	struct chardev_env env;          /* CONST_AFTER_INIT */
	char *id;                        /* CONST_AFTER_INIT */
	bool mux;                        /* CONST_AFTER_INIT */
	bool listens;                    /* CONST_AFTER_INIT: has a server's socket */
	bool direct;                     /* CONST_AFTER_INIT: write() to out.fd never blocks */
	bool lossy;                      /* CONST_AFTER_INIT: nobody may be reading; drop rather than wait for ever */
	bool may_block;                  /* CONST_AFTER_INIT: write at most what poll() promises */
	bool held;                       /* ATOMIC(release in chardev_start, acquire on the loop) */
	void *priv;                      /* CONST_AFTER_INIT: back end's; freed by the core */
	struct iosource in, out;         /* OWNER(loop) */
	bool is_open;                    /* ATOMIC(release on the loop, acquire: chardev_is_open) */

	const struct chardev_user *user[CHARDEV_MAX_USERS]; /* OWNER(loop) */
	unsigned nusers, focus;          /* OWNER(loop); focus: index of the user that gets the input */
	bool escape;                     /* OWNER(loop): Ctrl-A was the last byte */
	bool hup;                        /* OWNER(loop): the peer left while there was no room for its last words */
	uint8_t typed[CHARDEV_TYPED];    /* OWNER(loop): a multiplexer's input that its front end has no room for */
	size_t ntyped;                   /* OWNER(loop) */
	uint64_t taken_ns;               /* OWNER(loop): when a front end last took typed input */

	struct lock out_lock;            /* rank OUTPUT */
	uint8_t *ring;                   /* GUARDED_BY(out_lock) */
	size_t head, used;               /* GUARDED_BY(out_lock) */
	uint64_t progress_ns;            /* GUARDED_BY(out_lock): when the host last took something */
	bool starved;                    /* GUARDED_BY(out_lock): somebody waits for writable() */

	struct iotask quit_task;
	int quit_status;                 /* ATOMIC(release before the task is posted; -1: not asked) */
};

extern const struct chardev_ops chardev_stdio, chardev_null, chardev_file, chardev_pty, chardev_socket, chardev_testdev;

/* Sets up sources, ring, lock of a zeroed c, without descriptors. */
void chardev_init_io(struct chardev *c);
/* Writes from the ring once; false: the peer is gone. out_lock held, or the I/O thread is done with c. */
bool chardev_drain_once(struct chardev *c);
/* Asks the machine to end with status. Any thread, any lock. The first one counts. */
void chardev_quit(struct chardev *c, int status);
/* Tells all front ends. I/O thread. */
void chardev_event(struct chardev *c, enum chardev_event ev);
/* Sets is_open and tells the front ends. I/O thread. What is pending for a peer that left is dropped. */
void chardev_set_open(struct chardev *c, bool open);
/* write() that survives EINTR and counts a full pipe as 0; -1: the peer is gone. */
ssize_t chardev_write_fd(int fd, const void *buf, size_t n);

#endif
