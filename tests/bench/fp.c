/* Floating point and vector programs. Compiled without contraction, so that sums agree everywhere. */
#include "pbench.h"

#include <math.h>
#include <string.h>

static uint64_t bits_of(double d)
{
	uint64_t u;

	memcpy(&u, &d, 8);
	return u;
}

uint64_t bench_nbody(unsigned scale)
{
	enum { N = 5 };
	double x[N][3], v[N][3], m[N];

	for (int k = 0; k < N; k++) {
		m[k] = 1.0 / (k + 1);
		for (int d = 0; d < 3; d++) {
			x[k][d] = (k + 1) * (d == 0 ? 1.5 : d == 1 ? -0.75 : 0.25) + d;
			v[k][d] = 0.01 * (k - d);
		}
	}
	for (unsigned it = 0; it < scale * 15000; it++) {
		for (int i = 0; i < N; i++)
			for (int j = i + 1; j < N; j++) {
				double d[3], r2 = 0.01, mag;

				for (int k = 0; k < 3; k++) {
					d[k] = x[i][k] - x[j][k];
					r2 += d[k] * d[k];
				}
				mag = 0.001 / (r2 * sqrt(r2));
				for (int k = 0; k < 3; k++) {
					v[i][k] -= d[k] * m[j] * mag;
					v[j][k] += d[k] * m[i] * mag;
				}
			}
		for (int i = 0; i < N; i++)
			for (int k = 0; k < 3; k++)
				x[i][k] += 0.001 * v[i][k];
	}
	return bits_of(x[0][0]) ^ bits_of(v[4][2]);
}

uint64_t bench_matmul(unsigned scale)
{
	enum { N = 96 };
	static double a[N][N], b[N][N], c[N][N];

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = i + 0.5 * j;
			b[i][j] = i - 0.25 * j;
		}
	for (unsigned it = 0; it < scale * 8; it++) {
		for (int i = 0; i < N; i++)
			for (int j = 0; j < N; j++) {
				double s = 0;

				for (int k = 0; k < N; k++)
					s += a[i][k] * b[k][j];
				c[i][j] = s;
			}
		a[it % N][0] += c[it % N][1] * 1e-9;
	}
	return bits_of(c[3][5]);
}

uint64_t bench_fft(unsigned scale)
{
	enum { N = 1024 };
	static double re[N], im[N], co[N / 2], si[N / 2];

	/* Twiddle factors by recurrence: no libm differences. */
	co[0] = 1;
	for (int k = 1; k < N / 2; k++) {
		const double c1 = 0.99998117528260110909, s1 = 0.0061358846491544753597;

		co[k] = co[k - 1] * c1 - si[k - 1] * s1;
		si[k] = si[k - 1] * c1 + co[k - 1] * s1;
	}
	for (int k = 0; k < N; k++)
		re[k] = (k * 7919 % 1000) * 0.001;
	for (unsigned it = 0; it < scale * 120; it++)
		for (int len = 2; len <= N; len *= 2)
			for (int i = 0; i < N; i += len)
				for (int j = 0; j < len / 2; j++) {
					int t = j * (N / len), p = i + j, q = p + len / 2;
					double xr = re[q] * co[t] - im[q] * si[t], xi = re[q] * si[t] + im[q] * co[t];

					re[q] = (re[p] - xr) * 0.5;
					im[q] = (im[p] - xi) * 0.5;
					re[p] = (re[p] + xr) * 0.5;
					im[p] = (im[p] + xi) * 0.5;
				}
	return bits_of(re[1] + im[3]);
}

uint64_t bench_convert(unsigned scale)
{
	double s = 0.5;
	float f = 1;
	uint64_t n = 1;

	for (unsigned k = 0; k < scale * 500000; k++) {
		s = s * 0.999 + (double)(int64_t)n;
		n = (uint64_t)(int64_t)(s * 0.75) + k;
		f = (float)s * 0.5f + (float)(int32_t)k;
		n ^= (uint32_t)(int32_t)(f * 0.001f);
		n &= 0xffffff;
	}
	return n ^ bits_of(s);
}

uint64_t bench_saxpy(unsigned scale)
{
	enum { N = 4096 };
	static float x[N], y[N];
	double sum = 0;

	for (int k = 0; k < N; k++) {
		x[k] = (float)k * 0.5f;
		y[k] = (float)(N - k);
	}
	for (unsigned it = 0; it < scale * 1500; it++) {
		float a = (float)(it & 7) * 0.001f;

		for (int k = 0; k < N; k++)
			y[k] = a * x[k] + y[k] * 0.5f;
	}
	for (int k = 0; k < N; k++)
		sum += (double)y[k];
	return bits_of(sum);
}

uint64_t bench_vecadd(unsigned scale)
{
	enum { N = 4096 };
	static uint32_t a[N], b[N], c[N];
	uint64_t sum = 0;

	for (uint32_t k = 0; k < N; k++) {
		a[k] = k * 2654435761u;
		b[k] = ~k;
	}
	for (unsigned it = 0; it < scale * 1500; it++) {
		for (int k = 0; k < N; k++)
			c[k] = (a[k] + b[k]) ^ (c[k] >> 3);
		a[it % N]++;
	}
	for (int k = 0; k < N; k++)
		sum += c[k];
	return sum;
}

uint64_t bench_poly(unsigned scale)
{
	double x = 0.1, s = 0;

	for (unsigned k = 0; k < scale * 300000; k++) {
		double p = 1 + x * (0.5 + x * (0.25 + x * (0.125 + x * (0.0625 + x * 0.03125))));

		s += p / (1 + x * x);
		x = x < 0.9 ? x + 1e-6 : 0.1;
		if (s > 1e6)
			s -= 1e6;
	}
	return bits_of(s);
}
