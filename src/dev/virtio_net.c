/* See virtio_net.h. Threads: vCPUs (notify, control queue), the netdev's thread (frames); the device's lock. */
#include "dev/virtio_net.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/log.h"

#define MAX_MERGE 64

enum {
	F_CSUM = 0, F_GUEST_CSUM = 1, F_MTU = 3, F_MAC = 5, F_MRG_RXBUF = 15, F_STATUS = 16, F_CTRL_VQ = 17, F_CTRL_RX = 18,
	F_CTRL_MAC_ADDR = 23,
};
enum { RX = 0, TX = 1, CTRL = 2 };
enum { HDR_NEEDS_CSUM = 1, HDR_DATA_VALID = 2 };
enum { CTRL_RX_CLASS = 0, CTRL_MAC_CLASS = 1, CTRL_MAC_TABLE = 0, CTRL_MAC_ADDR = 1 };
enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_MTU = 10 };

struct hdr { /* as in guest memory, little-endian */
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

struct net {
	struct virtio_dev v;
	struct netdev *netdev;          /* CONST_AFTER_INIT; NULL: no link */
	struct netdev_client client;    /* CONST_AFTER_INIT */
	uint8_t mac[6];                 /* CONST_AFTER_INIT: at power-on */
	struct vq_chain first, chain;   /* GUARDED_BY(v.lock) */
};

/* The last field is there with mergeable buffers and since version 1. */
static size_t hdr_bytes(const struct net *n)
{
	return virtio_has(&n->v, F_MRG_RXBUF) || virtio_has(&n->v, VIRTIO_F_VERSION_1) ? 12 : 10;
}

/* ---- to the guest ---- */

/*
 * Takes receive buffers for `total` bytes and stores the frame: the first
 * chain in n->first. Returns their number; 0: not enough.
 */
static unsigned fill_buffers(struct net *n, const uint8_t *head, size_t nhead, const uint8_t *frame, size_t len)
{
	struct virtq *q = &n->v.vq[RX];
	size_t total = nhead + len, done = 0;
	unsigned k = 0, max = virtio_has(&n->v, F_MRG_RXBUF) ? MAX_MERGE : 1;

	for (; done < total && k < max; k++) {
		struct vq_chain *c = k ? &n->chain : &n->first;
		size_t here = 0;

		if (!virtq_pop(&n->v, q, c))
			break;
		if (done < nhead)
			here = chain_write(&n->v, c, 0, head + done, nhead - done);
		if (done + here >= nhead)
			here += chain_write(&n->v, c, here, frame + (done + here - nhead), total - done - here);
		virtq_fill(&n->v, q, k, c->head, (uint32_t)here);
		done += here;
	}
	if (done == total)
		return k;
	virtq_unpop(q, k);
	return 0;
}

/* false: the driver gives no buffers now. */
static bool receive_locked(struct net *n, const uint8_t *frame, size_t len)
{
	struct virtq *q = &n->v.vq[RX];
	struct hdr h = {.flags = virtio_has(&n->v, F_GUEST_CSUM) ? HDR_DATA_VALID : 0, .num_buffers = 1};
	size_t nhead = hdr_bytes(n);
	unsigned k;

	if (!(n->v.status & VIRTIO_S_DRIVER_OK) || !q->ready || n->v.broken)
		return true; /* nobody is there: the frame is lost */
	k = fill_buffers(n, (uint8_t *)&h, nhead, frame, len);
	if (!k) {
		/* One buffer that is too small will not become larger. */
		bool small = !virtio_has(&n->v, F_MRG_RXBUF) && virtq_pop(&n->v, q, &n->chain);

		if (small)
			virtq_push(&n->v, q, n->chain.head, 0);
		return small || n->v.broken;
	}
	if (k > 1) {
		uint16_t num = (uint16_t)k;

		chain_write(&n->v, &n->first, offsetof(struct hdr, num_buffers), &num, sizeof(num));
	}
	virtq_publish(&n->v, q, k);
	virtq_signal(&n->v, q);
	return true;
}

static bool net_receive(void *arg, const uint8_t *frame, size_t len)
{
	struct net *n = arg;
	bool taken;

	lock_take(&n->v.lock);
	taken = receive_locked(n, frame, len);
	lock_drop(&n->v.lock);
	return taken;
}

/* ---- from the guest ---- */

/* Internet checksum over p, which is stored big-endian. */
static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (; n >= 2; p += 2, n -= 2)
		sum += (uint64_t)p[0] << 8 | p[1];
	if (n)
		sum += (uint64_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Does what the driver left to us. */
static void finish_checksum(const struct hdr *h, uint8_t *frame, size_t len)
{
	size_t at = (size_t)h->csum_start + h->csum_offset;
	uint16_t sum;

	if (!(h->flags & HDR_NEEDS_CSUM) || h->csum_start >= len || at + 2 > len)
		return;
	sum = checksum(frame + h->csum_start, len - h->csum_start);
	sum = sum ? sum : 0xffff; /* in UDP, 0 means no checksum; elsewhere the two are equal */
	frame[at] = (uint8_t)(sum >> 8);
	frame[at + 1] = (uint8_t)sum;
}

static size_t net_fetch(void *arg, uint8_t *buf)
{
	struct net *n = arg;
	struct virtq *q = &n->v.vq[TX];
	struct hdr h = {0};
	size_t len = 0;

	lock_take(&n->v.lock);
	if (virtq_pop(&n->v, q, &n->chain)) {
		size_t nhead = hdr_bytes(n);

		if (n->chain.out_bytes < nhead || n->chain.out_bytes - nhead > NETDEV_MAX_FRAME) {
			virtio_broken(&n->v, "a frame without a header, or too large");
		} else {
			chain_read(&n->v, &n->chain, 0, &h, nhead);
			len = chain_read(&n->v, &n->chain, nhead, buf, NETDEV_MAX_FRAME);
			virtq_push(&n->v, q, n->chain.head, 0);
			virtq_signal(&n->v, q);
		}
	}
	lock_drop(&n->v.lock);
	finish_checksum(&h, buf, len);
	return len;
}

/* ---- control queue ---- */

/* Everything is received anyway, so filters are only acknowledged. */
static uint8_t control(struct net *n)
{
	uint8_t cmd[2] = {0xff, 0}, mac[6];

	chain_read(&n->v, &n->chain, 0, cmd, 2);
	if (cmd[0] == CTRL_RX_CLASS || (cmd[0] == CTRL_MAC_CLASS && cmd[1] == CTRL_MAC_TABLE))
		return 0;
	if (cmd[0] == CTRL_MAC_CLASS && cmd[1] == CTRL_MAC_ADDR && chain_read(&n->v, &n->chain, 2, mac, 6) == 6) {
		for (unsigned k = 0; k < 6; k++)
			virtio_config_put(&n->v, CFG_MAC + k, 1, mac[k]);
		return 0;
	}
	return 1;
}

static void run_control(struct net *n)
{
	struct virtq *q = &n->v.vq[CTRL];

	lock_take(&n->v.lock);
	for (unsigned k = 0; k < 64 && virtq_pop(&n->v, q, &n->chain); k++) {
		uint8_t ack = control(n);

		virtq_push(&n->v, q, n->chain.head, (uint32_t)chain_write(&n->v, &n->chain, 0, &ack, 1));
	}
	virtq_signal(&n->v, q);
	lock_drop(&n->v.lock);
}

static void net_notify(struct virtio_dev *d, unsigned q)
{
	struct net *n = container_of(d, struct net, v);

	if (q == CTRL)
		run_control(n);
	else if (n->netdev)
		netdev_kick(n->netdev);
}

static void set_mac(struct net *n)
{
	for (unsigned k = 0; k < 6; k++)
		virtio_config_put(&n->v, CFG_MAC + k, 1, n->mac[k]);
}

static void net_config_write(struct virtio_dev *d, unsigned offset, unsigned size, uint64_t val)
{
	/* Before version 1 the address was written here. */
	if (offset + size <= 6 && !virtio_has(d, VIRTIO_F_VERSION_1))
		virtio_config_put(d, offset, size, val);
}

static void net_reset(struct virtio_dev *d) { set_mac(container_of(d, struct net, v)); }

static void net_free(struct virtio_dev *d)
{
	struct net *n = container_of(d, struct net, v);

	if (n->netdev)
		netdev_detach(n->netdev);
	virtio_fini(d);
	free(n);
}

static const struct virtio_ops net_ops = {
	.name = "virtio-net", .id = 1, .notify = net_notify, .config_write = net_config_write, .reset = net_reset, .free = net_free,
};

/* Cards without mac= count up from QEMU's first address. */
static void default_mac(uint8_t mac[6])
{
	static unsigned next = 0x56; /* OWNER(set-up thread) */

	memcpy(mac, (uint8_t[]){0x52, 0x54, 0x00, 0x12, 0x34, (uint8_t)next++}, 6);
}

int virtio_net_config(struct opts *o, struct virtio_net_config *c, struct err *e)
{
	const char *text = opts_str(o, "mac", NULL);
	uint64_t mtu = 0, qs = 256;
	char tail;

	*c = (struct virtio_net_config){0};
	if (!text)
		default_mac(c->mac);
	else if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &c->mac[0], &c->mac[1], &c->mac[2], &c->mac[3], &c->mac[4],
			&c->mac[5], &tail) != 6)
		return err_set(e, EXIT_USAGE, "%s: mac=%s is not six bytes as 52:54:00:12:34:56", opts_what(o), text);
	if (c->mac[0] & 1)
		return err_set(e, EXIT_USAGE, "%s: mac=%s is a multicast address", opts_what(o), text);
	if (opts_u64(o, "host_mtu", 68, 65535, &mtu, e) < 0 || opts_u64(o, "rx_queue_size", 16, VQ_MAX_SIZE, &qs, e) < 0)
		return -1;
	if (qs & (qs - 1))
		return err_set(e, EXIT_USAGE, "%s: rx_queue_size is a power of two", opts_what(o));
	c->mtu = (uint16_t)mtu;
	c->queue_size = (unsigned)qs;
	return 0;
}

struct virtio_dev *virtio_net_new(const struct virtio_net_config *c, struct netdev *netdev, struct err *e)
{
	uint64_t features = BIT(F_CSUM) | BIT(F_GUEST_CSUM) | BIT(F_MAC) | BIT(F_MRG_RXBUF) | BIT(F_STATUS) | BIT(F_CTRL_VQ) |
			    BIT(F_CTRL_RX) | BIT(F_CTRL_MAC_ADDR) | (c->mtu ? BIT(F_MTU) : 0);
	struct net *n = calloc(1, sizeof(*n));

	BUG_ON(!n);
	memcpy(n->mac, c->mac, 6);
	virtio_init(&n->v, &net_ops, features, 3, (uint16_t)c->queue_size);
	set_mac(n);
	virtio_config_put(&n->v, CFG_STATUS, 2, netdev != NULL);
	virtio_config_put(&n->v, CFG_MTU, 2, c->mtu);
	n->client = (struct netdev_client){net_receive, net_fetch, n};
	if (netdev && netdev_attach(netdev, &n->client, e) < 0) {
		net_free(&n->v);
		return NULL;
	}
	n->netdev = netdev;
	return &n->v;
}
