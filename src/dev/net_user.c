/*
 * -netdev user: the glue to libslirp, which is single-threaded; after set-up
 * everything here runs on the netdev's thread.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifdef HAVE_SLIRP
#include <arpa/inet.h>
#include <libslirp.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/log.h"
#include "dev/netdev_priv.h"

struct slirp_timer {
	struct slirp_timer *next;
	SlirpTimerCb fn;
	void *arg;
	uint64_t when_ms; /* UINT64_MAX: not armed */
};

struct user {
	Slirp *slirp;               /* OWNER(thread) */
	struct slirp_timer *timers; /* OWNER(thread) */
};

/* ---- what libslirp asks for ---- */

static ssize_t cb_send(const void *buf, size_t len, void *arg)
{
	netdev_deliver(arg, buf, len);
	return (ssize_t)len;
}

static void cb_guest_error(const char *msg, void *arg)
{
	(void)arg;
	if (log_on(LOG_GUEST_ERROR))
		log_printf("user network: %s\n", msg);
}

static int64_t cb_clock(void *arg)
{
	(void)arg;
	return (int64_t)clock_ns();
}

static void *cb_timer_new(SlirpTimerCb fn, void *cb_arg, void *arg)
{
	struct user *u = ((struct netdev *)arg)->priv;
	struct slirp_timer *t = calloc(1, sizeof(*t));

	BUG_ON(!t);
	*t = (struct slirp_timer){u->timers, fn, cb_arg, UINT64_MAX};
	u->timers = t;
	return t;
}

static void cb_timer_free(void *timer, void *arg)
{
	struct user *u = ((struct netdev *)arg)->priv;
	struct slirp_timer **p = &u->timers;

	while (*p && *p != timer)
		p = &(*p)->next;
	if (*p)
		*p = (*p)->next;
	free(timer);
}

static void cb_timer_mod(void *timer, int64_t when_ms, void *arg)
{
	(void)arg;
	((struct slirp_timer *)timer)->when_ms = when_ms < 0 ? 0 : (uint64_t)when_ms;
}

/* The descriptors are asked for before each poll(); no registration is kept. */
static void cb_poll_fd(int fd, void *arg)
{
	(void)fd;
	(void)arg;
}

static void cb_notify(void *arg) { netdev_kick(arg); }

static const SlirpCb callbacks = {
	.send_packet = cb_send, .guest_error = cb_guest_error, .clock_get_ns = cb_clock, .timer_new = cb_timer_new,
	.timer_free = cb_timer_free, .timer_mod = cb_timer_mod, .register_poll_fd = cb_poll_fd,
	.unregister_poll_fd = cb_poll_fd, .notify = cb_notify,
};

/* ---- the thread's steps ---- */

void net_user_input(struct netdev *n, const uint8_t *frame, size_t len)
{
	slirp_input(((struct user *)n->priv)->slirp, frame, (int)len);
}

static const struct { short poll; int slirp; } events[] = {
	{POLLIN, SLIRP_POLL_IN}, {POLLOUT, SLIRP_POLL_OUT}, {POLLPRI, SLIRP_POLL_PRI}, {POLLERR, SLIRP_POLL_ERR},
	{POLLHUP, SLIRP_POLL_HUP},
};

static int add_poll(int fd, int wanted, void *arg)
{
	struct netdev *n = arg;
	short ev = 0;

	if (n->nfds == NETDEV_MAX_FDS)
		return -1;
	for (unsigned k = 0; k < 3; k++)
		ev |= wanted & events[k].slirp ? events[k].poll : 0;
	n->pfd[n->nfds] = (struct pollfd){fd, ev, 0};
	return (int)n->nfds++;
}

static int get_revents(int k, void *arg)
{
	struct netdev *n = arg;
	int ev = 0;

	for (unsigned j = 0; k >= 0 && j < ARRAY_SIZE(events); j++)
		ev |= n->pfd[k].revents & events[j].poll ? events[j].slirp : 0;
	return ev;
}

int net_user_prepare(struct netdev *n)
{
	struct user *u = n->priv;
	uint32_t timeout_ms = 60000;
	uint64_t now_ms = clock_ns() / 1000000;

	n->nfds = 0;
	slirp_pollfds_fill(u->slirp, &timeout_ms, add_poll, n);
	for (struct slirp_timer *t = u->timers; t; t = t->next)
		if (t->when_ms != UINT64_MAX)
			timeout_ms = (uint32_t)MIN(timeout_ms, t->when_ms > now_ms ? t->when_ms - now_ms : 0);
	return (int)MIN(timeout_ms, 60000u);
}

