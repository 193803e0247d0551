/*
 * The control socket: JSON in the manner of QEMU's machine protocol
 * (QMP), so that QMP clients can talk to it: greeting, qmp_capabilities, then
 * {"execute": NAME, "arguments": {...}, "id": ANY} with {"return": ...} or
 * {"error": {"class", "desc"}} as the answer, and events.
 *
 * Runs on the I/O thread.
 */
#ifndef PARMA_MACHINE_QMP_H
#define PARMA_MACHINE_QMP_H

#include "machine/machine_priv.h"

struct qmp;

/* Listens on what a -qmp argument names ("unix:PATH,server=on,wait=off", "stdio", ...): m->qmp, to be, before the machine runs. NULL with e filled. */
struct qmp *qmp_new(struct machine *m, const char *text, struct err *e);
/* With those that m->qmp had when it was made. */
void qmp_free(struct qmp *q);
/* The machine has ended, with that exit status; reset: the guest asked for a reset, with -no-reboot. Tells the clients. Any thread. */
void qmp_ended(struct machine *m, int status, bool reset);

#endif
