/*
 * A guest that means harm: registers of every size everywhere, exclusives and
 * zeroing on devices, page tables in devices and in themselves, code at the end of RAM and in
 * devices, unaligned everything, wild firmware calls, virtio rings that another CPU
 * rewrites.  What it may get is architectural results: each part counts what was neither
 * a value nor a synchronous abort with a syndrome of its kind, and prints what
 * must be the same on every engine and with any number of CPUs.
 *
 * Run with 128 MiB of RAM, virtio-rng, -blk, -serial and -net devices.
 */
#include "guest.h"

#define RAM_END 0x48000000ull
#define TABLES 0x43000000ull
#define RINGS 0x44000000ull
#define FWCFG 0x09020000ull
#define VIRTIO 0x0a000000ull
#define HIGH 0xffffff8000000000ull /* what TTBR1 maps: 39 bits */
#define RET 0xd65f03c0u
#define NOP 0xd503201fu

static uint64_t rng = 88172645463325252ull;
static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 0x2545f4914f6cdd1dull;
}

/* -- one instruction, and what came of it -- */
static volatile struct {
	uint64_t recover, esr, far, elr;
} seen[16];
#define ME (mrs(mpidr_el1) & 15)

static uint64_t fault(uint64_t kind)
{
	unsigned n = ME;

	seen[n].esr = kind ? ~0ull : mrs(esr_el1);
	seen[n].far = mrs(far_el1);
	seen[n].elr = mrs(elr_el1);
	return seen[n].recover;
}

