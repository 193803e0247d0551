/* See trial.h. Also compiled for the guest: no header of the host's but those that litmus/bare stands in for. */
#include "litmus/trial_priv.h"

#include <string.h>

#include "base/bits.h"
#include "litmus/pte.h"
#include "mem/access.h"

enum { EPOCH = 4 /* runs */, RELAY = 4 };
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

/* The most that any thread observes of an instance. */
static unsigned out_size(const struct trial_plan *p)
{
	unsigned n = 0;

	for (unsigned th = 0; th < p->nthreads; th++)
		n = MAX(n, p->thread[th].out_size);
	return n;
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
		at = ALIGN_UP(at + 8 * (uint64_t)p->size, TRIAL_PAGE);
		for (unsigned th = 0; th < p->nthreads; th++) {
			cp->rec[th] = at;
			at = ALIGN_UP(at + p->thread[th].fault + (uint64_t)p->size * p->thread[th].rec_size, TRIAL_PAGE);
		}
		cp->cells = at;
		at = ALIGN_UP(at + (uint64_t)p->size * p->slot, TRIAL_PAGE);
	}
	for (unsigned v = 0; v < p->ncpus; v++) {
		t->out[v] = at;
		at = ALIGN_UP(at + (uint64_t)p->size * out_size(p) + 16, TRIAL_PAGE);
		t->digest[v] = at;
		at = ALIGN_UP(at + 2 * (uint64_t)p->size, TRIAL_PAGE);
	}
	if (p->npages) {
		t->level2 = at;
		t->level3 = at + TRIAL_PAGE;
		at = ALIGN_UP(t->level3 + 8 * (uint64_t)p->size * p->npages, TRIAL_PAGE);
	}
	make_order(t);
	return at;
}

void trial_tables(struct trial *t)
{
	uint64_t n = ((uint64_t)t->p->size * t->p->npages + 511) / 512;

	for (uint64_t i = 0; i < n; i++)
		ram_st64(host(t, t->level2 + 8 * i), (t->level3 + TRIAL_PAGE * i) | 3);
}

void trial_free(struct trial *t)
{
	for (unsigned v = 0; t->p && v < t->p->ncpus; v++)
		hist_free(&t->hist[v]);
}

/* -- draws -- */

/*
 * How instances share cache lines. Lines on their way from one CPU to another are most of what a trial costs, so mostly neighbours
 * share them; which of it shows what depends on the test.
 */
enum layout {
	DENSE,    /* each location with its likes of the neighbours */
	TOGETHER, /* an instance's locations one behind the other, the next instance behind it */
	PACKED,   /* the same in a line of its own */
	SPREAD,   /* each location in a line of its own */
};

/*
 * No two locations in a line with exclusives: a pair whose addresses differ but
 * lie in one granule may succeed on a CPU, and does here, but not in the model.
 */
static enum layout draw_kind(const struct trial_plan *p, uint64_t *s)
{
	uint64_t kind = rnd(s);

	if (!p->elem)
		return p->packed_ok && kind % 4 == 0 ? PACKED : SPREAD;
	kind %= 32;
	return kind == 0 ? SPREAD : !p->packed_ok ? DENSE : kind <= 4 ? PACKED : kind <= 11 ? TOGETHER : DENSE;
}

static enum layout draw_layout(struct trial_draw *d, const struct trial_plan *p, uint64_t *s)
{
	uint32_t order[TRIAL_LOCS], at = 0;
	enum layout kind = draw_kind(p, s);
	unsigned from_to = kind == TOGETHER ? 8 : kind == PACKED ? 16 : TRIAL_LINE;

	d->dense = kind == DENSE;
	d->apart_log2 = d->per_log2 = 0;
	if (p->npages) {
		for (unsigned l = 0; l < p->nlocs; l++)
			d->cell[l] = p->loc[l].page * TRIAL_PAGE;
		return SPREAD;
	}
	for (unsigned l = 0; l < p->nlocs; l++)
		order[l] = l;
	shuffle(order, p->nlocs, s);
	for (unsigned i = 0; i < p->nlocs; i++) {
		at = ALIGN_UP(at, from_to);
		d->cell[order[i]] = at;
		at += p->loc[order[i]].bytes;
	}
	if (kind == DENSE || kind == TOGETHER) {
		while ((1u << d->apart_log2) < (kind == DENSE ? p->elem : at))
			d->apart_log2++;
		d->per_log2 = d->apart_log2 < 6 ? 6 - d->apart_log2 : 0;
	}
	return kind;
}

/*
 * Far apart, threads see little of each other; barriers next to each other, they do little but wait. With neighbours in a line, and
 * instances in order in lines of their own, threads meet as often with fewer barriers. Where there are few instances: closer.
 */
