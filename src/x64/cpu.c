/* See cpu.h. */
#include "x64/cpu.h"

#include <cpuid.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

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
	f |= __builtin_cpu_supports("sse4.2") ? X64_SSE42 : 0;
	f |= __builtin_cpu_supports("avx2") ? X64_AVX2 : 0;
	f |= __builtin_cpu_supports("bmi") ? X64_BMI1 : 0;
	f |= __builtin_cpu_supports("bmi2") ? X64_BMI2 : 0;
	if (__get_cpuid(0x80000001, &a, &b, &c, &d) && c & bit_LZCNT) /* clang 14 has no name for it */
		f |= X64_LZCNT;
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

static const struct {
	const char *name;
	uint32_t bits;
} names[] = {
	{"aes", X64_AES}, {"pclmul", X64_PCLMUL}, {"sha", X64_SHA}, {"fma", X64_FMA}, {"f16c", X64_F16C}, {"sse4.2", X64_SSE42},
	{"avx2", X64_AVX2}, {"bmi1", X64_BMI1}, {"bmi2", X64_BMI2}, {"lzcnt", X64_LZCNT},
};

static int bad(const char *text, struct err *e)
{
	char list[128] = "";

	for (unsigned k = 0; k < ARRAY_SIZE(names); k++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), " %s", names[k].name);
	return err_set(e, EXIT_USAGE, "host-cpu=%s: give host, base or none, then +FEATURE or -FEATURE; there are%s", text, list);
}

int x64_cpu_parse(const char *text, uint32_t *mask, struct err *e)
{
	size_t n = strcspn(text, "+-");
	const char *p = text + n;

	if (n == 4 && !strncmp(text, "host", n))
		*mask = X64_ALL;
	else if (n == 4 && !strncmp(text, "base", n))
		*mask = X64_NEEDED;
	else if (n == 4 && !strncmp(text, "none", n))
		*mask = 0;
	else
		return bad(text, e);
	while (*p) {
		bool on = *p++ == '+';
		unsigned k = 0;

		n = strcspn(p, "+-");
		while (k < ARRAY_SIZE(names) && (strlen(names[k].name) != n || strncmp(names[k].name, p, n)))
			k++;
		if (k == ARRAY_SIZE(names))
			return bad(text, e);
		*mask = on ? *mask | names[k].bits : *mask & ~names[k].bits;
		p += n;
	}
	return 0;
}
