/* Exception entry and return, syndromes, masks, traps of EL0, and what the system registers read as. */
#include "tests/a64/cpu.h"

#define SCTLR SYSREG(3, 0, 1, 0, 0)
#define CPACR SYSREG(3, 0, 1, 0, 2)
#define ESR(ec, iss) ((uint64_t)(ec) << 26 | 1 << 25 | (iss))

static struct vcpu *c;

/* Checks that stmt raises, to `vector`, with this syndrome and return address. */
#define EXPECT(stmt, vector, esr_, ret, what) \
	do { \
		bool r_ = RAISES(c, stmt); \
		ok(r_ && c->pc == VBAR + (vector) && c->el == 1 && c->spsel == 1 && c->sys.elr == (ret), "%s", what); \
		is_u64(c->sys.esr, (esr_), "  its syndrome"); \
	} while (0)

static void entry_state(void)
{
	ok(cpu_sys_read(c, SCTLR) & SCTLR_SPAN, "SPAN at reset: PAN stays as it is for software that knows nothing of it");
	cpu_sys_write(c, SCTLR, cpu_sys_read(c, SCTLR) & ~SCTLR_SPAN);
	at_el(c, 0);
	c->sp = 0x1111;
	c->sp_el[1] = 0x2222;
	c->nzcv = 0xa0000000;
	c->uao = 1;
	c->dit = 1;
	c->ssbs = 1;
	c->mon.armed = 8;
	EXPECT(exc_svc(c, 0x1234), 0x400, ESR(0x15, 0x1234), CODE + 4, "SVC from EL0");
	is_u64(c->sys.spsr, 0xa0000000 | BIT(23) | BIT(24) | BIT(12), "SPSR holds NZCV, UAO, DIT, SSBS, EL0t");
	ok(c->daif == 15 && c->pan == 1 && !c->uao && c->dit && !c->ssbs, "PSTATE at entry: DAIF, PAN by SPAN, UAO, DIT, SSBS by DSSBS");
	ok(c->sp == 0x2222 && c->sp_el[0] == 0x1111, "stack pointers are banked");
	ok(!c->mon.armed, "the local monitor is open");
	cpu_eret(c);
	ok(c->el == 0 && c->sp == 0x1111 && c->npc == CODE + 4 && c->uao && c->ssbs && !c->pan && c->daif == 0,
	   "ERET restores");
	at_el(c, 1);
	cpu_sys_write(c, SCTLR, SCTLR_SPAN | SCTLR_DSSBS);
	EXPECT(exc_undef(c), 0x200, ESR(0, 0), CODE, "UNDEFINED at EL1h");
	ok(!c->pan && c->ssbs, "SPAN keeps PAN, DSSBS sets SSBS");
	at_el(c, 1);
	vcpu_set_el_sp(c, 1, 0);
	EXPECT(exc_brk(c, 7), 0x000, ESR(0x3c, 7), CODE, "BRK at EL1t");
	cpu_sys_write(c, SCTLR, 0);
}

static void aborts(void)
{
	struct mem_dev dev;
	uint32_t *gen;

	at_el(c, 1);
	EXPECT(mem_slow(c, UINT64_C(1) << 50, 8, ACC_WRITE, &dev), 0x200, ESR(0x25, 1 << 6), CODE,
	       "MMU off, address too large: address size fault, level 0, write");
	is_u64(c->sys.far, UINT64_C(1) << 50, "  FAR");
	at_el(c, 0);
	EXPECT(mem_slow(c, RAM + 1, 8, ACC_READ | ACC_UNALIGNED, &dev), 0x400, ESR(0x24, 0x21), CODE,
	       "MMU off: unaligned data access");
	at_el(c, 1);
	EXPECT(mem_slow(c, 0x1000, 8, ACC_READ, &dev);
	       mmio_load(c, &dev, 0x1000, 8, ACC_READ), 0x200, ESR(0x25, 0x10), CODE, "nothing there: external abort");
	at_el(c, 1);
	EXPECT(mem_slow(c, RAM + 0x1234, 64, ACC_WRITE | ACC_ZVA, &dev), 0x200, ESR(0x25, 1 << 6 | 0x21), CODE,
	       "DC ZVA of Device memory");
	is_u64(c->sys.far, RAM + 0x1234, "  FAR is the operand, not the block");
	at_el(c, 0);
	c->pc = 0x1000;
	EXPECT(cpu_fetch_page(c, 0x1000, &gen), 0x400, ESR(0x20, 0x10), 0x1000, "fetch from nowhere");
	is_u64(c->sys.far, 0x1000, "  FAR");
	at_el(c, 1);
	c->pc = CODE + 2;
	EXPECT(exc_pc_align(c), 0x200, ESR(0x22, 0), CODE + 2, "PC alignment");
	is_u64(c->sys.far, CODE + 2, "  FAR");
	at_el(c, 0);
	EXPECT(exc_sp_align(c), 0x400, ESR(0x26, 0), CODE, "SP alignment");
	at_el(c, 1);
	EXPECT(exc_align(c, 5, ACC_READ | ACC_WRITE | ACC_ATOMIC), 0x200, ESR(0x25, 0x21), CODE,
	       "alignment of an atomic reports a read");
}

