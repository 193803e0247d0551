/*
 * Effects of the dependency evaluator: what instructions do becomes events
 * with the dependencies of their operands, and choices for what the
 * architecture leaves open (a store-exclusive may fail; where CAS takes its
 * result from).
 */
#include "litmus/dep.h"

#include "litmus/eval_dep.h"

bool dep_decide(struct dep_eval *e, const struct dep *q)
{
	if (e->stop)
		return false;
	if (q->t && !mcm_run_fix(e->r, q->t))
		e->stop = true;
	return !e->stop;
}

void dep_unsupported(struct dep_eval *e, const char *what)
{
	if (!e->stop)
		mcm_run_fail(e->r, "not supported in litmus tests: %s", what);
	e->stop = true;
}

void dep_fault(struct dep_eval *e, enum dep_fault kind)
{
	e->fault = kind;
	e->stop = true;
}

/* Value of a read: open, or decided. */
static v64 read_result(struct dep_eval *e, unsigned idx, unsigned shift, unsigned size)
{
	v64 r = {0};
	u128 v;
	bool fixed = mcm_run_value(e->r, idx, &v);

	r.v = (uint64_t)(v >> (8 * shift)) & mask64(8 * size);
	r.q.d = BIT(idx);
	if (fixed) {
		r.q.id = dep_const_id(r.v);
	} else {
		r.q.t = BIT(idx);
		r.q.id = dep_hash(dep_hash(idx + 1, shift + 1), size + 77);
		r.q.ident = (uint8_t)(idx + 1);
		r.q.shift = (uint8_t)shift;
		r.q.size = (uint8_t)size;
	}
	return r;
}

/* Fills what all events have; false: the run ends here. */
static bool start_access(struct dep_eval *e, struct mcm_event *ev, v64 addr, unsigned size)
{
	unsigned loc;

	*ev = (struct mcm_event){.size = (uint8_t)size, .rmw = MCM_NO_EVENT, .insn = (uint16_t)e->insn,
				 .where = (uint32_t)(e->pc - LIT_CODE_BASE), .addr = addr.q.d,
				 .pick_addr = addr.q.p, .ctrl = e->ctrl, .pick_ctrl = e->pick_ctrl};
	if (!dep_decide(e, &addr.q))
		return false;
	if (!lit_address(e->m, addr.v, &loc, &ev->off) || ev->off + size > LIT_STRIDE) {
		mcm_run_fail(e->r, "an access to no location (address 0x%llx)", (unsigned long long)addr.v);
		e->stop = true;
		return false;
	}
	ev->loc = (uint16_t)loc;
	return true;
}

static int emit(struct dep_eval *e, const struct mcm_event *ev)
{
	int idx = mcm_run_event(e->r, ev);

	if (idx < 0)
		e->stop = true;
	return idx;
}

/* Through a mapping: the number of a read, < 0 to stop. */
static int mapped(struct dep_eval *e, int idx)
{
	if (idx < 0)
		e->stop = true;
	return idx;
}

static enum mcm_class load_class(unsigned mo)
{
	unsigned o = mo & MO_MASK;

	return o == MO_ACQ ? MCM_LD_ACQ : o == MO_ACQPC ? MCM_LD_ACQPC : MCM_LD;
}

static enum mcm_class rmw_class(unsigned mo)
{
	unsigned o = mo & MO_MASK;

	return o == MO_RMW_AL ? MCM_RMW_AL : o == MO_RMW_A ? MCM_RMW_A : o == MO_RMW_L ? MCM_RMW_L : MCM_RMW;
}

static unsigned read_flags(unsigned mo)
{
	unsigned o = mo & MO_MASK;

	if (mo & MF_NORET)
		return MCM_F_NORET;
	return o == MO_ACQ || o == MO_RMW_AL ? MCM_F_ACQ : o == MO_ACQPC ? MCM_F_ACQPC : 0;
}