void net_user_dispatch(struct netdev *n, bool failed)
{
	struct user *u = n->priv;
	uint64_t now_ms = clock_ns() / 1000000;

	slirp_pollfds_poll(u->slirp, failed, get_revents, n);
	for (struct slirp_timer *t = u->timers, *next; t; t = next) {
		next = t->next;
		if (t->when_ms > now_ms)
			continue;
		t->when_ms = UINT64_MAX;
		t->fn(t->arg);
	}
}

/* ---- options ---- */

static int take_addr(struct opts *o, const char *key, uint32_t net, uint32_t mask, struct in_addr *a, struct err *e)
{
	const char *text = opts_str(o, key, NULL);

	if (!text)
		return 0;
	if (inet_pton(AF_INET, text, a) != 1)
		return err_set(e, EXIT_USAGE, "%s: %s=%s is not an IPv4 address", opts_what(o), key, text);
	if ((ntohl(a->s_addr) & mask) != net)
		return err_set(e, EXIT_USAGE, "%s: %s=%s is not in the guest's network", opts_what(o), key, text);
	return 0;
}

static int take_net(struct opts *o, SlirpConfig *c, struct err *e)
{
	const char *text = opts_str(o, "net", "10.0.2.0/24");
	uint32_t net, mask;
	char addr[32];
	struct in_addr a;
	int bits = 24;

	if (sscanf(text, "%31[0-9.]/%d", addr, &bits) < 1 || inet_pton(AF_INET, addr, &a) != 1 || bits < 4 || bits > 28)
		return err_set(e, EXIT_USAGE, "%s: net=%s is not ADDRESS/BITS with 4 to 28 bits", opts_what(o), text);
	mask = ~0u << (32 - bits);
	net = ntohl(a.s_addr) & mask;
	c->vnetwork.s_addr = htonl(net);
	c->vnetmask.s_addr = htonl(mask);
	c->vhost.s_addr = htonl(net | 2);
	c->vnameserver.s_addr = htonl(net | 3);
	/* The customary .15, but for networks that are too small. */
	c->vdhcp_start.s_addr = htonl(net | (bits < 28 ? 15 : 5));
	if (take_addr(o, "host", net, mask, &c->vhost, e) < 0 || take_addr(o, "dns", net, mask, &c->vnameserver, e) < 0 ||
	    take_addr(o, "dhcpstart", net, mask, &c->vdhcp_start, e) < 0)
		return -1;
	if (c->vhost.s_addr == c->vnameserver.s_addr || c->vhost.s_addr == c->vdhcp_start.s_addr ||
	    c->vnameserver.s_addr == c->vdhcp_start.s_addr)
		return err_set(e, EXIT_USAGE, "%s: host=, dns= and dhcpstart= must differ", opts_what(o));
	return 0;
}

/* "ADDR:PORT" with an address that may be empty; the text is changed. */
static bool parse_end(char *text, struct in_addr *a, int *port)
{
	char *colon = strrchr(text, ':'), *end;
	long v;

	if (!colon)
		return false;
	*colon = 0;
	v = strtol(colon + 1, &end, 10);
	*port = (int)v;
	return end != colon + 1 && !*end && v >= 0 && v <= 65535 && (!*text || inet_pton(AF_INET, text, a) == 1);
}

/* Takes "tcp:" or "udp:" (tcp when it is left out) off *text. */
static bool take_proto(char **text, bool *udp)
{
	*udp = !strncmp(*text, "udp:", 4);
	if (!strncmp(*text, "tcp:", 4) || *udp)
		*text += 4;
	else if (**text == ':')
		*text += 1;
	else
		return false;
	return true;
}

