/*
 * The registry of mappings.  A row not named below takes the base rows: what
 * every x86-TSO mapping shares (plain moves, locked read-modify-writes).
 */
#include "mcm/mapping.h"

#include <string.h>

#include "base/bits.h"

#define ROW(c, b, x, a) [MCM_##c] = {b, MCM_X_##x, a}
#define N MCM_A_NONE
#define F MCM_A_FENCE
#define OWED MCM_A_FENCE_OWED
#define OWE MCM_A_OWE

#define PLAIN_ROWS \
	ROW(LD, N, MOV, N), ROW(LD_ACQPC, N, MOV, N), ROW(ST, N, MOV, N), ROW(LDX, N, MOV, N)
#define RMW_ROWS \
	ROW(RMW, N, LOCKED, N), ROW(RMW_A, N, LOCKED, N), ROW(RMW_L, N, LOCKED, N), ROW(RMW_AL, N, LOCKED, N)
#define EXCLUSIVE_ROWS \
	ROW(STX_PURE, N, CMPXCHG, N), ROW(STX_PURE_REL, N, CMPXCHG, N), \
	ROW(STX_IMPURE, N, MONITOR, N), ROW(STX_IMPURE_REL, N, MONITOR, N)
/* DSB ST orders earlier stores before everything, later loads included: unlike DMB ST it is not free. */
#define BARRIER_ROWS(full, ld, st, dsb_st) \
	ROW(DMB_FULL, full, NONE, N), ROW(DMB_LD, ld, NONE, N), ROW(DMB_ST, st, NONE, N), \
	ROW(DSB_FULL, full, NONE, N), ROW(DSB_LD, ld, NONE, N), ROW(DSB_ST, dsb_st, NONE, N), \
	ROW(ISB, N, NONE, N)

static const struct mcm_mapping mappings[] = {
	{
		.name = "parma",
		.summary = "the mapping that ships: a store-release owes a fence, a load-acquire pays it",
		.sound = true,
		.row = {
			PLAIN_ROWS, RMW_ROWS, EXCLUSIVE_ROWS, BARRIER_ROWS(F, N, N, F),
			ROW(LD_ACQ, OWED, MOV, N), ROW(LDX_ACQ, OWED, MOV, N), ROW(ST_REL, N, MOV, OWE),
		},
	},
	{
		.name = "xchg",
		.summary = "stateless: a store-release is an exchange, a load-acquire is a plain load",
		.sound = true,
		.row = {
			PLAIN_ROWS, RMW_ROWS, EXCLUSIVE_ROWS, BARRIER_ROWS(F, N, N, F),
			ROW(LD_ACQ, N, MOV, N), ROW(LDX_ACQ, N, MOV, N), ROW(ST_REL, N, XCHG, N),
		},
	},
	{
		.name = "conservative",
		.summary = "a full fence at every barrier and on both sides of every ordered access",
		.sound = true,
		.row = {
			PLAIN_ROWS, RMW_ROWS, BARRIER_ROWS(F, F, F, F),
			ROW(LD_ACQ, F, MOV, F), ROW(LDX_ACQ, F, MOV, F), ROW(ST_REL, F, MOV, F),
			ROW(STX_PURE, N, MONITOR, N), ROW(STX_PURE_REL, N, MONITOR, N),
			ROW(STX_IMPURE, N, MONITOR, N), ROW(STX_IMPURE_REL, N, MONITOR, N),
		},
	},
	{
		.name = "qemu",
		.summary = "as QEMU 10.0: fence after a load-acquire and before a store-release, exclusives compare values",
		.sound = false,
		.row = {
			PLAIN_ROWS, RMW_ROWS, BARRIER_ROWS(F, N, N, N),
			ROW(LD_ACQ, N, MOV, F), ROW(LDX_ACQ, N, MOV, F), ROW(ST_REL, F, MOV, N),
			ROW(STX_PURE, N, CMPXCHG, N), ROW(STX_PURE_REL, F, CMPXCHG, N),
			ROW(STX_IMPURE, N, CMPXCHG, N), ROW(STX_IMPURE_REL, F, CMPXCHG, N),
		},
	},
	{
		.name = "none",
		.summary = "no fences and no monitor: for testing that tests can fail",
		.sound = false,
		.row = {
			PLAIN_ROWS, RMW_ROWS, BARRIER_ROWS(N, N, N, N),
			ROW(LD_ACQ, N, MOV, N), ROW(LDX_ACQ, N, MOV, N), ROW(ST_REL, N, MOV, N),
			ROW(STX_PURE, N, CMPXCHG, N), ROW(STX_PURE_REL, N, CMPXCHG, N),
			ROW(STX_IMPURE, N, CMPXCHG, N), ROW(STX_IMPURE_REL, N, CMPXCHG, N),
		},
	},
};

const struct mcm_mapping *mcm_mapping_at(unsigned i)
{
	return i < ARRAY_SIZE(mappings) ? &mappings[i] : NULL;
}

const struct mcm_mapping *mcm_mapping_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++)
		if (!strcmp(mappings[i].name, name))
			return &mappings[i];
	return NULL;
}

static const struct mcm_mapping *selected = &mappings[0]; /* CONST_AFTER_INIT */

const struct mcm_mapping *mcm_mapping_selected(void) { return selected; }
void mcm_mapping_select(const struct mcm_mapping *m) { selected = m; }

const char *mcm_class_name(enum mcm_class c)
{
	static const char *const names[] = {
#define X(n, name, what) name,
		MCM_CLASSES(X)
#undef X
	};
	return names[c];
}

const char *mcm_class_what(enum mcm_class c)
{
	static const char *const whats[] = {
#define X(n, name, what) what,
		MCM_CLASSES(X)
#undef X
	};
	return whats[c];
}

const char *mcm_access_name(enum mcm_access x)
{
	static const char *const names[] = {"-", "mov", "xchg", "locked", "lock cmpxchg", "monitor"};

	return names[x];
}

const char *mcm_around_name(unsigned around)
{
	switch (around) {
	case MCM_A_NONE: return "-";
	case MCM_A_FENCE: return "fence";
	case MCM_A_FENCE_OWED: return "fence if owed";
	case MCM_A_OWE: return "owe a fence";
	default: return "?";
	}
}

bool mcm_lowering_pays(const struct mcm_lowering *l)
{
	return (l->before | l->after) & MCM_A_FENCE || l->access == MCM_X_XCHG || l->access == MCM_X_LOCKED;
}
