/* What the host's processor has, and what of it is used. */
#ifndef PARMA_X64_CPU_H
#define PARMA_X64_CPU_H

#include <stdint.h>

#include "base/err.h"

#define X64_AES (1u << 0)
#define X64_PCLMUL (1u << 1)
#define X64_SHA (1u << 2)
#define X64_FMA (1u << 3)
#define X64_F16C (1u << 4)
/* What lowerings take for granted; x64_supported(). */
#define X64_SSE42 (1u << 26)
#define X64_AVX2 (1u << 27)
#define X64_BMI1 (1u << 28)
#define X64_BMI2 (1u << 29)
#define X64_LZCNT (1u << 30)
#define X64_NEEDED (X64_SSE42 | X64_AVX2 | X64_BMI1 | X64_BMI2 | X64_LZCNT)
#define X64_ALL (~0u)

/* The features to use: those of the host, less what x64_cpu_mask() took away. */
uint32_t x64_cpu(void);
/* Before anything is translated: features outside `mask` are not used (tests, comparisons). */
void x64_cpu_mask(uint32_t mask);
/*
 * A mask from "host" (all), "base" (what is needed) or "none", followed by any number of +FEATURE and -FEATURE:
 * "host-fma-aes", "base+sha". 0, or -1 with e filled.
 */
int x64_cpu_parse(const char *text, uint32_t *mask, struct err *e);

#endif
