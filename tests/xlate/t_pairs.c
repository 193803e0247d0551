/*
 * Exclusives in translated code (xlate/pair.h) against the reference engine:
 * random pairs with what may be between them, of all sizes, with faults; and
 * store-exclusives that belong to another load than it seems.
 *
 *   t_pairs [SEED [PROGRAMS]]
 */
#include "tests/xlate/lockstep.h"

#include <unistd.h>

#include "a64/exclusive.h"
#include "base/log.h"

static uint64_t rng;
static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* -- encodings -- */

static uint32_t ldx(unsigned size, unsigned acq, unsigned rt, unsigned rn) { return size << 30 | 0x085f7c00u | acq << 15 | rn << 5 | rt; }
static uint32_t stx(unsigned size, unsigned rel, unsigned rs, unsigned rt, unsigned rn)
{
	return size << 30 | 0x08007c00u | rs << 16 | rel << 15 | rn << 5 | rt;
}
static uint32_t ldxp(unsigned sz, unsigned acq, unsigned rt, unsigned rt2, unsigned rn)
{
	return 0x887f0000u | sz << 30 | acq << 15 | rt2 << 10 | rn << 5 | rt;
}
static uint32_t stxp(unsigned sz, unsigned rel, unsigned rs, unsigned rt, unsigned rt2, unsigned rn)
{
	return 0x88200000u | sz << 30 | rs << 16 | rel << 15 | rt2 << 10 | rn << 5 | rt;
}
static uint32_t casp(unsigned sz, unsigned rs, unsigned rt, unsigned rn) { return 0x0860fc00u | sz << 30 | 1u << 22 | rs << 16 | rn << 5 | rt; }
static uint32_t cbnz(unsigned rt, int words) { return 0x35000000u | ((uint32_t)words & 0x7ffff) << 5 | rt; }
static uint32_t cbz(unsigned rt, int words) { return 0x34000000u | ((uint32_t)words & 0x7ffff) << 5 | rt; }
static uint32_t branch(int words) { return 0x14000000u | ((uint32_t)words & 0x3ffffff); }

/* Computes: registers 0 to 7 of 0 to 7; 8 is the base, 9 to 12 are its neighbours. */
static uint32_t compute(void)
{
	unsigned d = rnd(8), n = rnd(8), m = rnd(8), sf = rnd(2);

	switch (rnd(8)) {
	case 0: return sf << 31 | 0x11000000u | rnd(4096) << 10 | n << 5 | d;   /* add imm */
	case 1: return sf << 31 | 0x51400000u | rnd(4096) << 10 | n << 5 | d;   /* sub imm, lsl 12 */
	case 2: return sf << 31 | 0x0b000000u | m << 16 | rnd(8) << 10 | n << 5 | d; /* add, lsl */
	case 3: return sf << 31 | 0x4b000000u | m << 16 | n << 5 | d;           /* sub */
	case 4: return sf << 31 | 0x0a200000u | m << 16 | n << 5 | d;           /* bic */
	case 5: return sf << 31 | 0x6b00001fu | m << 16 | n << 5;               /* cmp */
	case 6: return sf << 31 | 0x1a800000u | m << 16 | rnd(14) << 12 | n << 5 | d; /* csel */
	default: return sf << 31 | 0x2a000000u | m << 16 | n << 5 | d;          /* orr */
	}
}

/* The sums that are one operation: of what was loaded, to what is stored. */
static uint32_t sum(unsigned d, unsigned n)
{
	static const uint32_t form[] = {0x11000400u, 0x51000c00u, 0x0b050000u, 0x4b050000u, 0x0b050800u, 0x91000400u, 0x8b050000u, 0xcb050000u};

	return form[rnd(8)] | n << 5 | d;
}

static unsigned make_program(uint32_t *w)
{
	unsigned n = 0, size = rnd(4), sz = rnd(2), rs = 13, start, pairs = rnd(4) == 0, rn = rnd(12) ? 8 : 31;

	for (unsigned k = rnd(3); k; k--)
		w[n++] = compute();
	start = n;
	w[n++] = pairs ? ldxp(sz, rnd(2), 0, 1, rn) : ldx(size, rnd(2), 0, rn);
	switch (rnd(4)) {
	case 0: /* a sum, or nothing between: stores what was there before */
		if (rnd(2))
			w[n++] = sum(2, 0);
		break;
	case 1: w[n++] = 0x54000000u | 6u << 5 | rnd(14); /* b.cond, over the store */
		/* fall through */
	default:
		for (unsigned k = rnd(4); k; k--)
			w[n++] = compute();
	}
	w[n++] = pairs ? stxp(sz, rnd(2), rs, 2, 3, rn) : stx(size, rnd(2), rs, 2, rn);
	if (rnd(4))
		w[n] = cbnz(rs, (int)start - (int)n), n++;
	if (rnd(3) == 0)
		w[n++] = casp(sz, 2, 4, rn);
	for (unsigned k = rnd(3); k; k--)
		w[n++] = compute();
	for (unsigned k = 0; k < 6; k++)
		w[n++] = 0xd503201f;
	return n;
}

