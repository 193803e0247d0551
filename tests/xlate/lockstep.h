/*
 * Harness for comparing the two engines on short programs: a vCPU at EL1 with
 * an identity map of its RAM, code at CODE, data at DATA.  A program ends at a
 * WFI; an exception ends at the WFI in the vectors.
 */
#ifndef PARMA_TESTS_XLATE_LOCKSTEP_H
#define PARMA_TESTS_XLATE_LOCKSTEP_H

#include "a64/a64_enc.gen.h"
#include "a64/interp.h"
#include "base/rcu.h"
#include "tests/a64/cpu.h"
#include "xlate/jit.h"

#define DATA UINT64_C(0x40200000)
#define DATA_BYTES 65536u
#define WFI 0xd503207fu

struct state {
	uint64_t x[32], sp, pc, esr, elr, far;
	uint32_t nzcv, fpcr, fpsr, el; /* el: of the start */
	u128 v[32];
	uint8_t data[DATA_BYTES];
};

static void stop_sleep(struct vcpu *c, uint64_t deadline_ns, bool event) { at_or(&c->request, REQ_STOP); }

static struct vcpu *lockstep_new(void)
{
	static struct machine_ops mops;
	struct vcpu *c = make_cpus("max", 1);
	struct err e;

	mops = t_ops;
	mops.sleep = stop_sleep;
	c->mops = &mops;
	rcu_reader_register();
	if (interp_init(c) || jit_init(0, &e) || jit_cpu_init(c))
		exit(99);
	/* two blocks of 2 MiB: code and tables read-only, data writable */
	poke64(RAM + 0x1000 + 8, (RAM + 0x2000) | 3);
	poke64(RAM + 0x2000, RAM | 1 << 10 | 3 << 8 | 3 << 6 | 1);
	poke64(RAM + 0x2000 + 8, DATA | 1 << 10 | 3 << 8 | 1 << 6 | 1);
	c->sys.ttbr0 = RAM + 0x1000;
	c->sys.mair = 0xff;
	c->sys.tcr = 25 | UINT64_C(1) << 23 | UINT64_C(2) << 32;
	c->sys.cpacr = 3 << 20;
	c->sys.sctlr |= 1;
	for (unsigned k = 0; k < 16; k++) {
		poke32(VBAR + 0x80 * k, WFI);
		poke32(VBAR + 0x80 * k + 4, 0x14000000); /* b . */
	}
	tlbset_inv_all(c);
	at_el(c, 1);
	return c;
}

static void state_get(const struct vcpu *c, struct state *s)
{
	memset(s, 0, offsetof(struct state, data));
	memcpy(s->x, c->x, sizeof(s->x));
	memcpy(s->v, c->v, sizeof(s->v));
	s->sp = c->sp;
	s->pc = c->pc;
	s->esr = c->sys.esr;
	s->elr = c->sys.elr;
	s->far = c->sys.far;
	s->nzcv = c->nzcv;
	s->fpcr = c->fp.fpcr;
	s->fpsr = c->fp.fpsr;
	memcpy(s->data, ram(DATA), DATA_BYTES);
}

static void state_put(struct vcpu *c, const struct state *s)
{
	at_el(c, s->el);
	memcpy(c->x, s->x, sizeof(s->x));
	memcpy(c->v, s->v, sizeof(s->v));
	c->sp = s->sp;
	c->sp_el[!s->el] = 0x1234;
	c->pc = CODE;
	c->sys.esr = s->esr;
	c->sys.elr = s->elr;
	c->sys.far = s->far;
	c->nzcv = s->nzcv;
	c->fp.fpcr = s->fpcr;
	c->fp.fpsr = s->fpsr;
	cpu_ctx_update(c);
	c->fence_owed = 0;
	memset(&c->mon, 0, sizeof(c->mon));
	memcpy(ram(DATA), s->data, DATA_BYTES);
	memset((char *)ram(DATA) + DATA_BYTES, 0, (2u << 20) - DATA_BYTES); /* what programs reach beyond */
}

/* Puts the program into guest memory; earlier code there is stale. */
static void program(struct vcpu *c, const uint32_t *words, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		poke32(CODE + 4 * k, words[k]);
	for (unsigned k = 0; k < 8; k++) /* branches go a few words too far */
		poke32(CODE + 4 * (n + k), WFI);
	at_add(&code_gen_all, 1);
	code_stale(0, 0, 0);
}

__attribute__((unused)) static void run_with(struct vcpu *c, void (*engine)(struct vcpu *), const struct state *in, struct state *out)
{
	state_put(c, in);
	st_rlx(&c->request, 0);
	do { /* the code cache asks for a poll now and then */
		at_and(&c->request, ~REQ_POLL);
		engine(c);
	} while (!(ld_acq(&c->request) & ~REQ_POLL));
	state_get(c, out);
}

/* Prints the differences; true if there are none. */
__attribute__((unused)) static bool states_equal(const struct state *a, const struct state *b)
{
	bool same = true;
#define DIFF(f) \
	if (a->f != b->f && (same = false, true)) \
		printf("#   %s: interpreter %" PRIx64 ", translator %" PRIx64 "\n", #f, (uint64_t)a->f, (uint64_t)b->f)

	for (unsigned k = 0; k < 31; k++)
		if (a->x[k] != b->x[k]) {
			same = false;
			printf("#   x%u: interpreter %" PRIx64 ", translator %" PRIx64 "\n", k, a->x[k], b->x[k]);
		}
	for (unsigned k = 0; k < 32; k++)
		if (a->v[k] != b->v[k]) {
			same = false;
			printf("#   v%u: interpreter %016" PRIx64 "%016" PRIx64 ", translator %016" PRIx64 "%016" PRIx64 "\n", k,
			       (uint64_t)(a->v[k] >> 64), (uint64_t)a->v[k], (uint64_t)(b->v[k] >> 64), (uint64_t)b->v[k]);
		}
	DIFF(sp);
	DIFF(pc);
	DIFF(esr);
	DIFF(elr);
	DIFF(far);
	DIFF(nzcv);
	DIFF(fpcr);
	DIFF(fpsr);
	for (unsigned k = 0; k < DATA_BYTES; k++)
		if (a->data[k] != b->data[k]) {
			same = false;
			printf("#   [data + %#x]: interpreter %02x, translator %02x\n", k, a->data[k], b->data[k]);
			break;
		}
	return same;
}

#endif
