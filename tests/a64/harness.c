/*
 * Runs single A64 instructions on given states and reports the states after:
 * an AArch64 Linux program, for qemu-aarch64 (or a real machine).  Protocol on
 * stdin and stdout: uint32_t n, n struct case_input; back come n struct
 * case_result; until end of file.
 *
 * Every case is entered by returning from a signal handler whose context was
 * overwritten with the case's state, and left by the BRK behind the
 * instruction (or the fault that it takes), so no register is spared.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "case.h"

static struct case_input in[CASE_MAX];
static struct case_result res[CASE_MAX];
static uint32_t n, cur;
static ucontext_t home;
static uint8_t pristine[CASE_RAM_BYTES];
static volatile int going;

static struct fpsimd_context *fp_of(ucontext_t *u)
{
	struct _aarch64_ctx *h = (void *)u->uc_mcontext.__reserved;

	while (h->magic && h->magic != FPSIMD_MAGIC)
		h = (void *)((char *)h + h->size);
	return (void *)h;
}

static void enter(ucontext_t *u)
{
	struct case_state *s = &in[cur].s;
	struct fpsimd_context *f = fp_of(u);

	memcpy(u->uc_mcontext.regs, s->x, sizeof(s->x));
	u->uc_mcontext.sp = s->sp;
	u->uc_mcontext.pc = s->pc;
	u->uc_mcontext.pstate = (u->uc_mcontext.pstate & ~0xf0000000ull) | s->nzcv;
	memcpy(f->vregs, s->v, sizeof(s->v));
	f->fpcr = s->fpcr;
	f->fpsr = s->fpsr;
}

static void compare_memory(struct case_result *r)
{
	uint8_t *ram = (uint8_t *)CASE_RAM;
	uint32_t first = 0, last = CASE_RAM_BYTES;

	if (!memcmp(ram, pristine, CASE_RAM_BYTES))
		return;
	while (!memcmp(ram + first, pristine + first, 1024))
		first += 1024;
	while (ram[first] == pristine[first])
		first++;
	while (!memcmp(ram + last - 1024, pristine + last - 1024, 1024))
		last -= 1024;
	while (ram[last - 1] == pristine[last - 1])
		last--;
	r->mem_first = first;
	r->mem_len = last - first;
	memcpy(r->mem, ram + first, r->mem_len < CASE_DIFF ? r->mem_len : CASE_DIFF);
	memcpy(ram + first, pristine + first, last - first);
}

static void leave(ucontext_t *u, int sig)
{
	struct case_result *r = &res[cur];
	struct fpsimd_context *f = fp_of(u);

	memset(r, 0, sizeof(*r));
	memcpy(r->s.x, u->uc_mcontext.regs, sizeof(r->s.x));
	r->s.sp = u->uc_mcontext.sp;
	r->s.pc = u->uc_mcontext.pc;
	r->s.nzcv = u->uc_mcontext.pstate & 0xf0000000;
	memcpy(r->s.v, f->vregs, sizeof(r->s.v));
	r->s.fpcr = f->fpcr;
	r->s.fpsr = f->fpsr;
	r->s.trap = sig == SIGTRAP ? CASE_OK : sig == SIGILL ? CASE_UNDEF : sig == SIGBUS ? CASE_ALIGN : CASE_ABORT;
	if ((sig == SIGSEGV || sig == SIGBUS) && r->s.pc != in[cur].s.pc)
		r->s.trap = CASE_OK; /* a branch out of the code */
	if (in[cur].is_mem)
		compare_memory(r);
}

static void on_signal(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *u = ctx;

	if (sig == SIGUSR1) {
		cur = 0;
		memcpy(&home, u, sizeof(home));
	} else {
		leave(u, sig);
		cur++;
	}
	__asm__ volatile("clrex");
	if (cur < n) {
		enter(u);
	} else {
		struct fpsimd_context *f = fp_of(u), *h = fp_of(&home);

		u->uc_mcontext.pstate = home.uc_mcontext.pstate;
		memcpy(u->uc_mcontext.regs, home.uc_mcontext.regs, sizeof(u->uc_mcontext.regs));
		u->uc_mcontext.sp = home.uc_mcontext.sp;
		u->uc_mcontext.pc = home.uc_mcontext.pc;
		memcpy(f->vregs, h->vregs, sizeof(f->vregs));
		f->fpcr = h->fpcr;
		f->fpsr = h->fpsr;
		going = 0;
	}
}

static void *map(uint64_t at, size_t len, int prot)
{
	void *p = mmap((void *)at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED) {
		perror("harness: mmap");
		exit(1);
	}
	for (size_t k = 0; k < len; k += 8)
		*(uint64_t *)((char *)p + k) = case_pattern(at + k);
	return p;
}

static int read_all(void *p, size_t len)
{
	for (ssize_t k; len; len -= k, p = (char *)p + k)
		if ((k = read(0, p, len)) <= 0)
			return 0;
	return 1;
}

static void write_all(const void *p, size_t len)
{
	for (ssize_t k; len; len -= k, p = (const char *)p + k)
		if ((k = write(1, p, len)) <= 0)
			exit(1);
}

int main(void)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	uint32_t *code;

	map(CASE_LIT, CASE_LIT_BYTES, PROT_READ | PROT_WRITE);
	code = map(CASE_CODE, CASE_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(pristine, map(CASE_RAM, CASE_RAM_BYTES, PROT_READ | PROT_WRITE), CASE_RAM_BYTES);
	sigaltstack(&ss, NULL);
	sigfillset(&sa.sa_mask);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	while (read_all(&n, 4) && n <= CASE_MAX && read_all(in, n * sizeof(in[0]))) {
		for (uint32_t k = 0; k < CASE_CODE_BYTES / 4; k++)
			code[k] = CASE_BRK;
		for (uint32_t k = 0; k < n; k++)
			code[in[k].index * CASE_STRIDE / 4] = in[k].word;
		__builtin___clear_cache((char *)code, (char *)code + CASE_CODE_BYTES);
		going = 1;
		raise(SIGUSR1);
		while (going)
			;
		write_all(res, n * sizeof(res[0]));
	}
	return 0;
}
