/*
 * Jumps between blocks.  A direct exit is a jmp whose 32-bit displacement is
 * aligned, so that storing it is atomic for the processors that fetch it: each
 * sees the old or the new target, and both are right until the next
 * quiescent state (Intel SDM 3A 9.1.3; the opcode byte never changes).
 *
 * All jumps to a block are in its list `incoming`.  A dead block has no jumps to
 * it and none from it: a thread that is still in it leaves to its run loop.
 */
#include "tcache/tcache_priv.h"

static void patch(const struct tcache *t, const struct tlink *l, const uint8_t *target)
{
	const uint8_t *site = l->from->code + l->site; /* executable view */
	int64_t disp = target - (site + 4);

	st_rel((uint32_t *)(uintptr_t)(site - tc_delta(t)), (uint32_t)disp); /* read by instruction fetch */
}

static void unlist(struct tlink *l)
{
	*l->pprev = l->next;
	if (l->next)
		l->next->pprev = l->pprev;
	st_rlx(&l->to, NULL);
}

static void unlink_one(struct tcache *t, struct tlink *l)
{
	patch(t, l, l->from->code + l->stub);
	unlist(l);
	t->stats.unlinks++;
}

bool tcache_link(struct tcache *t, struct tblock *from, unsigned slot, struct tblock *to)
{
	struct tlink *l = &from->links[slot];
	bool alive;

	BUG_ON(slot >= from->nlinks);
	if (ld_rlx(&l->to) == to)
		return true;
	lock_take(&t->link_lock);
	alive = !ld_rlx(&from->dead) && !ld_rlx(&to->dead);
	if (alive && l->to != to) {
		if (l->to)
			unlist(l);
		st_rlx(&l->to, to);
		l->next = to->incoming;
		if (l->next)
			l->next->pprev = &l->next;
		l->pprev = &to->incoming;
		to->incoming = l;
		patch(t, l, to->code);
		t->stats.links++;
	}
	lock_drop(&t->link_lock);
	return alive;
}

void tc_unlink_all(struct tcache *t, struct tblock *b)
{
	lock_take(&t->link_lock);
	st_rel(&b->dead, 1);
	while (b->incoming)
		unlink_one(t, b->incoming);
	for (unsigned k = 0; k < b->nlinks; k++)
		if (b->links[k].to)
			unlink_one(t, &b->links[k]);
	lock_drop(&t->link_lock);
}
