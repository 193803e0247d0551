/*
 * Translation validation: the host code that the translator really emitted
 * for the threads of litmus tests, taken through the x86-TSO model; its
 * outcomes must be among those that Arm allows.
 *
 * A thread's code is translated and run natively, one host instruction at a
 * time (trap flag).  Before each instruction capstone says what it accesses;
 * an access to the test's locations becomes an event: for a load the explorer
 * says which value it is to find there, for a store it is told what was
 * written.  Locked instructions and MFENCE are fences wherever they point.
 * Everything else (the vCPU, the stack, the TLB, helpers in C) is private and
 * just runs.  Out of scope: pairs of exclusives, indirect branches, faults.
 *
 *   t_translated [FILE|FOLDER...]     default: the axioms' tests and, where it is at hand, a sample of the corpus
 */
#include <fts.h>
#include <signal.h>
#include <ucontext.h>

#include <capstone/capstone.h>

#include "litmus/model.h"
#include "x64/lower.h"
#pragma GCC diagnostic ignored "-Wunused-function" /* of the harness only some is used */
#include "tcache/tcache.h"
#include "tests/xlate/lockstep.h"

enum { CACHE = 1 << 16, MAX_ACC = 4, MAX_STEPS = 8000, MAX_RUNS = 400, MAX_EVENTS_RUN = 24 };

/* What an instruction does to memory. */
struct dec {
	uint64_t rip;
	bool locked, mfence, cmpxchg;
	uint8_t n;
	struct {
		int16_t base, index; /* of gregs, -1 none */
		uint8_t scale, size;
		bool read, write, rip_rel;
		int64_t disp;
	} acc[MAX_ACC];
	uint8_t len;
};

static struct dec cache[CACHE];
static csh cs;
static cs_insn *insn;
static struct vcpu *cpu;

static struct tracer {
	struct mcm_run *r;
	const struct lit_model *m;
	uintptr_t lo, hi;        /* the locations, in host memory */
	volatile sig_atomic_t on;
	unsigned steps, events, ninsn;
	bool leaving;            /* nothing more is recorded; the thread ends at the next host instruction of a unit */
	/* a store that the instruction just stepped over made */
	bool pending, pending_lock, pending_cmpxchg;
	uintptr_t at;
	unsigned size;
	int read;                /* its read half, or -1 */
	sigjmp_buf out;
} tr;

static unsigned runs;
static bool too_long;

/* ---- decoding ---- */

static int greg(x86_reg r)
{
	switch ((int)r) {
	case X86_REG_RAX: case X86_REG_EAX: return REG_RAX;
	case X86_REG_RBX: case X86_REG_EBX: return REG_RBX;
	case X86_REG_RCX: case X86_REG_ECX: return REG_RCX;
	case X86_REG_RDX: case X86_REG_EDX: return REG_RDX;
	case X86_REG_RSI: case X86_REG_ESI: return REG_RSI;
	case X86_REG_RDI: case X86_REG_EDI: return REG_RDI;
	case X86_REG_RBP: case X86_REG_EBP: return REG_RBP;
	case X86_REG_RSP: case X86_REG_ESP: return REG_RSP;
	case X86_REG_R8: case X86_REG_R8D: return REG_R8;
	case X86_REG_R9: case X86_REG_R9D: return REG_R9;
	case X86_REG_R10: case X86_REG_R10D: return REG_R10;
	case X86_REG_R11: case X86_REG_R11D: return REG_R11;
	case X86_REG_R12: case X86_REG_R12D: return REG_R12;
	case X86_REG_R13: case X86_REG_R13D: return REG_R13;
	case X86_REG_R14: case X86_REG_R14D: return REG_R14;
	case X86_REG_R15: case X86_REG_R15D: return REG_R15;
	default: return -1;
	}
}

