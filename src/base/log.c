/* See log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

uint32_t log_mask;
static FILE *log_file; /* CONST_AFTER_INIT; NULL: stderr */

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

int log_parse(const char *list, FILE *out, struct err *e)
{
	uint32_t mask = 0;

	if (!strcmp(list, "help") || !strcmp(list, "?")) {
		for (unsigned k = 0; k < LOG_NITEMS; k++)
			fprintf(out, "%-14s %s\n", items[k].name, items[k].help);
		return 1;
	}
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ",");
		unsigned k;

		for (k = 0; k < LOG_NITEMS; k++)
			if (strlen(items[k].name) == n && !strncmp(items[k].name, p, n))
				break;
		if (k == LOG_NITEMS)
			return err_set(e, EXIT_USAGE, "-d: unknown log item '%.*s' (-d help lists them)", (int)n, p);
		mask |= 1u << k;
		p += n + (p[n] == ',');
	}
	log_mask |= mask;
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
