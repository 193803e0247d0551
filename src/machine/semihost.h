/*
 * Arm semihosting (HLT #0xF000) for bare-metal guests: console, clock, command
 * line and exit.  Files of the host are not reachable.  Follows "Semihosting
 * for AArch32 and AArch64" (Arm, 2.0).
 *
 * Runs on the calling vCPU's thread.
 */
#ifndef PARMA_MACHINE_SEMIHOST_H
#define PARMA_MACHINE_SEMIHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "a64/vcpu.h"

enum semihost_stream {
	SEMIHOST_CONSOLE, /* the debug channel: SYS_WRITEC, SYS_WRITE0 */
	SEMIHOST_STDOUT,  /* ":tt" opened for writing */
	SEMIHOST_STDERR,  /* and for appending */
};

struct semihost {
	/* Output; takes all n bytes. */
	void (*write)(void *arg, enum semihost_stream to, const void *buf, size_t n); /* CONST_AFTER_INIT */
	/* The guest ends with that exit status. */
	void (*exit)(void *arg, struct vcpu *c, int status);      /* CONST_AFTER_INIT */
	void *arg;                                                /* CONST_AFTER_INIT */
	const char *cmdline;                                      /* CONST_AFTER_INIT */
	uint64_t ram_base, ram_size;                              /* CONST_AFTER_INIT */
	uint64_t start_ns;                                        /* CONST_AFTER_INIT */
};

/* Does operation `op` (w0) with argument `param` (x1) for c; the result for x0. */
uint64_t semihost_call(struct semihost *s, struct vcpu *c, uint64_t op, uint64_t param);

#endif