static const struct dec *decode(uint64_t rip)
{
	struct dec *d = &cache[(rip ^ rip >> 16) % CACHE];
	const uint8_t *code = (const uint8_t *)(uintptr_t)rip;
	uint64_t addr = rip;
	size_t left = 16;

	if (d->rip == rip)
		return d;
	memset(d, 0, sizeof(*d));
	d->rip = rip;
	if (!cs_disasm_iter(cs, &code, &left, &addr, insn))
		return d;
	d->len = (uint8_t)insn->size;
	d->mfence = insn->id == X86_INS_MFENCE;
	d->cmpxchg = insn->id == X86_INS_CMPXCHG || insn->id == X86_INS_CMPXCHG16B || insn->id == X86_INS_CMPXCHG8B;
	d->locked = insn->detail->x86.prefix[0] == X86_PREFIX_LOCK;
	for (unsigned i = 0; i < insn->detail->x86.op_count && d->n < MAX_ACC; i++) {
		const cs_x86_op *o = &insn->detail->x86.operands[i];

		if (o->type != X86_OP_MEM || insn->id == X86_INS_LEA || insn->id == X86_INS_NOP ||
		    o->mem.segment == X86_REG_FS || o->mem.segment == X86_REG_GS)
			continue;
		if (insn->id == X86_INS_XCHG)
			d->locked = true;
		d->acc[d->n].base = (int16_t)greg(o->mem.base);
		d->acc[d->n].index = (int16_t)greg(o->mem.index);
		d->acc[d->n].rip_rel = o->mem.base == X86_REG_RIP;
		d->acc[d->n].scale = (uint8_t)o->mem.scale;
		d->acc[d->n].disp = o->mem.disp;
		d->acc[d->n].size = o->size;
		d->acc[d->n].read = o->access & CS_AC_READ || (!o->access && i > 0);
		d->acc[d->n].write = o->access & CS_AC_WRITE || (!o->access && i == 0);
		if (d->locked)
			d->acc[d->n].read = d->acc[d->n].write = true;
		else if (!i && (strstr(insn->mnemonic, "mov") || strstr(insn->mnemonic, "extr"))) {
			d->acc[d->n].read = false; /* capstone takes vector stores for loads */
			d->acc[d->n].write = true;
		}
		d->n++;
	}
	return d;
}

/* ---- events ---- */

/* Not at once: the emulator's own code may hold a lock. */
static void leave(void) { tr.leaving = true; }

static bool in_unit(uintptr_t rip) { return tcache_holds(jit_cache(), (const void *)rip); }

/* Guest addresses as the model's and back; all else is as it is. */
static uint64_t to_guest(uint64_t v)
{
	if (v - LIT_LOC_BASE < LIT_MAX_LOCS * LIT_STRIDE)
		return v - LIT_LOC_BASE + DATA;
	if (v - LIT_CODE_BASE < MCM_MAX_THREADS * LIT_STRIDE)
		return v - LIT_CODE_BASE + CODE;
	return v;
}
static uint64_t to_model(uint64_t v)
{
	if (v - DATA < tr.m->t->nlocs * LIT_STRIDE)
		return v - DATA + LIT_LOC_BASE;
	if (v - CODE < tr.m->t->nthreads * LIT_STRIDE)
		return v - CODE + LIT_CODE_BASE;
	return v;
}

/* false: too many, the thread leaves. */
static bool start_event(struct mcm_event *e, unsigned kind, uintptr_t at, unsigned size, bool locked)
{
	*e = (struct mcm_event){.kind = (uint8_t)kind, .size = (uint8_t)size, .rmw = MCM_NO_EVENT,
				.loc = (uint16_t)((at - tr.lo) / LIT_STRIDE), .off = (uint32_t)((at - tr.lo) % LIT_STRIDE),
				.insn = (uint16_t)tr.ninsn, .flags = locked ? MCM_F_AMO : 0};
	if (++tr.events <= MAX_EVENTS_RUN)
		return true;
	mcm_run_cut(tr.r); /* a loop: as beyond the bound */
	leave();
	return false;
}

/* A load: decides its value and puts it there. -1: the thread leaves. */
static int load_event(uintptr_t at, unsigned size, bool locked)
{
	struct mcm_event e;
	u128 v;
	uint64_t w;
	int idx;

	if (!start_event(&e, MCM_READ, at, size, locked))
		return -1;
	idx = mcm_run_event(tr.r, &e);
	if (idx < 0 || !mcm_run_fix(tr.r, BIT(idx))) {
		leave();
		return -1;
	}
	mcm_run_value(tr.r, (unsigned)idx, &v);
	w = size == 8 ? to_guest((uint64_t)v) : (uint64_t)v;
	memcpy((void *)at, &w, MIN(size, 8u));
	if (size == 16) {
		w = (uint64_t)(v >> 64);
		memcpy((char *)at + 8, &w, 8);
	}
	return idx;
}

