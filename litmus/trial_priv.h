/* What litmus/trial.c and litmus/collect.c share: where things are. Also compiled for the guest. */
#ifndef PARMA_LITMUS_TRIAL_PRIV_H
#define PARMA_LITMUS_TRIAL_PRIV_H

#include "base/bits.h"
#include "litmus/trial.h"

enum { TRIAL_LINE = 64, TRIAL_PAGE = 4096 };

static inline uint8_t *host(const struct trial *t, uint64_t addr) { return t->ram + (addr - t->p->ram); }

/*
 * Walks the places of a slice's instances, in the order of the instances.  In
 * every layout the places of a slice are within the same memory: another vCPU
 * may already prepare its own slice while this one is collected.
 */
struct walk {
	const uint32_t *perm; /* NULL: in order */
	uint64_t slice;      /* guest address of the slice's places */
	uint32_t slot;
	unsigned n, i;
	const struct trial_draw *d;
};

/* The place number `at` of a slice, from its begin. */
static inline uint64_t place(const struct trial_draw *d, uint32_t slot, uint32_t at)
{
	return (uint64_t)(at >> d->per_log2) * slot + ((at & ((1u << d->per_log2) - 1)) << d->apart_log2);
}


static inline struct walk walk_begin(const struct trial *t, const struct trial_draw *d, uint64_t cells, unsigned from, unsigned to)
{
	unsigned n = to - from;

	return (struct walk){d->ordered ? NULL : t->perm + from, cells + (uint64_t)from * t->p->slot, t->p->slot, n, n ? (unsigned)(d->rot % n) : 0, d};
}

/* Where the locations of the next instance begin. */
static inline uint64_t walk_next(struct walk *w)
{
	uint32_t at = w->perm ? w->perm[w->i] : w->i;

	if (++w->i == w->n)
		w->i = 0;
	return w->slice + place(w->d, w->slot, at);
}

/* The same of the k-th instance of the slice, from where the walk began. */
static inline uint64_t walk_at(struct walk w, unsigned k)
{
	w.i = (w.i + k) % w.n;
	return walk_next(&w);
}

/* Tests of translation: places and pages follow each other in physical memory, virtual memory and the table. */
static inline uint64_t entry_at(const struct trial *t, uint64_t pa) { return t->level3 + ((pa - t->copy[0].cells) >> 12) * 8; }
static inline uint64_t virtual(const struct trial *t, uint64_t pa) { return t->p->vm + (pa - t->copy[0].cells); }

/* Guest physical address of location l. */
static inline uint64_t spot(const struct trial *t, const struct trial_draw *d, uint64_t cells, unsigned l)
{
	uint64_t at = cells + d->cell[l];

	return t->p->npages && t->p->loc[l].entry ? entry_at(t, at) : at;
}

#endif
