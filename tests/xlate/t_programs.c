/*
 * Random programs (tests/a64/prog.h), group by group of the encoding tables:
 * the reference engine against the translator, as a whole and with each of
 * its passes off, and against what qemu-aarch64 made of the same programs,
 * recorded (tests/a64/programs.txt) or live.
 *
 *   t_programs [-n INSNS] [-k STATES] [-s SEED] [-g TEXT]... [-p] [-q HARNESS] [-r FILE] [-o FILE] [-v] [-l]
 *
 *   -n  instructions under test that each group runs, at least (100000)
 *   -k  states that each program runs from (32, at most 256)
 *   -g  only groups whose name contains TEXT (=TEXT: is TEXT)
 *   -p  each pass off, and all of them (else: all on, and one program in eight with all off)
 *   -q  live: HARNESS (prog_harness.c) under qemu-aarch64
 *   -r  writes the recorded results to FILE (with -q)
 *   -o  appends the shortest program of each difference to FILE, as a vector
 *   -v  the whole table of coverage, not the groups only
 *   -l  lists the groups, and that is all
 *
 * Prints for each group the encodings and the least number of times that one of them has run to its end.
 */
#include "a64/decoded.h"
#include "tests/a64/prog_gen.h"
#include "tests/xlate/prog_shrink.h"
#include "tests/xlate/prog_world.h"

#define MAX_STATES 256
#define MAX_GROUPS 100
#define LEAST 1000u        /* times that each encoding has to run, and programs go on until it has */
#define RECORDED 64u       /* programs of each group whose results are recorded */
#define ALL_OFF ((1u << PASS_COUNT) - 1)

static struct prog progs[PROG_SLOTS];
static uint16_t ops[PROG_SLOTS][PROG_WORDS];
static bool local[PROG_SLOTS];
static uint64_t digests[PROG_SLOTS][MAX_STATES];
static uint64_t shared[PROG_SLOTS][MAX_STATES]; /* of what implementations agree on: prog_forget() */
static bool strays[PROG_SLOTS];                 /* goes where QEMU has memory of its own */
static uint64_t done[A64_OP_COUNT]; /* runs to the end */
static uint64_t group_done, group_strays, bad;
static unsigned nstates = 32;
static bool all_passes;
static FILE *vectors_out, *record;
static struct qemu qemu = {.to = -1, .from = -1};

/* -- recorded results: "GROUP-NUMBER PROGRAM HASH-OF-WORDS DIGEST" in hexadecimal -- */

struct recorded {
	uint64_t words, digest;
	bool there;
};
static struct recorded recorded[MAX_GROUPS][RECORDED];

static uint64_t hash_words(const struct prog *p) { return prog_mix(p->n ^ p->seed, p->words, PROG_WORDS * 4); }

static void read_recorded(void)
{
	const char *top = getenv("top_srcdir");
	uint64_t w, d;
	char path[1024];
	unsigned g, k;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/a64/programs.txt", top ? top : ".");
	f = fopen(path, "r");
	if (!ok(f, "%s opens", path))
		return;
	while (fscanf(f, "%x %x %" SCNx64 " %" SCNx64, &g, &k, &w, &d) == 4)
		if (g < MAX_GROUPS && k < RECORDED)
			recorded[g][k] = (struct recorded){w, d, true};
	fclose(f);
}

/* -- differences -- */

static void report(unsigned slot, unsigned state, const char *what, struct shrink_pair pair)
{
	struct prog p = progs[slot];
	struct case_state s;

	if (bad++ >= 3)
		return;
	prog_state(&s, p.seed, state);
	printf("# DIFFERENCE: %s, program of seed %" PRIx64 ", state %u\n", what, p.seed, state);
	if (!shrink(&pair, &p, &s)) {
		printf("#   not there when it runs alone\n");
		shrink_print(&progs[slot], NULL, NULL, NULL);
		return;
	}
	shrink_report(&pair, &p, &s, vectors_out);
}

