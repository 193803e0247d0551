/* See chardev.h: output, input, escapes. Set-up is in chardev_setup.c. */
#include "dev/chardev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "dev/chardev_priv.h"

#define CTRL_A 1
#define LOSSY_AFTER_NS UINT64_C(1000000000)
#define HUNG_NS UINT64_C(1000000000)

/* ---- output ---- */

ssize_t chardev_write_fd(int fd, const void *buf, size_t n)
{
	ssize_t r;

	do
		r = write(fd, buf, n);
	while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return r;
}

static void ring_put(struct chardev *c, const uint8_t *buf, size_t n)
{
	size_t at = (c->head + c->used) % CHARDEV_RING, first = MIN(n, CHARDEV_RING - at);

	memcpy(c->ring + at, buf, first);
	memcpy(c->ring, buf + first, n - first);
	c->used += n;
}

/* Nobody reads (a pty without a program on it): forget what is old. */
static bool is_stuck(const struct chardev *c)
{
	return c->lossy && clock_ns() - c->progress_ns > LOSSY_AFTER_NS;
}

size_t chardev_write(struct chardev *c, const void *buf, size_t n)
{
	const uint8_t *p = buf;
	size_t done = 0, k;

	lock_take(&c->out_lock);
	if (c->ops->sink || !ld_acq(&c->is_open)) {
		if (c->ops->sink)
			c->ops->sink(c, p, n);
		lock_drop(&c->out_lock);
		return n;
	}
	if (!c->used) {
		c->progress_ns = clock_ns();
		if (c->direct) {
			ssize_t r = chardev_write_fd(c->out.fd, p, n);

			done = r > 0 ? (size_t)r : 0; /* a dead peer is found again on the I/O thread */
		}
	}
	k = MIN(n - done, CHARDEV_RING - c->used);
	ring_put(c, p + done, k);
	done += k;
	if (done < n && is_stuck(c)) {
		c->used = 0;
		done = n;
	}
	c->starved |= done < n;
	k = c->used;
	lock_drop(&c->out_lock);
	if (k)
		ioloop_wake(c->env.loop);
	return done;
}

void chardev_write_all(struct chardev *c, const void *buf, size_t n)
{
	const uint8_t *p = buf;
	size_t done = chardev_write(c, p, n);

	for (int tries = 0; done < n && tries < 1000; tries++) {
		struct timespec ms = {0, 1000000};
		size_t k;

		nanosleep(&ms, NULL);
		k = chardev_write(c, p + done, n - done);
		done += k;
		if (k)
			tries = 0;
	}
}

static short want_out(void *arg)
{
	struct chardev *c = arg;
	short want;

	lock_take(&c->out_lock);
	want = c->used ? POLLOUT : 0;
	lock_drop(&c->out_lock);
	return want;
}

bool chardev_drain_once(struct chardev *c)
{
	size_t n = MIN(c->used, CHARDEV_RING - c->head);
	ssize_t r;

	/* A descriptor that might block takes few bytes for sure once poll() says writable. */
	if (c->may_block)
		n = MIN(n, 512);
	r = chardev_write_fd(c->out.fd, c->ring + c->head, n);
	if (r < 0)
		return false;
	if (r > 0) {
		c->head = (c->head + (size_t)r) % CHARDEV_RING;
		c->used -= (size_t)r;
		c->progress_ns = clock_ns();
	}
	return true;
}

static void tell_writable(struct chardev *c)
{
	for (unsigned k = 0; k < c->nusers; k++)
		if (c->user[k]->writable)
			c->user[k]->writable(c->user[k]->arg);
}

static void on_out(void *arg, short revents)
{
	struct chardev *c = arg;
	bool alive, tell;

	(void)revents;
	lock_take(&c->out_lock);
	alive = !c->used || chardev_drain_once(c);
	if (!alive)
		c->used = 0;
	tell = c->starved && c->used <= CHARDEV_RING / 2;
	if (tell)
		c->starved = false;
	lock_drop(&c->out_lock);
	if (tell)
		tell_writable(c);
	if (!alive && c->ops->hangup)
		c->ops->hangup(c);
}

/* ---- the machine's end ---- */

static void do_quit(void *arg)
{
	struct chardev *c = arg;

	if (c->env.quit)
		c->env.quit(c->env.arg, ld_acq(&c->quit_status));
}

void chardev_quit(struct chardev *c, int status)
{
	int none = -1;

	if (at_cas(&c->quit_status, &none, status))
		ioloop_post(c->env.loop, &c->quit_task);
}

/* ---- input ---- */

void chardev_event(struct chardev *c, enum chardev_event ev)
{
	for (unsigned k = 0; k < c->nusers; k++)
		if (c->user[k]->event)
			c->user[k]->event(c->user[k]->arg, ev);
}

void chardev_set_open(struct chardev *c, bool open)
{
	bool tell;

	lock_take(&c->out_lock);
	st_rel(&c->is_open, open);
	c->hup = false;
	if (!open)
		c->used = 0;
	tell = c->starved;
	c->starved = false;
	lock_drop(&c->out_lock);
	chardev_event(c, open ? CHARDEV_OPENED : CHARDEV_CLOSED);
	if (tell)
		tell_writable(c);
}

static size_t room(struct chardev *c)
{
	const struct chardev_user *u = c->nusers ? c->user[c->focus] : NULL;

	return u && u->can_read ? u->can_read(u->arg) : 0;
}

/*
 * Hands typed-ahead input of a multiplexer to the front end that has the
 * focus, until it says that it has no room: then it will call when it has.
 */