static void fence_event(void)
{
	struct mcm_event e = {.kind = MCM_BARRIER, .barrier = MCM_B_MFENCE, .rmw = MCM_NO_EVENT, .insn = (uint16_t)tr.ninsn++};

	if (++tr.events > MAX_EVENTS_RUN)
		mcm_run_cut(tr.r);
	if (tr.events > MAX_EVENTS_RUN || mcm_run_event(tr.r, &e) < 0)
		leave();
}

static void finish_store(const greg_t *g)
{
	struct mcm_event e;

	if (!tr.pending)
		return;
	tr.pending = false;
	if (tr.pending_cmpxchg && !(g[REG_EFL] & 0x40)) {
		fence_event();
		return;
	}
	for (unsigned done = 0; done < tr.size;) { /* more than 8 bytes are pieces, but for a locked one */
		unsigned n = tr.pending_lock ? tr.size : MIN(8u, tr.size - done);
		uint64_t w = 0;

		if (!start_event(&e, MCM_WRITE, tr.at + done, n, tr.pending_lock))
			return;
		memcpy(&w, (void *)(tr.at + done), MIN(n, 8u));
		e.val = n == 8 ? to_model(w) : w;
		if (n == 16) {
			memcpy(&w, (char *)tr.at + 8, 8);
			e.val |= (u128)w << 64;
		}
		e.rmw = tr.read >= 0 ? (uint8_t)tr.read : MCM_NO_EVENT;
		if (mcm_run_event(tr.r, &e) < 0) {
			leave();
			return;
		}
		done += n;
	}
	tr.ninsn++;
}

static void before(const struct dec *d, const greg_t *g)
{
	bool in_test = false;

	for (unsigned i = 0; i < d->n; i++) {
		uintptr_t at = (uintptr_t)d->acc[i].disp;
		unsigned size = d->acc[i].size;

		if (d->acc[i].rip_rel)
			at += d->rip + d->len;
		if (d->acc[i].base >= 0)
			at += (uintptr_t)g[d->acc[i].base];
		if (d->acc[i].index >= 0)
			at += (uintptr_t)g[d->acc[i].index] * d->acc[i].scale;
		if (at < tr.lo || at >= tr.hi)
			continue;
		in_test = true;
		tr.read = -1;
		if (d->acc[i].read)
			for (unsigned done = 0; done < size;) {
				unsigned n = d->locked ? size : MIN(8u, size - done);

				tr.read = load_event(at + done, n, d->locked);
				if (tr.leaving)
					return;
				done += n;
			}
		if (d->acc[i].write) {
			tr.pending = true;
			tr.pending_lock = d->locked;
			tr.pending_cmpxchg = d->cmpxchg;
			tr.at = at;
			tr.size = size;
		} else {
			tr.ninsn++;
		}
	}
	if (d->mfence || (d->locked && d->n && !in_test))
		fence_event();
}

static void on_trap(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;
	greg_t *g = uc->uc_mcontext.gregs;

	if (!tr.on) {
		g[REG_EFL] &= ~0x100;
		return;
	}
	g[REG_EFL] |= 0x100;
	/* What is not translated yet is translated here, which does not count. */
	if (!tr.leaving && (uint64_t)g[REG_RIP] - (uint64_t)(uintptr_t)glue_exit < TCACHE_DEFAULT_BYTES && ++tr.steps > MAX_STEPS) {
		mcm_run_cut(tr.r);
		leave();
	}
	if (!tr.leaving)
		finish_store(g);
	if (!tr.leaving)
		before(decode((uint64_t)g[REG_RIP]), g);
	if (tr.leaving && in_unit((uintptr_t)g[REG_RIP])) {
		tr.on = 0;
		siglongjmp(tr.out, 1);
	}
}

/* ---- threads ---- */

