/* See cpumodel.h.  Field positions: Arm ARM D19.2, the ID_AA64 registers. */
#include "a64/cpumodel.h"

#include <string.h>

#include "base/bits.h"

/* A feature list (X-macro) as the two words of a bit set. */
#define W0(n) | (FEAT_##n < 64 ? BIT(FEAT_##n & 63) : 0)
#define W1(n) | (FEAT_##n >= 64 ? BIT(FEAT_##n & 63) : 0)

#define FEATS_MAX(X) \
	X(LSE) X(LSE2) X(CRC32) X(RDM) X(LRCPC) X(LRCPC2) X(DotProd) X(FP16) X(FHM) X(FCMA) X(JSCVT) \
	X(AES) X(PMULL) X(SHA1) X(SHA256) X(SHA512) X(SHA3) X(FlagM) X(FlagM2) X(PAN) X(PAN2) X(UAO) \
	X(DPB) X(DPB2) X(SSBS) X(SSBS2) X(SB) X(SPECRES) X(CSV2) X(CSV3) X(FRINTTS) X(I8MM) X(BF16) X(RNG) \
	X(TTL) X(TTST) X(HAFDBS) X(HPDS) X(TLBIOS) X(TLBIRANGE) X(DIT) X(TTCNP) X(IDST) X(PMUv3) \
	X(GTG16) X(GTG64) X(E0PD) X(BBM) X(DGH)

/* Armv8.0 cores with the cryptographic extension, and Armv8.2 ones. */
#define FEATS_8_0(X) X(CRC32) X(AES) X(PMULL) X(SHA1) X(SHA256) X(PMUv3) X(GTG64) X(A72REGS)
#define FEATS_8_2(X) \
	X(LSE) X(CRC32) X(RDM) X(LRCPC) X(DotProd) X(FP16) X(AES) X(PMULL) X(SHA1) X(SHA256) X(PAN) X(PAN2) X(UAO) \
	X(DPB) X(SSBS) X(SSBS2) X(CSV2) X(CSV3) X(HAFDBS) X(HPDS) X(TTCNP) X(PMUv3) X(GTG16) X(GTG64)

#define FEATS_N1(X) X(N1REGS)
#define FEATS_NONE(X)

#define CACHES .clidr = 0x0a200023, .ccsidr = {0x701fe00a, 0x201fe012, 0x70ffe07a}
#define DEBUG_UNITS(version) .debug_version = version, .brps = 6, .wrps = 4, .ctx_brps = 2

/* One of Arm's cores: MIDR, physical address bits and the PMU's identification code are those of its manual (TRM). */
#define CORE_8_0(n, id, pa, pmu) \
	{ \
		.name = n, .help = "Armv8.0 as the core has it, without AArch32", \
		.feats = {0 FEATS_8_0(W0), 0 FEATS_8_0(W1)}, .midr = id, .ctr = 0x8444c004, .pa_bits = pa, \
		.pmu_counters = 6, .pmu_idcode = pmu, .gran64 = true, CACHES, DEBUG_UNITS(6), \
	}
#define CORE_8_2(n, id, pa, pmu, own) \
	{ \
		.name = n, .help = "Armv8.2 as the core has it, without AArch32, EL2 and RAS", \
		.feats = {0 FEATS_8_2(W0) own(W0), 0 FEATS_8_2(W1) own(W1)}, .midr = id, .ctr = 0x8444c004, .pa_bits = pa, \
		.pmu_counters = 6, .pmu_idcode = pmu, .gran16 = true, .gran64 = true, CACHES, DEBUG_UNITS(8), \
	}

static const struct cpu_model models[] = {
	{
		.name = "max",
		.help = "everything that parma has",
		.feats = {0 FEATS_MAX(W0), 0 FEATS_MAX(W1)},
		.midr = 0x000f0500,
		.ctr = 0x9444c004, /* 64-byte lines, IDC: no clean to the point of unification needed */
		.pa_bits = 48,
		.pmu_counters = 6,
		.gran16 = true,
		.gran64 = true,
		CACHES,
		DEBUG_UNITS(8),
	},
	CORE_8_0("cortex-a35", 0x411fd040, 40, 0x0a),
	CORE_8_0("cortex-a53", 0x410fd034, 40, 3),
	CORE_8_0("cortex-a57", 0x411fd070, 44, 1),
	CORE_8_0("cortex-a72", 0x410fd083, 44, 2),
	CORE_8_2("cortex-a55", 0x412fd050, 40, 0x0b, FEATS_NONE),
	CORE_8_2("cortex-a76", 0x414fd0b1, 40, 0x0b, FEATS_NONE),
	CORE_8_2("neoverse-n1", 0x414fd0c1, 48, 0x0c, FEATS_N1),
};

const struct cpu_model *cpu_model_find(const char *name)
{
	for (unsigned k = 0; k < ARRAY_SIZE(models); k++)
		if (!strcmp(models[k].name, name))
			return &models[k];
	return NULL;
}

