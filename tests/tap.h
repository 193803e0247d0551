/*
 * TAP for the unit tests, in one header: ok(), is_u64(), plan at the end with
 * tap_done().  The one word "SKIP" form is tap_skip().
 */
#ifndef PARMA_TESTS_TAP_H
#define PARMA_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned tap_n __attribute__((unused)), tap_failed __attribute__((unused));

__attribute__((unused, format(printf, 2, 3))) static bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", good ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		tap_failed++;
	return good;
}

__attribute__((unused)) static bool is_u64(uint64_t got, uint64_t want, const char *what)
{
	bool good = ok(got == want, "%s", what);

	if (!good)
		printf("#   got 0x%" PRIx64 ", want 0x%" PRIx64 "\n", got, want);
	return good;
}

__attribute__((unused)) static void tap_skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%u\n", tap_n);
	return tap_failed ? 1 : 0;
}

#endif
