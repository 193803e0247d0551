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
#include "harness.h"

static struct case_input in[CASE_MAX];
static struct case_result res[CASE_MAX];
static uint32_t n, cur;
static struct case_state home;
static uint8_t pristine[CASE_RAM_BYTES];
static volatile int going;

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

	memset(r, 0, sizeof(*r));
	harness_get(&r->s, u);
	r->s.trap = sig == SIGTRAP ? CASE_OK : harness_trap(sig);
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
		harness_get(&home, u);
	} else {
		leave(u, sig);
		cur++;
	}
	__asm__ volatile("clrex");
	going = cur < n;
	harness_put(u, going ? &in[cur].s : &home);
}

int main(void)
{
	uint32_t *code;

	harness_map(CASE_LIT, CASE_LIT_BYTES, PROT_READ | PROT_WRITE);
	code = harness_map(CASE_CODE, CASE_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(pristine, harness_map(CASE_RAM, CASE_RAM_BYTES, PROT_READ | PROT_WRITE), CASE_RAM_BYTES);
	harness_signals(on_signal, 0, SIGUSR1);
	while (harness_read(&n, 4) && n <= CASE_MAX && harness_read(in, n * sizeof(in[0]))) {
		for (uint32_t k = 0; k < CASE_CODE_BYTES / 4; k++)
			code[k] = CASE_BRK;
		for (uint32_t k = 0; k < n; k++)
			code[in[k].index * CASE_STRIDE / 4] = in[k].word;
		__builtin___clear_cache((char *)code, (char *)code + CASE_CODE_BYTES);
		going = 1;
		raise(SIGUSR1);
		while (going)
			;
		harness_write(res, n * sizeof(res[0]));
	}
	return 0;
}
