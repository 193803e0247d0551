/*
 * The explorer and the enumerator on programs given as callbacks: store
 * buffering under the three models, mixed sizes, values that flow through
 * other threads, choices, cuts, limits, threads that can't go on, and more
 * accesses than one machine word has bits.
 */
#include <string.h>

#include "../tap.h"
#include "mcm/solve.h"

static const uint8_t zero[16];
static const struct mcm_loc locs[] = {{"x", 4, zero}, {"y", 4, zero}, {"z", 8, zero}};

static struct mcm_event ev(unsigned kind, unsigned loc, unsigned off, unsigned size, unsigned insn)
{
	return (struct mcm_event){.kind = (uint8_t)kind, .loc = (uint16_t)loc, .off = off, .size = (uint8_t)size,
				  .insn = (uint16_t)insn, .rmw = MCM_NO_EVENT};
}

static void write_to(struct mcm_run *r, unsigned loc, unsigned off, unsigned size, uint64_t val, unsigned insn)
{
	struct mcm_event e = ev(MCM_WRITE, loc, off, size, insn);

	e.val = val;
	mcm_run_event(r, &e);
}

static void read_to_slot(struct mcm_run *r, unsigned loc, unsigned off, unsigned size, unsigned slot, unsigned insn)
{
	struct mcm_event e = ev(MCM_READ, loc, off, size, insn);
	int idx = mcm_run_event(r, &e);

	if (idx >= 0)
		mcm_run_final(r, slot, &(struct mcm_final){.read = (uint8_t)idx, .size = (uint8_t)size});
}

static unsigned count(const struct mcm_program *p, const struct mcm_model *m, struct mcm_states *s, struct err *e)
{
	static struct mcm_arena a;
	struct mcm_solve_opts o = {.model = m};
	bool cut;

	mcm_arena_reset(&a);
	return mcm_run(p, &o, &a, s, &cut, e) < 0 ? 0 : s->n;
}

/* W x; R y || W y; R x */
static void sb(void *ctx, unsigned t, struct mcm_run *r)
{
	write_to(r, t, 0, 4, 1, 0);
	read_to_slot(r, 1 - t, 0, 4, 0, 1);
}

/* A write of 8 bytes against two reads of 4: no order between the reads, so any mixture. */
static void halves(void *ctx, unsigned t, struct mcm_run *r)
{
	if (t) {
		write_to(r, 2, 0, 8, UINT64_C(0x200000001), 0);
		return;
	}
	read_to_slot(r, 2, 0, 4, 0, 0);
	read_to_slot(r, 2, 4, 4, 1, 1);
}

/* An 8-byte read against two ordered writes of 4. */
static void whole(void *ctx, unsigned t, struct mcm_run *r)
{
	if (t) {
		write_to(r, 2, 0, 4, 1, 0);
		write_to(r, 2, 4, 4, 2, 1);
		return;
	}
	read_to_slot(r, 2, 0, 8, 0, 0);
}

/* y = x + 1 || x = y + 1: values never come out of thin air. */
static void thin_air(void *ctx, unsigned t, struct mcm_run *r)
{
	struct mcm_event e = ev(MCM_READ, t, 0, 4, 0);
	int idx = mcm_run_event(r, &e);
	u128 v;

	if (idx < 0 || !mcm_run_fix(r, 1u << idx))
		return;
	mcm_run_value(r, (unsigned)idx, &v);
	e = ev(MCM_WRITE, 1 - t, 0, 4, 1);
	e.val = v + 1;
	e.data = 1;
	mcm_run_event(r, &e);
	mcm_run_final(r, 0, &(struct mcm_final){.read = MCM_NO_EVENT, .val = (uint64_t)v});
}

/* Two choices of three and two, one of them cut. */
static void choices(void *ctx, unsigned t, struct mcm_run *r)
{
	unsigned a = mcm_run_choose(r, 3), b = mcm_run_choose(r, 2);

	if (a == 2 && b) {
		mcm_run_cut(r);
		return;
	}
	mcm_run_final(r, 0, &(struct mcm_final){.read = MCM_NO_EVENT, .val = a * 10 + b});
}

