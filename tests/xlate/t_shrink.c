/*
 * The shrinker on a planted bug: an engine whose EOR (shifted register)
 * is wrong now and then.  Random programs find it, and what is left of them is
 * that instruction (and a loop around it where it takes one), with a vector that the wrong engine fails and the right ones pass.
 */
#include "tests/a64/prog_gen.h"
#include "tests/xlate/prog_shrink.h"

/* The interpreter, but EOR_reg's result is off by one if the second operand is negative. */
static void planted(struct vcpu *c)
{
	while (!(ld_acq(&c->request) & ~REQ_POLL)) {
		struct a64_insn i = {0};
		uint64_t at = c->pc, m = 0;

		if (at >= CASE_CODE && at < CASE_CODE + PROG_CODE_BYTES && !c->el) {
			uint32_t w;

			memcpy(&w, ram(LIT_PA + (at - PROG_LIT)), 4);
			a64_decode(w, c->feats, &i);
			m = i.op == A64_EOR_reg ? c->x[i.EOR_reg.rm] : 0;
		}
		interp_step(c);
		if (i.op == A64_EOR_reg && (int64_t)m < 0 && i.EOR_reg.rd < 31)
			c->x[i.EOR_reg.rd]++;
	}
}

static const struct shrink_pair pair = {.engine = planted};

/* The first difference among random programs. */
static bool find(struct prog_gen *g, struct prog *p, struct case_state *s)
{
	uint16_t ops[PROG_WORDS];
	struct prog_result a, b;

	for (unsigned n = 0; n < 2000; n++) {
		prog_make(g, "logical, registers", p, ops);
		for (unsigned k = 0; k < 4; k++) {
			prog_state(s, p->seed, k);
			if (shrink_differs(&pair, p, s, &a, &b))
				return true;
		}
	}
	return false;
}

/* Does the engine get what the line of the file says? */
static bool replay(const char *line, void (*engine)(struct vcpu *))
{
	struct prog p = {.uses_memory = 1};
	struct case_state in;
	struct prog_result want, got;
	char copy[4096];
	bool good;

	snprintf(copy, sizeof(copy), "%s", line);
	good = vec_parse_program(copy, p.words, PROG_WORDS, &p.n, &in, &want.s, &want.memory);
	if (!good)
		return false;
	world_place(0, &p);
	world_stale();
	world_run(engine, 0, &p, &in, &got);
	return prog_digest(&got) == prog_digest(&want);
}

int main(void)
{
	for (unsigned seed = 1; seed <= 5; seed++) {
		struct prog_gen g = {.rng = seed};
		struct a64_insn i = {0};
		char line[4096] = "";
		struct case_state s;
		struct prog p;
		unsigned before;
		FILE *f = tmpfile();

		if (seed == 1)
			world_new();
		g.feats = world->feats;
		if (!ok(find(&g, &p, &s), "seed %u: the planted bug shows", seed))
			continue;
		before = p.n;
		ok(shrink(&pair, &p, &s), "it shows when the program runs alone");
		for (unsigned k = 0; k < p.n && i.op != A64_EOR_reg; k++)
			a64_decode(p.words[k], world->feats, &i);
		/* alone, or in the shortest loop where it takes a second turn to show */
		ok(p.n <= 6 && i.op == A64_EOR_reg, "%u words became %u, %s among them", before, p.n, a64_rows[i.op].name);
		shrink_report(&pair, &p, &s, f);
		rewind(f);
		ok(fgets(line, sizeof(line), f) && !strncmp(line, "PROGRAM ", 8), "it is saved");
		ok(!replay(line, planted), "the wrong engine fails its vector");
		ok(replay(line, interp_run) && replay(line, jit_run), "the others pass it");
		fclose(f);
	}
	return tap_done();
}