static void el0_traps(void)
{
	uint32_t mrs = 0xd53b0020 | 5; /* mrs x5, ctr_el0 */

	cpu_sys_write(c, SCTLR, 0);
	at_el(c, 0);
	poke32(CODE, mrs);
	EXPECT(cpu_sys_read(c, SYSREG(3, 3, 0, 0, 1)), 0x400,
	       ESR(0x18, 3 << 20 | 1 << 17 | 3 << 14 | 0 << 10 | 5 << 5 | 0 << 1 | 1), CODE, "CTR_EL0 without UCT");
	at_el(c, 0);
	poke32(CODE, 0xd53800e3); /* mrs x3, s3_0_c0_c0_7 is not there; ID_AA64PFR0_EL1 below */
	EXPECT(cpu_sys_read(c, SYSREG(3, 0, 0, 0, 7)), 0x400, ESR(0, 0), CODE, "an unallocated register");
	at_el(c, 0);
	poke32(CODE, 0xd5380403); /* mrs x3, id_aa64pfr0_el1 */
	EXPECT(cpu_sys_read(c, SYSREG(3, 0, 0, 4, 0)), 0x400, ESR(0x18, 3 << 20 | 3 << 5 | 4 << 1 | 1), CODE,
	       "an ID register from EL0 (IDST)");
	at_el(c, 0);
	EXPECT(cpu_sys_read(c, SYSREG(3, 0, 1, 0, 0)), 0x400, ESR(0, 0), CODE, "SCTLR_EL1 from EL0 is UNDEFINED");
	at_el(c, 0);
	poke32(CODE, 0xd50343df); /* msr daifset, #3 */
	EXPECT(cpu_msr_imm(c, 3, 6, 3), 0x400, ESR(0x18, 3 << 14 | 4 << 10 | 6 << 17 | 31 << 5 | 3 << 1), CODE,
	       "MSR DAIFSet without UMA");
	at_el(c, 0);
	ok(RAISES(c, cpu_sys_read(c, SYSREG(3, 3, 14, 0, 2))), "CNTVCT without EL0VCTEN");
	at_el(c, 0);
	c->sys.cntkctl = 2;
	ok(!RAISES(c, cpu_sys_read(c, SYSREG(3, 3, 14, 0, 2))), "and with it");
	ok(!RAISES(c, cpu_sys_read(c, SYSREG(3, 3, 14, 0, 0))), "CNTFRQ too");
	ok(RAISES(c, cpu_sys_read(c, SYSREG(3, 3, 14, 0, 1))), "but not CNTPCT");
	at_el(c, 0);
	poke32(CODE, 0xd503207f);
	EXPECT((c->sys.sctlr = 0, cpu_wfi(c)), 0x400, ESR(1, BIT(24) | 0xe << 20), CODE, "WFI without nTWI");
	at_el(c, 0);
	EXPECT((c->event = 0, cpu_wfe(c)), 0x400, ESR(1, BIT(24) | 0xe << 20 | 1), CODE, "WFE without nTWE");
	at_el(c, 0);
	c->event = 1;
	ok(!RAISES(c, cpu_wfe(c)) && !c->event, "not with the event register set, which WFE clears");
	ok(RAISES(c, cpu_sys_op(c, SYSREG(1, 3, 7, 5, 1), RAM)), "IC IVAU without UCI");
	at_el(c, 0);
	ok(RAISES(c, cpu_dczva_check(c)), "DC ZVA without DZE");
	at_el(c, 0);
	ok(RAISES(c, cpu_sys_op(c, SYSREG(1, 0, 8, 7, 0), 0)) && !(c->sys.esr >> 26), "TLBI at EL0 is UNDEFINED");
	at_el(c, 0);
	ok(RAISES(c, exc_hvc(c, 0)) && !(c->sys.esr >> 26), "HVC at EL0 is UNDEFINED");
	at_el(c, 1);
	cpu_sys_write(c, CPACR, 1 << 20);
	ok(!(c->ctx & CTX_FPTRAP), "CPACR.FPEN = 1: EL1 may");
	at_el(c, 0);
	ok(c->ctx & CTX_FPTRAP, "and EL0 traps");
	EXPECT(cpu_sys_read(c, SYSREG(3, 3, 4, 4, 0)), 0x400, ESR(7, BIT(24) | 0xe << 20), CODE, "FPCR traps with it");
}

