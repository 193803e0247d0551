/* Litmus files: parser, assembler, the prepared model, and guest code made from it.  The outcomes of hostile tests take any time, so they are not asked for. */
#include <string.h>

#include "litmus/build.h"
#include "litmus/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mcm_arena arena;
	struct lit_model *m = NULL;
	struct lit_test *t;
	struct err e;
	char text[4096];

	t = litmus_parse("fuzz", (const char *)data, size, &arena, &e);
	if (t) {
		lit_prop_text(t, text, sizeof(text));
		m = lit_model_new(t, 2, &arena, &e);
	}
	if (m && t->arch == LIT_AARCH64) {
		const struct lit_build_opts o = {.barrier = BARRIER_USER};
		struct lit_image img;

		lit_build(m, &o, &img, &e);
	}
	mcm_arena_reset(&arena);
	return 0;
}