static void compare_engine(unsigned n, void (*engine)(struct vcpu *), uint32_t off, const char *name)
{
	struct case_state s;
	struct prog_result r;

	passes_off = off;
	world_stale();
	for (unsigned p = 0; p < n; p++)
		for (unsigned k = 0; k < nstates && !progs[p].skip; k++) {
			prog_state(&s, progs[p].seed, k);
			world_run(engine, p, &progs[p], &s, &r);
			if (prog_digest(&r) != digests[p][k]) {
				report(p, k, name, (struct shrink_pair){.engine = engine, .off = off});
				for (unsigned j = 0; j < n; j++)
					world_place(j, &progs[j]);
				passes_off = off;
				world_stale();
				break;
			}
		}
	passes_off = 0;
}

/* As if all code had been interpreted for a while, some of it seldom: units leave that out. */
static void compare_seldom(unsigned n)
{
	for (unsigned k = 0; k < DECODED_LINES; k++)
		world->decoded->line[k] = (struct dline){.turns = (k * 0x9e3779b1u) >> 30 ? 100 : 0};
	jit_hot = 64;
	compare_engine(n, jit_run, 0, "translator, seldom code left out");
	jit_hot = 0;
}

static void compare_qemu(unsigned n)
{
	static struct prog sent[PROG_SLOTS];
	uint64_t theirs[MAX_STATES];

	memcpy(sent, progs, sizeof(sent));
	for (unsigned p = 0; p < n; p++)
		sent[p].skip |= strays[p];
	qemu_send(&qemu, sent, n, nstates);
	for (unsigned p = 0; p < n; p++) {
		qemu_read(&qemu, theirs, nstates * 8);
		for (unsigned k = 0; k < nstates && !local[p] && !strays[p]; k++)
			if (theirs[k] != shared[p][k]) {
				/* the rest of the answer is read first */
				unsigned first = k;
				uint64_t rest[MAX_STATES];

				for (unsigned j = p + 1; j < n; j++)
					qemu_read(&qemu, rest, nstates * 8);
				report(p, first, "qemu-aarch64", (struct shrink_pair){.qemu = &qemu});
				for (unsigned j = 0; j < n; j++)
					world_place(j, &progs[j]);
				world_stale();
				return;
			}
	}
}

/* -- a batch of programs -- */

static void make_batch(struct prog_gen *g, const char *group, unsigned n)
{
	for (unsigned p = 0; p < n; p++) {
		prog_make(g, group, &progs[p], ops[p]);
		local[p] = g->local;
		world_place(p, &progs[p]);
	}
}

/* One that does not end (a branch went to an old target) is run no more; others may have read its words. */
static void skip(unsigned p)
{
	progs[p].skip = 1;
	strays[p] = false;
	memset(ops[p], 0, sizeof(ops[p]));
	memset(digests[p], 0, sizeof(digests[p]));
	memset(shared[p], 0, sizeof(shared[p]));
}

static void run_reference(unsigned n)
{
	struct case_state s;
	struct prog_result r;

	world_stale();
	for (unsigned p = 0; p < n; p++) {
		unsigned ran[PROG_WORDS] = {0};

		strays[p] = false;
		for (unsigned k = 0; k < nstates; k++) {
			prog_state(&s, progs[p].seed, k);
			if (!world_step(p, &progs[p], &s, &r, ran)) {
				skip(p);
				break;
			}
			strays[p] |= world_strays(&qemu, &r);
			digests[p][k] = prog_digest(&r);
			prog_forget(&progs[p], &r);
			shared[p][k] = prog_digest(&r);
		}
		group_strays += strays[p];
		for (unsigned k = 0; k < progs[p].n; k++)
			if (ops[p][k]) {
				done[ops[p][k]] += ran[k];
				group_done += ran[k];
			}
	}
}

static void compare_recorded(unsigned group, unsigned first, unsigned n)
{
	for (unsigned p = 0; p < n && first + p < RECORDED; p++) {
		const struct recorded *want = &recorded[group][first + p];
		uint64_t words = hash_words(&progs[p]), all = prog_mix(0, shared[p], nstates * 8);

		if (record && !local[p])
			fprintf(record, "%x %x %" PRIx64 " %" PRIx64 "\n", group, first + p, words, all);
		if (!want->there || local[p])
			continue;
		if (want->words != words) {
			if (!bad++)
				printf("# the generator makes other programs now: tests/a64/programs.sh --record\n");
		} else if (want->digest != all && bad++ < 3) {
			printf("# DIFFERENCE from the recorded result of qemu-aarch64, program %x of group %x:\n", first + p, group);
			shrink_print(&progs[p], NULL, NULL, NULL);
		}
	}
}

