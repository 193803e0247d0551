/*
 * x86-TSO and sequential consistency: what a thread keeps in order locally.
 * TSO keeps program order except from a write to a later read; MFENCE and
 * locked operations restore that pair.
 *
 * LFENCE and SFENCE add nothing on processors (for write-back memory).  The
 * reference model that the test corpus was computed with does order a write
 * before a later read across them (program order leads through the fence), and
 * this follows it; nothing that parma emits relies on it, and the clause
 * `lfence` can be left out.
 */
#include "mcm/model_priv.h"

static bool on(uint64_t off, enum mcm_clause c) { return !(off >> c & 1); }

static void tso_local(const struct mcm_trace *t, uint64_t *lob, uint64_t off)
{
	struct trace_sets s;
	uint64_t locked = 0, fences = 0;

	trace_sets(t, &s);
	for (unsigned i = 0; i < s.n; i++) {
		lob[i] = 0;
		if (t->ev[i].flags & MCM_F_AMO)
			locked |= BIT(i);
	}
	if (on(off, MCM_C_TSO_PO))
		FOR_SET(i, s.m)
			lob[i] |= s.after[i] & (BIT(i) & s.w ? s.w : s.m);
	if (on(off, MCM_C_MFENCE))
		fences |= s.barrier[MCM_B_MFENCE];
	if (on(off, MCM_C_LFENCE))
		fences |= s.barrier[MCM_B_LFENCE];
	FOR_SET(f, fences)
		FOR_SET(w, s.before[f] & s.w)
			lob[w] |= s.after[f] & s.r;
	FOR_SET(w, s.w) {
		if (on(off, MCM_C_LOCKED))
			lob[w] |= s.after[w] & s.r & (BIT(w) & locked ? s.r : locked);
		if (t->ev[w].rmw != MCM_NO_EVENT)
			lob[t->ev[w].rmw] |= BIT(w);
	}
	close_forward(lob, s.n);
}

static void sc_local(const struct mcm_trace *t, uint64_t *lob, uint64_t off)
{
	struct trace_sets s;

	trace_sets(t, &s);
	for (unsigned i = 0; i < s.n; i++)
		lob[i] = 0;
	FOR_SET(i, s.m) {
		lob[i] |= s.after[i] & s.m;
		if (BIT(i) & s.w && t->ev[i].rmw != MCM_NO_EVENT)
			lob[t->ev[i].rmw] |= BIT(i);
	}
	close_forward(lob, s.n);
}

const struct mcm_model mcm_tso = {.name = "tso", .local = tso_local};
const struct mcm_model mcm_sc = {.name = "sc", .local = sc_local};
