/* See run.h. */
#include "litmus/run.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "a64/cpu_ops.h"
#include "a64/sysbits.h"
#include "base/bits.h"
#include "base/clock.h"
#include "mem/access.h"

enum { LINE = 64 };

struct copy {                      /* one of several copies of the test that run in parallel */
	uint64_t barrier;          /* guest address of the words */
	uint64_t rec[MCM_MAX_THREADS];
	uint64_t cells;
};

struct run {
	struct gang *g;            /* CONST_AFTER_INIT, and so on down to perm */
	const struct lit_model *m;
	const struct lit_run_opts *o;
	struct lit_image img;
	unsigned ncpus, nthreads, ncopies;
	unsigned size;             /* instances */
	unsigned slot;             /* bytes of an instance's locations */
	struct copy *copy;
	uint8_t *ram;              /* host address of GANG_RAM */
	cpu_set_t allowed;         /* host CPUs */
	uint32_t *perm;            /* [size] the order of instances in memory */
	struct hist hist[GANG_MAX_CPUS];      /* OWNER(vcpu) */
	uint64_t faults[GANG_MAX_CPUS];       /* OWNER(vcpu) */
	unsigned asked[GANG_MAX_CPUS];        /* states of each that `stop` was asked about; more() only */

	/* Drawn for each run; written by more() (nothing else runs), read by all. */
	unsigned number;           /* runs so far */
	unsigned rot;
	unsigned cell[LIT_MAX_LOCS];          /* offset of each location in the slot */
	unsigned role[GANG_MAX_CPUS];         /* of a vCPU: copy * nthreads + thread */
	uint32_t delay_opener, delay_other;   /* masks */
	uint64_t start_ns;
};

/* -- randomness: splitmix64 -- */

static uint64_t rnd(uint64_t *s)
{
	uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t stream(const struct run *r, unsigned who)
{
	uint64_t s = r->o->seed + ((uint64_t)r->number << 20) + who;

	return rnd(&s);
}

static void shuffle(unsigned *v, unsigned n, uint64_t *s)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned k = (unsigned)(rnd(s) % i), t = v[i - 1];

		v[i - 1] = v[k];
		v[k] = t;
	}
}

/* -- draws -- */

static unsigned loc_bytes(const struct run *r, unsigned l)
{
	return r->m->t->loc[l].nelem * r->m->t->loc[l].type.size;
}

/*
 * Each location in lines of its own, in some order; or, one time in four, one
 * behind the other.  Not so with exclusives: a pair whose addresses differ but
 * lie in one granule may succeed on a CPU, and does here, but not in the model.
 */
static void draw_layout(struct run *r, uint64_t *s)
{
	unsigned order[LIT_MAX_LOCS], at = 0, n = r->m->t->nlocs;
	bool packed = rnd(s) % 4 == 0 && !r->img.exclusives;

	for (unsigned l = 0; l < n; l++)
		order[l] = l;
	shuffle(order, n, s);
	for (unsigned i = 0; i < n; i++) {
		unsigned size = loc_bytes(r, order[i]), align = packed ? 16 : LINE;

		at = ALIGN_UP(at, align);
		r->cell[order[i]] = at;
		at += size;
	}
}

static void draw(struct run *r)
{
	uint64_t s = stream(r, 0x5eed);

	r->rot = (unsigned)(rnd(&s) % r->size);
	draw_layout(r, &s);
	for (unsigned v = 0; v < r->ncpus; v++)
		r->role[v] = v;
	if (r->number || r->o->affinity == AFFINITY_RANDOM)
		shuffle(r->role, r->ncpus, &s);
	r->delay_opener = (uint32_t)BIT(rnd(&s) % 10) - 1;
	r->delay_other = (uint32_t)BIT(rnd(&s) % 5) - 1;
}

static unsigned place(const struct run *r, unsigned k) { return r->perm[(k + r->rot) % r->size]; }

static void share(const struct run *r, unsigned v, unsigned *from, unsigned *to)
{
	*from = (unsigned)((uint64_t)r->size * v / r->ncpus);
	*to = (unsigned)((uint64_t)r->size * (v + 1) / r->ncpus);
}

static uint8_t *host(const struct run *r, uint64_t addr) { return r->ram + (addr - GANG_RAM); }

/* -- before a run -- */

/* What is added to an address of code in instance k. */
static uint64_t code_shift(const struct run *r, unsigned k) { return (uint64_t)k * r->img.step; }

