/*
 * The terminal on standard input: raw while the guest owns it, as it was
 * before whenever it does not (exit by any path, stop by SIGTSTP, fatal
 * signals, BUG, and kill -9: base/termguard.h).
 *
 * Raw means: no echo, no line editing, no translation; Ctrl-C is a signal only
 * where that was asked for.  Output translation (NL to CR NL) stays on.
 */
#ifndef PARMA_DEV_TERM_H
#define PARMA_DEV_TERM_H

#include <stdbool.h>

/*
 * Puts the terminal on fd into raw mode (nothing happens where fd is no
 * terminal, and while this process is in the background) and has it restored at exit().
 * signals: Ctrl-C, Ctrl-Z and Ctrl-\ remain signals.
 */
void term_raw(int fd, bool signals);
/* As it was before term_raw(). Any thread, signal handlers too; may be repeated. */
void term_restore(void);
/* Raw again after term_restore(), if term_raw() had been called (back from a stop). */
void term_resume(void);

#endif