static void run_batch(unsigned group, unsigned first, unsigned n)
{
	char name[64];

	if (qemu.to >= 0 && !qemu_look(&qemu)) {
		printf("Bail out! the memory of qemu-aarch64 is not to be seen\n");
		exit(99);
	}
	run_reference(n);
	if (first < RECORDED)
		compare_recorded(group, first, n);
	if (qemu.to >= 0)
		compare_qemu(n);
	compare_engine(n, interp_run, 0, "interpreter by blocks");
	compare_engine(n, jit_run, 0, "translator");
	compare_seldom(all_passes ? n : MAX(1u, n / 4));
	for (unsigned k = 0; k < PASS_COUNT && all_passes; k++) {
		snprintf(name, sizeof(name), "translator, %s off", pass_names[k]);
		compare_engine(n, jit_run, 1u << k, name);
	}
	compare_engine(all_passes ? n : MAX(1u, n / 8), jit_run, ALL_OFF, "translator, all passes off");
}

/* -- groups -- */

static const char *groups[MAX_GROUPS];
static unsigned ngroups;

static void find_groups(void)
{
	for (unsigned op = 1; op < A64_OP_COUNT; op++) {
		unsigned k = 0;

		if (!prog_row_ok(op))
			continue;
		while (k < ngroups && strcmp(groups[k], a64_rows[op].group))
			k++;
		if (k == ngroups && ngroups < MAX_GROUPS)
			groups[ngroups++] = a64_rows[op].group;
	}
}

static int list_groups(void)
{
	find_groups();
	for (unsigned k = 0; k < ngroups; k++)
		puts(groups[k]);
	return 0;
}

/* The rarest encoding of the group; *rows: how many there are. */
static unsigned rarest(const char *group, unsigned *rows)
{
	unsigned best = 0;

	*rows = 0;
	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		if (prog_row_ok(op) && !strcmp(a64_rows[op].group, group)) {
			++*rows;
			if (!best || done[op] < done[best])
				best = op;
		}
	return best;
}

static void print_rows(const char *group)
{
	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		if (prog_row_ok(op) && !strcmp(a64_rows[op].group, group))
			printf("#    %-16s %" PRIu64 "\n", a64_rows[op].name, done[op]);
}

static void run_group(unsigned k, uint64_t seed, uint64_t insns, bool verbose)
{
	struct prog_gen g = {.feats = world->feats, .rng = prog_mix(seed, groups[k], (unsigned)strlen(groups[k]) & ~7u) ^ k};
	unsigned made = 0, rows, rare;

	group_done = group_strays = bad = 0;
	do {
		unsigned n = made ? PROG_SLOTS : RECORDED;

		make_batch(&g, groups[k], n);
		run_batch(k, made, n);
		made += n;
		rare = rarest(groups[k], &rows);
	} while ((group_done < insns || done[rare] < LEAST) && made < 4000 + insns / 4);
	printf("# %-34s %3u encodings, %9" PRIu64 " instructions, least: %s %" PRIu64 "\n", groups[k], rows, group_done,
	       a64_rows[rare].name, done[rare]);
	if (group_strays)
		printf("#   %" PRIu64 " of %u programs go where QEMU has memory of its own, and were not compared with it\n", group_strays, made);
	if (verbose)
		print_rows(groups[k]);
	ok(!bad, "%s: no difference", groups[k]);
	if (qemu.to >= 0)
		ok(group_strays <= 1 + made / 100, "%s: compared, all but a few", groups[k]);
	ok(done[rare] >= LEAST, "%s: each encoding %u times or more", groups[k], LEAST);
	fflush(stdout);
}

/* -- encodings that no user program can run -- */

/* In the guest whose output is that of the reference: tests/guest/sysinsn.c, by these words of its text. */
static const struct {
	uint16_t op;
	const char *text;
} in_guest[] = {
	{A64_UDF, "udf #"}, {A64_SVC, "svc #"}, {A64_HVC, "hvc #"}, {A64_SMC, "smc #"}, {A64_BRK, "brk #"}, {A64_HLT, "hlt #"},
	{A64_ERET, "eret\""}, {A64_YIELD, "\"yield"}, {A64_WFE, "wfe\""}, {A64_WFI, "\"wfi"}, {A64_SEV, "\"sev\""},
	{A64_SEVL, "\"sevl"}, {A64_MSR_uao, "msr uao, #"}, {A64_MSR_pan, "msr pan, #"}, {A64_MSR_spsel, "msr spsel, #"},
	{A64_MSR_daifset, "msr daifset, #"}, {A64_MSR_daifclr, "msr daifclr, #"}, {A64_SYS, "sys #"}, {A64_SYSL, "sysl x"},
};

