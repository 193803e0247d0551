/* The rules of intermediate code (ir.h), checked. */
#include <stdio.h>

#include "ir/ir.h"

static enum ir_type letter_type(char c)
{
	return c == 'Q' || c == 'q' ? T_INT : c == 'V' ? T_VEC : c == 'B' ? T_BOOL : T_FLAGS;
}

const char *ir_verify(const struct ir_unit *u)
{
	static _Thread_local char msg[160];

	for (ir_ref r = 1; r < u->nn; r++) {
		const struct ir_node *n = &u->n[r];
		const struct ir_opinfo *in = ir_info(n->op);

		if (!n->op || n->op == IR_pure_end || n->op >= IR_op_count)
			return "no such operation";
		for (unsigned k = 0; k < in->nops; k++) {
			bool optional = in->ops[k] == 'q';

			if (!n->a[k] && optional)
				continue;
			if (!n->a[k] || n->a[k] >= r) {
				snprintf(msg, sizeof(msg), "node %u (%s): operand %u is not an earlier node", r, in->name, k);
				return msg;
			}
			if (!optional && u->n[n->a[k]].type != letter_type(in->ops[k])) {
				snprintf(msg, sizeof(msg), "node %u (%s): operand %u has the wrong type", r, in->name, k);
				return msg;
			}
		}
		if (n->snap > u->nsnaps)
			return "snapshot out of range";
		if (n->snap) {
			const struct ir_snap *s = &u->snaps[n->snap - 1];

			for (uint32_t k = 0; k < s->n; k++) {
				const struct ir_snapent *e = &u->ents[s->first + k];

				if (!e->ref || e->ref >= r || u->n[e->ref].type != u->slots[e->slot].type) {
					snprintf(msg, sizeof(msg), "node %u (%s): bad snapshot entry %s = %u", r, in->name,
						 u->slots[e->slot].name, e->ref);
					return msg;
				}
			}
		}
	}
	return 0;
}
