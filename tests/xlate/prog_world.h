/*
 * The world of random programs (tests/a64/prog.h) on our engines: a vCPU at
 * EL0 under page tables that scatter neighbouring pages, so that an access
 * that runs over the end of one does not find the next by chance.
 */
#ifndef PARMA_TESTS_XLATE_PROG_WORLD_H
#define PARMA_TESTS_XLATE_PROG_WORLD_H

#include "a64/a64_enc.gen.h"
#include "a64/interp.h"
#include "base/passes.h"
#include "base/rcu.h"
#include "tests/a64/cpu.h"
#include "tests/a64/prog.h"
#include "tcache/tcache.h"
#include "xlate/jit.h"

#define WFI 0xd503207fu
#define LIT_PA UINT64_C(0x41000000)
#define EXIT_PA UINT64_C(0x42000000)
#define PAGE0_PA UINT64_C(0x42003000)
#define PAGE1_PA UINT64_C(0x42001000)
#define RO_PA UINT64_C(0x42002000)

enum { P_RW = 1 << 6, P_RO = 3 << 6 };

static struct vcpu *world;
static uint64_t world_tables = RAM + 0x3000;
static uint64_t world_ram[PROG_RAM_BYTES / 8]; /* what PROG_RAM has before each run */

static void stop_sleep(struct vcpu *c, uint64_t deadline_ns, bool event) { at_or(&c->request, REQ_STOP); }

static void map_page(uint64_t va, uint64_t pa, unsigned ap, bool exec)
{
	uint64_t l2 = RAM + 0x2000 + ((va - RAM) >> 21) * 8, l3;

	if (!peek64(l2)) {
		poke64(l2, world_tables | 3);
		world_tables += 4096;
	}
	l3 = (peek64(l2) & ~UINT64_C(0xfff)) + (va >> 12 & 511) * 8;
	poke64(l3, pa | (exec ? 0 : UINT64_C(1) << 54) | 1 << 10 | 3 << 8 | ap | 3);
}

static struct vcpu *world_new(void)
{
	static struct machine_ops mops;
	struct vcpu *c = make_cpus("max", 1);
	struct err e;

	for (unsigned f = 1; f < FEAT_COUNT; f++) /* every encoding of the tables */
		c->feats[f >> 6] |= BIT(f & 63);
	mops = t_ops;
	mops.sleep = stop_sleep;
	c->mops = &mops;
	rcu_reader_register();
	if (interp_init(c) || jit_init(0, &e) || jit_cpu_init(c))
		exit(99);
	poke64(RAM + 0x1000 + 8, (RAM + 0x2000) | 3);
	poke64(RAM + 0x2000, RAM | 1 << 10 | 3 << 8 | 1); /* vectors and tables */
	for (uint64_t at = 0; at < PROG_LIT_BYTES; at += 4096) {
		uint64_t va = PROG_LIT + at;

		map_page(va, LIT_PA + at, va == PROG_MAIL ? P_RW : P_RO, va >= CASE_CODE && va < CASE_CODE + PROG_CODE_BYTES);
		for (unsigned k = 0; k < 4096; k += 8)
			poke64(LIT_PA + at + k, case_pattern(va + k));
	}
	map_page(PROG_EXIT, EXIT_PA, P_RO, true);
	map_page(PROG_RAM, PAGE0_PA, P_RW, false);
	map_page(PROG_RAM + 4096, PAGE1_PA, P_RW, false);
	map_page(PROG_RAM + 8192, RO_PA, P_RO, false);
	for (unsigned k = 0; k < 4096; k += 8)
		poke64(RO_PA + k, case_pattern(PROG_RAM + 8192 + k));
	for (unsigned k = 0; k < PROG_RAM_BYTES / 8; k++)
		world_ram[k] = case_pattern(PROG_RAM + 8 * k);
	memcpy(ram(PAGE0_PA), world_ram, 4096);
	memcpy(ram(PAGE1_PA), world_ram + 512, 4096);
	poke32(EXIT_PA, WFI);
	for (unsigned k = 0; k < 16; k++)
		poke32(VBAR + 0x80 * k, WFI);
	c->sys.ttbr0 = RAM + 0x1000;
	c->sys.mair = 0xff;
	c->sys.tcr = 25 | UINT64_C(1) << 23 | UINT64_C(2) << 32 | UINT64_C(1) << 37; /* TBI0, as Linux programs have it */
	c->sys.cpacr = 3 << 20;
	c->sys.sctlr = (c->sys.sctlr & ~UINT64_C(0x1e)) | 1 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 26; /* DZE UCT nTWI nTWE UCI */
	tlbset_inv_all(c);
	return world = c;
}

