/* After a run, see trial.h. Also compiled for the guest. */
#include "litmus/trial_priv.h"

#include <string.h>

#include "litmus/pte.h"
#include "mem/access.h"

/* -- after a run -- */

/* The number of the location that is in, or is the entry of, a page of the instance. */
static uint64_t page_location(const struct trial_plan *p, uint64_t page, bool entry)
{
	unsigned l = 0;

	while (l < p->nlocs && (p->loc[l].page != page || !p->loc[l].entry != !entry))
		l++;
	return l;
}

/* Virtual addresses, addresses of entries, and entries. */
static uint64_t vm_value(const struct trial *t, uint64_t v, uint64_t cells)
{
	const struct trial_plan *p = t->p;
	uint64_t off = v - virtual(t, cells), at = v - entry_at(t, cells), pa = (v & PTE_OA) - cells;

	if (v - p->code < p->nthreads * p->code_stride)
		return v - p->code + p->model_code;
	if (off < p->slot)
		return p->model_loc + page_location(p, off / TRIAL_PAGE, false) * p->code_stride + off % TRIAL_PAGE;
	if (at < 8 * p->npages)
		return p->model_loc + page_location(p, at / 8, true) * p->code_stride + at % 8;
	if (pa < p->slot)
		return pte_number((uint32_t)page_location(p, pa / TRIAL_PAGE, false), pte_descriptor_flags(v));
	return v;
}

/* Addresses of the instance become the model's. */
static inline uint64_t model_value(const struct trial *t, uint64_t v, uint64_t cells, unsigned k)
{
	const struct trial_plan *p = t->p;
	uint64_t off = v - cells;

	if (likely(v < p->ram))
		return v;
	if (p->npages)
		return vm_value(t, v, cells);
	if (v - p->code < p->nthreads * p->code_stride)
		return v - p->code + p->model_code - (uint64_t)k * p->step;
	for (unsigned l = 0; l < p->nlocs && off < p->slot; l++)
		if (off - t->last.cell[l] < p->loc[l].bytes)
			return p->model_loc + l * p->code_stride + off - t->last.cell[l];
	return v;
}

static bool is_fault(const struct trial *t, const struct trial_fault *f, uint64_t esr, uint64_t at, uint64_t far)
{
	uint32_t ec = (uint32_t)(esr >> 26) & 63, fsc = (uint32_t)esr & 0x3c;

	return (f->ec == TRIAL_ANY || f->ec == ec) && (f->fsc == TRIAL_ANY || f->fsc == fsc) && (!f->at || f->at == at) &&
	       (f->page == TRIAL_ANY || far / TRIAL_PAGE == f->page);
}

/* What a fault of thread th left in its record; taken away. */
static void take_faults(struct trial *t, unsigned v, const struct trial_copy *cp, unsigned th, unsigned k, uint64_t cells, uint64_t *state)
{
	const struct trial_plan *p = t->p;
	const struct trial_thread *code = &p->thread[th];
	uint8_t *rec = host(t, cp->rec[th] + (uint64_t)k * code->rec_size);
	uint64_t esr = ram_ld64(rec + code->fault), elr = ram_ld64(rec + code->fault + 8);
	uint64_t far = ram_ld64(rec + code->fault + 16) - virtual(t, cells);
	uint32_t ec = (uint32_t)(esr >> 26) & 63;
	uint64_t at = elr - (ec == 0x15 ? 4 : 0) - p->code + p->model_code - (uint64_t)k * p->step;

	if (!elr)
		return;
	t->faults[v]++;
	for (unsigned i = 0; i < p->nfaults; i++) {
		const struct trial_fault *f = &p->fault[i];

		if (f->thread == th && is_fault(t, f, esr, at, far))
			state[f->state] = 1;
	}
	ram_st64(rec + code->fault, 0);
	ram_st64(rec + code->fault + 8, 0);
}

