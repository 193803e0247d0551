/* Intermediate code as text, for -d ir,opt and failing tests. */
#include <inttypes.h>

#include "ir/ir.h"

void ir_print_node(FILE *f, const struct ir_unit *u, ir_ref r)
{
	const struct ir_node *n = &u->n[r];
	const struct ir_opinfo *in = ir_info(n->op);

	fprintf(f, "%5u %c %s%s", r, "-qvbf"[n->type], in->name, n->fl & NF_W32 ? ".w" : "");
	for (unsigned k = 0; k < in->nops; k++) {
		const struct ir_node *o = &u->n[n->a[k]];

		if (!n->a[k])
			continue;
		if (o->op == IR_const)
			fprintf(f, " #%" PRIx64, o->k);
		else
			fprintf(f, " %u", n->a[k]);
	}
	if (n->op == IR_getr)
		fprintf(f, " %s", u->slots[n->imm].name);
	else if (in->imm || n->imm)
		fprintf(f, " imm=%x", n->imm);
	if (n->k || n->op == IR_const)
		fprintf(f, " k=%" PRIx64, n->k);
	if (n->k2)
		fprintf(f, ":%" PRIx64, n->k2);
	if (n->aux)
		fprintf(f, " aux=%x", n->aux);
	if (n->snap) {
		const struct ir_snap *s = &u->snaps[n->snap - 1];

		fprintf(f, "  {pc=%" PRIx64, s->pc);
		for (uint32_t k = 0; k < s->n; k++)
			fprintf(f, " %s=%u", u->slots[u->ents[s->first + k].slot].name, u->ents[s->first + k].ref);
		fputc('}', f);
	}
	fputc('\n', f);
}

void ir_print(FILE *f, const struct ir_unit *u)
{
	for (ir_ref r = 1; r < u->nn; r++)
		ir_print_node(f, u, r);
}