static void returns(void)
{
	static const uint8_t bad[] = {1, 2, 3, 6, 8, 9, 12, 13, 0x10, 0x13};
	unsigned illegal = 0;

	for (unsigned k = 0; k < sizeof(bad); k++) {
		at_el(c, 1);
		c->sys.spsr = bad[k] | UINT64_C(0x60000000) | 2 << 6;
		c->sys.elr = CODE + 0x40;
		cpu_eret(c);
		illegal += c->il && c->el == 1 && c->spsel == 1 && c->npc == CODE + 0x40 &&
			   c->nzcv == 0x60000000 && c->daif == 2 && (c->ctx & CTX_IL);
	}
	ok(illegal == sizeof(bad), "illegal returns set IL and keep EL and SP");
	c->pc = CODE + 0x40;
	EXPECT(cpu_before_insn(c), 0x200, ESR(0x0e, 0), CODE + 0x40, "the next instruction is in illegal state");
	ok(c->sys.spsr & SPSR_IL && !c->il, "SPSR.IL, and IL is clear in the handler");
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 2), UINT64_C(1) << 38 | 16 | 16 << 16);
	c->sys.spsr = 5;
	c->sys.elr = UINT64_C(0x12ff000012345678);
	cpu_eret(c);
	is_u64(c->npc, UINT64_C(0xffff000012345678), "ERET drops the tag of the address under TBI");
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 2), 0);
}

static void interrupts(void)
{
	at_el(c, 1);
	c->daif = PSTATE_I | PSTATE_F;
	vcpu_set_line(c, LINE_IRQ, true);
	ok(c->request & REQ_IRQ && kicks, "a rising line asks and kicks");
	ok(!vcpu_poll(c) && c->pc == CODE, "masked: not taken");
	is_u64(cpu_sys_read(c, SYSREG(3, 0, 12, 1, 0)), BIT(7), "ISR_EL1 shows it");
	ok(vcpu_has_work(c), "WFI would not wait");
	cpu_msr_imm(c, 3, 7, 2);
	vcpu_poll(c);
	ok(c->pc == VBAR + 0x280 && c->sys.elr == CODE, "taken when unmasked");
	vcpu_set_line(c, LINE_FIQ, true);
	at_el(c, 0);
	exc_poll_irq(c);
	ok(c->pc == VBAR + 0x500, "FIQ goes first");
	vcpu_set_line(c, LINE_FIQ, false);
	vcpu_set_line(c, LINE_IRQ, false);
	at_el(c, 0);
	ok(!exc_poll_irq(c), "a line that fell is no interrupt");
}

static void step(void)
{
	at_el(c, 1);
	cpu_sys_write(c, SYSREG(2, 0, 0, 2, 2), 1);
	ok(!(c->ctx & CTX_STEP), "software step is off at EL1 without KDE");
	c->sys.spsr = BIT(21);
	c->sys.elr = CODE;
	cpu_eret(c);
	c->pc = c->npc;
	ok(c->ctx & CTX_STEP && c->ss && c->el == 0, "ERET to EL0 with SPSR.SS: active, not pending");
	poke32(CODE, 0xd503201f);
	ok(!RAISES(c, cpu_before_insn(c)), "one instruction runs");
	c->pc += 4;
	cpu_after_insn(c);
	EXPECT(cpu_before_insn(c), 0x400, ESR(0x32, BIT(24) | 0x22), CODE + 4, "then the step exception");
	c->sys.spsr = BIT(21);
	c->sys.elr = CODE;
	poke32(CODE, 0x885f7c20); /* ldxr w0, [x1] */
	cpu_eret(c);
	c->pc = c->npc;
	ok(!RAISES(c, cpu_before_insn(c)), "a load-exclusive");
	c->pc += 4;
	cpu_after_insn(c);
	EXPECT(cpu_before_insn(c), 0x400, ESR(0x32, BIT(24) | BIT(6) | 0x22), CODE + 4, "is told by EX");
	c->sys.spsr = 0;
	c->sys.elr = CODE;
	cpu_eret(c);
	c->pc = c->npc;
	EXPECT(cpu_before_insn(c), 0x400, ESR(0x32, 0x22), CODE, "SPSR.SS = 0: pending at once, ISV 0");
	cpu_sys_write(c, SYSREG(2, 0, 0, 2, 2), 0);
}

