/*
 * The SHA-1, SHA-256 and SHA-512 operations.  FIPS 180-4; Arm ARM SHA1C ..
 * SHA512SU1 (SHA256hash() etc. of the shared pseudocode).
 */
#include "base/bits.h"
#include "ir/vec_priv.h"

static inline uint32_t rol32(uint32_t x, unsigned n) { return ror32(x, 32 - n); }
static inline uint64_t choose(uint64_t x, uint64_t y, uint64_t z) { return (x & (y ^ z)) ^ z; }
static inline uint64_t majority(uint64_t x, uint64_t y, uint64_t z) { return (x & y) | ((x | y) & z); }
static inline uint64_t parity(uint64_t x, uint64_t y, uint64_t z) { return x ^ y ^ z; }

typedef uint64_t sha_fn(uint64_t, uint64_t, uint64_t);

/* Four rounds: abcd in x (a lowest), e in lane 0 of e. */
static inline u128 sha1_rounds(u128 abcd, u128 ve, u128 wk, sha_fn *f)
{
	union vec x = {abcd}, w = {wk};
	uint32_t e = (uint32_t)ve;

	for (unsigned k = 0; k < 4; k++) {
		uint32_t t = e + rol32(x.u32[0], 5) + (uint32_t)f(x.u32[1], x.u32[2], x.u32[3]) + w.u32[k];

		e = x.u32[3];
		x.u32[3] = x.u32[2];
		x.u32[2] = rol32(x.u32[1], 30);
		x.u32[1] = x.u32[0];
		x.u32[0] = t;
	}
	return x.q;
}

u128 c_vsha1c(u128 d, u128 n, u128 m) { return sha1_rounds(d, n, m, choose); }
u128 c_vsha1p(u128 d, u128 n, u128 m) { return sha1_rounds(d, n, m, parity); }
u128 c_vsha1m(u128 d, u128 n, u128 m) { return sha1_rounds(d, n, m, majority); }
u128 c_vsha1h(u128 n) { return rol32((uint32_t)n, 30); }
u128 c_vsha1su0(u128 d, u128 n, u128 m) { return (d >> 64 | n << 64) ^ d ^ m; }

u128 c_vsha1su1(u128 d, u128 n)
{
	union vec x = {d ^ n >> 32};
	uint32_t t = rol32(x.u32[0], 2);

	FOR_LANES(u32, k)
		x.u32[k] = rol32(x.u32[k], 1);
	x.u32[3] ^= t;
	return x.q;
}

/* Four rounds on abcd in *x and efgh in *y (a and e lowest). */
static inline void sha256_rounds(union vec *x, union vec *y, u128 wk)
{
	union vec w = {wk};

	for (unsigned k = 0; k < 4; k++) {
		uint32_t a = x->u32[0], e = y->u32[0];
		uint32_t t = y->u32[3] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) +
			     (uint32_t)choose(e, y->u32[1], y->u32[2]) + w.u32[k];
		uint32_t u = t + (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) +
			     (uint32_t)majority(a, x->u32[1], x->u32[2]);

		t += x->u32[3];
		x->q = x->q << 32 | u;
		y->q = y->q << 32 | t;
	}
}

u128 c_vsha256h(u128 abcd, u128 efgh, u128 wk)
{
	union vec x = {abcd}, y = {efgh};

	sha256_rounds(&x, &y, wk);
	return x.q;
}

u128 c_vsha256h2(u128 efgh, u128 abcd, u128 wk)
{
	union vec x = {abcd}, y = {efgh};

	sha256_rounds(&x, &y, wk);
	return y.q;
}

u128 c_vsha256su0(u128 d, u128 n)
{
	union vec r = {d}, t = {d >> 32 | n << 96};

	FOR_LANES(u32, k)
		r.u32[k] += ror32(t.u32[k], 7) ^ ror32(t.u32[k], 18) ^ t.u32[k] >> 3;
	return r.q;
}

u128 c_vsha256su1(u128 d, u128 n, u128 m)
{
	union vec r = {d}, t0 = {n >> 32 | m << 96}, w = {m >> 64};

	FOR_LANES(u32, k) {
		uint32_t v = k < 2 ? w.u32[k] : r.u32[k - 2];

		r.u32[k] += (ror32(v, 17) ^ ror32(v, 19) ^ v >> 10) + t0.u32[k];
	}
	return r.q;
}

static inline uint64_t sum512_1(uint64_t x) { return ror64(x, 14) ^ ror64(x, 18) ^ ror64(x, 41); }
static inline uint64_t sum512_0(uint64_t x) { return ror64(x, 28) ^ ror64(x, 34) ^ ror64(x, 39); }
static inline uint64_t sig512_0(uint64_t x) { return ror64(x, 1) ^ ror64(x, 8) ^ x >> 7; }
static inline uint64_t sig512_1(uint64_t x) { return ror64(x, 19) ^ ror64(x, 61) ^ x >> 6; }

u128 c_vsha512h(u128 d, u128 n, u128 m)
{
	union vec w = {d}, x = {n}, y = {m}, r;
	uint64_t t;

	r.u64[1] = choose(y.u64[1], x.u64[0], x.u64[1]) + sum512_1(y.u64[1]) + w.u64[1];
	t = r.u64[1] + y.u64[0];
	r.u64[0] = choose(t, y.u64[1], x.u64[0]) + sum512_1(t) + w.u64[0];
	return r.q;
}

u128 c_vsha512h2(u128 d, u128 n, u128 m)
{
	union vec w = {d}, x = {n}, y = {m}, r;

	r.u64[1] = majority(x.u64[0], y.u64[1], y.u64[0]) + sum512_0(y.u64[0]) + w.u64[1];
	r.u64[0] = majority(r.u64[1], y.u64[0], y.u64[1]) + sum512_0(r.u64[1]) + w.u64[0];
	return r.q;
}

u128 c_vsha512su0(u128 d, u128 n)
{
	union vec w = {d};

	w.u64[0] += sig512_0(w.u64[1]);
	w.u64[1] += sig512_0((uint64_t)n);
	return w.q;
}

u128 c_vsha512su1(u128 d, u128 n, u128 m)
{
	union vec w = {d}, x = {n}, y = {m};

	FOR_LANES(u64, k)
		w.u64[k] += sig512_1(x.u64[k]) + y.u64[k];
	return w.q;
}
