/*
 * Character back ends: file, Unix and TCP sockets as server and client, pty,
 * testdev, the multiplexer's escapes, flow control both ways.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "dev/chardev.h"
#include "tests/tap.h"

static struct err e;
static struct chardev_env env;
static int quit_status = -1;          /* ATOMIC */
static char dir[] = "/tmp/parma-t-chardev-XXXXXX";

/* A front end that keeps what it gets. */
struct front {
	struct chardev_user u;
	char got[8192];
	size_t n, room;       /* ATOMIC */
	int opened, closed, breaks, writable; /* ATOMIC */
};

static size_t f_room(void *arg) { return ld_acq(&((struct front *)arg)->room); }

static void f_read(void *arg, const uint8_t *buf, size_t n)
{
	struct front *f = arg;

	memcpy(f->got + f->n, buf, n);
	at_add(&f->n, n);
	at_add(&f->room, -n);
}

static void f_event(void *arg, enum chardev_event ev)
{
	struct front *f = arg;

	at_add(ev == CHARDEV_OPENED ? &f->opened : ev == CHARDEV_CLOSED ? &f->closed : &f->breaks, 1);
}

static void f_writable(void *arg) { at_add(&((struct front *)arg)->writable, 1); }

static struct front *front(size_t room)
{
	struct front *f = calloc(1, sizeof(*f));

	f->u = (struct chardev_user){f_room, f_read, f_event, f_writable, f};
	f->room = room;
	return f;
}

static void on_quit(void *arg, int status)
{
	(void)arg;
	st_rel(&quit_status, status);
}

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

static struct chardev *make(const char *fmt, ...)
{
	char text[400];
	struct opts *o;
	struct chardev *c;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o = opts_parse("-chardev", text, "backend", &e);
	c = o ? chardev_new(&env, o, &e) : NULL;
	opts_free(o);
	return c;
}

static void test_file(void)
{
	struct chardev *c = make("file,path=%s/out", dir);
	char path[100], buf[40] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/out", dir);
	chardev_free(c);
	ok(access(path, F_OK) != 0, "a machine that never starts leaves no file");
	c = make("file,path=%s/out", dir);
	chardev_start(c);
	ok(c && chardev_write(c, "hello ", 6) == 6, "file takes output");
	chardev_free(c);
	chardev_free(make("file,path=%s/out", dir));
	c = make("file,path=%s/out,append=on", dir);
	chardev_start(c);
	chardev_write(c, "world", 5);
	chardev_free(c);
	fd = open(path, O_RDONLY);
	ok(read(fd, buf, sizeof(buf)) == 11 && !memcmp(buf, "hello world", 11), "append=on appends");
	close(fd);
	unlink(path);
	ok(!make("file,path=%s/no/such", dir) && e.code == EXIT_INPUT, "%s", e.msg);
	ok(!make("file,pth=x") && strstr(e.msg, "path"), "%s", e.msg);
	ok(!make("fiel,path=x") && strstr(e.msg, "\"fiel\"") && strstr(e.msg, "file"), "%s", e.msg);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), why;

	strcpy(a.sun_path, path);
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static void test_flow(struct chardev *c, struct front *f, int fd)
{
	static char big[400000], back[400000];
	size_t done = 0, got = 0;

	for (size_t k = 0; k < sizeof(big); k++)
		big[k] = (char)(k * 7 >> 3);
	done = chardev_write(c, big, sizeof(big));
	ok(done < sizeof(big), "a peer that does not read is felt (%zu taken)", done);
	while (got < sizeof(big)) {
		ssize_t r = recv(fd, back + got, sizeof(back) - got, MSG_DONTWAIT);

		got += r > 0 ? (size_t)r : 0;
		done += done < sizeof(big) ? chardev_write(c, big + done, sizeof(big) - done) : 0;
	}
	ok(!memcmp(big, back, sizeof(big)), "all output came in order");
	WAIT(ld_acq(&f->writable));
	ok(ld_acq(&f->writable) > 0, "the front end heard that there is room");
	st_rel(&f->n, (size_t)0);
	st_rel(&f->room, (size_t)3);
	chardev_accept_input(c);
	ok(send(fd, "abcdef", 6, 0) == 6, "input sent");
	WAIT(ld_acq(&f->n) == 3);
	for (int k = 0; k < 5; k++)
		nap();
	is_u64(ld_acq(&f->n), 3, "no more input than there is room");
	st_rel(&f->room, (size_t)100);
	chardev_accept_input(c);
	WAIT(ld_acq(&f->n) == 6);
	ok(!memcmp(f->got, "abcdef", 6), "the rest after accept_input");
}

