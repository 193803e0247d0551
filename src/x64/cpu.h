/* What the host's processor has beyond the baseline of x64_supported(). */
#ifndef PARMA_X64_CPU_H
#define PARMA_X64_CPU_H

#include <stdint.h>

#define X64_AES (1u << 0)
#define X64_PCLMUL (1u << 1)
#define X64_SHA (1u << 2)
#define X64_FMA (1u << 3)
#define X64_F16C (1u << 4)
#define X64_ALL (~0u)

/* The features to use: those of the host, less what x64_cpu_mask() took away. */
uint32_t x64_cpu(void);
/* Before anything is translated: features outside `mask` are not used (tests, comparisons). */
void x64_cpu_mask(uint32_t mask);

#endif