static uint64_t slot_pc(unsigned slot) { return CASE_CODE + slot * PROG_STRIDE + 4; }
static void *slot_host(unsigned slot) { return ram(LIT_PA + (slot_pc(slot) - PROG_LIT)); }

/* As the harness under QEMU places it: prog_harness.c. */
static void world_place(unsigned slot, const struct prog *p)
{
	uint64_t first = slot_pc(slot) - 4, last = slot_pc(slot) + 4 * p->n;
	uint32_t before = 0x58000011u | (uint32_t)((PROG_MAIL - first) / 4 & 0x7ffff) << 5;
	uint32_t after = 0x14000000u | (uint32_t)((PROG_EXIT - last) / 4 & 0x3ffffff);

	memcpy((char *)slot_host(slot) - 4, &before, 4);
	memcpy(slot_host(slot), p->words, 4 * p->n);
	memcpy((char *)slot_host(slot) + 4 * p->n, &after, 4);
}

/* The code has changed, or how it is to be translated. */
static void world_stale(void)
{
	at_add(&code_gen_all, 1);
	tcache_flush(jit_cache()); /* an invalidation would keep those whose code is the same: other passes may be on now */
}

static void world_put(unsigned slot, const struct case_state *s)
{
	struct vcpu *c = world;

	at_el(c, 0);
	memcpy(c->x, s->x, sizeof(s->x));
	c->x[31] = 0;
	memcpy(c->v, s->v, sizeof(s->v));
	c->sp = s->sp;
	c->sp_el[1] = 0x1230;
	c->pc = slot_pc(slot);
	c->nzcv = s->nzcv;
	c->fp.fpcr = s->fpcr;
	c->fp.fpsr = s->fpsr;
	c->dit = c->ssbs = 0;
	c->sys.tpidr_el0 = 0;
	c->fence_owed = 0;
	memset(&c->mon, 0, sizeof(c->mon));
	cpu_ctx_update(c);
	poke64(LIT_PA + (PROG_MAIL - PROG_LIT), s->x[17]);
	st_rlx(&c->request, 0);
}

static unsigned trap_of(uint64_t esr)
{
	switch (esr >> 26 & 63) {
	case 0x00: case 0x18: return CASE_UNDEF;
	case 0x20: return CASE_ABORT;
	case 0x24: return (esr & 63) == 0x21 ? CASE_ALIGN : CASE_ABORT;
	case 0x22: case 0x26: return CASE_ALIGN;
	default: return CASE_OTHER;
	}
}

/* The digest of what has changed in PROG_RAM, which becomes as it was. */
static uint64_t world_scrub(void)
{
	uint64_t h = prog_scrub(0, ram(PAGE0_PA), world_ram, PROG_RAM);

	return prog_scrub(h, ram(PAGE1_PA), world_ram + 512, PROG_RAM + 4096);
}

static void world_get(unsigned slot, const struct prog *p, struct prog_result *r)
{
	const struct vcpu *c = world;
	bool trapped = c->el;

	memcpy(r->s.x, c->x, sizeof(r->s.x));
	memcpy(r->s.v, c->v, sizeof(r->s.v));
	r->s.sp = trapped ? c->sp_el[0] : c->sp;
	r->s.pc = trapped ? c->sys.elr - slot_pc(slot) : 0;
	r->s.nzcv = trapped ? c->sys.spsr & 0xf0000000 : c->nzcv;
	r->s.fpcr = c->fp.fpcr;
	r->s.fpsr = c->fp.fpsr;
	r->s.trap = trapped ? trap_of(c->sys.esr) : CASE_OK;
	r->memory = p->uses_memory ? world_scrub() : 0;
}

/* One run of a placed program. */
static void world_run(void (*engine)(struct vcpu *), unsigned slot, const struct prog *p, const struct case_state *s,
		      struct prog_result *r)
{
	struct vcpu *c = world;

	world_put(slot, s);
	do { /* the code cache asks for a poll now and then */
		at_and(&c->request, ~REQ_POLL);
		engine(c);
	} while (!(ld_acq(&c->request) & ~REQ_POLL));
	world_get(slot, p, r);
}

/*
 * The same step by step, on the interpreter: done[k] counts the times that word k has run to its end (may be NULL).
 * False: it goes on for ever, or leaves its words.
 */
static bool world_step(unsigned slot, const struct prog *p, const struct case_state *s, struct prog_result *r, unsigned *done)
{
	struct vcpu *c = world;
	unsigned steps = 0;

	world_put(slot, s);
	while (c->pc != PROG_EXIT && !c->el) {
		uint64_t k = (c->pc - slot_pc(slot)) / 4;

		if (++steps > 4000 || k > p->n) {
			world_scrub();
			return false;
		}
		interp_step(c);
		if (done && !c->el && k < p->n)
			done[k]++;
	}
	world_get(slot, p, r);
	return true;
}

#endif
