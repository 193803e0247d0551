/* See tape.h. */
#include "xlate/tape.h"

#include <stdio.h>

void tape_put(struct tape *t, const struct tape_entry *e)
{
	if (t->n < TAPE_MAX)
		t->e[t->n++] = *e;
	else
		t->full = true;
}

static bool writes(const struct tape_entry *e) { return e->kind == TAPE_STORE || e->kind == TAPE_SYS_WRITE; }

void tape_get(struct tape *t, struct tape_entry *e)
{
	const struct tape_entry *w = &t->e[t->at];
	bool same = t->at < t->n && w->kind == e->kind && w->size == e->size && w->key == e->key;

	if (same && writes(e))
		same = w->val == e->val;
	if (same) {
		*e = *w;
		t->at++;
		return;
	}
	if (!t->wrong) {
		t->wrong = true;
		t->bad = *e;
		t->bad_at = t->at;
	}
	e->done = true;
	if (!writes(e))
		e->val = 0;
}

void tape_describe(const struct tape_entry *e, char *buf, unsigned size)
{
	static const char *const what[] = {
		[TAPE_LOAD] = "device load from", [TAPE_STORE] = "device store to", [TAPE_VALUE] = "event value",
		[TAPE_SYS_READ] = "read of interrupt register", [TAPE_SYS_WRITE] = "write of interrupt register",
		[TAPE_FIRMWARE] = "firmware call", [TAPE_SEMIHOST] = "semihosting call",
	};

	snprintf(buf, size, "%s %llx, %u bytes, value %llx%s", what[e->kind], (unsigned long long)e->key, e->size,
		 (unsigned long long)e->val, e->done ? "" : " (refused)");
}
