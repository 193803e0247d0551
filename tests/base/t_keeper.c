/* The keeper: reports, sockets, what it refuses after the seal, and a sudden end of the other side. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/keeper.h"
#include "tests/tap.h"

static char dir[] = "/tmp/t_keeper.XXXXXX", report[64], sock[64], plain[64];

static void make_socket(const char *at)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, at);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		exit(1);
	close(fd);
}

static bool holds(const char *path, const char *want)
{
	char buf[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	close(fd);
	return n == (ssize_t)strlen(want) && !memcmp(buf, want, (size_t)n);
}

static bool gone(const char *path) { return access(path, F_OK) != 0; }

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (write(fd, text, strlen(text)) < 0)
		exit(1);
	close(fd);
}

static void test_report(void)
{
	struct err e = {0};

	ok(!keeper_start(&e) && !keeper_has_report(), "it starts");
	make_socket(sock);
	keeper_unlink(sock);
	put_file(plain, "mine");
	keeper_unlink(plain);
	keeper_report(report);
	keeper_seal();
	ok(keeper_has_report() && !keeper_write("hello", 5, &e) && holds(report, "hello"), "the report is written");
	ok(keeper_write("again", 5, &e) && holds(report, "hello"), "once");
	keeper_stop();
	ok(gone(sock), "a socket is removed at the end");
	ok(holds(plain, "mine"), "a file that is no socket stays");
}

static void test_seal(void)
{
	struct err e = {0};

	make_socket(sock);
	keeper_start(&e);
	keeper_report(report);
	keeper_seal();
	keeper_unlink(sock);
	ok(keeper_write("other", 5, &e) < 0 && e.code == EXIT_HOST, "names after the seal end it");
	keeper_stop();
	ok(!gone(sock) && holds(report, "hello"), "and nothing is done");
	unlink(sock);
}

static void test_refused(void)
{
	struct err e = {0};

	keeper_start(&e);
	keeper_report("/nowhere/at/all");
	keeper_seal();
	ok(keeper_write("x", 1, &e) < 0 && strstr(e.msg, "/nowhere/at/all"), "a path that cannot be: %s", e.msg);
	keeper_stop();
}

static void test_kill(void)
{
	int tries = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		make_socket(sock);
		keeper_start(NULL);
		keeper_unlink(sock);
		keeper_report(report);
		keeper_seal();
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	while (!gone(sock) && tries++ < 30000)
		usleep(10000);
	ok(gone(sock) && holds(report, "hello"), "kill -9: sockets are removed, the old report stands");
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(report, sizeof(report), "%s/report", dir);
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	snprintf(plain, sizeof(plain), "%s/plain", dir);
	test_report();
	test_seal();
	test_refused();
	test_kill();
	unlink(report);
	unlink(plain);
	rmdir(dir);
	return tap_done();
}
