/* See debug.h. */
#include "a64/debug.h"

#include "a64/cpu_ops.h"
#include "a64/cpumodel.h"
#include "a64/exception.h"
#include "a64/sysbits.h"

bool debug_enabled_at(const struct vcpu *c, unsigned el, bool d)
{
	if (c->sys.oslock || c->sys.osdlr)
		return false;
	return el == 0 || ((c->sys.mdscr & MDSCR_KDE) && !d);
}

/* PMC/PAC, HMC and SSC of a control register at an exception level; Non-secure, no EL2 or EL3. */
static bool mode_matches(uint64_t bcr, unsigned el)
{
	unsigned pmc = (unsigned)bits(bcr, 2, 1);

	if (bits(bcr, 15, 14) == 2) /* Secure only */
		return false;
	return el ? pmc & 1 : pmc & 2 && !(bit(bcr, 13) && pmc == 2);
}

/* -- software step -- */

static bool step_active(const struct vcpu *c)
{
	return (c->sys.mdscr & MDSCR_SS) && debug_enabled_at(c, c->el, c->daif & PSTATE_D);
}

uint8_t debug_return_ss(const struct vcpu *c, uint64_t spsr, unsigned el)
{
	bool from = debug_enabled_at(c, c->el, c->daif & PSTATE_D);
	bool to = debug_enabled_at(c, el, spsr >> 9 & 1);

	return (c->sys.mdscr & MDSCR_SS) && !from && to && (spsr & SPSR_SS);
}

static void step_due(struct vcpu *c)
{
	uint32_t iss = FSC_DEBUG;

	if (c->ss)
		return;
	if (c->stepped)
		iss |= ESR_ISV | (c->stepped == 2 ? ESR_EX : 0);
	c->stepped = 0;
	exc_raise(c, EC_STEP_LOWER + (c->el != 0), iss);
}

/* Whether the instruction at pc is a load-exclusive (ESR_ELx.EX tells a debugger). */
static bool at_load_exclusive(struct vcpu *c)
{
	uint32_t *gen, insn = *cpu_fetch_page(c, c->pc, &gen);

	return (insn & 0x3f400000) == 0x08400000 && !(insn & BIT(23));
}

void cpu_after_insn(struct vcpu *c)
{
	if ((c->ctx & CTX_STEP) && c->ss)
		c->ss = 0;
	else
		c->stepped = 0;
}

/* -- breakpoints -- */

static bool is_context_aware(const struct vcpu *c, unsigned n) { return n + c->model->ctx_brps >= c->model->brps; }

/* The context breakpoint that an address comparison is linked to. */
static bool linked_context(const struct vcpu *c, unsigned n)
{
	uint64_t bcr = n < c->model->brps ? c->sys.dbgbcr[n] : 0;

	return bit(bcr, 0) && is_context_aware(c, n) && bits(bcr, 23, 20) == 3 &&
	       (uint32_t)c->sys.contextidr == (uint32_t)c->sys.dbgbvr[n];
}

static bool break_matches(const struct vcpu *c, unsigned n)
{
	uint64_t bcr = c->sys.dbgbcr[n], bvr = c->sys.dbgbvr[n];

	if (!bit(bcr, 0) || !mode_matches(bcr, c->el))
		return false;
	switch (bits(bcr, 23, 20)) {
	case 0: return c->pc == (sext(bvr, 49) & ~UINT64_C(3));
	case 1: return c->pc == (sext(bvr, 49) & ~UINT64_C(3)) && linked_context(c, (unsigned)bits(bcr, 19, 16));
	case 2: return is_context_aware(c, n) && (uint32_t)c->sys.contextidr == (uint32_t)bvr;
	default: return false;
	}
}

