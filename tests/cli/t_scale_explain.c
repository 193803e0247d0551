/* What parma scale --explain makes of measured speed-ups: made-up rounds of a lock, and of its variants. */
#include <stdlib.h>
#include <string.h>

#include "cli/scale.h"
#include "tests/tap.h"

#define ROUNDS 4

static struct scale_data *d;

/* One vCPU does 100 in each round, two do `two`, give or take `noise`. */
static void add(const char *name, double two, double noise)
{
	struct scale_work *w = &d->work[d->nworks++];

	strcpy(w->name, name);
	for (unsigned r = 0; r < ROUNDS; r++) {
		w->sample[r][0] = (struct sample){.there = true, .rate = 100};
		w->sample[r][1] = (struct sample){.there = true, .rate = two + (r % 2 ? noise : -noise)};
	}
}

/* A new set with the lock itself. */
static void lock(double two, double noise)
{
	memset(d, 0, sizeof(*d));
	d->npoints = 2;
	d->nrounds = ROUNDS;
	d->vcpus[0] = 1;
	d->vcpus[1] = 2;
	d->host_cpus = 2;
	add("ticket", two, noise);
}

static const struct outcome *outcome(const char *variant)
{
	static struct explanation e;

	if (!scale_explain(d, &d->work[0], &e))
		return NULL;
	for (unsigned n = 0; n < e.n; n++)
		if (!strcmp(e.outcome[n].x->variant, variant))
			return &e.outcome[n];
	return NULL;
}

static bool says(const char *variant, enum verdict v, double share)
{
	const struct outcome *o = outcome(variant);

	return o && o->verdict == v && o->share > share - 0.01 && o->share < share + 0.01;
}

int main(void)
{
	struct explanation e;

	d = calloc(1, sizeof(*d));
	lock(40, 2);
	add("ticket.own", 200, 2);
	add("ticket.line", 40, 2);
	add("ticket.native", 120, 2);
	ok(says("own", VERDICT_YES, 1), "what was lost comes back without the cause: it is the one");
	ok(says("line", VERDICT_YES, 1), "all of the loss stays with nothing but the cause: so too");
	ok(says("native", VERDICT_YES, 0.5), "half of it");
	lock(40, 2);
	add("ticket.own", 50, 2);
	add("ticket.line", 195, 2);
	ok(says("own", VERDICT_NO, 10 / 160.0), "little comes back: it is not");
	ok(says("line", VERDICT_NO, 5 / 160.0), "little stays: so too");
	lock(110, 60);
	add("ticket.own", 170, -60);
	ok(says("own", VERDICT_UNSURE, 60 / 90.0), "wide intervals: nothing is said");
	lock(110, 60);
	add("ticket.own", 170, 60);
	ok(says("own", VERDICT_YES, 60 / 90.0), "what changes from round to round for both is no doubt");
	lock(198, 1);
	add("ticket.own", 200, 1);
	ok(scale_explain(d, &d->work[0], &e) && e.no_loss && e.n == 1, "no loss, nothing to explain");
	lock(40, 2);
	add("ticket.own", 200, 2);
	d->host_cpus = 1;
	ok(!scale_explain(d, &d->work[0], &e), "more vCPUs than processors: not judged");
	lock(40, 2);
	ok(!scale_explain(d, &d->work[0], &e), "no experiments, no word");
	ok(scale_experiment_named("mcs.own") == scale_experiment("mcs", 0) && !scale_experiment_named("mcs.owner") && !scale_experiment_named("mc.own"),
	   "a variant by its name");
	free(d);
	return tap_done();
}
