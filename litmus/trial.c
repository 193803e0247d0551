/* See trial.h. Also compiled for the guest: no header of the host's but those that litmus/bare stands in for. */
#include "litmus/trial.h"

#include <string.h>

#include "base/bits.h"
#include "litmus/pte.h"
#include "mem/access.h"

enum { LINE = 64, PAGE = 4096, EPOCH = 4 /* runs */, RELAY = 4 };
#define ALIGN_UP_ANY(x, n) (((x) + (n) - 1) / (n) * (n))

/* -- randomness: splitmix64 -- */

static inline uint64_t rnd(uint64_t *s)
{
	uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t stream(const struct trial_plan *p, uint64_t number, unsigned who)
{
	uint64_t s = p->seed + (number << 20) + who;

	return rnd(&s);
}

static void shuffle(uint32_t *v, unsigned n, uint64_t *s)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned k = (unsigned)(rnd(s) % i);
		uint32_t t = v[i - 1];

		v[i - 1] = v[k];
		v[k] = t;
	}
}

static inline uint8_t *host(const struct trial *t, uint64_t addr) { return t->ram + (addr - t->p->ram); }

void trial_share(const struct trial_plan *p, unsigned v, unsigned *from, unsigned *to)
{
	*from = (unsigned)((uint64_t)p->size * v / p->ncpus);
	*to = (unsigned)((uint64_t)p->size * (v + 1) / p->ncpus);
}

/* -- layout -- */

static unsigned gcd(unsigned a, unsigned b) { return b ? gcd(b, a % b) : a; }

/* The order in which a run visits the places of each slice. */
static void make_order(struct trial *t)
{
	const struct trial_plan *p = t->p;
	uint64_t s = stream(p, 0, 0x0bde);

	for (unsigned v = 0; v < p->ncpus; v++) {
		unsigned from, to, n, st = MAX(1u, p->stride);

		trial_share(p, v, &from, &to);
		n = to - from;
		while (n && gcd(st, n) != 1)
			st++;
		for (unsigned k = 0; k < n; k++)
			t->perm[from + k] = (uint32_t)((uint64_t)k * st % n);
		if (!p->direct)
			shuffle(t->perm + from, n, &s);
	}
}

uint64_t trial_init(struct trial *t, const struct trial_plan *p, uint8_t *ram, uint32_t *perm, uint64_t at)
{
	memset(t, 0, sizeof(*t));
	t->p = p;
	t->ram = ram;
	t->perm = perm;
	for (unsigned v = 0; v < p->ncpus; v++)
		hist_init(&t->hist[v], p->width);
	for (unsigned c = 0; c < p->ncopies; c++) {
		struct trial_copy *cp = &t->copy[c];

		cp->barrier = at;
		at = ALIGN_UP(at + 8 * (uint64_t)p->size, PAGE);
		for (unsigned th = 0; th < p->nthreads; th++) {
			cp->rec[th] = at;
			at = ALIGN_UP(at + p->thread[th].fault + (uint64_t)p->size * p->thread[th].rec_size, PAGE);
			cp->out[th] = at;
			at = ALIGN_UP(at + (uint64_t)p->size * p->thread[th].out_size + 16, PAGE);
		}
		cp->cells = at;
		at = ALIGN_UP(at + (uint64_t)p->size * p->slot, PAGE);
	}
	if (p->npages) {
		t->level2 = at;
		t->level3 = at + PAGE;
		at = ALIGN_UP(t->level3 + 8 * (uint64_t)p->size * p->npages, PAGE);
	}
	make_order(t);
	return at;
}

void trial_tables(struct trial *t)
{
	uint64_t n = ((uint64_t)t->p->size * t->p->npages + 511) / 512;

	for (uint64_t i = 0; i < n; i++)
		ram_st64(host(t, t->level2 + 8 * i), (t->level3 + PAGE * i) | 3);
}

void trial_free(struct trial *t)
{
	for (unsigned v = 0; t->p && v < t->p->ncpus; v++)
		hist_free(&t->hist[v]);
}

/* -- draws -- */

/*
 * Each location in lines of its own, in some order, shared by eight instances
 * most of the time; or one behind the other.  Not so with exclusives: a pair whose addresses differ but
 * lie in one granule may succeed on a CPU, and does here, but not in the model.
 */