static void random_state(struct state *s)
{
	for (unsigned k = 0; k < 31; k++)
		s->x[k] = rnd(2) ? rnd(16) : ((uint64_t)rnd(1u << 31) << 33 ^ rnd(1u << 31)) >> rnd(64);
	s->x[8] = DATA + 16 * rnd(256) + (rnd(3) ? 0 : 8) + (rnd(8) ? 0 : rnd(16));
	if (rnd(16) == 0)
		s->x[8] = CODE + 0x800; /* may be read */
	if (rnd(16) == 0)
		s->x[8] = 0x10; /* may not */
	s->sp = DATA + 4096 + 8 * rnd(64) * (rnd(4) ? 2 : 1);
	s->nzcv = (uint32_t)rnd(16) << 28;
	s->el = rnd(2);
	for (unsigned k = 0; k < 8192; k += 8) {
		uint64_t v = rnd(2) ? rnd(16) : (uint64_t)rnd(1u << 31) << 33;

		memcpy(s->data + k, &v, 8);
	}
}

/* No page is watched any more. */
static void unwatch(struct vcpu *c)
{
	const struct mem_region *r = physmap_by_host(c->pm, ram(DATA));

	memset(r->watched, 0, r->size / TLB_PAGE * sizeof(*r->watched));
	tlbset_inv_all(c);
}

static void random_pairs(struct vcpu *c, uint64_t seed, uint64_t programs, unsigned nvcpus)
{
	static struct state in, a, b;
	uint32_t words[64];
	unsigned bad = 0;

	c->nvcpus = nvcpus;
	for (uint64_t p = 0; p < programs && bad < 3; p++) {
		unsigned n;

		rng = seed * UINT64_C(0x9e3779b97f4a7c15) + p * UINT64_C(0xd1342543de82ef95) + nvcpus;
		rnd(2);
		random_state(&in);
		n = make_program(words);
		program(c, words, n);
		run_with(c, interp_run, &in, &a);
		unwatch(c);
		if (getenv("LOCKSTEP_LOG") && strtoull(getenv("LOCKSTEP_LOG"), 0, 0) == p)
			log_parse("in_asm,ir,out_asm", stdout, 0);
		for (unsigned round = 0; round < 2; round++) { /* with a cold and with a warm TLB */
			run_with(c, jit_run, &in, &b);
			if (states_equal(&a, &b))
				continue;
			bad++;
			ok(false, "program %" PRIu64 " of seed %" PRIu64 ", round %u", p, seed, round);
			for (unsigned k = 0; k < n; k++) {
				struct a64_insn i;

				a64_decode(words[k], c->feats, &i);
				printf("#   %" PRIx64 "  %08x %s\n", CODE + 4 * k, words[k], a64_rows[i.op].name);
			}
			break;
		}
	}
	ok(!bad, "%" PRIu64 " programs of seed %" PRIu64 " with %u vCPU(s)", programs, seed, nvcpus);
}

/* LDXR; a branch away to code that loads, and stores with the same monitor: fails at first, then is followed up by page. */
static void other_store(struct vcpu *c)
{
	static struct state in, out;
	uint32_t w[] = {
		ldx(3, 0, 0, 8), cbnz(3, 3), stx(3, 0, 13, 2, 8), branch(5),
		0xf9400d26,             /* ldr x6, [x9, #24] */
		0x91000421,             /* add x1, x1, #1 */
		stx(3, 0, 13, 2, 8), cbnz(13, -7),
	};
	uint64_t v;

	c->nvcpus = 2;
	memset(&in, 0, sizeof(in));
	in.el = 1;
	in.x[3] = 1;
	in.x[8] = DATA;
	in.x[9] = DATA + 64;
	in.x[2] = 77;
	ok(excl_trusted(CODE), "the load is followed up by value");
	program(c, w, sizeof(w) / 4);
	run_with(c, jit_run, &in, &out);
	memcpy(&v, out.data, 8);
	ok(v == 77 && !out.x[13], "another store-exclusive than its own passes in the end");
	ok(out.x[1] == 2, "...and not at the first time");
	ok(!excl_trusted(CODE), "...since the load is not followed up by value any more");
	unwatch(c);
	in.x[3] = 0;
	run_with(c, jit_run, &in, &out);
	memcpy(&v, out.data, 8);
	ok(v == 77 && !out.x[13], "its own still passes");
}

