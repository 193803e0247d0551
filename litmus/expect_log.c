/* Allowed outcomes from a log of herd7 (Test, States, one state a line, then the verdict). */
#include <stdlib.h>
#include <string.h>

#include "litmus/judge.h"

static char *word(const char *s, size_t *len)
{
	s += strspn(s, " ");
	*len = strcspn(s, " \r\n");
	return strndup(s, *len);
}

static struct lit_expecttest *new_test(struct lit_expectlog *l, const char *line)
{
	size_t len;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 16;
		l->test = realloc(l->test, l->cap * sizeof(*l->test));
		if (!l->test)
			exit(EXIT_HOST);
	}
	l->test[l->n] = (struct lit_expecttest){.name = word(line, &len)};
	return &l->test[l->n++];
}

static int cmp_test(const void *a, const void *b)
{
	return strcmp(((const struct lit_expecttest *)a)->name, ((const struct lit_expecttest *)b)->name);
}

int lit_expectlog_read(struct lit_expectlog *l, const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	struct lit_expecttest *t = NULL;
	char *line = NULL;
	size_t cap = 0, len;
	unsigned left = 0, lineno = 0;
	int ret = 0;

	if (!f)
		return err_set(e, EXIT_INPUT, "%s: %m", path);
	while (getline(&line, &cap, f) > 0 && !ret) {
		lineno++;
		if (!strncmp(line, "Test ", 5)) {
			t = new_test(l, line + 5);
		} else if (!strncmp(line, "States ", 7) && t) {
			left = (unsigned)strtoul(line + 7, NULL, 10);
		} else if (left && t) {
			char *gt = strchr(line, '>'); /* a histogram's line will do too */

			if (!strchr(line, '=') && !strstr(line, "ault("))
				ret = err_set(e, EXIT_INPUT, "%s:%u:1: a state expected, not '%.20s'", path, lineno, line);
			else
				lit_allow_state(&t->allowed, gt ? gt + 1 : line, strcspn(gt ? gt + 1 : line, "\n"));
			if (!--left)
				lit_allow_sort(&t->allowed);
		} else if (!strncmp(line, "Hash=", 5) && t) {
			t->hash = word(line + 5, &len);
		} else if (!strncmp(line, "Loop", 4) && t) {
			t->allowed.cut = true;
		}
	}
	if (!ret && left)
		ret = err_set(e, EXIT_INPUT, "%s:%u:1: the log ends within the states of a test", path, lineno);
	if (!ret && !l->n)
		ret = err_set(e, EXIT_INPUT, "%s: no test in this log", path);
	free(line);
	fclose(f);
	if (l->n)
		qsort(l->test, l->n, sizeof(*l->test), cmp_test);
	return ret;
}

const struct lit_expecttest *lit_expectlog_find(const struct lit_expectlog *l, const char *name)
{
	struct lit_expecttest key = {.name = (char *)(uintptr_t)name};

	return l->n ? bsearch(&key, l->test, l->n, sizeof(key), cmp_test) : NULL;
}

void lit_expectlog_free(struct lit_expectlog *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		free(l->test[i].name);
		free(l->test[i].hash);
		lit_allow_free(&l->test[i].allowed);
	}
	free(l->test);
	*l = (struct lit_expectlog){0};
}
