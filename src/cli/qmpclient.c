/* See qmpclient.h. */
#include "cli/qmpclient.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/scale_signal.h"

#define REPLY_MS 30000
#define LINE_LIMIT (16u << 20)

struct qmpclient {
	int fd;
	char *buf;
	size_t len, cap;
};

static int connect_once(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static bool worth_waiting(int error) { return error == ENOENT || error == ECONNREFUSED || error == EAGAIN; }

/* The next line as JSON; NULL: end, timeout or nonsense. */
static json_t *read_line(struct qmpclient *q)
{
	char *nl;

	while (!(nl = q->len ? memchr(q->buf, '\n', q->len) : NULL)) {
		struct pollfd p = {q->fd, POLLIN, 0};
		ssize_t n;
		int ready;

		if (q->len == q->cap) {
			char *more = q->cap < LINE_LIMIT ? realloc(q->buf, q->cap ? 2 * q->cap : 65536) : NULL;

			if (!more)
				return NULL;
			q->cap = q->cap ? 2 * q->cap : 65536;
			q->buf = more;
		}
		ready = poll(&p, 1, REPLY_MS);
		if (ready < 0 && errno == EINTR && !scale_signal())
			continue; /* the terminal has another size, or was the shell's for a while */
		if (ready <= 0)
			return NULL;
		n = read(q->fd, q->buf + q->len, q->cap - q->len);
		if (n <= 0)
			return NULL;
		q->len += (size_t)n;
	}
	size_t used = (size_t)(nl + 1 - q->buf);
	json_t *j = json_loadb(q->buf, used, 0, NULL);

	memmove(q->buf, q->buf + used, q->len - used);
	q->len -= used;
	return j;
}

json_t *qmpclient_do(struct qmpclient *q, const char *command, struct err *e)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "{\"execute\":\"%s\"}\n", command);
	json_t *j, *ret;

	if (send(q->fd, line, (size_t)n, MSG_NOSIGNAL) != n) {
		err_set(e, EXIT_HOST, "the guest has gone");
		return NULL;
	}
	while ((j = read_line(q))) {
		ret = json_incref(json_object_get(j, "return"));
		if (json_object_get(j, "error"))
			err_set(e, EXIT_GUEST, "%s: %s", command,
				json_string_value(json_object_get(json_object_get(j, "error"), "desc")));
		if (ret || json_object_get(j, "error")) {
			json_decref(j);
			return ret;
		}
		json_decref(j); /* an event or the greeting */
	}
	err_set(e, EXIT_HOST, "the guest does not answer");
	return NULL;
}

struct qmpclient *qmpclient_open(const char *path, unsigned wait_ms, struct err *e)
{
	struct qmpclient *q = calloc(1, sizeof(*q));
	struct timespec ms5 = {0, 5000000};
	json_t *j;

	if (!q) {
		err_set(e, EXIT_HOST, "no memory");
		return NULL;
	}
	for (unsigned waited = 0; (q->fd = connect_once(path)) < 0 && worth_waiting(errno) && waited < wait_ms; waited += 5)
		nanosleep(&ms5, NULL);
	if (q->fd < 0) {
		err_set(e, EXIT_INPUT, "cannot connect to the control socket '%s': %s", path, strerror(errno));
		free(q);
		return NULL;
	}
	j = qmpclient_do(q, "qmp_capabilities", e);
	if (!j) {
		qmpclient_close(q);
		return NULL;
	}
	json_decref(j);
	return q;
}

void qmpclient_close(struct qmpclient *q)
{
	if (!q)
		return;
	close(q->fd);
	free(q->buf);
	free(q);
}
