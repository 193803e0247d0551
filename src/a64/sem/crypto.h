/* AES, SHA-1, SHA-256, SHA-512 and SHA-3 instructions.  Arm ARM C4.1.96. */
#ifndef PARMA_A64_SEM_CRYPTO_H
#define PARMA_A64_SEM_CRYPTO_H

#include "a64/sem/simd_util.h"

SIMD(AESE, vaese(e, Vd, Vn))
SIMD(AESD, vaesd(e, Vd, Vn))
SIMD(AESMC, vaesmc(e, Vn))
SIMD(AESIMC, vaesimc(e, Vn))

SIMD(SHA1C, vsha1c(e, Vd, Vn, Vm))
SIMD(SHA1P, vsha1p(e, Vd, Vn, Vm))
SIMD(SHA1M, vsha1m(e, Vd, Vn, Vm))
SIMD(SHA1H, vsha1h(e, Vn))
SIMD(SHA1SU0, vsha1su0(e, Vd, Vn, Vm))
SIMD(SHA1SU1, vsha1su1(e, Vd, Vn))
SIMD(SHA256H, vsha256h(e, Vd, Vn, Vm))
SIMD(SHA256H2, vsha256h2(e, Vd, Vn, Vm))
SIMD(SHA256SU0, vsha256su0(e, Vd, Vn))
SIMD(SHA256SU1, vsha256su1(e, Vd, Vn, Vm))
SIMD(SHA512H, vsha512h(e, Vd, Vn, Vm))
SIMD(SHA512H2, vsha512h2(e, Vd, Vn, Vm))
SIMD(SHA512SU0, vsha512su0(e, Vd, Vn))
SIMD(SHA512SU1, vsha512su1(e, Vd, Vn, Vm))

SIMD(EOR3, vxor(e, vxor(e, Vn, Vm), get_v(e, i->ra)))
SIMD(BCAX, vxor(e, Vn, vandn(e, Vm, get_v(e, i->ra))))

/* Each 64-bit lane rotated right by n, which is known here. */
static inline v128 ror_lanes(E *e, v128 a, unsigned n)
{
	return n ? vor(e, vushr(e, a, VI(3, n)), vshl(e, a, VI(3, 64 - n))) : a;
}

SIMD(RAX1, vxor(e, Vn, ror_lanes(e, Vm, 63)))
SIMD(XAR, ror_lanes(e, vxor(e, Vn, Vm), i->imm6))

#endif
