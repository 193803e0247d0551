/*
 * The numbers of parma scale: means with confidence intervals, and the two
 * laws that a curve of speed-ups is compared with.
 *
 * Amdahl:  S(n) = n / (1 + sigma (n-1))
 * USL:     S(n) = n / (1 + sigma (n-1) + kappa n (n-1))     (Gunther)
 *
 * Both are linear in their parameters after y = n/S(n) - 1, and are fitted
 * there by least squares with parameters not below 0.  Pure functions.
 */
#ifndef PARMA_CLI_SCALE_FIT_H
#define PARMA_CLI_SCALE_FIT_H

struct estimate {
	double mean, half; /* 95% interval is mean +- half; half < 0: one value only */
};
/* Student's t over k values. */
struct estimate estimate_of(const double *v, unsigned k);

struct law {
	double sigma, kappa; /* contention, coherency; kappa is 0 with Amdahl */
	double r2;           /* of the speed-ups; 1: all on the curve */
	double peak;         /* n at which USL's curve turns down; 0: never */
};
/* k points (n[i], speed[i]), at least one with n > 1 (else all zero). */
struct law fit_amdahl(const double *n, const double *speed, unsigned k);
struct law fit_usl(const double *n, const double *speed, unsigned k);
double law_speed(const struct law *l, double n);

#endif