static void draw_layout(struct trial_draw *d, const struct trial_plan *p, uint64_t *s)
{
	uint32_t order[TRIAL_LOCS], at = 0;
	uint64_t kind = rnd(s);
	bool packed = kind % 4 == 0 && p->packed_ok && (kind & 4 || !p->dense_ok);

	if (p->npages) {
		for (unsigned l = 0; l < p->nlocs; l++)
			d->cell[l] = p->loc[l].page * PAGE;
		return;
	}

	d->dense = !packed && p->dense_ok && kind >> 3 & 3;
	for (unsigned l = 0; l < p->nlocs; l++)
		order[l] = l;
	shuffle(order, p->nlocs, s);
	for (unsigned i = 0; i < p->nlocs; i++) {
		at = ALIGN_UP(at, packed ? 16u : LINE);
		d->cell[order[i]] = at;
		at += p->loc[order[i]].bytes;
	}
}

void trial_draw(struct trial *t)
{
	const struct trial_plan *p = t->p;
	struct trial_draw *d = &t->now;
	uint64_t s, number = t->now.number;
	bool first = !number;

	t->last = t->now;
	d->number = number + 1;
	d->fresh = number % EPOCH == 0;
	s = stream(p, number, 0x5eed);
	for (unsigned v = 0; v < p->ncpus; v++)
		d->role[v] = v;
	if (!first || p->shuffle_first)
		shuffle(d->role, p->ncpus, &s);
	if (!d->fresh)
		return;
	d->rot = rnd(&s);
	d->ordered = !p->direct && rnd(&s) & 1;
	draw_layout(d, p, &s);
	d->delay_opener = (uint32_t)BIT(rnd(&s) % 10) - 1;
	d->delay_other = (uint32_t)BIT(rnd(&s) % 5) - 1;
}

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
	bool dense;
};

static struct walk walk_begin(const struct trial *t, const struct trial_draw *d, uint64_t cells, unsigned from, unsigned to)
{
	unsigned n = to - from;

	return (struct walk){d->ordered ? NULL : t->perm + from, cells + (uint64_t)from * t->p->slot, t->p->slot, n, n ? (unsigned)(d->rot % n) : 0,
			     d->dense};
}

/* Where the locations of the next instance begin. */
static inline uint64_t walk_next(struct walk *w)
{
	uint32_t at = w->perm ? w->perm[w->i] : w->i;

	if (++w->i == w->n)
		w->i = 0;
	return w->slice + (w->dense ? (uint64_t)(at / 8) * w->slot + at % 8 * 8 : (uint64_t)at * w->slot);
}

/* The same of the k-th instance of the slice, from where the walk began. */
static inline uint64_t walk_at(struct walk w, unsigned k)
{
	w.i = (w.i + k) % w.n;
	return walk_next(&w);
}

/* -- before a run -- */

/* Tests of translation: places and pages follow each other in physical memory, virtual memory and the table. */
static inline uint64_t entry_at(const struct trial *t, uint64_t pa) { return t->level3 + ((pa - t->copy[0].cells) >> 12) * 8; }
static inline uint64_t virtual(const struct trial *t, uint64_t pa) { return t->p->vm + (pa - t->copy[0].cells); }

static uint64_t vm_address(const struct trial *t, uint32_t to, uint64_t off, uint64_t cells)
{
	const struct trial_loc *loc = &t->p->loc[to & ~TRIAL_ENTRY];
	uint64_t pa = cells + (uint64_t)loc->page * PAGE;

	return to & TRIAL_ENTRY ? pte_descriptor(pa, (uint32_t)off) | t->p->entry_bits : loc->entry ? entry_at(t, pa) : virtual(t, pa) + off;
}

static inline uint64_t address(const struct trial *t, uint32_t to, uint64_t off, uint64_t cells, unsigned k)
{
	return to == TRIAL_CODE ? t->p->code + off + (uint64_t)k * t->p->step
	     : t->p->npages ? vm_address(t, to, off, cells) : cells + t->now.cell[to] + off;
}

