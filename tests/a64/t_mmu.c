/*
 * The stage 1 walk against a second walker, written from the manual's prose
 * for any granule: random tables, TCRs, attributes and addresses; walk,
 * permission and fault codes agree, and so does what the TLB gives on the
 * second look.  Then what random tables hardly meet: hardware access flag and
 * dirty state, invalidation by address in a block, AT's PAR_EL1.
 */
#include "tests/a64/cpu.h"

static uint64_t rng = 0x9e3779b97f4a7c15;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}
static bool one_in(unsigned n) { return rnd() % n == 0; }

#define POOL (RAM + 0x100000)
#define POOL_SIZE 0x200000
#define TOP UINT64_C(0xffff000000000000)

/* -- the second walker: recursive, one level at a time -- */

struct want {
	int fsc; /* -1: none */
	uint64_t pa;
	bool r[2], w[2], x[2]; /* by EL */
	uint8_t attr;
};

struct hier {
	bool no0, ro, pxn, uxn;
};

static struct want fail(int code, unsigned level) { return (struct want){.fsc = code | (int)level}; }

static struct want leaf(struct vcpu *c, uint64_t va, uint64_t d, unsigned level, unsigned low, struct hier h)
{
	struct want w = {.fsc = -1};
	bool wxn = c->sys.sctlr >> 19 & 1;
	uint64_t oa = d & 0x0000fffffffff000 & ~((UINT64_C(1) << low) - 1);

	if (oa >> mmu_pa_bits(c))
		return fail(0x00, level);
	if (!(d >> 10 & 1))
		return fail(0x08, level);
	w.pa = oa | (va & ((UINT64_C(1) << low) - 1));
	w.attr = (uint8_t)(c->sys.mair >> (d >> 2 & 7) * 8);
	w.r[1] = true;
	w.w[1] = !(d >> 7 & 1) && !h.ro;
	w.r[0] = (d >> 6 & 1) && !h.no0;
	w.w[0] = w.r[0] && w.w[1];
	w.x[0] = !((d >> 54 & 1) || h.uxn || (wxn && w.w[0]));
	w.x[1] = !((d >> 53 & 1) || h.pxn || w.w[0] || (wxn && w.w[1]));
	return w;
}

static struct want level_walk(struct vcpu *c, uint64_t va, uint64_t table, unsigned level, unsigned grain,
			      unsigned top_bit, struct hier h, bool hpd)
{
	unsigned low = grain + (grain - 3) * (3 - level), high = low + grain - 3 - 1;
	uint64_t index, d;

	if (high > top_bit)
		high = top_bit;
	index = va >> low & ((UINT64_C(1) << (high - low + 1)) - 1);
	if (!physmap_host(pm, mk_gpa(table + 8 * index), 8, false))
		return fail(0x14, level);
	d = peek64(table + 8 * index);
	if (!(d & 1))
		return fail(0x04, level);
	if (level == 3)
		return d & 2 ? leaf(c, va, d, level, low, h) : fail(0x04, 3);
	if (!(d & 2)) {
		if ((grain == 12 && level >= 1) || level == 2)
			return leaf(c, va, d, level, low, h);
		return fail(0x04, level);
	}
	if (!hpd) {
		h.no0 |= d >> 61 & 1;
		h.ro |= d >> 62 & 1;
		h.pxn |= d >> 59 & 1;
		h.uxn |= d >> 60 & 1;
	}
	table = d & 0x0000fffffffff000 & ~((UINT64_C(1) << grain) - 1);
	if (table >> mmu_pa_bits(c))
		return fail(0x00, level);
	return level_walk(c, va, table, level + 1, grain, top_bit, h, hpd);
}

static struct want second_walk(struct vcpu *c, uint64_t va)
{
	uint64_t tcr = c->sys.tcr, base;
	bool hi = va >> 55 & 1;
	unsigned tsz = hi ? tcr >> 16 & 63 : tcr & 63, tg = hi ? tcr >> 30 & 3 : tcr >> 14 & 3;
	unsigned grain = hi ? (tg == 1 ? 14 : tg == 3 ? 16 : 12) : (tg == 1 ? 16 : tg == 2 ? 14 : 12);
	unsigned size = 64 - tsz, level = 3, low = grain, align;
	bool tbi = tcr >> (hi ? 38 : 37) & 1;

