/*
 * parma explain TEST: what becomes of a litmus test, instruction by
 * instruction: guest code, the row of the mapping that applies, intermediate
 * code, host code; then the units that really run, with their fences marked,
 * and an execution of the test with its events.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "litmus/build.h"
#include "litmus/classify.h"
#include "litmus/expect.h"
#include "litmus/gang.h"
#include "litmus/graph.h"
#include "litmus/hostcode.h"
#include "mcm/witness.h"

enum { GUEST_WIDTH = 28, IR_WIDTH = 44 };

struct explained {
	bool html;
	const struct mcm_mapping *map;
	struct gang *g;
	struct lit_model *m;
	struct lit_outcome outcome;
	struct lit_table table;
	const struct lit_expected *row; /* what is allowed, where the model does not say; NULL: nobody does, if !modelled */
	bool modelled;
	char *text, *dot;    /* of an execution; may be NULL */
	bool good;           /* it satisfies the proposition */
};

static void html_text(FILE *f, const char *s, size_t n)
{
	for (; n && *s; s++, n--) {
		if (*s == '<')
			fputs("&lt;", f);
		else if (*s == '>')
			fputs("&gt;", f);
		else if (*s == '&')
			fputs("&amp;", f);
		else
			fputc(*s, f);
	}
}

/* The next line of *p into buf, without its end; false at the end. */
static bool next_line(const char **p, char *buf, size_t size)
{
	size_t n = *p ? strcspn(*p, "\n") : 0;

	buf[0] = 0;
	if (!*p || !**p)
		return false;
	snprintf(buf, size, "%.*s", (int)n, *p);
	*p += n + ((*p)[n] == '\n');
	return true;
}

/* Three texts side by side. */
static void columns(const char *a, const char *b, const char *c)
{
	char la[200], lb[200], lc[200];

	for (;;) {
		bool more = next_line(&a, la, sizeof(la));

		more |= next_line(&b, lb, sizeof(lb));
		more |= next_line(&c, lc, sizeof(lc));
		if (!more)
			return;
		printf("  %-*.*s  %-*.*s  %s\n", GUEST_WIDTH, GUEST_WIDTH, la, IR_WIDTH, IR_WIDTH, lb, lc);
	}
}

static void html_cells(const char *a, const char *b, const char *c)
{
	const char *cell[] = {a, b, c};

	fputs("<tr>", stdout);
	for (unsigned i = 0; i < 3; i++) {
		char line[200];

		fputs("<td><pre>", stdout);
		while (next_line(&cell[i], line, sizeof(line))) {
			bool mark = strstr(line, "<==");

			fputs(mark ? "<b class=fence>" : "", stdout);
			html_text(stdout, line, sizeof(line));
			fputs(mark ? "</b>\n" : "\n", stdout);
		}
		fputs("</pre></td>", stdout);
	}
	puts("</tr>");
}

/* Guest column: the instruction, and how the mapping lowers its class. */
static char *guest_column(const struct explained *x, const char *text, uint32_t word)
{
	enum mcm_class cls;
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	fprintf(f, "%s\n", text);
	if (lit_classify(word, &cls)) {
		const struct mcm_lowering *l = mcm_lower(x->map, cls);

		fprintf(f, "  %s:\n", mcm_class_name(cls));
		fprintf(f, "  before: %s\n  access: %s\n  after:  %s\n", mcm_around_name(l->before), mcm_access_name(l->access),
			mcm_around_name(l->after));
	}
	fclose(f);
	return out;
}

static void explain_insn(const struct explained *x, unsigned t, unsigned k, uint32_t word)
{
	char *guest = guest_column(x, lit_a64_text(x->m, word), word), *ir = NULL, *host = NULL;
	size_t ni, nh;
	FILE *fi = open_memstream(&ir, &ni), *fh = open_memstream(&host, &nh);

	if (fi && fh) {
		if (!hostcode_translate(x->g, LIT_GUEST_CODE(t) + 4 * k, 1, fi, fh))
			fputs("(interpreted)", fh);
		fclose(fi);
		fclose(fh);
		if (x->html)
			html_cells(guest, ir, host);
		else
			columns(guest, ir, host);
	}
	free(guest);
	free(ir);
	free(host);
}

