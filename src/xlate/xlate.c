/* See xlate.h. */
#include "xlate/xlate.h"

#include <stdlib.h>
#include <string.h>

#include "a64/a64_enc.gen.h"
#include "a64/interp.h"
#include "base/bug.h"
#include "base/log.h"
#include "base/passes.h"
#include "mem/access.h"
#include "xlate/disas.h"
#include "xlate/irb.h"
#include "xlate/pair.h"
#include "xlate/region.h"
#include "xlate/slots.h"
#include "xlate/tables.h"
#include "xlate/watch.h"

#define SELDOM_SHARE 16 /* ways that were gone in fewer than one of so many turns are left out */
#define REGION_BUDGET 3 /* instructions of a region, in those of a block */
/* Code memory asked for at first; where that was not enough, more until it is this. */
#define CODE_NEED (2u << 10)
#define CODE_NEED_MOST (96u << 10)
#define MAX_LINKS 512
_Static_assert(FLOW_PAGE_WORDS * 4 == TLB_PAGE, "units are made of pages that the TLB maps");

unsigned xlate_budget = 64;

#define X(n) void irb_##n(struct irb *e, const struct a64_insn *insn);
A64_OPS(X)
#undef X
static irb_fn *const irb_table[A64_OP_COUNT] = {
#define X(n) [A64_##n] = irb_##n,
	A64_OPS(X)
#undef X
};

#define XS(n) {T_INT, 8, offsetof(struct vcpu, x) + 8 * (n), "x" #n}
#define VS(n) {T_VEC, 16, offsetof(struct vcpu, v) + 16 * (n), "v" #n}
#define MS(name, field) {T_INT, 8, offsetof(struct vcpu, mon.field), name}
const struct ir_slot xlate_slots[SLOT_COUNT] = {
	XS(0), XS(1), XS(2), XS(3), XS(4), XS(5), XS(6), XS(7), XS(8), XS(9), XS(10), XS(11), XS(12), XS(13), XS(14), XS(15),
	XS(16), XS(17), XS(18), XS(19), XS(20), XS(21), XS(22), XS(23), XS(24), XS(25), XS(26), XS(27), XS(28), XS(29), XS(30),
	{T_INT, 8, offsetof(struct vcpu, sp), "sp"},
	{T_FLAGS, 4, offsetof(struct vcpu, nzcv), "nzcv"},
	VS(0), VS(1), VS(2), VS(3), VS(4), VS(5), VS(6), VS(7), VS(8), VS(9), VS(10), VS(11), VS(12), VS(13), VS(14), VS(15),
	VS(16), VS(17), VS(18), VS(19), VS(20), VS(21), VS(22), VS(23), VS(24), VS(25), VS(26), VS(27), VS(28), VS(29), VS(30),
	VS(31),
	MS("mon.armed", armed), MS("mon.val", val[0]), MS("mon.val_hi", val[1]), MS("mon.va", va), MS("mon.pc", load_pc),
};

struct xlate {
	struct ir_unit *u;
	struct lower *l;
	struct flow_page page;
	struct flow flow;
	struct tlink links[MAX_LINKS];
	struct xlate_tables tables;
	bool no_room; /* the last unit found no code memory */
};

struct xlate *xlate_new(void)
{
	struct xlate *x = calloc(1, sizeof(*x));

	BUG_ON(!x);
	x->u = ir_new(xlate_slots, SLOT_COUNT);
	x->l = x64_lower_new();
	return x;
}

void xlate_free(struct xlate *x)
{
	ir_free(x->u);
	x64_lower_free(x->l);
	free(x->tables.blob);
	free(x);
}

uint64_t xlate_exec(struct vcpu *c, uint64_t word)
{
	struct a64_insn in;

	if (!a64_decode((uint32_t)word, c->feats, &in))
		in.op = A64_UNALLOCATED;
	interp_exec(c, &in);
	return 0;
}

static void end(struct irb *e, unsigned op, uint64_t pc, unsigned imm)
{
	ir_emit(e->u, &(struct ir_node){.op = (uint16_t)op, .k = pc, .imm = imm, .snap = ir_snapshot(e->u, e->pc)});
}

