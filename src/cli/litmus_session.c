/*
 * One litmus test after the other on one gang (litmus/gang.h): what is allowed
 * (the model, an expected.tsv above the test, or a log), the run, the verdict,
 * the report of what is forbidden.
 */
#include "cli/litmus_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "litmus/hostcode.h"
#include "litmus/judge.h"

/* Some thread loads or stores bytes or halfwords. */
static bool narrow(const struct lit_test *t)
{
	for (unsigned th = 0; th < t->nthreads; th++)
		for (unsigned i = 0; i < t->thread[th].n; i++) {
			const char *s = t->thread[th].line[i].insn;

			if (s && (!strncasecmp(s, "LDR", 3) || !strncasecmp(s, "STR", 3)) && strchr("HhBb", s[3]))
				return true;
		}
	return false;
}

static const char *out_of_scope(const struct lit_test *t, const char *variants, bool expected)
{
	static const char *const groups[][2] = {
		{"handled", "faults that are handled"}, {"faulttonext", "faults that are skipped"}, {"skip", "faults that are skipped"},
		{"imprecise", "faults that are imprecise"}, {"eis", "exceptions that do not synchronise"}, {"exs", "exceptions that do not synchronise"},
		{"memtag", "memory tagging"}, {"pauth", "pointer authentication"}, {"sve", "SVE"}, {"sme", "SME"},
	};

	if (t->arch != LIT_AARCH64)
		return "not a test for AArch64";
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (strstr(variants, groups[i][0]))
			return groups[i][1];
	if (t->vmsa && !strstr(variants, "vmsa"))
		return "translation table entries, which the reference took for plain memory";
	if (t->vmsa && !strstr(variants, "mixed") && narrow(t))
		return "accesses to parts of a location, which the reference took for others";
	if (t->el0)
		return "threads at EL0";
	if ((t->vmsa || t->handlers || strstr(variants, "ifetch")) && !expected)
		return "neither instruction fetch, translation nor handlers are modelled, and no expected.tsv tells what is allowed";
	return NULL;
}

/* The test relies on instruction caches that need no invalidation (CTR_EL0.DIC = 1); these here do. */
static bool needs_dic(const struct lit_test *t) { return t->cachetype && strstr(t->cachetype, "DIC"); }

static char *slurp(const char *path, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "r"), *mem;
	char *buf = NULL, chunk[4096];
	size_t n;

	if (!f) {
		err_set(e, EXIT_INPUT, "%s: %s", path, strerror(errno));
		return NULL;
	}
	mem = open_memstream(&buf, len);
	while (mem && (n = fread(chunk, 1, sizeof(chunk), f)))
		fwrite(chunk, 1, n, mem);
	if (mem)
		fclose(mem);
	fclose(f);
	return buf;
}

/* The states that are allowed: from the log given, or from the model. */
static int allowed_states(struct litmus_session *s, struct lit_model *m, unsigned unroll, struct lit_allowed *a, struct err *e)
{
	const struct mcm_solve_opts so = {.model = &mcm_arm};
	struct lit_outcome oc;

	if (s->o->judged_by_log) {
		const struct lit_expecttest *t = lit_expectlog_find(&s->o->expect, m->t->name);

		if (!t)
			return err_set(e, EXIT_INPUT, "%s: no test %s in the log of expected outcomes", m->t->file, m->t->name);
		for (unsigned i = 0; i < t->allowed.n; i++)
			lit_allow_state(a, t->allowed.orig[i], strlen(t->allowed.orig[i]));
		lit_allow_sort(a);
		return 0;
	}
	if (s->row) {
		for (const char *p = s->row->states; p;) {
			const char *bar = strstr(p, " | ");

			lit_allow_state(a, p, bar ? (size_t)(bar - p) : strlen(p));
			p = bar ? bar + 3 : NULL;
		}
		lit_allow_sort(a);
		return 0;
	}
	m->unroll = unroll;
	if (lit_outcomes(m, &so, &oc, e) < 0)
		return -1;
	lit_allow_outcome(a, &oc);
	return 0;
}

