/*
 * Memory effects of the reference engine on the real MMU: alignment rules,
 * page crossings, exclusives and atomics, the block cache and instruction
 * counts.  (Values of loads and stores: t_vectors.)
 */
#include "a64/eval_conc.h"
#include "a64/interp.h"
#include "tests/a64/cpu.h"

#define TABLE RAM
#define VA UINT64_C(0x80000000)           /* 2 MiB normal memory at RAM + 2 MiB, then a hole, then Device at + 4 MiB */
#define PA (RAM + 0x200000)
#define HOLE (VA + 0x200000)
#define DEVICE (VA + 0x400000)
#define SPLIT (HOLE - 3)

static struct vcpu *c, *d;

static void map(struct vcpu *v)
{
	poke64(TABLE + 0x1000 + 8 * 1, RAM | 0x701);              /* RAM itself, 1 GiB block, AttrIndx 0, AF, ISH */
	poke64(TABLE + 0x1000 + 8 * 2, (TABLE + 0x2000) | 3);
	poke64(TABLE + 0x2000 + 8 * 0, PA | 0x701);
	poke64(TABLE + 0x2000 + 8 * 2, (RAM + 0x400000) | 0x705); /* AttrIndx 1 */
	v->sys.mair = 0x00ff;
	v->sys.tcr = 25 | UINT64_C(1) << 23 | UINT64_C(2) << 32;  /* 39 bits of VA, 40 of PA */
	v->sys.ttbr0 = TABLE + 0x1000;
	cpu_sys_write(v, SYSREG(3, 0, 1, 0, 0), 0x30d00801);
	at_el(v, 1);
}

static void sctlr(uint64_t more) { cpu_sys_write(c, SYSREG(3, 0, 1, 0, 0), 0x30d00801 | more); }

/* The access raised a data abort with this DFSC at far. */
static bool aborted(bool raised, unsigned dfsc, uint64_t far, bool wnr)
{
	bool good = raised && c->sys.esr >> 26 == 0x25 && (c->sys.esr & 63) == dfsc && c->sys.far == far &&
		    (c->sys.esr >> 6 & 1) == wnr;

	if (!good)
		printf("#   raised %d esr %llx far %llx\n", raised, (unsigned long long)c->sys.esr,
		       (unsigned long long)c->sys.far);
	at_el(c, 1);
	return good;
}

#define LD(va, size, mo) ({ v64 v_; RAISES(c, mem_ld(c, &v_, k64(c, va), size, mo)); })
#define ST(va, size, mo) RAISES(c, mem_st(c, k64(c, va), k64(c, UINT64_C(0x1122334455667788)), size, mo))
#define LDX(va, size) ({ v64 v_; RAISES(c, mem_ldx(c, &v_, k64(c, va), size, 0)); })
#define RMW(va, size) ({ v64 v_; RAISES(c, mem_rmw(c, &v_, k64(c, va), k64(c, 1), size, RMW_ADD, 0)); })
#define ALIGN 0x21

static void alignment(void)
{
	v64 v;

	ok(!LD(VA + 1, 8, 0) && !ST(VA + 5, 8, 0), "plain accesses need no alignment");
	ok(!LD(VA + 8, 8, MO_ACQ) && !LD(VA + 4, 8, MO_ACQ), "LDAR within 16 bytes");
	ok(aborted(LD(VA + 9, 8, MO_ACQ), ALIGN, VA + 9, false), "LDAR across 16 bytes");
	ok(aborted(LD(VA + 13, 4, MO_ACQPC), ALIGN, VA + 13, false), "LDAPR across 16 bytes");
	ok(aborted(ST(VA + 15, 2, MO_REL), ALIGN, VA + 15, true), "STLR across 16 bytes");
	ok(aborted(LDX(VA + 9, 8), ALIGN, VA + 9, false) && !LDX(VA + 2, 4), "LDXR across and within 16 bytes");
	ok(aborted(RMW(VA + 14, 4), ALIGN, VA + 14, false) && !RMW(VA + 6, 8), "LDADD across and within 16 bytes");
	sctlr(BIT(6));
	ok(!LD(VA + 9, 8, MO_ACQ) && !ST(VA + 15, 2, MO_REL), "SCTLR.nAA lifts it for ordered accesses");
	ok(aborted(LDX(VA + 9, 8), ALIGN, VA + 9, false), "but not for exclusives");
	sctlr(BIT(1));
	ok(aborted(LD(VA + 2, 4, 0), ALIGN, VA + 2, false), "SCTLR.A: unaligned load");
	ok(aborted(ST(VA + 7, 8, 0), ALIGN, VA + 7, true), "SCTLR.A: unaligned store");
	ok(aborted(LD(VA + 4, 8, MO_ACQ), ALIGN, VA + 4, false), "SCTLR.A: LDAR within 16 bytes");
	ok(!LD(VA + 8, 8, 0) && !LD(VA + 7, 1, 0), "SCTLR.A: aligned ones pass");
	sctlr(0);
	ok(aborted(LD(DEVICE + 2, 4, 0), ALIGN, DEVICE + 2, false) && !LD(DEVICE + 4, 4, 0), "Device memory wants alignment");
	ok(aborted(RAISES(c, mem_dczva(c, k64(c, DEVICE))), ALIGN, DEVICE, true), "DC ZVA on Device memory");
	mem_st(c, k64(c, VA + 63), k64(c, ~UINT64_C(0)), 8, 0);
	mem_dczva(c, k64(c, VA + 127));
	mem_ld(c, &v, k64(c, VA + 63), 8, 0);
	ok(v.v == 0xff && peek64(PA + 64) == 0 && peek64(PA + 120) == 0, "DC ZVA clears its 64 bytes");
}