/* The instruction is left to the interpreter: its effects are not in the unit. */
static void end_exec(struct irb *e)
{
	end(e, IR_leave, e->pc, 1);
}

/* Guest instructions of the unit, as the front end walked them. */
struct walk {
	struct xlate *x;
	uint64_t page_pc;
	unsigned lo, hi;      /* words of the page that were read */
	unsigned n;
	struct region region;
	bool in_region;
	unsigned turns;       /* of the block being built, while it was interpreted */
	uint64_t back;        /* return address of the last call that was followed, ahead or with a poll; 0: none */
};

static bool in_page(const struct walk *w, uint64_t pc) { return !((pc ^ w->page_pc) & ~(TLB_PAGE - 1)); }
static unsigned word_of(uint64_t pc) { return (unsigned)(pc & (TLB_PAGE - 1)) / 4; }

/* The aux of a branch to pc. */
static uint16_t wants(const struct walk *w, uint64_t pc)
{
	return in_page(w, pc) && flow_uses_flags(flow_word(&w->x->page, word_of(pc))) ? BR_FLAGS_USED : 0;
}

/* Code at pc, in the page, is of this unit and goes where the walk has come to. */
static bool goes_on(const struct walk *w, uint64_t pc)
{
	const struct flow *f = &w->x->flow;

	return w->in_region ? flow_has(f->inside, word_of(pc)) && !flow_has(f->starts, word_of(pc)) : !flow_has(f->heads, word_of(pc));
}

bool xlate_peek(const struct irb *e, uint64_t pc, uint32_t *word)
{
	struct walk *w = e->walk;
	unsigned at = word_of(pc);

	if (!in_page(w, pc))
		return false;
	w->lo = MIN(w->lo, at);
	w->hi = MAX(w->hi, at + 1);
	*word = flow_word(&w->x->page, at);
	return true;
}

void xlate_insn(struct irb *e, const struct a64_insn *insn) { irb_table[insn->op](e, insn); }

/* Returns inside a region may go behind its calls. */
static void guess_return(struct irb *e, const struct walk *w)
{
	for (unsigned k = 0; w->in_region && e->hint == BR_RET && k < w->x->flow.nrets; k++) {
		uint64_t pc = w->page_pc + 4 * w->x->flow.ret[k];
		ir_ref same = ir_pure(e->u, IR_eq64, e->cond, ir_const(e->u, pc), 0, 0, 0);

		ir_emit(e->u, &(struct ir_node){.op = IR_brc, .a = {same}, .k = pc, .snap = ir_snapshot(e->u, e->pc)});
	}
}

/*
 * A branch back where no loop is known to close: the unit goes on there, so that the code between two calls is one. Not within
 * a pair of exclusives, which is no place for a unit to end, so that the walk would go round for ever.
 */
static bool goes_back(const struct irb *e, const struct walk *w)
{
	return !w->in_region && !pair_open(e) && in_page(w, e->target) && e->target <= e->pc && flow_has(w->x->flow.open, word_of(e->target));
}

static void poll(struct irb *e)
{
	ir_emit(e->u, &(struct ir_node){.op = IR_poll, .k = e->target, .snap = ir_snapshot(e->u, e->pc)});
}

/* The return from a function whose call was followed is a branch. */
static bool known_return(const struct irb *e, const struct walk *w)
{
	return e->hint == BR_RET && ir_is_const(e->u, e->cond) && e->u->n[e->cond].k == w->back;
}

/* Leaves to the next instruction unless the branch at e->pc is taken. */
static void leave_unless(struct irb *e, const struct walk *w)
{
	ir_emit(e->u, &(struct ir_node){.op = IR_brc, .a = {e->cond}, .imm = 1, .aux = wants(w, e->pc + 4), .k = e->pc + 4,
					.snap = ir_snapshot(e->u, e->pc)});
}

/* Code at pc was seldom come to from where the walk is; a pair of exclusives stays whole. */
static bool seldom(const struct irb *e, const struct walk *w, uint64_t pc)
{
	return !w->in_region && in_page(w, pc) && !pair_open(e) && flow_seldom(&w->x->page, word_of(pc), w->turns, SELDOM_SHARE);
}

