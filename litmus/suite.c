/* See suite.h. */
#include "litmus/suite.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct lit_entry *lit_suite_new(struct lit_suite *s, const char *path)
{
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 64;
		s->entry = realloc(s->entry, s->cap * sizeof(*s->entry));
		if (!s->entry)
			exit(EXIT_HOST);
	}
	s->entry[s->n] = (struct lit_entry){.path = strdup(path)};
	return &s->entry[s->n++];
}

void lit_entry_count(struct lit_entry *t, const char *text, uint64_t count, bool good, bool allowed)
{
	unsigned k;

	for (k = 0; k < t->ncounts && strcmp(t->counts[k].text, text); k++)
		;
	if (k == t->ncounts) {
		t->counts = realloc(t->counts, ++t->ncounts * sizeof(*t->counts));
		if (!t->counts)
			exit(EXIT_HOST);
		t->counts[k] = (struct lit_count){strdup(text), 0, good, allowed};
		t->nhit += allowed;
		t->nseen++;
	}
	t->counts[k].count += count;
	*(good ? &t->pos : &t->neg) += count;
	if (!allowed) {
		t->forbidden += count;
		t->status = LIT_FORBIDDEN;
	}
}

void lit_entry_add(struct lit_entry *to, const struct lit_entry *from)
{
	if (!to->name && from->name)
		to->name = strdup(from->name);
	to->rounds += from->rounds;
	to->trials += from->trials;
	to->seconds += from->seconds;
	if (from->nallowed > to->nallowed)
		to->nallowed = from->nallowed;
	if (!to->message && from->message)
		to->message = strdup(from->message);
	if (to->status == LIT_PENDING || from->status == LIT_FORBIDDEN)
		to->status = from->status;
	for (unsigned k = 0; k < from->ncounts; k++)
		lit_entry_count(to, from->counts[k].text, from->counts[k].count, from->counts[k].good, from->counts[k].allowed);
}