static void sp_alignment(void)
{
	sctlr(BIT(3));
	c->sp = VA + 8;
	ok(LD(VA + 8, 8, MF_SPBASE) && c->sys.esr >> 26 == 0x26, "SP alignment fault");
	at_el(c, 1);
	ok(!LD(VA + 8, 8, 0), "only with SP as the base");
	sctlr(0);
	c->sp = VA + 8;
	ok(!LD(VA + 8, 8, MF_SPBASE), "only with SCTLR.SA");
}

static void crossings(void)
{
	uint64_t before = peek64(PA + 0x1ffff8);
	v64 v, w;

	ok(aborted(LD(SPLIT, 8, 0), 6, HOLE, false), "a load into an unmapped page faults there");
	ok(aborted(ST(SPLIT, 8, 0), 6, HOLE, true), "a store too");
	ok(peek64(PA + 0x1ffff8) == before, "and writes nothing before");
	mem_st(c, k64(c, VA + 0xffd), k64(c, UINT64_C(0x8877665544332211)), 8, 0);
	mem_ld(c, &v, k64(c, VA + 0xffd), 8, 0);
	mem_ld(c, &w, k64(c, VA + 0x1000), 4, 0);
	ok(v.v == UINT64_C(0x8877665544332211) && w.v == 0x77665544, "a store across pages, read back");
	mem_stp(c, k64(c, VA + 0xff8), k64(c, 1), k64(c, 2), 8, 0);
	mem_ldp(c, &v, &w, k64(c, VA + 0xff8), 8, 0);
	ok(v.v == 1 && w.v == 2 && peek64(PA + 0x1000) == 2, "a pair across pages");
}

static bool stxr(struct vcpu *e, uint64_t va, uint64_t val, unsigned size)
{
	v64 s;

	mem_stx(e, &s, k64(e, va), k64(e, val), size, 0);
	return !s.v;
}
static void ldxr(struct vcpu *e, uint64_t va, unsigned size)
{
	v64 v;

	mem_ldx(e, &v, k64(e, va), size, 0);
}

static void exclusives(void)
{
	v64 v, w, s;

	ldxr(c, VA, 8);
	ok(stxr(c, VA, 5, 8) && peek64(PA) == 5, "LDXR, STXR");
	ok(!stxr(c, VA, 6, 8) && peek64(PA) == 5, "STXR alone");
	ldxr(c, VA, 8);
	ok(!stxr(c, VA, 6, 4), "STXR of another size");
	ldxr(c, VA, 8);
	ok(!stxr(c, VA + 4096, 6, 8), "STXR elsewhere");
	ldxr(c, VA, 8);
	mem_clrex(c);
	ok(!stxr(c, VA, 6, 8), "CLREX");
	ldxr(c, VA, 8);
	mem_st(d, k64(d, VA), k64(d, 7), 8, 0);
	mem_st(d, k64(d, VA), k64(d, 5), 8, 0);
	ok(!stxr(c, VA, 6, 8) && peek64(PA) == 5, "another vCPU stored A, B, A in between");
	ldxr(c, VA, 8);
	mem_st(d, k64(d, VA + 61), k64(d, 0), 8, 0);
	ok(!stxr(c, VA, 6, 8), "a store that touches the granule's end");
	ldxr(c, VA, 8);
	mem_rmw(d, &v, k64(d, VA), k64(d, 0), 8, RMW_ADD, 0);
	ok(!stxr(c, VA, 6, 8), "an atomic that changes nothing is a store");
	ldxr(c, VA, 8);
	ldxr(d, VA, 8);
	ok(stxr(d, VA, 9, 8) && !stxr(c, VA, 6, 8), "of two, the first store-exclusive wins");
	mem_ldxp(c, &v, &w, k64(c, VA), 8, 0);
	mem_stxp(c, &s, k64(c, VA), k64(c, 3), k64(c, 4), 8, 0);
	ok(!s.v && peek64(PA) == 3 && peek64(PA + 8) == 4, "LDXP, STXP");
	mem_casp(c, &v, &w, k64(c, VA), k64(c, 3), k64(c, 5), k64(c, 8), k64(c, 9), 8, 0);
	ok(v.v == 3 && w.v == 4 && peek64(PA) == 3, "CASP that fails");
	mem_casp(c, &v, &w, k64(c, VA), k64(c, 3), k64(c, 4), k64(c, 8), k64(c, 9), 8, 0);
	ok(v.v == 3 && w.v == 4 && peek64(PA) == 8 && peek64(PA + 8) == 9, "CASP that stores");
	mem_st(c, k64(c, VA), k64(c, 1), 8, MO_REL);
	ok(c->fence_owed, "STLR owes a fence");
	mem_ld(c, &v, k64(c, VA), 8, MO_ACQPC);
	ok(c->fence_owed, "LDAPR does not pay it");
	mem_ld(c, &v, k64(c, VA), 8, MO_ACQ);
	ok(!c->fence_owed, "LDAR does");
}

