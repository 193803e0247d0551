/* Checking a mapping on litmus tests. */
#include "litmus/mapped.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

int lit_mapped_check(struct lit_model *m, const struct mcm_mapping *map, const char **state, struct err *e)
{
	struct mcm_solve_opts o = {.model = &mcm_arm};
	struct lit_outcome arm, host;

	if (m->t->arch != LIT_AARCH64)
		return err_set(e, EXIT_INPUT, "%s: not an AArch64 test", m->t->file);
	m->map = NULL;
	if (lit_outcomes(m, &o, &arm, e) < 0)
		return -1;
	m->map = map;
	o.model = &mcm_tso;
	if (lit_outcomes(m, &o, &host, e) < 0) {
		m->map = NULL;
		return -1;
	}
	m->map = NULL;
	for (unsigned i = 0, k = 0; i < host.nstates; i++) { /* both are sorted */
		while (k < arm.nstates && strcmp(arm.text[k], host.text[i]) < 0)
			k++;
		if (k == arm.nstates || strcmp(arm.text[k], host.text[i])) {
			*state = host.text[i];
			return 0;
		}
	}
	return 1;
}

static void check_file(const struct mcm_mapping *map, const char *path, struct mcm_arena *a, struct lit_mapped_result *out)
{
	FILE *f = fopen(path, "r");
	char *text;
	long n;
	struct err e = {0};
	struct lit_test *t;
	struct lit_model *m;
	const char *state = NULL;
	int r = -1;

	if (!f || fseek(f, 0, SEEK_END) < 0 || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) < 0) {
		fprintf(stderr, "parma mapping: %s: %s\n", path, strerror(errno));
		out->skipped++;
		if (f)
			fclose(f);
		return;
	}
	text = mcm_alloc(a, (size_t)n + 1);
	n = (long)fread(text, 1, (size_t)n, f);
	fclose(f);
	t = litmus_parse(path, text, (size_t)n, a, &e);
	m = t ? lit_model_new(t, 2, a, &e) : NULL;
	if (m)
		r = lit_mapped_check(m, map, &state, &e);
	if (r < 0) {
		if (out->skipped++ < 10)
			printf("not checked: %s\n", e.msg);
	} else if (r > 0) {
		out->sound++;
	} else {
		if (out->unsound++ < 10)
			printf("%s: shows %s\n", path, state);
	}
}

int lit_mapped_files(const struct mcm_mapping *map, const char *path, struct lit_mapped_result *out)
{
	char copy[4096];
	char *argv[] = {copy, NULL};
	struct mcm_arena a = {0};
	FTSENT *ent;
	FTS *fts;

	snprintf(copy, sizeof(copy), "%s", path);
	fts = fts_open(argv, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return -1;
	while ((ent = fts_read(fts))) {
		const char *dot = strrchr(ent->fts_name, '.');

		if (ent->fts_info == FTS_NS) {
			fprintf(stderr, "parma mapping: %s: %s\n", path, strerror(ent->fts_errno));
			fts_close(fts);
			return -1;
		}
		if (ent->fts_info != FTS_F || ((!dot || strcmp(dot, ".litmus")) && ent->fts_level))
			continue;
		mcm_arena_reset(&a);
		check_file(map, ent->fts_path, &a, out);
	}
	fts_close(fts);
	mcm_arena_free(&a);
	return 0;
}