static void put_locations(const struct lit_model *m)
{
	for (unsigned i = 0; i < m->t->nlocs; i++) {
		const struct mcm_loc *l = &m->prog.locs[i];
		uint8_t *p = ram(DATA + i * LIT_STRIDE);

		memset(p, 0, 256);
		memcpy(p, l->init, l->size);
		if (l->size == 8) {
			uint64_t v;

			memcpy(&v, p, 8);
			v = to_guest(v);
			memcpy(p, &v, 8);
		}
	}
}

static void put_state(const struct lit_model *m, unsigned t)
{
	struct vcpu *c = cpu;

	at_el(c, 1);
	memset(c->x, 0, sizeof(c->x));
	memset(c->v, 0, sizeof(c->v));
	c->sp = c->nzcv = 0;
	c->fp = (struct fpenv){0};
	c->fence_owed = 0;
	memset(&c->mon, 0, sizeof(c->mon));
	for (unsigned i = 0; i < MONITOR_STRIPES; i++) /* a run may have been left inside of one */
		monitor_stripes[i].locked = 0;
	for (unsigned i = 0; i < m->t->nregs; i++) {
		const struct lit_reginit *r = &m->t->regs[i];

		if (r->thread != t || !r->nval)
			continue;
		if (r->reg < 31)
			c->x[r->reg] = to_guest(lit_value(m, &r->val[0]));
		else if (r->reg == LIT_REG_SP)
			c->sp = to_guest(lit_value(m, &r->val[0]));
	}
	c->pc = CODE + t * LIT_STRIDE;
	put_locations(m);
	st_rlx(&c->request, 0);
}

static void run_native(void *ctx, unsigned t, struct mcm_run *r)
{
	const struct lit_model *m = ctx;

	if (++runs > MAX_RUNS) {
		too_long = true;
		mcm_run_cut(r);
		return;
	}
	put_state(m, t);
	tr.r = r;
	tr.steps = tr.events = tr.ninsn = 0;
	tr.pending = tr.leaving = false;
	if (sigsetjmp(tr.out, 1))
		return;
	tr.on = 1;
	raise(SIGTRAP);
	jit_run(cpu);
	tr.on = 0;
	raise(SIGTRAP); /* a last trap takes the flag away */
	if (tr.leaving)
		return;
	for (unsigned k = 0; k < m->prog.nregs[t]; k++) {
		const struct lit_regslot *s = &m->slot[t][k];
		struct mcm_final f = {.read = MCM_NO_EVENT};

		if (s->reg < 31)
			f.val = to_model(cpu->x[s->reg]);
		else if (s->reg == LIT_REG_SP)
			f.val = to_model(cpu->sp);
		else if (s->reg >= LIT_REG_V0)
			f.val = (uint64_t)(cpu->v[s->reg - LIT_REG_V0] >> (64 * s->half));
		mcm_run_final(r, k, &f);
	}
}

static void put_code(const struct lit_model *m)
{
	for (unsigned t = 0; t < m->t->nthreads; t++) {
		unsigned size;
		const uint8_t *code = lit_a64_bytes(m, t, &size);
		uint64_t at = CODE + t * LIT_STRIDE;

		for (unsigned i = 0; i < size; i += 4) {
			uint32_t w;

			memcpy(&w, code + i, 4);
			poke32(at + i, w);
		}
		for (unsigned i = 0; i < 4; i++)
			poke32(at + size + 4 * i, WFI);
	}
	at_add(&code_gen_all, 1);
	code_stale(0, 0, 0);
}

/* Runs each thread once untraced: code is translated, the TLB is warm. Threads that would not end are stopped. */
static void warm_up(const struct lit_model *m)
{
	for (unsigned t = 0; t < m->t->nthreads; t++) {
		put_state(m, t);
		jit_run(cpu);
	}
}

static bool in_scope(const struct lit_model *m)
{
	if (m->t->arch != LIT_AARCH64 || m->t->nlocs > 16)
		return false;
	for (unsigned i = 0; i < m->t->nitems; i++)
		if (m->t->item[i].kind == LIT_FAULT)
			return false;
	for (unsigned t = 0; t < m->t->nthreads; t++) /* a loop that waits for others would not end alone */
		for (unsigned i = 0; i < m->t->thread[t].n; i++) {
			const char *s = m->t->thread[t].line[i].insn;

			if (s && (!strncasecmp(s, "BR", 2) || !strncasecmp(s, "BL", 2) || strstr(s, "%")))
				return false;
		}
	return true;
}

