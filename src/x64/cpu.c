/* See cpu.h. */
#include "x64/cpu.h"

#include <cpuid.h>
#include <stdbool.h>

static uint32_t features;
static bool known;

static uint32_t probe(void)
{
	unsigned a, b, c, d;
	uint32_t f = 0;

	__builtin_cpu_init();
	f |= __builtin_cpu_supports("aes") ? X64_AES : 0;
	f |= __builtin_cpu_supports("pclmul") ? X64_PCLMUL : 0;
	f |= __builtin_cpu_supports("fma") ? X64_FMA : 0;
	if (__get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C)
		f |= X64_F16C;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA)
		f |= X64_SHA;
	return f;
}

void x64_cpu_mask(uint32_t mask)
{
	features = probe() & mask;
	known = true;
}

uint32_t x64_cpu(void)
{
	if (!known)
		x64_cpu_mask(X64_ALL);
	return features;
}
