/*
 * Loops remember what page they are in (x64/lower_memo.c), from one entry to
 * the next: the translator against the reference engine where that may go
 * wrong.  The mapping changes between two entries and between two turns of an outer
 * loop; another loop finds the memos, which needs more of the page than they promise.
 *
 * Page 0 of the window is one frame of DATA or another, far apart; page 1 a third; page 2 is page 0's first frame, read-only; page 3 the table.
 */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/xlate/lockstep.h"

#define WIN UINT64_C(0x40400000)
#define TABLE (RAM + 0x4000)
#define FRAME(n) (DATA + 0x100000 + (n) * UINT64_C(0x10000))
#define PTE(pa, ro) ((pa) | 1 << 10 | 3 << 8 | ((ro) ? 3 : 1) << 6 | 3)
#define TURNS 8u

/* x0: where the loop is; x1: turns left; x2: sum; x5: a new entry, x6: where it goes, x8: whose it is; x7: entries; x9: where a loop is */
enum {
	TURNS_TO_X1 = 0xd2800001u | TURNS << 5, /* mov x1, #TURNS */
	LDR = 0xf8408403u,      /* ldr x3, [x0], #8 */
	ADD = 0x8b030042u,      /* add x2, x2, x3 */
	DOWN = 0xd1000421u,     /* sub x1, x1, #1 */
	REWIND = 0xd1010000u,   /* sub x0, x0, #64 */
	WARM = 0xf94000c4u, WARM_2 = 0xf90000c4u, /* ldr x4, [x6]; str x4, [x6]: a slow path later would empty the memos by itself */
	REMAP = 0xf90000c5u,    /* str x5, [x6] */
	DSB = 0xd5033b9fu, ISB = 0xd5033fdfu, TLBI = 0xd5088728u /* tlbi vae1, x8: jumps to other pages stay known, so all goes on in translated code */,
	DOWN_7 = 0xd10004e7u, TO_X9 = 0xd61f0120u,
};
static uint32_t cbnz(unsigned reg, int words) { return 0xb5000000u | ((uint32_t)words & 0x7ffff) << 5 | reg; }
static uint32_t cbz(unsigned reg, int words) { return 0xb4000000u | ((uint32_t)words & 0x7ffff) << 5 | reg; }

static struct state in, a, b;

static void window(struct vcpu *c)
{
	poke64(RAM + 0x2000 + 16, TABLE | 3);
	poke64(TABLE, PTE(FRAME(0), false));
	poke64(TABLE + 8, PTE(FRAME(2), false));
	poke64(TABLE + 16, PTE(FRAME(0), true));
	poke64(TABLE + 24, PTE(TABLE, false));
	for (unsigned n = 0; n < 4; n++)
		for (unsigned k = 0; k < 8192; k += 8)
			poke64(FRAME(n) + k, n * UINT64_C(0x0101010101010000) + k);
	tlbset_inv_all(c);
}

/* Interpreted in round 0, to a; else translated, to b. */
static void run(struct vcpu *c, unsigned round)
{
	st_rlx(&c->request, 0);
	do {
		at_and(&c->request, ~REQ_POLL);
		(round ? jit_run : interp_run)(c);
	} while (!(ld_acq(&c->request) & ~REQ_POLL));
	state_get(c, round ? &b : &a);
}

/* On both engines; several times in translated code, which the first makes. */
static void compare(struct vcpu *c, const uint32_t *words, unsigned n, const char *what)
{
	uint64_t changed = 0;

	program(c, words, n);
	state_put(c, &in); /* clears the frames */
	for (unsigned round = 0; round < 3; round++) {
		state_put(c, &in);
		window(c);
		run(c, round);
		if (!round) {
			changed = peek64(FRAME(0));
			continue;
		}
		ok(states_equal(&a, &b) && peek64(FRAME(0)) == changed, "%s, round %u", what, round);
	}
}

static void start(void)
{
	memset(&in, 0, sizeof(in));
	in.el = 1;
	in.x[0] = WIN;
	in.x[5] = PTE(FRAME(1), false);
	in.x[6] = WIN + 3 * 4096;
	in.x[7] = 3;
	in.x[8] = WIN >> 12;
	in.sp = DATA + 32768;
}

/* The loop is a unit, what changes the mapping is another: it has no memos, and leaves translated code nowhere. */
static void between_entries(struct vcpu *c)
{
	const uint32_t w[] = {WARM, WARM_2, TURNS_TO_X1, LDR, ADD, DOWN, cbnz(1, -3), REMAP, DSB, TLBI, DSB, ISB, REWIND, DOWN_7, cbz(7, 2), TO_X9};

	start();
	in.x[9] = CODE;
	compare(c, w, ARRAY_SIZE(w), "the mapping changes between two entries to a loop");
	ok(a.x[2] != 3 * TURNS * (TURNS - 1) * 4, "and it has changed");
}

/* All of it is one unit. */
static void between_turns(struct vcpu *c)
{
	const uint32_t w[] = {WARM, WARM_2, TURNS_TO_X1, LDR, ADD, DOWN, cbnz(1, -3), REMAP, DSB, TLBI, DSB, REWIND, DOWN_7, cbnz(7, -13)};

	start();
	compare(c, w, ARRAY_SIZE(w), "the mapping changes between two turns of the loop around a loop");
}