/* A conditional branch ahead that is nearly always taken, to where no unit is yet: the unit goes on there. */
static bool goes_with(const struct irb *e, const struct walk *w)
{
	return e->target > e->pc && in_page(w, e->target) && goes_on(w, e->target) && seldom(e, w, e->pc + 4) &&
	       !seldom(e, w, e->target) && heat_turns(w->x->page.heat, w->x->page.host + word_of(e->target)) != HEAT_MADE;
}

/* Builds one instruction at e->pc. False: the unit has ended. */
static bool build_insn(struct irb *e, struct walk *w)
{
	unsigned at = word_of(e->pc);
	struct a64_insn in;
	bool fused = false, ahead = false; /* as good as: what is branched to may lie behind */

	w->lo = MIN(w->lo, at);
	w->hi = MAX(w->hi, at + 1);
	w->n++;
	e->word = flow_word(&w->x->page, at);
	e->next = NEXT_FALL;
	ir_mark(e->u);
	if (!a64_decode(e->word, e->c->feats, &in) || !irb_table[in.op])
		e->next = NEXT_EXEC;
	else if (!(fused = pair_fuse(e, &in)))
		irb_table[in.op](e, &in);
	switch (e->next) {
	case NEXT_EXEC:
		ir_undo(e->u);
		end_exec(e);
		return false;
	case NEXT_LEAVE:
		end(e, IR_leave, e->pc + 4, 0);
		return false;
	case NEXT_JMP:
		if (known_return(e, w)) {
			e->target = w->back;
			w->back = 0;
			ahead = true;
			break;
		}
		guess_return(e, w);
		ir_emit(e->u, &(struct ir_node){.op = IR_jmp, .a = {e->cond}, .imm = e->hint, .snap = ir_snapshot(e->u, e->pc)});
		return false;
	case NEXT_BRC:
		watch_spin(e, &in);
		if (goes_back(e, w)) {
			leave_unless(e, w);
			poll(e);
			ahead = true;
			break;
		}
		if (goes_with(e, w)) {
			leave_unless(e, w);
			w->turns = flow_turns(&w->x->page, word_of(e->target));
			break;
		}
		ir_emit(e->u, &(struct ir_node){.op = IR_brc, .a = {e->cond}, .aux = wants(w, e->target), .k = e->target,
						   .snap = ir_snapshot(e->u, e->pc)});
		e->target = e->pc + 4;
		if (seldom(e, w, e->target)) {
			ir_emit(e->u, &(struct ir_node){.op = IR_br, .aux = wants(w, e->target), .k = e->target, .snap = ir_snapshot(e->u, e->pc)});
			return false;
		}
		w->turns = in_page(w, e->target) ? flow_turns(&w->x->page, word_of(e->target)) : 0;
		break;
	case NEXT_BR:
		if (goes_back(e, w)) {
			poll(e);
			ahead = true;
		}
		if (e->word >> 31)
			w->back = e->target > e->pc || ahead ? e->pc + 4 : 0;
		break;
	case NEXT_FALL:
		watch_release(e, &in, fused);
		e->target = e->pc + 4;
		break;
	}
	/* Branches backwards end the block: loops close there. A call and its return together go ahead. */
	if (!in_page(w, e->target) || (e->target <= e->pc && !ahead)) {
		ir_emit(e->u, &(struct ir_node){.op = IR_br, .aux = wants(w, e->target), .k = e->target, .snap = ir_snapshot(e->u, e->pc)});
		return false;
	}
	e->pc = e->target;
	return true;
}

static void walk_start(struct walk *w)
{
	w->lo = 1024;
	w->hi = w->n = 0;
}

/* One block from pc on, until it ends, has `budget` instructions, or comes to where another block or unit starts. */
static void build_block(struct irb *e, struct walk *w, unsigned budget)
{
	w->back = 0;
	w->turns = flow_turns(&w->x->page, word_of(e->pc));
	while (build_insn(e, w) && !e->u->overflow) {
		bool joins = !goes_on(w, e->pc);

		if (pair_open(e)) { /* stays in one piece */
			budget -= budget > 0;
			continue;
		}
		if (joins || !budget--) {
			/* the state is that after the last instruction: e->pc is the next */
			ir_emit(e->u, &(struct ir_node){.op = IR_br, .aux = wants(w, e->pc), .k = e->pc, .snap = ir_snapshot(e->u, joins ? e->pc - 4 : e->pc)});
			break;
		}
	}
}