	for (unsigned b = size; b < (tbi ? 56 : 64); b++)
		if ((va >> b & 1) != hi)
			return fail(0x04, 0);
	if (tcr >> (hi ? 23 : 7) & 1)
		return fail(0x04, 0);
	while (low + grain - 3 < size) {
		low += grain - 3;
		level--;
	}
	align = size - low + 3 < 6 ? 6 : size - low + 3;
	base = (hi ? c->sys.ttbr1 : c->sys.ttbr0) & 0x0000ffffffffffff & ~((UINT64_C(1) << align) - 1);
	if (base >> mmu_pa_bits(c))
		return fail(0x00, 0);
	return level_walk(c, va, base, level, grain, size - 1, (struct hier){0}, tcr >> (hi ? 42 : 41) & 1);
}

/* -- random tables -- */

static uint64_t random_desc(void)
{
	uint64_t d = (rnd() & 0xfff0000000000ffc) & ~(UINT64_C(1) << 51);

	if (one_in(8))
		return d | (rnd() & 1) << 1;
	d |= one_in(4) ? 1 : 3;
	if (!one_in(8))
		d |= 1 << 10;
	if (one_in(40))
		return d | (rnd() & 0x0000fffffffff000);
	return d | ((POOL + rnd() % POOL_SIZE) & ~UINT64_C(0xfff));
}

static void random_regime(struct vcpu *c)
{
	static const uint8_t tg0[] = {0, 1, 2}, tg1[] = {1, 2, 3};
	uint64_t tcr = (16 + rnd() % 24) | (16 + rnd() % 24) << 16 | (uint64_t)tg0[rnd() % 3] << 14 |
		       (uint64_t)tg1[rnd() % 3] << 30 | (uint64_t)(one_in(4) ? rnd() % 6 : 5) << 32 | UINT64_C(1) << 36;

	tcr |= (uint64_t)one_in(8) << 7 | (uint64_t)one_in(8) << 23 | (rnd() & 3) << 37 | (rnd() & 3) << 41;
	for (uint64_t a = POOL; a < POOL + POOL_SIZE; a += 8)
		if (one_in(3))
			poke64(a, random_desc());
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 2), tcr);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), rnd() << 48 | (POOL + (rnd() % POOL_SIZE & ~UINT64_C(0xffff))));
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 1), rnd() << 48 | (POOL + (rnd() % POOL_SIZE & ~UINT64_C(0xffff))));
	cpu_sys_write(c, SYSREG(3, 0, 10, 2, 0), rnd());
	cpu_sys_write(c, SYSREG(3, 0, 1, 0, 0), 1 | (uint64_t)one_in(3) << 19);
	tlbset_inv_all(c);
}

static uint64_t random_va(struct vcpu *c)
{
	bool hi = rnd() & 1;
	unsigned tsz = hi ? c->sys.tcr >> 16 & 63 : c->sys.tcr & 63, size = tsz ? 64 - tsz : 63;
	uint64_t va = rnd() & ((UINT64_C(1) << size) - 1);

	if (hi)
		va |= ~((UINT64_C(1) << size) - 1);
	if (one_in(16))
		va ^= UINT64_C(1) << (rnd() % 64);
	if (one_in(4))
		va = (va & ~(UINT64_C(0xff) << 56)) | rnd() << 56;
	return va;
}

