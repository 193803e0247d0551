/*
 * The picture of parma scale: a row for each workload, at the left speed-up
 * over vCPUs (measured with its interval, ideal, USL's curve, QEMU), at the right
 * the vCPUs' time by cause as stacked bars.  Plain SVG 1.1, no scripts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cli/scale.h"

#define ROW 250.0
#define PLOT_W 330.0
#define PLOT_H 180.0
#define LEFT 60.0
#define RIGHT 470.0
#define WIDTH 980

/* One colour a cause, in the order of account.def. */
const char *const scale_colour[CAUSE_COUNT] = {
	"#2b83ba", "#5ab4d6", "#1a9850", "#a6d96a", "#8073ac", "#b2abd2", "#f1a340",
	"#d7301f", "#f768a1", "#990000", "#fdae61", "#fee08b", "#d9d9d9", "#f0f0f0",
};

struct frame {
	FILE *f;
	double x, y;       /* of the lower left corner */
	double nmax, smax; /* ends of the axes */
};

static double px(const struct frame *a, double n) { return a->x + PLOT_W * n / a->nmax; }
static double py(const struct frame *a, double s) { return a->y - PLOT_H * fmin(s, a->smax) / a->smax; }

static void label(FILE *f, double x, double y, const char *anchor, const char *fmt, double v)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	fprintf(f, fmt[0] == 'i' ? "%.0f" : fmt[0] == 'p' ? "%.0f%%" : "%.1f", v);
	fputs("</text>\n", f);
}

/* Text from a command line. */
static void escaped(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			fputs("&amp;", f);
		else if (*s == '<')
			fputs("&lt;", f);
		else if (*s == '>')
			fputs("&gt;", f);
		else if ((unsigned char)*s >= ' ')
			fputc(*s, f);
	}
}

static void axes(const struct frame *a, const struct point *p, unsigned k)
{
	double step = a->smax <= 4 ? 1 : pow(2, floor(log2(a->smax / 2)));

	fprintf(a->f, "<path d=\"M%.1f %.1fv%.1fh%.1f\" class=\"axis\"/>\n", a->x, a->y - PLOT_H, PLOT_H, PLOT_W);
	for (double s = step; s <= a->smax + 1e-9; s += step) {
		label(a->f, a->x - 6, py(a, s) + 4, "end", "i", s);
		fprintf(a->f, "<path d=\"M%.1f %.1fh%.1f\" class=\"grid\"/>\n", a->x, py(a, s), PLOT_W);
	}
	for (unsigned i = 0; i < k; i++)
		label(a->f, px(a, p[i].n), a->y + 15, "middle", "i", p[i].n);
}

static void curve_law(const struct frame *a, const struct law *l, const char *class)
{
	fprintf(a->f, "<polyline class=\"%s\" points=\"", class);
	for (unsigned i = 0; i <= 60; i++) {
		double n = 1 + (a->nmax - 1) * i / 60.0;

		fprintf(a->f, "%.1f,%.1f ", px(a, n), py(a, law_speed(l, n)));
	}
	fputs("\"/>\n", a->f);
}

/* A bar with caps; where it leaves the plot it has none. */
static void interval(const struct frame *a, double n, const struct estimate *s, const char *class)
{
	double lo = fmax(0, s->mean - s->half), hi = fmin(a->smax, s->mean + s->half), x = px(a, n);

	fprintf(a->f, "<path d=\"M%.1f %.1fV%.1f\" class=\"%s\"/>\n", x, py(a, lo), py(a, hi), class);
	if (lo > 0)
		fprintf(a->f, "<path d=\"M%.1f %.1fh8\" class=\"%s\"/>\n", x - 4, py(a, lo), class);
	if (hi < a->smax)
		fprintf(a->f, "<path d=\"M%.1f %.1fh8\" class=\"%s\"/>\n", x - 4, py(a, hi), class);
}

static void curve_points(const struct frame *a, const struct point *p, unsigned k, bool qemu)
{
	fprintf(a->f, "<polyline class=\"%s\" points=\"", qemu ? "qemu" : "parma");
	for (unsigned i = 0; i < k; i++) {
		const struct estimate *s = qemu ? &p[i].qemu_speed : &p[i].speed;

		if (p[i].rounds && s->mean > 0)
			fprintf(a->f, "%.1f,%.1f ", px(a, p[i].n), py(a, s->mean));
	}
	fputs("\"/>\n", a->f);
	for (unsigned i = 0; i < k; i++) {
		const struct estimate *s = qemu ? &p[i].qemu_speed : &p[i].speed;

		if (!p[i].rounds || s->mean <= 0)
			continue;
		fprintf(a->f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"%s-dot\"/>\n", px(a, p[i].n), py(a, s->mean), qemu ? "qemu" : "parma");
		if (s->half > 0)
			interval(a, p[i].n, s, qemu ? "qemu" : "parma");
	}
}

