/* What the optimiser may do to memory operations and fences, checked over all small programs. */
#include "../tap.h"
#include "mcm/rules.h"

int main(void)
{
	for (unsigned i = 0; i < mcm_nrules(); i++) {
		const struct mcm_rule *r = mcm_rule_at(i);
		struct mcm_check_result res;

		mcm_check_rule(r, mcm_mapping_at(0), &res);
		ok(res.cycles > 1000 && r->sound == !res.bad, "%s is %s (%llu programs)", r->name, r->sound ? "sound" : "unsound",
		   (unsigned long long)res.cycles);
	}
	return tap_done();
}
