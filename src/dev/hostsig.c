/* See hostsig.h. */
#include "dev/hostsig.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/bits.h"
#include "dev/term.h"

static struct {
	struct iosource src;              /* OWNER(loop) */
	void (*quit)(void *arg, int sig); /* CONST_AFTER_INIT */
	void *arg;                        /* CONST_AFTER_INIT */
	int ending;                       /* ATOMIC(at_xchg on the loop, acquire: hostsig_ending) */
} hs;

static void the_signals(sigset_t *set)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};

	sigemptyset(set);
	for (unsigned k = 0; k < ARRAY_SIZE(sigs); k++) {
		struct sigaction old;

		/* nohup and background jobs of scripts: what is ignored stays so. */
		if (!sigaction(sigs[k], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaddset(set, sigs[k]);
	}
}

void hostsig_block(void)
{
	sigset_t set;

	the_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void stop_process(void)
{
	term_restore();
	/* At this thread, so that it stops here and not some steps later. */
	raise(SIGSTOP);
	term_resume();
}

static void die_of(int sig)
{
	sigset_t set;

	term_restore();
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void on_signal(void *arg, short revents)
{
	struct signalfd_siginfo si;
	int sig;

	(void)arg;
	(void)revents;
	if (read(hs.src.fd, &si, sizeof(si)) != sizeof(si))
		return;
	sig = (int)si.ssi_signo;
	if (sig == SIGTSTP)
		stop_process();
	else if (sig == SIGCONT)
		term_resume();
	else if (at_xchg(&hs.ending, 1))
		die_of(sig);
	else
		hs.quit(hs.arg, sig);
}

static short want_in(void *arg)
{
	(void)arg;
	return POLLIN;
}

int hostsig_start(struct ioloop *l, void (*quit)(void *arg, int sig), void *arg, struct err *e)
{
	sigset_t set;

	the_signals(&set);
	hs.quit = quit;
	hs.arg = arg;
	hs.src = (struct iosource){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .prepare = want_in, .ready = on_signal};
	if (hs.src.fd < 0)
		return err_set(e, EXIT_HOST, "signalfd: %s", strerror(errno));
	ioloop_add(l, &hs.src);
	return 0;
}

void hostsig_stop(struct ioloop *l)
{
	ioloop_del(l, &hs.src);
	close(hs.src.fd);
}

bool hostsig_ending(void) { return ld_acq(&hs.ending) != 0; }
