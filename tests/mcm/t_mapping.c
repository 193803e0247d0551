/*
 * Mappings: the registry's claims hold, the derivation arrives at the table
 * that ships, and every part of that table is needed.
 */
#include <string.h>

#include "../tap.h"
#include "mcm/check.h"

static struct cycle_opts cycles(unsigned max, bool full)
{
	return (struct cycle_opts){.min = 2, .max = max, .threads = 4, .full = full, .exclusives = true, .atomics = true,
				   .parts = 1};
}

static void weakened(void *ctx, const struct mcm_mapping *weak, enum mcm_class c, const char *what)
{
	struct cycle_opts o = cycles(4, true);
	struct mcm_check_result r;

	mcm_check_cycles(weak, &o, 1, false, &r);
	if (!r.bad)
		mcm_check_exclusives(weak, false, &r);
	ok(r.bad && r.cex.found, "%s %s: refuted by %s", mcm_class_name(c), what, r.cex.prog.name);
}

int main(void)
{
	const struct mcm_mapping *m;
	struct mcm_arena a = {0};
	struct mcm_derived d;
	struct cycle_opts o = cycles(4, true);

	for (unsigned i = 0; (m = mcm_mapping_at(i)); i++) {
		struct mcm_check_result r;

		mcm_check_cycles(m, &o, 1, false, &r);
		if (!r.bad)
			mcm_check_exclusives(m, false, &r);
		ok(m->sound == !r.bad, "%s: %s", m->name, m->sound ? "sound" : "refuted");
		ok(mcm_mapping_find(m->name) == m, "%s is found by its name", m->name);
	}
	ok(!mcm_mapping_find("nonesuch"), "no mapping of another name");
	mcm_derive(&mcm_costs_measured, &o, 2, &a, &d);
	ok(!memcmp(d.map.row, mcm_mapping_at(0)->row, sizeof(d.map.row)), "derived: the table that ships (%u refutations)", d.ncex);
	ok(d.tried > 1000, "%llu cheaper ones refuted", (unsigned long long)d.tried);
	mcm_weakenings(&d.map, weakened, NULL);
	mcm_arena_free(&a);
	return tap_done();
}