/* One address, all accesses: the TLB's answer twice against the second walker. */
static bool agree(struct vcpu *c, uint64_t va)
{
	struct want w = second_walk(c, va);
	bool el0 = rnd() & 1, pan = rnd() & 1;

	c->pan = pan;
	for (enum mmu_kind k = MMU_READ; k <= MMU_FETCH; k++) {
		bool may = k == MMU_READ ? w.r[!el0] : k == MMU_WRITE ? w.w[!el0] : w.x[!el0];
		struct mem_target t;
		struct mmu_map m;
		struct mmu_access a = {.kind = (uint8_t)k, .el0 = el0, .pan = pan};
		mmu_fsc first, second;

		if (pan && !el0 && k != MMU_FETCH && w.r[0])
			may = false;
		first = mmu_walk(c, va, &a, &m);
		if (w.fsc >= 0 ? first != w.fsc : may ? first != MMU_OK : (first & ~3) != FSC_PERMISSION) {
			printf("# va %#lx kind %u el0 %d: fsc %#x, want %#x may %d\n", va, k, el0, first, w.fsc, may);
			return false;
		}
		if (first == MMU_OK && (m.pa != w.pa || m.attr != w.attr)) {
			printf("# va %#lx: pa %#lx, want %#lx\n", va, m.pa, w.pa);
			return false;
		}
		for (int look = 0; look < 2; look++) {
			second = tlbset_resolve(c, va, k, el0, &t);
			if (second != first || (first == MMU_OK && (t.pa != w.pa || t.attr != w.attr))) {
				printf("# va %#lx: TLB fsc %#x, walk %#x\n", va, second, first);
				return false;
			}
		}
	}
	return true;
}

static void random_tables(struct vcpu *c)
{
	unsigned good = 0, bad = 0, mapped = 0;

	for (unsigned round = 0; round < 40; round++) {
		random_regime(c);
		for (unsigned k = 0; k < 3000 && bad < 5; k++) {
			uint64_t va = random_va(c);

			mapped += second_walk(c, va).fsc < 0;
			*(agree(c, va) ? &good : &bad) += 1;
		}
	}
	ok(bad == 0 && mapped > 10000, "random tables agree with the second walker (%u addresses, %u mapped)", good, mapped);
	c->pan = 0;
}

/* Any value in any control register: the walk ends and its answer has a meaning. */
static void any_regime(struct vcpu *c)
{
	unsigned odd = 0;

	for (unsigned round = 0; round < 3000; round++) {
		cpu_sys_write(c, SYSREG(3, 0, 2, 0, 2), rnd());
		cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), one_in(4) ? rnd() : POOL + rnd() % POOL_SIZE);
		cpu_sys_write(c, SYSREG(3, 0, 2, 0, 1), one_in(4) ? rnd() : POOL + rnd() % POOL_SIZE);
		cpu_sys_write(c, SYSREG(3, 0, 10, 2, 0), rnd());
		cpu_sys_write(c, SYSREG(3, 0, 1, 0, 0), rnd());
		c->pan = rnd() & 1;
		cpu_ctx_update(c);
		for (unsigned k = 0; k < 20; k++) {
			uint64_t va = one_in(3) ? rnd() : random_va(c);
			enum mmu_kind kind = (enum mmu_kind)(rnd() % 3);
			struct mem_target t;
			mmu_fsc f = tlbset_resolve(c, va, kind, rnd() & 1, &t);

			odd += f != MMU_OK && f > 0x17;
			tlbset_quick(c, c->tlb, va, rnd() & 1, c->el == 0);
			cpu_sys_op(c, SYSREG(1, 0, 8, 7, rnd() % 4), rnd());
			cpu_sys_op(c, SYSREG(1, 0, 8, 6, 1), rnd());
		}
	}
	ok(!odd, "any control registers, any address: a fault or a place");
	c->pan = 0;
}

/* -- directed -- */

#define L0 (RAM + 0x100000)
#define L1 (RAM + 0x101000)
#define L2 (RAM + 0x102000)
#define L3 (RAM + 0x103000)
#define BLOCK_ATTR UINT64_C(0x401) /* AF, index 0 */
#define PAGE_ATTR UINT64_C(0x403)

/* 4 KiB granule, 48 bits; page 0x1000 at L3[1], a 2 MiB block at 0x200000. */
static void directed_regime(struct vcpu *c, uint64_t tcr_more)
{
	memset(ram(L0), 0, 0x4000);
	poke64(L0, L1 | 3);
	poke64(L1, L2 | 3);
	poke64(L2, L3 | 3);
	poke64(L2 + 8, RAM | 0x200000 | BLOCK_ATTR | 1 << 6);
	poke64(L3 + 8, RAM | 0x5000 | PAGE_ATTR | 1 << 6);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 2), 16 | 16 << 16 | UINT64_C(2) << 30 | UINT64_C(5) << 32 | tcr_more);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), L0);
	cpu_sys_write(c, SYSREG(3, 0, 10, 2, 0), 0xff);
	cpu_sys_write(c, SYSREG(3, 0, 1, 0, 0), 1);
	tlbset_inv_all(c);
}