static void explain_thread(const struct explained *x, unsigned t)
{
	unsigned bytes;
	const uint8_t *code = lit_a64_bytes(x->m, t, &bytes);
	char *ir = NULL, *host = NULL;
	size_t ni, nh;
	FILE *fi, *fh;

	printf(x->html ? "<h2>P%u</h2><table><tr><th>guest, and the mapping's row</th><th>IR</th><th>host</th></tr>\n"
		       : "P%u: guest and mapping; intermediate code; host code of each instruction alone\n\n", t);
	for (unsigned k = 0; k < bytes / 4; k++) {
		uint32_t word;

		memcpy(&word, code + 4 * k, 4);
		explain_insn(x, t, k, word);
		if (!x->html)
			putchar('\n');
	}
	fi = open_memstream(&ir, &ni);
	fh = open_memstream(&host, &nh);
	if (fi && fh) {
		bool done = bytes && hostcode_translate(x->g, LIT_GUEST_CODE(t), MIN(64, bytes / 4), fi, fh);

		fclose(fi);
		fclose(fh);
		if (x->html) {
			printf("</table><h3>P%u as it runs</h3><table>", t);
			html_cells("", done ? ir : "", done ? host : "(interpreted)");
			puts("</table>");
		} else {
			printf("P%u as it runs: from its first instruction to the first exit\n\n", t);
			columns("", done ? ir : "", done ? host : "(interpreted)");
			putchar('\n');
		}
	}
	free(ir);
	free(host);
}

/* The first execution, replaced by the first that satisfies the proposition. */
static void on_state(void *ctx, const struct mcm_exec *e)
{
	struct explained *x = ctx;
	bool good = lit_holds(x->m, x->m->t->prop, e->state);
	size_t n;
	FILE *f;

	if (x->text && (x->good || !good))
		return;
	free(x->text);
	free(x->dot);
	x->text = x->dot = NULL;
	x->good = good;
	f = open_memstream(&x->text, &n);
	if (f) {
		mcm_witness_text(f, e);
		fclose(f);
	}
	f = open_memstream(&x->dot, &n);
	if (f) {
		mcm_witness_dot(f, e, x->m->t->name);
		fclose(f);
	}
}

/* Where the model has no instruction fetch, translation or handlers: the allowed outcomes as they are known. */
static void explain_row(const struct explained *x)
{
	const char *why = "the model has neither instruction fetch nor translation nor handlers";

	if (!x->row) {
		printf(x->html ? "<p>What is allowed is not known: %s, and there is no expected.tsv with this test.</p>\n"
			       : "What is allowed is not known: %s, and there is no expected.tsv with this test.\n", why);
		return;
	}
	printf(x->html ? "<h2>Outcomes that Arm allows</h2><p>From expected.tsv: %s.</p><pre>\n"
		       : "Outcomes that Arm allows, from expected.tsv (%s):\n\n", why);
	for (const char *p = x->row->states; *p;) {
		size_t n = strcspn(p, "|");

		fputs("    ", stdout);
		if (x->html)
			html_text(stdout, p, n);
		else
			fwrite(p, 1, n, stdout);
		putchar('\n');
		p += n + (p[n] == '|');
		p += strspn(p, " ");
	}
	if (x->html)
		fputs("</pre>\n", stdout);
}

static void explain_outcomes(const struct explained *x)
{
	const struct lit_test *t = x->m->t;
	char prop[4096];

	if (!x->modelled) {
		explain_row(x);
		return;
	}
	lit_prop_text(t, prop, sizeof(prop));
	if (x->html) {
		fputs("<h2>Outcomes that Arm allows</h2><p>* satisfies ", stdout);
		html_text(stdout, prop, sizeof(prop));
		fputs("</p><pre>\n", stdout);
	} else {
		printf("Outcomes that Arm allows (* satisfies %s):\n\n", prop);
	}
	for (unsigned i = 0; i < x->outcome.nstates; i++)
		printf("  %c %s\n", x->outcome.good[i] ? '*' : ' ', x->outcome.text[i]);
	if (x->html)
		fputs("</pre>\n", stdout);
	if (!x->text)
		return;
	printf(x->html ? "<h2>An execution%s</h2><pre>" : "\nAn execution%s:\n\n",
	       x->good ? " that satisfies the condition" : "; none that is allowed satisfies the condition");
	if (x->html)
		html_text(stdout, x->text, strlen(x->text));
	else
		fputs(x->text, stdout);
	if (x->html) {
		puts("</pre>");
		if (x->dot)
			graph_svg(stdout, x->dot);
	}
}

