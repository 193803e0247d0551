/*
 * How the threads of an instance come to start it at about the same time: touches of locations, barriers and delays, for records
 * that ask for them.
 */
#include <stdio.h>

#include "litmus/build_priv.h"

/* Draws of the host: load a location, or write it (by adding nothing to its first byte), before it all begins. */
void build_preload(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U], skip;
	char insn[16];

	emit(&b->e, "ldr w%u, [x%u, #%d]", u, b->h[H_REC], REC_TOUCH);
	skip = emit_hole(&b->e);
	for (unsigned k = 0; k < MIN(b->c->nptrs, 16u); k++) {
		unsigned r = b->c->ptr[k].reg;

		if (r == LIT_REG_SP || b->c->ptr[k].loc == LIT_PTR_CODE)
			continue;
		emit(&b->e, "tbz w%u, #%u, .+8", u, 2 * k);
		emit(&b->e, "ldrb w%u, [x%u]", t, r);
		emit(&b->e, "tbz w%u, #%u, .+8", u, 2 * k + 1);
		emit(&b->e, "ldaddb wzr, w%u, [x%u]", t, r);
	}
	snprintf(insn, sizeof(insn), "cbz w%u,", u);
	emit_patch(&b->e, skip, insn);
}

/*
 * Waits until `leave` holds of the word that T points to: a branch out of the
 * loop after the load.  Looks often, yields only where there are more
 * vCPUs than CPUs, and not for ever: where the others are not running at all (a
 * busy host), this thread goes on without them, a legal start of the test.
 */
static void spin(struct build *b, const char *test, const char *leave)
{
	enum { LOOKS = 12, ROUNDS = 128, YIELDS = 64 };
	unsigned top, per = *test ? 3 : 2, end = b->o->crowded ? 4 : 3;

	emit(&b->e, "mov x%u, #%u", b->h[H_N], (unsigned)(b->o->crowded ? YIELDS : ROUNDS));
	top = b->e.n;
	for (unsigned k = 0; k < LOOKS; k++) {
		unsigned left = (LOOKS - 1 - k) * per + end; /* words from the branch to behind the loop */

		emit(&b->e, "ldr x%u, [x%u]", b->h[H_U], b->h[H_T]);
		if (*test)
			emit(&b->e, "%s", test);
		emit(&b->e, "%s .+%u", leave, left * 4);
	}
	if (b->o->crowded)
		emit_word(&b->e, 0xd503203f); /* YIELD */
	emit(&b->e, "sub x%u, x%u, #1", b->h[H_N], b->h[H_N]);
	snprintf(b->text, sizeof(b->text), "cbnz x%u,", b->h[H_N]);
	emit_branch(&b->e, b->text, top);
}

static void barrier_user(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U], fork, end;
	char leave[32], insn[32];

	snprintf(leave, sizeof(leave), "cbnz x%u,", u);
	fork = emit_hole(&b->e);
	spin(b, "", leave);
	end = emit_hole(&b->e);
	snprintf(insn, sizeof(insn), "tbnz x%u, #0,", t);
	emit_patch(&b->e, fork, insn);
	emit(&b->e, "mov x%u, #1", u);
	emit(&b->e, "stur x%u, [x%u, #-1]", u, t);
	emit_patch(&b->e, end, "b");
	if (b->o->barrier == BARRIER_USERFENCE)
		emit(&b->e, "dmb sy");
}

static void barrier_all(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U];
	char test[32];

	emit(&b->e, "and x%u, x%u, #-2", t, t);
	emit(&b->e, "mov x%u, #1", u);
	emit(&b->e, "ldaddal x%u, x%u, [x%u]", u, u, t);
	snprintf(test, sizeof(test), "cmp x%u, #%u", u, b->m->t->nthreads);
	spin(b, test, "b.eq");
}

static void barrier_timebase(struct build *b)
{
	unsigned t = b->h[H_T], u = b->h[H_U];
	char leave[32];

	snprintf(leave, sizeof(leave), "cbnz x%u,", u);
	emit(&b->e, "tbz x%u, #0, .+20", t);
	emit_mrs(&b->e, EMIT_CNTVCT_EL0, u);
	emit(&b->e, "add x%u, x%u, #%u", u, u, b->o->timebase);
	emit(&b->e, "sub x%u, x%u, #1", t, t);
	emit(&b->e, "str x%u, [x%u]", u, t);
	spin(b, "", leave);
	emit_mrs(&b->e, EMIT_CNTVCT_EL0, t);
	emit(&b->e, "cmp x%u, x%u", t, u);
	emit(&b->e, "b.cc .-8");
}

void build_barrier(struct build *b)
{
	unsigned skip;
	char insn[16];

	if (b->o->barrier == BARRIER_NONE)
		return;
	emit(&b->e, "ldr x%u, [x%u]", b->h[H_T], b->h[H_REC]);
	skip = emit_hole(&b->e);
	switch (b->o->barrier) {
	case BARRIER_USER:
	case BARRIER_USERFENCE: barrier_user(b); break;
	case BARRIER_PTHREAD: barrier_all(b); break;
	case BARRIER_TIMEBASE: barrier_timebase(b); break;
	case BARRIER_NONE: break;
	}
	emit(&b->e, "ldr w%u, [x%u, #%d]", b->h[H_U], b->h[H_REC], REC_DELAY);
	emit(&b->e, "cbz w%u, .+12", b->h[H_U]);
	emit(&b->e, "sub w%u, w%u, #1", b->h[H_U], b->h[H_U]);
	emit(&b->e, "cbnz w%u, .-4", b->h[H_U]);
	snprintf(insn, sizeof(insn), "tbnz x%u, #62,", b->h[H_T]); /* REC_TOUCHED */
	emit_patch(&b->e, skip, insn);
}