static mmu_fsc look(struct vcpu *c, uint64_t va, enum mmu_kind k, struct mem_target *t)
{
	return tlbset_resolve(c, va, k, false, t);
}

static void hardware_flags(struct vcpu *c)
{
	struct mem_target t;

	directed_regime(c, 0);
	poke64(L3 + 8, peek64(L3 + 8) & ~UINT64_C(0x400));
	ok(look(c, 0x1000, MMU_READ, &t) == (FSC_ACCESS | 3), "access flag fault without TCR.HA");
	directed_regime(c, BIT(39) | BIT(40));
	poke64(L3 + 8, (peek64(L3 + 8) & ~UINT64_C(0x400)) | 1 << 7 | BIT(51));
	ok(look(c, 0x1000, MMU_READ, &t) == MMU_OK && peek64(L3 + 8) & 0x400, "TCR.HA sets the access flag");
	ok(peek64(L3 + 8) & 1 << 7, "a read leaves the page clean");
	ok(!tlb_hit(c->tlb, TLB_W, 0x1000, 8), "a clean page does not take writes inline");
	ok(look(c, 0x1000, MMU_WRITE, &t) == MMU_OK && !(peek64(L3 + 8) & 1 << 7), "a write makes it dirty");
	ok(tlb_hit(c->tlb, TLB_W, 0x1000, 8) == ram(RAM | 0x5000), "and is inline from then on");
}

static void invalidation(struct vcpu *c)
{
	struct mem_target t;

	directed_regime(c, 0);
	look(c, 0x1000, MMU_READ, &t);
	for (uint64_t va = 0x200000; va < 0x400000; va += 0x1000)
		look(c, va, MMU_READ, &t);
	ok(t.pa == (RAM | 0x3ff000), "block entry");
	poke64(L3 + 8, RAM | 0x6000 | PAGE_ATTR | 1 << 6);
	poke64(L2 + 8, RAM | 0x600000 | BLOCK_ATTR | 1 << 6);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x5000), "a stale entry stays until TLBI");
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 1), 0x1);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x6000), "TLBI VAE1");
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 3), 0x2ff);
	look(c, 0x201000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x601000), "TLBI VAAE1 of one address in a block drops all of it");
	poke64(L3 + 8, RAM | 0x7000 | PAGE_ATTR | 1 << 6 | 1 << 11);
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 0), 0);
	look(c, 0x1000, MMU_READ, &t);
	poke64(L3 + 8, RAM | 0x8000 | PAGE_ATTR | 1 << 6 | 1 << 11);
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 2), UINT64_C(0) << 48);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x8000), "TLBI ASIDE1 drops an nG entry");
	poke64(L3 + 8, RAM | 0x9000 | PAGE_ATTR | 1 << 6);
	/* base 0, one pair of 4 KiB pages: pages 0 and 1 */
	cpu_sys_op(c, SYSREG(1, 0, 8, 6, 1), UINT64_C(1) << 46);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x9000), "TLBI RVAE1");
	ok(RAISES(c, cpu_sys_op(c, SYSREG(1, 0, 8, 6, 2), 0)), "no range form of ASIDE1");
	at_el(c, 1);
}

static const void *jump_at(const struct tlb *t, uint64_t pc)
{
	const struct tlb_jump *j = &t->jump[tlb_jump_index(pc)];

	return j->pc == pc ? j->code : 0;
}

