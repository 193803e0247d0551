/*
 * virtio-serial: the control conversation, a console and a named port over
 * socket chardevs, flow control, testdev through a port, bad messages; virtio-rng.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dev/virtio_rng.h"
#include "dev/virtio_serial.h"
#include "tests/dev/vdrv.h"

#define CRX_BUF (VD_HEAP + 0x10000)
#define RX_BUF (VD_HEAP + 0x20000)
#define TX_BUF (VD_HEAP + 0x30000)

static struct err e;
static struct chardev_env env;
static struct vdrv v;
static int quit_status = -1; /* ATOMIC */
static char dir[] = "/tmp/parma-t-vserial-XXXXXX";

static void on_quit(void *arg, int status)
{
	(void)arg;
	st_rel(&quit_status, status);
}

static struct chardev *make(const char *text)
{
	struct opts *o = opts_parse("-chardev", text, "backend", &e);
	struct chardev *c = o ? chardev_new(&env, o, &e) : NULL;

	opts_free(o);
	return c;
}

static struct chardev *make_socket(const char *name)
{
	char text[200];

	snprintf(text, sizeof(text), "socket,id=%s,path=%s/%s,server=on,wait=off", name, dir, name);
	return make(text);
}

static int peer(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", dir, name);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

/* Gives the control receive queue n buffers of 64 bytes. */
static void give_control(unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		vd_add(&v, 2, &(struct vd_buf){CRX_BUF + 64 * (v.q[2].next), 64, true}, 1);
	vd_kick(&v, 2);
}

/* Next control message as id<<32 | event<<16 | value; tail: what follows it. */
static uint64_t hear(char tail[64])
{
	uint32_t id, len;

	memset(tail, 0, 64);
	if (!vd_used(&v, 2, &id, &len))
		return 0;
	dma_read(v.pm, mk_gpa(CRX_BUF + 64 * id + 8), tail, len - 8);
	return vd_get(&v, CRX_BUF + 64 * id, 4) << 32 | vd_get(&v, CRX_BUF + 64 * id + 4, 2) << 16 | vd_get(&v, CRX_BUF + 64 * id + 6, 2);
}

static void say(uint32_t id, uint16_t event, uint16_t value)
{
	uint32_t a, b;

	vd_put(&v, TX_BUF, 4, id);
	vd_put(&v, TX_BUF + 4, 2, event);
	vd_put(&v, TX_BUF + 6, 2, value);
	vd_add(&v, 3, &(struct vd_buf){TX_BUF, 8, false}, 1);
	vd_kick(&v, 3);
	vd_used(&v, 3, &a, &b);
}

static void up(void)
{
	vd_negotiate(&v, vd_offered(&v));
	for (unsigned k = 0; k < 8; k++)
		vd_queue(&v, k, 32);
	vd_driver_ok(&v);
}

static void test_control(void)
{
	char tail[64];

	is_u64(vd_rd(&v, 8), 3, "device ID");
	is_u64(vd_config(&v, 4, 4), 3, "max_nr_ports");
	up();
	say(0, 0, 1);
	give_control(16);
	is_u64(hear(tail), UINT64_C(0) << 32 | 1 << 16 | 1, "port 0 is added");
	is_u64(hear(tail), UINT64_C(1) << 32 | 1 << 16 | 1, "port 1 is added");
	is_u64(hear(tail), UINT64_C(2) << 32 | 1 << 16 | 1, "port 2 is added");
	say(0, 3, 1);
	is_u64(hear(tail), 4 << 16 | 1, "port 0 is a console");
	say(1, 3, 1);
	is_u64(hear(tail), UINT64_C(1) << 32 | 7 << 16 | 1, "port 1 has a name");
	ok(!strcmp(tail, "org.test.0"), "its name");
	say(77, 3, 1);
	say(0xffffffff, 6, 1);
	say(1, 99, 9);
	ok(!(vd_rd(&v, 0x70) & 0x40), "messages for ports that are not there are ignored");
}

static void test_data(void)
{
	int con = peer("con"), org;
	uint32_t id, len;
	char tail[64], buf[64] = "";

	is_u64(hear(tail), 6 << 16 | 1, "a peer on the console: the guest hears of it");
	org = peer("org");
	is_u64(hear(tail), UINT64_C(1) << 32 | 6 << 16 | 1, "a peer on port 1");
	say(0, 6, 1);
	say(1, 6, 1);
	dma_write(v.pm, mk_gpa(TX_BUF + 64), "hello, host", 11);
	vd_add(&v, 5, (struct vd_buf[]){{TX_BUF + 64, 5, false}, {TX_BUF + 69, 6, false}}, 2);
	vd_kick(&v, 5);
	ok(vd_used(&v, 5, &id, &len), "sent");
	ok(recv(org, buf, 11, MSG_WAITALL) == 11 && !memcmp(buf, "hello, host", 11), "the host has it");
	ok(send(org, "hello, guest", 12, 0) == 12, "the host sends");
	for (int k = 0; k < 10; k++)
		vd_nap();
	vd_add(&v, 4, &(struct vd_buf){RX_BUF, 5, true}, 1);
	vd_add(&v, 4, &(struct vd_buf){RX_BUF + 5, 59, true}, 1);
	vd_kick(&v, 4);
	ok(vd_used(&v, 4, &id, &len) && len == 5 && vd_used(&v, 4, &id, &len) && len == 7, "it comes once there are buffers");
	dma_read(v.pm, mk_gpa(RX_BUF), buf, 12);
	ok(!memcmp(buf, "hello, guest", 12), "in order");
	physmap_mmio_write(&v.window, mk_gpa(v.window.start + 0x108), 4, 0, '!');
	ok(recv(con, buf, 1, MSG_WAITALL) == 1 && buf[0] == '!', "emergency write");
	close(org);
	is_u64(hear(tail), UINT64_C(1) << 32 | 6 << 16 | 0, "the peer leaves: the guest hears of it");
	close(con);
	is_u64(hear(tail), 6 << 16 | 0, "the console's too");
}

static void test_flow(void)
{
	static char big[0x100000], back[0x100000];
	int con = peer("con");
	uint32_t id, len;
	size_t got = 0;
	char tail[64];

	is_u64(hear(tail), 6 << 16 | 1, "a peer again");
	for (size_t k = 0; k < sizeof(big); k++)
		big[k] = (char)(k * 31 >> 4);
	dma_write(v.pm, mk_gpa(VD_HEAP + 0x100000), big, sizeof(big));
	vd_add(&v, 1, &(struct vd_buf){VD_HEAP + 0x100000, sizeof(big), false}, 1);
	vd_kick(&v, 1);
	for (int k = 0; k < 50; k++)
		vd_nap();
	ok(vd_get(&v, v.q[1].used + 2, 2) == v.q[1].seen, "1 MiB waits for a peer that does not read");
	while (got < sizeof(back)) {
		ssize_t r = recv(con, back + got, sizeof(back) - got, 0);

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	ok(got == sizeof(big) && !memcmp(big, back, sizeof(big)), "it comes whole and in order");
	ok(vd_used(&v, 1, &id, &len), "and is returned");
	vd_add(&v, 1, &(struct vd_buf){VD_HEAP + 0x100000, sizeof(big), false}, 1);
	vd_kick(&v, 1);
	vd_wr(&v, 0x70, 0);
	ok(vd_rd(&v, 0x70) == 0, "a reset does not wait for it");
	close(con);
}

static void test_testdev(void)
{
	up();
	say(2, 6, 1);
	dma_write(v.pm, mk_gpa(TX_BUF + 64), "5q", 2);
	vd_add(&v, 7, &(struct vd_buf){TX_BUF + 64, 2, false}, 1);
	vd_kick(&v, 7);
	for (int k = 0; k < 1500000 && ld_acq(&quit_status) < 0; k++)
		vd_nap();
	is_u64((uint64_t)ld_acq(&quit_status), 11, "5q through a port ends with status 11");
}

static void test_rng(void)
{
	uint8_t a[64], b[64];
	uint32_t id, len = 0;

	vd_new(&v, virtio_rng_new(env.loop), false);
	is_u64(vd_rd(&v, 8), 4, "rng: device ID");
	vd_negotiate(&v, vd_offered(&v));
	vd_queue(&v, 0, 8);
	vd_driver_ok(&v);
	for (unsigned k = 0; k < 2; k++) {
		vd_add(&v, 0, &(struct vd_buf){VD_HEAP + 64 * k, 64, true}, 1);
		vd_kick(&v, 0);
		ok(vd_used(&v, 0, &id, &len) && len == 64, "rng: 64 bytes");
	}
	dma_read(v.pm, mk_gpa(VD_HEAP), a, 64);
	dma_read(v.pm, mk_gpa(VD_HEAP + 64), b, 64);
	ok(memcmp(a, b, 64), "rng: not the same twice");
	vd_add(&v, 0, &(struct vd_buf){VD_RAM, VD_RAM_BYTES - 1, true}, 1);
	vd_put(&v, v.q[0].desc + 16 * 2 + 8, 4, 0xff0000);
	vd_wr(&v, 0x70, 0);
	vd_free(&v);
}

int main(void)
{
	struct virtio_dev *d;
	struct chardev *con, *org, *test;

	if (!mkdtemp(dir))
		return 1;
	env = (struct chardev_env){ioloop_new(&e), on_quit, NULL, false};
	con = make_socket("con");
	org = make_socket("org");
	test = make("testdev,id=t");
	d = virtio_serial_new(env.loop, 3);
	ok(!virtio_serial_add_port(d, &(struct virtio_serial_port_config){true, -1, NULL, con}, &e), "a console");
	ok(!virtio_serial_add_port(d, &(struct virtio_serial_port_config){false, -1, "org.test.0", org}, &e), "a named port");
	ok(virtio_serial_add_port(d, &(struct virtio_serial_port_config){false, 2, "x", org}, &e), "%s", e.msg);
	ok(!virtio_serial_add_port(d, &(struct virtio_serial_port_config){false, 2, NULL, test}, &e), "port 2");
	ok(virtio_serial_add_port(d, &(struct virtio_serial_port_config){false, -1, "x", NULL}, &e), "%s", e.msg);
	vd_new(&v, d, false);
	test_control();
	test_data();
	test_flow();
	test_testdev();
	vd_free(&v);
	test_rng();
	chardev_free(con);
	chardev_free(org);
	chardev_free(test);
	ioloop_free(env.loop);
	rmdir(dir);
	return tap_done();
}
