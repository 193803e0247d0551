/* The litmus assembler against recorded words of the GNU assembler, and its complaints. */
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "litmus/asm.h"

static void recorded(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[160];
	unsigned n = 0, bad = 0;

	if (!f) {
		ok(false, "%s can be read", path);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		struct asm_in in = {.pc = 0x1000};
		uint32_t words[ASM_MAX_WORDS] = {0};
		const char *why = "";
		char *text;
		uint32_t want;
		int k;

		line[strcspn(line, "\n")] = 0;
		if (*line == '#')
			continue;
		want = (uint32_t)strtoul(line, &text, 16);
		in.text = text;
		k = asm_line(&in, words, &why);
		n++;
		if (k != 1 || words[0] != want) {
			bad++;
			printf("#%s: %d words, %08x, want %08x %s\n", text, k, words[0], want, k < 0 ? why : "");
		}
	}
	fclose(f);
	ok(n > 150 && !bad, "%u instructions as the GNU assembler has them, %u differ", n, bad);
}

static void refused(const char *text, const char *want)
{
	struct asm_in in = {.text = text};
	uint32_t words[ASM_MAX_WORDS];
	const char *why = "";
	int k = asm_line(&in, words, &why);

	if (!ok(k < 0 && !strcmp(why, want), "'%s' is refused", text))
		printf("# %d: %s\n", k, why);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	struct asm_in in = {.text = "MOV X1,#0x123456789abcdef0"};
	uint32_t words[ASM_MAX_WORDS];
	const char *why;

	snprintf(path, sizeof(path), "%s/tests/litmus/asm.txt", top ? top : ".");
	recorded(path);
	ok(asm_line(&in, words, &why) == 4, "a pattern that needs four instructions");
	refused("FROB X1,X2", "unknown instruction");
	refused("LDR W1,[X2", "']' expected");
	refused("LDR W1,[X2,#99999]", "operand out of range");
	refused("ADD W1 W2,W3", "',' expected between operands");
	refused("AND W1,W2,#5", "the immediate is no bitmask");
	refused("DMB WHAT", "unknown barrier option");
	refused("STR W1,[W2]", "malformed base register");
	refused("LDR X32,[X1]", "operands do not fit the instruction");
	refused("ADD W1,W2,W3,W4,W5,W6,W7", "too many operands");
	return tap_done();
}
