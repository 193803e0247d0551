/* See term.h. */
#include "dev/term.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/termguard.h"

static struct termios saved, raw; /* CONST_AFTER_INIT: written before term_fd */
static int term_fd = -1;          /* ATOMIC(release in term_raw, acquire elsewhere) */
static int is_raw;                /* ATOMIC(at_xchg) */

/* tcsetattr in the background would stop us by SIGTTOU. */
static bool set(int fd, const struct termios *t)
{
	sigset_t ttou, old;
	int rc;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &ttou, &old);
	do
		rc = tcsetattr(fd, TCSANOW, t);
	while (rc < 0 && errno == EINTR);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0;
}

void term_restore(void)
{
	int fd = ld_acq(&term_fd);

	if (fd >= 0 && at_xchg(&is_raw, 0))
		set(fd, &saved);
}

void term_resume(void)
{
	int fd = ld_acq(&term_fd);

	if (fd < 0 || tcgetpgrp(fd) != getpgrp())
		return;
	if (set(fd, &raw))
		at_xchg(&is_raw, 1);
}

/* Fatal signals that nobody else has a use for: leave a usable terminal behind. */
static void on_fatal(int sig)
{
	term_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_fatal(void)
{
	static const int sigs[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGQUIT, SIGTERM, SIGINT, SIGHUP};

	for (unsigned k = 0; k < ARRAY_SIZE(sigs); k++) {
		struct sigaction old, new = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND};

		if (!sigaction(sigs[k], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(sigs[k], &new, NULL);
	}
}

void term_raw(int fd, bool signals)
{
	if (ld_acq(&term_fd) >= 0 || !isatty(fd) || tcgetattr(fd, &saved) < 0)
		return;
	raw = saved;
	raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	if (!signals)
		raw.c_lflag &= ~(tcflag_t)ISIG;
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	st_rel(&term_fd, fd);
	atexit(term_restore);
	catch_fatal();
	termguard_start(fd, &raw, &saved, "");
	term_resume();
}
