/*
 * Advanced SIMD and cryptographic instructions over concrete values against
 * recorded digests (simd_words.txt, made by simd_oracle.sh from qemu-aarch64):
 * every row of enc/simd.enc and enc/crypto.enc, several words each, 64
 * operand sets a word, FPSR.QC and memory included.
 *
 *   t_simd                checks $top_srcdir/tests/a64/simd_words.txt
 *   t_simd FILE           checks that file
 *   t_simd --words N SEED prints N random words of each row, for the oracle
 *   t_simd --run WORD SET prints the state before and after, for comparison with the oracle's
 */
#include <sys/mman.h>

#include "a64/a64_enc.gen.h"
#include "a64/cpu_ops.h"
#include "a64/vcpu.h"
#include "tests/a64/simd_sets.h"
#include "tests/tap.h"

/* The concrete bodies.  Weak: rows of other tables need not be linked in (local.mk asks for ours). */
#define X(n) __attribute__((weak)) void conc_##n(struct vcpu *c, const struct a64_insn *insn);
A64_OPS(X)
#undef X
static void (*const bodies[A64_OP_COUNT])(struct vcpu *, const struct a64_insn *) = {
#define X(n) [A64_##n] = conc_##n,
	A64_OPS(X)
#undef X
};

/* Nothing here faults or misses; weak, as the library's own are as good. */
#define UNREACHABLE __attribute__((weak))
UNREACHABLE void exc_fp_trap(struct vcpu *c) { abort(); }
UNREACHABLE void exc_sp_align(struct vcpu *c) { abort(); }
UNREACHABLE void exc_align(struct vcpu *c, uint64_t va, unsigned acc) { abort(); }
UNREACHABLE void cpu_dczva_check(struct vcpu *c) { abort(); }
UNREACHABLE void cpu_dsb(struct vcpu *c) { abort(); }
UNREACHABLE void *mem_slow(struct vcpu *c, uint64_t va, unsigned size, unsigned acc, struct mem_dev *dev) { abort(); }
UNREACHABLE uint64_t mmio_load(struct vcpu *c, const struct mem_dev *d, uint64_t va, unsigned size, unsigned acc)
{
	abort();
}
UNREACHABLE void mmio_store(struct vcpu *c, const struct mem_dev *d, uint64_t va, unsigned size, uint64_t v, unsigned acc)
{
	abort();
}

static struct vcpu cpu;
static struct tlb tlb;
static unsigned char *window;

