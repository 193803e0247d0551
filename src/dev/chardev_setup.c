/*
 * See chardev.h: making back ends from options, attaching front ends, the end.
 * Set-up thread; what belongs to the I/O thread is changed there by ioloop_call().
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "dev/chardev_priv.h"

#define DRAIN_NS UINT64_C(5000000000)

static const struct chardev_ops *const backends[] = {
	&chardev_stdio, &chardev_null, &chardev_file, &chardev_pty, &chardev_socket, &chardev_testdev,
};

struct attach {
	struct chardev *c;
	const struct chardev_user *u;
	bool full;
};

static void do_attach(void *arg)
{
	struct attach *a = arg;
	struct chardev *c = a->c;

	a->full = c->nusers == (c->mux ? CHARDEV_MAX_USERS : 1);
	if (a->full)
		return;
	c->user[c->nusers++] = a->u;
	if (a->u->event && ld_acq(&c->is_open))
		a->u->event(a->u->arg, CHARDEV_OPENED);
}

int chardev_attach(struct chardev *c, const struct chardev_user *u, struct err *e)
{
	struct attach a = {c, u, false};

	ioloop_call(c->env.loop, do_attach, &a);
	if (a.full)
		return err_set(e, EXIT_USAGE, "chardev \"%s\" is in use already%s", c->id,
			       c->mux ? "" : " (mux=on lets several devices share it)");
	return 0;
}

static void do_detach(void *arg)
{
	struct attach *a = arg;
	struct chardev *c = a->c;

	for (unsigned k = 0; k < c->nusers; k++)
		if (c->user[k] == a->u) {
			c->user[k] = c->user[--c->nusers];
			c->focus = 0;
		}
}

void chardev_detach(struct chardev *c, const struct chardev_user *u)
{
	struct attach a = {c, u, false};

	ioloop_call(c->env.loop, do_detach, &a);
}

static const struct chardev_ops *find_backend(const char *name, struct err *e)
{
	struct nearest n = nearest_begin(name);

	for (unsigned k = 0; k < ARRAY_SIZE(backends); k++) {
		if (!strcmp(name, backends[k]->name))
			return backends[k];
		nearest_try(&n, backends[k]->name);
	}
	err_set(e, EXIT_USAGE, "-chardev: unknown back end \"%s\" (%s%s)", name,
		nearest_get(&n) ? "the nearest is " : "see -chardev help", nearest_get(&n) ? nearest_get(&n) : "");
	return NULL;
}

void chardev_help(FILE *out)
{
	fprintf(out, "Character back ends:\n");
	for (unsigned k = 0; k < ARRAY_SIZE(backends); k++)
		fprintf(out, "  %-8s %s\n", backends[k]->name, backends[k]->help);
}

static int open_backend(struct chardev *c, struct opts *o, struct err *e)
{
	const char *id = opts_str(o, "id", "");

	opts_str(o, "backend", NULL);
	c->id = strdup(id);
	if (opts_bool(o, "mux", &c->mux, e) < 0)
		return -1;
	return c->ops->open(c, o, e);
}

static void close_fds(struct chardev *c)
{
	if (c->ops->close)
		c->ops->close(c);
	if (c->out.fd >= 0 && c->out.fd != c->in.fd)
		close(c->out.fd);
	if (c->in.fd >= 0)
		close(c->in.fd);
}

static void release(struct chardev *c)
{
	close_fds(c);
	lock_destroy(&c->out_lock);
	free(c->ring);
	free(c->priv);
	free(c->id);
	free(c);
}

struct chardev *chardev_new(const struct chardev_env *env, struct opts *o, struct err *e)
{
	const char *backend = opts_need(o, "backend", e);
	const struct chardev_ops *ops = backend ? find_backend(backend, e) : NULL;
	struct chardev *c = ops ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->ops = ops;
	c->env = *env;
	c->held = env->held;
	chardev_init_io(c);
	if (open_backend(c, o, e) < 0) {
		release(c);
		return NULL;
	}
	ioloop_add(env->loop, &c->in);
	ioloop_add(env->loop, &c->out);
	return c;
}

void chardev_start(struct chardev *c)
{
	if (c->ops->start)
		c->ops->start(c);
	st_rel(&c->held, false);
	ioloop_wake(c->env.loop);
}

/* The last words of the guest, as far as the host takes them. */
static void final_drain(struct chardev *c)
{
	uint64_t end = clock_ns() + (c->lossy ? DRAIN_NS / 50 : DRAIN_NS);

	while (c->used && c->out.fd >= 0 && clock_ns() < end) {
		struct pollfd p = {c->out.fd, POLLOUT, 0};

		if (poll(&p, 1, 50) > 0 && ((p.revents & (POLLERR | POLLNVAL)) || !chardev_drain_once(c)))
			return;
	}
}

void chardev_free(struct chardev *c)
{
	if (!c)
		return;
	ioloop_del(c->env.loop, &c->in);
	ioloop_del(c->env.loop, &c->out);
	ioloop_flush_task(c->env.loop, &c->quit_task);
	final_drain(c);
	release(c);
}

struct opts *chardev_compat(const char *what, const char *text, struct err *e)
{
	static const struct {
		const char *prefix, *backend, *key;
	} forms[] = {{"file:", "file", "path"}, {"unix:", "socket", "path"}, {"tcp:", "socket", "host"}};
	bool mux = !strncmp(text, "mon:", 4);
	struct opts *o;

	if (mux)
		text += 4;
	for (unsigned k = 0; k < ARRAY_SIZE(forms); k++) {
		size_t n = strlen(forms[k].prefix);

		if (strncmp(text, forms[k].prefix, n))
			continue;
		o = opts_parse(what, text + n, forms[k].key, e);
		if (!o)
			return NULL;
		opts_set(o, "backend", forms[k].backend);
		if (!strcmp(forms[k].prefix, "tcp:")) {
			char *host = strdup(opts_str(o, "host", "")), *colon = strrchr(host, ':');

			if (!colon) {
				err_set(e, EXIT_USAGE, "%s: tcp:%s wants HOST:PORT", what, host);
				free(host);
				opts_free(o);
				return NULL;
			}
			*colon = 0;
			opts_set(o, "host", host);
			opts_set(o, "port", colon + 1);
			free(host);
		}
		goto found;
	}
	if (!find_backend(text, NULL)) {
		err_set(e, EXIT_USAGE, "%s: unknown back end \"%s\" (stdio, mon:stdio, null, pty, testdev, file:, unix:, tcp:, none)",
			what, text);
		return NULL;
	}
	o = opts_parse(what, text, "backend", e);
found:
	if (o && mux) {
		opts_set(o, "mux", "on");
		if (!strcmp(text, "stdio"))
			opts_set(o, "signal", "off");
	}
	return o;
}
