/*
 * The other end of `parma boot -qmp unix:PATH,server=on`: connects, and
 * executes commands one at a time.  Events in between are skipped.  One
 * thread.
 */
#ifndef PARMA_CLI_QMPCLIENT_H
#define PARMA_CLI_QMPCLIENT_H

#include <jansson.h>

#include "base/err.h"

struct qmpclient;

/* Connects within wait_ms (the guest may be starting). NULL with e filled. */
struct qmpclient *qmpclient_open(const char *path, unsigned wait_ms, struct err *e);
void qmpclient_close(struct qmpclient *q);
/* The value of "return", to be released by the caller; NULL with e filled: refused, or the guest has gone. */
json_t *qmpclient_do(struct qmpclient *q, const char *command, struct err *e);

#endif
