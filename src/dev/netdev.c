/* See netdev.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "dev/netdev.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bug.h"
#include "base/nearest.h"
#include "dev/netdev_priv.h"

#define FETCH_BATCH 256

#ifdef HAVE_SLIRP

/* The card, kept from leaving until unuse(); NULL: none. */
static const struct netdev_client *use(struct netdev *n)
{
	const struct netdev_client *c;

	lock_take(&n->lock);
	c = n->client;
	n->busy = c != NULL;
	lock_drop(&n->lock);
	return c;
}

static void unuse(struct netdev *n)
{
	lock_take(&n->lock);
	n->busy = false;
	pthread_cond_broadcast(&n->changed);
	lock_drop(&n->lock);
}

static void flush_backlog(struct netdev *n, const struct netdev_client *c)
{
	while (n->first && c->receive(c->arg, n->first->data, n->first->len)) {
		struct netdev_frame *f = n->first;

		n->first = f->next;
		if (!n->first)
			n->last = &n->first;
		n->nbacklog--;
		free(f);
	}
}

void netdev_deliver(struct netdev *n, const uint8_t *frame, size_t len)
{
	const struct netdev_client *c = n->first ? NULL : use(n);
	bool taken = false;
	struct netdev_frame *f;

	if (c) {
		taken = c->receive(c->arg, frame, len);
		unuse(n);
	}
	if (taken || n->nbacklog == NETDEV_BACKLOG)
		return;
	f = malloc(sizeof(*f) + len);
	if (!f)
		return;
	f->next = NULL;
	f->len = len;
	memcpy(f->data, frame, len);
	*n->last = f;
	n->last = &f->next;
	n->nbacklog++;
}

/* Moves frames both ways; true: the guest may have more. */
static bool serve_card(struct netdev *n)
{
	const struct netdev_client *c = use(n);
	unsigned k = 0;

	if (!c)
		return false;
	flush_backlog(n, c);
	unuse(n);
	for (; k < FETCH_BATCH; k++) {
		size_t len;

		c = use(n);
		if (!c)
			return false;
		len = c->fetch(c->arg, n->frame);
		unuse(n);
		if (!len)
			return false;
		net_user_input(n, n->frame, len);
	}
	return true;
}

static bool stopping(struct netdev *n)
{
	bool stop;

	lock_take(&n->lock);
	stop = n->stop;
	lock_drop(&n->lock);
	return stop;
}

static void *net_main(void *arg)
{
	struct netdev *n = arg;
	uint64_t count;

	while (!stopping(n)) {
		int timeout_ms, rc;
		bool more;

		at_xchg(&n->woken, 0); /* later kicks write to wake_fd again */
		more = serve_card(n);
		timeout_ms = net_user_prepare(n);
		n->pfd[n->nfds] = (struct pollfd){n->wake_fd, POLLIN, 0};
		rc = poll(n->pfd, n->nfds + 1, more ? 0 : timeout_ms);
		if (rc >= 0 && n->pfd[n->nfds].revents) {
			ssize_t r = read(n->wake_fd, &count, sizeof(count));

			(void)r;
		}
		net_user_dispatch(n, rc < 0);
	}
	return NULL;
}

static int start(struct netdev *n, struct err *e)
{
	sigset_t all, old;
	int rc;

	n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->wake_fd < 0)
		return err_set(e, EXIT_HOST, "-netdev: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&n->thread, NULL, net_main, n);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_set(e, EXIT_HOST, "cannot start a network thread: %s", strerror(rc));
	pthread_setname_np(n->thread, "parma-net");
	return 0;
}

static void release(struct netdev *n)
{
	net_user_close(n);
	while (n->first) {
		struct netdev_frame *f = n->first;

		n->first = f->next;
		free(f);
	}
	if (n->wake_fd >= 0)
		close(n->wake_fd);
	pthread_cond_destroy(&n->changed);
	lock_destroy(&n->lock);
	free(n->frame);
	free(n->id);
	free(n);
}

struct netdev *netdev_new(struct opts *o, struct err *e)
{
	const char *type = opts_need(o, "type", e);
	struct netdev *n;

	if (!type)
		return NULL;
	if (strcmp(type, "user")) {
		struct nearest near = nearest_begin(type);

		nearest_try(&near, "user");
		err_set(e, EXIT_USAGE, "%s: unknown network back end \"%s\"%s", opts_what(o), type,
			nearest_get(&near) ? " (the nearest is \"user\")" : "; there is \"user\"");
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	BUG_ON(!n);
	n->wake_fd = -1;
	n->last = &n->first;
	n->frame = malloc(NETDEV_MAX_FRAME);
	n->id = strdup(opts_str(o, "id", ""));
	BUG_ON(!n->frame || !n->id);
	lock_init(&n->lock, RANK_NET);
	pthread_cond_init(&n->changed, NULL);
	if (net_user_open(n, o, e) < 0 || start(n, e) < 0) {
		release(n);
		return NULL;
	}
	return n;
}

void netdev_free(struct netdev *n)
{
	if (!n)
		return;
	lock_take(&n->lock);
	n->stop = true;
	lock_drop(&n->lock);
	netdev_kick(n);
	pthread_join(n->thread, NULL);
	release(n);
}

int netdev_attach(struct netdev *n, const struct netdev_client *c, struct err *e)
{
	bool taken;

	lock_take(&n->lock);
	taken = n->client != NULL;
	if (!taken)
		n->client = c;
	lock_drop(&n->lock);
	return taken ? err_set(e, EXIT_USAGE, "netdev \"%s\" is in use by another device", n->id) : 0;
}

void netdev_detach(struct netdev *n)
{
	lock_take(&n->lock);
	n->client = NULL;
	while (n->busy)
		lock_wait(&n->lock, &n->changed);
	lock_drop(&n->lock);
}

void netdev_kick(struct netdev *n)
{
	uint64_t one = 1;

	if (!at_xchg(&n->woken, 1)) {
		ssize_t r = write(n->wake_fd, &one, sizeof(one));

		(void)r; /* a full counter wakes as well */
	}
}

const char *netdev_id(const struct netdev *n) { return n->id; }

#else /* !HAVE_SLIRP: there is no back end, so no netdev ever exists */

struct netdev *netdev_new(struct opts *o, struct err *e)
{
	(void)o;
	err_set(e, EXIT_HOST, "-netdev user: this parma was built without libslirp (install libslirp-dev and build again)");
	return NULL;
}

void netdev_free(struct netdev *n) { BUG_ON(n); }
const char *netdev_id(const struct netdev *n) { return n->id; }

int netdev_attach(struct netdev *n, const struct netdev_client *c, struct err *e)
{
	(void)n;
	(void)c;
	return err_set(e, EXIT_HOST, "no network back end");
}

void netdev_detach(struct netdev *n) { (void)n; }
void netdev_kick(struct netdev *n) { (void)n; }

#endif

void netdev_help(FILE *out)
{
#ifdef HAVE_SLIRP
	fprintf(out, "Network back ends:\n  user     user-mode network with DHCP, DNS, NAT and port forwards (libslirp)\n");
#else
	fprintf(out, "Network back ends: none (built without libslirp)\n");
#endif
}