static void bars(FILE *f, const struct point *p, unsigned k, double y)
{
	double width = fmin(48, PLOT_W / (k + 1) * 0.8);

	fprintf(f, "<path d=\"M%.1f %.1fv%.1fh%.1f\" class=\"axis\"/>\n", RIGHT, y - PLOT_H, PLOT_H, PLOT_W);
	for (unsigned v = 0; v <= 100; v += 25)
		label(f, RIGHT - 6, y - PLOT_H * v / 100 + 4, "end", "p", v);
	for (unsigned i = 0; i < k; i++) {
		double x = RIGHT + PLOT_W * (i + 1) / (k + 1), top = y;

		label(f, x, y + 15, "middle", "i", p[i].n);
		for (unsigned c = 0; c < CAUSE_COUNT; c++) {
			double h = PLOT_H * p[i].cause[c];

			if (h < 0.05)
				continue;
			top -= h;
			fprintf(f, "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\" fill=\"%s\"><title>%s %.1f%%</title></rect>\n",
				x - width / 2, top, width, h, scale_colour[c], cause_info[c].help, 100 * p[i].cause[c]);
		}
	}
}

/* In the order of the stack, top to bottom. */
static void legend(FILE *f, double y)
{
	for (unsigned c = 0; c < CAUSE_COUNT; c++) {
		double at = y + 15 * (CAUSE_COUNT - 1 - c);

		fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\" fill=\"%s\" stroke=\"#888\" stroke-width=\"0.4\"/>"
			   "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
			RIGHT + PLOT_W + 25, at, scale_colour[c], RIGHT + PLOT_W + 40, at + 9, cause_info[c].name);
	}
}

static void laws(FILE *f, const struct scale_data *d, const struct law *amdahl, const struct law *usl, double y)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"fit\">", LEFT + 90, y + 26);
	if (amdahl->sigma > 1)
		fputs("Amdahl: no law for this", f);
	else
		fprintf(f, "Amdahl: serial %.2f%%", 100 * amdahl->sigma);
	if (d->npoints > 2)
		fprintf(f, "; USL: contention %.2f%%, coherency %.3f%%", 100 * usl->sigma, 100 * usl->kappa);
	fputs("</text>\n", f);
}

static void row(const struct scale_data *d, const struct scale_work *w, FILE *f, double y)
{
	struct point p[SCALE_POINTS];
	unsigned last = d->vcpus[d->npoints - 1];
	struct frame a = {f, LEFT, y + PLOT_H + 40, last > d->model ? last : d->model, 1.1};
	struct law amdahl, usl;

	scale_summarize(d, w, p);
	scale_fit(p, d->npoints, &amdahl, &usl);
	for (unsigned k = 0; k < d->npoints; k++)
		a.smax = fmax(a.smax, fmax(p[k].speed.mean + fmax(0, p[k].speed.half), p[k].qemu_speed.mean) * 1.1);
	if (d->model > last)
		a.smax = fmax(a.smax, a.nmax);
	a.smax = fmin(fmax(a.smax, fmin(d->host_cpus, a.nmax) * 1.1), a.nmax * 1.5 + 0.5);
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"name\">%s</text>\n", LEFT, y + 26, w->name);
	axes(&a, p, d->npoints);
	double ideal = fmin(a.nmax, a.smax);

	fprintf(f, "<path d=\"M%.1f %.1fL%.1f %.1f\" class=\"ideal\"/>\n", px(&a, 0), py(&a, 0), px(&a, ideal), py(&a, ideal));
	if (d->model > last) {
		label(f, px(&a, d->model), a.y + 15, "middle", "i", d->model);
		fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">beyond %u: model, not measured</text>\n", px(&a, a.nmax), a.y - 8, last);
	}
	curve_law(&a, &amdahl, "amdahl");
	if (d->npoints > 2)
		curve_law(&a, &usl, "usl");
	laws(f, d, &amdahl, &usl, y);
	if (d->with_qemu)
		curve_points(&a, p, d->npoints, true);
	curve_points(&a, p, d->npoints, false);
	bars(f, p, d->npoints, y + PLOT_H + 40);
	legend(f, y + 40);
}

char *scale_svg(const struct scale_data *d)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" font-family=\"sans-serif\" font-size=\"11\">\n"
		   "<style>.axis{fill:none;stroke:#000}.grid{stroke:#ddd}.ideal{stroke:#888;stroke-dasharray:4 3}"
		   ".amdahl{fill:none;stroke:#7b3294;stroke-dasharray:6 3}.usl{fill:none;stroke:#2ca25f;stroke-dasharray:2 2}.fit{fill:#555}.parma{fill:none;stroke:#08519c;stroke-width:1.6}"
		   ".qemu{fill:none;stroke:#d95f0e}.parma-dot{fill:#08519c}.qemu-dot{fill:#d95f0e}.name{font-size:14px;font-weight:bold}</style>\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"10\" y=\"18\">",
		WIDTH, 50 + ROW * d->nmain);
	escaped(f, d->how);
	fprintf(f, "  (%u processors, %u round%s)</text>\n"
		   "<text x=\"10\" y=\"34\">left: speed-up over vCPUs, bars are 95%% intervals; dashed grey: ideal, dashed purple: Amdahl's law%s%s. "
		   "right: the vCPUs' time</text>\n",
		d->host_cpus, d->nrounds, d->nrounds > 1 ? "s" : "", d->npoints > 2 ? ", dotted green: Universal Scalability Law" : "",
		d->with_qemu ? ", orange: QEMU" : "");
	for (unsigned k = 0; k < d->nmain; k++)
		row(d, &d->work[k], f, 30 + ROW * k);
	fputs("</svg>\n", f);
	fclose(f);
	return text;
}