static unsigned write_flags(unsigned mo)
{
	unsigned o = mo & MO_MASK;

	return o == MO_REL || o == MO_RMW_AL ? MCM_F_REL : 0;
}

void dep_ld(struct dep_eval *e, v64 *out, v64 addr, unsigned size, unsigned mo)
{
	struct mcm_event ev;
	int idx;

	*out = k64(e, 0);
	if (!start_access(e, &ev, addr, size))
		return;
	ev.kind = MCM_READ;
	ev.flags = (uint16_t)read_flags(mo);
	e->pure = false;
	idx = e->m->map ? mapped(e, mcm_host_load(&e->host, load_class(mo), &ev)) : emit(e, &ev);
	if (idx >= 0)
		*out = read_result(e, (unsigned)idx, 0, size);
}

void dep_st(struct dep_eval *e, v64 addr, v64 val, unsigned size, unsigned mo)
{
	struct mcm_event ev;

	if (!start_access(e, &ev, addr, size) || !dep_decide(e, &val.q))
		return;
	ev.kind = MCM_WRITE;
	ev.flags = (uint16_t)write_flags(mo);
	ev.val = val.v;
	ev.data = val.q.d;
	ev.pick_data = val.q.p;
	e->pure = false;
	if (e->m->map)
		mapped(e, mcm_host_store(&e->host, (mo & MO_MASK) == MO_REL ? MCM_ST_REL : MCM_ST, &ev));
	else
		emit(e, &ev);
}

void dep_ldx(struct dep_eval *e, v64 *a, v64 *b, v64 addr, unsigned size, unsigned n, unsigned mo)
{
	struct mcm_event ev;
	int idx;

	*a = k64(e, 0);
	if (b)
		*b = *a;
	if (!start_access(e, &ev, addr, size * n))
		return;
	ev.kind = MCM_READ;
	ev.flags = (uint16_t)(read_flags(mo) | MCM_F_EX);
	idx = e->m->map ? mapped(e, mcm_host_load(&e->host, ev.flags & MCM_F_ACQ ? MCM_LDX_ACQ : MCM_LDX, &ev))
			: emit(e, &ev);
	if (idx < 0)
		return;
	e->pure = true;
	e->ldx = (uint8_t)idx;
	e->ldx_loc = ev.loc;
	e->ldx_off = ev.off;
	e->ldx_size = ev.size;
	*a = read_result(e, (unsigned)idx, 0, size);
	if (b)
		*b = read_result(e, (unsigned)idx, size, size);
}

/* A store-exclusive as the mapping does it; true: it stored. */
static bool stx_mapped(struct dep_eval *e, const struct mcm_event *ev, unsigned ldx, unsigned mo)
{
	enum mcm_class c = mcm_stx_class(e->pure, (mo & MO_MASK) == MO_REL);
	u128 seen, now;
	int read;

	if (mapped(e, mcm_host_stx_begin(&e->host, c, ev, &read)) < 0)
		return false;
	if (read < 0) /* the monitor may be lost without cause */
		return !mcm_run_choose(e->r, 2) && mapped(e, mcm_host_stx_monitor(&e->host, c, ev, ldx)) >= 0;
	if (mcm_run_choose(e->r, 2)) {
		mapped(e, mcm_host_rmw_skip(&e->host, c));
		return false;
	}
	if (!mcm_run_fix(e->r, BIT(ldx) | BIT(read))) {
		e->stop = true;
		return false;
	}
	mcm_run_value(e->r, ldx, &seen);
	mcm_run_value(e->r, (unsigned)read, &now);
	if (seen != now) {
		mcm_run_drop(e->r);
		e->stop = true;
		return false;
	}
	return mapped(e, mcm_host_rmw_write(&e->host, c, ev, read)) >= 0;
}

