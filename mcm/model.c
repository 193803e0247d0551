/* Names of models and clauses, and the sets that every model starts from. */
#include "mcm/model.h"

#include <string.h>

#include "mcm/model_priv.h"

const char *mcm_clause_name(enum mcm_clause c)
{
	static const char *const names[] = {
#define X(n, name, what) name,
		MCM_CLAUSES(X)
#undef X
	};
	return names[c];
}

const char *mcm_clause_what(enum mcm_clause c)
{
	static const char *const whats[] = {
#define X(n, name, what) what,
		MCM_CLAUSES(X)
#undef X
	};
	return whats[c];
}

const struct mcm_model *mcm_model_find(const char *name)
{
	static const struct mcm_model *const all[] = {&mcm_arm, &mcm_tso, &mcm_sc};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

void trace_sets(const struct mcm_trace *t, struct trace_sets *s)
{
	uint64_t earlier = 0, same = 0;
	unsigned insn = 0;

	s->n = t->nev;
	s->m = s->r = s->w = 0;
	memset(s->barrier, 0, sizeof(s->barrier));
	for (unsigned i = 0; i < t->nev; i++) {
		const struct mcm_event *e = &t->ev[i];

		if (e->insn != insn) {
			earlier |= same;
			same = 0;
			insn = e->insn;
		}
		s->before[i] = earlier;
		same |= BIT(i);
		if (e->kind == MCM_READ)
			s->r |= BIT(i);
		else if (e->kind == MCM_WRITE)
			s->w |= BIT(i);
		else if (e->kind == MCM_BARRIER)
			s->barrier[e->barrier] |= BIT(i);
	}
	s->m = s->r | s->w;
	for (unsigned i = 0; i < t->nev; i++)
		s->after[i] = 0;
	for (unsigned i = 0; i < t->nev; i++)
		FOR_SET(b, s->before[i])
			s->after[b] |= BIT(i);
}