static void put_value(const struct run *r, uint8_t *at, unsigned size, const struct lit_val *v, bool sgn, uint64_t cells,
		      unsigned k)
{
	uint64_t x = v->kind == LIT_LOC ? cells + r->cell[v->loc] + v->v * r->m->t->loc[v->loc].type.size
					: lit_value(r->m, v) + (v->kind == LIT_LABEL ? GANG_CODE - LIT_CODE_BASE + code_shift(r, k) : 0);
	uint64_t w[2] = {x, v->kind == LIT_INT && sgn && x >> 63 ? ~UINT64_C(0) : 0};

	memcpy(at, w, size);
}

static void put_locations(const struct run *r, uint8_t *to, uint64_t guest, unsigned instance)
{
	const struct lit_test *t = r->m->t;

	for (unsigned l = 0; l < t->nlocs; l++)
		for (unsigned k = 0; k < t->loc[l].nelem; k++)
			put_value(r, to + r->cell[l] + k * t->loc[l].type.size, t->loc[l].type.size, &t->loc[l].init[k],
				  t->loc[l].type.sgn, guest, instance);
}

static void put_record(const struct run *r, const struct copy *c, unsigned th, unsigned k, uint64_t cells, uint64_t draws)
{
	const struct lit_code *code = &r->img.thr[th];
	uint8_t *rec = host(r, c->rec[th] + (uint64_t)k * code->rec_size);
	bool opener = k % r->nthreads == th;
	uint64_t word = (c->barrier + 8 * (uint64_t)k) | opener;
	uint32_t delay = (uint32_t)draws & (opener ? r->delay_opener : r->delay_other);
	uint32_t touch = r->o->preload && draws >> 62 == 0 ? (uint32_t)(draws >> 24) & (uint32_t)(draws >> 12) : 0;

	ram_st64(rec + REC_BARRIER, word);
	ram_st32(rec + REC_DELAY, delay);
	ram_st32(rec + REC_TOUCH, touch);
	for (unsigned p = 0; p < code->nptrs; p++)
		ram_st64(rec + REC_PTR + 8 * p, code->ptr[p].loc == LIT_PTR_CODE
				? GANG_CODE + code->ptr[p].off + code_shift(r, k)
				: cells + r->cell[code->ptr[p].loc] + code->ptr[p].off);
	ram_st64(rec + code->body_ptr, LIT_GUEST_CODE(th) + code_shift(r, k));
	ram_st64(rec + code->fault, 0);
	ram_st64(rec + code->fault + 8, 0);
}

/* Code that the last run changed is as it was before. */
static void restore_code(const struct run *r, unsigned k)
{
	for (unsigned th = 0; th < r->nthreads; th++) {
		uint64_t at = LIT_GUEST_CODE(th) + code_shift(r, k);
		const uint32_t *was = r->img.word + (at - GANG_CODE) / 4;

		if (!memcmp(host(r, at), was, r->img.step))
			continue;
		dma_write(gang_cpu(r->g, 0)->pm, mk_gpa(at), was, r->img.step);
		if (code_stale)
			code_stale(NULL, host(r, at), r->img.step);
	}
}

static void prepare(void *ctx, unsigned v)
{
	struct run *r = ctx;
	uint64_t s = stream(r, v);
	unsigned from, to;

	share(r, v, &from, &to);
	for (unsigned c = 0; c < r->ncopies; c++) {
		const struct copy *cp = &r->copy[c];

		memset(host(r, cp->barrier + 8 * (uint64_t)from), 0, 8 * (size_t)(to - from));
		for (unsigned k = from; k < to; k++) {
			uint64_t cells = cp->cells + (uint64_t)place(r, k) * r->slot;

			put_locations(r, host(r, cells), cells, k);
			if (r->img.step)
				restore_code(r, k);
			for (unsigned th = 0; th < r->nthreads; th++)
				put_record(r, cp, th, k, cells, rnd(&s));
		}
	}
}

