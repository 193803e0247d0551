/* See mmu.h. */
#include "a64/mmu.h"

#include "a64/cpumodel.h"
#include "a64/sysbits.h"
#include "base/bits.h"
#include "base/log.h"
#include "mem/access.h"

/* Parameters of one half of the address space, decoded from TCR and TTBRn. */
struct regime {
	uint64_t ttbr;
	unsigned tsz, max_tsz, grain; /* grain: log2 bytes of a granule */
	bool top, epd, tbi, hpd, e0pd, bad_size;
};

struct walk {
	struct vcpu *c;
	const struct mmu_access *a;
	struct regime r;
	unsigned pa_bits, level;
	bool ap_no_el0, ap_ro, pxn, uxn; /* hierarchical controls met on the way */
};

/* Descriptor bits. */
#define D_AP1 BIT(6)  /* EL0 may access */
#define D_AP2 BIT(7)  /* read-only */
#define D_AF BIT(10)
#define D_NG BIT(11)
#define D_DBM BIT(51)
#define D_PXN BIT(53)
#define D_UXN BIT(54)
#define T_PXN BIT(59)
#define T_UXN BIT(60)
#define T_AP0 BIT(61) /* no EL0 access below */
#define T_AP1 BIT(62) /* no writes below */

#define PA_LIMIT 48 /* without LPA */

unsigned mmu_pa_bits(const struct vcpu *c)
{
	static const uint8_t size[8] = {32, 36, 40, 42, 44, 48, 48, 48};
	unsigned ips = size[bits(c->sys.tcr, 34, 32)];

	return MIN(ips, c->model->pa_bits);
}

static unsigned granule_log2(uint64_t tcr, bool top)
{
	/* TG0 and TG1 encode the sizes differently; reserved values are taken as 4 KiB. */
	static const uint8_t tg0[4] = {12, 16, 14, 12}, tg1[4] = {12, 14, 12, 16};

	return top ? tg1[bits(tcr, 31, 30)] : tg0[bits(tcr, 15, 14)];
}

static void regime_get(const struct vcpu *c, uint64_t va, struct regime *r)
{
	uint64_t tcr = c->sys.tcr;

	r->top = bit(va, 55);
	r->ttbr = r->top ? c->sys.ttbr1 : c->sys.ttbr0;
	r->tsz = (unsigned)(r->top ? bits(tcr, 21, 16) : bits(tcr, 5, 0));
	r->epd = bit(tcr, r->top ? 23 : 7);
	r->tbi = bit(tcr, r->top ? 38 : 37);
	r->hpd = vcpu_has(c, FEAT_HPDS) && bit(tcr, r->top ? 42 : 41);
	r->e0pd = vcpu_has(c, FEAT_E0PD) && bit(tcr, r->top ? 56 : 55);
	r->grain = granule_log2(tcr, r->top);
	if (!cpu_model_has_granule(c->model, r->grain))
		r->grain = 12;
	r->max_tsz = !vcpu_has(c, FEAT_TTST) ? 39 : r->grain == 16 ? 47 : 48;
	r->bad_size = r->tsz < 16 || r->tsz > r->max_tsz;
}

/* The bits of va that the tables do not translate are copies of bit 55 (the tag byte aside). */
static bool va_in_range(uint64_t va, const struct regime *r)
{
	unsigned in = 64 - r->tsz, top = r->tbi ? 55 : 63;
	uint64_t high = bits(va, top, in);

	return high == (r->top ? mask64(top - in + 1) : 0);
}

/* One descriptor; false: an external abort (not RAM). *host stays for updates, NULL in ROM. */
static bool read_desc(const struct vcpu *c, uint64_t pa, uint64_t **host, uint64_t *desc)
{
	uint64_t *p = physmap_host(c->pm, mk_gpa(pa), 8, false);

	if (!p)
		return false;
	*desc = ld_acq(p);
	*host = physmap_host(c->pm, mk_gpa(pa), 8, true);
	return true;
}

/* Atomic update of a descriptor, visible to the exclusive monitors; false: it changed meanwhile. */
static bool update_desc(uint64_t *host, uint64_t old, uint64_t desc)
{
	struct monitor_stripe *s = stripe_of((uintptr_t)host);
	bool done;

	stripe_take(s);
	done = at_cas(host, &old, desc);
	stripe_bump(s, done);
	stripe_drop(s);
	return done;
}

