/*
 * parma scale --explain: why a built-in workload does not scale, by experiment.
 *
 * For each workload that may lose there are variants of it that tell about a cause that we can think of.  One
 * kind takes the cause away and leaves everything else: if it is the one, what was lost comes back.  The other leaves
 * nothing but the cause: the loss must stay.  Variants run in the same rounds as the workload, so all of them had the same host.
 * `native` is the same lock by threads of the host (scale_native.c): no emulator, so what is lost there is the host's.
 *
 * Only sizes that have a processor for each vCPU are judged: with more of them it is processors that are missing.
 */
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "cli/scale.h"

#define NO_LOSS 0.95  /* of the ideal speed-up, and more: nothing to explain */
#define CONFIRMS 0.5  /* the part of the loss that comes, or stays, with the experiment */

#define LINES "cache lines that move between the processors"
#define ACKS "waiting until the other vCPUs have done the broadcast TLBI"
#define ENDS "beginning and end, which are there once: processes started one after the other"
#define ACROSS "wake-ups and moves from CPU to CPU"
#define LOCK(work) \
	{work, "own", true, LINES, "a lock and data of its own for each vCPU, in lines of its own"}, \
	{work, "line", false, LINES, "a lock of its own for each vCPU, all in the same lines: nobody waits, the lines move"}
#define NATIVE(work) {work, "native", false, LINES, "the same by threads of this host, no emulator"}
#define PROCESSES(work) \
	{work, "long", true, ENDS, "four times as much work"}, {work, "near", true, ACROSS, "each part bound to one CPU of the guest"}
static const struct experiment table[] = {
	LOCK("ticket"), NATIVE("ticket"), LOCK("mcs"), NATIVE("mcs"), LOCK("spin"), NATIVE("spin"), LOCK("barrier"), NATIVE("barrier"),
	LOCK("plain"), NATIVE("plain"),
	{"excl", "own", true, LINES, "a word of its own for each vCPU, in a line of its own"},
	{"excl", "line", false, LINES, "a word of its own for each vCPU, all in one line"},
	{"tlbi", "local", true, ACKS, "TLBI for the own vCPU only, table entries in lines of their own"},
	{"tlbi", "own", false, ACKS, "broadcast TLBI, table entries in lines of their own"},
	{"mmap", "long", true, ENDS, "four times as much work"},
	{"mmap", "procs", true, "the one address space: its lock, which threads wait for", "a process, so an address space, for each CPU"},
	PROCESSES("fork"), PROCESSES("pipe"), PROCESSES("futex"), PROCESSES("grow"), PROCESSES("build"),
};

const struct experiment *scale_experiment(const char *work, unsigned k)
{
	for (unsigned n = 0; n < ARRAY_SIZE(table); n++)
		if (!strcmp(table[n].work, work) && !k--)
			return &table[n];
	return NULL;
}

const struct experiment *scale_experiment_named(const char *name)
{
	const char *dot = strchr(name, '.');

	for (unsigned n = 0; dot && n < ARRAY_SIZE(table); n++)
		if (!strncmp(name, table[n].work, (size_t)(dot - name)) && !table[n].work[dot - name] && !strcmp(dot + 1, table[n].variant))
			return &table[n];
	return NULL;
}

static const struct scale_work *find(const struct scale_data *d, const char *work, const char *variant)
{
	char name[48];

	snprintf(name, sizeof(name), "%s.%s", work, variant);
	for (unsigned k = 0; k < d->nworks; k++)
		if (!strcmp(d->work[k].name, name))
			return &d->work[k];
	return NULL;
}

/* The size that is judged: the largest with a processor for each vCPU; 0: none. */
static unsigned judged(const struct scale_data *d)
{
	unsigned k = d->npoints - 1;

	while (k && d->vcpus[k] > d->host_cpus)
		k--;
	return k;
}

/* By how much the variant's speed-up at size k is above the workload's: the two had the same host in each round, so these are compared. */
static struct estimate gain(const struct scale_data *d, const struct scale_work *w, const struct scale_work *v, unsigned k)
{
	double diff[SCALE_ROUNDS];
	unsigned n = 0;

	for (unsigned r = 0; r < d->nrounds; r++) {
		const struct sample *a = w->sample[r], *b = v->sample[r];

		if (a[0].there && a[k].there && b[0].there && b[k].there && a[0].rate > 0 && b[0].rate > 0)
			diff[n++] = (b[k].rate / b[0].rate - a[k].rate / a[0].rate) * d->vcpus[0];
	}
	return estimate_of(diff, n);
}

/* The loss, what the variant gains (what takes the cause away) or still loses, and what that says. */
static enum verdict judge(double loss, const struct estimate *part, double *share)
{
	double doubt = fmax(0, part->half);

