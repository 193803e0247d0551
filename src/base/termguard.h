/*
 * A small process that puts a terminal in order when the one that had it raw
 * has gone without doing so (kill -9): it waits for the end of a pipe whose other side
 * only we have, and acts if the terminal is still as we had made it.
 */
#ifndef PARMA_BASE_TERMGUARD_H
#define PARMA_BASE_TERMGUARD_H

#include <termios.h>

/*
 * From now on, for the terminal on fd. raw: as we have it; saved: as it is to be then; last: what is written before that
 * (to leave a second screen), or "". Where there is no process to be had there is no guard. Before sandbox_close();
 * other threads may exist.
 */
void termguard_start(int fd, const struct termios *raw, const struct termios *saved, const char *last);

#endif