/* What TLBI leaves of the jump caches of translated code. */
static void jumps(void)
{
	static struct tlb t;
	const uint64_t page = UINT64_C(0xffff800080001000), next = page + TLB_PAGE;
	int there;

	tlb_jumps_clear(&t);
	tlb_jump_set(&t, page, &there);
	tlb_jump_set(&t, page + 4092, &there);
	tlb_jump_set(&t, next, &there);
	tlb_jumps_kill(&t, next + 2 * TLB_PAGE);
	ok(jump_at(&t, page) && jump_at(&t, next), "another page's invalidation leaves jumps alone");
	tlb_jumps_kill(&t, (page & ~(UINT64_C(0xff) << 56)) + 64);
	ok(!jump_at(&t, page) && !jump_at(&t, page + 4092), "that of their page, whatever the tag, takes them all");
	ok(jump_at(&t, next), "and no other");
	tlb_jump_set(&t, page + 8, &there);
	tlb_jumps_kill(&t, page);
	ok(!jump_at(&t, page + 8), "those set later, too");
}

/* Pages of one index of the TLB and others, in both halves, with and without a tag byte: a kill takes its page's lines, all of them, and no others. */
static void jumps_of_many(void)
{
	static struct tlb t;
	static const uint64_t pages[] = {0x400000, 0x400000 ^ 0x1001000, 0x400000 ^ 0x2002000, 0x401000, UINT64_C(0xffff800080400000),
					 UINT64_C(0xfffffffffffff000), UINT64_C(0xfffffffffeffe000), UINT64_C(0x00fffffffe000000)};
	uint64_t seed = 1;
	unsigned wrong = 0, there = 0;

	tlb_jumps_clear(&t);
	for (unsigned k = 0; k < 200000; k++) {
		uint64_t pc, page;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		page = pages[(seed >> 33) % ARRAY_SIZE(pages)];
		pc = page + (seed >> 40 & 0xff) * 4 * (seed >> 50 & 1 ? 1 : 3);
		if (seed >> 60) {
			tlb_jump_set(&t, pc, &t);
			continue;
		}
		there = 0;
		for (unsigned n = 0; n < TLB_JUMPS; n++)
			there += t.jump[n].pc != TLB_JUMP_NONE && t.jump[n].pc >> 12 != page >> 12;
		tlb_jumps_kill(&t, seed >> 51 & 1 ? page : page ^ UINT64_C(0x5a) << 56);
		for (unsigned n = 0; n < TLB_JUMPS; n++) {
			wrong += t.jump[n].pc >> 12 == page >> 12;
			there -= t.jump[n].pc != TLB_JUMP_NONE;
		}
		wrong += there != 0;
	}
	ok(!wrong, "12,500 kills among pages that share an index take their own lines and no others");
	tlb_jumps_clear_bottom(&t);
	for (unsigned n = 0; n < TLB_JUMPS; n++)
		wrong += t.jump[n].pc != TLB_JUMP_NONE && !(t.jump[n].pc >> 55 & 1);
	ok(!wrong, "the bottom half goes alone");
}

static void asids(struct vcpu *c)
{
	struct mem_target t;

	directed_regime(c, UINT64_C(1) << 36);
	poke64(L3 + 8, RAM | 0x5000 | PAGE_ATTR | 1 << 6 | 1 << 11);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), L0 | UINT64_C(0x1234) << 48);
	look(c, 0x1000, MMU_READ, &t);
	poke64(L3 + 8, RAM | 0x6000 | PAGE_ATTR | 1 << 6 | 1 << 11);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), L0 | UINT64_C(0x1235) << 48);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x6000), "another ASID has its own entries");
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), L0 | UINT64_C(0x1234) << 48);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x5000), "and the first ASID's are still there");
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 2), UINT64_C(0x1234) << 48);
	look(c, 0x1000, MMU_READ, &t);
	ok(t.pa == (RAM | 0x6000), "until they are invalidated");
}

/* More processes than there are tables, one after the other, each with what it and the kernel use. */
static void many_processes(struct vcpu *c, uint64_t first)
{
	struct mem_target t;
	int there;

	for (uint64_t asid = first; asid < first + 20; asid++) {
		cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), L0 | asid << 48);
		look(c, 0x1000, MMU_READ, &t);
		look(c, TOP | 0x1000, MMU_READ, &t);
		tlb_jump_set(c->tlb, 0x1000, &there);
		tlb_jump_set(c->tlb, TOP | 0x1008, &there);
	}
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 0), L0 | UINT64_C(0x4321) << 48);
}