static void table_attrs(struct walk *w, uint64_t desc)
{
	if (w->r.hpd)
		return;
	w->ap_no_el0 |= !!(desc & T_AP0);
	w->ap_ro |= !!(desc & T_AP1);
	w->pxn |= !!(desc & T_PXN);
	w->uxn |= !!(desc & T_UXN);
}

/* Effective rights of a leaf descriptor. `dirty_hw`: a read-only entry with DBM counts as writable. */
static uint8_t leaf_perm(const struct walk *w, uint64_t desc, bool dirty_hw)
{
	bool wxn = w->c->sys.sctlr & SCTLR_WXN;
	bool el0 = (desc & D_AP1) && !w->ap_no_el0;
	bool ro = ((desc & D_AP2) && !(dirty_hw && (desc & D_DBM))) || w->ap_ro;
	bool pxn = (desc & D_PXN) || w->pxn, uxn = (desc & D_UXN) || w->uxn;
	uint8_t perm = PERM_R1;

	if (!ro)
		perm |= PERM_W1;
	if (el0)
		perm |= ro ? PERM_R0 : PERM_R0 | PERM_W0;
	if (!uxn && !(wxn && (perm & PERM_W0)))
		perm |= PERM_X0;
	/* What EL0 can write, EL1 never executes. */
	if (!pxn && !(perm & PERM_W0) && !(wxn && (perm & PERM_W1)))
		perm |= PERM_X1;
	return perm;
}

mmu_fsc mmu_check(const struct mmu_map *m, const struct mmu_access *a)
{
	static const uint8_t need[3] = {[MMU_READ] = PERM_R0, [MMU_WRITE] = PERM_W0, [MMU_FETCH] = PERM_X0};
	bool good = m->perm & (a->el0 ? need[a->kind] : need[a->kind] << 3);

	if (a->pan && !a->el0 && a->kind != MMU_FETCH && (m->perm & PERM_R0))
		good = false;
	return good ? MMU_OK : FSC_PERMISSION | m->level;
}

/* The leaf is found: output address, attributes, access flag and dirty state. -2: walk again. */
static mmu_fsc walk_leaf(struct walk *w, uint64_t va, uint64_t desc, uint64_t *host, unsigned log2, struct mmu_map *m)
{
	struct vcpu *c = w->c;
	bool ha = vcpu_has(c, FEAT_HAFDBS) && (c->sys.tcr & TCR_HA);
	bool hd = ha && (c->sys.tcr & TCR_HD);
	uint64_t oa = desc & mask64(PA_LIMIT) & ~mask64(log2), want = desc;
	mmu_fsc bad;

	if (oa >> w->pa_bits)
		return FSC_ADDRSIZE | (int)w->level;
	if (!(desc & D_AF)) {
		if (!ha || !host)
			return FSC_ACCESS | (int)w->level;
		want |= D_AF;
	}
	*m = (struct mmu_map){
		.pa = oa | (va & mask64(log2)),
		.log2 = (uint8_t)log2,
		.level = (uint8_t)w->level,
		.attr = (uint8_t)(c->sys.mair >> (8 * bits(desc, 4, 2))),
		.sh = (uint8_t)bits(desc, 9, 8),
		.perm = leaf_perm(w, desc, hd && host),
		.ng = desc & D_NG,
		.top = w->r.top,
		.clean = hd && host && (desc & D_DBM) && (desc & D_AP2),
	};
	bad = mmu_check(m, w->a);
	if (bad == MMU_OK && m->clean && w->a->kind == MMU_WRITE && !w->a->at) {
		want &= ~D_AP2;
		m->clean = false;
	}
	if (want != desc && !update_desc(host, desc, want))
		return -2;
	return bad;
}

