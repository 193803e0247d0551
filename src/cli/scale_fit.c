/* See scale_fit.h. */
#include "cli/scale_fit.h"

#include <math.h>

#include "base/bits.h"

struct estimate estimate_of(const double *v, unsigned k)
{
	/* Two-sided 95% quantiles of t for 1 to 30 degrees of freedom. */
	static const double t95[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
				     2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
				     2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
	double mean = 0, var = 0;

	for (unsigned i = 0; i < k; i++)
		mean += v[i] / k;
	if (k < 2)
		return (struct estimate){mean, -1};
	for (unsigned i = 0; i < k; i++)
		var += (v[i] - mean) * (v[i] - mean) / (k - 1);
	return (struct estimate){mean, (k - 2 < ARRAY_SIZE(t95) ? t95[k - 2] : 1.96) * sqrt(var / k)};
}

double law_speed(const struct law *l, double n) { return n / (1 + l->sigma * (n - 1) + l->kappa * n * (n - 1)); }

static void judge(struct law *l, const double *n, const double *speed, unsigned k)
{
	double mean = 0, total = 0, left = 0;

	for (unsigned i = 0; i < k; i++)
		mean += speed[i] / k;
	for (unsigned i = 0; i < k; i++) {
		total += (speed[i] - mean) * (speed[i] - mean);
		left += (speed[i] - law_speed(l, n[i])) * (speed[i] - law_speed(l, n[i]));
	}
	l->r2 = total > 0 ? 1 - left / total : 1;
	l->peak = l->kappa > 0 && l->sigma < 1 ? sqrt((1 - l->sigma) / l->kappa) : 0;
}

struct law fit_amdahl(const double *n, const double *speed, unsigned k)
{
	double xx = 0, xy = 0;
	struct law l = {0};

	for (unsigned i = 0; i < k; i++) {
		xx += (n[i] - 1) * (n[i] - 1);
		xy += (n[i] - 1) * (n[i] / speed[i] - 1);
	}
	l.sigma = xx > 0 ? fmax(0, xy / xx) : 0;
	judge(&l, n, speed, k);
	return l;
}

struct law fit_usl(const double *n, const double *speed, unsigned k)
{
	double aa = 0, ab = 0, bb = 0, ay = 0, by = 0, det;
	struct law l = {0};

	for (unsigned i = 0; i < k; i++) {
		double a = n[i] - 1, b = n[i] * (n[i] - 1), y = n[i] / speed[i] - 1;

		aa += a * a;
		ab += a * b;
		bb += b * b;
		ay += a * y;
		by += b * y;
	}
	det = aa * bb - ab * ab;
	if (det > 1e-9 * aa * bb) {
		l.sigma = (ay * bb - by * ab) / det;
		l.kappa = (by * aa - ay * ab) / det;
	} else if (aa > 0) { /* two sizes only: contention explains all */
		l.sigma = ay / aa;
	}
	if (l.sigma < 0) {
		l.sigma = 0;
		l.kappa = bb > 0 ? by / bb : 0;
	}
	if (l.kappa < 0) {
		l.kappa = 0;
		l.sigma = aa > 0 ? fmax(0, ay / aa) : 0;
	}
	judge(&l, n, speed, k);
	return l;
}
