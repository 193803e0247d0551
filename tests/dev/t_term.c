/*
 * The terminal and the signals: a child on a pseudo terminal of its own opens
 * stdio; its terminal must be raw while it runs and as before whenever it
 * stops or ends, however it ends.
 */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "dev/chardev.h"
#include "dev/hostsig.h"
#include "tests/tap.h"

static uint32_t ending; /* ATOMIC: 1 + status */

static void on_quit(void *arg, int status)
{
	(void)arg;
	st_rel(&ending, 1u + (uint32_t)status);
}

static void on_signal(void *arg, int sig)
{
	(void)arg;
	st_rel(&ending, 1u + 128 + (uint32_t)sig);
}

static void nap_ms(long ms)
{
	struct timespec t = {0, ms * 1000000};

	nanosleep(&t, NULL);
}

/* What echoes for a guest: each byte typed comes back in brackets. */
static struct chardev *con;
static size_t can_read(void *arg) { return arg ? 0 : 100; }

static void on_read(void *arg, const uint8_t *buf, size_t n)
{
	(void)arg;
	for (size_t k = 0; k < n; k++) {
		char out[3] = {'[', (char)buf[k], ']'};

		chardev_write(con, out, 3);
		if (buf[k] == '!')
			abort();
		if (buf[k] == '?')
			exit(7);
	}
}

__attribute__((noreturn)) static void child(const char *text)
{
	static const struct chardev_user user = {can_read, on_read, NULL, NULL, NULL};
	struct chardev_env env;
	struct opts *o;
	struct err e;
	int code;

	/* Whoever runs the tests may have some ignored, and what is ignored stays so. */
	for (int k = SIGHUP; k <= SIGTTOU; k++)
		signal(k, SIG_DFL);
	hostsig_block();
	env = (struct chardev_env){ioloop_new(&e), on_quit, NULL, false};
	o = chardev_compat("-serial", text, &e);
	con = chardev_new(&env, o, &e);
	if (!con || hostsig_start(env.loop, on_signal, NULL, &e) < 0 || chardev_attach(con, &user, &e) < 0)
		_exit(99);
	chardev_write(con, "ready\n", 6);
	while (!ld_acq(&ending))
		nap_ms(1);
	code = (int)ld_acq(&ending) - 1;
	hostsig_stop(env.loop);
	chardev_free(con);
	ioloop_free(env.loop);
	opts_free(o);
	_exit(code); /* no atexit(): the chardev restored the terminal */
}

static int master;
static pid_t pid;

static bool is_raw(void)
{
	struct termios t;

	return !tcgetattr(master, &t) && !(t.c_lflag & (ICANON | ECHO));
}

static bool becomes(bool raw)
{
	for (int k = 0; k < 300000 && is_raw() != raw; k++)
		nap_ms(1);
	return is_raw() == raw;
}

/* SIGCONT is lost on a process that is still on its way to stop. */
static bool stops(void)
{
	for (int k = 0; k < 300000; k++) {
		siginfo_t i = {0};

		if (!waitid(P_PID, (id_t)pid, &i, WSTOPPED | WNOHANG) && i.si_pid == pid)
			return true;
		nap_ms(1);
	}
	return false;
}

/* Reads from the terminal until text came. */
static bool see(const char *text)
{
	char buf[400] = "";
	size_t n = 0;

	while (n < sizeof(buf) - 1) {
		struct pollfd p = {master, POLLIN, 0};

		if (poll(&p, 1, 300000) <= 0 || read(master, buf + n, 1) != 1)
			return false;
		n++;
		if (strstr(buf, text))
			return true;
	}
	return false;
}

static void start(const char *text)
{
	pid = forkpty(&master, NULL, NULL, NULL);
	if (!pid)
		child(text);
	ok(see("ready") && becomes(true), "%s: raw", text);
}

/* Waits for the end; its wait status. */
static int end(void)
{
	int st = -1;

	for (int k = 0; k < 300000; k++) {
		if (waitpid(pid, &st, WNOHANG) == pid)
			return st;
		nap_ms(1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	return -1;
}

static void type(const char *text) { (void)!write(master, text, strlen(text)); }

static void finish(const char *what, int want)
{
	int st = end();

	ok(st == want, "%s: ends as it should (0x%x)", what, (unsigned)st);
	ok(!is_raw(), "%s: the terminal is as before", what);
	close(master);
}

int main(void)
{
	start("mon:stdio");
	type("a\003");
	ok(see("[a]") && see("[\003]"), "Ctrl-C goes to the guest");
	kill(pid, SIGTSTP);
	ok(stops() && becomes(false), "SIGTSTP: the terminal is as before");
	kill(pid, SIGCONT);
	ok(becomes(true), "SIGCONT: raw");
	kill(pid, SIGSTOP);
	ok(stops(), "SIGSTOP");
	kill(pid, SIGCONT);
	ok(becomes(true), "SIGSTOP and SIGCONT: raw");
	type("\001x");
	finish("Ctrl-A x", 0);
	start("mon:stdio");
	kill(pid, SIGTERM);
	finish("SIGTERM", (128 + SIGTERM) << 8);
	start("mon:stdio");
	kill(pid, SIGHUP);
	finish("SIGHUP", (128 + SIGHUP) << 8);
	start("stdio");
	type("b\003");
	finish("Ctrl-C with signal=on", (128 + SIGINT) << 8);
	start("mon:stdio");
	type("?");
	finish("exit()", 7 << 8);
	start("mon:stdio");
	type("!");
	{
		int st = end();

		ok(WIFSIGNALED(st) && WTERMSIG(st) == SIGABRT, "abort(): ends by SIGABRT");
		ok(!is_raw(), "abort(): the terminal is as before");
	}
	return tap_done();
}