static inline const uint8_t *observed(const struct trial *t, const struct trial_draw *d, const struct trial_copy *cp, unsigned th, unsigned k)
{
	unsigned v = d->player[(cp - t->copy) * t->p->nthreads + th];

	return host(t, t->out[v] + (uint64_t)k * t->p->thread[th].out_size);
}

static inline void gather(struct trial *t, unsigned v, const struct trial_copy *cp, unsigned k, uint64_t cells, uint64_t *state)
{
	const struct trial_plan *p = t->p;

	for (unsigned th = 0; th < p->nthreads; th++) {
		const struct trial_thread *code = &p->thread[th];
		const uint8_t *out = observed(t, &t->last, cp, th, k);

		for (unsigned i = 0; i < code->nregs; i++)
			state[code->first + i] = model_value(t, ram_ld64(out + 8 * i), cells, k);
	}
	for (unsigned i = 0; i < p->nfaults; i++)
		state[p->fault[i].state] = 0;
	for (unsigned th = 0; th < p->nthreads; th++)
		if (unlikely(ram_ld64(host(t, p->thread[th].faulted))))
			take_faults(t, v, cp, th, k, cells, state);
	for (unsigned i = 0; i < p->nmem; i++) {
		const struct trial_mem *m = &p->mem[i];

		state[p->width - p->nmem + i] = model_value(t, ram_load(host(t, spot(t, &t->last, cells, m->loc) + m->off), m->size), cells, k);
	}
}

/*
 * Most states are tuples of small numbers, digits: these are counted in a table by their digits, and go to the histogram
 * together, at the end of a slice.  Each vCPU makes the digits of what it observed (trial_digest()).
 */
enum { DIGITS = 10, LARGE = 1 << 15 /* in a digest: not small */ };

struct small {
	unsigned bits, n;                     /* of a digit; tuples seen */
	uint32_t count[1 << DIGITS];
	uint16_t seen[1 << DIGITS];
};

static unsigned digit_bits(const struct trial_plan *p) { return DIGITS / MAX(1u, p->width); }

/* May states be small? Not where faults are looked for, nor pages. */
static bool may_be_small(const struct trial_plan *p) { return p->width && p->width <= DIGITS && !p->nfaults && !p->npages; }

static bool any_faulted(const struct trial *t)
{
	for (unsigned th = 0; th < t->p->nthreads; th++)
		if (ram_ld64(host(t, t->p->thread[th].faulted)))
			return true;
	return false;
}

static inline void digest(const uint64_t *out, uint16_t *to, unsigned size, unsigned nregs, unsigned stride, unsigned bits)
{
	for (unsigned k = 0; k < size; k++, out += stride) {
		uint64_t all = 0, key = 0;

		for (unsigned i = 0; i < nregs; i++) {
			all |= out[i];
			key |= out[i] << i * bits;
		}
		to[k] = (uint16_t)(all >> bits ? LARGE : key);
	}
}

void trial_digest(struct trial *t, unsigned v)
{
	const struct trial_plan *p = t->p;
	const struct trial_thread *code = &p->thread[t->now.role[v] % p->nthreads];
	const uint64_t *out = (const uint64_t *)host(t, t->out[v]);
	uint16_t *to = (uint16_t *)host(t, t->digest[v]);
	unsigned bits = digit_bits(p);

	if (t->now.role[v] / p->nthreads >= p->ncopies || !may_be_small(p))
		return;
	switch (code->nregs) { /* the common ones: loops of their own */
	case 1: digest(out, to, p->size, 1, code->out_size / 8, bits); break;
	case 2: digest(out, to, p->size, 2, code->out_size / 8, bits); break;
	default: digest(out, to, p->size, code->nregs, code->out_size / 8, bits);
	}
}

