/* See classify.h. Loads and stores without an order of their own are known by their rows' names. */
#include "litmus/classify.h"

#include <string.h>

#include "a64/a64_enc.gen.h"
#include "base/bits.h"

static unsigned field(const struct a64_row *row, uint32_t word, const char *name)
{
	for (unsigned i = 0; i < row->nfields; i++)
		if (!strcmp(row->fields[i].name, name))
			return word >> row->fields[i].lsb & (uint32_t)mask64(row->fields[i].width);
	return 0;
}

static enum mcm_class rmw(bool a, bool l) { return l ? a ? MCM_RMW_AL : MCM_RMW_L : a ? MCM_RMW_A : MCM_RMW; }

static enum mcm_class barrier(unsigned crm, bool dsb)
{
	static const enum mcm_class classes[2][3] = {
		{MCM_DMB_FULL, MCM_DMB_LD, MCM_DMB_ST}, {MCM_DSB_FULL, MCM_DSB_LD, MCM_DSB_ST}};
	unsigned type = crm & 3;

	return classes[dsb][type == 1 ? 1 : type == 2 ? 2 : 0];
}

static bool starts(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

bool lit_classify(uint32_t word, enum mcm_class *out)
{
	static const uint64_t all[2] = {~UINT64_C(0), ~UINT64_C(0)};
	static const struct { const char *name; enum mcm_class plain; } prefix[] = {
		{"LDAPR", MCM_LD_ACQPC}, {"LDAPUR", MCM_LD_ACQPC}, {"LDAR", MCM_LD_ACQ}, {"LDLAR", MCM_LD_ACQ},
		{"STLR", MCM_ST_REL}, {"STLUR", MCM_ST_REL}, {"STLLR", MCM_ST_REL},
	};
	static const char *const atomics[] = {"SWP", "LDADD", "LDCLR", "LDEOR", "LDSET", "LDSMAX", "LDSMIN", "LDUMAX", "LDUMIN"};
	const struct a64_row *row;
	struct a64_insn in;

	if (!a64_decode(word, all, &in))
		return false;
	row = &a64_rows[in.op];
	for (unsigned i = 0; i < ARRAY_SIZE(prefix); i++)
		if (starts(row->name, prefix[i].name))
			return *out = prefix[i].plain, true;
	for (unsigned i = 0; i < ARRAY_SIZE(atomics); i++)
		if (starts(row->name, atomics[i]))
			return *out = rmw(field(row, word, "a"), field(row, word, "r")), true;
	if (starts(row->name, "CAS"))
		return *out = rmw(field(row, word, "l"), field(row, word, "o0")), true;
	if (starts(row->name, "LDXR") || starts(row->name, "LDXP"))
		return *out = field(row, word, "o0") ? MCM_LDX_ACQ : MCM_LDX, true;
	if (starts(row->name, "STXR") || starts(row->name, "STXP"))
		return *out = field(row, word, "o0") ? MCM_STX_PURE_REL : MCM_STX_PURE, true;
	if (!strcmp(row->name, "DMB") || !strcmp(row->name, "DSB"))
		return *out = barrier(field(row, word, "crm"), row->name[1] == 'S'), true;
	if (!strcmp(row->name, "ISB"))
		return *out = MCM_ISB, true;
	if (starts(row->name, "LD"))
		return *out = MCM_LD, true;
	if (starts(row->name, "ST"))
		return *out = MCM_ST, true;
	return false;
}
