/* Running abstract programs for the explorer, as Arm or through a mapping. */
#include "mcm/aprog.h"

#include <string.h>

#include "base/bits.h"
#include "mcm/lower.h"

struct aval {
	bool known;
	uint64_t v;
	uint8_t read; /* event number */
};

struct arun {
	const struct aprog *p;
	const struct mcm_mapping *map; /* NULL: Arm */
	struct mcm_run *r;
	struct mcm_host host;
	struct aval val[APROG_MAX_OPS]; /* result of each operation */
	uint64_t ctrl;
	unsigned insn;
	int ldx;         /* event of the load-exclusive, or -1 */
	unsigned ldx_op; /* its operation */
	bool pure;       /* no access since */
};

bool aop_observed(const struct aop *op)
{
	return op->kind != AOP_ST && op->kind != AOP_BAR && op->kind != AOP_NOP && !op->noread;
}

static const struct {
	uint8_t read, write; /* flags */
	uint8_t barrier;
} class_events[MCM_NCLASSES] = {
	[MCM_LD_ACQPC] = {MCM_F_ACQPC, 0, 0}, [MCM_LD_ACQ] = {MCM_F_ACQ, 0, 0}, [MCM_ST_REL] = {0, MCM_F_REL, 0},
	[MCM_RMW] = {MCM_F_AMO, MCM_F_AMO, 0}, [MCM_RMW_A] = {MCM_F_AMO | MCM_F_ACQ, MCM_F_AMO, 0},
	[MCM_RMW_L] = {MCM_F_AMO, MCM_F_AMO | MCM_F_REL, 0},
	[MCM_RMW_AL] = {MCM_F_AMO | MCM_F_ACQ, MCM_F_AMO | MCM_F_REL, 0},
	[MCM_LDX] = {MCM_F_EX, 0, 0}, [MCM_LDX_ACQ] = {MCM_F_EX | MCM_F_ACQ, 0, 0},
	[MCM_STX_PURE] = {0, MCM_F_EX, 0}, [MCM_STX_PURE_REL] = {0, MCM_F_EX | MCM_F_REL, 0},
	[MCM_STX_IMPURE] = {0, MCM_F_EX, 0}, [MCM_STX_IMPURE_REL] = {0, MCM_F_EX | MCM_F_REL, 0},
	[MCM_DMB_FULL] = {0, 0, MCM_B_DMB_FULL}, [MCM_DMB_LD] = {0, 0, MCM_B_DMB_LD},
	[MCM_DMB_ST] = {0, 0, MCM_B_DMB_ST}, [MCM_DSB_FULL] = {0, 0, MCM_B_DSB_FULL},
	[MCM_DSB_LD] = {0, 0, MCM_B_DSB_LD}, [MCM_DSB_ST] = {0, 0, MCM_B_DSB_ST}, [MCM_ISB] = {0, 0, MCM_B_ISB},
};

static bool number(struct arun *x, struct aval *v)
{
	u128 w;

	if (v->known)
		return true;
	if (!mcm_run_fix(x->r, BIT(v->read)))
		return false;
	mcm_run_value(x->r, v->read, &w);
	*v = (struct aval){true, (uint64_t)w, MCM_NO_EVENT};
	return true;
}

static struct aval read_value(struct arun *x, int idx)
{
	struct aval v = {.read = (uint8_t)idx};
	u128 w;

	v.known = mcm_run_value(x->r, (unsigned)idx, &w);
	v.v = (uint64_t)w;
	return v;
}

static uint8_t aop_size(const struct aop *op) { return op->size ? op->size : 4; }