/* What went wrong, with all that is needed to see it again. */
static char *failure_report(const struct litmus_session *s, const struct lit_model *m, const struct lit_verdict *v, uint64_t trials)
{
	const struct litmus_options *o = s->o;
	char *text, set[300];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	litmus_settings(o, set, sizeof(set));
	fprintf(f, "FORBIDDEN: test %s (%s)\n", m->t->name, m->t->file);
	for (unsigned i = 0; i < v->n; i++)
		if (!v->seen[i].allowed)
			fprintf(f, "  %" PRIu64 " of %" PRIu64 " trials ended in %s\n", v->seen[i].count, trials, v->seen[i].text);
	fprintf(f, "  again: parma litmus %s%s %s\n", set, o->run.seconds > 0 ? " -time ..." : "", m->t->file);
	for (unsigned t = 0; t < m->t->nthreads; t++) {
		unsigned bytes;

		fprintf(f, "  P%u:\n", t);
		for (unsigned i = 0; i < m->t->thread[t].n; i++) {
			const struct lit_line *l = &m->t->thread[t].line[i];

			fprintf(f, "    %s%s%s\n", l->label ? l->label : "    ", l->label ? ":" : "", l->insn ? l->insn : "");
		}
		lit_a64_bytes(m, t, &bytes);
		hostcode_units(f, s->g, LIT_GUEST_CODE(t), bytes / 4, "      ");
	}
	fclose(f);
	return text;
}

static bool make_gang(struct litmus_session *s, struct err *e)
{
	if (!s->g)
		s->g = gang_new(s->o->engine, MAX(s->o->most_cpus, s->o->run.ncpus), e);
	return s->g;
}

/* Loops that the model cut short: look again with more turns before saying that something is forbidden. */
static void judge(struct litmus_session *s, struct lit_model *m, const struct lit_result *r, struct lit_allowed *a,
		  struct lit_verdict *v)
{
	struct err e;

	lit_judge(m, r, a, v);
	for (unsigned unroll = 4; v->nforbidden && a->cut && unroll <= 16; unroll *= 2) {
		struct lit_allowed b = {0};

		if (allowed_states(s, m, unroll, &b, &e) < 0) {
			lit_allow_free(&b);
			return;
		}
		lit_allow_free(a);
		*a = b;
		lit_verdict_free(v);
		lit_judge(m, r, a, v);
	}
}

struct stopper {
	const struct lit_model *m;
	const struct lit_allowed *allowed;
};

static bool forbidden_state(void *ctx, const uint64_t *state)
{
	const struct stopper *st = ctx;

	return !lit_is_allowed(st->m, st->allowed, state);
}

static int run_model(struct litmus_session *s, struct lit_entry *t, struct lit_model *m, struct err *e)
{
	struct lit_allowed allowed = {0};
	struct stopper stopper = {m, &allowed};
	struct lit_result res;
	struct lit_verdict v;

	s->o->run.stop = s->o->stop ? forbidden_state : NULL;
	s->o->run.stop_ctx = &stopper;
	if (allowed_states(s, m, 2, &allowed, e) < 0 || !make_gang(s, e)) {
		lit_allow_free(&allowed);
		return -1;
	}
	if (lit_run(s->g, m, &s->o->run, &res, e) < 0) {
		if (res.endless) {
			gang_free(s->g);
			s->g = NULL;
		}
		lit_allow_free(&allowed);
		return -1;
	}
	judge(s, m, &res, &allowed, &v);
	if (t->status == LIT_PENDING)
		t->status = LIT_PASS;
	t->rounds++;
	t->trials += res.trials;
	t->seconds += res.seconds;
	t->nallowed = v.nallowed;
	for (unsigned i = 0; i < v.n; i++)
		lit_entry_count(t, v.seen[i].text, v.seen[i].count, v.seen[i].good, v.seen[i].allowed);
	if (s->o->out == OUT_LOG)
		lit_log(s->out, m, &v, m->t->hash, res.seconds);
	if (v.nforbidden) {
		free(t->failure);
		t->failure = failure_report(s, m, &v, res.trials);
		fflush(s->out);
		fputs(t->failure ? t->failure : "", s->err);
	}
	hist_free(&res.hist);
	lit_verdict_free(&v);
	lit_allow_free(&allowed);
	return 0;
}

