/*
 * socket: a Unix or TCP stream, as client or as server for one peer at a time.
 * A server listens again when its peer leaves; output without a peer is
 * dropped.  With wait=on (a server's default) set-up waits for the first peer.
 *
 * While a server has no peer, the input source polls the listening socket
 * instead: in.fd is the listener then, and the peer's descriptor afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/keeper.h"
#include "dev/chardev_priv.h"
#include "dev/hostsig.h"

struct sock {
	struct iosource listen; /* OWNER(loop) */
	char *path;             /* CONST_AFTER_INIT: of a Unix server, to unlink */
	bool nodelay;           /* CONST_AFTER_INIT */
	bool listening;         /* CONST_AFTER_INIT: listen is in the loop */
};

static int bind_and_listen(int fd, const struct sockaddr_un *a) { return bind(fd, (const struct sockaddr *)a, sizeof(*a)) || listen(fd, 1); }

/* Whoever waits for the name and then connects is not refused: it is given to a socket that listens already. In place of an old socket's. */
static int unix_listen(int fd, const struct sockaddr_un *a)
{
	struct sockaddr_un early = *a;
	struct stat st;
	int n, why;

	if (!lstat(a->sun_path, &st) && (stat(a->sun_path, &st) || !S_ISSOCK(st.st_mode))) {
		errno = EADDRINUSE;
		return -1;
	}
	n = snprintf(early.sun_path, sizeof(early.sun_path), "%s.%d", a->sun_path, (int)getpid());
	if (n >= (int)sizeof(early.sun_path)) {
		unlink(a->sun_path);
		return bind_and_listen(fd, a);
	}
	unlink(early.sun_path);
	if (!bind_and_listen(fd, &early) && !rename(early.sun_path, a->sun_path))
		return 0;
	why = errno;
	unlink(early.sun_path);
	errno = why;
	return -1;
}

static int unix_socket(const char *path, bool server, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, EXIT_USAGE, "chardev socket: path %s is too long", path);
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !(server ? unix_listen(fd, &a) : connect(fd, (struct sockaddr *)&a, sizeof(a))))
		return fd;
	err_set(e, EXIT_INPUT, "chardev socket: cannot %s %s: %s", server ? "listen on" : "connect to", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int tcp_try(const struct addrinfo *ai, bool server)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -1;
	if (server)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!(server ? bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, 1) : connect(fd, ai->ai_addr, ai->ai_addrlen)))
		return fd;
	one = errno;
	close(fd);
	errno = one;
	return -1;
}

static int tcp_socket(const char *host, const char *port, bool server, struct err *e)
{
	struct addrinfo hint = {.ai_socktype = SOCK_STREAM, .ai_flags = server ? AI_PASSIVE : 0}, *list = NULL;
	int rc = getaddrinfo(host && *host ? host : NULL, port, &hint, &list), fd = -1;

	if (rc)
		return err_set(e, EXIT_INPUT, "chardev socket: %s:%s: %s", host ? host : "", port, gai_strerror(rc));
	for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
		fd = tcp_try(ai, server);
	if (fd < 0)
		err_set(e, EXIT_INPUT, "chardev socket: cannot %s %s:%s: %s", server ? "listen on" : "connect to",
			host ? host : "", port, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

/* fd becomes the peer. */
static void take_peer(struct chardev *c, int fd)
{
	struct sock *s = c->priv;
	int one = 1;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (s->nodelay)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	lock_take(&c->out_lock);
	c->in.fd = c->out.fd = fd;
	c->head = c->used = 0;
	lock_drop(&c->out_lock);
}

static short want_peer(void *arg)
{
	struct chardev *c = arg;

	return c->in.fd < 0 ? POLLIN : 0;
}

static void on_listen(void *arg, short revents)
{
	struct chardev *c = arg;
	struct sock *s = c->priv;
	int fd = accept4(s->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (fd < 0)
		return;
	take_peer(c, fd);
	chardev_set_open(c, true);
}

static void on_hangup(struct chardev *c)
{
	int fd = c->in.fd;

	if (fd < 0)
		return;
	chardev_set_open(c, false);
	lock_take(&c->out_lock);
	c->in.fd = c->out.fd = -1;
	lock_drop(&c->out_lock);
	close(fd);
}

/* wait=on: no machine before somebody listens to it. */
static int wait_for_peer(struct chardev *c, struct err *e)
{
	struct sock *s = c->priv;

	fprintf(stderr, "parma: waiting for a connection on chardev \"%s\"\n", c->id);
	while (!hostsig_ending()) {
		struct pollfd p = {s->listen.fd, POLLIN, 0};
		int fd;

		if (poll(&p, 1, 100) <= 0)
			continue;
		fd = accept4(s->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		take_peer(c, fd);
		c->is_open = true;
		return 0;
	}
	return err_set(e, EXIT_HOST, "interrupted while waiting for a connection");
}

static int open_listener(struct chardev *c, int fd, bool wait, struct err *e)
{
	struct sock *s = c->priv;

	s->listen = (struct iosource){.fd = fd, .prepare = want_peer, .ready = on_listen, .arg = c};
	c->is_open = false;
	c->listens = true;
	if (wait && wait_for_peer(c, e) < 0)
		return -1;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	ioloop_add(c->env.loop, &s->listen);
	s->listening = true;
	return 0;
}

static int open_socket(struct chardev *c, struct opts *o, struct err *e)
{
	struct sock *s = c->priv = calloc(1, sizeof(*s));
	const char *path = opts_str(o, "path", NULL), *host = opts_str(o, "host", NULL), *port = opts_str(o, "port", NULL);
	bool server = false, wait;
	int fd;

	BUG_ON(!s);
	s->listen.fd = -1;
	c->direct = true;
	if (opts_bool(o, "server", &server, e) < 0)
		return -1;
	wait = server;
	if (opts_bool(o, "wait", &wait, e) < 0 || opts_bool(o, "nodelay", &s->nodelay, e) < 0 || opts_finish(o, e) < 0)
		return -1;
	if (!path == !port)
		return err_set(e, EXIT_USAGE, "chardev socket: give either path= or host=,port=");
	if (wait && !server)
		return err_set(e, EXIT_USAGE, "chardev socket: wait=on is for server=on");
	s->nodelay &= !path;
	fd = path ? unix_socket(path, server, e) : tcp_socket(host, port, server, e);
	if (fd < 0)
		return -1;
	if (!server) {
		take_peer(c, fd);
		return 0;
	}
	s->path = path ? strdup(path) : NULL;
	if (path)
		keeper_unlink(path); /* close_socket() may not, in a sandbox */
	return open_listener(c, fd, wait, e);
}

static void close_socket(struct chardev *c)
{
	struct sock *s = c->priv;

	if (!s)
		return;
	if (s->listening)
		ioloop_del(c->env.loop, &s->listen);
	if (s->listen.fd >= 0)
		close(s->listen.fd);
	if (s->path)
		unlink(s->path);
	free(s->path);
}

const struct chardev_ops chardev_socket = {
	.name = "socket", .help = "Unix or TCP: path= | host=,port=; server=on|off, wait=on|off, nodelay=on|off",
	.open = open_socket, .close = close_socket, .hangup = on_hangup,
};
