/* Reading expected.tsv and comparing outcomes with it; the order of items and of states does not matter. */
#include "litmus/expect.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"

enum { COL_NAME, COL_FILE, COL_THREADS, COL_VARIANTS, COL_UNROLL, COL_QUANT, COL_VERDICT, COL_OBS, COL_POS, COL_NEG,
       COL_NSTATES, COL_STATES, COL_LOOP, COL_FLAGS, COL_HASH, COL_COND, COL_SECONDS, NCOLS };

static void *must(void *p)
{
	if (!p)
		exit(EXIT_HOST);
	return p;
}

static unsigned split(char *line, char **col)
{
	unsigned n = 0;

	for (char *p = line; n < NCOLS; n++) {
		col[n] = p;
		p = strchr(p, '\t');
		if (!p)
			return n + 1;
		*p++ = 0;
	}
	return n;
}

int lit_table_read(struct lit_table *tab, const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	char *line = NULL, *col[NCOLS];
	size_t cap = 0, dir;
	unsigned lineno = 0;
	ssize_t n;
	int ret = 0;

	if (!f)
		return err_set(e, EXIT_INPUT, "%s: %m", path);
	dir = strrchr(path, '/') ? (size_t)(strrchr(path, '/') + 1 - path) : 0;
	while ((n = getline(&line, &cap, f)) > 0) {
		struct lit_expected *x;

		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		if (!lineno++)
			continue;
		if (split(line, col) < NCOLS) {
			ret = err_set(e, EXIT_INPUT, "%s:%u: %d columns expected", path, lineno, NCOLS);
			break;
		}
		if (tab->n == tab->cap) {
			tab->cap = tab->cap * 2 + 64;
			tab->row = must(realloc(tab->row, tab->cap * sizeof(*tab->row)));
		}
		x = &tab->row[tab->n++];
		x->file = must(malloc(dir + strlen(col[COL_FILE]) + 1));
		memcpy(x->file, path, dir);
		strcpy(x->file + dir, col[COL_FILE]);
		x->variants = must(strdup(col[COL_VARIANTS]));
		x->unroll = (unsigned)atoi(col[COL_UNROLL]);
		x->verdict = must(strdup(col[COL_VERDICT]));
		x->states = must(strdup(col[COL_STATES]));
		x->seconds = atof(col[COL_SECONDS]);
	}
	free(line);
	fclose(f);
	return ret;
}

static int cmp_row(const void *a, const void *b)
{
	return strcmp(((const struct lit_expected *)a)->file, ((const struct lit_expected *)b)->file);
}

void lit_table_sort(struct lit_table *tab)
{
	if (tab->n)
		qsort(tab->row, tab->n, sizeof(*tab->row), cmp_row);
}

const struct lit_expected *lit_table_find(const struct lit_table *tab, const char *file)
{
	struct lit_expected key = {.file = (char *)(uintptr_t)file};

	return tab->n ? bsearch(&key, tab->row, tab->n, sizeof(key), cmp_row) : NULL;
}

/* The test's path from the root, but for links to the file itself; to be freed. */
static char *whole_path(const char *test)
{
	const char *slash = strrchr(test, '/'), *name = slash ? slash + 1 : test;
	char *folder = must(slash ? strndup(test, (size_t)(name - test)) : strdup(".")), *real = realpath(folder, NULL), *out;

	if (asprintf(&out, "%s/%s", real ? real : folder, name) < 0)
		must(NULL);
	free(real);
	free(folder);
	return out;
}

/* Makes tab that of `path`. */
static void read_once(struct lit_table *tab, const char *path, struct err *e)
{
	if (tab->path && !strcmp(path, tab->path))
		return;
	lit_table_free(tab);
	if (lit_table_read(tab, path, e) < 0)
		lit_table_free(tab);
	lit_table_sort(tab);
	tab->path = must(strdup(path));
}

const struct lit_expected *lit_table_above(struct lit_table *tab, const char *test, struct err *e)
{
	char *whole = whole_path(test), *dir = must(strdup(whole)), *slash;
	const struct lit_expected *x = NULL;

	while ((slash = strrchr(dir, '/'))) {
		char *file;
		bool there;

		*slash = 0;
		if (asprintf(&file, "%s/expected.tsv", dir) < 0)
			must(NULL);
		there = !access(file, R_OK);
		if (there) {
			read_once(tab, file, e);
			x = lit_table_find(tab, whole);
		}
		free(file);
		if (there)
			break;
	}
	free(dir);
	free(whole);
	return x;
}

void lit_table_free(struct lit_table *tab)
{
	for (unsigned i = 0; i < tab->n; i++) {
		free(tab->row[i].file);
		free(tab->row[i].variants);
		free(tab->row[i].verdict);
		free(tab->row[i].states);
	}
	free(tab->row);
	free(tab->path);
	*tab = (struct lit_table){0};
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One state with its items in order: split at "; ", sorted, joined. In place of a larger buffer. */
static char *normal(const char *s, size_t n)
{
	char *copy = must(strndup(s, n)), *out = must(calloc(1, n + LIT_MAX_ITEMS * 2 + 1)), *item[LIT_MAX_ITEMS * 2];
	unsigned k = 0;

	for (char *save, *p = strtok_r(copy, ";", &save); p && k < ARRAY_SIZE(item); p = strtok_r(NULL, ";", &save)) {
		while (*p == ' ')
			p++;
		if (*p)
			item[k++] = p;
	}
	if (k)
		qsort(item, k, sizeof(*item), cmp_str);
	for (unsigned i = 0; i < k; i++) {
		strcat(out, item[i]);
		strcat(out, ";");
	}
	free(copy);
	return out;
}

struct strings {
	unsigned n, cap;
	char **v;
};

static void push(struct strings *s, char *x)
{
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 16;
		s->v = must(realloc(s->v, s->cap * sizeof(*s->v)));
	}
	s->v[s->n++] = x;
}

static void drop(struct strings *s)
{
	for (unsigned i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
}

bool lit_agrees(const struct lit_expected *x, const struct lit_outcome *o, char **why)
{
	struct strings want = {0}, have = {0};
	size_t size;
	FILE *f = must(open_memstream(why, &size));
	bool same = !strcmp(x->verdict, o->ok ? "Ok" : "No");
	unsigned shown = 0, i = 0, k = 0;

	if (!same)
		fprintf(f, "  verdict %s, expected %s\n", o->ok ? "Ok" : "No", x->verdict);
	for (const char *p = x->states; *p || p == x->states;) {
		const char *bar = strstr(p, " | ");
		size_t n = bar ? (size_t)(bar - p) : strlen(p);

		push(&want, normal(p, n));
		p += n + (bar ? 3 : 0);
		if (!bar)
			break;
	}
	for (unsigned s = 0; s < o->nstates; s++)
		push(&have, normal(o->text[s], strlen(o->text[s])));
	if (!o->nstates)
		push(&have, must(strdup("")));
	qsort(want.v, want.n, sizeof(*want.v), cmp_str);
	qsort(have.v, have.n, sizeof(*have.v), cmp_str);
	while (i < want.n || k < have.n) {
		int c = i == want.n ? 1 : k == have.n ? -1 : strcmp(want.v[i], have.v[k]);

		if (c) {
			same = false;
			if (shown++ < 6)
				fprintf(f, "  %s %s\n", c < 0 ? "missing:" : "extra:  ", c < 0 ? want.v[i] : have.v[k]);
		}
		i += c <= 0;
		k += c >= 0;
	}
	fclose(f);
	drop(&want);
	drop(&have);
	return same;
}
