/* Register names of the three dialects. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "litmus/test.h"

static const char *const x86_names[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "cs",
};

static int small_number(const char *s, size_t n)
{
	int v = 0;

	if (!n || n > 2)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return -1;
		v = v * 10 + s[i] - '0';
	}
	return v;
}

static int arm_number(const char *s, size_t n)
{
	const char *dot = memchr(s, '.', n);
	size_t m = dot ? (size_t)(dot - s) : n;
	int k;

	if (n == 2 && !strncasecmp(s, "SP", 2))
		return LIT_REG_SP;
	if (n == 3 && (!strncasecmp(s, "XZR", 3) || !strncasecmp(s, "WZR", 3)))
		return LIT_REG_ZR;
	if (n == 3 && !strncasecmp(s, "WSP", 3))
		return LIT_REG_SP;
	if (s[0] == '%') { /* symbolic: each name its own register, from the top of the file's own range */
		unsigned h = 0;

		for (size_t i = 1; i < n; i++)
			h = h * 31 + (unsigned char)s[i];
		return LIT_REG_SYM + (int)(h % (LIT_REG_V0 - LIT_REG_SYM));
	}
	k = small_number(s + 1, m - 1);
	switch (s[0] | 32) {
	case 'x':
	case 'w':
		return k >= 0 && k <= 30 && !dot ? k : -1;
	case 'v': case 'q': case 'd': case 's': case 'h': case 'b':
		return k >= 0 && k <= 31 ? LIT_REG_V0 + k : -1;
	default:
		return -1;
	}
}

static int x86_number(const char *s, size_t n)
{
	if (n && (*s == '%')) {
		s++;
		n--;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(x86_names); i++) {
		const char *name = x86_names[i];

		if (strlen(name) == n && !strncasecmp(name, s, n))
			return (int)i;
		if (i < 8 && n == 3 && (s[0] | 32) == 'e' && !strncasecmp(name + 1, s + 1, 2))
			return (int)i;
		if (i < 8 && n == 2 && !strncasecmp(name + 1, s, 2))
			return (int)i;
		if (i < 4 && n == 2 && (s[0] | 32) == name[1] && (s[1] | 32) == 'l')
			return (int)i;
	}
	return -1;
}

int lit_reg_number(enum lit_arch arch, const char *name, size_t len)
{
	return arch == LIT_AARCH64 ? arm_number(name, len) : x86_number(name, len);
}

const char *lit_reg_name(enum lit_arch arch, unsigned reg, char *buf)
{
	if (arch == LIT_AARCH64) {
		if (reg == LIT_REG_SP || reg == LIT_REG_ZR)
			snprintf(buf, 16, "%s", reg == LIT_REG_SP ? "SP" : "XZR");
		else
			snprintf(buf, 16, "%c%u", reg >= LIT_REG_V0 ? 'V' : 'X', reg >= LIT_REG_V0 ? reg - LIT_REG_V0 : reg);
		return buf;
	}
	snprintf(buf, 16, "%s", reg < ARRAY_SIZE(x86_names) ? x86_names[reg] : "?");
	if (arch == LIT_X86) {
		for (char *p = buf; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		if (buf[0] == 'R')
			buf[0] = 'E';
	}
	return buf;
}
