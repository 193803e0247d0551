/* See plan.h. */
#include "litmus/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "a64/cpu_ops.h"
#include "a64/sysbits.h"
#include "base/bits.h"
#include "litmus/pte.h"

enum { LINE = 64, PAGE = 4096 };

struct planner {
	const struct lit_model *m;
	const struct lit_run_opts *o;
	struct trial_plan *p;
	unsigned init;     /* bytes of the plan's initial values in use */
	const char *over;  /* what is beyond limits */
};

static uint64_t code_offset(const struct lit_model *m, const struct lit_val *v) { return lit_value(m, v) - LIT_CODE_BASE; }

/* One element of a location. */
static void plan_value(struct planner *pl, unsigned l, unsigned at, const struct lit_type *type, const struct lit_val *v)
{
	const struct lit_model *m = pl->m;
	struct trial_plan *p = pl->p;
	uint64_t x = v->kind == LIT_INT || v->kind == LIT_INSN ? lit_value(m, v) : 0;
	uint64_t w[2] = {x, v->kind == LIT_INT && type->sgn && x >> 63 ? ~UINT64_C(0) : 0};

	memcpy(p->init + p->loc[l].init + at, w, type->size);
	if (v->kind == LIT_INT || v->kind == LIT_INSN)
		return;
	if (p->nfixes == TRIAL_FIXES) {
		pl->over = "too many addresses as initial values";
		return;
	}
	p->fix[p->nfixes++] = v->kind == LIT_LOC
		? (struct trial_fix){l, at, type->size, v->loc, v->v * m->t->loc[v->loc].type.size}
		: v->kind == LIT_PTE ? (struct trial_fix){l, at, type->size, v->loc | TRIAL_ENTRY, v->v}
		: (struct trial_fix){l, at, type->size, TRIAL_CODE, code_offset(m, v)};
}

/* A test that changes its ASID: its pages are not global. */
static bool changes_asid(const struct lit_test *t)
{
	for (unsigned th = 0; th < t->nthreads; th++)
		for (unsigned i = 0; i < t->thread[th].n; i++)
			if (t->thread[th].line[i].insn && strcasestr(t->thread[th].line[i].insn, "TTBR0"))
				return true;
	return false;
}

/* Tests of translation: each location that is no entry has a page. */
static void plan_pages(struct planner *pl)
{
	const struct lit_test *t = pl->m->t;
	struct trial_plan *p = pl->p;

	p->elem = 0;
	p->packed_ok = false;
	p->vm = LIT_VM;
	p->entry_bits = changes_asid(t) ? BIT(11) : 0;
	for (unsigned l = 0; l < t->nlocs; l++) {
		if (!t->loc[l].pte)
			p->loc[l].page = p->npages++;
		if (!t->loc[l].pte && p->loc[l].bytes > PAGE)
			pl->over = "a location of more than a page";
	}
	for (unsigned l = 0; l < t->nlocs; l++)
		if (t->loc[l].pte) {
			p->loc[l].entry = 1;
			p->loc[l].page = p->loc[t->loc[l].of].page;
		}
	p->slot = p->npages * PAGE;
}

/* All accesses are of four bytes at most, whatever the locations' types say. */
static bool is_narrow(const struct lit_test *t)
{
	for (unsigned th = 0; th < t->nthreads; th++)
		for (unsigned i = 0; i < t->thread[th].n; i++) {
			const char *s = t->thread[th].line[i].insn, *at = s ? strchr(s, '[') : NULL;

			for (const char *p = s; p && at && p < at; p++)
				if (strchr("xXdDqQvV", *p) && p > s && strchr(" \t,", p[-1]))
					return false;
			for (; s && at && isalnum(*s); s++)
				if ((s[0] == 'P' || s[0] == 'p') && !(s[1] == 'R' || s[1] == 'r'))
					return false;
		}
	return true;
}

static void plan_locations(struct planner *pl)
{
	const struct lit_test *t = pl->m->t;
	struct trial_plan *p = pl->p;

	unsigned most = 0;

	p->nlocs = t->nlocs;
	for (unsigned l = 0; l < t->nlocs && !pl->over; l++) {
		const struct lit_loc *loc = &t->loc[l];
		unsigned bytes = loc->nelem * loc->type.size;

		if (pl->init + bytes > TRIAL_INIT) {
			pl->over = "too much memory";
			return;
		}
		p->loc[l] = (struct trial_loc){.bytes = bytes, .init = pl->init};
		for (unsigned k = 0; k < loc->nelem; k++)
			plan_value(pl, l, k * loc->type.size, &loc->type, &loc->init[k]);
		pl->init += ALIGN_UP(bytes, 8u);
		p->slot += ALIGN_UP(MAX(1u, bytes), LINE);
	}
	p->slot = MAX(p->slot, (uint32_t)LINE);
	for (unsigned l = 0; l < t->nlocs; l++)
		most = MAX(most, p->loc[l].bytes);
	p->elem = most > 8 ? 0 : most > 4 || !is_narrow(t) ? 8 : 4;
	if (t->vmsa)
		plan_pages(pl);
}