void cpu_before_insn(struct vcpu *c)
{
	uint32_t *gen;

	if (c->ctx & CTX_STEP)
		step_due(c);
	if (c->pc & 3)
		exc_pc_align(c);
	cpu_fetch_page(c, c->pc, &gen); /* an instruction abort comes before what follows */
	if (c->ctx & CTX_STEP)
		c->stepped = at_load_exclusive(c) ? 2 : 1;
	if (c->ctx & CTX_BREAK)
		for (unsigned n = 0; n < c->model->brps; n++)
			if (break_matches(c, n))
				exc_raise(c, EC_BREAKPOINT_LOWER + (c->el != 0), FSC_DEBUG);
	if (c->il)
		exc_raise(c, EC_ILLEGAL, 0);
}

uint32_t debug_ctx(struct vcpu *c)
{
	uint32_t want = 0;

	if (likely(!(c->sys.mdscr & (MDSCR_SS | MDSCR_MDE))))
		return 0;
	if (step_active(c))
		want |= CTX_STEP;
	if ((c->sys.mdscr & MDSCR_MDE) && debug_enabled_at(c, c->el, c->daif & PSTATE_D))
		for (unsigned n = 0; n < c->model->brps; n++)
			if (bit(c->sys.dbgbcr[n], 0) && mode_matches(c->sys.dbgbcr[n], c->el))
				want |= CTX_BREAK;
	return want;
}

/* -- watchpoints -- */

/* First byte and number of bytes that watchpoint n looks at (before BAS); false: it is off. */
static bool watch_range(const struct vcpu *c, unsigned n, uint64_t *first, uint64_t *len)
{
	uint64_t wcr = c->sys.dbgwcr[n], wvr = sext(c->sys.dbgwvr[n], 49);
	unsigned mask = (unsigned)bits(wcr, 28, 24);

	if (!bit(wcr, 0) || !bits(wcr, 4, 3))
		return false;
	*len = mask >= 3 ? BIT(mask) : 8;
	*first = wvr & ~(*len - 1);
	return true;
}

bool debug_page_watched(const struct vcpu *c, uint64_t page)
{
	uint64_t first, len;

	if (!(c->sys.mdscr & MDSCR_MDE) || c->sys.oslock || c->sys.osdlr)
		return false;
	page = mmu_branch_target(c, page);
	for (unsigned n = 0; n < c->model->wrps; n++)
		if (watch_range(c, n, &first, &len) && first < page + TLB_PAGE && page < first + len)
			return true;
	return false;
}

/* Lowest byte of [va, va+size) that watchpoint n selects, by its byte mask; false: none. */
static bool watch_hits(const struct vcpu *c, unsigned n, uint64_t va, uint64_t size, uint64_t *hit)
{
	uint64_t wcr = c->sys.dbgwcr[n], first, len, lo, hi;
	unsigned bas = (unsigned)bits(wcr, 12, 5);

	if (!watch_range(c, n, &first, &len))
		return false;
	lo = MAX(va, first);
	hi = MIN(va + size - 1, first + len - 1);
	if (len == 8 && bit(c->sys.dbgwvr[n], 2))
		bas = bas << 4 & 0xf0;
	for (*hit = lo; lo <= hi && *hit <= hi; ++*hit)
		if (len > 8 || bit(bas, *hit & 7))
			return true;
	return false;
}

void debug_watch(struct vcpu *c, uint64_t va, uint64_t size, bool write, bool el0)
{
	uint64_t hit, plain = mmu_branch_target(c, va);

	if (!(c->sys.mdscr & MDSCR_MDE) || !debug_enabled_at(c, c->el, c->daif & PSTATE_D))
		return;
	for (unsigned n = 0; n < c->model->wrps; n++) {
		uint64_t wcr = c->sys.dbgwcr[n];

		if (!watch_hits(c, n, plain, size, &hit) || !bit(wcr, write ? 4 : 3))
			continue;
		if (!mode_matches(wcr, el0 ? 0 : c->el))
			continue;
		if (bit(wcr, 20) && !linked_context(c, (unsigned)bits(wcr, 19, 16)))
			continue;
		c->sys.far = hit;
		exc_raise(c, EC_WATCHPOINT_LOWER + (c->el != 0), FSC_DEBUG | (write ? ESR_WNR : 0));
	}
}
