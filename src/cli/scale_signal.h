/* Ctrl-C, SIGTERM and hang-up while parma scale or parma top runs: a flag, looked at between steps. */
#ifndef PARMA_CLI_SCALE_SIGNAL_H
#define PARMA_CLI_SCALE_SIGNAL_H

/* From now on SIGINT, SIGTERM and SIGHUP only set the flag (and interrupt poll and read). */
void scale_signal_catch(void);
/* The signal that came, 0: none. */
int scale_signal(void);

#endif
