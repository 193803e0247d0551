/* Critical cycles: names as diy gives them, each once, verdicts of the well-known ones, programs as litmus text. */
#include <string.h>

#include "../tap.h"
#include "mcm/check.h"

static const struct {
	const char *name, *edges;
	bool allowed;
	unsigned hits;
} known[] = {
	{"MP", "PodWW Rfe PodRR Fre", true, 0},
	{"MP+dmb.sys", "DMB.SYdWW Rfe DMB.SYdRR Fre", false, 0},
	{"MP+dmb.sy+addr", "DMB.SYdWW Rfe DpAddrdR Fre", false, 0},
	{"MP+dmb.sy+ctrl", "DMB.SYdWW Rfe DpCtrldR Fre", true, 0},
	{"MP+dmb.sy+ctrlisb", "DMB.SYdWW Rfe DpCtrlIsbdR Fre", false, 0},
	{"MP+popl+poap", "PodWWPL RfeLA PodRRAP Fre", false, 0},
	{"MP+popl+poqp", "PodWWPL RfeLQ PodRRQP Fre", false, 0},
	{"SB+dmb.sys", "DMB.SYdWR Fre DMB.SYdWR Fre", false, 0},
	{"SB+polas", "PodWRLA FreAL PodWRLA FreAL", false, 0},
	{"SB+polqs", "PodWRLQ FreQL PodWRLQ FreQL", true, 0},
	{"SB+dsb.sts", "DSB.STdWR Fre DSB.STdWR Fre", false, 0},
	{"SB+dmb.sts", "DMB.STdWR Fre DMB.STdWR Fre", true, 0},
	{"LB+datas", "DpDatadW Rfe DpDatadW Rfe", false, 0},
	{"LB", "PodRW Rfe PodRW Rfe", true, 0},
	{"2+2W+dmb.sts", "DMB.STdWW Coe DMB.STdWW Coe", false, 0},
	{"S+dmb.sy+data", "DMB.SYdWW Rfe DpDatadW Coe", false, 0},
	{"R+dmb.sys", "DMB.SYdWW Coe DMB.SYdWR Fre", false, 0},
	{"CoRR", "", false, 0},
};

struct seen {
	struct mcm_arena a;
	unsigned n, wrong, text;
	bool unique;
	char name[4096][48];
};

static void judge(struct seen *s, const struct cycle *c, const struct aprog *p, unsigned k)
{
	struct mcm_states st;
	char edges[256], text[8192];
	bool shown = false;

	cycle_edges(c, edges, sizeof(edges));
	mcm_arena_reset(&s->a);
	if (aprog_states(p, NULL, &s->a, &st, NULL) < 0)
		return;
	for (unsigned i = 0; i < st.n; i++)
		shown |= cycle_shown(c, p, mcm_states_at(&st, i));
	aprog_litmus(p, NULL, text, sizeof(text));
	s->text += strstr(text, "AArch64 ") == text && strstr(text, " P0 ");
	ok(shown == known[k].allowed && !strcmp(edges, known[k].edges), "%s is %s (%s)", p->name,
	   known[k].allowed ? "allowed" : "forbidden", edges);
}

static bool each(void *ctx, const struct cycle *c)
{
	struct seen *s = ctx;
	struct aprog p;

	if (!cycle_program(c, &p))
		return true;
	for (unsigned k = 0; k + 1 < sizeof(known) / sizeof(known[0]); k++)
		if (!strcmp(p.name, known[k].name))
			judge(s, c, &p, k);
	if (s->n < 4096)
		snprintf(s->name[s->n], sizeof(s->name[0]), "%.47s", p.name);
	s->n++;
	return true;
}

static bool count_only(void *ctx, const struct cycle *c)
{
	++*(uint64_t *)ctx;
	return true;
}

int main(void)
{
	static struct seen s;
	struct cycle_opts o = {.min = 4, .max = 4, .threads = 2, .full = true, .parts = 1};
	uint64_t all = 0, parts = 0, seed = 7;
	unsigned before, good = 0;
	struct cycle c;
	struct aprog p;

	cycle_each(&o, each, &s);
	before = tap_n;
	ok(before == 17, "each of the known ones was met once");
	ok(s.text == before, "programs print as litmus tests");
	o.exclusives = o.atomics = true;
	o.min = 2;
	o.threads = 4;
	cycle_each(&o, count_only, &all);
	for (o.parts = 3; o.part < 3; o.part++)
		cycle_each(&o, count_only, &parts);
	ok(all && all == parts, "parts add up to the whole: %llu", (unsigned long long)all);
	for (unsigned i = 0; i < 100000 && good < 200; i++)
		good += cycle_random(&o, 8, &seed, &c) && c.n == 8 && cycle_program(&c, &p) && p.nthreads >= 2;
	ok(good == 200, "random cycles of 8 edges");
	mcm_arena_free(&s.a);
	return tap_done();
}