/* What may be done to a location before the test: nothing that faults or changes an entry. */
static uint32_t may_touch(const struct lit_test *t, unsigned loc)
{
	uint64_t flags = PTE_DEFAULT;

	if (loc == TRIAL_CODE || loc & TRIAL_ENTRY)
		return 0;
	for (unsigned l = 0; l < t->nlocs; l++)
		if (t->loc[l].pte && t->loc[l].of == loc)
			flags = t->loc[l].init[0].v;
	return !t->vmsa ? 3 : (flags & (PTE_VALID | PTE_AF)) == (PTE_VALID | PTE_AF);
}

static void plan_thread(struct planner *pl, const struct lit_image *img, unsigned th)
{
	const struct lit_code *c = &img->thr[th];
	struct trial_thread *to = &pl->p->thread[th];

	*to = (struct trial_thread){.entry = c->entry, .nptrs = c->nptrs, .body_ptr = c->body_ptr, .fault = c->fault,
				    .rec_size = c->rec_size, .nregs = pl->m->prog.nregs[th], .first = pl->m->slot0[th],
				    .out_size = c->out_size, .faulted = c->faulted};
	for (unsigned i = 0; i < c->nptrs; i++)
		to->ptr[i] = (struct trial_ptr){c->ptr[i].loc, 0, may_touch(pl->m->t, c->ptr[i].loc), c->ptr[i].off};
}

static void plan_faults(struct planner *pl)
{
	static const struct { const char *name; uint32_t ec, fsc; } kinds[] = {
		{"UndefinedInstruction", EC_UNKNOWN, TRIAL_ANY}, {"SupervisorCall", EC_SVC64, TRIAL_ANY},
		{"MMU:Translation", EC_DABORT, 0x04}, {"MMU:AccessFlag", EC_DABORT, 0x08}, {"MMU:Permission", EC_DABORT, 0x0c}};
	const struct lit_model *m = pl->m;
	struct trial_plan *p = pl->p;

	for (unsigned th = 0; th < p->nthreads; th++)
		for (unsigned k = 0; k < m->prog.nregs[th]; k++) {
			const struct lit_item *f = m->slot[th][k].fault;
			struct trial_fault *to = &p->fault[p->nfaults];

			if (!f)
				continue;
			if (p->nfaults++ == TRIAL_FAULTS) {
				pl->over = "too many faults";
				return;
			}
			*to = (struct trial_fault){.state = m->slot0[th] + k, .thread = th, .ec = f->ftype ? 64 : TRIAL_ANY,
						   .fsc = TRIAL_ANY, .at = f->label ? lit_a64_label(m, th, f->label) : 0,
						   .page = f->loc != LIT_ANY_LOC && m->t->vmsa ? p->loc[f->loc].page : TRIAL_ANY};
			if (f->loc != LIT_ANY_LOC && m->t->loc[f->loc].pte)
				pl->over = "a fault of a translation table entry's address";
			for (unsigned i = 0; f->ftype && i < ARRAY_SIZE(kinds); i++)
				if (!strcasecmp(f->ftype + (!strncmp(f->ftype, "D-", 2) ? 2 : 0), kinds[i].name)) {
					to->ec = kinds[i].ec;
					to->fsc = kinds[i].fsc;
				}
		}
}

static void plan_memory(struct planner *pl)
{
	const struct lit_model *m = pl->m;

	if (m->prog.nmem > TRIAL_MEMS || pl->p->width > TRIAL_WIDTH) {
		pl->over = "too much is observed";
		return;
	}
	pl->p->nmem = m->prog.nmem;
	for (unsigned i = 0; i < m->prog.nmem; i++)
		pl->p->mem[i] = (struct trial_mem){m->prog.mem[i].loc, m->prog.mem[i].off, m->prog.mem[i].size};
}