/* Guest physical address of location l. */
static inline uint64_t spot(const struct trial *t, const struct trial_draw *d, uint64_t cells, unsigned l)
{
	uint64_t at = cells + d->cell[l];

	return t->p->npages && t->p->loc[l].entry ? entry_at(t, at) : at;
}

static inline void put_locations(const struct trial *t, uint64_t cells, unsigned k)
{
	const struct trial_plan *p = t->p;

	for (unsigned i = 0; i < p->npages; i++)
		ram_st64(host(t, entry_at(t, cells) + 8 * i), pte_descriptor(cells + (uint64_t)i * PAGE, PTE_DEFAULT) | p->entry_bits);
	for (unsigned l = 0; l < p->nlocs; l++) {
		const struct trial_loc *loc = &p->loc[l];
		uint8_t *at = host(t, spot(t, &t->now, cells, l));
		const uint8_t *init = p->init + loc->init;

		if (loc->bytes == 4)
			ram_st32(at, *(const uint32_t *)init);
		else if (loc->bytes == 8)
			ram_st64(at, *(const uint64_t *)init);
		else
			memcpy(at, init, loc->bytes);
	}
	for (unsigned i = 0; i < p->nfixes; i++) {
		const struct trial_fix *f = &p->fix[i];
		uint64_t v = address(t, f->to, f->off, cells, k);

		memcpy(host(t, spot(t, &t->now, cells, f->loc)) + f->at, &v, MIN(f->size, 8u));
	}
}

/* How a thread's pointers may be touched, and are to be with PRELOAD_CUSTOM: two bits each, as in REC_TOUCH. */
struct touch { uint32_t may, custom; };

static struct touch touch_of(const struct trial_thread *th)
{
	struct touch to = {0, 0};

	for (unsigned k = 0; k < th->nptrs && k < 16; k++) {
		to.may |= th->ptr[k].may << 2 * k;
		to.custom |= th->ptr[k].touch << 2 * k;
	}
	return to;
}

/* Mostly at barriers: elsewhere a thread is delayed by more than its touches. */
static inline uint32_t touches(const struct trial_plan *p, struct touch to, uint64_t draws, bool barrier)
{
	bool none = barrier || p->npages ? draws >> 62 & 1 : draws >> 59; /* pages: touches fill the TLB */

	switch (p->preload) {
	case PRELOAD_RANDOM: return none ? 0 : (uint32_t)(draws >> 24) & (uint32_t)(draws >> 12) & to.may;
	case PRELOAD_CUSTOM: return to.custom & to.may;
	case PRELOAD_STATIC: return none ? 0 : (draws >> 58 & 1 ? UINT32_C(0x55555555) : UINT32_C(0xaaaaaaaa)) & to.may;
	default: return 0;
	}
}

static inline void put_record(const struct trial *t, uint64_t barrier, unsigned th, unsigned k, uint8_t *rec, uint64_t cells,
			      uint64_t draws, uint32_t touch, bool opener)
{
	const struct trial_thread *code = &t->p->thread[th];
	uint32_t delay = (uint32_t)draws & (opener ? t->now.delay_opener : t->now.delay_other);

	ram_st64(rec + REC_BARRIER, barrier ? barrier | opener : touch ? REC_TOUCHED : 0);
	ram_st64(rec + REC_DELAY, delay | (uint64_t)touch << 32);
	for (unsigned i = 0; i < code->nptrs; i++)
		ram_st64(rec + REC_PTR + 8 * i, address(t, code->ptr[i].loc, code->ptr[i].off, cells, k));
	if (code->body_ptr)
		ram_st64(rec + code->body_ptr, t->p->code + th * t->p->code_stride + (uint64_t)k * t->p->step);
}