static void check_others(void)
{
	static char text[65536];
	const char *top = getenv("top_srcdir");
	unsigned found = 0, others = 0;
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/guest/sysinsn.c", top ? top : ".");
	f = fopen(path, "r");
	if (!ok(f, "%s opens", path))
		return;
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	for (unsigned op = 1; op < A64_OP_COUNT; op++) {
		unsigned k = 0;

		if (prog_row_ok(op))
			continue;
		others++;
		while (k < ARRAY_SIZE(in_guest) && in_guest[k].op != op)
			k++;
		if (k < ARRAY_SIZE(in_guest) && strstr(text, in_guest[k].text))
			found++;
		else
			printf("# %s is tested nowhere\n", a64_rows[op].name);
	}
	printf("# %u encodings that only a system can run: tests/guest/sysinsn.c\n", others);
	ok(found == others, "every other encoding is in a guest whose output the reference shares");
}

/* -- vectors: what was found once -- */

static void replay_line(char *line, unsigned at)
{
	struct prog p = {.uses_memory = 1};
	struct case_state in;
	struct prog_result want, got;

	if (!vec_parse_program(line, p.words, PROG_WORDS, &p.n, &in, &want.s, &want.memory)) {
		ok(false, "line %u is well formed", at);
		return;
	}
	world_place(0, &p);
	for (unsigned k = 0; k < 3; k++) {
		passes_off = k == 2 ? ALL_OFF : 0;
		world_stale();
		world_run(k ? jit_run : interp_run, 0, &p, &in, &got);
		passes_off = 0;
		if (!ok(prog_digest(&got) == prog_digest(&want), "programs.vec:%u, %s%s", at, k ? "translator" : "interpreter",
			k == 2 ? ", all passes off" : ""))
			shrink_print(&p, &in, &got, NULL);
	}
}

static void replay_vectors(void)
{
	const char *top = getenv("top_srcdir");
	char path[1024], line[8192];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/a64/vectors/programs.vec", top ? top : ".");
	f = fopen(path, "r");
	if (!ok(f, "%s opens", path))
		return;
	for (unsigned at = 1; fgets(line, sizeof(line), f); at++)
		if (!strncmp(line, "PROGRAM ", 8))
			replay_line(line, at);
	fclose(f);
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, insns = 100000;
	const char *texts[16];
	unsigned ntexts = 0;
	bool verbose = false, recorded_apply;

	for (int opt; (opt = getopt(argc, argv, "n:k:s:g:pq:r:o:vl")) != -1;)
		switch (opt) {
		case 'n': insns = strtoull(optarg, 0, 0); break;
		case 'k': nstates = MIN((unsigned)MAX_STATES, (unsigned)atoi(optarg)); break;
		case 's': seed = strtoull(optarg, 0, 0); break;
		case 'g': texts[ntexts++ % 16] = optarg; break;
		case 'p': all_passes = true; break;
		case 'q': qemu_start(&qemu, optarg); break;
		case 'r': record = fopen(optarg, "w"); break;
		case 'o': vectors_out = fopen(optarg, "a"); break;
		case 'v': verbose = true; break;
		case 'l': return list_groups();
		default: return 64;
		}
	world_new();
	find_groups();
	recorded_apply = seed == 1 && nstates == 32 && !record;
	if (recorded_apply)
		read_recorded();
	if (!record)
		replay_vectors();
	printf("# seed %" PRIu64 "\n", seed);
	for (unsigned k = 0; k < ngroups; k++) {
		bool wanted = !ntexts;

		for (unsigned t = 0; t < ntexts; t++)
			wanted |= texts[t][0] == '=' ? !strcmp(groups[k], texts[t] + 1) : strstr(groups[k], texts[t]) != NULL;
		if (wanted)
			run_group(k, seed, insns, verbose);
	}
	if (!ntexts)
		check_others();
	if (record)
		fclose(record);
	qemu_stop(&qemu);
	return tap_done();
}