static int cmp_ent(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

int lit_suite_add(struct lit_suite *s, const char *path, struct err *e)
{
	char *copy = strdup(path), *argv[] = {copy, NULL};
	size_t n = strlen(copy);
	FTS *fts;
	FTSENT *ent;
	int ret = 0;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = 0;
	fts = fts_open(argv, FTS_LOGICAL | FTS_NOCHDIR, cmp_ent);
	while (fts && !ret && (ent = fts_read(fts))) {
		const char *dot = strrchr(ent->fts_name, '.');

		if (ent->fts_info == FTS_NS) /* not there: a test that cannot run; the others go on */
			lit_suite_new(s, ent->fts_path);
		else if (ent->fts_info == FTS_DNR || ent->fts_info == FTS_ERR)
			ret = err_set(e, EXIT_INPUT, "%s: %s", ent->fts_path, strerror(ent->fts_errno));
		else if (ent->fts_info == FTS_F && ((dot && !strcmp(dot, ".litmus")) || !ent->fts_level))
			lit_suite_new(s, ent->fts_path);
	}
	if (!fts)
		ret = err_set(e, EXIT_INPUT, "%s: %s", path, strerror(errno));
	else
		fts_close(fts);
	free(copy);
	return ret;
}

void lit_entry_free(struct lit_entry *t)
{
	free(t->path);
	free(t->name);
	free(t->message);
	free(t->failure);
	for (unsigned k = 0; k < t->ncounts; k++)
		free(t->counts[k].text);
	free(t->counts);
}

void lit_suite_free(struct lit_suite *s)
{
	for (unsigned i = 0; i < s->n; i++)
		lit_entry_free(&s->entry[i]);
	free(s->entry);
	*s = (struct lit_suite){0};
}

struct lit_totals lit_suite_totals(const struct lit_suite *s)
{
	struct lit_totals t = {0};

	for (unsigned i = 0; i < s->n; i++) {
		t.count[s->entry[i].status]++;
		t.trials += s->entry[i].trials;
		t.forbidden += s->entry[i].forbidden;
		t.seconds += s->entry[i].seconds;
	}
	return t;
}

int lit_suite_exit(const struct lit_suite *s)
{
	struct lit_totals t = lit_suite_totals(s);

	return t.count[LIT_FORBIDDEN] ? 1 : t.count[LIT_SKIP] + t.count[LIT_FAILED] ? 2 : 0;
}

static const char *status_name(enum lit_status s)
{
	static const char *const names[] = {"pending", "ok", "FORBIDDEN", "not run", "not run"};

	return names[s];
}

static const char *name_of(const struct lit_entry *t) { return t->name ? t->name : t->path; }
static double rate(uint64_t trials, double seconds) { return seconds > 0 ? (double)trials / seconds : 0; }

void lit_suite_summary(FILE *f, const struct lit_suite *s, bool brief)
{
	struct lit_totals t = lit_suite_totals(s);

	if (!brief)
		fprintf(f, "%-40s %-9s %9s %12s %12s %10s %12s\n", "test", "verdict", "states", "trials", "positive",
			"forbidden", "trials/s");
	for (unsigned i = 0; i < s->n && !brief; i++) {
		const struct lit_entry *e = &s->entry[i];

		if (e->status == LIT_PASS || e->status == LIT_FORBIDDEN)
			fprintf(f, "%-40s %-9s %4u/%-4u %12" PRIu64 " %12" PRIu64 " %10" PRIu64 " %12.0f\n", name_of(e),
				status_name(e->status), e->nhit, e->nallowed, e->trials, e->pos, e->forbidden,
				rate(e->trials, e->seconds));
	}
	for (unsigned i = 0; i < s->n; i++)
		if (s->entry[i].status == LIT_FAILED || (s->entry[i].status == LIT_SKIP && !brief))
			fprintf(f, "not run: %s\n", s->entry[i].message);
	fprintf(f, "%u tests: %u ok, %u forbidden, %u not run; %" PRIu64 " trials in %.1f s, %.0f trials/s", s->n,
		t.count[LIT_PASS], t.count[LIT_FORBIDDEN], t.count[LIT_SKIP] + t.count[LIT_FAILED], t.trials, t.seconds,
		rate(t.trials, t.seconds));
	if (t.forbidden)
		fprintf(f, "; %" PRIu64 " FORBIDDEN", t.forbidden);
	fputc('\n', f);
}

void lit_suite_tap_line(FILE *f, const struct lit_entry *t, unsigned number)
{
	switch (t->status) {
	case LIT_PASS:
		fprintf(f, "ok %u - %s # %" PRIu64 " trials, %u of %u allowed states\n", number, name_of(t), t->trials,
			t->nhit, t->nallowed);
		break;
	case LIT_FORBIDDEN:
		fprintf(f, "not ok %u - %s\n# %" PRIu64 " of %" PRIu64 " trials ended in a forbidden state\n", number,
			name_of(t), t->forbidden, t->trials);
		break;
	case LIT_PENDING:
	case LIT_SKIP:
	case LIT_FAILED:
		fprintf(f, "%sok %u - %s%s%s\n", t->status == LIT_SKIP ? "" : "not ", number, name_of(t),
			t->status == LIT_SKIP ? " # SKIP " : " # could not run: ", t->message ? t->message : "");
		break;
	}
	fflush(f);
}

static void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 32)
			fprintf(f, "\\u%04x", *s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

void lit_suite_json(FILE *f, const struct lit_suite *s, const char *settings)
{
	struct lit_totals t = lit_suite_totals(s);

	fputs("{\"settings\": ", f);
	json_string(f, settings);
	fprintf(f, ", \"ok\": %u, \"forbidden\": %u, \"notrun\": %u, \"trials\": %" PRIu64 ", \"seconds\": %.3f,\n\"tests\": [",
		t.count[LIT_PASS], t.count[LIT_FORBIDDEN], t.count[LIT_SKIP] + t.count[LIT_FAILED], t.trials, t.seconds);
	for (unsigned i = 0; i < s->n; i++) {
		const struct lit_entry *e = &s->entry[i];

		fprintf(f, "%s\n{\"name\": ", i ? "," : "");
		json_string(f, name_of(e));
		fputs(", \"file\": ", f);
		json_string(f, e->path);
		fprintf(f, ", \"verdict\": \"%s\"", e->status == LIT_FORBIDDEN ? "forbidden" : status_name(e->status));
		if (e->message) {
			fputs(", \"message\": ", f);
			json_string(f, e->message);
		}
		fprintf(f, ", \"trials\": %" PRIu64 ", \"positive\": %" PRIu64 ", \"negative\": %" PRIu64
			", \"forbidden\": %" PRIu64 ", \"states\": %u, \"allowed\": %u, \"allowed_seen\": %u, \"seconds\": %.4f}",
			e->trials, e->pos, e->neg, e->forbidden, e->nseen, e->nallowed, e->nhit, e->seconds);
	}
	fputs("\n]}\n", f);
}

static void xml_text(FILE *f, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		default: fputc(*s, f);
		}
	}
}

void lit_suite_junit(FILE *f, const struct lit_suite *s)
{
	struct lit_totals t = lit_suite_totals(s);

	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"parma litmus\" tests=\"%u\" failures=\"%u\" "
		"errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n", s->n, t.count[LIT_FORBIDDEN], t.count[LIT_FAILED],
		t.count[LIT_SKIP], t.seconds);
	for (unsigned i = 0; i < s->n; i++) {
		const struct lit_entry *e = &s->entry[i];

		fputs("<testcase name=\"", f);
		xml_text(f, name_of(e));
		fputs("\" classname=\"", f);
		xml_text(f, e->path);
		fprintf(f, "\" time=\"%.4f\">", e->seconds);
		if (e->status == LIT_FORBIDDEN) {
			fputs("<failure message=\"forbidden outcome\">", f);
			xml_text(f, e->failure ? e->failure : "");
			fputs("</failure>", f);
		} else if (e->status == LIT_FAILED || e->status == LIT_SKIP) {
			fputs(e->status == LIT_SKIP ? "<skipped message=\"" : "<error message=\"", f);
			xml_text(f, e->message ? e->message : "");
			fputs("\"/>", f);
		}
		fputs("</testcase>\n", f);
	}
	fputs("</testsuite>\n", f);
}