/* How many vCPUs take part: what -smp says, or the host's CPUs (of this job), as many as the test has threads at least. */
static void set_cpus(struct litmus_session *s, const struct lit_test *t)
{
	struct litmus_options *o = s->o;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned mine = (unsigned)MAX(1L, cpus / (long)o->jobs);

	o->run.ncpus = o->smp ? MAX(o->smp, t->nthreads) : MAX(MIN(mine, (unsigned)GANG_MAX_CPUS), t->nthreads);
	o->run.crowded = (long)(o->run.ncpus * o->jobs) > cpus;
	o->run.avail = o->avail ? o->avail : MIN(o->run.ncpus, mine);
}

void litmus_run_entry(struct litmus_session *s, struct lit_entry *t)
{
	struct err e = {0};
	size_t len = 0;
	char *text = slurp(t->path, &len, &e);
	struct lit_test *test = NULL;
	struct lit_model *m = NULL;
	const char *scope = NULL, *variants;

	mcm_arena_reset(&s->arena);
	if (text)
		test = litmus_parse(t->path, text, len, &s->arena, &e);
	free(text);
	if (test) {
		free(t->name);
		t->name = strdup(test->name);
		struct err te = {0};

		s->row = lit_table_above(&s->table, t->path, &te);
		if (te.code)
			litmus_bad("%s", te.msg);
		variants = s->row ? s->row->variants : test->variants;
		scope = out_of_scope(test, variants, s->row);
		s->o->run.own_code = strstr(variants, "ifetch");
		if (s->o->run.own_code && needs_dic(test))
			scope = "instruction caches that need no invalidation (DIC)";
		if (!s->o->run.own_code && !test->vmsa && !test->handlers)
			s->row = NULL; /* the model says what is allowed */
	}
	if (scope) {
		t->status = LIT_SKIP;
		if (asprintf(&t->message, "%s: %s", t->path, scope) < 0)
			t->message = NULL;
		return;
	}
	if (test)
		set_cpus(s, test);
	if (test)
		m = lit_model_new(test, 2, &s->arena, &e);
	if (m && s->o->image && lit_plan_write(m, &s->o->run, s->o->run.ncpus, s->o->image, &e) == 0)
		t->status = LIT_PASS;
	else if (!m || s->o->image || run_model(s, t, m, &e) < 0) {
		t->status = LIT_FAILED;
		free(t->message);
		t->message = strdup(e.msg);
		fflush(s->out);
		fprintf(s->err, "parma litmus: %s\n", e.msg);
	}
}

/* Threads of the test with the most, without more than a look at its text. */
unsigned litmus_threads_needed(const struct litmus_options *o)
{
	struct mcm_arena a = {0};
	unsigned most = 1;
	struct err e;

	for (unsigned i = 0; i < o->suite.n; i++) {
		size_t len;
		char *text = slurp(o->suite.entry[i].path, &len, &e);
		struct lit_test *t = text ? litmus_parse("", text, len, &a, &e) : NULL;

		if (t && t->arch == LIT_AARCH64)
			most = MAX(most, t->nthreads);
		free(text);
		mcm_arena_reset(&a);
	}
	mcm_arena_free(&a);
	return most;
}

void litmus_session_end(struct litmus_session *s)
{
	if (s->g)
		gang_free(s->g);
	mcm_arena_free(&s->arena);
	lit_table_free(&s->table);
}
