/* Text, CSV and JSON of parma scale; see scale.h. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cli/scale.h"

#define MIN_SHARE 0.02 /* causes below are not worth a word */

/* -- summary -- */

/* The values of one point over the rounds in which it and the smallest point are there. */
static unsigned collect(const struct scale_data *d, const struct sample (*s)[SCALE_POINTS], unsigned k, double *rate, double *speed)
{
	unsigned n = 0;

	for (unsigned r = 0; r < d->nrounds; r++)
		if (s[r][k].there && s[r][0].there && s[r][0].rate > 0) {
			rate[n] = s[r][k].rate;
			speed[n++] = s[r][k].rate / s[r][0].rate * d->vcpus[0];
		}
	return n;
}

static void mean_causes(const struct scale_data *d, const struct scale_work *w, unsigned k, struct point *p)
{
	unsigned fair = 0, n = 0;
	double sum;

	for (unsigned r = 0; r < d->nrounds; r++) {
		const struct sample *s = &w->sample[r][k];

		if (!s->there)
			continue;
		if (s->most > 0 && s->least > 0) {
			p->fairness += s->least / s->most;
			fair++;
		}
		sum = 0;
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			sum += s->cause[c];
		if (sum < 0.5)
			continue; /* the guest was gone before it could be asked */
		n++;
		p->fences += s->fences;
		p->retries += s->retries;
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			p->cause[c] += s->cause[c];
	}
	p->fences /= n ? n : 1;
	p->retries /= n ? n : 1;
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		p->cause[c] /= n ? n : 1;
	p->fairness /= fair ? fair : 1;
	p->guest_share = p->cause[CAUSE_user] + p->cause[CAUSE_kernel];
}

void scale_summarize(const struct scale_data *d, const struct scale_work *w, struct point *out)
{
	double rate[SCALE_ROUNDS], speed[SCALE_ROUNDS];

	for (unsigned k = 0; k < d->npoints; k++) {
		struct point *p = &out[k];
		unsigned n;

		*p = (struct point){.n = d->vcpus[k]};
		p->rounds = n = collect(d, w->sample, k, rate, speed);
		p->rate = estimate_of(rate, n);
		p->speed = estimate_of(speed, n);
		p->efficiency = p->speed.mean / p->n;
		mean_causes(d, w, k, p);
		n = collect(d, w->qemu, k, rate, speed);
		if (n) {
			p->qemu_rate = estimate_of(rate, n);
			p->qemu_speed = estimate_of(speed, n);
		}
		/* efficiency = ratio of guest shares x ratio of work per second of guest code */
		if (p->guest_share > 0 && out[0].guest_share > 0)
			p->per_guest_s = p->efficiency / (p->guest_share / out[0].guest_share);
	}
}

void scale_fit(const struct point *p, unsigned k, struct law *amdahl, struct law *usl)
{
	double n[SCALE_POINTS], s[SCALE_POINTS];
	unsigned m = 0;

	for (unsigned i = 0; i < k; i++)
		if (p[i].rounds && p[i].speed.mean > 0) {
			n[m] = p[i].n;
			s[m++] = p[i].speed.mean;
		}
	*amdahl = fit_amdahl(n, s, m);
	*usl = fit_usl(n, s, m);
}

/* -- text -- */

static void print_interval(FILE *f, const struct estimate *v)
{
	if (v->half < 0)
		fprintf(f, "%7.2f        ", v->mean);
	else
		fprintf(f, "%7.2f +-%-5.2f", v->mean, v->half);
}

/* Why point p is short of n times the smallest, largest first. */
static void print_shortfall(FILE *f, const struct point *p, const struct point *base)
{
	bool shown[CAUSE_COUNT] = {0}, any = false;

	if (p->efficiency > 1 - MIN_SHARE || p->guest_share <= 0)
		return;
	fprintf(f, "    %u vCPUs, %.0f%% short:", p->n, 100 * (1 - p->efficiency));
	for (unsigned turn = 0; turn < 4; turn++) {
		unsigned best = CAUSE_COUNT;

		for (unsigned c = CAUSE_kernel + 1; c < CAUSE_COUNT; c++)
			if (!shown[c] && p->cause[c] - base->cause[c] > MIN_SHARE &&
			    (best == CAUSE_COUNT || p->cause[c] - base->cause[c] > p->cause[best] - base->cause[best]))
				best = c;
		if (best == CAUSE_COUNT)
			break;
		shown[best] = true;
		fprintf(f, "%s %.0f%% %s", any ? ";" : "", 100 * (p->cause[best] - base->cause[best]), cause_info[best].help);
		any = true;
	}
	if (p->per_guest_s > 0 && p->per_guest_s < 1 - MIN_SHARE)
		fprintf(f, "%s guest code itself does %.0f%% less a second (it spins, or the host's caches are shared)", any ? ";" : "",
			100 * (1 - p->per_guest_s));
	fputc('\n', f);
}