/* The Arm event of an operation, with its dependencies. */
static struct mcm_event event_of(const struct arun *x, const struct aop *op, unsigned kind)
{
	struct mcm_event e = {.kind = (uint8_t)kind, .size = aop_size(op), .loc = op->loc, .off = op->off, .rmw = MCM_NO_EVENT,
			      .insn = (uint16_t)x->insn, .ctrl = x->ctrl, .val = op->val};
	unsigned src = x->val[op->dep_on].read;
	uint64_t dep = (op->dep != ADEP_NONE || op->copy) && src < MCM_MAX_EVENTS ? BIT(src) : 0;

	if (op->dep == ADEP_ADDR)
		e.addr = dep;
	if (kind == MCM_WRITE && (op->dep == ADEP_DATA || op->copy))
		e.data = dep;
	e.flags = kind == MCM_READ ? class_events[op->cls].read : class_events[op->cls].write;
	return e;
}

/* Emits the read half or a plain load; returns its number. */
static int do_read(struct arun *x, const struct aop *op)
{
	struct mcm_event e = event_of(x, op, MCM_READ);

	if (!x->map)
		return mcm_run_event(x->r, &e);
	return op->kind == AOP_SWP || op->kind == AOP_ADD ? mcm_host_rmw_read(&x->host, op->cls, &e)
							   : mcm_host_load(&x->host, op->cls, &e);
}

static bool do_store(struct arun *x, const struct aop *op)
{
	struct mcm_event e = event_of(x, op, MCM_WRITE);

	if (op->copy) {
		struct aval v = x->val[op->dep_on];

		if (!number(x, &v))
			return false;
		e.val = v.v;
	}
	return (x->map ? mcm_host_store(&x->host, op->cls, &e) : mcm_run_event(x->r, &e)) >= 0;
}

static bool do_rmw(struct arun *x, const struct aop *op, unsigned i)
{
	struct mcm_event e;
	int idx = do_read(x, op);
	struct aval old;

	if (idx < 0)
		return false;
	old = x->val[i] = read_value(x, idx);
	e = event_of(x, op, MCM_WRITE);
	e.rmw = (uint8_t)idx;
	if (op->kind == AOP_ADD) {
		if (!number(x, &old))
			return false;
		e.flags |= MCM_F_IICO_DATA;
		e.val = old.v + op->val;
	}
	return (x->map ? mcm_host_rmw_write(&x->host, op->cls, &e, idx) : mcm_run_event(x->r, &e)) >= 0;
}

/* Store-exclusive: the result is its status. */
static bool do_stx(struct arun *x, const struct aop *op, unsigned i)
{
	struct mcm_event e = event_of(x, op, MCM_WRITE);
	enum mcm_class c = mcm_stx_class(x->pure, op->cls == MCM_STX_PURE_REL || op->cls == MCM_STX_IMPURE_REL);
	int ldx = x->ldx, read;

	x->val[i] = (struct aval){true, 1, MCM_NO_EVENT};
	x->ldx = -1;
	if (ldx < 0)
		return true;
	if (!x->map) {
		if (mcm_run_choose(x->r, 2))
			return true;
		e.rmw = (uint8_t)ldx;
		e.flags |= MCM_F_ALLOW_LOCAL;
		x->val[i].v = 0;
		return mcm_run_event(x->r, &e) >= 0;
	}
	if (mcm_host_stx_begin(&x->host, c, &e, &read) < 0)
		return false;
	if (read < 0) { /* the monitor may be lost without cause */
		if (mcm_run_choose(x->r, 2))
			return true;
		x->val[i].v = 0;
		return mcm_host_stx_monitor(&x->host, c, &e, (unsigned)ldx) >= 0;
	}
	{
		struct aval seen = x->val[x->ldx_op], now = read_value(x, read);

		if (mcm_run_choose(x->r, 2))
			return mcm_host_rmw_skip(&x->host, c) >= 0;
		if (!number(x, &seen) || !number(x, &now))
			return false;
		if ((uint32_t)seen.v != (uint32_t)now.v) {
			mcm_run_drop(x->r);
			return false;
		}
		x->val[i].v = 0;
		return mcm_host_rmw_write(&x->host, c, &e, read) >= 0;
	}
}

