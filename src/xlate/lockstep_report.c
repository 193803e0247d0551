/* What to tell when the two engines differ (lockstep.h): into the log, which is stderr or the -D file. */
#include <inttypes.h>
#include <string.h>

#include "a64/mmu.h"
#include "a64/tlbset.h"
#include "base/log.h"
#include "mem/tlb.h"
#include "xlate/jit.h"
#include "xlate/lockstep_priv.h"

static void hex(char *out, const uint8_t *p, unsigned size)
{
	for (unsigned k = size; k--; out += 2)
		snprintf(out, 3, "%02x", p[k]);
}

/* A register in both, and before the unit. */
static void print_reg(const char *name, const uint8_t *before, const uint8_t *ref, const uint8_t *lead, unsigned size)
{
	char b[33], r[33], l[33];

	hex(b, before, size);
	hex(r, ref, size);
	hex(l, lead, size);
	log_printf("  %-12s %-32s  %-32s  %s%s\n", name, b, r, l, memcmp(ref, lead, size) ? "  <--" : "");
}

static void print_regs(const struct lockstep *ls)
{
	const uint8_t *before = (const uint8_t *)ls->start;
	bool any = false;

	log_printf("Registers that the unit changed (<-- they differ):\n  %-12s %-32s  %-32s  %s\n", "", "before", "interpreter",
		   "translator");
	for (unsigned k = 0; k < state_nrows; k++) {
		const struct state_row *w = &state_rows[k];

		for (unsigned n = 0; n < w->count; n++, before += w->size) {
			const uint8_t *r = (const uint8_t *)ls->ref + w->off + n * w->size;
			const uint8_t *l = (const uint8_t *)ls->lead + w->off + n * w->size;
			char name[16];

			if (!memcmp(r, before, w->size) && !memcmp(l, before, w->size))
				continue;
			snprintf(name, sizeof(name), w->count > 1 ? "%s%u" : "%s", w->name, n);
			print_reg(name, before, r, l, w->size);
			any |= memcmp(r, l, w->size) != 0;
		}
	}
	if (!any)
		log_printf("  (all equal)\n");
}

static uint64_t pa_of(const struct lockstep *ls, const uint8_t *ref)
{
	const struct mem_region *r = physmap_by_host(ls->ref_pm, ref);

	return r ? r->start + (uint64_t)(ref - r->host) : 0;
}

static void print_bytes(const struct lockstep *ls, const uint8_t *ref, const uint8_t *lead, unsigned len)
{
	unsigned k = 0, n;
	char r[65], l[65];

	while (k < len && ref[k] == lead[k])
		k++;
	n = len - k < 16 ? len - k : 16;
	hex(r, ref + k, n);
	hex(l, lead + k, n);
	log_printf("  physical %" PRIx64 ", %u bytes (the first to the right): interpreter %s, translator %s\n",
		   pa_of(ls, ref) + k, n, r, l);
}

static void print_memory(const struct lockstep *ls)
{
	unsigned said = 0;

	for (unsigned k = 0; k < ls->stores.n && said < 8; k++) {
		const struct store_rec *s = &ls->stores.rec[k];
		const uint8_t *l = ls_lead_host(ls, s->host);

		if (!memcmp(s->host, l, s->len))
			continue;
		if (!said++)
			log_printf("Memory that the interpreter stored to:\n");
		print_bytes(ls, s->host, l, s->len);
	}
	if (!said)
		log_printf("Memory: equal where the interpreter stored (%u stores)\n", ls->stores.n);
}

static void print_tape(const struct lockstep *ls)
{
	const struct tape *t = &ls->tape;
	char asked[128], got[128] = "nothing more";

	if (t->wrong) {
		tape_describe(&t->bad, asked, sizeof(asked));
		if (t->bad_at < t->n)
			tape_describe(&t->e[t->bad_at], got, sizeof(got));
		log_printf("Outside: the interpreter did: %s; the translator: %s\n", asked, got);
	} else if (t->at < t->n) {
		tape_describe(&t->e[t->at], got, sizeof(got));
		log_printf("Outside: the translator did, and the interpreter did not: %s\n", got);
	}
}

/* Where each finds va: by its TLB, and in the tables. */
static void print_translation(struct vcpu *c, const char *name, uint64_t va)
{
	struct mmu_access a = {.kind = MMU_READ};
	struct mem_target t = {0};
	struct mmu_map m = {0};
	mmu_fsc fsc = mmu_walk(c, va, &a, &m), tlb = tlbset_resolve(c, va, MMU_READ, false, &t);

	log_printf("  %-12s tables: fault status %x, physical %" PRIx64 ", rights %x; TLB: fault status %x, physical %" PRIx64 "\n", name,
		   fsc, m.pa, m.perm, tlb, t.pa);
}

void ls_report(struct lockstep *ls, const struct tblock *unit)
{
	uint64_t pc = ls->start_pc, most = unit ? 4 * (uint64_t)unit->guest_insns + 64 : 64;
	bool came;

	ls_rollback(ls);
	came = ls_follow_pc(ls, ls_most(ls)); /* where the leader is, for the first time; if that is nowhere, not far away */
	if (!came) {
		ls_rollback(ls);
		ls_follow_pc(ls, most);
	}
	log_printf("\nparma: lockstep: the engines differ after unit %" PRIu64 ", which starts at pc %" PRIx64 "\n", ls->units, pc);
	if (!came)
		log_printf("The translator went to pc %" PRIx64 "; the interpreter did not come there within %" PRIu64
			   " instructions: it is shown as it is then.\n", ls->lead->pc, most);
	print_regs(ls);
	print_memory(ls);
	if (ls->lead->sys.far != ls->ref->sys.far) {
		log_printf("Translation of the translator's FAR:\n");
		print_translation(ls->lead, "translator", ls->lead->sys.far);
		print_translation(ls->ref, "interpreter", ls->lead->sys.far);
	}
	print_tape(ls);
	if (unit)
		jit_log_unit(ls->lead, unit);
	else
		log_printf("The instruction at the pc was interpreted by both (no unit).\n");
	log_printf("parma: lockstep: end of report\n");
}

void ls_report_page(struct lockstep *ls, const uint8_t *lead, const uint8_t *ref)
{
	log_printf("\nparma: lockstep: memory differs that the interpreter did not store to, found after unit %" PRIu64
		   ": one of the last %u units did it (-accel lockstep,check=1 looks after each)\n", ls->units, ls->since_check);
	print_bytes(ls, ref, lead, TLB_PAGE);
	log_printf("parma: lockstep: end of report\n");
}
