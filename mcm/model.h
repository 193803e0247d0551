/*
 * The memory models.  All of them have the same form (it is how Arm states its
 * model, and x86-TSO and SC can be stated so too):
 *
 *   internal   each location alone is sequentially consistent, thread by thread
 *   atomic     nothing comes between the read and the write of a read-modify-write
 *   external   ob = (obs | lob)+ is irreflexive, where obs is rf, co and fr
 *              between threads, and lob is what a thread keeps in order locally
 *
 * A model is thus a function from a trace to lob, and the rest (mcm/solve.h) is
 * common.  Each clause of a model can be switched off by name, which is how the
 * tests show that each is needed.  Sources: docs/MEMORY-MODEL.md.
 */
#ifndef PARMA_MCM_MODEL_H
#define PARMA_MCM_MODEL_H

#include "mcm/event.h"

#define MCM_CLAUSES(X) \
	/* common */ \
	X(INTERNAL, "internal", "coherence of each location within threads") \
	X(ATOMIC, "atomic", "no write between the halves of a read-modify-write") \
	X(OBS, "obs", "rf, co and fr between threads order accesses") \
	/* Arm */ \
	X(LWS, "lws", "an access before a later write of its thread to the same location") \
	X(ADDR, "addr", "address dependency") \
	X(DATA, "data", "data dependency") \
	X(CTRL, "ctrl", "control dependency to a write") \
	X(ADDR_PO, "addr-po", "address dependency to an access before a write") \
	X(DEP_LRS, "dep-lrs", "address or data dependency to a write, to its thread's next reads of it") \
	X(PICK, "pick", "dependency through a choice between registers, to a write") \
	X(RMW, "rmw", "read before write of a read-modify-write") \
	X(RMW_LRS, "rmw-lrs", "read-modify-write before acquires that read it in its thread") \
	X(DMB_FULL, "dmb-full", "DMB SY") \
	X(DMB_LD, "dmb-ld", "DMB LD") \
	X(DMB_ST, "dmb-st", "DMB ST") \
	X(DSB, "dsb", "DSB") \
	X(ISB, "isb", "ISB after control, address dependency or DSB") \
	X(ACQ, "acq", "acquire before what follows") \
	X(REL, "rel", "what precedes before release") \
	X(REL_ACQ, "rel-acq", "release before acquire") \
	X(AMO_AL, "amo-al", "write of an acquire-release atomic before what follows") \
	/* x86 */ \
	X(TSO_PO, "tso-po", "program order, but for write to read") \
	X(MFENCE, "mfence", "write; MFENCE; read") \
	X(LFENCE, "lfence", "write; LFENCE or SFENCE; read (as the reference has it; processors do not promise it)") \
	X(LOCKED, "locked", "locked operations order writes before reads")

enum mcm_clause {
#define X(n, name, what) MCM_C_##n,
	MCM_CLAUSES(X)
#undef X
	MCM_NCLAUSES
};

const char *mcm_clause_name(enum mcm_clause c);
const char *mcm_clause_what(enum mcm_clause c);

struct mcm_model {
	const char *name;
	/* Fills lob[0..nev): the transitive local order of t's memory events. off: bit set of clauses left out. */
	void (*local)(const struct mcm_trace *t, uint64_t *lob, uint64_t off);
};

extern const struct mcm_model mcm_arm, mcm_tso, mcm_sc;

/* By name: arm, tso, sc; NULL if there is none. */
const struct mcm_model *mcm_model_find(const char *name);

#endif