/* Goes astray where it reads 1; *ctx: whether someone writes it. */
static void astray(void *ctx, unsigned t, struct mcm_run *r)
{
	struct mcm_event e = ev(MCM_READ, 0, 0, 4, 0);
	u128 v;
	int idx;

	if (t) {
		write_to(r, 0, 0, 4, *(unsigned *)ctx, 0);
		return;
	}
	write_to(r, 0, 0, 4, 5, 0);
	e.insn = 1;
	idx = mcm_run_event(r, &e);
	if (!mcm_run_fix(r, 1u << idx))
		return;
	mcm_run_value(r, (unsigned)idx, &v);
	if (v == 1)
		mcm_run_fail(r, "astray");
	mcm_run_final(r, 0, &(struct mcm_final){.read = MCM_NO_EVENT, .val = (uint64_t)v});
}

static void many(void *ctx, unsigned t, struct mcm_run *r)
{
	for (unsigned i = 0; i < *(unsigned *)ctx; i++)
		write_to(r, 0, 0, 4, t * 100 + i, i);
	if (t == 0)
		read_to_slot(r, 0, 0, 4, 0, 100);
}

static unsigned shown;

static void on_state(void *ctx, const struct mcm_exec *x)
{
	unsigned reads = 0;

	for (unsigned i = 0; i < x->n; i++)
		for (unsigned c = 0; c < x->ncells; c++)
			reads += x->rf(x, i, c) > -2;
	shown += x->n == 4 && reads == 2 && !x->co(x, 0, 0, 0);
}

int main(void)
{
	struct mcm_program p = {.nthreads = 2, .nlocs = 3, .locs = locs, .nregs = {1, 1}, .run = sb};
	struct mcm_arena a = {0};
	struct mcm_states s;
	struct err e = {0};
	unsigned n;
	bool cut = false;

	is_u64(count(&p, &mcm_sc, &s, &e), 3, "store buffering: SC allows three states");
	is_u64(count(&p, &mcm_tso, &s, &e), 4, "x86-TSO allows four");
	is_u64(count(&p, &mcm_arm, &s, &e), 4, "Arm allows four");
	ok(mcm_run(&p, &(struct mcm_solve_opts){.model = &mcm_tso, .on_state = on_state}, &a, &s, &cut, &e) == 0 &&
	   shown == 4, "an execution is shown for each");

	p.run = halves;
	p.nregs[0] = 2;
	p.nregs[1] = 0;
	is_u64(count(&p, &mcm_arm, &s, &e), 4, "two halves of a whole: Arm, any mixture");
	is_u64(count(&p, &mcm_tso, &s, &e), 3, "under TSO reads are in order");
	p.run = whole;
	p.nregs[0] = 1;
	is_u64(count(&p, &mcm_tso, &s, &e), 3, "a whole of two halves: TSO keeps the writes in order");
	is_u64(count(&p, &mcm_arm, &s, &e), 4, "Arm does not");

	p.run = thin_air;
	p.nregs[1] = 1;
	is_u64(count(&p, &mcm_arm, &s, &e), 3, "0/0, 0/1, 1/0 and nothing out of thin air");

	p.run = choices;
	p.nthreads = 1;
	ok(mcm_run(&p, &(struct mcm_solve_opts){.model = &mcm_arm}, &a, &s, &cut, &e) == 0 && s.n == 5 && cut,
	   "choices: all but the one that was cut");

	p.run = astray;
	p.nthreads = 2;
	p.nregs[1] = 0;
	p.ctx = &n;
	n = 7;
	ok(count(&p, &mcm_arm, &s, &e) == 2, "a thread that would go astray, but never does");
	n = 1;
	ok(!count(&p, &mcm_arm, &s, &e) && !strcmp(e.msg, "astray"), "one that does is an error");

	p.run = many;
	p.nthreads = 3;
	n = 25;
	is_u64(count(&p, &mcm_sc, &s, &e), 51, "75 writes: the read sees its own last one or any of the others'");
	n = 80;
	ok(!count(&p, &mcm_sc, &s, &e) && strstr(e.msg, "beyond limits"), "80 in one thread are too many: %s", e.msg);
	mcm_arena_free(&a);
	return tap_done();
}
