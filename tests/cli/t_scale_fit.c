/* The laws of parma scale: exact on curves of their own kind, bounded on noise. */
#include <math.h>

#include "cli/scale_fit.h"
#include "tests/tap.h"

static const double n[] = {1, 2, 4, 8, 16, 32};
#define K 6

static bool near(double a, double b, double eps) { return fabs(a - b) <= eps; }

int main(void)
{
	double s[K], one[] = {3}, few[] = {10, 12, 14};
	struct law truth = {.sigma = 0.05, .kappa = 0.002}, l;
	struct estimate e;

	for (unsigned k = 0; k < K; k++)
		s[k] = law_speed(&truth, n[k]);
	l = fit_usl(n, s, K);
	ok(near(l.sigma, 0.05, 1e-9) && near(l.kappa, 0.002, 1e-9) && near(l.r2, 1, 1e-9), "USL finds its own parameters");
	ok(near(l.peak, sqrt(0.95 / 0.002), 1e-6), "and its peak");
	truth.kappa = 0;
	for (unsigned k = 0; k < K; k++)
		s[k] = law_speed(&truth, n[k]);
	l = fit_amdahl(n, s, K);
	ok(near(l.sigma, 0.05, 1e-9) && l.kappa == 0 && near(l.r2, 1, 1e-9), "Amdahl finds its own serial part");
	l = fit_usl(n, s, K);
	ok(near(l.sigma, 0.05, 1e-9) && near(l.kappa, 0, 1e-9) && l.peak == 0, "USL on Amdahl's curve: no coherency, no peak");
	for (unsigned k = 0; k < K; k++)
		s[k] = n[k] * 1.1; /* better than linear */
	l = fit_usl(n, s, K);
	ok(l.sigma >= 0 && l.kappa >= 0, "parameters stay above 0 on superlinear curves");
	for (unsigned k = 0; k < K; k++)
		s[k] = 1 / n[k];
	l = fit_usl(n, s, K);
	ok(l.sigma >= 0 && l.kappa > 0 && isfinite(l.r2), "and finite on collapsing ones");
	l = fit_usl(n, s, 1);
	ok(l.sigma == 0 && l.kappa == 0, "one point: nothing");
	l = fit_usl(n, s, 2);
	ok(l.kappa == 0 && l.sigma > 0, "two points: contention only");
	e = estimate_of(one, 1);
	ok(e.mean == 3 && e.half < 0, "one value has no interval");
	e = estimate_of(few, 3);
	ok(near(e.mean, 12, 1e-12) && near(e.half, 4.303 * 2 / sqrt(3), 1e-3), "three values: Student's t");
	return tap_done();
}
