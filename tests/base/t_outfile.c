/* Reports are whole or as they were: limits on file size, links, devices, and kill -9 in the middle. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/outfile.h"
#include "tests/tap.h"

#define BIG (1u << 20)
static char dir[] = "/tmp/t_outfile.XXXXXX", path[64], buf[BIG + 1];

/* The file's length if all its bytes are equal, else -1. */
static long uniform(void)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	close(fd);
	for (ssize_t k = 1; k < n; k++)
		if (buf[k] != buf[0])
			return -1;
	return n;
}

static unsigned files_in_dir(void)
{
	char cmd[100];
	unsigned n = 0;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "ls %s | wc -l", dir);
	f = popen(cmd, "r");
	if (fscanf(f, "%u", &n) != 1)
		n = 99;
	pclose(f);
	return n;
}

static void size_limit(void)
{
	struct rlimit old, small = {1000, RLIM_INFINITY};
	struct err e;
	int rc;

	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	memset(buf, 'b', 5000);
	setrlimit(RLIMIT_FSIZE, &small);
	rc = outfile_write(path, buf, 5000, &e);
	setrlimit(RLIMIT_FSIZE, &old);
	ok(rc < 0 && e.code == EXIT_HOST && strstr(e.msg, path), "no room in the middle: %s", e.msg);
	ok(uniform() == 10 && buf[0] == 'a', "the old report stands");
	ok(files_in_dir() == 1, "and no scrap is left");
}

static void killed(void)
{
	unsigned broken = 0, rounds = 40;

	for (unsigned k = 0; k < rounds; k++) {
		pid_t child = fork();

		if (!child) {
			char *big = malloc(BIG);

			for (unsigned n = 0;; n++) {
				memset(big, 'a' + (int)(n % 26), BIG);
				outfile_write(path, big, BIG, NULL);
			}
		}
		usleep(2000 + k * 300);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		if (uniform() != 10 && uniform() != BIG)
			broken++;
	}
	ok(!broken, "kill -9 at %u moments: never a part of a report", rounds);
}

/* As /dev/stdout is a link to a descriptor, of a file that has been removed. */
static void nameless(const char *link)
{
	char other[80], fd_path[40], got[9] = "";
	struct stat st;
	struct err e;
	int fd;

	snprintf(other, sizeof(other), "%s/removed", dir);
	fd = open(other, O_RDWR | O_CREAT, 0600);
	unlink(other);
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
	ok(!symlink(fd_path, link) && write(fd, "old ", 4) == 4 && !outfile_write(link, "new", 3, &e) && !lstat(link, &st) && S_ISLNK(st.st_mode),
	   "a link to a file without a name stays");
	ok(pread(fd, got, 8, 0) == 7 && !strcmp(got, "old new"), "and the file has the report");
	close(fd);
	unlink(link);
}

static void others(void)
{
	char link[80], cmd[100];
	struct stat st;
	struct err e;

	ok(outfile_write("/dev/full", "x", 1, &e) < 0 && strstr(e.msg, "/dev/full"), "a device that is full: %s", e.msg);
	ok(!outfile_write("/dev/null", "x", 1, &e), "a device is written in place");
	ok(outfile_write("/nonexistent/x", "x", 1, &e) < 0, "no such folder: %s", e.msg);
	snprintf(link, sizeof(link), "%s/link", dir);
	ok(!symlink(path, link) && !outfile_write(link, "hello", 5, &e) && !lstat(link, &st) && S_ISLNK(st.st_mode) &&
		   !stat(path, &st) && st.st_size == 5,
	   "through a link the file that it names is replaced");
	unlink(link);
	ok(!symlink("later", link) && !outfile_write(link, "hello", 5, &e) && !lstat(link, &st) && S_ISLNK(st.st_mode) &&
		   !stat(link, &st) && st.st_size == 5,
	   "through a link to nothing a file comes to be, and the link stays");
	unlink(link);
	ok(!symlink("nowhere/at/all", link) && outfile_write(link, "x", 1, &e) < 0 && !lstat(link, &st) && S_ISLNK(st.st_mode),
	   "a link that leads nowhere stays: %s", e.msg);
	unlink(link);
	nameless(link);
	chmod(path, 0640);
	outfile_write(path, "x", 1, &e);
	stat(path, &st);
	ok((st.st_mode & 0777) == 0640, "permissions stay");
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(!system(cmd), "clean up");
}

int main(void)
{
	struct err e;

	if (!mkdtemp(dir))
		return 99;
	snprintf(path, sizeof(path), "%s/report", dir);
	ok(!outfile_write(path, "aaaaaaaaaa", 10, &e) && uniform() == 10, "a new report");
	size_limit();
	killed();
	others();
	return tap_done();
}