static void build(struct xlate *x, struct vcpu *c, uint64_t pc, struct walk *w, unsigned budget)
{
	struct irb e = {.u = x->u, .c = c, .ctx = c->ctx, .pc = pc, .walk = w};

	walk_start(w);
	w->in_region = false;
	ir_reset(x->u);
	build_block(&e, w, budget - 1);
}

/* plan NULL: the first pass */
static void build_region(struct xlate *x, struct vcpu *c, uint64_t pc, struct walk *w, unsigned budget,
			 const struct region_plan *plan)
{
	const struct region *g = &w->region;

	walk_start(w);
	w->in_region = true;
	ir_reset(x->u);
	region_block(x->u, g, 0, plan);
	ir_emit(x->u, &(struct ir_node){.op = IR_br, .k = pc, .snap = ir_snapshot(x->u, pc - 4)});
	for (unsigned k = 1; k < g->nblocks; k++) {
		struct irb e = {.u = x->u, .c = c, .ctx = c->ctx, .pc = g->block[k], .walk = w};

		region_block(x->u, g, k, plan);
		build_block(&e, w, REGION_BUDGET * budget);
	}
}

/* The unit's intermediate code; regions: allowed. False: it is a region. */
static bool build_unit(struct xlate *x, struct vcpu *c, uint64_t pc, struct walk *w, unsigned budget, bool regions)
{
	struct region_plan plan;

	flow_find(&x->flow, &x->page, word_of(pc), REGION_BUDGET * budget);
	if (!regions || !x->flow.nstarts) {
		build(x, c, pc, w, budget);
		return true;
	}
	region_init(&w->region, &x->flow, w->page_pc);
	build_region(x, c, pc, w, budget, 0);
	if (!x->u->overflow) {
		region_plan(x->u, &w->region, &plan);
		build_region(x, c, pc, w, budget, &plan);
	}
	return false;
}

static void make_links(struct xlate *x, const struct x64_out *o)
{
	BUG_ON(o->nlinks > MAX_LINKS);
	for (unsigned k = 0; k < o->nlinks; k++)
		x->links[k] = (struct tlink){.site = o->links[k].site, .stub = o->links[k].stub, .user = o->links[k].pc};
}

static void log_ir(const struct xlate *x, const char *what, uint64_t pc)
{
	char *buf = 0;
	size_t len = 0;
	FILE *f = open_memstream(&buf, &len);

	ir_print(f, x->u);
	fclose(f);
	log_printf("%s of %llx:\n%s", what, (unsigned long long)pc, buf);
	free(buf);
}

static void log_unit(struct xlate *x, const struct walk *w, uint64_t pc, const struct x64_out *o)
{
	if (!log_on(LOG_IN_ASM | LOG_OPT | LOG_OUT_ASM) || !log_here(pc))
		return;
	log_begin();
	if (log_on(LOG_IN_ASM)) {
		log_printf("IN of %llx: %u instructions\n", (unsigned long long)pc, w->n);
		for (unsigned k = w->lo; k < w->hi; k++)
			disas_guest(flow_word(&x->page, k), w->page_pc + 4 * k);
	}
	if (log_on(LOG_OPT))
		log_ir(x, "OPT", pc);
	if (log_on(LOG_OUT_ASM) && o) {
		log_printf("OUT of %llx: %u bytes at %p\n", (unsigned long long)pc, o->size, (void *)o->code);
		disas_host(o->code, o->size);
	}
	log_end();
}

static struct tblock *publish(struct xlate *x, struct tcache_cpu *tc, const struct tkey *key, const struct walk *w, uint64_t gen,
			      const struct tspace *s, const struct x64_out *o, bool *no_space)
{
	struct tspan span = {.host = x->page.host + w->lo, .bytes = (w->hi - w->lo) * 4};
	struct tdraft d = {.key = *key, .code = o->code - s->delta, .code_bytes = o->size, .guest_insns = w->n,
			   .links = x->links, .nlinks = o->nlinks, .spans = &span, .nspans = 1, .guest_copy = x->page.words + w->lo,
			   .pages = {x->page.host}, .gen = {gen}};

	for (unsigned k = w->lo; k < w->hi; k++) /* those between blocks */
		flow_word(&x->page, k);
	make_links(x, o);
	d.blob_bytes = xlate_tables_make(&x->tables, o);
	d.blob = x->tables.blob;
	return tcache_publish(tc, &d, no_space);
}

