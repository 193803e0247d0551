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
