/*
 * What a vCPU got from and did to the outside of its registers and RAM, in
 * order: written while the first engine runs a unit, read by the second, which
 * must ask for the same things and gets the same answers.  One thread.
 */
#ifndef PARMA_XLATE_TAPE_H
#define PARMA_XLATE_TAPE_H

#include <stdbool.h>
#include <stdint.h>

enum tape_kind { TAPE_LOAD, TAPE_STORE, TAPE_VALUE, TAPE_SYS_READ, TAPE_SYS_WRITE, TAPE_FIRMWARE, TAPE_SEMIHOST };

struct tape_entry {
	uint64_t key; /* physical address, register, function */
	uint64_t val; /* the answer, or what was written */
	uint8_t kind; /* enum tape_kind */
	uint8_t size;
	bool done;    /* false: refused */
};

#define TAPE_MAX 4096
struct tape {
	struct tape_entry e[TAPE_MAX];
	unsigned n, at;       /* written, read */
	bool full;            /* entries were lost */
	struct tape_entry bad; /* the first that the reader asked for and that is not there, if wrong */
	unsigned bad_at;
	bool wrong;
};

static inline void tape_start(struct tape *t)
{
	t->n = t->at = 0;
	t->full = t->wrong = false;
}
static inline void tape_rewind(struct tape *t)
{
	t->at = 0;
	t->wrong = false;
}
void tape_put(struct tape *t, const struct tape_entry *e);
/* Fills the answer (val of what is read, done). A request that differs from what was written makes the tape wrong. */
void tape_get(struct tape *t, struct tape_entry *e);
/* In words, for people; at most size bytes. */
void tape_describe(const struct tape_entry *e, char *buf, unsigned size);

#endif