/* Lowers what was built and publishes it. *smaller: the unit is too large; x->no_room: there is no code memory now. */
static struct tblock *emit(struct xlate *x, struct tcache *t, struct tcache_cpu *tc, struct x64_job *job, const struct tkey *key,
			   const struct walk *w, uint64_t gen, bool *smaller)
{
	size_t most = MIN((size_t)CODE_NEED_MOST, tcache_max_reserve(t)), need = MIN((size_t)CODE_NEED, most / 4), room = 0;
	struct x64_out o;
	struct tspace s;

	job->ninsns = w->n;
	for (unsigned refused = 0; room < most && refused < 2;) {
		bool no_space;
		struct tblock *b;

		if (!tcache_reserve(tc, need, &s)) {
			x->no_room = true;
			return NULL;
		}
		job->unit = tcache_by_id(t, s.id);
		job->buf = s.rw;
		job->end = s.end;
		job->delta = s.delta;
		if (x64_lower(x->l, job, &o)) {
			log_unit(x, w, key->pc, &o);
			b = publish(x, tc, key, w, gen, &s, &o, &no_space);
			if (b || !no_space)
				return b;
			refused++; /* a fresh region has room for the tables, or none has */
			need = most;
			continue;
		}
		room = (size_t)(s.end - s.rw);
		need = MIN(room + 1, most);
	}
	*smaller = true;
	return NULL;
}

static void count_fences(const struct ir_unit *u, struct stats *st)
{
	for (ir_ref r = 1; r < u->nn; r++)
		if (u->n[r].op == IR_fence)
			++*(u->n[r].imm ? &st->fences_owed : &st->fences_full);
}

struct tblock *xlate_unit(struct xlate *x, struct tcache *t, struct tcache_cpu *tc, struct vcpu *c, uint64_t pc,
			  const uint32_t *host, unsigned hot)
{
	struct tkey key = {.host = host, .pc = pc, .ctx = c->ctx};
	struct walk w = {.x = x, .page_pc = pc & ~UINT64_C(4095)};
	struct x64_job job = {.u = x->u, .page_mask = ~UINT64_C(4095), .pc = pc, .alone = c->nvcpus == 1,
			      .fp_native = !ctx_fp_settles(c->ctx) && pass_on(PASS_FP), .fp_half = !(c->ctx & CTX_HALF),
			      .fp_flush = c->ctx & CTX_FZ, .fp_settles = ctx_fp_settles(c->ctx)};
	uint64_t gen = tcache_watch(t, host - word_of(pc)); /* the guest's code is read after this */
	bool regions = pass_on(PASS_REGIONS);

	x->page.host = host - word_of(pc);
	x->page.heat = c->decoded;
	x->page.hot = hot;
	memset(x->page.have, 0, sizeof(x->page.have));
	x->no_room = false;
	if (log_on(LOG_IR) && log_here(pc)) {
		x->u->raw = true;
		build(x, c, pc, &w, xlate_budget);
		log_ir(x, "IR", pc);
		x->u->raw = false;
	}
	for (unsigned budget = xlate_budget; budget;) {
		bool plain = build_unit(x, c, pc, &w, budget, regions), smaller = x->u->overflow;
		struct tblock *b;

#ifdef PARMA_DEBUG
		BUG_ON(!x->u->overflow && ir_verify(x->u));
#endif
		b = smaller ? NULL : emit(x, t, tc, &job, &key, &w, gen, &smaller);
		if (!smaller) {
			c->st.units_translated++;
			c->st.insns_translated += w.n;
			count_fences(x->u, &c->st);
			return b;
		}
		if (plain)
			budget /= 4;
		regions = plain && pass_on(PASS_REGIONS);
	}
	return NULL;
}

bool xlate_no_room(const struct xlate *x) { return x->no_room; }
