/*
 * Units that are loops: which guest registers stay in host registers around
 * the loop, found by a first pass over the unit; the second pass builds it
 * with their values at the head as nodes before IR_loop.
 *
 * A carried slot that the loop writes counts as changed from the head on, so
 * every exit stores it; one that it does not carry is stored at each branch back.
 */
#ifndef PARMA_XLATE_LOOP_H
#define PARMA_XLATE_LOOP_H

#include "ir/ir.h"

struct loop_plan {
	uint8_t slot[IR_MAX_SLOTS];
	bool written[IR_MAX_SLOTS]; /* by index into slot[] */
	unsigned n;
	bool flags_dead;            /* the flags are written before anything can see them */
};

/* From a unit built without a plan, whose last branch to its pc is the node `last`. False: nothing to carry. */
bool loop_plan(const struct ir_unit *u, ir_ref last, struct loop_plan *p);
/* The head, in an empty unit. */
void loop_enter(struct ir_unit *u, const struct loop_plan *p);

#endif