enum verdict { SOUND, UNSOUND, SKIPPED, LONG };

static enum verdict validate(const char *path, struct mcm_arena *a)
{
	static char text[1 << 16], line[4096];
	FILE *f = fopen(path, "r");
	struct err e = {0};
	struct lit_test *t;
	struct lit_model *m;
	struct lit_outcome arm, host;
	struct mcm_solve_opts o = {.model = &mcm_arm};
	size_t n;

	if (!f)
		return SKIPPED;
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	t = litmus_parse(path, text, n, a, &e);
	m = t ? lit_model_new(t, 2, a, &e) : NULL;
	if (!m || !in_scope(m) || lit_outcomes(m, &o, &arm, &e) < 0)
		return SKIPPED;
	if (arm.cut && strstr(text, "ADD")) /* more turns of a loop than the model counts */
		return SKIPPED;
	tr.m = m;
	tr.lo = (uintptr_t)ram(DATA);
	tr.hi = tr.lo + t->nlocs * LIT_STRIDE;
	put_code(m);
	warm_up(m);
	runs = 0;
	too_long = false;
	m->prog.run = run_native;
	o.model = &mcm_tso;
	if (lit_outcomes(m, &o, &host, &e) < 0)
		return LONG;
	if (too_long)
		return LONG;
	for (unsigned i = 0, k = 0; i < host.nstates; i++) {
		while (k < arm.nstates && strcmp(arm.text[k], host.text[i]) < 0)
			k++;
		if (k == arm.nstates || strcmp(arm.text[k], host.text[i])) {
			snprintf(line, sizeof(line), "%s", host.text[i]);
			printf("# %s: the translated code shows %s\n", path, line);
			return UNSOUND;
		}
	}
	return host.nstates ? SOUND : SKIPPED;
}

static unsigned count[4];

/* Every `step`-th test under a path. */
static void folder(const char *path, unsigned step, unsigned phase)
{
	char copy[4096];
	char *argv[] = {copy, NULL};
	struct mcm_arena a = {0};
	FTSENT *ent;
	FTS *fts;
	unsigned n = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fts = fts_open(argv, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	while (fts && (ent = fts_read(fts))) {
		const char *dot = strrchr(ent->fts_name, '.');

		if (ent->fts_info != FTS_F || !dot || strcmp(dot, ".litmus") || n++ % step != phase)
			continue;
		mcm_arena_reset(&a);
		count[validate(ent->fts_path, &a)]++;
	}
	if (fts)
		fts_close(fts);
	mcm_arena_free(&a);
}

static void report(const char *what)
{
	ok(count[SOUND] && !count[UNSOUND], "%s: %u sound, %u unsound, %u not in scope, %u too long", what, count[SOUND],
	   count[UNSOUND], count[SKIPPED], count[LONG]);
	memset(count, 0, sizeof(count));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *folder;
		unsigned step;
	} sample[] = {{"diy/two", 80}, {"diy/exclusive", 96}, {"diy/rmw", 1200}, {"diy/mixed", 160}, {"catalogue/aarch64", 48}};
	const char *top = getenv("top_srcdir");
	struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	char path[4096];

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &cs) || cs_option(cs, CS_OPT_DETAIL, CS_OPT_ON))
		return 99;
	insn = cs_malloc(cs);
	sigaction(SIGTRAP, &sa, NULL);
	cpu = lockstep_new();
	cpu->nvcpus = 2; /* the code for several: the others do nothing */
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			folder(argv[i], 1, 0);
		report("tests");
		return tap_done();
	}
	snprintf(path, sizeof(path), "%s/tests/litmus/axioms", top ? top : ".");
	folder(path, 1, 0);
	report("tests of the axioms");
	for (unsigned i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		snprintf(path, sizeof(path), "%s/../shared/litmus/%s", top ? top : ".", sample[i].folder);
		folder(path, sample[i].step, 7 % sample[i].step);
	}
	if (count[SOUND] + count[UNSOUND] + count[SKIPPED])
		report("a sample of the corpus");
	return tap_done();
}
