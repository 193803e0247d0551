/* See scale_signal.h. */
#include "cli/scale_signal.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void on_signal(int sig) { came = sig; }

void scale_signal_catch(void)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction a = {.sa_handler = on_signal};

	for (size_t k = 0; k < sizeof(sigs) / sizeof(sigs[0]); k++)
		sigaction(sigs[k], &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int scale_signal(void) { return came; }
