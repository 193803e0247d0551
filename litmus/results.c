/* See results.h. */
#include "litmus/results.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/outfile.h"

#define FIRST_LINE "#parma litmus campaign 1"

void lit_results_write(FILE *f, const struct lit_entry *t)
{
	fprintf(f, "test\t%s\t%s\t%d\t%u\t%" PRIu64 "\t%.6f\t%u\t%s\n", t->path, t->name ? t->name : "", (int)t->status,
		t->rounds, t->trials, t->seconds, t->nallowed, t->message ? t->message : "");
	for (unsigned k = 0; k < t->ncounts; k++)
		fprintf(f, "state\t%" PRIu64 "\t%d\t%d\t%s\n", t->counts[k].count, t->counts[k].good,
			t->counts[k].allowed, t->counts[k].text);
}

int lit_results_save(const char *path, const struct lit_suite *s, const char *settings, struct err *e)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	int r;

	if (!f)
		return err_set(e, EXIT_HOST, "no memory");
	fprintf(f, FIRST_LINE "\n#%s\n", settings);
	for (unsigned i = 0; i < s->n; i++)
		if (s->entry[i].status != LIT_PENDING)
			lit_results_write(f, &s->entry[i]);
	fclose(f);
	r = outfile_write(path, text, n, e);
	free(text);
	return r;
}

/* Cuts a line at its tabs; returns the number of fields. */
static unsigned fields(char *line, char **f, unsigned max)
{
	unsigned n = 0;

	line[strcspn(line, "\n")] = 0;
	while (n < max) {
		f[n++] = line;
		line = strchr(line, '\t');
		if (!line)
			break;
		*line++ = 0;
	}
	return n;
}

static struct lit_entry *find(struct lit_suite *s, const char *path)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!strcmp(s->entry[i].path, path))
			return &s->entry[i];
	return NULL;
}

/* Without its states, which follow. */
static void add_test(struct lit_entry *t, char **f)
{
	struct lit_entry from = {
		.name = *f[2] ? f[2] : NULL, .status = (enum lit_status)atoi(f[3]), .rounds = (unsigned)strtoul(f[4], NULL, 10),
		.trials = strtoull(f[5], NULL, 10), .seconds = strtod(f[6], NULL), .nallowed = (unsigned)strtoul(f[7], NULL, 10),
		.message = *f[8] ? f[8] : NULL,
	};

	lit_entry_add(t, &from);
	t->given = t->rounds;
}

int lit_results_read(FILE *f, const char *name, struct lit_suite *s, bool more, struct err *e)
{
	struct lit_entry *t = NULL;
	char *line = NULL, *col[9];
	size_t cap = 0;
	unsigned lineno = 0;
	int ret = 0;

	while (!ret && getline(&line, &cap, f) > 0) {
		unsigned n;

		lineno++;
		if (*line == '#')
			continue;
		n = fields(line, col, 9);
		if (n == 9 && !strcmp(col[0], "test")) {
			t = find(s, col[1]);
			if (!t && more)
				t = lit_suite_new(s, col[1]);
			if (t)
				add_test(t, col);
		} else if (n == 5 && !strcmp(col[0], "state")) {
			if (t)
				lit_entry_count(t, col[4], strtoull(col[1], NULL, 10), *col[2] == '1', *col[3] == '1');
		} else {
			ret = err_set(e, EXIT_INPUT, "%s:%u:1: malformed line", name, lineno);
		}
	}
	free(line);
	return ret;
}

int lit_results_load(const char *path, struct lit_suite *s, bool more, bool missing, struct err *e)
{
	FILE *f = fopen(path, "r");
	char first[sizeof(FIRST_LINE)];
	int ret;

	if (!f)
		return missing && errno == ENOENT ? 0 : err_set(e, EXIT_INPUT, "%s: %s", path, strerror(errno));
	if (!fgets(first, sizeof(first), f))
		ret = err_set(e, EXIT_INPUT, "%s: the file is empty", path);
	else if (strcmp(first, FIRST_LINE))
		ret = err_set(e, EXIT_INPUT, "%s:1:1: not a file of results", path);
	else {
		rewind(f);
		ret = lit_results_read(f, path, s, more, e);
	}
	fclose(f);
	return ret;
}
