/*
 * virtio-net on the user network, with no network needed: ARP and DHCP with
 * libslirp, a UDP port forward both ways, checksum offload, mergeable buffers,
 * frames that break the rules, option errors.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dev/virtio_net.h"
#include "tests/dev/vdrv.h"

#define RX_BUF (VD_HEAP + 0x10000)
#define TX_BUF (VD_HEAP + 0x80000)
#define HDR 12

static struct err e;
static struct vdrv v;
static struct netdev *nd;
static const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3};
static uint32_t rx_bytes = 2048;

static struct netdev *make(const char *text)
{
	struct opts *o = opts_parse("-netdev", text, "type", &e);
	struct netdev *n = o ? netdev_new(o, &e) : NULL;

	if (n && opts_finish(o, &e) < 0) {
		netdev_free(n);
		n = NULL;
	}
	opts_free(o);
	return n;
}

static void give(unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		vd_add(&v, 0, &(struct vd_buf){RX_BUF + 2048 * v.q[0].next, rx_bytes, true}, 1);
	vd_kick(&v, 0);
}

static void up(uint64_t without)
{
	vd_negotiate(&v, vd_offered(&v) & ~without);
	for (unsigned k = 0; k < 3; k++)
		vd_queue(&v, k, 64);
	vd_driver_ok(&v);
}

static void send_frame(const uint8_t *frame, uint32_t len, uint8_t flags, uint16_t csum_start, uint16_t csum_offset)
{
	uint8_t hdr[HDR] = {flags, 0, 0, 0, 0, 0, (uint8_t)csum_start, (uint8_t)(csum_start >> 8), (uint8_t)csum_offset};
	uint32_t id, n;

	dma_write(v.pm, mk_gpa(TX_BUF), hdr, HDR);
	dma_write(v.pm, mk_gpa(TX_BUF + HDR), frame, len);
	vd_add(&v, 1, (struct vd_buf[]){{TX_BUF, HDR, false}, {TX_BUF + HDR, len, false}}, 2);
	vd_kick(&v, 1);
	vd_used(&v, 1, &id, &n);
}

/* The next frame for the guest, put together from its buffers; its length, or 0. */
static size_t next_frame(uint8_t frame[4096], unsigned *nbuf)
{
	uint32_t id, len;
	size_t at = 0;

	*nbuf = 1;
	for (unsigned k = 0; k < *nbuf; k++) {
		if (!vd_used(&v, 0, &id, &len))
			return 0;
		if (!k)
			*nbuf = (unsigned)vd_get(&v, RX_BUF + 2048 * id + 10, 2);
		dma_read(v.pm, mk_gpa(RX_BUF + 2048 * id + (k ? 0 : HDR)), frame + at, len - (k ? 0 : HDR));
		at += len - (k ? 0 : HDR);
	}
	return at;
}

/* The next frame of that Ethernet type (and IP protocol). */
static size_t await(uint8_t frame[4096], uint16_t type, uint8_t proto, unsigned *nbuf)
{
	for (int k = 0; k < 20; k++) {
		size_t n = next_frame(frame, nbuf);

		if (!n || (frame[12] << 8 | frame[13]) != type || (proto && frame[23] != proto)) {
			if (!n)
				return 0;
			continue;
		}
		return n;
	}
	return 0;
}

static void arp(uint8_t f[42], uint16_t op, const uint8_t *to_mac, const char *to_ip)
{
	memset(f, 0xff, 6);
	if (to_mac)
		memcpy(f, to_mac, 6);
	memcpy(f + 6, mac, 6);
	memcpy(f + 12, "\x08\x06\0\1\x08\0\6\4\0", 9);
	f[21] = (uint8_t)op;
	memcpy(f + 22, mac, 6);
	memcpy(f + 28, "\x0a\0\2\x0f", 4);
	memset(f + 32, 0, 6);
	if (to_mac)
		memcpy(f + 32, to_mac, 6);
	inet_pton(AF_INET, to_ip, f + 38);
}

