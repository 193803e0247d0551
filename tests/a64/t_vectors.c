/*
 * Replays tests/a64/vectors/ *.vec (vecfile.h): single instructions with their
 * results as qemu-aarch64 gave them.  Every row of the encoding tables that
 * can run alone must have a vector.  New ones: tests/a64/oracle.sh -v FILE.
 */
#include <dirent.h>
#include <string.h>

#include "a64/a64_enc.gen.h"
#include "tests/a64/flat.h"
#include "tests/a64/rows.h"
#include "tests/a64/vecfile.h"
#include "tests/tap.h"

static bool seen[A64_OP_COUNT];

static void replay(struct vcpu *c, const char *path, const char *name)
{
	unsigned n = 0, bad = 0;
	FILE *f = fopen(path, "r");
	char line[8192];

	if (!f) {
		ok(false, "%s opens", path);
		return;
	}
	for (unsigned at = 1; fgets(line, sizeof(line), f); at++) {
		struct case_input in;
		struct case_result want, got;
		struct a64_insn d;
		const char *row;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!vec_parse(line, &row, &in, &want)) {
			printf("# %s:%u: malformed\n", path, at);
			bad++;
			continue;
		}
		if (!a64_decode(in.word, c->feats, &d) || strcmp(a64_rows[d.op].name, row)) {
			printf("# %s:%u: %08x does not decode as %s\n", path, at, in.word, row);
			bad++;
			continue;
		}
		seen[d.op] = true;
		n++;
		flat_run(c, &in, &got);
		if (!vec_same(&got, &want, NULL) && bad++ < 20) {
			printf("# %s:%u: %s %08x\n", path, at, row, in.word);
			vec_same(&got, &want, stdout);
		}
	}
	fclose(f);
	ok(!bad && n, "%s: %u vectors", name, n);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	struct vcpu *c = flat_new();
	unsigned missing = 0;
	char dir[1024], path[2048];
	struct dirent *de;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/tests/a64/vectors", top ? top : ".");
	d = opendir(dir);
	if (!ok(d, "%s is there", dir))
		return tap_done();
	while ((de = readdir(d))) {
		size_t len = strlen(de->d_name);

		if (len < 4 || strcmp(de->d_name + len - 4, ".vec"))
			continue;
		if (!strcmp(de->d_name, "programs.vec")) /* tests/xlate/t_programs.c */
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		replay(c, path, de->d_name);
	}
	closedir(d);
	for (unsigned op = 1; op < A64_OP_COUNT; op++)
		if (row_runs_alone(&a64_rows[op]) && !seen[op]) {
			printf("# no vector: %s\n", a64_rows[op].name);
			missing++;
		}
	ok(!missing, "every row that runs alone has a vector");
	return tap_done();
}
