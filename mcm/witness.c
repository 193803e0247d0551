/* Printing of executions: events by thread, then rf, co (neighbours only) and fr. */
#include "mcm/witness.h"

#include <inttypes.h>

static void event_name(char *buf, size_t size, const struct mcm_exec *x, unsigned i)
{
	const struct mcm_event *e = x->ev[i];
	const struct mcm_loc *l = &x->prog->locs[e->loc];
	char off[16] = "";
	int n;

	if (e->off || e->size != l->size)
		snprintf(off, sizeof(off), "+%u/%u", e->off, e->size);
	n = snprintf(buf, size, "%c%s%s%s%s%s %s%s", e->kind == MCM_READ ? 'R' : 'W',
		     e->flags & MCM_F_ACQ ? "acq" : "", e->flags & MCM_F_ACQPC ? "acqpc" : "",
		     e->flags & MCM_F_REL ? "rel" : "", e->flags & MCM_F_EX ? "x" : "",
		     e->flags & MCM_F_AMO ? "amo" : "", l->name, off);
	if (e->kind == MCM_WRITE && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "=%" PRIu64, (uint64_t)e->val);
}

/* Calls edge(kind, a, b) for rf, co neighbours and fr; a is -1 for the initial state. */
static void each_edge(const struct mcm_exec *x, void (*edge)(void *ctx, const char *kind, int a, unsigned b), void *ctx)
{
	for (unsigned c = 0; c < x->ncells; c++) {
		for (unsigned i = 0; i < x->n; i++) {
			int src = x->rf(x, i, c);

			if (src > -2) {
				bool dup = false;

				for (unsigned d = 0; d < c; d++)
					dup |= x->rf(x, i, d) == src;
				if (!dup)
					edge(ctx, "rf", src, i);
				for (unsigned w = 0; w < x->n; w++) {
					bool next = src == -1 ? x->ev[w]->kind == MCM_WRITE && x->ev[w]->loc == x->cell[c].loc
							      : x->co(x, c, (unsigned)src, w);

					for (unsigned q = 0; next && q < x->n; q++)
						next = !(x->co(x, c, q, w) && (src == -1 || x->co(x, c, (unsigned)src, q)));
					if (next && !dup && w != i)
						edge(ctx, "fr", (int)i, w);
				}
			}
			for (unsigned b = 0; b < x->n; b++) {
				bool next = x->co(x, c, i, b);

				for (unsigned q = 0; next && q < x->n; q++)
					next = !(x->co(x, c, i, q) && x->co(x, c, q, b));
				for (unsigned d = 0; next && d < c; d++)
					next = !x->co(x, d, i, b);
				if (next)
					edge(ctx, "co", (int)i, b);
			}
		}
	}
}

static void text_edge(void *ctx, const char *kind, int a, unsigned b)
{
	fprintf(ctx, a < 0 ? "  %s init -> %c\n" : "  %s %c -> %c\n", kind, a < 0 ? (int)('a' + b) : 'a' + a, (int)('a' + b));
}

void mcm_witness_text(FILE *f, const struct mcm_exec *x)
{
	char name[96];

	for (unsigned i = 0; i < x->n; i++) {
		if (!i || x->thread[i] != x->thread[i - 1])
			fprintf(f, "P%u\n", x->thread[i]);
		event_name(name, sizeof(name), x, i);
		fprintf(f, "  %c: %s\n", (int)('a' + i), name);
	}
	each_edge(x, text_edge, f);
}

static void dot_edge(void *ctx, const char *kind, int a, unsigned b)
{
	const char *color = kind[0] == 'r' ? "red" : kind[0] == 'c' ? "blue" : "orange";

	if (a < 0)
		return;
	fprintf(ctx, "  e%d -> e%u [label=\"%s\", color=%s, fontcolor=%s];\n", a, b, kind, color, color);
}

void mcm_witness_dot(FILE *f, const struct mcm_exec *x, const char *title)
{
	char name[96];

	fprintf(f, "digraph \"%s\" {\n  node [shape=none, fontname=\"monospace\"];\n", title);
	for (unsigned i = 0; i < x->n; i++) {
		if (!i || x->thread[i] != x->thread[i - 1])
			fprintf(f, "%s  subgraph cluster_%u {\n    label=\"P%u\";\n", i ? "  }\n" : "", x->thread[i], x->thread[i]);
		event_name(name, sizeof(name), x, i);
		fprintf(f, "    e%u [label=\"%c: %s\"];\n", i, (int)('a' + i), name);
	}
	if (x->n)
		fputs("  }\n", f);
	for (unsigned i = 0; i + 1 < x->n; i++)
		if (x->thread[i] == x->thread[i + 1])
			fprintf(f, "  e%u -> e%u [label=\"po\"];\n", i, i + 1);
	each_edge(x, dot_edge, f);
	fputs("}\n", f);
}