static uint32_t draw_group(const struct trial_plan *p, const struct trial_draw *d, enum layout kind, uint64_t *s)
{
	bool few = kind == DENSE || kind == TOGETHER || (kind == PACKED && d->ordered);
	uint32_t n = !(rnd(s) & 7) || !few ? 64 : kind == DENSE ? 256 : 128;

	return MIN(n, MAX(16u, p->size / 16));
}

void trial_draw(struct trial *t)
{
	const struct trial_plan *p = t->p;
	struct trial_draw *d = &t->now;
	uint64_t s, number = t->now.number;
	bool first = !number;
	enum layout kind;

	t->last = t->now;
	d->number = number + 1;
	d->fresh = number % EPOCH == 0;
	s = stream(p, number, 0x5eed);
	for (unsigned v = 0; v < p->ncpus; v++)
		d->role[v] = v;
	if (!first || p->shuffle_first)
		shuffle(d->role, p->ncpus, &s);
	for (unsigned v = 0; v < p->ncpus; v++)
		d->player[d->role[v]] = v;
	if (!d->fresh)
		return;
	d->rot = rnd(&s);
	d->ordered = !p->direct && rnd(&s) & 7;
	kind = draw_layout(d, p, &s);
	d->group = p->group ? p->group : draw_group(p, d, kind, &s);
	d->delay_opener = (uint32_t)BIT(rnd(&s) % 10) - 1;
	d->delay_other = (uint32_t)BIT(rnd(&s) % 5) - 1;
}

/* -- before a run -- */

static uint64_t vm_address(const struct trial *t, uint32_t to, uint64_t off, uint64_t cells)
{
	const struct trial_loc *loc = &t->p->loc[to & ~TRIAL_ENTRY];
	uint64_t pa = cells + (uint64_t)loc->page * TRIAL_PAGE;

	return to & TRIAL_ENTRY ? pte_descriptor(pa, (uint32_t)off) | t->p->entry_bits : loc->entry ? entry_at(t, pa) : virtual(t, pa) + off;
}

static inline uint64_t address(const struct trial *t, uint32_t to, uint64_t off, uint64_t cells, unsigned k)
{
	return to == TRIAL_CODE ? t->p->code + off + (uint64_t)k * t->p->step
	     : t->p->npages ? vm_address(t, to, off, cells) : cells + t->now.cell[to] + off;
}

static inline void put_locations(const struct trial *t, uint64_t cells, unsigned k)
{
	const struct trial_plan *p = t->p;

	for (unsigned i = 0; i < p->npages; i++)
		ram_st64(host(t, entry_at(t, cells) + 8 * i), pte_descriptor(cells + (uint64_t)i * TRIAL_PAGE, PTE_DEFAULT) | p->entry_bits);
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
	bool none = barrier || p->npages ? draws >> 62 & 1 : draws >> 56; /* pages: touches fill the TLB */

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
	unsigned in_group = 0, groups = 0, opener = 0, group = t->now.group;

	for (unsigned u = 0; u < p->ncpus; u++) {
		unsigned from, to;
		struct walk w;

		trial_share(p, u, &from, &to);
		w = walk_begin(t, &t->now, cp->cells, from, to);
		for (unsigned k = from; k < to; k++, rec += code->rec_size) {
			uint64_t word = in_group ? 0 : cp->barrier + 8 * (uint64_t)k, draws = rnd(&s);

			put_record(t, word, th, k, rec, walk_next(&w), draws, touches(p, touch, draws, word), opener == th);
			if (++in_group == group) {
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
			for (unsigned k = 0; k < n; k += TRIAL_LINE / p->elem, at += p->slot)
				for (unsigned i = 0; i < 8; i++)
					((uint64_t *)at)[i] = p->elem == 4 ? v | v << 32 : v;
		else if (p->loc[l].bytes == 4)
			for (unsigned k = 0; k < n; k++)
				*(uint32_t *)(at + place(&t->now, p->slot, k)) = (uint32_t)v;
		else
			for (unsigned k = 0; k < n; k++)
				*(uint64_t *)(at + place(&t->now, p->slot, k)) = v;
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

		for (unsigned k = ALIGN_UP_ANY(from, t->now.group); k < to; k += t->now.group)
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
	*out = t->out[v];
	*entry = p->thread[th].entry;
	return true;
}

/* Barriers that were opened. */
uint64_t trial_progress(const struct trial *t)
{
	const struct trial_plan *p = t->p;
	uint64_t n = 0;

	for (unsigned c = 0; c < p->ncopies; c++)
		for (unsigned k = 0; k < p->size; k += MAX(1u, t->now.group))
			n += ram_ld64(host(t, t->copy[c].barrier + 8 * (uint64_t)k)) != 0;
	return n;
}