/* One walk from the table base; -2: a descriptor changed under us. */
static mmu_fsc walk_tables(struct walk *w, uint64_t va, struct mmu_map *m)
{
	unsigned stride = w->r.grain - 3, in = 64 - w->r.tsz;
	unsigned levels = (in - w->r.grain + stride - 1) / stride;
	unsigned shift = w->r.grain + stride * (levels - 1); /* of the index at this level */
	unsigned index_bits = in - shift;
	uint64_t table = w->r.ttbr & mask64(PA_LIMIT) & ~mask64(MAX(index_bits + 3, 6));
	uint64_t desc, *host;

	w->ap_no_el0 = w->ap_ro = w->pxn = w->uxn = false;
	w->level = 0;
	if (table >> w->pa_bits)
		return FSC_ADDRSIZE;
	for (w->level = 4 - levels;; w->level++, shift -= stride, index_bits = stride) {
		bool block_ok = w->level == 3 || w->level == 2 || (w->level == 1 && w->r.grain == 12);

		if (!read_desc(w->c, table | bits(va, shift + index_bits - 1, shift) << 3, &host, &desc))
			return FSC_EXTERNAL_WALK | (int)w->level;
		if (!(desc & 1) || (!(desc & 2) && (w->level == 3 || !block_ok)))
			return FSC_TRANSLATION | (int)w->level;
		if (w->level == 3 || !(desc & 2))
			return walk_leaf(w, va, desc, host, shift, m);
		table_attrs(w, desc);
		table = desc & mask64(PA_LIMIT) & ~mask64(w->r.grain);
		if (table >> w->pa_bits)
			return FSC_ADDRSIZE | (int)w->level;
	}
}

static mmu_fsc walk_flat(const struct vcpu *c, uint64_t va, const struct mmu_access *a, struct mmu_map *m)
{
	uint64_t pa = mmu_tbi(c, va) ? va & mask64(56) : va;

	if (pa >> c->model->pa_bits)
		return FSC_ADDRSIZE;
	*m = (struct mmu_map){
		.pa = pa,
		.log2 = 30,
		.attr = a->kind != MMU_FETCH ? 0 : c->sys.sctlr & SCTLR_I ? 0xaa : 0x44,
		.sh = 2,
		.perm = PERM_R0 | PERM_W0 | PERM_X0 | PERM_R1 | PERM_W1 | PERM_X1,
	};
	return MMU_OK;
}

mmu_fsc mmu_walk(struct vcpu *c, uint64_t va, const struct mmu_access *a, struct mmu_map *m)
{
	struct walk w = {.c = c, .a = a};
	mmu_fsc fsc;

	if (!(c->sys.sctlr & SCTLR_M))
		return walk_flat(c, va, a, m);
	regime_get(c, va, &w.r);
	w.pa_bits = mmu_pa_bits(c);
	if (w.r.bad_size || !va_in_range(va, &w.r) || w.r.epd || (w.r.e0pd && a->el0))
		return FSC_TRANSLATION;
	do
		fsc = walk_tables(&w, va, m);
	while (fsc == -2);
	if (log_on(LOG_MMU))
		log_printf("mmu: cpu %u walk va 0x%016llx kind %u el%d: fsc 0x%02x pa 0x%llx level %u attr 0x%02x perm 0x%02x\n",
			   c->index, (unsigned long long)va, a->kind, !a->el0, fsc == MMU_OK ? 0 : (unsigned)fsc,
			   fsc == MMU_OK ? (unsigned long long)m->pa : 0, w.level, fsc == MMU_OK ? m->attr : 0,
			   fsc == MMU_OK ? m->perm : 0);
	return fsc;
}

mmu_fsc mmu_at(struct vcpu *c, uint64_t va, const struct mmu_access *a)
{
	struct mmu_map m;
	mmu_fsc fsc = mmu_walk(c, va, a, &m);

	if (fsc != MMU_OK) {
		c->sys.par = PAR_RES1 | PAR_F | (uint64_t)fsc << 1;
		return fsc;
	}
	/* Device memory and Normal memory that is not cacheable are reported as outer shareable. */
	if (mmu_is_device(m.attr) || m.attr == 0x44)
		m.sh = 2;
	c->sys.par = PAR_RES1 | PAR_NS | (uint64_t)m.attr << 56 | (m.pa & mask64(PA_LIMIT) & ~mask64(12)) | (uint64_t)m.sh << 7;
	return MMU_OK;
}