static void print_causes(FILE *f, const struct point *p, unsigned k)
{
	bool used[CAUSE_COUNT] = {0}, any = false;

	for (unsigned i = 0; i < k; i++)
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			any |= used[c] |= p[i].cause[c] >= 0.005;
	if (!any)
		return;
	fputs("  time  vCPUs", f);
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		if (used[c])
			fprintf(f, " %9s", cause_info[c].name);
	fputc('\n', f);
	for (unsigned i = 0; i < k; i++) {
		fprintf(f, "%13u", p[i].n);
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			if (used[c])
				fprintf(f, " %8.1f%%", 100 * p[i].cause[c]);
		if (p[i].fences > 0 || p[i].retries > 0)
			fprintf(f, "   %.3g fences, %.3g failed store-exclusives a second", p[i].fences, p[i].retries);
		fputc('\n', f);
	}
}

static void print_fit(FILE *f, const struct point *p, unsigned k, unsigned model)
{
	struct law a, u;

	if (k < 2)
		return;
	scale_fit(p, k, &a, &u);
	if (a.sigma > 1)
		fputs("  Amdahl: no law for this, more vCPUs do less.", f);
	else
		fprintf(f, "  Amdahl: serial part %.2f%% (R2 %.3f).", 100 * a.sigma, a.r2);
	if (k > 2) {
		fprintf(f, "  USL: contention %.2f%%, coherency %.3f%% (R2 %.3f)", 100 * u.sigma, 100 * u.kappa, u.r2);
		if (u.peak > 0)
			fprintf(f, ", most throughput at %.0f vCPUs", u.peak);
		fputc('.', f);
	}
	fputc('\n', f);
	if (model <= p[k - 1].n)
		return;
	fputs("  model, not measured:", f);
	for (unsigned n = 2; n <= model; n *= 2)
		if (n > p[k - 1].n) {
			double s = law_speed(k > 2 ? &u : &a, n);

			fprintf(f, "  %u vCPUs %.2f (efficiency %.2f)", n, s, s / n);
		}
	fputc('\n', f);
}

static void print_work(const struct scale_data *d, const struct scale_work *w, FILE *f)
{
	struct point p[SCALE_POINTS];

	scale_summarize(d, w, p);
	fprintf(f, "\n%s\n  vCPUs      %-12s speed-up       efficiency  fairness%s\n", w->name, d->command ? "seconds" : "operations/s",
		d->with_qemu ? "  QEMU speed-up   parma/QEMU" : "");
	for (unsigned k = 0; k < d->npoints; k++) {
		if (!p[k].rounds)
			continue;
		fprintf(f, "%7u  %14.*f  ", p[k].n, d->command ? 3 : 0, d->command ? 1 / p[k].rate.mean : p[k].rate.mean);
		print_interval(f, &p[k].speed);
		fprintf(f, " %9.2f", p[k].efficiency);
		if (p[k].fairness > 0)
			fprintf(f, " %9.2f", p[k].fairness);
		else
			fprintf(f, " %9s", "-");
		if (d->with_qemu && p[k].qemu_rate.mean > 0) {
			fputs("   ", f);
			print_interval(f, &p[k].qemu_speed);
			fprintf(f, " %9.2f", p[k].rate.mean / p[k].qemu_rate.mean);
		}
		fputc('\n', f);
	}
	print_fit(f, p, d->npoints, d->model);
	print_causes(f, p, d->npoints);
	for (unsigned k = 1; k < d->npoints; k++)
		if (p[k].rounds)
			print_shortfall(f, &p[k], &p[0]);
	scale_print_experiments(d, w, f);
}

