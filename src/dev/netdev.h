/*
 * Network back ends (-netdev): where a network card's frames go.  There is
 * one, `user`: libslirp's user-mode network with DHCP, DNS, NAT and port forwards.
 *
 * A back end runs on a thread of its own and calls the card from there: it
 * fetches what the guest sends and offers what the guest shall get.  The card
 * says by netdev_kick() that there is something to fetch or room again.
 */
#ifndef PARMA_DEV_NETDEV_H
#define PARMA_DEV_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/opts.h"

#define NETDEV_MAX_FRAME 65550

struct netdev;

/* A card. Called on the back end's thread with no lock held. */
struct netdev_client {
	/* A frame for the guest; false: no room now (offered again after a kick). */
	bool (*receive)(void *arg, const uint8_t *frame, size_t len);
	/* Stores the guest's next frame into buf (NETDEV_MAX_FRAME bytes); 0: none. */
	size_t (*fetch)(void *arg, uint8_t *buf);
	void *arg;
};

/*
 * From "user,id=ID,key=value..." parsed with the implied key "type".  Keys: net=, host=, dns=, dhcpstart=,
 * hostname=, domainname=, dnssearch=, restrict=, ipv4=, ipv6=, tftp=, bootfile=,
 * hostfwd=[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT,
 * guestfwd=tcp:ADDR:PORT-cmd:COMMAND. Neither finishes nor
 * frees o. NULL with e filled on failure.
 */
struct netdev *netdev_new(struct opts *o, struct err *e);
/* After its card was freed. */
void netdev_free(struct netdev *n);
void netdev_help(FILE *out);

const char *netdev_id(const struct netdev *n);
/* Connects the one card of a back end. 0, or -1 with e filled if it has one. */
int netdev_attach(struct netdev *n, const struct netdev_client *c, struct err *e);
/* No callback of the card runs afterwards. No lock held. */
void netdev_detach(struct netdev *n);
/* Any thread, any lock held. */
void netdev_kick(struct netdev *n);

#endif
