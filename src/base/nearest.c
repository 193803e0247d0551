/* See nearest.h: optimal string alignment distance over the first 63 characters. */
#include "base/nearest.h"

#include <string.h>

#include "base/bits.h"

#define LEN 64

static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][LEN + 1], *prev2 = row[0], *prev = row[1], *cur = row[2], *t;
	size_t la = strnlen(a, LEN - 1), lb = strnlen(b, LEN - 1);

	for (size_t j = 0; j <= lb; j++)
		prev[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned d = prev[j - 1] + (a[i - 1] != b[j - 1]);

			d = MIN(d, MIN(prev[j], cur[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = MIN(d, prev2[j - 2] + 1);
			cur[j] = d;
		}
		t = prev2;
		prev2 = prev;
		prev = cur;
		cur = t;
	}
	return prev[lb];
}

struct nearest nearest_begin(const char *word) { return (struct nearest){word, NULL, ~0u}; }

void nearest_try(struct nearest *n, const char *name)
{
	unsigned d = distance(n->word, name);

	/* Half a word is a good guess for the whole one. */
	if (d > 2 && *n->word && strlen(n->word) > 2 && !strncmp(n->word, name, strlen(n->word)))
		d = 2;
	if (d < n->dist) {
		n->dist = d;
		n->best = name;
	}
}

const char *nearest_get(const struct nearest *n)
{
	return n->best && n->dist <= 1 + strlen(n->word) / 3 ? n->best : NULL;
}
