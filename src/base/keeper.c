/*
 * See keeper.h.  A message is a struct head and its bytes; REPORT is answered
 * with a struct err (code 0: done).  The keeper trusts nothing that comes after the seal: one
 * report of at most MAX_BYTES, to the path that it was told before.
 */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/outfile.h"

#define MAX_BYTES (64u << 20)
#define MAX_SOCKETS 64

enum kind { UNLINK, NAME, SEAL, REPORT };
struct head {
	uint32_t kind, bytes;
};

static int link_fd = -1;  /* OWNER(main thread): to the keeper */
static pid_t keeper_pid;  /* OWNER(main thread) */
static bool named;        /* OWNER(main thread): it knows where the report goes */

/* Everything or nothing; false at the end of the stream. */
static bool get(int fd, void *buf, size_t n)
{
	while (n) {
		ssize_t r = read(fd, buf, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		buf = (char *)buf + r;
		n -= (size_t)r;
	}
	return true;
}

static bool put(int fd, const void *buf, size_t n)
{
	while (n) {
		ssize_t r = send(fd, buf, n, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		buf = (const char *)buf + r;
		n -= (size_t)r;
	}
	return true;
}

/* -- the keeper's side -- */
struct keeper {
	int fd;
	char *report;
	bool sealed, done;
	struct {
		char *path;
		struct stat st;
	} sock[MAX_SOCKETS];
	unsigned nsock;
};

static void add_socket(struct keeper *k, char *path)
{
	if (k->nsock < MAX_SOCKETS && !lstat(path, &k->sock[k->nsock].st))
		k->sock[k->nsock++].path = path;
}

static void remove_sockets(const struct keeper *k)
{
	struct stat st;

	for (unsigned i = 0; i < k->nsock; i++)
		if (!lstat(k->sock[i].path, &st) && S_ISSOCK(st.st_mode) && st.st_ino == k->sock[i].st.st_ino &&
		    st.st_dev == k->sock[i].st.st_dev)
			unlink(k->sock[i].path);
}

static bool write_report(struct keeper *k, const void *data, size_t n)
{
	struct err e = {0};

	if (!k->report || k->done)
		return false;
	k->done = true;
	outfile_write(k->report, data, n, &e);
	return put(k->fd, &e, sizeof(e));
}

/* One message; false: leave. */
static bool serve(struct keeper *k)
{
	struct head h;
	char *data;

	if (!get(k->fd, &h, sizeof(h)) || h.bytes > MAX_BYTES || (k->sealed && h.kind != REPORT))
		return false;
	data = calloc(1, h.bytes + 1u);
	if (!data || !get(k->fd, data, h.bytes))
		return false;
	switch ((enum kind)h.kind) {
	case UNLINK: add_socket(k, data); return true;
	case NAME: k->report = data; return true;
	case SEAL: k->sealed = true; return true;
	case REPORT: return write_report(k, data, h.bytes);
	}
	return false;
}

static _Noreturn void keeper_main(int fd)
{
	struct keeper k = {.fd = 3};
	sigset_t all;
	int null = open("/dev/null", O_RDWR);

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "parma-keeper");
	dup2(null, 0); /* the report may go to /dev/stdout */
	if (fd != 3)
		dup2(fd, 3);
	close_range(4, ~0u, 0);
	while (serve(&k))
		;
	remove_sockets(&k);
	_exit(0);
}

/* -- parma's side -- */
int keeper_start(struct err *e)
{
	int fd[2];

	if (link_fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return err_set(e, EXIT_HOST, "socketpair: %s", strerror(errno));
	keeper_pid = fork();
	if (!keeper_pid)
		keeper_main(fd[1]);
	close(fd[1]);
	if (keeper_pid < 0) {
		close(fd[0]);
		return err_set(e, EXIT_HOST, "fork: %s", strerror(errno));
	}
	link_fd = fd[0];
	return 0;
}

static bool tell(enum kind kind, const void *data, size_t n)
{
	struct head h = {kind, (uint32_t)n};

	return link_fd >= 0 && n <= MAX_BYTES && put(link_fd, &h, sizeof(h)) && put(link_fd, data, n);
}

void keeper_unlink(const char *path) { tell(UNLINK, path, strlen(path)); }
void keeper_report(const char *path) { named |= tell(NAME, path, strlen(path)); }
void keeper_seal(void) { tell(SEAL, "", 0); }
bool keeper_has_report(void) { return named; }

int keeper_write(const void *data, size_t n, struct err *e)
{
	struct err reply;

	if (!tell(REPORT, data, n) || !get(link_fd, &reply, sizeof(reply)))
		return err_set(e, EXIT_HOST, "cannot write the report: the process for it is gone");
	*e = reply;
	return reply.code ? -1 : 0;
}

void keeper_stop(void)
{
	if (link_fd < 0)
		return;
	close(link_fd);
	link_fd = -1;
	named = false;
	while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
		;
}
