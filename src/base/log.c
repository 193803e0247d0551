/* See log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/passes.h"

uint32_t log_mask;
static FILE *log_file; /* CONST_AFTER_INIT; NULL: stderr */
static struct range {
	uint64_t first, last;
} ranges[64];            /* CONST_AFTER_INIT: -dfilter */
static unsigned nranges; /* CONST_AFTER_INIT; 0: everything */

static const struct {
	const char *name, *help;
} items[] = {
#define X(n, s, h) {s, h},
	LOG_ITEMS(X)
#undef X
};

FILE *log_stream(void) { return log_file ? log_file : stderr; }

void log_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(log_stream(), fmt, ap);
	va_end(ap);
}

void log_begin(void) { flockfile(log_stream()); }
void log_end(void) { funlockfile(log_stream()); }

bool log_here(uint64_t pc)
{
	for (unsigned k = 0; k < nranges; k++)
		if (pc >= ranges[k].first && pc <= ranges[k].last)
			return true;
	return !nranges;
}

/* A number in C's notation at *p, which moves behind it. */
static bool number(const char **p, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(*p, &end, 0);
	if (end == *p || errno || **p < '0' || **p > '9')
		return false;
	*p = end;
	return true;
}

static bool range(const char **p, struct range *r)
{
	uint64_t start, n;
	char kind;

	if (!number(p, &start) || !strchr("+-.", kind = **p) || !kind)
		return false;
	*p += kind != '.' ? 1 : (*p)[1] == '.' ? 2 : 0;
	if (!number(p, &n) || (**p && **p != ','))
		return false;
	if (kind != '.' && !n--)
		return false;
	r->first = kind == '-' ? start - n : start;
	r->last = kind == '-' ? start : kind == '+' ? start + n : n;
	return r->first <= r->last;
}

int log_filter(const char *list, struct err *e)
{
	for (const char *p = list; p == list || *p;) {
		if (nranges == ARRAY_SIZE(ranges))
			return err_set(e, EXIT_USAGE, "-dfilter: more than %u ranges", nranges);
		if (!range(&p, &ranges[nranges]))
			return err_set(e, EXIT_USAGE, "-dfilter %s: give START+SIZE, START-SIZE or FIRST..LAST, separated by commas", list);
		nranges++;
		p += *p == ',';
	}
	return 0;
}

int log_parse(const char *list, FILE *out, struct err *e)
{
	uint32_t mask = 0;

	if (!strcmp(list, "help") || !strcmp(list, "?")) {
		for (unsigned k = 0; k < LOG_NITEMS; k++)
			fprintf(out, "%-14s %s\n", items[k].name, items[k].help);
		fprintf(out, "%-14s %s\n", "all", "each of these");
		return 1;
	}
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ",");
		unsigned k;

		if (n == 3 && !strncmp(p, "all", n)) {
			mask |= (1u << LOG_NITEMS) - 1;
			p += n + (p[n] == ',');
			continue;
		}
		for (k = 0; k < LOG_NITEMS; k++)
			if (strlen(items[k].name) == n && !strncmp(items[k].name, p, n))
				break;
		if (k == LOG_NITEMS)
			return err_set(e, EXIT_USAGE, "-d: unknown log item '%.*s' (-d help lists them)", (int)n, p);
		mask |= 1u << k;
		p += n + (p[n] == ',');
	}
	log_mask |= mask;
	if (mask & LOG_NOCHAIN)
		passes_off |= PASS_CHAIN | PASS_JUMPS;
	return 0;
}

int log_open(const char *path, struct err *e)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return err_set(e, EXIT_INPUT, "-D %s: %s", path, strerror(errno));
	setvbuf(f, NULL, _IOLBF, 0);
	log_file = f;
	return 0;
}
