/*
 * The known name that is nearest to a mistyped one, for "did you mean":
 *   struct nearest n = nearest_begin("-smpp");
 *   for each known name: nearest_try(&n, name);
 *   nearest_get(&n)   NULL if nothing is near enough to be worth saying
 */
#ifndef PARMA_BASE_NEAREST_H
#define PARMA_BASE_NEAREST_H

struct nearest {
	const char *word, *best;
	unsigned dist; /* of best: edits, a swap of neighbours counting as one */
};

struct nearest nearest_begin(const char *word);
void nearest_try(struct nearest *n, const char *name);
const char *nearest_get(const struct nearest *n);

#endif
