/*
 * From a difference between the reference engine and another to the shortest
 * program that shows it: words are left out as long as the difference stays,
 * or run beforehand; then registers get their default values.  What is left is printed with the
 * names of its instructions and saved as a vector (tests/a64/vecfile.h).
 */
#ifndef PARMA_TESTS_XLATE_PROG_SHRINK_H
#define PARMA_TESTS_XLATE_PROG_SHRINK_H

#include "tests/a64/vecfile.h"
#include "tests/xlate/prog_qemu.h"
#include "tests/xlate/prog_world.h"

/* -- shrinking -- */

/* Has this run of the reference ended where QEMU has memory of its own? */
__attribute__((unused)) static bool world_strays(const struct qemu *q, const struct prog_result *r)
{
	return (r->s.trap == CASE_ABORT || r->s.trap == CASE_ALIGN) && qemu_owns(q, world->sys.far);
}

/* What the reference is compared with: an engine with some passes off, or QEMU. */
struct shrink_pair {
	void (*engine)(struct vcpu *);
	uint32_t off;
	const struct qemu *qemu;
};

/* Runs both on the program alone. False: they agree, or it is no program any more. */
static bool shrink_differs(const struct shrink_pair *d, const struct prog *p, const struct case_state *s, struct prog_result *ours,
			   struct prog_result *theirs)
{
	world_place(0, p);
	passes_off = d->off;
	world_stale();
	if (!world_step(0, p, s, ours, NULL) || (d->qemu && world_strays(d->qemu, ours)))
		return false;
	if (d->qemu) {
		qemu_one(d->qemu, p, s, theirs);
		prog_forget(p, ours);
		prog_forget(p, theirs);
	} else {
		world_run(d->engine, 0, p, s, theirs);
	}
	passes_off = 0;
	return prog_digest(ours) != prog_digest(theirs);
}

/* The offset field of a direct branch. False: none. */
static bool shrink_branch(uint32_t w, unsigned *lsb, unsigned *width)
{
	*lsb = 5;
	*width = (w & 0x7e000000) == 0x36000000 ? 14 : 19; /* tbz; b.cond, cbz */
	if ((w & 0x7c000000) == 0x14000000) {
		*lsb = 0;
		*width = 26;
		return true;
	}
	return (w & 0xff000010) == 0x54000000 || (w & 0x7c000000) == 0x34000000;
}

/* Leaves out word k; branches over it still go where they went. */
static void shrink_delete(struct prog *p, unsigned k)
{
	for (unsigned i = 0; i < p->n; i++) {
		unsigned lsb, width;
		int64_t by, to;

		if (i == k || !shrink_branch(p->words[i], &lsb, &width))
			continue;
		by = (int64_t)sext(p->words[i] >> lsb & (uint32_t)mask64(width), width);
		to = (int64_t)i + by;
		by += i < k && to > (int64_t)k ? -1 : i > k && to <= (int64_t)k ? 1 : 0;
		p->words[i] = (p->words[i] & ~((uint32_t)mask64(width) << lsb)) | ((uint32_t)by & (uint32_t)mask64(width)) << lsb;
	}
	memmove(&p->words[k], &p->words[k + 1], (p->n - k - 1) * 4);
	p->words[--p->n] = 0;
}

static bool shrink_words(const struct shrink_pair *d, struct prog *p, const struct case_state *s)
{
	struct prog_result a, b;
	bool shorter = false;

	for (unsigned k = p->n; k-- && p->n > 1;) {
		struct prog q = *p;

		shrink_delete(&q, k);
		if (shrink_differs(d, &q, s, &a, &b)) {
			*p = q;
			shorter = true;
		}
	}
	return shorter;
}

/* Starts later: from the state that the first words leave. */
static bool shrink_start(const struct shrink_pair *d, struct prog *p, struct case_state *s)
{
	struct prog_result a, b, mid;

	for (unsigned k = p->n; --k && p->n > 1;) {
		struct prog head = *p, tail = *p;

		head.n = k;
		memmove(tail.words, tail.words + k, (p->n - k) * 4);
		tail.n = p->n - k;
		world_place(0, &head);
		world_stale();
		if (!world_step(0, &head, s, &mid, NULL) || mid.s.trap || !shrink_differs(d, &tail, &mid.s, &a, &b))
			continue;
		*p = tail;
		*s = mid.s;
		return true;
	}
	return false;
}

static void shrink_state(const struct shrink_pair *d, const struct prog *p, struct case_state *s)
{
	struct prog_result a, b;
	struct case_state zero, t;

	case_default_state(&zero);
#define TRY(field) \
	do { \
		t = *s; \
		memcpy(&t.field, &zero.field, sizeof(t.field)); \
		if (shrink_differs(d, p, &t, &a, &b)) \
			*s = t; \
	} while (0)
	for (unsigned k = 0; k < 31; k++)
		TRY(x[k]);
	for (unsigned k = 0; k < 32; k++)
		TRY(v[k]);
	TRY(sp);
	TRY(nzcv);
	TRY(fpcr);
	TRY(fpsr);
#undef TRY
}

/* Makes *p and *s as small as the difference allows. False: there is none when the program runs alone. */
__attribute__((unused)) static bool shrink(const struct shrink_pair *d, struct prog *p, struct case_state *s)
{
	struct prog_result a, b;

	s->pc = s->trap = 0;
	if (!shrink_differs(d, p, s, &a, &b))
		return false;
	while (shrink_words(d, p, s) || shrink_start(d, p, s))
		;
	shrink_state(d, p, s);
	return true;
}

/* The words with the names of their rows, and the vector (where out is given), as comments. */
static void shrink_print(const struct prog *p, const struct case_state *s, const struct prog_result *want, FILE *f)
{
	for (unsigned k = 0; k < p->n && !f; k++) {
		struct a64_insn i;

		printf("#   %02x  %08x  %s\n", 4 * k, p->words[k],
		       a64_decode(p->words[k], world->feats, &i) ? a64_rows[i.op].name : "undefined");
	}
	if (s && want)
		vec_print_program(f ? f : stdout, p->words, p->n, s, &want->s, want->s.trap ? 0 : want->memory);
}

/* Prints a shrunk difference; the vector has what QEMU says, or else the reference engine. save: NULL or a file. */
__attribute__((unused)) static void shrink_report(const struct shrink_pair *d, const struct prog *p, const struct case_state *s,
						  FILE *save)
{
	struct prog_result ours, theirs;

	if (!shrink_differs(d, p, s, &ours, &theirs))
		return;
	shrink_print(p, NULL, NULL, NULL);
	printf("# reference engine:\n# ");
	shrink_print(&(struct prog){.n = 0}, s, &ours, NULL);
	printf("# the other:\n# ");
	shrink_print(&(struct prog){.n = 0}, s, &theirs, NULL);
	if (save) {
		shrink_print(p, s, d->qemu ? &theirs : &ours, save);
		fflush(save);
	}
}

#endif