static bool do_barrier(struct arun *x, const struct aop *op)
{
	struct mcm_event e = {.kind = MCM_BARRIER, .barrier = class_events[op->cls].barrier, .rmw = MCM_NO_EVENT,
			      .insn = (uint16_t)x->insn, .ctrl = x->ctrl};

	return (x->map ? mcm_host_barrier(&x->host, op->cls) : mcm_run_event(x->r, &e)) >= 0;
}

static bool step(struct arun *x, const struct aop *op, unsigned i)
{
	int idx;

	if (op->dep == ADEP_CTRL && x->val[op->dep_on].read != MCM_NO_EVENT)
		x->ctrl |= BIT(x->val[op->dep_on].read);
	x->insn++;
	switch ((enum aop_kind)op->kind) {
	case AOP_LD:
	case AOP_LDX:
		idx = do_read(x, op);
		if (idx < 0)
			return false;
		x->val[i] = read_value(x, idx);
		x->pure = false;
		if (op->kind == AOP_LDX) {
			x->ldx = idx;
			x->ldx_op = i;
			x->pure = true;
		}
		return true;
	case AOP_ST:
		x->pure = false;
		return do_store(x, op);
	case AOP_SWP:
	case AOP_ADD:
		x->pure = false;
		return do_rmw(x, op, i);
	case AOP_STX:
		return do_stx(x, op, i);
	case AOP_BAR:
		return do_barrier(x, op);
	case AOP_NOP:
		return true;
	case AOP_REG:
		x->val[i] = op->copy ? x->val[op->dep_on] : (struct aval){true, op->val, MCM_NO_EVENT};
		return true;
	}
	return true;
}

struct actx {
	const struct aprog *p;
	const struct mcm_mapping *map;
};

static void run_thread(void *ctx, unsigned t, struct mcm_run *r)
{
	const struct actx *c = ctx;
	struct arun x = {.p = c->p, .map = c->map, .r = r, .host = {.r = r, .map = c->map}, .ldx = -1};
	unsigned slot = 0;

	for (unsigned i = 0; i < c->p->n[t]; i++)
		if (!step(&x, &c->p->op[t][i], i))
			return;
	for (unsigned i = 0; i < c->p->n[t]; i++) {
		struct mcm_final f = {.read = MCM_NO_EVENT, .val = x.val[i].v, .size = aop_size(&c->p->op[t][i])};

		if (!aop_observed(&c->p->op[t][i]))
			continue;
		if (!x.val[i].known)
			f.read = x.val[i].read;
		mcm_run_final(r, slot++, &f);
	}
}

int aprog_states(const struct aprog *p, const struct mcm_mapping *map, struct mcm_arena *a, struct mcm_states *out,
		 struct err *e)
{
	static const char *const names[] = {"x", "y", "z", "w"};
	struct actx ctx = {p, map};
	struct mcm_loc locs[APROG_MAX_LOCS];
	struct mcm_memslot mem[APROG_MAX_LOCS];
	struct mcm_program prog = {.nthreads = p->nthreads, .nlocs = p->nlocs, .locs = locs, .nmem = p->nlocs,
				   .mem = mem, .run = run_thread, .ctx = &ctx};
	struct mcm_solve_opts o = {.model = map ? &mcm_tso : &mcm_arm};
	bool cut;

	for (unsigned i = 0; i < p->nlocs; i++) {
		locs[i] = (struct mcm_loc){names[i], 4, (const uint8_t *)&p->init[i]};
		mem[i] = (struct mcm_memslot){(uint16_t)i, 0, 4};
	}
	for (unsigned t = 0; t < p->nthreads; t++)
		for (unsigned i = 0; i < p->n[t]; i++)
			prog.nregs[t] += aop_observed(&p->op[t][i]);
	return mcm_run(&prog, &o, a, out, &cut, e);
}
