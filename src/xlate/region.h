/*
 * Regions: units of several blocks, made where an extended block has a branch back.
 * A first pass over the guest code finds the blocks that belong to the loops
 * and what they use; region_plan() chooses the guest registers that
 * stay in host registers throughout; the second pass builds the blocks with
 * their values as nodes at each block's start.
 *
 * A carried slot that the region writes counts as changed from every block's start
 * on, so every exit stores it.
 */
#ifndef PARMA_XLATE_REGION_H
#define PARMA_XLATE_REGION_H

#include "ir/ir.h"

#define REGION_BLOCKS 24
#define REGION_EDGES 16

/* What the front end has walked over. */
struct region {
	uint64_t block[REGION_BLOCKS]; /* pcs where blocks start; the first is only entered from outside */
	unsigned nblocks;
	uint64_t lo, hi;               /* blocks start in this range, the span of the branches back */
	struct {
		uint64_t from, to;
	} back[REGION_EDGES];          /* branches back */
	unsigned nback;
};

struct region_plan {
	uint8_t slot[IR_MAX_SLOTS];
	bool written[IR_MAX_SLOTS];       /* by index into slot[] */
	unsigned n;
	struct {
		bool dead;        /* the block writes the flags before anything can see them */
		uint16_t op;      /* all branches to it leave the flags of this lazy operation; 0: not so */
		uint32_t imm;     /* its immediate */
	} flags[REGION_BLOCKS];
};

/* A branch back in the first block. */
void region_note_back(struct region *g, uint64_t from, uint64_t to);
/* A branch target: becomes a block if it is in range and there is room. */
void region_note_target(struct region *g, uint64_t pc);
bool region_starts(const struct region *g, uint64_t pc);

/* Starts block k; plan NULL: first pass. */
void region_block(struct ir_unit *u, const struct region *g, unsigned k, const struct region_plan *plan);
/* From the unit of the first pass. False: nothing to carry. */
bool region_plan(const struct ir_unit *u, const struct region *g, struct region_plan *p);

#endif
