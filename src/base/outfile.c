/* See outfile.h. */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int fail(struct err *e, const char *path)
{
	return err_set(e, EXIT_HOST, "cannot write '%s': %s", path, strerror(errno ? errno : EIO));
}

static int write_in_place(const char *path, int flags, const void *data, size_t n, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);

	if (fd < 0)
		return fail(e, path);
	if (write_all(fd, data, n)) {
		fail(e, path);
		close(fd);
		return -1;
	}
	return close(fd) ? fail(e, path) : 0;
}

/* The permissions that creat() would have given. */
static mode_t new_file_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int write_beside(const char *path, mode_t mode, const void *data, size_t n, struct err *e)
{
	size_t len = strlen(path) + 8;
	char *tmp = malloc(len);
	int fd, saved;

	if (!tmp)
		return err_set(e, EXIT_HOST, "no memory to write '%s'", path);
	snprintf(tmp, len, "%s.XXXXXX", path);
	fd = mkstemp(tmp);
	if (fd >= 0) {
		int bad = write_all(fd, data, n) || fchmod(fd, mode) || fsync(fd);

		saved = errno;
		if (close(fd) && !bad) {
			bad = 1;
			saved = errno;
		}
		if (!bad && !rename(tmp, path)) {
			free(tmp);
			return 0;
		}
		if (bad)
			errno = saved;
		saved = errno;
		unlink(tmp);
		errno = saved;
	}
	free(tmp);
	return fail(e, path);
}

int outfile_write(const char *path, const void *data, size_t n, struct err *e)
{
	char *real;
	struct stat st;
	int rc;

	if (stat(path, &st)) {
		if (!lstat(path, &st)) /* a link to nothing yet stays one */
			return write_in_place(path, O_CREAT | O_TRUNC, data, n, e);
		return write_beside(path, new_file_mode(), data, n, e);
	}
	if (!S_ISREG(st.st_mode))
		return write_in_place(path, 0, data, n, e);
	real = realpath(path, NULL); /* through a link: the file that it names is replaced */
	if (!real)                   /* which has no name any more, as /dev/stdout's may */
		return write_in_place(path, O_APPEND, data, n, e);
	rc = write_beside(real, st.st_mode & 07777, data, n, e);
	free(real);
	return rc;
}
