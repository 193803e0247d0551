/* Lowering of Arm operations to x86-TSO events by the rows of a mapping. */
#include "mcm/lower.h"

static int fence(struct mcm_host *h)
{
	struct mcm_event e = {.kind = MCM_BARRIER, .barrier = MCM_B_MFENCE, .rmw = MCM_NO_EVENT,
			      .insn = (uint16_t)h->insn++};

	h->owed = false;
	return mcm_run_event(h->r, &e);
}

static int around(struct mcm_host *h, unsigned what)
{
	if (what & MCM_A_FENCE || (what & MCM_A_FENCE_OWED && h->owed))
		return fence(h);
	if (what & MCM_A_OWE)
		h->owed = true;
	return 0;
}

static int access_event(struct mcm_host *h, unsigned kind, const struct mcm_event *ev, bool locked, int rmw)
{
	struct mcm_event e = {.kind = (uint8_t)kind, .size = ev->size, .loc = ev->loc, .off = ev->off, .val = ev->val,
			      .where = ev->where, .flags = locked ? MCM_F_AMO : 0, .insn = (uint16_t)h->insn,
			      .rmw = rmw >= 0 ? (uint8_t)rmw : MCM_NO_EVENT};

	return mcm_run_event(h->r, &e);
}

int mcm_host_load(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev)
{
	const struct mcm_lowering *l = mcm_lower(h->map, c);
	int idx;

	if (around(h, l->before) < 0)
		return -1;
	idx = access_event(h, MCM_READ, ev, false, -1);
	h->insn++;
	return idx < 0 || around(h, l->after) < 0 ? -1 : idx;
}

int mcm_host_store(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev)
{
	const struct mcm_lowering *l = mcm_lower(h->map, c);
	int idx = -1;

	if (around(h, l->before) < 0)
		return -1;
	if (l->access == MCM_X_XCHG) {
		idx = access_event(h, MCM_READ, ev, true, -1);
		if (idx < 0)
			return -1;
		h->owed = false;
	}
	if (access_event(h, MCM_WRITE, ev, idx >= 0, idx) < 0)
		return -1;
	h->insn++;
	return around(h, l->after) < 0 ? -1 : 0;
}

int mcm_host_barrier(struct mcm_host *h, enum mcm_class c)
{
	return around(h, mcm_lower(h->map, c)->before);
}

int mcm_host_rmw_read(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev)
{
	if (around(h, mcm_lower(h->map, c)->before) < 0)
		return -1;
	h->owed = false;
	return access_event(h, MCM_READ, ev, true, -1);
}

int mcm_host_rmw_write(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev, int read)
{
	int idx = access_event(h, MCM_WRITE, ev, true, read);

	h->insn++;
	return idx < 0 || around(h, mcm_lower(h->map, c)->after) < 0 ? -1 : idx;
}

int mcm_host_rmw_skip(struct mcm_host *h, enum mcm_class c)
{
	h->insn++;
	/* a locked instruction that stores nothing new is a fence all the same */
	return fence(h) < 0 || around(h, mcm_lower(h->map, c)->after) < 0 ? -1 : 0;
}

int mcm_host_stx_begin(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev, int *read)
{
	if (mcm_lower(h->map, c)->access == MCM_X_MONITOR) {
		*read = -1;
		return around(h, mcm_lower(h->map, c)->before);
	}
	*read = mcm_host_rmw_read(h, c, ev);
	return *read < 0 ? -1 : 0;
}

int mcm_host_stx_monitor(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev, unsigned ldx)
{
	h->owed = false;
	return mcm_host_rmw_write(h, c, ev, (int)ldx);
}
