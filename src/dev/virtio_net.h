/*
 * virtio-net (virtio 1.2, 5.1): one queue pair and a control queue, mergeable
 * receive buffers, checksum offload both ways.
 *
 * Frames move on the network back end's thread; a vCPU that notifies only
 * wakes it.
 */
#ifndef PARMA_DEV_VIRTIO_NET_H
#define PARMA_DEV_VIRTIO_NET_H

#include "base/opts.h"
#include "dev/netdev.h"
#include "dev/virtio.h"

struct virtio_net_config {
	uint8_t mac[6];
	uint16_t mtu; /* 0: not said */
	unsigned queue_size;
};

/* From -device virtio-net-device,...: mac= (default: 52:54:00:12:34:56 and up), host_mtu=, rx_queue_size=. Does not finish o. */
int virtio_net_config(struct opts *o, struct virtio_net_config *c, struct err *e);
/* netdev may be NULL: no link. NULL with e filled if the netdev has a card. */
struct virtio_dev *virtio_net_new(const struct virtio_net_config *c, struct netdev *netdev, struct err *e);

#endif
