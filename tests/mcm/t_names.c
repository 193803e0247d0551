/*
 * Names of generated cycles against the corpus of litmus tests, where it is at
 * hand: a test there of the same name has the same verdict.
 */
#include <string.h>

#include "../tap.h"
#include "mcm/check.h"

enum { MAX_NAMES = 8192, TABLE = 1 << 15 };

struct row {
	char name[96];
	bool ok, met;
};

static struct row rows[MAX_NAMES];
static unsigned nrows, met, wrong;
static unsigned table[TABLE];
static struct mcm_arena arena;

static unsigned hash(const char *s)
{
	unsigned h = 5381;

	for (; *s; s++)
		h = h * 33 ^ (unsigned char)*s;
	return h % TABLE;
}

static struct row *find(const char *name)
{
	for (unsigned h = hash(name); table[h]; h = (h + 1) % TABLE)
		if (!strcmp(rows[table[h] - 1].name, name))
			return &rows[table[h] - 1];
	return NULL;
}

static bool read_table(const char *path)
{
	static char line[1 << 20];
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f) && nrows < MAX_NAMES) {
		char *col[8], *p = line;
		unsigned n = 0, h;

		while (n < 8 && p) {
			col[n++] = p;
			p = strchr(p, '\t');
			if (p)
				*p++ = 0;
		}
		if (n < 8 || strcmp(col[5], "Allowed") || strlen(col[0]) >= sizeof(rows[0].name) || find(col[0]))
			continue;
		strcpy(rows[nrows].name, col[0]);
		rows[nrows].ok = !strcmp(col[6], "Ok");
		for (h = hash(col[0]); table[h]; h = (h + 1) % TABLE)
			;
		table[h] = ++nrows;
	}
	fclose(f);
	return true;
}

static bool each(void *ctx, const struct cycle *c)
{
	struct aprog p;
	struct mcm_states st;
	struct row *r;
	bool shown = false;

	if (!cycle_program(c, &p) || !(r = find(p.name)))
		return true;
	mcm_arena_reset(&arena);
	if (aprog_states(&p, NULL, &arena, &st, NULL) < 0)
		return true;
	for (unsigned i = 0; i < st.n; i++)
		shown |= cycle_shown(c, &p, mcm_states_at(&st, i));
	met += !r->met;
	r->met = true;
	if (shown != r->ok && wrong++ < 20) {
		char edges[256];

		cycle_edges(c, edges, sizeof(edges));
		printf("# %s (%s) is %s here\n", p.name, edges, shown ? "allowed" : "forbidden");
	}
	return true;
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	struct cycle_opts o = {.min = 2, .max = 4, .threads = 4, .full = true, .exclusives = true, .atomics = true, .parts = 1};

	snprintf(path, sizeof(path), "%s/../shared/litmus/diy/expected.tsv", top ? top : ".");
	if (!read_table(path))
		tap_skip_all("no corpus of litmus tests");
	cycle_each(&o, each, NULL);
	o.full = false;
	o.min = 5;
	o.max = 6;
	o.exclusives = false;
	cycle_each(&o, each, NULL);
	ok(met > 400, "%u of %u names of the corpus were generated", met, nrows);
	ok(!wrong, "with the same verdict (%u differ)", wrong);
	mcm_arena_free(&arena);
	return tap_done();
}
