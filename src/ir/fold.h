/* Simplification of a pure node while it is built; private to src/ir. */
#ifndef PARMA_IR_FOLD_H
#define PARMA_IR_FOLD_H

#include "ir/ir.h"

/* A node that means the same as *n, or 0 with *n possibly rewritten to a better form. */
ir_ref ir_fold(struct ir_unit *u, struct ir_node *n);
/* An equal node that exists already, or 0. */
ir_ref ir_cse_find(const struct ir_unit *u, const struct ir_node *n);
/* The node as it stands, or an equal one that exists already. */
ir_ref ir_shared(struct ir_unit *u, const struct ir_node *n);

#endif