static void explain(const struct explained *x)
{
	const struct lit_test *t = x->m->t;

	if (x->html) {
		printf("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s</title><style>"
		       "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #ccc;"
		       "padding:.3em .8em;vertical-align:top;text-align:left}pre{margin:0}.fence{color:#b00}</style></head><body>"
		       "<h1>%s</h1><p>Mapping <b>%s</b>: ", t->name, t->name, x->map->name);
		html_text(stdout, x->map->summary, strlen(x->map->summary));
		puts("</p>");
	} else {
		printf("%s, mapping %s: %s\n\n", t->name, x->map->name, x->map->summary);
	}
	for (unsigned k = 0; k < t->nthreads; k++)
		explain_thread(x, k);
	explain_outcomes(x);
	if (x->html)
		puts("</body></html>");
}

static char *read_all(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *buf = NULL;

	if (f && fseek(f, 0, SEEK_END) == 0) {
		long size = ftell(f);

		rewind(f);
		buf = size >= 0 ? malloc((size_t)size + 1) : NULL;
		*n = buf ? fread(buf, 1, (size_t)size, f) : 0;
	}
	if (f)
		fclose(f);
	return buf;
}

/* Who says what is allowed, as in `parma litmus`; -1: e. */
static int find_allowed(struct explained *x, const char *path, struct err *e)
{
	const struct mcm_solve_opts so = {.model = &mcm_arm, .on_state = on_state, .ctx = x};
	const struct lit_test *t = x->m->t;
	const char *variants;

	e->code = 0;
	x->row = lit_table_above(&x->table, path, e);
	variants = x->row ? x->row->variants : t->variants;
	x->modelled = !t->vmsa && !t->handlers && !strstr(variants, "ifetch");
	if (e->code)
		return -1;
	return x->modelled ? lit_outcomes(x->m, &so, &x->outcome, e) : 0;
}

static int run(struct explained *x, const char *path, struct err *e)
{
	static const struct lit_build_opts build = {.barrier = BARRIER_USER};
	struct mcm_arena a = {0};
	struct lit_image img;
	struct lit_test *t;
	size_t n = 0;
	char *text = read_all(path, &n);
	int r = -1;

	if (!text)
		return err_set(e, EXIT_INPUT, "%s: %s", path, strerror(errno));
	t = litmus_parse(path, text, n, &a, e);
	if (t && t->arch != LIT_AARCH64)
		err_set(e, EXIT_INPUT, "%s: not a test for AArch64", path);
	else if (t)
		x->m = lit_model_new(t, 2, &a, e);
	if (x->m && find_allowed(x, path, e) >= 0 && lit_build(x->m, &build, &img, e) >= 0 &&
	    (x->g = gang_new(gang_engine_find("jit"), 1, e))) {
		gang_load(x->g, img.word, img.nwords);
		explain(x);
		gang_free(x->g);
		r = 0;
	}
	free(text);
	free(x->text);
	free(x->dot);
	lit_table_free(&x->table);
	mcm_arena_free(&a);
	return r;
}

static void usage(FILE *f)
{
	fputs("usage: parma explain [--mapping=NAME] [--html] TEST\n\n"
	      "Shows what becomes of a litmus test: for each instruction the row of the mapping that applies, its\n"
	      "intermediate code and its host code; the code that runs, with its fences; an execution.\n", f);
}

int cmd_explain(int argc, char **argv)
{
	struct explained x = {.map = mcm_mapping_selected()};
	const char *path = NULL;
	struct err e = {0};

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!strcmp(a, "--help") || !strcmp(a, "-h"))
			return usage(stdout), EXIT_OK;
		if (!strcmp(a, "--html"))
			x.html = true;
		else if (!strncmp(a, "--mapping=", 10) || (!strcmp(a, "--mapping") && i + 1 < argc))
			x.map = mcm_mapping_find(a[9] ? a + 10 : argv[++i]);
		else if (*a == '-' || path)
			return usage(stderr), EXIT_USAGE;
		else
			path = a;
		if (!x.map)
			return fprintf(stderr, "parma explain: there is no such mapping (parma mapping list)\n"), EXIT_USAGE;
	}
	if (!path)
		return usage(stderr), EXIT_USAGE;
	clock_init();
	mcm_mapping_select(x.map);
	if (!run(&x, path, &e))
		return EXIT_OK;
	fprintf(stderr, "parma explain: %s\n", e.msg);
	return e.code;
}