/* The loop asks for a change by what it reads; the address does not move. */
static void same_address(struct vcpu *c)
{
	const uint32_t w[] = {WARM, WARM_2, 0xf9400003 /* ldr x3, [x0] */, ADD, cbz(3, -2), REMAP, DSB, TLBI, DSB, ISB, DOWN_7, cbz(7, 2), TO_X9};

	start();
	in.x[0] = WIN + 8;
	in.x[9] = CODE;
	compare(c, w, ARRAY_SIZE(w), "a loop that ends by what it reads, the mapping changes between two entries");
}

/* Two loops in turn, `first` and `second` their accesses, by x10 and x11; the second begins `step` further each time. */
static void two_loops(struct vcpu *c, uint32_t first, uint64_t x10, uint32_t second, uint64_t x11, uint64_t step, const char *what)
{
	const uint32_t w[] = {
		TURNS_TO_X1, 0xaa0e03ea /* mov x10, x14 */, first, ADD, DOWN, cbnz(1, -3), TURNS_TO_X1, 0xaa0f03eb /* mov x11, x15 */, TO_X9,
		second, ADD, DOWN, cbnz(1, -3), 0x8b0c01ef /* add x15, x15, x12 */, DOWN_7, cbz(7, 2), 0xd61f0200 /* br x16 */, WFI,
	};

	start();
	in.x[9] = CODE + 4 * 9;
	in.x[12] = step;
	in.x[14] = x10;
	in.x[15] = x11;
	in.x[16] = CODE;
	compare(c, w, ARRAY_SIZE(w), what);
}

/* TTBR0 changes: another table, in which page 0 is another frame; with another ASID, and the pages not global. */
static void other_table(struct vcpu *c)
{
	const uint32_t w[] = {TURNS_TO_X1, LDR, ADD, DOWN, cbnz(1, -3), 0xd5182005 /* msr ttbr0_el1, x5 */, ISB, REWIND, DOWN_7, cbz(7, 2), TO_X9};

	start();
	poke64(RAM + 0x5000 + 8, (RAM + 0x6000) | 3);
	poke64(RAM + 0x6000, peek64(RAM + 0x2000));
	poke64(RAM + 0x6000 + 8, peek64(RAM + 0x2000 + 8));
	poke64(RAM + 0x6000 + 16, (RAM + 0x7000) | 3);
	poke64(RAM + 0x7000, PTE(FRAME(1), false) | 1 << 11);
	in.x[5] = (RAM + 0x5000) | UINT64_C(7) << 48;
	in.x[9] = CODE;
	for (unsigned round = 0; round < 3; round++) { /* not compare(): its states have no tables */
		program(c, w, ARRAY_SIZE(w));
		state_put(c, &in);
		c->sys.ttbr0 = RAM + 0x1000;
		window(c);
		poke64(TABLE, PTE(FRAME(0), false) | 1 << 11);
		cpu_ctx_update(c);
		run(c, round);
		if (round)
			ok(states_equal(&a, &b), "another table and ASID between two entries, round %u", round);
	}
	c->sys.ttbr0 = RAM + 0x1000;
	tlbset_inv_all(c);
	cpu_ctx_update(c);
}

/* What another vCPU does while this one goes round: the table changes, and a TLBI for all arrives. Then, in seconds of CPU time: too long ago. */
static struct vcpu *looking;
static uint64_t *entry;
static volatile bool changed;

static void other_cpu(int sig)
{
	const struct itimerval later = {.it_value.tv_sec = 10};
	static const char late[] = "not ok - a loop does not see that another vCPU has changed the mapping\n";

	if (changed)
		_exit(write(1, late, sizeof(late) - 1) < 0 ? 2 : 1);
	changed = true;
	*entry = PTE(FRAME(1), false);
	looking->mbox.op[0] = (struct tlbi_op){.kind = TLBI_ALL};
	looking->mbox.posted++;
	st_sc(&looking->mbox.n, 1);
	at_or(&looking->request, REQ_TLB);
	setitimer(ITIMER_VIRTUAL, &later, NULL);
}

static void while_it_runs(struct vcpu *c)
{
	const uint32_t w[] = {0xf9400003 /* ldr x3, [x0] */, DOWN, cbz(3, -2)};
	const struct itimerval soon = {.it_value.tv_usec = 30000}, never = {0};

	start();
	looking = c;
	entry = ram(TABLE);
	program(c, w, ARRAY_SIZE(w));
	state_put(c, &in);
	window(c);
	signal(SIGALRM, other_cpu);
	signal(SIGVTALRM, other_cpu);
	setitimer(ITIMER_REAL, &soon, NULL);
	st_rlx(&c->request, 0);
	do {
		at_and(&c->request, ~REQ_POLL);
		jit_run(c);
	} while (!vcpu_poll(c));
	setitimer(ITIMER_VIRTUAL, &never, NULL);
	ok(changed && c->x[3] == peek64(FRAME(1)), "a loop sees that another vCPU has changed the mapping");
}

int main(void)
{
	struct vcpu *c = lockstep_new();

	window(c);
	between_entries(c);
	between_turns(c);
	same_address(c);
	two_loops(c, 0xf8408543 /* ldr x3, [x10], #8 */, WIN + 2 * 4096, 0xf8008563 /* str x3, [x11], #8 */, WIN + 512, 4096,
		  "one loop reads a page that may only be read, the next writes it");
	two_loops(c, 0x38401543 /* ldrb w3, [x10], #1 */, WIN + 64, 0xf8401563 /* ldr x3, [x11], #1 */, WIN + 4096 - 12, 0,
		  "one loop reads bytes, the next doublewords over the end of the page");
	other_table(c);
	while_it_runs(c);
	return tap_done();
}