static void put_records(struct trial *t, unsigned v, unsigned c, unsigned th)
{
	const struct trial_plan *p = t->p;
	const struct trial_copy *cp = &t->copy[c];
	const struct trial_thread *code = &p->thread[th];
	struct touch touch = touch_of(code);
	uint64_t s = stream(p, t->now.number, v);
	uint8_t *rec = host(t, cp->rec[th]);
	unsigned in_group = 0, groups = 0, opener = 0;

	for (unsigned u = 0; u < p->ncpus; u++) {
		unsigned from, to;
		struct walk w;

		trial_share(p, u, &from, &to);
		w = walk_begin(t, &t->now, cp->cells, from, to);
		for (unsigned k = from; k < to; k++, rec += code->rec_size) {
			uint64_t word = in_group ? 0 : cp->barrier + 8 * (uint64_t)k, draws = rnd(&s);

			put_record(t, word, th, k, rec, walk_next(&w), draws, touches(p, touch, draws, word), opener == th);
			if (++in_group == p->group) {
				in_group = 0;
				if (++groups % RELAY == 0)
					opener = opener + 1 == p->nthreads ? 0 : opener + 1;
			}
		}
	}
	ram_st64(rec + REC_BARRIER, REC_END);
}

/* Whether the places of a slice are alike: same values at all of them, whatever the instance. */
static bool alike(const struct trial_plan *p)
{
	for (unsigned l = 0; l < p->nlocs; l++)
		if (p->loc[l].bytes != 4 && p->loc[l].bytes != 8)
			return false;
	return !p->nfixes && !p->npages;
}

/* Initial values in the n places of a slice that are alike, from end to end. */
static void fill_slice(const struct trial *t, uint64_t slice, unsigned n)
{
	const struct trial_plan *p = t->p;

	for (unsigned l = 0; l < p->nlocs; l++) {
		const uint8_t *init = p->init + p->loc[l].init;
		uint64_t v = p->loc[l].bytes == 4 ? *(const uint32_t *)init : *(const uint64_t *)init;
		uint8_t *at = host(t, slice + t->now.cell[l]);

		if (t->now.dense)
			for (unsigned k = 0; k < n; k += 8, at += p->slot)
				for (unsigned i = 0; i < 8; i++)
					((uint64_t *)at)[i] = v;
		else if (p->loc[l].bytes == 4)
			for (unsigned k = 0; k < n; k++, at += p->slot)
				*(uint32_t *)at = (uint32_t)v;
		else
			for (unsigned k = 0; k < n; k++, at += p->slot)
				*(uint64_t *)at = v;
	}
}

void trial_prepare(struct trial *t, unsigned v)
{
	const struct trial_plan *p = t->p;
	unsigned from, to, c = t->now.role[v] / p->nthreads, th = t->now.role[v] % p->nthreads;

	trial_share(p, v, &from, &to);
	for (unsigned i = 0; i < p->ncopies; i++) {
		const struct trial_copy *cp = &t->copy[i];
		struct walk w = walk_begin(t, &t->now, cp->cells, from, to);

		for (unsigned k = ALIGN_UP_ANY(from, p->group); k < to; k += p->group)
			ram_st64(host(t, cp->barrier + 8 * (uint64_t)k), 0);
		if (alike(p))
			fill_slice(t, w.slice, to - from);
		else
			for (unsigned k = from; k < to; k++)
				put_locations(t, walk_next(&w), k);
	}
	if (t->now.fresh && c < p->ncopies)
		put_records(t, v, c, th);
}

bool trial_role(const struct trial *t, unsigned v, uint64_t *rec, uint64_t *out, uint64_t *entry)
{
	const struct trial_plan *p = t->p;
	unsigned c = t->now.role[v] / p->nthreads, th = t->now.role[v] % p->nthreads;

	if (c >= p->ncopies)
		return false;
	*rec = t->copy[c].rec[th];
	*out = t->copy[c].out[th];
	*entry = p->thread[th].entry;
	return true;
}

/* Barriers that were opened. */
uint64_t trial_progress(const struct trial *t)
{
	const struct trial_plan *p = t->p;
	uint64_t n = 0;

	for (unsigned c = 0; c < p->ncopies; c++)
		for (unsigned k = 0; k < p->size; k += p->group)
			n += ram_ld64(host(t, t->copy[c].barrier + 8 * (uint64_t)k)) != 0;
	return n;
}

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
		return p->model_loc + page_location(p, off / PAGE, false) * p->code_stride + off % PAGE;
	if (at < 8 * p->npages)
		return p->model_loc + page_location(p, at / 8, true) * p->code_stride + at % 8;
	if (pa < p->slot)
		return pte_number((uint32_t)page_location(p, pa / PAGE, false), pte_descriptor_flags(v));
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
	       (f->page == TRIAL_ANY || far / PAGE == f->page);
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