void scale_print(const struct scale_data *d, FILE *f)
{
	fprintf(f, "%s\n%u processors, %u round%s", d->how, d->host_cpus, d->nrounds, d->nrounds > 1 ? "s; +- is the 95% interval" : "");
	if (d->vcpus[d->npoints - 1] > d->host_cpus)
		fprintf(f, "; sizes above %u share processors", d->host_cpus);
	fputc('\n', f);
	for (unsigned k = 0; k < d->nmain; k++)
		print_work(d, &d->work[k], f);
}

/* -- CSV: one line a workload and size -- */

char *scale_csv(const struct scale_data *d)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("workload,vcpus,rounds,rate,rate_ci95,speedup,speedup_ci95,efficiency,fairness,qemu_rate,qemu_speedup,fences_per_s,retries_per_s", f);
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		fprintf(f, ",%s", cause_info[c].name);
	fputc('\n', f);
	for (unsigned w = 0; w < d->nworks; w++) {
		struct point p[SCALE_POINTS];

		scale_summarize(d, &d->work[w], p);
		for (unsigned k = 0; k < d->npoints; k++) {
			fprintf(f, "%s,%u,%u,%.9g,%.6g,%.6g,%.6g,%.6g,%.6g,%.9g,%.6g,%.6g,%.6g", d->work[w].name, p[k].n, p[k].rounds, p[k].rate.mean,
				fmax(0, p[k].rate.half), p[k].speed.mean, fmax(0, p[k].speed.half), p[k].efficiency, p[k].fairness,
				p[k].qemu_rate.mean, p[k].qemu_speed.mean, p[k].fences, p[k].retries);
			for (unsigned c = 0; c < CAUSE_COUNT; c++)
				fprintf(f, ",%.5f", p[k].cause[c]);
			fputc('\n', f);
		}
	}
	fclose(f);
	return text;
}

/* -- JSON -- */

static json_t *estimate_json(const struct estimate *v)
{
	json_t *o = json_pack("{s:f}", "mean", v->mean);

	if (v->half >= 0)
		json_object_set_new(o, "ci95", json_real(v->half));
	return o;
}

static json_t *law_json(const struct law *l)
{
	return json_pack("{s:f,s:f,s:f,s:f}", "sigma", l->sigma, "kappa", l->kappa, "r2", l->r2, "peak", l->peak);
}

static json_t *point_json(const struct scale_data *d, const struct point *p)
{
	json_t *causes = json_object(), *o;

	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		json_object_set_new(causes, cause_info[c].name, json_real(p->cause[c]));
	o = json_pack("{s:i,s:i,s:o,s:o,s:f,s:f,s:f,s:o}", "vcpus", (int)p->n, "rounds", (int)p->rounds, "rate", estimate_json(&p->rate),
		      "speedup", estimate_json(&p->speed), "efficiency", p->efficiency, "fairness", p->fairness, "work_per_guest_second",
		      p->per_guest_s, "time", causes);
	json_object_set_new(o, "fences_per_s", json_real(p->fences));
	json_object_set_new(o, "retries_per_s", json_real(p->retries));
	if (d->with_qemu) {
		json_object_set_new(o, "qemu_rate", estimate_json(&p->qemu_rate));
		json_object_set_new(o, "qemu_speedup", estimate_json(&p->qemu_speed));
	}
	return o;
}

char *scale_json(const struct scale_data *d)
{
	json_t *works = json_array(), *top;
	char *text;

	for (unsigned w = 0; w < d->nworks; w++) {
		struct point p[SCALE_POINTS];
		json_t *points = json_array(), *work, *why;
		struct law a, u;

		scale_summarize(d, &d->work[w], p);
		scale_fit(p, d->npoints, &a, &u);
		for (unsigned k = 0; k < d->npoints; k++)
			json_array_append_new(points, point_json(d, &p[k]));
		work = json_pack("{s:s,s:s,s:o,s:o,s:o}", "name", d->work[w].name, "unit", d->command ? "1/s" : "operations/s", "points",
				 points, "amdahl", law_json(&a), "usl", law_json(&u));
		why = scale_explain_json(d, &d->work[w]);
		if (why)
			json_object_set_new(work, "why", why);
		json_array_append_new(works, work);
	}
	top = json_pack("{s:s,s:i,s:i,s:o}", "command", d->how, "host_cpus", (int)d->host_cpus, "rounds", (int)d->nrounds, "workloads", works);
	text = json_dumps(top, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	json_decref(top);
	return text;
}
