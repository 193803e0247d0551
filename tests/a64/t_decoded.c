/* Where decoded blocks are kept (a64/decoded.h): what is found is current, whatever has been overwritten since. */
#include "a64/decoded.h"
#include "tests/a64/cpu.h"

#define NOP 0xd503201fu
#define RET 0xd65f03c0u

static struct vcpu *c;

static const uint32_t *host_of(uint64_t pc)
{
	uint32_t *code_gen;

	return cpu_fetch_page(c, pc, &code_gen);
}

static const struct dblock *find(uint64_t pc)
{
	const uint32_t *host = host_of(pc);

	return decoded_find(c->decoded, decoded_line(c->decoded, host), host);
}

static const struct dblock *make(uint64_t pc) { return decoded_make(c, decoded_line(c->decoded, host_of(pc)), pc); }

int main(void)
{
	const struct dblock *b;
	uint32_t *code_gen;
	uint64_t n = 0;

	c = make_cpus("max", 1);
	c->decoded = decoded_new();
	poke32(CODE, NOP);
	poke32(CODE + 4, NOP);
	poke32(CODE + 8, RET);
	ok(!find(CODE), "nothing is there at first");
	b = make(CODE);
	ok(b->n == 3 && b->op[2].insn.op == A64_RET, "a block goes up to its branch");
	ok(find(CODE) == b && !find(CODE + 4), "it is found by its first word");
	cpu_fetch_page(c, CODE, &code_gen);
	at_add(code_gen, 1);
	ok(!find(CODE), "not when the page has changed");
	b = make(CODE);
	ok(find(CODE) == b, "made anew it is");
	while (find(CODE) == b && n < 2 * DECODED_WORDS)
		n += make(CODE + 4)->n;
	ok(!find(CODE) && find(CODE + 4) && n < DECODED_WORDS, "it is overwritten when its turn comes");
	c->decoded->next = UINT32_MAX - DECODED_WORDS;
	b = make(CODE);
	ok(find(CODE) == b && !find(CODE + 4), "places do not repeat");
	for (n = 0; n < 100; n++)
		make(CODE + 4 * (n & 1));
	ok(find(CODE) && find(CODE + 4), "and go on");
	return tap_done();
}