/* Runs from PA-backed code at VA until WFI; the vCPU must be asked to stop. */
static unsigned stops;
static void stop_sleep(struct vcpu *e, uint64_t deadline_ns, bool event)
{
	stops++;
	at_or(&e->request, REQ_STOP);
}

static void run_at(uint64_t pc)
{
	c->pc = pc;
	at_and(&c->request, 0u);
	interp_run(c);
}

static void blocks(void)
{
	static const uint32_t loop[] = {
		0xd2800000, /* mov x0, #0 */
		0xd2800141, /* mov x1, #10 */
		0x91000400, /* 1: add x0, x0, #1 */
		0xf1000421, /* subs x1, x1, #1 */
		0x54ffffc1, /* b.ne 1b */
		0xd503207f, /* wfi */
	};
	uint64_t n;

	for (unsigned k = 0; k < ARRAY_SIZE(loop); k++)
		poke32(PA + 0x1ff0 + 4 * k, loop[k]); /* across a page boundary */
	n = c->icount;
	run_at(VA + 0x1ff0);
	ok(c->x[0] == 10 && c->pc == VA + 0x1ff0 + 24, "a loop across a page boundary");
	is_u64(c->icount - n, 2 + 3 * 10 + 1, "instructions counted");
	poke32(PA + 0x1ff8, 0x91000800); /* add x0, x0, #2 */
	run_at(VA + 0x1ff0);
	ok(c->x[0] == 10, "code changed without IC IVAU runs as it was");
	cpu_sys_op(c, SYSREG(1, 3, 7, 5, 1), VA + 0x1ff8);
	run_at(VA + 0x1ff0);
	ok(c->x[0] == 20, "IC IVAU makes the change seen");
	poke32(PA + 0x1ff8, 0x91000c00); /* add x0, x0, #3 */
	cpu_sys_op(c, SYSREG(1, 0, 7, 5, 0), 0);
	run_at(VA + 0x1ff0);
	ok(c->x[0] == 30, "IC IALLU too");

	poke32(PA + 0x3000, 0xd503201f);     /* nop */
	poke32(PA + 0x3004, 0x00000000);     /* udf */
	poke32(VBAR + 0x200, 0xd503207f);    /* wfi */
	n = c->icount;
	run_at(VA + 0x3000);
	ok(c->pc == VBAR + 0x204 && c->sys.elr == VA + 0x3004, "UDF goes to the vector");
	is_u64(c->icount - n, 2, "and does not count");
	poke32(PA + 0x3004, 0xd4000001);     /* svc */
	cpu_sys_op(c, SYSREG(1, 0, 7, 5, 0), 0);
	n = c->icount;
	run_at(VA + 0x3000);
	ok(c->sys.elr == VA + 0x3008, "SVC returns behind itself");
	is_u64(c->icount - n, 3, "and counts");
	run_at(VA + 0x3002);
	ok(c->sys.esr >> 26 == 0x22 && c->sys.far == VA + 0x3002, "PC alignment fault");
	c->x[0] = VA | UINT64_C(0x5a) << 56 | 0x1ff0;
	c->sys.tcr |= BIT(37);
	poke32(PA + 0x3000, 0xd61f0000);     /* br x0 */
	cpu_sys_op(c, SYSREG(1, 0, 7, 5, 0), 0);
	at_el(c, 1);
	run_at(VA + 0x3000);
	ok(c->pc == VA + 0x1ff0 + 24, "a branch drops the tag of its target (TBI)");
}

int main(void)
{
	static struct machine_ops ops;

	c = make_cpus("max", 2);
	d = cpus[1];
	ops = *c->mops;
	ops.sleep = stop_sleep;
	c->mops = &ops;
	map(c);
	map(d);
	if (!c->decoded && interp_init(c) < 0)
		return 1;
	alignment();
	sp_alignment();
	crossings();
	exclusives();
	blocks();
	return tap_done();
}