static void pin(const struct run *r, unsigned v)
{
	unsigned want, n = 0;
	cpu_set_t set;

	if (r->o->affinity == AFFINITY_NONE)
		return;
	want = r->role[v] * (r->o->affinity == AFFINITY_INCR ? r->o->incr : 1) % (unsigned)CPU_COUNT(&r->allowed);
	CPU_ZERO(&set);
	for (unsigned k = 0; k < CPU_SETSIZE; k++)
		if (CPU_ISSET(k, &r->allowed) && n++ == want)
			CPU_SET(k, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static bool assign(void *ctx, unsigned v, struct gang_start *st)
{
	struct run *r = ctx;
	unsigned c = r->role[v] / r->nthreads, th = r->role[v] % r->nthreads;

	if (c >= r->ncopies)
		return false;
	pin(r, v);
	st->first = r->copy[c].rec[th];
	st->last = st->first + (uint64_t)r->size * r->img.thr[th].rec_size;
	st->entry = r->img.thr[th].entry;
	return true;
}

/* -- after a run -- */

/* Addresses of the instance become the model's. */
static uint64_t model_value(const struct run *r, uint64_t v, uint64_t cells, unsigned k)
{
	uint64_t off = v - cells;

	if (likely(off >= r->slot)) {
		if (v - GANG_CODE < r->nthreads * LIT_STRIDE)
			return v - GANG_CODE + LIT_CODE_BASE - code_shift(r, k);
		return v;
	}
	for (unsigned l = 0; l < r->m->t->nlocs; l++)
		if (off - r->cell[l] < loc_bytes(r, l))
			return LIT_LOC_BASE + l * LIT_STRIDE + off - r->cell[l];
	return v;
}

static bool is_fault(const struct run *r, const struct lit_item *f, uint64_t esr, uint64_t elr, unsigned k)
{
	unsigned ec = (unsigned)(esr >> 26) & 63;
	const char *kind = ec == EC_UNKNOWN ? "UndefinedInstruction" : ec == EC_SVC64 ? "SupervisorCall" : "";
	uint64_t at = elr - (ec == EC_SVC64 ? 4 : 0) - GANG_CODE + LIT_CODE_BASE - code_shift(r, k);

	if (!elr || (f->ftype && strcasecmp(f->ftype, kind)))
		return false;
	return !f->label || lit_a64_label(r->m, f->thread, f->label) == at;
}

static void thread_state(struct run *r, unsigned v, unsigned th, unsigned instance, uint64_t cells, uint64_t *state)
{
	const struct lit_code *code = &r->img.thr[th];
	const struct copy *cp = &r->copy[instance / r->size];
	unsigned inst = instance % r->size;
	const uint8_t *rec = host(r, cp->rec[th] + (uint64_t)inst * code->rec_size);
	uint64_t esr = ram_ld64(rec + code->fault), elr = ram_ld64(rec + code->fault + 8);

	r->faults[v] += elr != 0;
	for (unsigned k = 0; k < r->m->prog.nregs[th]; k++) {
		const struct lit_regslot *s = &r->m->slot[th][k];

		state[k] = s->fault ? is_fault(r, s->fault, esr, elr, inst)
				    : model_value(r, ram_ld64(rec + code->out + 8 * k), cells, inst);
	}
}

static void collect(void *ctx, unsigned v)
{
	struct run *r = ctx;
	const struct lit_model *m = r->m;
	uint64_t state[1024];
	unsigned from, to, regs = m->slot0[r->nthreads];

	share(r, v, &from, &to);
	for (unsigned c = 0; c < r->ncopies; c++) {
		const struct copy *cp = &r->copy[c];

		for (unsigned k = from; k < to; k++) {
			uint64_t cells = cp->cells + (uint64_t)place(r, k) * r->slot;
			const uint8_t *mem = host(r, cells);

			for (unsigned th = 0; th < r->nthreads; th++)
				thread_state(r, v, th, c * r->size + k, cells, state + m->slot0[th]);
			for (unsigned i = 0; i < m->prog.nmem; i++) {
				const struct mcm_memslot *ms = &m->prog.mem[i];

				state[regs + i] = model_value(r, ram_load(mem + r->cell[ms->loc] + ms->off, ms->size), cells, k);
			}
			hist_add(&r->hist[v], state, 1);
		}
	}
}

static bool stop_now(struct run *r)
{
	for (unsigned v = 0; r->o->stop && v < r->ncpus; v++)
		for (; r->asked[v] < r->hist[v].n; r->asked[v]++)
			if (r->o->stop(r->o->stop_ctx, hist_at(&r->hist[v], r->asked[v])))
				return true;
	return false;
}

static bool more(void *ctx)
{
	struct run *r = ctx;
	bool go_on = r->o->seconds > 0 ? (double)(clock_ns() - r->start_ns) < 1e9 * r->o->seconds
				       : r->number + 1 < r->o->runs;

	r->number++;
	go_on = go_on && !stop_now(r);
	if (go_on)
		draw(r);
	return go_on;
}

/* -- all together -- */

static unsigned gcd(unsigned a, unsigned b) { return b ? gcd(b, a % b) : a; }

/* The order in which a run visits the instances' places. */
static void make_order(struct run *r)
{
	uint64_t s = stream(r, 0x0bde);
	unsigned n = r->size, st = MAX(1u, r->o->stride) % n;

	while (gcd(MAX(st, 1u), n) != 1)
		st++;
	for (unsigned k = 0; k < n; k++)
		r->perm[k] = (unsigned)((uint64_t)k * MAX(st, 1u) % n);
	if (!r->o->direct)
		shuffle(r->perm, n, &s);
}

static int place_data(struct run *r, struct err *e)
{
	uint64_t at = GANG_DATA;
	unsigned n = r->size;

	for (unsigned l = 0; l < r->m->t->nlocs; l++)
		r->slot += ALIGN_UP(MAX(1u, loc_bytes(r, l)), LINE);
	r->slot = MAX(r->slot, LINE);
	for (unsigned c = 0; c < r->ncopies; c++) {
		struct copy *cp = &r->copy[c];

		cp->barrier = at;
		at = ALIGN_UP(at + 8 * (uint64_t)n, 4096);
		for (unsigned th = 0; th < r->nthreads; th++) {
			cp->rec[th] = at;
			at = ALIGN_UP(at + (uint64_t)n * r->img.thr[th].rec_size, 4096);
		}
		cp->cells = at;
		at = ALIGN_UP(at + (uint64_t)n * r->slot, 4096);
	}
	if (at > GANG_RAM + GANG_RAM_SIZE)
		return err_set(e, EXIT_INPUT, "%s: -s %u takes more memory than the machine has", r->m->t->file, n);
	return 0;
}

int lit_run(struct gang *g, const struct lit_model *m, const struct lit_run_opts *o, struct lit_result *res, struct err *e)
{
	const struct lit_build_opts bo = {.barrier = o->barrier, .timebase = 16, .preload = o->preload,
					 .own_code = o->own_code};
	struct run *r = calloc(1, sizeof(*r));
	struct gang_job job = {prepare, assign, collect, more, r};
	unsigned width = m->slot0[m->t->nthreads] + m->prog.nmem;
	int ret;

	*res = (struct lit_result){0};
	if (!r)
		return err_set(e, EXIT_HOST, "no memory");
	r->g = g;
	r->ram = gang_host(g, GANG_RAM);
	sched_getaffinity(0, sizeof(r->allowed), &r->allowed);
	r->m = m;
	r->o = o;
	r->ncpus = gang_ncpus(g);
	r->nthreads = m->t->nthreads;
	r->ncopies = o->own_code ? 1 : MAX(1u, MIN(o->avail, r->ncpus) / r->nthreads);
	r->copy = calloc(r->ncopies, sizeof(*r->copy));
	r->size = o->size;
	r->perm = calloc(o->size, sizeof(*r->perm));
	ret = !r->copy || !r->perm ? err_set(e, EXIT_HOST, "no memory")
	    : r->nthreads > r->ncpus ? err_set(e, EXIT_INPUT, "%s: %u threads, only %u vCPUs", m->t->file, r->nthreads, r->ncpus)
	    : width > 1024 ? err_set(e, EXIT_INPUT, "%s: beyond limits: too much is observed", m->t->file)
	    : lit_build(m, &bo, &r->img, e) < 0 ? -1 : 0;
	if (!ret) {
		r->size = MIN(r->size, lit_max_instances(&r->img));
		ret = place_data(r, e);
	}
	if (!ret) {
		for (unsigned v = 0; v < r->ncpus; v++)
			hist_init(&r->hist[v], width);
		make_order(r);
		draw(r);
		gang_load(g, r->img.word, r->img.nwords);
		r->start_ns = clock_ns();
		res->endless = gang_run(g, &job, o->patience) < 0;
		res->seconds = 1e-9 * (double)(clock_ns() - r->start_ns);
		res->runs = r->number;
		res->copies = r->ncopies;
		res->trials = (uint64_t)r->number * r->ncopies * r->size;
	}
	if (!ret && res->endless)
		return err_set(e, EXIT_GUEST, "%s: a run did not end within %.0f seconds", m->t->file, o->patience);
	if (!ret) {
		hist_init(&res->hist, width);
		for (unsigned v = 0; v < r->ncpus; v++) {
			hist_merge(&res->hist, &r->hist[v]);
			hist_free(&r->hist[v]);
			res->faults += r->faults[v];
		}
	}
	free(r->copy);
	free(r->perm);
	free(r);
	return ret;
}