void cpu_model_list(FILE *out)
{
	for (unsigned k = 0; k < ARRAY_SIZE(models); k++)
		fprintf(out, "  %-14s %s\n", models[k].name, models[k].help);
}

void cpu_model_drop(struct cpu_model *m, enum feat f) { m->feats[f >> 6] &= ~BIT(f & 63); }

bool cpu_model_has_granule(const struct cpu_model *m, unsigned log2)
{
	return log2 == 12 || (log2 == 14 && m->gran16) || (log2 == 16 && m->gran64);
}

static uint64_t has(const struct cpu_model *m, enum feat f) { return m->feats[f >> 6] >> (f & 63) & 1; }

/* Field value of a feature with a second step: 0, 1 or 2. */
static uint64_t steps(const struct cpu_model *m, enum feat one, enum feat two)
{
	return has(m, two) ? 2 : has(m, one);
}

static uint64_t pa_range(unsigned bits_)
{
	static const uint8_t size[] = {32, 36, 40, 42, 44, 48};
	unsigned k = 0;

	while (k + 1 < ARRAY_SIZE(size) && size[k] < bits_)
		k++;
	return k;
}

static uint64_t pfr0(const struct cpu_model *m, bool gicv3)
{
	return 0x11 | has(m, FEAT_FP16) << 16 | has(m, FEAT_FP16) << 20 | (uint64_t)gicv3 << 24 |
	       has(m, FEAT_DIT) << 48 | has(m, FEAT_CSV2) << 56 | has(m, FEAT_CSV3) << 60;
}

static uint64_t dfr0(const struct cpu_model *m)
{
	return m->debug_version | has(m, FEAT_PMUv3) << 8 | (uint64_t)(m->brps - 1) << 12 |
	       (uint64_t)(m->wrps - 1) << 20 | (uint64_t)(m->ctx_brps - 1) << 28 |
	       (m->debug_version >= 8 ? UINT64_C(15) << 36 : 0);
}

static uint64_t isar0(const struct cpu_model *m)
{
	return steps(m, FEAT_AES, FEAT_PMULL) << 4 | has(m, FEAT_SHA1) << 8 |
	       steps(m, FEAT_SHA256, FEAT_SHA512) << 12 | has(m, FEAT_CRC32) << 16 | has(m, FEAT_LSE) << 21 |
	       has(m, FEAT_RDM) << 28 | has(m, FEAT_SHA3) << 32 | has(m, FEAT_DotProd) << 44 |
	       has(m, FEAT_FHM) << 48 | steps(m, FEAT_FlagM, FEAT_FlagM2) << 52 |
	       steps(m, FEAT_TLBIOS, FEAT_TLBIRANGE) << 56 | has(m, FEAT_RNG) << 60;
}

static uint64_t isar1(const struct cpu_model *m)
{
	return steps(m, FEAT_DPB, FEAT_DPB2) | has(m, FEAT_JSCVT) << 12 | has(m, FEAT_FCMA) << 16 |
	       steps(m, FEAT_LRCPC, FEAT_LRCPC2) << 20 | has(m, FEAT_FRINTTS) << 32 | has(m, FEAT_SB) << 36 |
	       has(m, FEAT_SPECRES) << 40 | has(m, FEAT_BF16) << 44 | has(m, FEAT_DGH) << 48 |
	       has(m, FEAT_I8MM) << 52;
}

static uint64_t mmfr0(const struct cpu_model *m)
{
	return pa_range(m->pa_bits) | 2 << 4 | (uint64_t)m->gran16 << 20 | (m->gran64 ? 0 : UINT64_C(15) << 24);
}

static uint64_t mmfr1(const struct cpu_model *m)
{
	return has(m, FEAT_HAFDBS) << 1 | has(m, FEAT_HPDS) << 12 | steps(m, FEAT_PAN, FEAT_PAN2) << 20;
}

static uint64_t mmfr2(const struct cpu_model *m)
{
	return has(m, FEAT_TTCNP) | has(m, FEAT_UAO) << 4 | has(m, FEAT_TTST) << 28 | has(m, FEAT_LSE2) << 32 |
	       has(m, FEAT_IDST) << 36 | has(m, FEAT_TTL) << 48 | has(m, FEAT_BBM) << 53 | has(m, FEAT_E0PD) << 60;
}

uint64_t cpu_model_idreg(const struct cpu_model *m, unsigned crm, unsigned op2, bool gicv3)
{
	switch (crm << 3 | op2) {
	case 4 << 3 | 0: return pfr0(m, gicv3);
	case 4 << 3 | 1: return steps(m, FEAT_SSBS, FEAT_SSBS2) << 4;
	case 5 << 3 | 0: return dfr0(m);
	case 6 << 3 | 0: return isar0(m);
	case 6 << 3 | 1: return isar1(m);
	case 7 << 3 | 0: return mmfr0(m);
	case 7 << 3 | 1: return mmfr1(m);
	case 7 << 3 | 2: return mmfr2(m);
	default: return 0; /* AArch32 is absent; the rest reads as zero */
	}
}