static void test_socket(void)
{
	struct front *f = front(100), *g = front(100);
	struct chardev *c = make("socket,id=s,path=%s/sock,server=on,wait=off", dir), *d;
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/sock", dir);
	ok(c && !chardev_is_open(c), "a server without a peer is closed");
	ok(!chardev_attach(c, &f->u, &e), "attach");
	ok(chardev_attach(c, &g->u, &e) && strstr(e.msg, "mux"), "%s", e.msg);
	ok(chardev_write(c, "lost", 4) == 4, "output without a peer is dropped");
	fd = connect_unix(path);
	WAIT(ld_acq(&f->opened));
	ok(chardev_is_open(c) && ld_acq(&f->opened) == 1, "a peer opens it");
	test_flow(c, f, fd);
	close(fd);
	WAIT(ld_acq(&f->closed));
	ok(ld_acq(&f->closed) == 1 && !chardev_is_open(c), "the peer leaves");
	d = make("socket,path=%s", path);
	ok(d != NULL, "client mode");
	chardev_attach(d, &g->u, &e);
	WAIT(ld_acq(&f->opened) == 2);
	chardev_write(c, "again", 5);
	WAIT(ld_acq(&g->n) == 5);
	ok(!memcmp(g->got, "again", 5), "the server takes a second peer");
	chardev_free(d);
	chardev_free(c);
	ok(access(path, F_OK) != 0, "the socket's name is gone");
	ok(!make("socket,path=%s/none", dir) && e.code == EXIT_INPUT, "%s", e.msg);
	ok(!make("socket,server=on"), "%s", e.msg);
	free(f);
	free(g);
}

/* Connects as soon as there is the name; the first answer but "no such file". */
static void *caller(void *path)
{
	int fd, why;

	do
		fd = connect_unix(path), why = errno;
	while (fd < 0 && why == ENOENT);
	if (fd >= 0)
		close(fd);
	return (void *)(intptr_t)(fd < 0 ? why : 0);
}

static void test_early_caller(void)
{
	unsigned refused = 0, calls = 0;
	time_t end;
	struct chardev *c;
	char path[108];
	int fd;

	snprintf(path, sizeof(path), "%s/early", dir);
	end = time(NULL) + 10;
	for (; calls < 1000 && time(NULL) < end; calls++) {
		pthread_t t;
		void *why;

		pthread_create(&t, NULL, caller, path);
		c = make("socket,path=%s,server=on,wait=off", path);
		if (!c)
			break;
		pthread_join(t, &why);
		refused += why != NULL;
		chardev_free(c);
	}
	ok(!refused, "whoever sees a server's name can connect (%u of %u could not)", refused, calls);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	ok(!make("socket,path=%s,server=on,wait=off", path) && e.code == EXIT_INPUT && access(path, F_OK) == 0, "a file in its place stays: %s", e.msg);
	unlink(path);
	memset(path, 'n', sizeof(path));
	memcpy(path, dir, strlen(dir));
	path[strlen(dir)] = '/';
	path[sizeof(path) - 1] = 0;
	c = make("socket,path=%s,server=on,wait=off", path);
	fd = connect_unix(path);
	ok(c && fd >= 0, "a name of %zu bytes", strlen(path));
	close(fd);
	chardev_free(c);
}

