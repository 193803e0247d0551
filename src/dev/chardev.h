/*
 * Character back ends (-chardev, -serial): the host's end of UARTs and virtio
 * ports.  stdio, null, file, pty, socket, testdev; any of them as a
 * multiplexer with Ctrl-A escapes (mux=on).
 *
 * Output: chardev_write() takes what fits and never waits for the host.  What
 * the host does not take at once lies in a ring that the I/O thread empties; when
 * the ring is full the front end keeps its data until its writable() is called.
 *
 * Input: the I/O thread asks can_read() of the front end, reads at most that
 * much and hands it over by read().  A front end that has room again calls
 * chardev_accept_input().
 *
 * Threads: front ends' callbacks run on the I/O thread with no lock held.
 * chardev_write() and chardev_accept_input() may be called on any thread with
 * any device lock held.  Everything else is set-up.
 */
#ifndef PARMA_DEV_CHARDEV_H
#define PARMA_DEV_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/opts.h"
#include "dev/ioloop.h"

struct chardev;

enum chardev_event {
	CHARDEV_OPENED, /* there is a peer now */
	CHARDEV_CLOSED, /* there is none */
	CHARDEV_BREAK,  /* line break (Ctrl-A b) */
};

/* What a back end asks of the machine. Called on the I/O thread with no lock held. */
struct chardev_env {
	struct ioloop *loop;
	/* The user (Ctrl-A x: status 0) or the guest (testdev) ends the machine with that exit status. */
	void (*quit)(void *arg, int status);
	void *arg;
	bool held; /* no input before chardev_start(): the devices are reset until then */
};

/* A front end; any function may be NULL. */
struct chardev_user {
	size_t (*can_read)(void *arg);
	void (*read)(void *arg, const uint8_t *buf, size_t n);
	void (*event)(void *arg, enum chardev_event ev);
	void (*writable)(void *arg);
	void *arg;
};

/*
 * Makes a back end from "BACKEND,id=ID,key=value..." parsed with the implied
 * key "backend".  Nothing is read until a front end is there.  Does not free o. NULL with e filled on failure.
 *   stdio    signal=on|off
 *   null
 *   file     path=, append=on|off
 *   pty
 *   socket   path= | host=,port=; server=on|off, wait=on|off, nodelay=on|off
 *   testdev
 *   all      id=, mux=on|off
 */
struct chardev *chardev_new(const struct chardev_env *env, struct opts *o, struct err *e);
/* Lists the back ends on out. */
void chardev_help(FILE *out);
/*
 * -serial's notation as options of chardev_new(): "stdio", "mon:stdio",
 * "null", "pty", "file:PATH", "unix:PATH,server=on", "tcp:HOST:PORT,...",
 * "testdev".  NULL with e filled if it is none of these.
 */
struct opts *chardev_compat(const char *what, const char *text, struct err *e);
/* The machine starts: back ends may change files of the host. Before that call they do not. */
void chardev_start(struct chardev *c);
/*
 * Writes out what is pending (for at most some seconds) and closes. Comes after the
 * devices on it are freed, and before the loop is.
 */
void chardev_free(struct chardev *c);

const char *chardev_id(const struct chardev *c);
/* Is it the process's standard input and output? */
bool chardev_is_stdio(const struct chardev *c);
/* Adds a front end; more than one only with mux=on. u must live as long as c. 0, or -1 with e filled. */
int chardev_attach(struct chardev *c, const struct chardev_user *u, struct err *e);
/* Removes the front end; none of its callbacks runs afterwards. */
void chardev_detach(struct chardev *c, const struct chardev_user *u);
/* Is there a peer (always, but for sockets)? Any thread. */
bool chardev_is_open(const struct chardev *c);
/* Does it wait for peers, now or later? */
bool chardev_listens(const struct chardev *c);

/* Takes up to n bytes; returns how many. Short: writable() will be called. */
size_t chardev_write(struct chardev *c, const void *buf, size_t n);
/*
 * Takes all n bytes, waiting for the host; what it does not take within a second is lost.
 * For callers that have nowhere to keep them and hold no lock (semihosting).
 */
void chardev_write_all(struct chardev *c, const void *buf, size_t n);
/* The front end can take input again. */
void chardev_accept_input(struct chardev *c);

#endif
