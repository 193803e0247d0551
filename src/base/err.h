/*
 * Set-up and host failures: functions that can fail return a negative value
 * (or NULL) and fill a struct err with one line that says what to do.
 */
#ifndef PARMA_BASE_ERR_H
#define PARMA_BASE_ERR_H

/* Exit codes of the parma command (documented in parma(1)). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_GUEST = 1,  /* the guest or the tests under run failed */
	EXIT_USAGE = 64, /* bad option or bad value (sysexits EX_USAGE) */
	EXIT_INPUT = 66, /* a file is missing, unreadable or malformed (EX_NOINPUT) */
	EXIT_DIFFERS = 70, /* two engines disagree about the guest: a bug of parma (EX_SOFTWARE) */
	EXIT_HOST = 71,  /* the host could not give what was asked for (EX_OSERR) */
};

struct err {
	int code; /* enum exit_code */
	char msg[600];
};

/* Fills e (which may be NULL) and returns -1. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "prefix: " before the message in e; returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
