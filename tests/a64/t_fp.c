/*
 * Floating-point instructions (enc/fp.enc) over operands that are hard, in
 * every FPCR mode: results, FPSR and flags bit by bit.
 *
 *   t_fp                          replays fp.vec: for each row some words, and the hash of what qemu-aarch64 gave
 *   t_fp --record GUEST           writes fp.vec; GUEST is fprun.c, built for AArch64
 *   t_fp --compare GUEST N [ROW]  N words of each row (a glob) with qemu-aarch64 beside it, differences in full
 *
 * tests/a64/fp_oracle.sh builds the guest and does the last of these.
 */
#include <fnmatch.h>
#include <unistd.h>

#include "a64/a64_enc.gen.h"
#include "a64/cpu_ops.h"
#include "a64/vcpu.h"
#include "tests/a64/fp_operands.h"
#include "tests/tap.h"

#define GROUPS "fp_* simd_fp* simd_fhm simd_fcma simd_bf16"
enum { WORDS = 12, SETS = 96, BATCH = 2048 };

/* Weak: only the rows of fp.enc are linked (by -u in local.mk), not the rest of the machine. */
typedef void conc_fn(struct vcpu *c, const struct a64_insn *insn);
#define X(n) __attribute__((weak)) conc_fn conc_##n;
A64_OPS(X)
#undef X
static conc_fn *const bodies[A64_OP_COUNT] = {
#define X(n) [A64_##n] = conc_##n,
	A64_OPS(X)
#undef X
};

__attribute__((weak)) _Noreturn void exc_fp_trap(struct vcpu *c) { abort(); }

static struct vcpu cpu;
static struct fp_in in[BATCH];
static struct fp_out ours[BATCH], theirs[BATCH];
static int to_guest = -1, from_guest = -1;

static bool in_groups(const char *group)
{
	char list[] = GROUPS;

	for (char *g = strtok(list, " "); g; g = strtok(NULL, " "))
		if (!fnmatch(g, group, 0))
			return true;
	return false;
}

static unsigned reg_of(const char *field)
{
	return !strcmp(field, "rd") ? 0 : !strcmp(field, "rn") ? 1 : !strcmp(field, "rm") ? 2 : !strcmp(field, "ra") ? 3 : 99;
}

/* A word of row `op` with its registers where the guest expects them; 0 if no try decodes. */
static uint32_t random_word(unsigned op)
{
	const struct a64_row *r = &a64_rows[op];
	struct a64_insn insn;

	for (int tries = 0; tries < 1000; tries++) {
		uint32_t w = ((uint32_t)fp_rnd() & ~r->mask) | r->value;

		for (unsigned k = 0; k < r->nfields; k++) {
			const struct a64_field *f = &r->fields[k];

			if (reg_of(f->name) < 99)
				w = (uint32_t)deposit(w, f->lsb + f->width - 1u, f->lsb, reg_of(f->name));
		}
		if (a64_decode(w, cpu.feats, &insn) && insn.op == op)
			return w;
	}
	return 0;
}

static void run_ours(uint32_t word, unsigned n)
{
	struct a64_insn insn;

	memset(ours, 0, sizeof(ours));
	if (!a64_decode(word, cpu.feats, &insn))
		return;
	for (unsigned k = 0; k < n; k++) {
		cpu.fp = (struct fpenv){in[k].fpcr, in[k].fpsr};
		cpu.nzcv = (uint32_t)in[k].nzcv;
		memcpy(cpu.x, in[k].x, sizeof(in[k].x));
		memcpy(cpu.v, in[k].v, sizeof(in[k].v));
		cpu.v[18] = cpu.v[2];
		bodies[insn.op](&cpu, &insn);
		ours[k] = (struct fp_out){cpu.v[0], cpu.x[0], cpu.fp.fpsr, cpu.nzcv};
	}
}

static void make_cases(uint64_t seed, unsigned n)
{
	fp_seed = seed;
	for (unsigned k = 0; k < n; k++)
		in[k] = fp_case();
}

/* FNV-1a over 64-bit units. */
static uint64_t hash(uint64_t h, const struct fp_out *o, unsigned n)
{
	const uint64_t *p = (const uint64_t *)o;

	for (size_t k = 0; k < n * sizeof(*o) / sizeof(*p); k++) {
		h = (h ^ p[k]) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	return h;
}

static void move(ssize_t (*how)(int, void *, size_t), int fd, void *p, size_t n)
{
	for (char *c = p; n;) {
		ssize_t k = how(fd, c, n);

		if (k <= 0) {
			fprintf(stderr, "t_fp: the guest is gone\n");
			exit(99);
		}
		c += k;
		n -= (size_t)k;
	}
}
static ssize_t put(int fd, void *p, size_t n) { return write(fd, p, n); }

static void start_guest(const char *guest)
{
	int to[2], from[2];

	if (pipe(to) || pipe(from)) {
		perror("pipe");
		exit(99);
	}
	if (!fork()) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execlp("qemu-aarch64", "qemu-aarch64", "-cpu", "max", guest, (char *)NULL);
		perror("qemu-aarch64");
		_exit(99);
	}
	close(to[0]);
	close(from[1]);
	to_guest = to[1];
	from_guest = from[0];
}