static void kernel_half(struct vcpu *c)
{
	directed_regime(c, UINT64_C(1) << 36);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 1), L0);
	many_processes(c, 1);
	ok(tlb_hit(c->tlb, TLB_R, TOP | 0x1000, 8) && jump_at(c->tlb, TOP | 0x1008), "a new process finds the kernel's half");
	ok(!tlb_hit(c->tlb, TLB_R, 0x1000, 8) && !jump_at(c->tlb, 0x1000), "and nothing of another's");
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 2), UINT64_C(0x4321) << 48);
	ok(tlb_hit(c->tlb, TLB_R, TOP | 0x1000, 8), "the invalidation of its ASID is not for that");
	cpu_sys_op(c, SYSREG(1, 0, 8, 7, 3), (TOP | 0x1000) >> 12 & mask64(44));
	ok(!tlb_hit(c->tlb, TLB_R, TOP | 0x1000, 8) && !jump_at(c->tlb, TOP | 0x1008), "that of an address is");
	many_processes(c, 30);
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 1), L1);
	ok(!tlb_hit(c->tlb, TLB_R, TOP | 0x1000, 8), "other tables of the kernel are another kernel's");
	cpu_sys_write(c, SYSREG(3, 0, 2, 0, 1), L0);
	poke64(L3 + 8, peek64(L3 + 8) | 1 << 11);
	tlbset_inv_all(c);
	many_processes(c, 60);
	ok(!tlb_hit(c->tlb, TLB_R, TOP | 0x1000, 8) && !jump_at(c->tlb, TOP | 0x1008), "what the kernel has for one ASID alone is not found by others");
}

static void at_instructions(struct vcpu *c)
{
	directed_regime(c, 0);
	cpu_sys_op(c, SYSREG(1, 0, 7, 8, 0), 0x1234);
	is_u64(c->sys.par, UINT64_C(0xff) << 56 | RAM | 0x5000 | 1 << 11 | 1 << 9, "AT S1E1R");
	cpu_sys_op(c, SYSREG(1, 0, 7, 8, 0), 0x2234);
	is_u64(c->sys.par, 0x801 | 7 << 1, "AT of an unmapped page: translation fault, level 3");
	poke64(L3 + 8, peek64(L3 + 8) | 1 << 7);
	cpu_sys_op(c, SYSREG(1, 0, 7, 8, 3), 0x1000);
	is_u64(c->sys.par, 0x801 | 0xf << 1, "AT S1E0W of a read-only page: permission fault");
	c->pan = 1;
	cpu_sys_op(c, SYSREG(1, 0, 7, 9, 0), 0x1000);
	is_u64(c->sys.par, 0x801 | 0xf << 1, "AT S1E1RP sees PAN");
	c->pan = 0;
	poke64(L0, 0x900000003);
	ok(RAISES(c, cpu_sys_op(c, SYSREG(1, 0, 7, 8, 0), 0x1234)), "an external abort on AT's walk is taken");
	is_u64(c->sys.esr, UINT64_C(0x25) << 26 | 1 << 25 | 1 << 8 | 1 << 6 | 0x15, "with its syndrome");
}

static void flat(struct vcpu *c)
{
	struct mem_target t;

	cpu_sys_write(c, SYSREG(3, 0, 1, 0, 0), 0);
	ok(look(c, RAM + 0x123, MMU_WRITE, &t) == MMU_OK && t.pa == RAM + 0x123 && t.attr == 0,
	   "MMU off: flat, Device-nGnRnE");
	ok(look(c, UINT64_C(1) << 48, MMU_READ, &t) == FSC_ADDRSIZE, "beyond the physical address size: level 0");
}

int main(void)
{
	struct vcpu *c = make_cpus("max", 1);

	random_tables(c);
	any_regime(c);
	at_el(c, 1);
	hardware_flags(c);
	invalidation(c);
	jumps();
	jumps_of_many();
	asids(c);
	kernel_half(c);
	at_instructions(c);
	at_el(c, 1);
	flat(c);
	return tap_done();
}
