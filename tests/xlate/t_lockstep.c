/*
 * The lockstep engine on short programs: right code passes, and lowerings that are made wrong while the test runs are
 * found where they are wrong.
 */
#define lockstep_new harness_new /* of the harness */
#include "tests/xlate/lockstep.h"
#undef lockstep_new

#include "base/log.h"
#include "tcache/tcache.h"
#include "tests/xlate/wrong.h"
#include "a64/tlbset.h"
#include "xlate/lockstep_priv.h"

enum wrong wrong;

static bool differs;
static void on_differ(void *arg) { differs = true; }

static const uint32_t loop[] = {
	0xd2800c80, /* mov x0, #100 */
	0xd2a80402, /* mov x2, #0x40200000 */
	0xd2800001, /* mov x1, #0 */
	0xcb000043, /* 1: sub x3, x2, x0 */
	0x8b000021, /* add x1, x1, x0 */
	0xf8008441, /* str x1, [x2], #8 */
	0xf85f8044, /* ldr x4, [x2, #-8] */
	0xcb010085, /* sub x5, x4, x1 */
	0xf1000400, /* subs x0, x0, #1 */
	0x54ffff41, /* b.ne 1b */
	WFI,
};
/* RNDR writes the flags. */
static const uint32_t rndr[] = {
	0xeb1f03ff, /* cmp xzr, xzr: Z */
	0xd53b2400, /* mrs x0, rndr */
	0x9a9f07e1, /* cset x1, ne */
	WFI,
};

/* Runs the program on both engines until WFI or a difference; what is logged goes to a file that is returned. */
static const char *run(struct vcpu *c, const uint32_t *words, unsigned n, unsigned check)
{
	static char text[65536];
	static struct state in, out;
	struct lockstep *ls;
	struct err e;
	FILE *f;
	size_t len;

	in.el = 1;
	in.sp = DATA + 32768;
	program(c, words, n);
	tcache_flush(jit_cache());
	state_put(c, &in);
	st_rlx(&c->request, 0);
	differs = false;
	if (log_open("lockstep.tmp", &e) || !(ls = lockstep_new(&(struct lockstep_config){c, pm, check, on_differ, 0}, &e)))
		exit(99);
	while (!differs && !(ld_acq(&c->request) & ~REQ_POLL)) {
		at_and(&c->request, ~REQ_POLL);
		lockstep_run_for(c, 1000);
	}
	state_get(c, &out);
	lockstep_free(ls);
	f = fopen("lockstep.tmp", "r");
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = 0;
	fclose(f);
	remove("lockstep.tmp");
	return text;
}

/* A follower that is put back has no translations of pages from where it has been. */
static void rolled_back(struct vcpu *c)
{
	static const struct state in = {.el = 1, .sp = DATA + 32768};
	struct mem_target t;
	struct lockstep *ls;
	struct err e;
	bool before;

	ls = lockstep_new(&(struct lockstep_config){c, pm, 0, on_differ, 0}, &e);
	if (!ls)
		exit(99);
	program(c, loop, ARRAY_SIZE(loop));
	state_put(c, &in);
	st_rlx(&c->request, 0);
	lockstep_run_for(c, 20);
	tlbset_resolve(ls->ref, DATA + 0x100000, MMU_READ, false, &t);
	before = tlb_hit(ls->ref->tlb, TLB_R, DATA + 0x100000, 8);
	ls_rollback(ls);
	ok(before && !tlb_hit(ls->ref->tlb, TLB_R, DATA + 0x100000, 8), "going back forgets translations");
	lockstep_free(ls);
}

/* The report has all of these. */
static void reports(const char *text, const char *name, const char *const *want)
{
	bool good = differs;

	for (; *want; want++)
		if (!strstr(text, *want)) {
			printf("#   the report lacks: %s\n", *want);
			good = false;
		}
	ok(good, "%s is found, and the report says where", name);
	if (!good)
		printf("# %zu characters of report\n", strlen(text));
}

int main(void)
{
	struct vcpu *c = harness_new();
	const char *t;

	run(c, loop, ARRAY_SIZE(loop), 1);
	ok(!differs && c->x[1] == 5050, "a loop with stores: no difference");
	run(c, rndr, ARRAY_SIZE(rndr), 0);
	ok(!differs && c->x[1] == 1, "random numbers come once, and set the flags for what follows");

	wrong = SUB_ADDS;
	t = run(c, loop, ARRAY_SIZE(loop), 0);
	reports(t, "a subtraction that adds",
		(const char *const[]){"engines differ", "pc 400200", "sub x3, x2, x0", "OPT of 400200", "OUT: ", "x3 ", "<--", 0});
	wrong = STORE_GOES_ASTRAY;
	t = run(c, loop, ARRAY_SIZE(loop), 0);
	reports(t, "a store to the wrong place", (const char *const[]){"Memory that the interpreter stored to", "physical 40200008", 0} /* the first one missed the TLB */);
	wrong = RIGHT;
	run(c, loop, ARRAY_SIZE(loop), 0);
	ok(!differs, "and nothing when they are right again");
	rolled_back(c);
	return tap_done();
}