/* What the test's Prefetch= says: T touch, W write; F (not in the cache) has nothing to be done for it. */
static void plan_prefetch(struct planner *pl)
{
	const struct lit_test *t = pl->m->t;
	const char *s = t->prefetch;
	unsigned thread;
	char name[64], how;

	while (s && sscanf(s, " %u:%63[^=, ]=%c", &thread, name, &how) == 3) {
		struct trial_thread *th = &pl->p->thread[MIN(thread, TRIAL_THREADS - 1u)];

		for (unsigned k = 0; k < th->nptrs; k++)
			if (th->ptr[k].loc != TRIAL_CODE && !strcmp(t->loc[th->ptr[k].loc].name, name))
				th->ptr[k].touch = how == 'T' ? 1 : how == 'W' ? 2 : 0;
		s = strchr(s, ',');
		s += s != NULL;
	}
}

int lit_plan(const struct lit_model *m, const struct lit_run_opts *o, unsigned ncpus, struct lit_image *img,
	     struct trial_plan *p, struct err *e)
{
	const struct lit_build_opts bo = {.size = o->size, .barrier = o->barrier, .timebase = 16, .preload = o->preload != PRELOAD_NO,
					 .own_code = o->own_code, .asid = changes_asid(m->t), .crowded = o->crowded};
	struct planner pl = {m, o, p, 0, NULL};
	const char *file = m->t->file;

	if (m->t->nthreads > ncpus)
		return err_set(e, EXIT_INPUT, "%s: %u threads, only %u vCPUs", file, m->t->nthreads, ncpus);
	if (lit_build(m, &bo, img, e) < 0)
		return -1;
	*p = (struct trial_plan){.magic = TRIAL_MAGIC, .nthreads = m->t->nthreads, .ncpus = ncpus, .group = o->group,
				 .step = img->step, .packed_ok = !img->exclusives, .direct = o->direct, .stride = o->stride,
				 .preload = o->preload, .shuffle_first = o->affinity == AFFINITY_RANDOM, .seed = o->seed,
				 .runs = o->runs, .ram = GANG_RAM, .image = GANG_CODE, .code = LIT_GUEST_CODE(0), .code_stride = LIT_STRIDE,
				 .model_loc = LIT_LOC_BASE, .model_code = LIT_CODE_BASE};
	p->ncopies = o->own_code ? 1 : MAX(1u, MIN(o->avail, ncpus) / p->nthreads);
	p->size = MIN(o->size, m->t->vmsa ? 500u : lit_max_instances(img));
	if (m->t->vmsa)
		p->ncopies = 1;
	p->width = m->slot0[p->nthreads] + m->prog.nmem;
	plan_locations(&pl);
	for (unsigned th = 0; th < p->nthreads; th++)
		plan_thread(&pl, img, th);
	plan_faults(&pl);
	plan_memory(&pl);
	plan_prefetch(&pl);
	return pl.over ? err_set(e, EXIT_INPUT, "%s: beyond limits: %s", file, pl.over) : 0;
}

/* -- for a guest -- */

/* Names of a state's values: registers and memory, as states print them; a second part of one is unnamed. */
static void write_names(FILE *f, const struct lit_model *m)
{
	char buf[16];

	for (unsigned th = 0; th < m->t->nthreads; th++)
		for (unsigned k = 0; k < m->prog.nregs[th]; k++) {
			const struct lit_regslot *s = &m->slot[th][k];

			if (s->fault)
				fprintf(f, "Fault(P%u)%c", th, 0);
			else
				fprintf(f, "%u:%s%c", th, lit_reg_name(m->t->arch, s->reg, buf), 0);
		}
	for (unsigned i = 0; i < m->prog.nmem; i++)
		fprintf(f, "[%s+%u]%c", m->t->loc[m->prog.mem[i].loc].name, (unsigned)m->prog.mem[i].off, 0);
}

int lit_plan_write(const struct lit_model *m, const struct lit_run_opts *o, unsigned ncpus, const char *path, struct err *e)
{
	struct trial_plan *p = calloc(1, sizeof(*p));
	struct lit_image img;
	uint64_t n;
	FILE *f;

	if (!p)
		return err_set(e, EXIT_HOST, "no memory");
	if (o->own_code || m->t->vmsa || lit_plan(m, o, ncpus, &img, p, e) < 0) {
		free(p);
		return o->own_code || m->t->vmsa ? err_set(e, EXIT_INPUT, "%s: a test that changes code or translation", m->t->file) : -1;
	}
	f = fopen(path, "wb");
	n = img.nwords;
	if (f) {
		fwrite(p, sizeof(*p), 1, f);
		fwrite(&n, sizeof(n), 1, f);
		fwrite(img.word, sizeof(*img.word), n, f);
		write_names(f, m);
	}
	free(p);
	return !f || fclose(f) ? err_set(e, EXIT_HOST, "%s: %s", path, strerror(errno)) : 0;
}
