/*
 * The mapping from Arm memory operations to x86-64 ones: one row for each
 * class of operation, telling what is executed before the access, how the
 * access itself is done, and what happens after it.
 *
 * This table is the single source: the translator lowers every ordered
 * operation by asking mcm_lower(), `parma mapping show` prints it, and the
 * checker (mcm/check.h) takes programs through the same rows and compares
 * the outcomes under x86-TSO with those that Arm allows.
 *
 * The owed fence is state along a thread: MCM_AFTER_OWE notes (in the vCPU)
 * that a full fence is owed, MCM_BEFORE_OWED executes a fence only if one is
 * owed, and every full fence or locked access pays the debt.
 *
 * All tables are constant; any thread may read them.
 */
#ifndef PARMA_MCM_MAPPING_H
#define PARMA_MCM_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

/* Classes of Arm operations that can be lowered differently. */
#define MCM_CLASSES(X) \
	X(LD, "load", "LDR, LDP, vector loads") \
	X(LD_ACQPC, "load-acquirepc", "LDAPR, LDAPUR") \
	X(LD_ACQ, "load-acquire", "LDAR") \
	X(ST, "store", "STR, STP, vector stores") \
	X(ST_REL, "store-release", "STLR, STLUR") \
	X(RMW, "rmw", "LSE atomics, CAS, SWP: plain") \
	X(RMW_A, "rmw-acquire", "LSE atomics with A") \
	X(RMW_L, "rmw-release", "LSE atomics with L") \
	X(RMW_AL, "rmw-acquire-release", "LSE atomics with AL") \
	X(LDX, "load-exclusive", "LDXR, LDXP") \
	X(LDX_ACQ, "load-acquire-exclusive", "LDAXR, LDAXP") \
	X(STX_PURE, "store-exclusive/pure", "STXR, STXP of a pure pair") \
	X(STX_PURE_REL, "store-release-exclusive/pure", "STLXR, STLXP of a pure pair") \
	X(STX_IMPURE, "store-exclusive/impure", "STXR, STXP otherwise") \
	X(STX_IMPURE_REL, "store-release-exclusive/impure", "STLXR, STLXP otherwise") \
	X(DMB_FULL, "dmb-full", "DMB SY, ISH, OSH, NSH") \
	X(DMB_LD, "dmb-ld", "DMB LD, ISHLD, OSHLD") \
	X(DMB_ST, "dmb-st", "DMB ST, ISHST, OSHST") \
	X(DSB_FULL, "dsb-full", "DSB SY and its domains") \
	X(DSB_LD, "dsb-ld", "DSB LD and its domains") \
	X(DSB_ST, "dsb-st", "DSB ST and its domains") \
	X(ISB, "isb", "ISB, exception entry and return")

enum mcm_class {
#define X(n, name, what) MCM_##n,
	MCM_CLASSES(X)
#undef X
	MCM_NCLASSES
};

/* What is done before or after the access (bits). */
enum mcm_around {
	MCM_A_NONE = 0,
	MCM_A_FENCE = 1,       /* a full fence (a locked operation on the stack, or mfence) */
	MCM_A_FENCE_OWED = 2,  /* before only: a full fence if one is owed */
	MCM_A_OWE = 4,         /* after only: from now on a fence is owed */
};

/* How the access itself is done. */
enum mcm_access {
	MCM_X_NONE,     /* no access: barriers */
	MCM_X_MOV,      /* plain load or store */
	MCM_X_XCHG,     /* a store as a locked exchange */
	MCM_X_LOCKED,   /* a locked read-modify-write */
	MCM_X_CMPXCHG,  /* store-exclusive as a locked compare-exchange with the value that the load saw */
	MCM_X_MONITOR,  /* store-exclusive that succeeds only if no write came between, whatever its value; locked */
};

struct mcm_lowering {
	uint8_t before; /* enum mcm_around */
	uint8_t access; /* enum mcm_access */
	uint8_t after;  /* enum mcm_around */
};

/* Which programs a mapping is for: facts about mappings that only differ in what they are good at. */
struct mcm_mapping {
	const char *name;
	const char *summary;
	bool sound; /* the registry's claim; `parma mapping check` verifies or refutes it */
	struct mcm_lowering row[MCM_NCLASSES];
};

/* Registered mappings: i = 0.. until NULL. Number 0 is the one that ships. */
const struct mcm_mapping *mcm_mapping_at(unsigned i);
/* By name; NULL if there is none. */
const struct mcm_mapping *mcm_mapping_find(const char *name);

/*
 * The mapping that the translator follows in this process (xlate asks it for
 * every ordered operation): number 0, unless a command selects another one
 * (`parma litmus --mapping NAME`) before the first vCPU runs.
 */
const struct mcm_mapping *mcm_mapping_selected(void);
void mcm_mapping_select(const struct mcm_mapping *m);

static inline const struct mcm_lowering *mcm_lower(const struct mcm_mapping *m, enum mcm_class c)
{
	return &m->row[c];
}

/* "load-acquire" and "LDAR" of a class; the words for a lowering's parts ("-" for nothing). */
const char *mcm_class_name(enum mcm_class c);
const char *mcm_class_what(enum mcm_class c);
const char *mcm_access_name(enum mcm_access x);
const char *mcm_around_name(unsigned around);

/* True if the lowering of c contains a full fence or locked access on every path (it pays an owed fence). */
bool mcm_lowering_pays(const struct mcm_lowering *l);

#endif