	*share = part->mean / loss;
	if (*share + doubt / loss < CONFIRMS)
		return VERDICT_NO;
	return *share >= CONFIRMS && part->mean > doubt ? VERDICT_YES : VERDICT_UNSURE;
}

bool scale_explain(const struct scale_data *d, const struct scale_work *w, struct explanation *out)
{
	struct point p[SCALE_POINTS], v[SCALE_POINTS];
	const struct experiment *x;
	unsigned k = judged(d);

	*out = (struct explanation){0};
	scale_summarize(d, w, p);
	if (!k || !p[k].rounds)
		return false;
	out->vcpus = p[k].n;
	out->speed = p[k].speed;
	out->no_loss = p[k].speed.mean > NO_LOSS * p[k].n;
	for (unsigned n = 0; (x = scale_experiment(w->name, n)) && out->n < EXPERIMENTS; n++) {
		const struct scale_work *f = find(d, w->name, x->variant);
		struct outcome *o = &out->outcome[out->n];

		if (!f)
			continue;
		scale_summarize(d, f, v);
		if (!v[k].rounds)
			continue;
		*o = (struct outcome){.x = x, .speed = v[k].speed};
		if (!out->no_loss) {
			struct estimate part = x->takes_away ? gain(d, w, f, k) : (struct estimate){p[k].n - v[k].speed.mean, v[k].speed.half};

			o->verdict = judge(p[k].n - p[k].speed.mean, &part, &o->share);
		}
		out->n++;
	}
	return out->n;
}

/* What experiment k's cause has come to, by all experiments for it; VERDICT_NO also where one was told already. */
static enum verdict verdict_of(const struct explanation *e, unsigned k, bool *in_part)
{
	enum verdict best = VERDICT_NO;

	*in_part = false;
	for (unsigned n = 0; n < e->n; n++) {
		if (strcmp(e->outcome[n].x->cause, e->outcome[k].x->cause))
			continue;
		if (n < k)
			return VERDICT_NO;
		best = MAX(best, e->outcome[n].verdict);
		*in_part |= e->outcome[n].verdict == VERDICT_NO;
	}
	return best;
}

static void print_outcome(FILE *f, const struct outcome *o, const struct explanation *e)
{
	fprintf(f, "      %-7s %6.2f", o->x->variant, o->speed.mean);
	if (o->speed.half >= 0)
		fprintf(f, " +-%-5.2f", o->speed.half);
	fprintf(f, "  %s", o->x->what);
	if (!e->no_loss)
		fprintf(f, ": %.0f%% of the loss is %s", 100 * o->share, o->x->takes_away ? "gone" : "still there");
	fputc('\n', f);
}

void scale_print_experiments(const struct scale_data *d, const struct scale_work *w, FILE *f)
{
	struct explanation e;
	bool any = false, in_part;

	if (!scale_explain(d, w, &e))
		return;
	fprintf(f, "    why %.2f at %u vCPUs, by experiment%s\n", e.speed.mean, e.vcpus, e.no_loss ? " (there is nothing to explain)" : "");
	for (unsigned n = 0; n < e.n; n++)
		print_outcome(f, &e.outcome[n], &e);
	for (unsigned n = 0; n < e.n && !e.no_loss; n++) {
		enum verdict v = verdict_of(&e, n, &in_part);

		if (v == VERDICT_NO)
			continue;
		fprintf(f, "      so: %s (%s)\n", e.outcome[n].x->cause,
			v == VERDICT_UNSURE ? "unsure: the intervals meet" : in_part ? "a part of it" : "confirmed");
		any = true;
	}
	if (!any && !e.no_loss)
		fputs("      so: something else\n", f);
}

json_t *scale_explain_json(const struct scale_data *d, const struct scale_work *w)
{
	static const char *const word[] = {"no", "unsure", "yes"};
	struct explanation e;
	json_t *list;

	if (!scale_explain(d, w, &e))
		return NULL;
	list = json_array();
	for (unsigned n = 0; n < e.n; n++) {
		const struct outcome *o = &e.outcome[n];
		json_t *j = json_pack("{s:s,s:s,s:s,s:f}", "variant", o->x->variant, "what", o->x->what, "cause",
					o->x->cause, "speedup", o->speed.mean);

		if (!e.no_loss) {
			json_object_set_new(j, "share", json_real(o->share));
			json_object_set_new(j, "confirms", json_string(word[o->verdict]));
		}
		json_array_append_new(list, j);
	}
	return json_pack("{s:i,s:b,s:o}", "vcpus", (int)e.vcpus, "loss", !e.no_loss, "experiments", list);
}
