/*
 * What the AArch64 programs that run A64 words for the tests have in common
 * (harness.c, prog_harness.c): their memory, the pipes, the signals by which
 * a case comes back, and what of the state is in a signal's context.
 */
#ifndef PARMA_TESTS_A64_HARNESS_H
#define PARMA_TESTS_A64_HARNESS_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "case.h"

#define NZCV_BITS 0xf0000000ull

/* -- states in a signal's context -- */

static inline struct fpsimd_context *harness_fp(ucontext_t *u)
{
	struct _aarch64_ctx *h = (void *)u->uc_mcontext.__reserved;

	while (h->magic && h->magic != FPSIMD_MAGIC)
		h = (void *)((char *)h + h->size);
	return (void *)h;
}

/* All but trap; pc as it is. */
static inline void harness_get(struct case_state *s, ucontext_t *u)
{
	struct fpsimd_context *f = harness_fp(u);

	memcpy(s->x, u->uc_mcontext.regs, sizeof(s->x));
	s->sp = u->uc_mcontext.sp;
	s->pc = u->uc_mcontext.pc;
	s->nzcv = (uint32_t)(u->uc_mcontext.pstate & NZCV_BITS);
	memcpy(s->v, f->vregs, sizeof(s->v));
	s->fpcr = f->fpcr;
	s->fpsr = f->fpsr;
}

static inline void harness_put(ucontext_t *u, const struct case_state *s)
{
	struct fpsimd_context *f = harness_fp(u);

	memcpy(u->uc_mcontext.regs, s->x, sizeof(s->x));
	u->uc_mcontext.sp = s->sp;
	u->uc_mcontext.pc = s->pc;
	u->uc_mcontext.pstate = (u->uc_mcontext.pstate & ~NZCV_BITS) | s->nzcv;
	memcpy(f->vregs, s->v, sizeof(s->v));
	f->fpcr = s->fpcr;
	f->fpsr = s->fpsr;
}

/* What a fault's signal means as a trap of case.h. */
static inline uint32_t harness_trap(int sig)
{
	return sig == SIGILL ? CASE_UNDEF : sig == SIGBUS ? CASE_ALIGN : sig == SIGSEGV ? CASE_ABORT : CASE_OTHER;
}

/* The handler, on a stack of its own, for everything that a case can end by, and for one more. */
static inline void harness_signals(void (*handler)(int, siginfo_t *, void *), int flags, int one_more)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | flags};
	const int signals[] = {SIGTRAP, SIGILL, SIGSEGV, SIGBUS, one_more};

	sigaltstack(&ss, NULL);
	sigfillset(&sa.sa_mask);
	for (unsigned k = 0; k < sizeof(signals) / sizeof(*signals); k++)
		sigaction(signals[k], &sa, NULL);
}

/* -- memory, pipes -- */

/* Memory at that address, with case_pattern(). */
static inline void *harness_map(uint64_t at, size_t len, int prot)
{
	void *p = mmap((void *)at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED) {
		perror("harness: mmap");
		exit(1);
	}
	for (size_t k = 0; k < len; k += 8)
		*(uint64_t *)((char *)p + k) = case_pattern(at + k);
	mprotect(p, len, prot);
	return p;
}

/* Reads so much of stdin. 0: it is at its end. */
static inline int harness_read(void *p, size_t len)
{
	for (ssize_t k; len; len -= (size_t)k, p = (char *)p + k)
		if ((k = read(0, p, len)) <= 0)
			return 0;
	return 1;
}
static inline void harness_write(const void *p, size_t len)
{
	for (ssize_t k; len; len -= (size_t)k, p = (const char *)p + k)
		if ((k = write(1, p, len)) <= 0)
			exit(1);
}

#endif
