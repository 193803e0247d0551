/*
 * A million words through our decoder and through binutils' disassembler:
 * they agree on what is allocated and on the mnemonic (decode_mnemonics.txt),
 * but for what decode_differences.txt lists with its reason.  Half of the
 * words are random, half are of our rows, some of those with one bit wrong.
 */
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "a64/a64_enc.gen.h"
#include "a64/feat.h"
#include "base/bits.h"
#include "tests/tap.h"

#define WORDS 1000000u
#define MAX_RULES 200

struct rule {
	char kind[16], a[32], b[32];
	uint32_t mask, value;
	unsigned used;
};
static struct rule rules[MAX_RULES];
static unsigned nrules, shown;
static char *mnemonics[A64_OP_COUNT]; /* " a b c " */
static unsigned agreed_on[A64_OP_COUNT];
static uint32_t words[WORDS];

static uint64_t rnd(void)
{
	static uint64_t s = 20260101;
	uint64_t z = s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static FILE *open_data(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/a64/%s", top ? top : ".", name);
	f = fopen(path, "r");
	if (!f)
		ok(false, "%s opens", path);
	return f;
}

static void read_rules(void)
{
	FILE *f = open_data("decode_differences.txt");
	char line[256];

	while (f && fgets(line, sizeof(line), f) && nrules < MAX_RULES) {
		struct rule *r = &rules[nrules];

		if (sscanf(line, "%15s %31s %31s", r->kind, r->a, r->b) < 2 || line[0] == '#')
			continue;
		r->mask = (uint32_t)strtoul(r->a, NULL, 16);
		r->value = (uint32_t)strtoul(r->b, NULL, 16);
		nrules++;
	}
	if (f)
		fclose(f);
}

static void read_mnemonics(void)
{
	FILE *f = open_data("decode_mnemonics.txt");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		char *sp = strchr(line, ' ');

		line[strcspn(line, "\n")] = ' ';
		if (line[0] == '#' || !sp)
			continue;
		for (unsigned op = 1; op < A64_OP_COUNT; op++)
			if (strlen(a64_rows[op].name) == (size_t)(sp - line) &&
			    !strncmp(a64_rows[op].name, line, (size_t)(sp - line)))
				mnemonics[op] = strdup(sp);
	}
	if (f)
		fclose(f);
}

static struct rule *find_rule(const char *kind, const char *name)
{
	for (unsigned k = 0; k < nrules; k++)
		if (!strcmp(rules[k].kind, kind) && !fnmatch(rules[k].a, name, 0)) {
			rules[k].used++;
			return &rules[k];
		}
	return NULL;
}

static bool ignored(uint32_t w)
{
	for (unsigned k = 0; k < nrules; k++)
		if (!strcmp(rules[k].kind, "bits") && (w & rules[k].mask) == rules[k].value) {
			rules[k].used++;
			return true;
		}
	return false;
}

static bool agrees(uint32_t w, const char *mnem)
{
	static const uint64_t all[2] = {~UINT64_C(0), ~UINT64_C(0)};
	bool theirs = mnem[0] != '.', ours;
	char spaced[64];
	struct a64_insn d;

	ours = a64_decode(w, all, &d);
	if (ours && d.op == A64_UDF)
		ours = false;
	if (ours && theirs) {
		snprintf(spaced, sizeof(spaced), " %s ", mnem);
		agreed_on[d.op]++;
		return mnemonics[d.op] && strstr(mnemonics[d.op], spaced);
	}
	if (ours == theirs || ignored(w))
		return true;
	return ours ? find_rule("ours", a64_rows[d.op].name) != NULL
		    : find_rule("absent", mnem) || find_rule("sbo", mnem);
}

static void make_words(const char *path)
{
	FILE *f = fopen(path, "wb");

	for (unsigned k = 0; k < WORDS; k++) {
		words[k] = (uint32_t)rnd();
		if (k & 1) {
			const struct a64_row *r = &a64_rows[1 + rnd() % (A64_OP_COUNT - 1)];

			words[k] = (words[k] & ~r->mask) | r->value;
			if (!(rnd() & 3))
				words[k] ^= 1u << (rnd() & 31);
		}
	}
	if (!f || fwrite(words, 4, WORDS, f) != WORDS)
		ok(false, "%s is written", path);
	if (f)
		fclose(f);
}

static unsigned compare(FILE *dis, unsigned *seen)
{
	unsigned bad = 0;
	char line[256], mnem[32];
	unsigned long at;
	uint32_t w;

	while (fgets(line, sizeof(line), dis)) {
		if (sscanf(line, " %lx:\t%" SCNx32 " \t%31s", &at, &w, mnem) != 3 || at / 4 >= WORDS || words[at / 4] != w)
			continue;
		++*seen;
		if (!agrees(w, mnem)) {
			bad++;
			if (shown++ < 30)
				printf("# %s", line);
		}
	}
	return bad;
}

int main(void)
{
	char path[] = "t_decode.XXXXXX", cmd[256];
	unsigned seen = 0, bad, silent = 0;
	int fd = mkstemp(path);
	FILE *dis;

	if (system("aarch64-linux-gnu-objdump --version >/dev/null 2>&1")) {
		unlink(path);
		tap_skip_all("no aarch64-linux-gnu-objdump (package binutils-aarch64-linux-gnu)");
	}
	if (fd >= 0)
		close(fd);
	read_rules();
	read_mnemonics();
	make_words(path);
	snprintf(cmd, sizeof(cmd), "aarch64-linux-gnu-objdump -b binary -m aarch64 -D -z -M no-aliases %s", path);
	dis = popen(cmd, "r");
	bad = compare(dis, &seen);
	ok(dis && !pclose(dis) && seen == WORDS, "%u words disassembled", seen);
	unlink(path);
	ok(!bad, "%u disagreements that decode_differences.txt does not explain", bad);
	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		if (op != A64_UDF && !agreed_on[op]) {
			printf("# never seen: %s\n", a64_rows[op].name);
			silent++;
		}
	ok(!silent, "every row was met");
	for (unsigned k = 0; k < nrules; k++)
		if (!rules[k].used)
			printf("# rule not needed: %s %s\n", rules[k].kind, rules[k].a);
	return tap_done();
}