static uint16_t sum16(const uint8_t *p, size_t n, uint32_t s)
{
	for (; n > 1; p += 2, n -= 2)
		s += (uint32_t)p[0] << 8 | p[1];
	if (n)
		s += (uint32_t)p[0] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static void test_arp(void)
{
	uint8_t f[4096];
	unsigned nbuf;
	size_t n;

	arp(f, 1, NULL, "10.0.2.2");
	send_frame(f, 42, 0, 0, 0);
	n = await(f, 0x0806, 0, &nbuf);
	ok(n >= 42 && f[21] == 2 && !memcmp(f + 28, "\x0a\0\2\2", 4) && !memcmp(f, mac, 6), "the host answers ARP");
	is_u64(nbuf, 1, "in one buffer");
}

/* An IPv4/UDP frame from the guest; the UDP checksum is only begun (the pseudo header's part). */
static uint32_t udp_frame(uint8_t *f, const uint8_t *to_mac, const char *src, const char *dst, uint16_t sport, uint16_t dport,
			  const char *text)
{
	uint16_t n = (uint16_t)strlen(text), ulen = (uint16_t)(8 + n), s;

	memcpy(f, to_mac, 6);
	memcpy(f + 6, mac, 6);
	memcpy(f + 12, "\x08\0\x45\0", 4);
	memcpy(f + 16, (uint8_t[]){(uint8_t)((20 + ulen) >> 8), (uint8_t)(20 + ulen), 0, 1, 0, 0, 64, 17, 0, 0}, 10);
	inet_pton(AF_INET, src, f + 26);
	inet_pton(AF_INET, dst, f + 30);
	s = (uint16_t)~sum16(f + 14, 20, 0);
	memcpy(f + 24, (uint8_t[]){(uint8_t)(s >> 8), (uint8_t)s}, 2);
	memcpy(f + 34, (uint8_t[]){(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8), (uint8_t)dport, (uint8_t)(ulen >> 8),
				   (uint8_t)ulen}, 6);
	s = sum16(f + 26, 8, 17u + ulen);
	memcpy(f + 40, (uint8_t[]){(uint8_t)(s >> 8), (uint8_t)s}, 2);
	memcpy(f + 42, text, n);
	return 42u + n;
}

static void test_forward(int host, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
	socklen_t len = sizeof(from);
	struct timeval tv = {300, 0};
	char text[1600], back[64] = "";
	uint8_t f[4096];
	unsigned nbuf = 0;
	uint16_t sport;
	char src[32];
	uint32_t n;

	setsockopt(host, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	memset(text, 'u', 1200);
	ok(sendto(host, text, 1200, 0, (struct sockaddr *)&a, sizeof(a)) == 1200, "the host sends to the forwarded port");
	n = (uint32_t)next_frame(f, &nbuf);
	if (n && f[13] == 6) { /* it asks for our address first, when it does not know it */
		uint8_t to[6];

		memcpy(to, f + 22, 6);
		inet_ntop(AF_INET, f + 28, src, sizeof(src));
		arp(f, 2, to, src);
		send_frame(f, 42, 0, 0, 0);
		n = (uint32_t)await(f, 0x0800, 17, &nbuf);
	}
	ok(n == 42 + 1200 && !memcmp(f + 42, text, 1200) && f[36] == 0 && f[37] == 77, "it comes to the guest's port");
	ok(rx_bytes >= 2048 || nbuf > 1, "in as many buffers as it needs (%u)", nbuf);
	sport = (uint16_t)(f[34] << 8 | f[35]);
	inet_ntop(AF_INET, f + 26, src, sizeof(src));
	{
		uint8_t to[6], g[200];

		memcpy(to, f + 6, 6);
		n = udp_frame(g, to, "10.0.2.15", src, 77, sport, "back again");
		send_frame(g, n, 1, 34, 6);
	}
	ok(recvfrom(host, back, sizeof(back), 0, (struct sockaddr *)&from, &len) == 10 && !memcmp(back, "back again", 10),
	   "the answer comes back, its checksum finished by the device");
}

static void test_hostile(void)
{
	uint8_t f[64] = {0};

	vd_add(&v, 1, &(struct vd_buf){TX_BUF, 5, false}, 1);
	vd_kick(&v, 1);
	for (int k = 0; k < 1500000 && !(vd_rd(&v, 0x70) & 0x40); k++)
		vd_nap();
	ok(vd_rd(&v, 0x70) & 0x40, "no room for a header: needs a reset");
	up(0);
	vd_add(&v, 1, (struct vd_buf[]){{TX_BUF, HDR, false}, {VD_RAM, 0x100000, false}}, 2);
	vd_kick(&v, 1);
	for (int k = 0; k < 1500000 && !(vd_rd(&v, 0x70) & 0x40); k++)
		vd_nap();
	ok(vd_rd(&v, 0x70) & 0x40, "a frame of 1 MiB: needs a reset");
	up(0);
	give(32);
	send_frame(f, 60, 1, 0xffff, 0xffff);
	send_frame(f, 60, 1, 59, 0);
	send_frame(f, 1, 1, 0, 0);
	send_frame(f, 0, 0, 0, 0);
	test_arp();
}

static void test_control(void)
{
	uint32_t id, n;

	vd_put(&v, TX_BUF, 8, UINT64_C(0x0908070605020101));
	vd_put(&v, TX_BUF + 16, 1, 0xee);
	vd_add(&v, 2, (struct vd_buf[]){{TX_BUF, 8, false}, {TX_BUF + 16, 1, true}}, 2);
	vd_kick(&v, 2);
	ok(vd_used(&v, 2, &id, &n) && vd_get(&v, TX_BUF + 16, 1) == 0 && vd_config(&v, 0, 4) == 0x07060502, "a new address");
	vd_put(&v, TX_BUF, 1, 9);
	vd_add(&v, 2, (struct vd_buf[]){{TX_BUF, 2, false}, {TX_BUF + 16, 1, true}}, 2);
	vd_kick(&v, 2);
	ok(vd_used(&v, 2, &id, &n) && vd_get(&v, TX_BUF + 16, 1) == 1, "an unknown command");
}

static void test_options(void)
{
	ok(!make("usr,id=n"), "%s", e.msg);
	ok(!make("user,hostfw=tcp::1-:2") && strstr(e.msg, "hostfwd"), "%s", e.msg);
	ok(!make("user,hostfwd=tcp:22-:22"), "%s", e.msg);
	ok(!make("user,hostfwd=tcp::99999-:22"), "%s", e.msg);
	ok(!make("user,net=10.0.2"), "%s", e.msg);
	ok(!make("user,net=192.168.7.0/24,dns=10.0.2.3"), "%s", e.msg);
	ok(!make("user,restrict=perhaps"), "%s", e.msg);
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int probe = socket(AF_INET, SOCK_DGRAM, 0), host = socket(AF_INET, SOCK_DGRAM, 0);
	struct virtio_net_config c = {.queue_size = 256};
	char text[200];

	bind(probe, (struct sockaddr *)&a, sizeof(a));
	getsockname(probe, (struct sockaddr *)&a, &len);
	close(probe);
	snprintf(text, sizeof(text), "user,id=n0,ipv6=off,hostfwd=udp:127.0.0.1:%u-:77", ntohs(a.sin_port));
	nd = make(text);
	if (!nd && e.code == EXIT_HOST && strstr(e.msg, "built without"))
		tap_skip_all("built without libslirp");
	ok(nd != NULL, "-netdev %s", text);
	memcpy(c.mac, mac, 6);
	vd_new(&v, virtio_net_new(&c, nd, &e), false);
	ok(!virtio_net_new(&c, nd, &e) && strstr(e.msg, "in use"), "%s", e.msg);
	is_u64(vd_rd(&v, 8), 1, "device ID");
	is_u64(vd_config(&v, 0, 4), 0x01005452, "address");
	is_u64(vd_config(&v, 6, 2), 1, "link is up");
	up(BIT(15));
	give(32);
	test_arp();
	test_forward(host, ntohs(a.sin_port));
	rx_bytes = 256;
	up(0);
	give(60);
	test_arp();
	test_forward(host, ntohs(a.sin_port));
	test_control();
	test_hostile();
	vd_free(&v);
	netdev_free(nd);
	test_options();
	close(host);
	return tap_done();
}