static inline void gather(struct trial *t, unsigned v, const struct trial_copy *cp, unsigned k, uint64_t cells, uint64_t *state)
{
	const struct trial_plan *p = t->p;

	for (unsigned th = 0; th < p->nthreads; th++) {
		const struct trial_thread *code = &p->thread[th];
		const uint8_t *out = host(t, cp->out[th] + (uint64_t)k * code->out_size);

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
 * Most states are tuples of small numbers: these are counted in a table by their digits, and go to the histogram
 * together, at the end of a slice.
 */
enum { DIGITS = 10 };

struct small {
	unsigned bits, n;                     /* of a digit; tuples seen */
	uint32_t count[1 << DIGITS];
	uint16_t seen[1 << DIGITS];
};

static void small_flush(const struct small *s, struct hist *h)
{
	uint64_t state[DIGITS];

	for (unsigned i = 0; i < s->n; i++) {
		for (unsigned k = 0; k < h->width; k++)
			state[k] = s->seen[i] >> k * s->bits & ((1u << s->bits) - 1);
		hist_add(h, state, s->count[s->seen[i]]);
	}
}

/* Where an observed register of the instance at hand is. */
struct source { const uint8_t *at; uint32_t stride; };

static unsigned sources(const struct trial *t, const struct trial_copy *cp, unsigned from, struct source *s)
{
	const struct trial_plan *p = t->p;
	unsigned n = 0;

	for (unsigned th = 0; th < p->nthreads; th++)
		for (unsigned i = 0; i < p->thread[th].nregs; i++) /* in the order of a state */
			s[n++] = (struct source){host(t, cp->out[th] + (uint64_t)from * p->thread[th].out_size) + 8 * i,
						 p->thread[th].out_size};
	return n;
}

/* Counts the slice; what is not small by the long way. */
static __attribute__((noinline)) void collect_small(struct trial *t, unsigned v, const struct trial_copy *cp, struct walk w, unsigned from, unsigned n)
{
	const struct trial_plan *p = t->p;
	struct small s;
	struct source src[DIGITS];
	const struct walk begin = w;
	unsigned nregs = sources(t, cp, from, src);
	uint64_t state[DIGITS];

	s.bits = DIGITS / MAX(1u, p->width);
	s.n = 0;
	memset(s.count, 0, sizeof(s.count[0]) << s.bits * p->width);
	for (unsigned k = 0; k < n; k++) {
		uint64_t all = 0, key = 0;
		unsigned shift = 0;

		for (unsigned i = 0; i < nregs; i++, shift += s.bits) {
			uint64_t x = ram_ld64(src[i].at);

			src[i].at += src[i].stride;
			all |= x;
			key |= x << shift;
		}
		if (p->nmem) {
			const uint8_t *cells = host(t, walk_next(&w));

			for (unsigned i = 0; i < p->nmem; i++, shift += s.bits) {
				uint64_t x = ram_load(cells + t->last.cell[p->mem[i].loc] + p->mem[i].off, p->mem[i].size);

				all |= x;
				key |= x << shift;
			}
		}
		if (unlikely(all >> s.bits)) {
			gather(t, v, cp, from + k, walk_at(begin, k), state);
			hist_add(&t->hist[v], state, 1);
		} else if (!s.count[key]++) {
			s.seen[s.n++] = (uint16_t)key;
		}
	}
	small_flush(&s, &t->hist[v]);
}

/* May states of this run be small? Not where faults are, nor pages. */
static bool may_be_small(const struct trial *t)
{
	const struct trial_plan *p = t->p;

	for (unsigned th = 0; th < p->nthreads; th++)
		if (ram_ld64(host(t, p->thread[th].faulted)))
			return false;
	return p->width && p->width <= DIGITS && !p->nfaults && !p->npages;
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
	unsigned from, to;

	trial_share(t->p, v, &from, &to);
	for (unsigned c = 0; c < t->p->ncopies; c++)
		(may_be_small(t) ? collect_small : collect_any)(t, v, &t->copy[c],
								walk_begin(t, &t->last, t->copy[c].cells, from, to), from, to - from);
}
