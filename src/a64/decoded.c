/* See decoded.h. */
#include "a64/decoded.h"

#include <stdlib.h>

#include "mem/access.h"

#define FIRST (DECODED_WORDS + 1) /* place 0 has been overwritten */
#define BLOCK_WORDS (sizeof(struct dblock) / 8 + DECODED_MAX * sizeof(struct dop) / 8) /* at most */
_Static_assert(sizeof(struct dblock) % 8 == 0 && sizeof(struct dop) % 8 == 0, "blocks are whole words of the ring");

#define X(n) conc_fn conc_##n;
A64_OPS(X)
#undef X

static void conc_unallocated(struct vcpu *c, const struct a64_insn *insn) { exc_undef(c); }

static conc_fn *const conc_table[A64_OP_COUNT] = {
	[A64_UNALLOCATED] = conc_unallocated,
#define X(n) [A64_##n] = conc_##n,
	A64_OPS(X)
#undef X
};

conc_fn *decoded_fn(unsigned op) { return conc_table[op]; }

struct decoded *decoded_new(void)
{
	struct decoded *d = calloc(1, sizeof(*d));

	if (d)
		d->next = FIRST;
	return d;
}

/* Room for any block, in one piece. */
static struct dblock *room(struct decoded *d)
{
	if (d->next > UINT32_MAX - 2 * DECODED_WORDS) { /* places would repeat */
		for (unsigned k = 0; k < DECODED_LINES; k++)
			d->line[k].at = 0;
		d->next = FIRST;
	}
	if ((d->next & (DECODED_WORDS - 1)) > DECODED_WORDS - BLOCK_WORDS)
		d->next = (d->next | (DECODED_WORDS - 1)) + 1;
	return decoded_place(d, d->next);
}

const struct dblock *decoded_make(struct vcpu *c, struct dline *l, uint64_t pc)
{
	struct decoded *d = c->decoded;
	unsigned left = (unsigned)(TLB_PAGE - (pc & (TLB_PAGE - 1))) / 4, n = 0;
	uint32_t *code_gen;
	const uint32_t *host = cpu_fetch_page(c, pc, &code_gen);
	struct dblock *b = room(d);

	b->host = host;
	b->code_gen = code_gen;
	b->gen = ld_acq(code_gen);
	b->gen_all = ld_acq(&code_gen_all);
	for (bool end = false; !end && n < left && n < DECODED_MAX; n++) {
		struct dop *o = &b->op[n];

		end = !a64_decode((uint32_t)ram_ld32(host + n), c->feats, &o->insn) || a64_rows[o->insn.op].end;
		o->fn = conc_table[o->insn.op];
	}
	b->n = n;
	b->then = 0;
	l->at = d->next;
	d->next += (uint32_t)((sizeof(*b) + n * sizeof(*b->op)) / 8);
	return b;
}