static void set_up(void)
{
	window = mmap(0, SIMD_WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (window == MAP_FAILED)
		exit(99);
	for (unsigned k = 0; k < TLB_SIZE; k++)
		tlb_empty(&tlb, k);
	for (uint64_t va = SIMD_WINDOW; va < SIMD_WINDOW + SIMD_WINDOW_BYTES; va += TLB_PAGE) {
		unsigned k = tlb_index(va);

		tlb.e[k].tag[TLB_R] = tlb.e[k].tag[TLB_W] = va;
		tlb.e[k].addend = (uint64_t)(uintptr_t)window - SIMD_WINDOW;
	}
	cpu.tlb = cpu.tlb_unpriv = &tlb;
	cpu.nvcpus = 1;
	cpu.feats[0] = cpu.feats[1] = ~UINT64_C(0);
}

/* Rows of simd.enc and crypto.enc, by group: not simd_fp.., simd_fhm, simd_fcma, simd_bf16. */
static bool mine(const struct a64_row *r)
{
	if (!strncmp(r->group, "simd_f", 6) || !strncmp(r->group, "simd_bf", 7))
		return false;
	return !strncmp(r->group, "simd_", 5) || !strncmp(r->group, "crypto_", 7);
}

static bool run(struct simd_state *st, uint32_t word)
{
	struct a64_insn insn;

	if (!a64_decode(word, cpu.feats, &insn) || !bodies[insn.op])
		return false;
	memcpy(cpu.v, st->v, sizeof(st->v));
	memcpy(cpu.x, st->x, sizeof(st->x));
	cpu.fp.fpsr = (uint32_t)st->fpsr;
	bodies[insn.op](&cpu, &insn);
	memcpy(st->v, cpu.v, sizeof(st->v));
	memcpy(st->x, cpu.x, sizeof(st->x));
	st->fpsr = cpu.fp.fpsr;
	return true;
}

static uint64_t digest(uint32_t word)
{
	struct simd_state st;
	uint64_t h = 0;

	for (unsigned k = 0; k < SIMD_SETS; k++) {
		simd_fill(&st, word, k, window);
		if (!run(&st, word))
			return 0;
		h = simd_digest(h, &st, window);
	}
	return h;
}

/* Checks a file of "NAME WORD DIGEST", grouped by name; returns the number of rows seen. */
static unsigned check(const char *path)
{
	FILE *f = fopen(path, "r");
	char name[32], last[32] = "";
	unsigned bad = 0, words = 0, rows = 0;
	uint32_t word;
	uint64_t want;

	if (!f) {
		ok(false, "cannot read %s", path);
		return 0;
	}
	while (fscanf(f, "%31s %" SCNx32 " %" SCNx64, name, &word, &want) == 3) {
		if (strcmp(name, last)) {
			if (words)
				ok(!bad, "%s, %u words", last, words);
			memcpy(last, name, sizeof(last));
			bad = words = 0;
			rows++;
		}
		words++;
		if (digest(word) != want) {
			printf("# %s %08" PRIx32 " differs\n", name, word);
			bad++;
		}
	}
	fclose(f);
	if (words)
		ok(!bad, "%s, %u words", last, words);
	return rows;
}

/* Registers that the oracle's frame can do without: X0..X8 and no other general register. */
static uint32_t tame(const struct a64_row *r, uint32_t word, uint64_t pick)
{
	bool mem = !strncmp(r->group, "simd_ldst", 9);
	bool to_x = !strcmp(r->name, "UMOV") || !strcmp(r->name, "SMOV");
	bool from_x = !strcmp(r->name, "DUP_gen") || !strcmp(r->name, "INS_gen");
	uint32_t reg = pick & 7 ? (uint32_t)(pick >> 3 & 7) : 31;

	if (mem) {
		word = (word & ~0x3e0u) | 8u << 5;
		if (r->nfields && strstr(r->name, "_post"))
			word = (word & ~0x1f0000u) | (pick >> 6 & 1 ? 31u : reg) << 16;
	} else if (to_x) {
		word = (word & ~0x1fu) | reg;
	} else if (from_x) {
		word = (word & ~0x3e0u) | reg << 5;
	}
	return word;
}

static void print_words(unsigned n, uint64_t seed)
{
	for (unsigned op = 1; op < A64_OP_COUNT; op++) {
		const struct a64_row *r = &a64_rows[op];
		uint64_t s = simd_mix(seed, r->name, (unsigned)strlen(r->name) & ~7u) ^ (uint64_t)r->value << 20 ^ r->mask;
		struct a64_insn insn;

		for (unsigned k = 0; mine(r) && k < n;) {
			uint32_t word = ((uint32_t)(simd_rnd(&s) >> 20) & ~r->mask) | r->value;

			word = tame(r, word, simd_rnd(&s) >> 16);
			if (!a64_decode(word, cpu.feats, &insn) || insn.op != op)
				continue;
			printf("%s %08" PRIx32 "\n", r->name, word);
			k++;
		}
	}
}

static void print_run(uint32_t word, unsigned k)
{
	struct simd_state st;

	simd_fill(&st, word, k, window);
	for (unsigned after = 0; after < 2; after++) {
		for (unsigned i = 0; i < 32; i++)
			printf("v%u %016" PRIx64 " %016" PRIx64 "\n", i, st.v[i][1], st.v[i][0]);
		for (unsigned i = 0; i < 16; i++)
			printf("x%u %" PRIx64 "\n", i, st.x[i]);
		printf("fpsr %" PRIx64 "\n", st.fpsr);
		if (!after) {
			puts("--");
			run(&st, word);
		}
	}
}

int main(int argc, char **argv)
{
	const char *src = getenv("top_srcdir");
	unsigned want = 0, rows;
	char path[4096];

	set_up();
	if (argc == 4 && !strcmp(argv[1], "--words")) {
		print_words((unsigned)atoi(argv[2]), strtoull(argv[3], 0, 0));
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "--run")) {
		print_run((uint32_t)strtoul(argv[2], 0, 16), (unsigned)atoi(argv[3]));
		return 0;
	}
	snprintf(path, sizeof(path), "%s/tests/a64/simd_words.txt", src ? src : ".");
	rows = check(argc > 1 ? argv[1] : path);
	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		want += mine(&a64_rows[op]);
	ok(rows == want, "every row has words (%u of %u)", rows, want);
	return tap_done();
}
