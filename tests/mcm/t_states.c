/* Arena and sets of final states: growth, duplicates, inclusion. */
#include <string.h>

#include "../tap.h"
#include "mcm/states.h"

int main(void)
{
	struct mcm_arena a = {0};
	struct mcm_states s, t;
	unsigned missing = 99, fresh = 0;
	bool all = true;
	void *p;

	mcm_states_init(&s, &a, 3);
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t v[3] = {i, i * i, i % 7};

		fresh += mcm_states_add(&s, v);
		fresh += mcm_states_add(&s, v);
	}
	ok(fresh == 5000 && s.n == 5000, "5000 states, each once");
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t v[3] = {i, i * i, i % 7}, w[3] = {i, i * i + 1, i % 7};

		all &= mcm_states_has(&s, v) && !mcm_states_has(&s, w);
	}
	ok(all, "all of them found, others not");
	ok(mcm_states_at(&s, 70)[0] == 70, "in the order of insertion");
	mcm_states_init(&t, &a, 3);
	ok(mcm_states_subset(&t, &s, &missing), "the empty set is a subset");
	mcm_states_add(&t, (uint64_t[]){5, 25, 5});
	ok(mcm_states_subset(&t, &s, &missing), "a subset");
	mcm_states_add(&t, (uint64_t[]){5, 26, 5});
	ok(!mcm_states_subset(&t, &s, &missing) && missing == 1, "not a subset: the state that is missing is told");
	mcm_states_init(&t, &a, 0);
	ok(mcm_states_add(&t, NULL) && !mcm_states_add(&t, NULL), "states without values: there is one");
	mcm_arena_reset(&a);
	p = mcm_alloc(&a, 100);
	mcm_arena_reset(&a);
	ok(mcm_alloc(&a, 50) == p, "a reset arena gives the same memory again");
	ok(mcm_alloc(&a, 10 << 20) != NULL && mcm_zalloc(&a, 4096) != NULL, "large blocks");
	mcm_arena_free(&a);
	return tap_done();
}