static void run_theirs(uint32_t word, unsigned n)
{
	uint32_t head[2] = {word, n};

	move(put, to_guest, head, sizeof(head));
	move(put, to_guest, in, n * sizeof(*in));
	move(read, from_guest, theirs, n * sizeof(*theirs));
}

static void record(void)
{
	printf("# Row, words, hash of the oracle's results; written by t_fp --record.\n");
	for (unsigned op = 1; op < A64_OP_COUNT; op++) {
		uint64_t h = 0;

		if (!in_groups(a64_rows[op].group))
			continue;
		printf("%s", a64_rows[op].name);
		fp_seed = op;
		for (unsigned k = 0; k < WORDS; k++) {
			uint64_t seed = fp_seed;
			uint32_t w = random_word(op);

			make_cases(w, SETS);
			run_theirs(w, SETS);
			h = hash(h, theirs, SETS);
			printf(" %08x", w);
			fp_seed = seed + 1000;
		}
		printf(" %016" PRIx64 "\n", h);
	}
}

static void show(const char *what, const struct fp_out *o)
{
	printf("#   %s v0=%016" PRIx64 "_%016" PRIx64 " x0=%" PRIx64 " fpsr=%x nzcv=%x\n", what, (uint64_t)(o->v >> 64),
	       (uint64_t)o->v, o->x, o->fpsr, o->nzcv >> 28);
}

static void compare(unsigned words, const char *pattern)
{
	for (unsigned op = 1; op < A64_OP_COUNT; op++) {
		unsigned bad = 0;

		if (!in_groups(a64_rows[op].group) || fnmatch(pattern, a64_rows[op].name, 0))
			continue;
		for (unsigned k = 0; k < words; k++) {
			uint64_t seed = fp_seed;
			uint32_t w = random_word(op);

			make_cases(seed, BATCH);
			run_ours(w, BATCH);
			run_theirs(w, BATCH);
			for (unsigned j = 0; j < BATCH; j++) {
				if (!memcmp(&ours[j], &theirs[j], sizeof(*ours)) || bad++ > 3)
					continue;
				printf("# %s %08x fpcr=%x fpsr=%x x1=%" PRIx64 "\n", a64_rows[op].name, w, in[j].fpcr,
				       in[j].fpsr, in[j].x[1]);
				for (int v = 0; v < 4; v++)
					printf("#   v%d=%016" PRIx64 "_%016" PRIx64 "\n", v, (uint64_t)(in[j].v[v] >> 64),
					       (uint64_t)in[j].v[v]);
				show("ours  ", &ours[j]);
				show("theirs", &theirs[j]);
			}
		}
		ok(!bad, "%s: %u of %u differ", a64_rows[op].name, bad, words * BATCH);
	}
}

static void replay(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], name[64];

	if (!f) {
		ok(false, "%s opens", path);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		uint64_t h = 0, word;
		int at = 0, len;

		if (line[0] == '#' || sscanf(line, "%63s%n", name, &at) != 1)
			continue;
		for (unsigned k = 0; k < WORDS && sscanf(line + at, "%" SCNx64 "%n", &word, &len) == 1; k++, at += len) {
			make_cases(word, SETS);
			run_ours((uint32_t)word, SETS);
			h = hash(h, ours, SETS);
		}
		word = strtoull(line + at, NULL, 16);
		ok(h == word, "%s", name);
	}
	fclose(f);
}

int main(int argc, char **argv)
{
	char path[4096];

	cpu.feats[0] = cpu.feats[1] = ~UINT64_C(0);
	if (argc > 2 && !strcmp(argv[1], "--record")) {
		start_guest(argv[2]);
		record();
		return 0;
	}
	if (argc > 3 && !strcmp(argv[1], "--compare")) {
		start_guest(argv[2]);
		fp_seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 1;
		compare((unsigned)atoi(argv[3]), argc > 4 ? argv[4] : "*");
		return tap_done();
	}
	snprintf(path, sizeof(path), "%s/tests/a64/fp.vec", getenv("top_srcdir") ? getenv("top_srcdir") : "..");
	replay(path);
	return tap_done();
}