static int add_hostfwd(struct user *u, const char *what, const char *rule, struct err *e)
{
	struct in_addr host = {0}, guest = {0};
	char copy[256], *from = copy, *to;
	int host_port = 0, guest_port = 0;
	bool udp, good;

	snprintf(copy, sizeof(copy), "%s", rule);
	to = strrchr(copy, '-');
	if (to)
		*to++ = 0;
	good = to && take_proto(&from, &udp) && parse_end(from, &host, &host_port) && parse_end(to, &guest, &guest_port) && guest_port;
	if (!good)
		return err_set(e, EXIT_USAGE, "%s: hostfwd=%s is not [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT", what, rule);
	if (slirp_add_hostfwd(u->slirp, udp, host, host_port, guest, guest_port) < 0)
		return err_set(e, EXIT_HOST, "%s: hostfwd=%s: the host refuses that port", what, rule);
	return 0;
}

static int add_guestfwd(struct user *u, const char *what, const char *rule, struct err *e)
{
	struct in_addr addr = {0};
	char copy[1024], *from = copy, *to;
	int port = 0;
	bool udp;

	snprintf(copy, sizeof(copy), "%s", rule);
	to = strstr(copy, "-cmd:");
	if (to)
		*to = 0;
	if (!to || !take_proto(&from, &udp) || udp || !parse_end(from, &addr, &port) || !port)
		return err_set(e, EXIT_USAGE, "%s: guestfwd=%s is not tcp:ADDR:PORT-cmd:COMMAND", what, rule);
	if (slirp_add_exec(u->slirp, to + 5, &addr, port) < 0)
		return err_set(e, EXIT_USAGE, "%s: guestfwd=%s: the address is in use or not in the guest's network", what, rule);
	return 0;
}

static int add_forwards(struct user *u, struct opts *o, struct err *e)
{
	const char *rule;
	unsigned it = 0;

	while ((rule = opts_each(o, "hostfwd", &it)))
		if (add_hostfwd(u, opts_what(o), rule, e) < 0)
			return -1;
	it = 0;
	while ((rule = opts_each(o, "guestfwd", &it)))
		if (add_guestfwd(u, opts_what(o), rule, e) < 0)
			return -1;
	return 0;
}

static int take_config(struct opts *o, SlirpConfig *c, const char *search[16], struct err *e)
{
	bool restricted = false, v4 = true, v6 = true;
	unsigned it = 0, n = 0;

	opts_str(o, "hostfwd", NULL);
	opts_str(o, "guestfwd", NULL);
	while (n < 15 && (search[n] = opts_each(o, "dnssearch", &it)))
		n++;
	search[n] = NULL;
	c->version = 3;
	c->vdnssearch = n ? search : NULL;
	c->vhostname = opts_str(o, "hostname", NULL);
	c->vdomainname = opts_str(o, "domainname", NULL);
	c->tftp_path = opts_str(o, "tftp", NULL);
	c->bootfile = opts_str(o, "bootfile", NULL);
	if (take_net(o, c, e) < 0 || opts_bool(o, "restrict", &restricted, e) < 0 || opts_bool(o, "ipv4", &v4, e) < 0 ||
	    opts_bool(o, "ipv6", &v6, e) < 0)
		return -1;
	if (!v4 && !v6)
		return err_set(e, EXIT_USAGE, "%s: neither ipv4 nor ipv6", opts_what(o));
	c->restricted = restricted;
	c->in_enabled = v4;
	c->in6_enabled = v6;
	/* fec0::/64, the host at ::2, the name server at ::3, as users of this network know it. */
	inet_pton(AF_INET6, "fec0::", &c->vprefix_addr6);
	inet_pton(AF_INET6, "fec0::2", &c->vhost6);
	inet_pton(AF_INET6, "fec0::3", &c->vnameserver6);
	c->vprefix_len = 64;
	return 0;
}

int net_user_open(struct netdev *n, struct opts *o, struct err *e)
{
	const char *search[16];
	SlirpConfig c = {0};
	struct user *u;

	if (take_config(o, &c, search, e) < 0)
		return -1;
	n->priv = u = calloc(1, sizeof(*u));
	BUG_ON(!u);
	u->slirp = slirp_new(&c, &callbacks, n);
	if (!u->slirp)
		return err_set(e, EXIT_HOST, "%s: libslirp does not start with these options", opts_what(o));
	return add_forwards(u, o, e);
}

void net_user_close(struct netdev *n)
{
	struct user *u = n->priv;

	if (!u)
		return;
	if (u->slirp)
		slirp_cleanup(u->slirp);
	while (u->timers)
		cb_timer_free(u->timers, n);
	free(u);
}

#else
typedef int net_user_is_not_built; /* an empty file is not C */
#endif
