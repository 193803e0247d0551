/*
 * PL011: identification, FIFO levels and masks, receive timeout, loopback with
 * modem lines and overrun, break, a line that does not take output.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "dev/pl011.h"
#include "tests/tap.h"

static struct err e;
static struct chardev_env env;
static bool irq_level; /* ATOMIC */
static struct pl011 *uart;

static void set_irq(void *ctl, unsigned n, bool level)
{
	(void)ctl;
	(void)n;
	st_rel(&irq_level, level);
}

static uint64_t rd(uint64_t off)
{
	uint64_t v = 0;

	pl011_mmio.read(uart, off, 4, 0, &v);
	return v;
}

static void wr(uint64_t off, uint64_t v) { pl011_mmio.write(uart, off, 4, 0, v); }

static void nap(void)
{
	struct timespec ms = {0, 1000000};

	nanosleep(&ms, NULL);
}

#define WAIT(cond) \
	do { \
		for (int k_ = 0; k_ < 300000 && !(cond); k_++) \
			nap(); \
	} while (0)

static void test_registers(void)
{
	static const uint8_t ids[8] = {0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1};
	bool same = true;

	uart = pl011_new(&(struct pl011_config){NULL}, (struct irq_line){set_irq, NULL, 0}, &e);
	for (unsigned k = 0; k < 8; k++)
		same &= rd(0xfe0 + 4 * k) == ids[k];
	ok(same, "PrimeCell identification");
	is_u64(rd(0x18), 0x90, "FR after reset: both FIFOs empty");
	is_u64(rd(0x30), 0x300, "CR after reset");
	is_u64(rd(0x34), 0x12, "IFLS after reset");
	wr(0x24, 0x12345);
	wr(0x28, 0xff);
	wr(0x2c, 0x170);
	is_u64(rd(0x24), 0x2345, "IBRD is 16 bits");
	is_u64(rd(0x28), 0x3f, "FBRD is 6 bits");
	is_u64(rd(0x2c), 0x70, "LCR_H is 8 bits");
	wr(0x00, 'x');
	ok(rd(0x3c) & 0x20, "the FIFO drained: transmit interrupt pending");
	ok(!ld_acq(&irq_level), "it is masked");
	wr(0x38, 0x20);
	ok(ld_acq(&irq_level) && rd(0x40) == 0x20, "it is not masked");
	wr(0x44, 0x20);
	ok(!ld_acq(&irq_level) && !rd(0x3c), "ICR clears it");
	pl011_reset(uart);
	is_u64(rd(0x38), 0, "reset");
}

static void test_loopback(void)
{
	uint64_t first;

	wr(0x30, 0x381);
	wr(0x2c, 0x70);
	wr(0x38, 0x7ff);
	for (unsigned k = 0; k < 7; k++)
		wr(0x00, 'a' + k);
	ok(!(rd(0x3c) & 0x10) && rd(0x3c) & 0x40, "below half: only the receive timeout");
	wr(0x00, 'h');
	ok(rd(0x3c) & 0x10, "half full: receive interrupt");
	is_u64(rd(0x00), 'a', "first character");
	ok(!(rd(0x3c) & 0x10), "below half again");
	for (unsigned k = 0; k < 9; k++)
		wr(0x00, '0');
	ok(rd(0x18) & 0x40, "receive FIFO full");
	wr(0x00, 'z');
	ok(rd(0x3c) & 0x400 && rd(0x04) & 8, "one too many: overrun");
	while (!(rd(0x18) & 0x10))
		rd(0x00);
	ok(!(rd(0x3c) & 0x50), "empty: no receive interrupt, no timeout");
	wr(0x00, 'n');
	first = rd(0x00);
	is_u64(first, 'n' | 0x800, "the character after an overrun says so");
	wr(0x04, 0);
	is_u64(rd(0x04), 0, "ECR clears");
	wr(0x44, 0x7ff);
	wr(0x30, 0xb81);
	ok(rd(0x18) & 1 && rd(0x3c) & 2, "RTS comes back as CTS");
	wr(0x2c, 0x71);
	is_u64(rd(0x00), 0x400, "a break comes back");
	ok(rd(0x3c) & 0x200, "break interrupt");
	wr(0x44, 0x7ff);
	wr(0x30, 0x301);
	ok(!(rd(0x18) & 1), "modem lines fall with loopback");
	wr(0x44, 0x7ff);
	ok(!ld_acq(&irq_level), "quiet");
	pl011_free(uart);
}

static int peer(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

static void test_line(const char *more)
{
	char path[] = "/tmp/parma-t-pl011-XXXXXX", text[100], buf[64];
	struct opts *o;
	struct chardev *c;
	unsigned long sent = 0, got = 0;
	int fd;

	close(mkstemp(path));
	unlink(path);
	snprintf(text, sizeof(text), "socket,path=%s,server=on,wait=off%s", path, more);
	o = opts_parse("-chardev", text, "backend", &e);
	c = chardev_new(&env, o, &e);
	opts_free(o);
	uart = pl011_new(&(struct pl011_config){c}, (struct irq_line){set_irq, NULL, 0}, &e);
	fd = peer(path);
	WAIT(chardev_is_open(c));
	wr(0x2c, 0x70);
	wr(0x38, 0x50);
	ok(send(fd, "hello, this is longer than a FIFO", 33, 0) == 33, "typed");
	WAIT(ld_acq(&irq_level));
	for (size_t k = 0; k < 33; k++) {
		WAIT(!(rd(0x18) & 0x10));
		buf[k] = (char)rd(0);
	}
	ok(!memcmp(buf, "hello, this is longer than a FIFO", 33), "nothing is lost on the way in");
	while (!(rd(0x18) & 0x20) && sent < 4000000) {
		wr(0, sent & 0x7f);
		sent++;
	}
	ok(rd(0x18) & 0x20, "a peer that does not read fills the FIFO (after %lu)", sent);
	wr(0x44, 0x7ff);
	wr(0x38, 0x20);
	ok(!ld_acq(&irq_level), "no transmit interrupt while it is full");
	while (got < sent) {
		ssize_t r = recv(fd, buf, sizeof(buf), 0);

		for (ssize_t k = 0; k < r; k++)
			if (buf[k] != (char)((got + (unsigned long)k) & 0x7f))
				sent = 0;
		got += r > 0 ? (unsigned long)r : 0;
	}
	ok(got == sent, "nothing is lost on the way out");
	WAIT(ld_acq(&irq_level));
	ok(ld_acq(&irq_level) && rd(0x18) & 0x80, "the FIFO drains by itself and says so");
	close(fd);
	pl011_free(uart);
	chardev_free(c);
}

int main(void)
{
	env.loop = ioloop_new(&e);
	test_registers();
	test_loopback();
	test_line("");
	test_line(",mux=on"); /* typed-ahead input waits in the multiplexer */
	ioloop_free(env.loop);
	return tap_done();
}