/* Calls code with address in x0 and a value in x1; the syndrome, or 0. */
static uint64_t try(const void *code, uint64_t address, uint64_t value)
{
	register uint64_t x0 __asm__("x0") = address;
	register uint64_t x1 __asm__("x1") = value;
	volatile uint64_t *recover = &seen[ME].recover;

	seen[ME].esr = 0;
	__asm__ volatile("adr x2, 1f\n\tstr x2, [%[rec]]\n\tblr %[code]\n1:"
			 : "+r"(x0), "+r"(x1)
			 : [code] "r"(code), [rec] "r"(recover)
			 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x30", "memory", "cc");
	dsb();
	isb();
	return seen[ME].esr;
}

#define STUB(name, text) \
	void name(void); \
	__asm__(".pushsection .text\n\t.balign 4\n\t.global " #name "\n" #name ":\n\t" text "\n\tret\n\t.popsection")
#define LOADS(X) \
	X(ldrb, "ldrb w1, [x0]") X(ldrh, "ldrh w1, [x0]") X(ldr_w, "ldr w1, [x0]") X(ldr_x, "ldr x1, [x0]") \
	X(ldr_q, "ldr q1, [x0]") X(ldp, "ldp x1, x3, [x0]") X(ldp_q, "ldp q0, q1, [x0]") X(ldtr, "ldtr x1, [x0]") \
	X(ld1, "ld1 {v0.16b, v1.16b}, [x0]") X(ld4, "ld4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x0]") X(ldar, "ldar x1, [x0]") \
	X(ldxr, "ldxr x1, [x0]") X(ldxp, "ldxp x1, x3, [x0]") X(ldnp, "ldnp x1, x3, [x0]") X(prfm, "prfm pldl1keep, [x0]")
#define STORES(X) \
	X(strb, "strb w1, [x0]") X(strh, "strh w1, [x0]") X(str_w, "str w1, [x0]") X(str_x, "str x1, [x0]") \
	X(str_q, "str q1, [x0]") X(stp, "stp x1, x1, [x0]") X(st1, "st1 {v0.16b, v1.16b}, [x0]") X(stlr, "stlr x1, [x0]") \
	X(stxr, "stxr w3, x1, [x0]") X(stxp, "ldxp x4, x5, [x0]\n\tstxp w3, x1, x1, [x0]") X(pair_x, "ldaxr x4, [x0]\n\tstlxr w3, x4, [x0]") \
	X(cas, "cas x1, x3, [x0]") X(casp, "mov x2, x1\n\tmov x3, x1\n\tmov x4, x1\n\tmov x5, x1\n\tcasp x2, x3, x4, x5, [x0]") \
	X(swp, "swpal x1, x3, [x0]") X(ldadd, "ldaddb w1, w3, [x0]") X(sttr, "sttr x1, [x0]") X(zva, "dc zva, x0")
#define OTHERS(X) X(civac, "dc civac, x0") X(ivau, "ic ivau, x0") X(at, "at s1e1r, x0") X(run, "mov x9, x30\n\tblr x0\n\tmov x30, x9")
#define X(name, text) STUB(i_##name, text);
LOADS(X) STORES(X) OTHERS(X)
#undef X
static const struct insn {
	const char *name;
	void (*code)(void);
} loads[] = {
#define X(name, text) {#name, i_##name},
	LOADS(X)
}, stores[] = {
	STORES(X)
};
#undef X
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Is it an abort of the same exception level with a syndrome that a data access can have? */
static bool proper(uint64_t esr)
{
	unsigned ec = (unsigned)(esr >> 26), dfsc = esr & 0x3f;

	if (!esr)
		return true;
	if (ec == 0x25)
		return dfsc == 0x10 || dfsc == 0x21 || dfsc == 0x35 || (dfsc >= 4 && dfsc < 0x10) || (dfsc >= 0x14 && dfsc < 0x18) || dfsc < 4;
	return ec == 0x21 || ec == 0x22;
}

static unsigned odd_ones;
static void judge(const char *what, uint64_t at, uint64_t esr)
{
	if (!proper(esr) && odd_ones++ < 10)
		out("ODD: %s at %lx: ESR %lx ELR %lx FAR %lx\n", what, at, esr, seen[ME].elr, seen[ME].far);
}

static void part(const char *what)
{
	out("%s: %d odd\n", what, (int)odd_ones);
	odd_ones = 0;
}

/* -- 1: registers of every size -- */
static const uint64_t windows[] = {GICD, GICC, GICR, GICR + 0x10000, UART, RTC, GPIO, FWCFG, VIRTIO, VIRTIO + 0x3e00, VIRTIO + 0x3c00,
				   VIRTIO + 0x3a00, VIRTIO + 0x3800, VIRTIO + 0x4000 - 8, 0x0b000000, 0x3eff0000, 0x4010000000, 0x100000000000, 0x10000000};

/* Stores there would print, or end the run. */
static bool spared(uint64_t a) { return (a >= UART && a < UART + 0x40) || (a >= GPIO && a < GPIO + 0x1000); }

static void registers(void)
{
	for (unsigned w = 0; w < COUNT(windows); w++)
		for (unsigned off = 0; off < 0x1000; off += off < 0x40 ? 1 : off < 0x200 ? 4 : 0x7c) {
			uint64_t a = windows[w] + off;
			const struct insn *l = &loads[(off + w) % COUNT(loads)], *s = &stores[(off * 7 + w) % COUNT(stores)];

			judge(l->name, a, try(l->code, a, 0));
			if (!spared(a & ~15ull) && !spared(a + 64))
				judge(s->name, a, try(s->code, a, rnd()));
		}
	part("registers of every size");
}

/* Every instruction on a register that is harmless. */
static void instructions_on_devices(void)
{
	static const uint64_t at[] = {RTC + 8, RTC + 9, GICD + 0x400, GICD + 0x401, VIRTIO + 0x70, FWCFG, FWCFG + 3, 0x0b000000};

	for (unsigned k = 0; k < COUNT(at); k++) {
		for (unsigned n = 0; n < COUNT(loads); n++)
			judge(loads[n].name, at[k], try(loads[n].code, at[k], 0));
		for (unsigned n = 0; n < COUNT(stores); n++)
			judge(stores[n].name, at[k], try(stores[n].code, at[k], 0));
		judge("dc civac", at[k], try(i_civac, at[k], 0));
		judge("ic ivau", at[k], try(i_ivau, at[k], 0));
	}
	part("every instruction on devices");
}

/* -- 2: code -- */
static void code_at(uint64_t a, const uint32_t *w, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		*(volatile uint32_t *)(a + 4 * k) = w[k];
	for (unsigned k = 0; k < n; k++)
		__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(a + 4 * k) : "memory");
}

static void run_at(const char *what, uint64_t a)
{
	uint64_t esr = try(i_run, a, 0);

	out("  %s: ESR %lx", what, esr);
	if (esr)
		out(" ELR %lx FAR %lx", seen[0].elr, seen[0].far);
	out("\n");
}

static void code(void)
{
	static const uint32_t nop[] = {NOP, NOP, NOP, NOP}, ret[] = {NOP, NOP, NOP, RET};
	/* b +8 past a word that leads out; the last word jumps back to it: ret */
	static const uint32_t back[] = {0x14000003, RET, NOP, 0x17fffffe};
	static const uint32_t load[] = {NOP, NOP, 0xf9400000, RET}; /* ldr x0, [x0] at the very end */

	code_at(RAM_END - 16, ret, 4);
	run_at("return in the last word of RAM", RAM_END - 16);
	code_at(RAM_END - 16, back, 4);
	run_at("back from the last word of RAM", RAM_END - 16);
	code_at(RAM_END - 16, load, 4);
	run_at("a load there", RAM_END - 16);
	code_at(RAM_END - 16, nop, 4);
	for (unsigned k = 0; k < 3; k++) /* again when it has been translated */
		run_at("over the end of RAM", RAM_END - 16);
	run_at("behind RAM", RAM_END);
	run_at("in the UART", UART);
	run_at("in the distributor", GICD);
	run_at("in a virtio device", VIRTIO);
	run_at("in fw_cfg", FWCFG);
	run_at("nowhere", 0x0b000000);
	run_at("far away", 0x0000800000000000);
	run_at("not aligned", RAM_END - 14);
	run_at("not canonical", 0x00ff000000000000);
}

/* -- 3: tables -- */
static void mmu(uint64_t ttbr1, uint64_t more)
{
	volatile uint64_t *ident = (uint64_t *)TABLES;

	ident[0] = 0x401;                /* devices: 1 GiB, attribute 0 */
	ident[1] = 0x40000000 | 0x705;   /* RAM: attribute 1 */
	msr(mair_el1, 0xff00);
	msr(tcr_el1, 32 | 25ull << 16 | 2ull << 30 | 5ull << 32 | 3ull << 8 | more);
	msr(ttbr0_el1, TABLES);
	msr(ttbr1_el1, ttbr1);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
	msr(sctlr_el1, mrs(sctlr_el1) | 1 | 4 | 0x1000);
}

static void mmu_off(void)
{
	msr(sctlr_el1, mrs(sctlr_el1) & ~0x1005ull);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
}

static void tables_in_devices(void)
{
	static const uint64_t at[] = {GICD, GICR, UART, RTC, FWCFG, VIRTIO, 0x0b000000, 0x800000000000, RAM_END - 4096, RAM_END};
	volatile uint64_t *t = (uint64_t *)(TABLES + 0x1000);

	for (unsigned k = 0; k < COUNT(at); k++) {
		mmu(at[k], k & 1 ? 3ull << 39 : 0); /* with hardware's dirty state now and then */
		judge("walk", at[k], try(i_ldr_x, HIGH, 0));
		judge("walk", at[k], try(i_str_x, HIGH + 0x12345678, 0));
		judge("walk", at[k], try(i_run, HIGH, 0));
		judge("walk", at[k], try(i_at, HIGH, 0));
		out("  TTBR1 in %lx: ESR %lx PAR %lx\n", at[k], try(i_ldr_x, HIGH, 0), mrs(par_el1) & 0x7f);
		/* the second and third level there */
		for (unsigned level = 0; level < 2; level++) {
			t[0] = level ? (TABLES + 0x2000) | 3 : at[k] | 3;
			t[512] = at[k] | 3;
			mmu(TABLES + 0x1000, k & 1 ? 3ull << 39 : 0);
			out("    level %d: ESR %lx\n", (int)level + 2, try(i_ldr_x, HIGH, 0));
			judge("store", at[k], try(i_str_x, HIGH + 8, 0));
		}
		mmu_off();
	}
	part("tables in devices");
}

static void tables_in_themselves(void)
{
	uint64_t root = TABLES + 0x1000, va = HIGH;
	volatile uint64_t *t = (uint64_t *)root;

	/* Entry 5 is the table itself at every level; as a page it can be written through. */
	for (unsigned k = 0; k < 512; k++)
		t[k] = 0;
	t[5] = root | 0x707;
	mmu(root, 0);
	va += 5ull << 30 | 5ull << 21 | 5ull << 12;
	out("  itself read: ESR %lx\n", try(i_ldr_x, va + 40, 0));
	out("  itself written: ESR %lx\n", try(i_str_x, va + 48, RAM_END - 4096 + 0x707));
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
	out("  the page it made: ESR %lx\n", try(i_str_x, va + 0x1000, 1));
	/* It takes away its own ground. */
	judge("itself cleared", va, try(i_str_x, va + 40, 0));
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
	out("  and is gone: ESR %lx\n", try(i_ldr_x, va + 40, 0));
	/* The access flag and dirty state, set by the walk in the entry through which it is set. */
	t[5] = root | 0x307 | 0x80 | 1ull << 51;
	mmu(root, 3ull << 39);
	out("  its own dirty state: ESR %lx", try(i_str_x, va + 48, 7));
	out(", entry %lx\n", t[5]);
	/* A table with itself as a table only. */
	t[5] = root | 3;
	for (unsigned k = 0; k < 200; k++)
		judge("loop", k, try(k & 1 ? i_ldr_x : i_run, HIGH + (rnd() & 0x7fffffffff), 0));
	mmu_off();
	part("tables in themselves");
}

static void unaligned(void)
{
	uint64_t root = TABLES + 0x1000, page = RINGS, digest = 0;
	volatile uint64_t *t = (uint64_t *)root;

	/* Pages: 0 normal, 1 nothing, 2 normal, 3 device memory of RAM, 4 the clock, 5 normal, 6 read-only, 7 the last of RAM, 8 behind it */
	for (unsigned k = 0; k < 1536; k++)
		t[k] = 0;
	t[0] = (root + 0x1000) | 3;
	t[512] = (root + 0x2000) | 3;
	t[1024] = page | 0x707;
	t[1026] = (page + 0x2000) | 0x707;
	t[1027] = (page + 0x3000) | 0x703;
	t[1028] = RTC | 0x703;
	t[1029] = (page + 0x5000) | 0x707;
	t[1030] = (page + 0x6000) | 0x787;
	t[1031] = (RAM_END - 4096) | 0x707;
	t[1032] = RAM_END | 0x707;
	for (unsigned a = 0; a < 2; a++) {
		mmu(root, 0);
		msr(sctlr_el1, (mrs(sctlr_el1) & ~2ull) | (a ? 2 : 0));
		for (unsigned p = 0; p < 9; p++)
			for (unsigned off = 4096 - 40; off < 4096 + 3; off++) {
				uint64_t va = HIGH + p * 4096 + off;

				for (unsigned n = 0; n < COUNT(loads); n++) {
					uint64_t esr = try(loads[n].code, va, 0);

					judge(loads[n].name, va, esr);
					digest = (digest ^ esr) * 0x100000001b3ull;
				}
				for (unsigned n = 0; n < COUNT(stores); n++) {
					uint64_t esr = try(stores[n].code, va, rnd());

					judge(stores[n].name, va, esr);
					digest = (digest ^ esr) * 0x100000001b3ull;
				}
			}
		msr(sctlr_el1, mrs(sctlr_el1) & ~2ull);
		mmu_off();
	}
	out("  digest %lx\n", digest);
	part("unaligned across pages");
}

/* -- 4: firmware -- */
static int64_t call(uint64_t fn, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	return (int64_t)x0;
}

static void firmware(void)
{
	unsigned bad = 0;

	for (unsigned k = 0; k < 3000; k++) {
		uint64_t fn = rnd(), a = rnd() >> (rnd() & 63);
		int64_t rc;

		if (k & 1)
			fn = (rnd() & 1 ? 0xc4000000 : 0x84000000) | (fn & 31);
		switch (fn & 0xbfffffff) { /* what works: off, reset, suspend */
		case 0x84000001: case 0x84000002: case 0x84000008: case 0x84000009: case 0x8400000e: case 0x84000012: case 0x84000005: case 0x8400000c:
			continue;
		case 0x84000003: case 0x84000004:
			a |= 0x1000; /* no such CPU */
		}
		rc = call(fn, a, rnd(), rnd());
		if ((fn & 0xbfffffff) == 0x84000003 && rc == 0)
			bad++;
		if (rc > 0x10000 && (fn >> 24 & 0xbf) == 0x84 && (fn & 0xff) > 31)
			bad++;
	}
	out("firmware calls: %d wrong\n", (int)bad);
}

/* -- 5: rings -- */
static volatile uint32_t stop, gone;

static void scribble(uint64_t turn)
{
	volatile uint64_t *r = (uint64_t *)RINGS;
	static const uint64_t where[] = {0, RAM_END - 4, RINGS, VIRTIO, ~0ull, RINGS + 0x8000, 0x40200000 - 4096, RINGS + 1};
	uint64_t x = turn * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	for (unsigned q = 0; q < 4; q++) {
		volatile uint64_t *d = r + q * 0x2000 / 8 + 2 * (x & 15);

		d[0] = where[x >> 8 & 7] + (x & 4 ? 0 : x >> 40);
		d[1] = (x >> 16 & 0xffff) * (x & 8 ? 1 : 0x10001) | (x >> 20 & 7) << 32 | (x >> 28 & 31) << 48;
		((volatile uint32_t *)r)[q * 0x800 + 64 + (x >> 50 & 7)] = (uint32_t)(x >> 13);
		((volatile uint16_t *)r)[q * 0x1000 + 0x801] = (uint16_t)(x >> 21); /* the index of the legacy layout's second half */
	}
}

static void scribbler(unsigned n)
{
	uint64_t turn = n;

	while (!stop)
		scribble(turn += 4);
	__atomic_fetch_add(&gone, 1, __ATOMIC_SEQ_CST);
}

/* A driver's first steps, for either version of the transport. */
static void bring_up(uint64_t slot, uint32_t features)
{
	wr32(slot + 0x70, 0);
	wr32(slot + 0x70, 3);
	wr32(slot + 0x24, 1);
	wr32(slot + 0x20, 1);
	wr32(slot + 0x24, 0);
	wr32(slot + 0x20, features);
	wr32(slot + 0x70, 11);
	wr32(slot + 0x28, 4096);
}

static void place(uint64_t slot, unsigned q, unsigned size, uint64_t a)
{
	wr32(slot + 0x30, q);
	wr32(slot + 0x38, size);
	wr32(slot + 0x3c, 4096);
	wr32(slot + 0x40, (uint32_t)(a >> 12));
	wr32(slot + 0x80, (uint32_t)a);
	wr32(slot + 0x90, (uint32_t)a + 16 * size);
	wr32(slot + 0xa0, (uint32_t)a + 4096);
	wr32(slot + 0x44, 1);
}

static void rings(unsigned ncpus)
{
	uint64_t end = mrs(cntvct_el0) + mrs(cntfrq_el0) / 3, turn = 0, slot;

	while (mrs(cntvct_el0) < end) {
		slot = VIRTIO + 0x3e00 - 0x200 * (turn % 4);
		scribble(turn++);
		if (turn % 64 < 4) {
			bring_up(slot, (uint32_t)(rnd() >> 32) | 1u << 28);
			for (unsigned q = 0; q < 4; q++)
				place(slot, q, 16, RINGS + 0x2000 * q);
			wr32(slot + 0x70, 15);
		}
		wr32(slot + 0x50, turn >> 2 & 3);
		rd32(slot + 0x60);
		wr32(slot + 0x64, 3);
		judge("ring", slot, try(i_ldr_w, slot + 0x100 + (turn & 63), 0));
	}
	stop = 1;
	if (ncpus > 1)
		wait_for(&gone, ncpus - 1, "the scribblers");
	for (slot = VIRTIO; slot < VIRTIO + 0x4000; slot += 0x200)
		wr32(slot + 0x70, 0);
	part("rings that change");
}

/* The random number device still works, after all that. */
static void still_alive(void)
{
	uint64_t slot, end = mrs(cntvct_el0) + 60 * mrs(cntfrq_el0);
	volatile uint64_t *d = (uint64_t *)RINGS;
	volatile uint16_t *avail = (uint16_t *)(RINGS + 128), *used = (uint16_t *)(RINGS + 4096);

	for (slot = VIRTIO; slot < VIRTIO + 0x4000 && rd32(slot + 8) != 4; slot += 0x200)
		;
	for (unsigned k = 0; k < 1024; k++)
		d[k] = 0;
	bring_up(slot, 0);
	place(slot, 0, 8, RINGS);
	wr32(slot + 0x70, 15);
	d[0] = RINGS + 0x8000;
	d[1] = 16 | 2ull << 32;
	avail[2] = 0;
	avail[1] = 1;
	dsb();
	wr32(slot + 0x50, 0);
	while (used[1] != 1 && mrs(cntvct_el0) < end)
		;
	out("random numbers still come: %s\n", used[1] == 1 ? "yes" : "no");
}

/* A CPU that starts in a device takes aborts for ever; the others do not mind. */
static void lost_cpus(unsigned ncpus)
{
	if (ncpus > 3) {
		psci(PSCI_CPU_ON, 3, UART, 0);
		delay_us(20000);
	}
	out("lost CPUs: none of the others' business\n");
}

void guest_main(void)
{
	unsigned n = 1;

	on_sync = fault;
	registers();
	instructions_on_devices();
	code();
	tables_in_devices();
	tables_in_themselves();
	unaligned();
	firmware();
	for (unsigned k = 1; k < 3; k++)
		if (start_cpu(k, scribbler) == 0)
			n++;
	rings(n);
	still_alive();
	lost_cpus(psci(PSCI_AFFINITY_INFO, 3, 0, 0) == 1 ? 4 : 1);
	out("done\n");
}
