/*
 * Runs the programs of prog.h on random states and gives digests of what came
 * out: an AArch64 Linux program, for qemu-aarch64 (or a real machine).
 * Protocol on stdin and stdout: prog.h, until end of file.
 *
 * The trampoline keeps nothing in registers while a program runs: its own
 * state is in a page at SAVE, X17 goes through PROG_MAIL, X0 through TPIDR_EL0.
 * A fault comes back through the signal handler, by the same door.
 */
#define _GNU_SOURCE
#include <sys/time.h>

#include "harness.h"
#include "prog.h"

#define SAVE (PROG_EXIT + 0x1000)
struct save {
	struct case_state s;                 /* 0: in, then out */
	uint64_t slot, sp, tls;              /* 792 */
	uint64_t callee[12], fp[8];          /* 816, 912 */
};
_Static_assert(sizeof(struct case_state) == 792 && SAVE == 0x5437b000, "the assembly below knows");
#define save ((struct save *)SAVE)

/* Offsets in struct case_state: x 0, sp 248, pc 256, v 264, nzcv 776, fpcr 780, fpsr 784. */
extern char door[], door_end[], enter[], leave_[];
#define ALL "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
__asm__(".pushsection .rodata\n"
	"	.globl door, door_end, enter, leave_\n"
	"door:	msr tpidr_el0, x0\n" /* PROG_EXIT: a program is done */
	"	movz x0, #0x5437, lsl 16\n"
	"	movk x0, #0xb000\n"
	"	stp x2, x3, [x0, #16]\n	stp x4, x5, [x0, #32]\n	stp x6, x7, [x0, #48]\n	stp x8, x9, [x0, #64]\n"
	"	stp x10, x11, [x0, #80]\n	stp x12, x13, [x0, #96]\n	stp x14, x15, [x0, #112]\n	stp x16, x17, [x0, #128]\n"
	"	stp x18, x19, [x0, #144]\n	stp x20, x21, [x0, #160]\n	stp x22, x23, [x0, #176]\n	stp x24, x25, [x0, #192]\n"
	"	stp x26, x27, [x0, #208]\n	stp x28, x29, [x0, #224]\n	str x30, [x0, #240]\n"
	"	mrs x2, tpidr_el0\n	stp x2, x1, [x0]\n	mov x2, sp\n	str x2, [x0, #248]\n"
	"	mrs x2, nzcv\n	str w2, [x0, #776]\n	mrs x2, fpcr\n	str w2, [x0, #780]\n	mrs x2, fpsr\n	str w2, [x0, #784]\n"
	"	add x1, x0, #264\n	.irp n, " ALL "\n	str q\\n, [x1], #16\n	.endr\n"
	"leave_: movz x0, #0x5437, lsl 16\n"
	"	movk x0, #0xb000\n"
	"	msr fpcr, xzr\n"
	"	ldr x1, [x0, #800]\n	mov sp, x1\n	ldr x1, [x0, #808]\n	msr tpidr_el0, x1\n"
	"	add x1, x0, #816\n"
	"	ldp x19, x20, [x1, #0]\n	ldp x21, x22, [x1, #16]\n	ldp x23, x24, [x1, #32]\n	ldp x25, x26, [x1, #48]\n	ldp x27, x28, [x1, #64]\n	ldp x29, x30, [x1, #80]\n"
	"	ldp d8, d9, [x1, #96]\n	ldp d10, d11, [x1, #112]\n	ldp d12, d13, [x1, #128]\n	ldp d14, d15, [x1, #144]\n"
	"	ret\n"
	"enter:	movz x0, #0x5437, lsl 16\n"
	"	movk x0, #0xb000\n"
	"	mov x1, sp\n	str x1, [x0, #800]\n	mrs x1, tpidr_el0\n	str x1, [x0, #808]\n"
	"	add x1, x0, #816\n"
	"	stp x19, x20, [x1, #0]\n	stp x21, x22, [x1, #16]\n	stp x23, x24, [x1, #32]\n	stp x25, x26, [x1, #48]\n	stp x27, x28, [x1, #64]\n	stp x29, x30, [x1, #80]\n"
	"	stp d8, d9, [x1, #96]\n	stp d10, d11, [x1, #112]\n	stp d12, d13, [x1, #128]\n	stp d14, d15, [x1, #144]\n"
	"	add x1, x0, #264\n	.irp n, " ALL "\n	ldr q\\n, [x1], #16\n	.endr\n"
	"	ldr w2, [x0, #776]\n	msr nzcv, x2\n	ldr w2, [x0, #780]\n	msr fpcr, x2\n	ldr w2, [x0, #784]\n	msr fpsr, x2\n"
	"	ldr x2, [x0, #248]\n	mov sp, x2\n"
	"	ldr x17, [x0, #792]\n"
	"	ldp x2, x3, [x0, #16]\n	ldp x4, x5, [x0, #32]\n	ldp x6, x7, [x0, #48]\n	ldp x8, x9, [x0, #64]\n"
	"	ldp x10, x11, [x0, #80]\n	ldp x12, x13, [x0, #96]\n	ldp x14, x15, [x0, #112]\n	ldr x16, [x0, #128]\n"
	"	ldp x18, x19, [x0, #144]\n	ldp x20, x21, [x0, #160]\n	ldp x22, x23, [x0, #176]\n	ldp x24, x25, [x0, #192]\n"
	"	ldp x26, x27, [x0, #208]\n	ldp x28, x29, [x0, #224]\n	ldr x30, [x0, #240]\n"
	"	ldp x0, x1, [x0]\n"
	"	msr tpidr_el0, xzr\n	.inst 0xd503405f, 0xd503403f\n" /* DIT and SSBS 0 */
	"	clrex\n"
	"	br x17\n"
	"door_end: .popsection\n");