static void deliver_typed(struct chardev *c)
{
	const struct chardev_user *u = c->user[c->focus];
	size_t n;

	while (c->ntyped && (n = room(c))) {
		n = MIN(n, c->ntyped);
		u->read(u->arg, c->typed, n);
		c->ntyped -= n;
		memmove(c->typed, c->typed + n, c->ntyped);
		c->taken_ns = clock_ns();
	}
}

static short want_in(void *arg)
{
	struct chardev *c = arg;

	if (ld_acq(&c->held))
		return 0;
	if (!c->mux && room(c))
		return POLLIN;
	/* Without room, at least notice that a peer leaves. */
	if (!c->mux)
		return c->ops->hangup ? (c->hup ? IOSOURCE_RECHECK : POLLRDHUP) : 0;
	deliver_typed(c);
	/* The user must be able to leave a hung guest: then read on, for the escapes only. */
	if (c->ntyped < CHARDEV_TYPED || clock_ns() - c->taken_ns > HUNG_NS)
		return POLLIN;
	return IOSOURCE_RECHECK;
}

static void say(struct chardev *c, const char *text) { chardev_write(c, text, strlen(text)); }

static void escape_help(struct chardev *c)
{
	say(c, "\r\nCtrl-A h    this help\r\n"
	       "Ctrl-A x    leave the emulator\r\n"
	       "Ctrl-A b    send a break\r\n"
	       "Ctrl-A c    switch between the consoles that share this terminal\r\n"
	       "Ctrl-A Ctrl-A  send Ctrl-A\r\n");
}

static void escape(struct chardev *c, uint8_t key)
{
	switch (key) {
	case 'x':
	case 'X':
		say(c, "\r\nparma: ended by Ctrl-A x\r\n");
		chardev_quit(c, 0);
		break;
	case 'b':
	case 'B':
		if (c->nusers && c->user[c->focus]->event)
			c->user[c->focus]->event(c->user[c->focus]->arg, CHARDEV_BREAK);
		break;
	case 'c':
	case 'C':
		if (c->nusers > 1)
			c->focus = (c->focus + 1) % c->nusers;
		else
			say(c, "\r\nparma: only one console is on this terminal (there is no monitor)\r\n");
		break;
	default:
		escape_help(c);
		break;
	}
}

/* Takes the escapes out of buf; returns what is left for the guest. */
static size_t filter_escapes(struct chardev *c, uint8_t *buf, size_t n)
{
	size_t w = 0;

	for (size_t k = 0; k < n; k++) {
		if (c->escape && buf[k] != CTRL_A)
			escape(c, buf[k]);
		else if (c->escape || buf[k] != CTRL_A)
			buf[w++] = buf[k];
		c->escape = !c->escape && buf[k] == CTRL_A;
	}
	return w;
}

static void end_of_input(struct chardev *c)
{
	if (c->ops->hangup)
		c->ops->hangup(c);
	else
		c->in.fd = -1;
}

/* Up to max bytes of input; 0: none now, or the end. */
static size_t read_fd(struct chardev *c, uint8_t *buf, size_t max)
{
	ssize_t r;

	do
		r = read(c->in.fd, buf, max);
	while (r < 0 && errno == EINTR);
	if (r > 0)
		return (size_t)r;
	if (r == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		end_of_input(c);
	return 0;
}

/* The poll for a hangup was answered. */
static void peer_left(struct chardev *c)
{
	int unread = 0;

	if (!ioctl(c->in.fd, FIONREAD, &unread) && unread)
		c->hup = true;
	else if (c->ops->hangup)
		c->ops->hangup(c);
}

static void on_in(void *arg, short revents)
{
	struct chardev *c = arg;
	uint8_t buf[CHARDEV_TYPED];
	size_t max = c->mux ? CHARDEV_TYPED - c->ntyped : room(c), n;

	max = MIN(max, sizeof(buf));
	if (!c->mux && !max) {
		if (revents & (POLLRDHUP | POLLHUP | POLLERR))
			peer_left(c);
		return;
	}
	n = read_fd(c, buf, c->mux && !max ? 1 : max);
	if (!c->mux) {
		if (n)
			c->user[c->focus]->read(c->user[c->focus]->arg, buf, n);
		return;
	}
	n = filter_escapes(c, buf, n);
	n = MIN(n, max);
	if (!c->ntyped)
		c->taken_ns = clock_ns();
	memcpy(c->typed + c->ntyped, buf, n);
	c->ntyped += n;
	deliver_typed(c);
}

void chardev_accept_input(struct chardev *c) { ioloop_wake(c->env.loop); }

bool chardev_listens(const struct chardev *c) { return c->listens; }
bool chardev_is_open(const struct chardev *c) { return ld_acq(&c->is_open); }

const char *chardev_id(const struct chardev *c) { return c->id; }

bool chardev_is_stdio(const struct chardev *c) { return c->ops == &chardev_stdio; }

void chardev_init_io(struct chardev *c)
{
	c->is_open = true;
	c->in = (struct iosource){.fd = -1, .prepare = want_in, .ready = on_in, .arg = c};
	c->out = (struct iosource){.fd = -1, .prepare = want_out, .ready = on_out, .arg = c};
	c->quit_task = (struct iotask){.fn = do_quit, .arg = c};
	c->quit_status = -1;
	lock_init(&c->out_lock, RANK_OUTPUT);
	c->ring = malloc(CHARDEV_RING);
	BUG_ON(!c->ring);
}
