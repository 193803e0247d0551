/* What the parts of litmus/build.c share. */
#ifndef PARMA_LITMUS_BUILD_PRIV_H
#define PARMA_LITMUS_BUILD_PRIV_H

#include "base/bits.h"
#include "litmus/build.h"
#include "litmus/emit.h"

/* Places within a thread's part of the code area. */
enum { VECTORS = 0x4000, LOOP = 0x8000, POOL = 0xc000, FAULTED = 0xd000, ROOM = 0x800 /* of the loop, behind the test */ };

enum { H_REC, H_OUT, H_N, H_T, H_U, NHARNESS };

struct build {
	const struct lit_model *m;
	const struct lit_build_opts *o;
	struct lit_image *img;
	unsigned t;
	uint32_t used, vused;      /* registers that the thread mentions */
	bool exclusives;
	unsigned h[NHARNESS];      /* the loop's own registers */
	struct lit_code *c;
	struct emit e;
	char text[32];             /* of a branch being made */
	u128 pool[32];             /* initial vector registers */
	unsigned npool;
};

static inline uint64_t build_area(unsigned thread) { return GANG_CODE + thread * LIT_STRIDE; }
/* build_regs.c */

/* Registers named by an instruction; too many rather than too few. */
void build_mention(struct build *b, uint32_t w);
/* The loop's own registers: five that the thread leaves free. */
int build_pick(struct build *b, struct err *e);
/* What a constant is in the guest's memory; false: an address that differs between instances. */
bool build_constant(const struct build *b, const struct lit_val *v, uint64_t *out);
/* NULL: zero. */
const struct lit_reginit *build_init_of(const struct build *b, unsigned reg);
/* Code that sets all registers to their initial values, and flags to zero where the thread may look at them. */
int build_init_registers(struct build *b, struct err *e);
void build_init_flags(struct build *b);

/* build_start.c: what is not in every turn of the loop */

void build_preload(struct build *b);
/* Where the record has a word for it: the barrier, and a delay. */
void build_barrier(struct build *b);

#endif