static void breakpoints(void)
{
	struct mem_dev dev;

	at_el(c, 1);
	cpu_sys_write(c, SYSREG(2, 0, 0, 2, 4), CODE + 8);
	cpu_sys_write(c, SYSREG(2, 0, 0, 2, 5), 1 | 2 << 1 | 0xf << 5);
	cpu_sys_write(c, SYSREG(2, 0, 0, 1, 6), RAM + 0x100);
	cpu_sys_write(c, SYSREG(2, 0, 0, 1, 7), 1 | 3 << 1 | 2 << 3 | 0xf0 << 5);
	cpu_sys_write(c, SYSREG(2, 0, 0, 2, 2), BIT(15));
	ok(!(c->ctx & CTX_BREAK), "a breakpoint for EL0 does nothing at EL1");
	at_el(c, 0);
	ok(c->ctx & CTX_BREAK && !RAISES(c, cpu_before_insn(c)), "at EL0 it waits");
	c->pc = CODE + 8;
	EXPECT(cpu_before_insn(c), 0x400, ESR(0x30, 0x22), CODE + 8, "for its address");
	at_el(c, 0);
	ok(!RAISES(c, mem_slow(c, RAM + 0x100, 4, ACC_WRITE, &dev)), "a watchpoint looks at its bytes only");
	ok(!RAISES(c, mem_slow(c, RAM + 0x104, 4, ACC_READ, &dev)), "and at its kind of access");
	ok(!tlb_hit(c->tlb, TLB_W, RAM + 0x104, 4), "the page is never inline");
	EXPECT(mem_slow(c, RAM + 0x102, 4, ACC_WRITE, &dev), 0x400, ESR(0x34, BIT(6) | 0x22), CODE, "a watched store");
	is_u64(c->sys.far, RAM + 0x104, "  FAR is the watched byte");
	cpu_sys_write(c, SYSREG(2, 0, 0, 2, 2), 0);
	cpu_sys_write(c, SYSREG(2, 0, 1, 0, 4), 1);
	is_u64(cpu_sys_read(c, SYSREG(2, 0, 1, 1, 4)), 0xa, "OSLSR shows the lock");
	cpu_sys_write(c, SYSREG(2, 0, 1, 0, 4), 0);
}

static void registers(void)
{
	volatile unsigned undef = 0;

	at_el(c, 1);
	is_u64(cpu_sys_read(c, SYSREG(3, 0, 0, 4, 0)) & 0xffff, 0x0011, "ID_AA64PFR0: AArch64 only, no EL2, no EL3");
	is_u64(cpu_sys_read(c, SYSREG(3, 0, 0, 7, 7)), 0, "unallocated ID registers read as zero");
	is_u64(cpu_sys_read(c, SYSREG(3, 0, 4, 2, 2)), 4, "CurrentEL");
	is_u64(cpu_sys_read(c, SYSREG(3, 3, 0, 0, 7)), 4, "DCZID: 64 bytes");
	ok(RAISES(c, cpu_sys_write(c, SYSREG(3, 0, 0, 4, 0), 0)), "ID registers are read-only");
	at_el(c, 1);
	ok(RAISES(c, cpu_sys_read(c, SYSREG(3, 4, 1, 0, 0))), "SCTLR_EL2 is not there");
	at_el(c, 1);
	vcpu_set_el_sp(c, 1, 0);
	ok(RAISES(c, cpu_sys_read(c, SYSREG(3, 0, 4, 1, 0))), "SP_EL0 with SPSel 0");
	at_el(c, 1);
	cpu_sys_write(c, SYSREG(3, 3, 4, 2, 1), 0x240);
	is_u64(cpu_sys_read(c, SYSREG(3, 3, 4, 2, 1)), 0x240, "DAIF");
	for (volatile uint32_t enc = 0x8000; enc < 0x10000; enc++) {
		at_el(c, 1);
		if (RAISES(c, cpu_sys_read(c, enc)))
			undef += c->sys.esr == ESR(0, 0) && c->pc == VBAR + 0x200;
	}
	ok(undef > 32000 && undef < 32768, "every other encoding is UNDEFINED (%u)", undef);
	for (volatile uint32_t enc = 0x8000; enc < 0x10000; enc++) {
		at_el(c, 1);
		if (!RAISES(c, cpu_sys_write(c, enc, UINT64_C(0x5a5aa5a512345678) * enc)))
			undef += 1;
		cpu_sys_write(c, SCTLR, 0);
		c->sys.vbar = VBAR;
	}
	ok(undef, "any write to any register is survived");
}

int main(void)
{
	c = make_cpus("max", 1);
	at_el(c, 1);
	entry_state();
	aborts();
	el0_traps();
	returns();
	interrupts();
	step();
	breakpoints();
	registers();
	return tap_done();
}
