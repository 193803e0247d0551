/*
 * Runs a command on a new terminal, as a person would: for t_terminal.sh.
 *
 *   ptyrun STEP... -- COMMAND...
 *
 * Steps, in order, each within five minutes (sizes that come first hold before the command starts):
 *   raw        wait until the terminal is in raw mode
 *   see:TEXT   wait until TEXT has come out
 *   type:TEXT  type it (^A stands for Ctrl-A)
 *   cooked     wait until it is not
 *   stopped    wait until the command stands still, as a shell does before it takes the terminal: SIGCONT is lost on one that still runs
 *   send:N     send signal N to the command
 *   send-to:N:PID   to another process
 *   size:C,R   the terminal has C columns and R rows from now on
 *   hangup     the line is cut: nobody is there any more
 *   end        wait for the command's end
 * Then prints its exit status (128 + N for a signal), what it wrote last if PTYRUN_OUTPUT is set, and exits with 0 if the terminal is as
 * it was before.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 300

static char *seen;                 /* all that came, and a 0 */
static size_t nseen, room, looked; /* bytes seen, room for them, and those that see: has passed */
static int master, slave;
static pid_t child;

static _Noreturn void die(const char *why, const char *what)
{
	printf("%s %s; it said: %.*s\n", why, what, (int)nseen, nseen ? seen : "");
	kill(child, SIGKILL);
	exit(1);
}

static void listen_ms(int ms)
{
	struct pollfd p = {master, POLLIN, 0}; /* master -1: only time passes */
	ssize_t n;

	if (poll(&p, 1, ms) <= 0 || !(p.revents & POLLIN))
		return;
	if (nseen + 4096 >= room) {
		room = 2 * room + 65536;
		seen = realloc(seen, room);
	}
	n = seen ? read(master, seen + nseen, room - 1 - nseen) : 0;
	if (n > 0)
		nseen += (size_t)n;
	if (seen)
		seen[nseen] = 0;
}

/* All that was written so far: the line hands bytes on in their order, at its leisure, so what comes before a mark of ours has come. */
static void drain(void)
{
	static const char mark[] = "[all of it]";
	time_t end = time(NULL) + LIMIT_S;
	size_t before;

	do {
		before = nseen;
		listen_ms(0);
	} while (nseen > before); /* so that there is room for it */
	if (write(slave, mark, strlen(mark)) < 0)
		return;
	for (before = nseen > strlen(mark) ? nseen - strlen(mark) : 0; time(NULL) < end; listen_ms(20)) {
		char *at = nseen ? strstr(seen + before, mark) : NULL;

		if (at) {
			*at = 0;
			return;
		}
	}
}

static bool is_raw(void)
{
	struct termios t;

	return !tcgetattr(slave, &t) && !(t.c_lflag & (ICANON | ECHO));
}

static bool saw(const char *text)
{
	const char *at = seen ? strstr(seen + looked, text) : NULL;

	if (at)
		looked = (size_t)(at - seen) + strlen(text);
	return at;
}

static bool ended(int *status) { return waitpid(child, status, WNOHANG) == child; }

static bool is_stopped(void)
{
	siginfo_t i = {0};

	return !waitid(P_PID, (id_t)child, &i, WSTOPPED | WNOHANG) && i.si_pid == child;
}

static bool holds(const char *s, int *status)
{
	if (!strcmp(s, "raw"))
		return is_raw();
	if (!strcmp(s, "cooked"))
		return !is_raw();
	if (!strcmp(s, "stopped"))
		return is_stopped();
	return !strncmp(s, "see:", 4) ? saw(s + 4) : ended(status);
}

static void type(const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (c == '^' && text[1])
			c = *++text & 31;
		if (write(master, &c, 1) != 1)
			die("cannot type", text);
	}
}

static void step(const char *s, int *status)
{
	time_t end = time(NULL) + LIMIT_S;

	if (!strncmp(s, "type:", 5)) {
		type(s + 5);
		return;
	}
	if (!strncmp(s, "size:", 5)) {
		struct winsize w = {0};

		sscanf(s + 5, "%hu,%hu", &w.ws_col, &w.ws_row);
		ioctl(master, TIOCSWINSZ, &w);
		return;
	}
	if (!strcmp(s, "hangup")) {
		close(slave);
		close(master);
		master = slave = -1;
		return;
	}
	if (!strncmp(s, "send-to:", 8)) {
		int sig = 0, pid = 0;

		if (sscanf(s + 8, "%d:%d", &sig, &pid) != 2 || pid < 2)
			die("bad step", s);
		kill(pid, sig);
		return;
	}
	if (!strncmp(s, "send:", 5)) {
		kill(child, atoi(s + 5));
		return;
	}
	while (!holds(s, status)) {
		if (time(NULL) > end)
			die("waited in vain for", s);
		listen_ms(20);
	}
}

static bool same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	       !memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

int main(int argc, char **argv)
{
	struct termios before, after;
	int first = 1, done = 1, status = 0;
	time_t end;

	while (first < argc && strcmp(argv[first], "--"))
		first++;
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (argc < first + 2 || master < 0 || grantpt(master) || unlockpt(master))
		return 99;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || tcgetattr(slave, &before))
		return 99;
	for (; done < first && !strncmp(argv[done], "size:", 5); done++)
		step(argv[done], &status);
	child = fork();
	if (!child) {
		/* As a shell at a terminal starts it, whatever nohup or a script's "&" has told this process to ignore. */
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		close(slave);
		close(master);
		execvp(argv[first + 1], argv + first + 1);
		_exit(127);
	}
	for (; done < first; done++)
		step(argv[done], &status);
	printf("status %d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	if (slave < 0)
		return 0;
	/* After kill -9 somebody else puts it in order. */
	for (end = time(NULL) + LIMIT_S; time(NULL) < end && (tcgetattr(slave, &after) || !same(&before, &after));)
		listen_ms(20);
	drain();
	if (getenv("PTYRUN_OUTPUT") && nseen)
		printf("%s", seen);
	if (tcgetattr(slave, &after) || !same(&before, &after)) {
		puts("the terminal is not as it was");
		return 1;
	}
	return 0;
}