static void test_tcp(void)
{
	struct front *f = front(100);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int mine = socket(AF_INET, SOCK_STREAM, 0), one = 1, fd;
	struct opts *o;
	struct chardev *c;
	char text[100];

	/* Bound by us, so that nobody else gets the port, and not listened at, so that the back end may, which sets SO_REUSEADDR too. */
	setsockopt(mine, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bind(mine, (struct sockaddr *)&a, sizeof(a));
	getsockname(mine, (struct sockaddr *)&a, &len);
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%u,server,nowait", ntohs(a.sin_port));
	o = chardev_compat("-serial", text, &e);
	c = o ? chardev_new(&env, o, &e) : NULL;
	opts_free(o);
	ok(c != NULL, "-serial %s", text);
	chardev_attach(c, &f->u, &e);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ok(!connect(fd, (struct sockaddr *)&a, sizeof(a)) && send(fd, "x", 1, 0) == 1, "connect");
	WAIT(ld_acq(&f->n));
	ok(f->got[0] == 'x', "input over TCP");
	close(fd);
	close(mine);
	chardev_free(c);
	ok(!chardev_compat("-serial", "tcp:nowhere", &e), "%s", e.msg);
	ok(!chardev_compat("-serial", "sdtio", &e), "%s", e.msg);
	free(f);
}

/* The name that the back end prints on standard error. */
static struct chardev *make_pty(char name[100])
{
	char path[100], line[200] = "";
	int saved = dup(2), fd;
	struct chardev *c;

	snprintf(path, sizeof(path), "%s/err", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 2);
	c = make("pty,id=p,mux=on");
	dup2(saved, 2);
	close(saved);
	if (pread(fd, line, sizeof(line) - 1, 0) < 0)
		line[0] = 0;
	close(fd);
	unlink(path);
	name[0] = 0;
	sscanf(line, "char device redirected to %99s", name);
	return c;
}

static void test_pty_mux(void)
{
	struct front *f = front(100), *g = front(100);
	char name[100], back[2000] = "";
	size_t got = 0;
	struct chardev *c = make_pty(name);
	int fd = open(name, O_RDWR | O_NOCTTY);

	ok(c && fd >= 0, "a pty at %s", name);
	ok(!chardev_attach(c, &f->u, &e) && !chardev_attach(c, &g->u, &e), "two front ends share a multiplexer");
	ok(write(fd, "a\001\001b", 4) == 4, "typed");
	WAIT(ld_acq(&f->n) == 3);
	ok(!memcmp(f->got, "a\001b", 3) && !ld_acq(&g->n), "the first has the focus; Ctrl-A twice is Ctrl-A");
	ok(write(fd, "\001b", 2) == 2, "break typed");
	WAIT(ld_acq(&f->breaks));
	ok(ld_acq(&f->breaks) == 1, "Ctrl-A b");
	ok(write(fd, "\001cz", 3) == 3, "switch typed");
	WAIT(ld_acq(&g->n));
	ok(g->got[0] == 'z' && ld_acq(&f->n) == 3, "Ctrl-A c switches");
	st_rel(&g->room, (size_t)0);
	ok(write(fd, "wxyz", 4) == 4, "typed at a front end without room");
	for (int k = 0; k < 20; k++)
		nap();
	st_rel(&g->n, (size_t)0);
	st_rel(&g->room, (size_t)10);
	chardev_accept_input(c);
	WAIT(ld_acq(&g->n) == 4);
	ok(!memcmp(g->got, "wxyz", 4), "it is kept");
	ok(write(fd, "\001h", 2) == 2, "help typed");
	for (ssize_t n = 1; n > 0 && got < sizeof(back) - 1 && !strstr(back, "Ctrl-A"); got += n > 0 ? (size_t)n : 0)
		n = read(fd, back + got, sizeof(back) - 1 - got);
	ok(strstr(back, "Ctrl-A"), "Ctrl-A h helps");
	st_rel(&quit_status, -1);
	ok(write(fd, "\001x", 2) == 2, "exit typed");
	WAIT(ld_acq(&quit_status) >= 0);
	is_u64((uint64_t)ld_acq(&quit_status), 0, "Ctrl-A x leaves");
	close(fd);
	chardev_free(c);
	free(f);
	free(g);
}

static void test_testdev(void)
{
	struct chardev *c = make("testdev,id=t");

	st_rel(&quit_status, -1);
	chardev_write(c, "7x1", 3);
	for (int k = 0; k < 5; k++)
		nap();
	ok(ld_acq(&quit_status) == -1, "nothing yet");
	chardev_write(c, "q", 1);
	WAIT(ld_acq(&quit_status) >= 0);
	is_u64((uint64_t)ld_acq(&quit_status), 3, "1q ends with status 3");
	chardev_free(c);
	c = make("null");
	ok(c && chardev_write(c, "x", 1) == 1, "null swallows");
	chardev_free(c);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	env = (struct chardev_env){ioloop_new(&e), on_quit, NULL, false};
	ok(env.loop != NULL, "the loop runs");
	test_file();
	test_socket();
	test_early_caller();
	test_tcp();
	test_pty_mux();
	test_testdev();
	ioloop_free(env.loop);
	rmdir(dir);
	return tap_done();
}
