/*
 * Regions: units made of a loop of several blocks (flow.h), entered at its head.
 * A first pass over the guest code finds what the blocks use; region_plan()
 * chooses, for each loop inside, the guest registers that stay in host registers throughout;
 * the second pass builds the blocks with their values as nodes at each block's start.
 *
 * Block 0 is the way in: it loads what the head wants in registers and goes there.  A carried slot that the
 * region writes anywhere counts as changed from every block's start on, so every exit stores it.
 */
#ifndef PARMA_XLATE_REGION_H
#define PARMA_XLATE_REGION_H

#include "ir/ir.h"
#include "xlate/flow.h"

#define REGION_BLOCKS (FLOW_MAX_STARTS + 1)
#define REGION_CARRY 18 /* slots at most, of both kinds */

struct region {
	const struct flow *f;
	uint64_t block[REGION_BLOCKS]; /* pcs where blocks start; the first is the way in */
	uint8_t loop[REGION_BLOCKS];   /* the smallest of f->loop[] around each */
	unsigned nblocks;
};

/* What the blocks of a loop, less those of loops inside, start with in registers. */
struct region_layout {
	unsigned n;
	struct {
		uint8_t slot, reg; /* reg: index in the back end's order */
		bool written;
	} c[REGION_CARRY];
};

struct region_plan {
	struct region_layout loop[FLOW_MAX_LOOPS];
	struct region_flags {
		bool dead;        /* the block writes the flags before anything can see them */
		bool used;        /* it reads them */
		uint16_t op;      /* the block uses them, and all branches to it leave those of this lazy operation; 0: not so */
		uint32_t imm;     /* its immediate */
		bool in_slot;     /* its first operand is always the value of a carried slot */
		uint8_t slot;
		bool is_const;    /* its second operand is always k */
		uint64_t k;
	} flags[REGION_BLOCKS];
};

void region_init(struct region *g, const struct flow *f, uint64_t page_pc);

/* Starts block k; plan NULL: first pass. */
void region_block(struct ir_unit *u, const struct region *g, unsigned k, const struct region_plan *plan);
/* From the unit of the first pass. */
void region_plan(const struct ir_unit *u, const struct region *g, struct region_plan *p);

#endif