/* The monitor is open after CLREX, after a store-exclusive, and after an exception. */
static void opened(struct vcpu *c)
{
	static struct state in, out;
	uint32_t clrex[] = {ldx(3, 0, 0, 8), 0xd5033f5f, stx(3, 0, 13, 2, 8)};
	uint32_t twice[] = {ldx(3, 0, 0, 8), stx(3, 0, 12, 2, 8), stx(3, 0, 13, 2, 8)};

	memset(&in, 0, sizeof(in));
	in.el = 1;
	in.x[8] = DATA;
	in.x[2] = 5;
	for (c->nvcpus = 1; c->nvcpus <= 2; c->nvcpus++) {
		program(c, clrex, sizeof(clrex) / 4);
		run_with(c, jit_run, &in, &out);
		ok(out.x[13] == 1 && !out.data[0], "CLREX opens the monitor (%u)", c->nvcpus);
		program(c, twice, sizeof(twice) / 4);
		run_with(c, jit_run, &in, &out);
		ok(!out.x[12] && out.x[13] == 1, "so does a store-exclusive (%u)", c->nvcpus);
	}
}

/* Data whose line of the TLB is that of the code: what follows the load is fetched anew. Hangs if the pair never gets done. */
static void shared_line(struct vcpu *c)
{
	static struct state in, out;
	uint32_t w[] = {ldx(3, 0, 0, 8), 0x91000401 /* add x1, x0, #1 */, stx(3, 0, 13, 1, 8), cbnz(13, -3)};
	uint64_t alias = UINT64_C(9) << 30 | (CODE - RAM + (DATA - RAM)), v;

	poke64(RAM + 0x1000 + 8 * 9, (RAM + 0x2000) | 3);
	memset(&in, 0, sizeof(in));
	in.el = 1;
	in.x[8] = alias;
	ok(tlb_index(alias) == tlb_index(CODE), "data and code share a line of the TLB");
	tlbset_inv_all(c);
	c->nvcpus = 2;
	program(c, w, sizeof(w) / 4);
	poke64(DATA + (CODE - RAM), 0);
	alarm(600);
	run_with(c, jit_run, &in, &out);
	alarm(0);
	memcpy(&v, ram(DATA + (CODE - RAM)), 8);
	ok(v == 1 && out.x[0] == 0 && out.x[1] == 1 && !out.x[13], "the pair is done, once");
	ok(excl_trusted(CODE), "and is followed up by value still");
}

/*
 * A branch back between a load-exclusive and its store, on a way round that was seldom gone while the code was interpreted, so
 * that no loop is known there. Hangs if translating it goes round and round.
 */
static void loop_between(struct vcpu *c)
{
	static struct state in, out;
	uint32_t w[] = {
		0xd2803201,             /* mov x1, #400 */
		0xd2400063,             /* 1: eor x3, x3, #1 */
		ldx(3, 0, 0, 8),
		cbz(3, 3),              /* every other turn to 3 */
		cbnz(2, 5),             /* 2: always to 4 */
		0x910004e7,             /* add x7, x7, #1 */
		0x910004c6,             /* 3: add x6, x6, #1 */
		cbnz(2, -3),            /* to 2 */
		stx(3, 0, 13, 2, 8),
		0xd63f0120,             /* 4: blr x9, elsewhere: the whole is no region */
		0xf1000421,             /* subs x1, x1, #1 */
		0x54000000u | ((uint32_t)-10 & 0x7ffff) << 5 | 1, /* b.ne 1 */
	};

	jit_hot = 160;
	memset(&in, 0, sizeof(in));
	in.el = 1;
	in.x[2] = 1;
	in.x[8] = DATA;
	in.x[9] = CODE + TLB_PAGE;
	for (c->nvcpus = 1; c->nvcpus <= 2; c->nvcpus++) {
		poke32(CODE + TLB_PAGE, 0xd65f03c0); /* ret */
		program(c, w, sizeof(w) / 4);
		alarm(600);
		run_with(c, jit_run, &in, &out);
		alarm(0);
		ok(out.x[1] == 0 && out.x[6] == 200, "a way back inside a pair ends the unit (%u)", c->nvcpus);
		unwatch(c);
	}
	jit_hot = 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1, programs = argc > 2 ? strtoull(argv[2], 0, 0) : 1500;
	struct vcpu *c = lockstep_new();

	random_pairs(c, seed, programs, 1);
	random_pairs(c, seed, programs, 2);
	opened(c);
	shared_line(c);
	other_store(c);
	loop_between(c);
	return tap_done();
}