void dep_stx(struct dep_eval *e, v64 *status, v64 addr, v64 a, v64 b, unsigned size, unsigned n, unsigned mo)
{
	struct mcm_event ev;
	bool can;

	*status = k64(e, 1);
	if (!start_access(e, &ev, addr, size * n))
		return;
	can = e->ldx != MCM_NO_EVENT && e->ldx_loc == ev.loc && e->ldx_off == ev.off && e->ldx_size == ev.size;
	ev.rmw = e->ldx;
	e->ldx = MCM_NO_EVENT;
	if (!can || (!e->m->map && mcm_run_choose(e->r, 2)))
		return;
	if (!dep_decide(e, &a.q) || (n > 1 && !dep_decide(e, &b.q)))
		return;
	ev.kind = MCM_WRITE;
	ev.flags = (uint16_t)(write_flags(mo) | MCM_F_EX | MCM_F_ALLOW_LOCAL);
	ev.val = n > 1 ? (a.v & mask64(8 * size)) | (u128)b.v << (8 * size) : a.v;
	ev.data = a.q.d | (n > 1 ? b.q.d : 0);
	ev.pick_data = a.q.p | (n > 1 ? b.q.p : 0);
	if (e->m->map ? stx_mapped(e, &ev, ev.rmw, mo) : emit(e, &ev) >= 0)
		*status = k64(e, 0);
}

static uint64_t rmw_value(unsigned op, uint64_t old, uint64_t val, unsigned size)
{
	uint64_t so = sext(old, 8 * size), sv = sext(val, 8 * size);

	switch ((enum rmw_op)op) {
	case RMW_ADD: return old + val;
	case RMW_CLR: return old & ~val;
	case RMW_EOR: return old ^ val;
	case RMW_SET: return old | val;
	case RMW_SMAX: return (int64_t)so > (int64_t)sv ? old : val;
	case RMW_SMIN: return (int64_t)so < (int64_t)sv ? old : val;
	case RMW_UMAX: return old > val ? old : val;
	case RMW_UMIN: return old < val ? old : val;
	case RMW_SWP: return val;
	}
	return val;
}

void dep_rmw(struct dep_eval *e, v64 *old, v64 addr, v64 val, unsigned size, unsigned op, unsigned mo)
{
	unsigned o = mo & MO_MASK;
	struct mcm_event ev;
	v64 seen;
	int idx;

	*old = k64(e, 0);
	if (!start_access(e, &ev, addr, size))
		return;
	ev.kind = MCM_READ;
	ev.flags = (uint16_t)(MCM_F_AMO | (mo & MF_NORET ? MCM_F_NORET : 0));
	if (!(mo & MF_NORET) && (o == MO_RMW_A || o == MO_RMW_AL))
		ev.flags |= MCM_F_ACQ;
	e->pure = false;
	idx = e->m->map ? mapped(e, mcm_host_rmw_read(&e->host, rmw_class(mo), &ev)) : emit(e, &ev);
	if (idx < 0)
		return;
	seen = read_result(e, (unsigned)idx, 0, size);
	if (!dep_decide(e, &val.q) || (op != RMW_SWP && !dep_decide(e, &seen.q)))
		return;
	val.v &= mask64(8 * size);
	ev.kind = MCM_WRITE;
	ev.rmw = (uint8_t)idx;
	ev.flags = (uint16_t)(MCM_F_AMO | (o == MO_RMW_L || o == MO_RMW_AL ? MCM_F_REL : 0));
	if (op != RMW_SWP)
		ev.flags |= MCM_F_IICO_DATA;
	ev.val = rmw_value(op, seen.v, val.v, size);
	ev.data = val.q.d;
	ev.pick_data = val.q.p;
	if (e->m->map)
		mapped(e, mcm_host_rmw_write(&e->host, rmw_class(mo), &ev, idx));
	else
		emit(e, &ev);
	*old = seen;
}

