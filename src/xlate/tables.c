/* See tables.h. */
#include "xlate/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "xlate/xlate.h"

/* Copies what the records say of the state's whereabouts to `to`, once where two that follow each other agree. */
static uint32_t copy_rlocs(const struct x64_out *o, struct x64_rec *recs, struct x64_rloc *to)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < o->nrecs; k++) {
		const struct x64_rloc *from = &o->rlocs[o->recs[k].first];
		size_t bytes = recs[k].n * sizeof(*to);

		if (k && recs[k].n == recs[k - 1].n && !memcmp(from, &to[recs[k - 1].first], bytes)) {
			recs[k].first = recs[k - 1].first;
			continue;
		}
		recs[k].first = n;
		memcpy(to + n, from, bytes);
		n += recs[k].n;
	}
	return n;
}

uint32_t xlate_tables_make(struct xlate_tables *t, const struct x64_out *o)
{
	size_t recs = o->nrecs * sizeof(*o->recs), pool = o->npool * sizeof(*o->pool), most = o->nrlocs * sizeof(*o->rlocs);
	struct xlate_meta *m;
	size_t pool_at = ALIGN_UP(sizeof(*m) + recs, sizeof(*o->pool));

	if (pool_at + pool + most > t->room) {
		free(t->blob);
		t->room = 2 * (pool_at + pool + most);
		t->blob = malloc(t->room);
		BUG_ON(!t->blob);
	}
	m = (struct xlate_meta *)(void *)t->blob;
	m->pool = (uint32_t)pool_at;
	m->rlocs = m->pool + (uint32_t)pool;
	memcpy(m->recs, o->recs, recs);
	memcpy(t->blob + m->pool, o->pool, pool);
	return m->rlocs + copy_rlocs(o, m->recs, (struct x64_rloc *)(void *)(t->blob + m->rlocs)) * (uint32_t)sizeof(*o->rlocs);
}