static void small_flush(const struct small *s, struct hist *h)
{
	uint64_t state[DIGITS];

	for (unsigned i = 0; i < s->n; i++) {
		for (unsigned k = 0; k < h->width; k++)
			state[k] = s->seen[i] >> k * s->bits & ((1u << s->bits) - 1);
		hist_add(h, state, s->count[s->seen[i]]);
	}
}

/* Digests of the threads of a copy, from instance `from` on. */
struct digests { const uint16_t *at[TRIAL_THREADS]; unsigned shift[TRIAL_THREADS]; };

static void digests(const struct trial *t, const struct trial_copy *cp, unsigned from, unsigned bits, struct digests *d)
{
	for (unsigned th = 0; th < t->p->nthreads; th++) {
		unsigned v = t->last.player[(cp - t->copy) * t->p->nthreads + th];

		d->at[th] = (const uint16_t *)host(t, t->digest[v]) + from;
		d->shift[th] = t->p->thread[th].first * bits;
	}
}

static inline void small_count(struct small *s, uint32_t key)
{
	if (!s->count[key]++)
		s->seen[s->n++] = (uint16_t)key;
}

/* Counts the slice; what is not small by the long way. */
static inline void count_slice(struct trial *t, unsigned v, const struct trial_copy *cp, struct walk w, unsigned from, unsigned n,
			       struct small *s, unsigned nthreads, unsigned nmem)
{
	const struct trial_plan *p = t->p;
	const struct walk begin = w;
	unsigned first_mem = (p->width - nmem) * s->bits;
	struct digests d;
	uint64_t state[DIGITS];

	digests(t, cp, from, s->bits, &d);
	for (unsigned k = 0; k < n; k++) {
		uint32_t large = 0, key = 0;

		for (unsigned th = 0; th < nthreads; th++) {
			large |= d.at[th][k];
			key |= (uint32_t)d.at[th][k] << d.shift[th];
		}
		large &= LARGE;
		if (nmem) {
			const uint8_t *cells = host(t, walk_next(&w));

			for (unsigned i = 0; i < nmem; i++) {
				uint64_t x = ram_load(cells + t->last.cell[p->mem[i].loc] + p->mem[i].off, p->mem[i].size);

				large |= x >> s->bits != 0;
				key |= (uint32_t)x << (first_mem + i * s->bits);
			}
		}
		if (unlikely(large)) {
			gather(t, v, cp, from + k, walk_at(begin, k), state);
			hist_add(&t->hist[v], state, 1);
		} else {
			small_count(s, key);
		}
	}
}

static __attribute__((noinline)) void collect_small(struct trial *t, unsigned v, const struct trial_copy *cp, struct walk w, unsigned from, unsigned n)
{
	const struct trial_plan *p = t->p;
	struct small s;

	s.bits = digit_bits(p);
	s.n = 0;
	memset(s.count, 0, sizeof(s.count[0]) << s.bits * p->width);
	if (p->nthreads == 2 && !p->nmem) /* most tests: a loop of their own */
		count_slice(t, v, cp, w, from, n, &s, 2, 0);
	else
		count_slice(t, v, cp, w, from, n, &s, p->nthreads, p->nmem);
	small_flush(&s, &t->hist[v]);
}

static __attribute__((noinline)) void collect_any(struct trial *t, unsigned v, const struct trial_copy *cp, struct walk w, unsigned from,
						  unsigned n)
{
	uint64_t state[TRIAL_WIDTH];

	for (unsigned k = from; k < from + n; k++) {
		gather(t, v, cp, k, walk_next(&w), state);
		hist_add(&t->hist[v], state, 1);
	}
}

void trial_collect(struct trial *t, unsigned v)
{
	bool small = may_be_small(t->p) && !any_faulted(t);
	unsigned from, to;

	trial_share(t->p, v, &from, &to);
	for (unsigned c = 0; c < t->p->ncopies; c++)
		(small ? collect_small : collect_any)(t, v, &t->copy[c], walk_begin(t, &t->last, t->copy[c].cells, from, to), from, to - from);
}