void dep_cas(struct dep_eval *e, v64 *old, v64 addr, const v64 *expect, const v64 *desired, unsigned size, unsigned n,
	     unsigned mo)
{
	unsigned o = mo & MO_MASK;
	struct mcm_event ev;
	v64 seen[2];
	bool equal = true;
	unsigned from_rs;
	int idx;

	for (unsigned k = 0; k < n; k++)
		old[k] = k64(e, 0);
	if (!start_access(e, &ev, addr, size * n))
		return;
	ev.kind = MCM_READ;
	ev.flags = (uint16_t)(MCM_F_AMO | (mo & MF_NORET ? MCM_F_NORET : 0));
	if (!(mo & MF_NORET) && (o == MO_RMW_A || o == MO_RMW_AL))
		ev.flags |= MCM_F_ACQ;
	e->pure = false;
	idx = e->m->map ? mapped(e, mcm_host_rmw_read(&e->host, rmw_class(mo), &ev)) : emit(e, &ev);
	if (idx < 0)
		return;
	for (unsigned k = 0; k < n; k++) {
		seen[k] = read_result(e, (unsigned)idx, k * size, size);
		if (!dep_decide(e, &seen[k].q) || !dep_decide(e, &expect[k].q))
			return;
		equal &= !((seen[k].v ^ expect[k].v) & mask64(8 * size));
	}
	ev.kind = MCM_WRITE;
	ev.rmw = (uint8_t)idx;
	ev.flags = (uint16_t)(MCM_F_AMO | (o == MO_RMW_L || o == MO_RMW_AL ? MCM_F_REL : 0));
	ev.val = 0;
	from_rs = e->m->map ? 0 : mcm_run_choose(e->r, 2);
	for (unsigned k = 0; k < n; k++) {
		v64 w = equal ? desired[k] : seen[k];

		if (!dep_decide(e, &w.q))
			return;
		ev.val |= (u128)(w.v & mask64(8 * size)) << (8 * k * size);
		old[k] = seen[k];
		if (equal) {
			ev.data |= w.q.d;
			ev.pick_data |= w.q.p | expect[k].q.d | expect[k].q.p;
			if (from_rs) {
				old[k].q.p |= old[k].q.d | expect[k].q.p;
				old[k].q.d = expect[k].q.d;
			}
		}
	}
	ev.flags |= equal ? MCM_F_IICO_CTRL : MCM_F_IICO_DATA;
	if (e->m->map)
		mapped(e, equal ? mcm_host_rmw_write(&e->host, rmw_class(mo), &ev, idx)
				: mcm_host_rmw_skip(&e->host, rmw_class(mo)));
	else if (equal || from_rs) /* a CAS that fails may write back what it read */
		emit(e, &ev);
}

void dep_barrier(struct dep_eval *e, unsigned kind)
{
	struct mcm_event ev = {.kind = MCM_BARRIER, .barrier = (uint8_t)kind, .insn = (uint16_t)e->insn,
			       .rmw = MCM_NO_EVENT, .ctrl = e->ctrl, .pick_ctrl = e->pick_ctrl};

	static const uint8_t cls[] = {
		[MCM_B_DMB_FULL] = MCM_DMB_FULL, [MCM_B_DMB_LD] = MCM_DMB_LD, [MCM_B_DMB_ST] = MCM_DMB_ST,
		[MCM_B_DSB_FULL] = MCM_DSB_FULL, [MCM_B_DSB_LD] = MCM_DSB_LD, [MCM_B_DSB_ST] = MCM_DSB_ST,
		[MCM_B_ISB] = MCM_ISB};

	if (e->stop)
		return;
	if (e->m->map)
		mapped(e, mcm_host_barrier(&e->host, cls[kind]));
	else
		emit(e, &ev);
}

void dep_br_if(struct dep_eval *e, vb cond, uint64_t offset)
{
	if (!dep_decide(e, &cond.q))
		return;
	e->ctrl |= cond.q.d;
	e->pick_ctrl |= cond.q.p;
	if (cond.v)
		e->npc = e->pc + offset;
}

void dep_br_reg(struct dep_eval *e, v64 target)
{
	if (!dep_decide(e, &target.q))
		return;
	e->ctrl |= target.q.d;
	e->pick_ctrl |= target.q.p;
	e->npc = target.v;
}