static struct prog progs[PROG_SLOTS];
static volatile uint64_t runs, runs_seen;
static volatile int running;
static uint64_t pristine[PROG_RAM_BYTES / 8];
static uint64_t digests[PROG_SLOTS][256];

/* A program has faulted, or does not end: its state, then out by the door. */
static void on_signal(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *u = ctx;
	struct case_state *s = &save->s;

	if (sig == SIGVTALRM && (runs != runs_seen || !running)) {
		runs_seen = runs;
		return;
	}
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(save->tls)); /* the C library's, in case it is needed */
	if (u->uc_mcontext.pc < CASE_CODE || u->uc_mcontext.pc >= CASE_CODE + PROG_CODE_BYTES) {
		fprintf(stderr, "prog_harness: signal %d at pc %llx is no program's\n", sig, (unsigned long long)u->uc_mcontext.pc);
		_exit(70);
	}
	harness_get(s, u);
	s->pc -= save->slot + 4;
	s->trap = harness_trap(sig);
	u->uc_mcontext.pc = PROG_EXIT + (uint64_t)(leave_ - door);
}

static uint32_t slot_word(unsigned slot, unsigned k)
{
	uint64_t at = CASE_CODE + slot * PROG_STRIDE + 4 * k;

	if (!k) /* ldr x17, PROG_MAIL */
		return 0x58000011u | (uint32_t)((PROG_MAIL - at) / 4 & 0x7ffff) << 5;
	return 0x14000000u | (uint32_t)((PROG_EXIT - at) / 4 & 0x3ffffff);
}

static void writable(int yes)
{
	mprotect((void *)CASE_CODE, PROG_CODE_BYTES, PROT_READ | PROT_EXEC | (yes ? PROT_WRITE : 0));
}

static void place(unsigned slot, const struct prog *p)
{
	uint32_t *code = (uint32_t *)(CASE_CODE + slot * PROG_STRIDE);

	code[0] = slot_word(slot, 0);
	memcpy(code + 1, p->words, 4 * p->n);
	code[1 + p->n] = slot_word(slot, 1 + p->n);
}

/* save->s is the state before. */
static void run(unsigned slot, const struct prog *p, struct prog_result *r)
{
	*(uint64_t *)PROG_MAIL = save->s.x[17];
	save->slot = CASE_CODE + slot * PROG_STRIDE;
	save->s.pc = save->s.trap = 0;
	runs++;
	running = 1;
	((void (*)(void))(PROG_EXIT + (uint64_t)(enter - door)))();
	running = 0;
	r->s = save->s;
	r->memory = 0;
	for (unsigned at = 0; at < PROG_RAM_BYTES && p->uses_memory; at += 4096)
		r->memory = prog_scrub(r->memory, (uint64_t *)(PROG_RAM + at), pristine + at / 8, PROG_RAM + at);
}

static void serve_one(void)
{
	struct prog_result r;

	if (!harness_read(&progs[0], sizeof(progs[0])) || !harness_read(&save->s, sizeof(save->s)))
		exit(1);
	writable(1);
	place(0, &progs[0]);
	writable(0);
	__builtin___clear_cache((char *)CASE_CODE, (char *)CASE_CODE + PROG_CODE_BYTES);
	run(0, &progs[0], &r);
	harness_write(&r, sizeof(r));
}

int main(void)
{
	struct prog_request q;
	struct prog_result r;

	harness_map(PROG_LIT, PROG_LIT_BYTES, PROT_READ);
	harness_map(CASE_CODE, PROG_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	harness_map(PROG_MAIL, 4096, PROT_READ | PROT_WRITE);
	memcpy(pristine, harness_map(PROG_RAM, PROG_RAM_BYTES, PROT_READ | PROT_WRITE), PROG_RAM_BYTES);
	harness_map(PROG_RAM + PROG_RAM_BYTES, PROG_RO_BYTES, PROT_READ);
	harness_map(SAVE, 4096, PROT_READ | PROT_WRITE);
	memcpy(harness_map(PROG_EXIT, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), door, (size_t)(door_end - door));
	__builtin___clear_cache((char *)PROG_EXIT, (char *)PROG_EXIT + 4096);
	mprotect((void *)PROG_EXIT, 4096, PROT_READ | PROT_EXEC);
	harness_signals(on_signal, SA_RESTART, SIGVTALRM);
	/* by processor time: a busy host makes no program endless */
	setitimer(ITIMER_VIRTUAL, &(struct itimerval){{5, 0}, {5, 0}}, NULL);
	while (harness_read(&q, sizeof(q))) {
		if (!q.nstates) {
			serve_one();
			continue;
		}
		if (q.nprogs > PROG_SLOTS || q.nstates > 256 || !harness_read(progs, q.nprogs * sizeof(progs[0])))
			return 1;
		writable(1);
		for (unsigned k = 0; k < q.nprogs; k++)
			place(k, &progs[k]);
		writable(0);
		__builtin___clear_cache((char *)CASE_CODE, (char *)CASE_CODE + PROG_CODE_BYTES);
		for (unsigned k = 0; k < q.nprogs; k++) {
			memset(digests[k], 0, sizeof(digests[k]));
			for (unsigned n = 0; n < q.nstates && !progs[k].skip; n++) {
				prog_state(&save->s, progs[k].seed, n);
				run(k, &progs[k], &r);
				prog_forget(&progs[k], &r);
				digests[k][n] = prog_digest(&r);
			}
			harness_write(digests[k], q.nstates * 8);
		}
	}
	return 0;
}
