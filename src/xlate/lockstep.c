/*
 * See lockstep.h.  One round:
 *
 *   1. The leader (translated code) runs one unit on the machine's RAM. What it asks of devices, the interrupt
 *      controller, firmware and the like goes to the tape.
 *   2. The follower (interpreter) runs on its own RAM, answered from the tape, until it is where the leader is: same pc,
 *      same registers, the tape read to its end, the same in memory where it stored. Since loops stay in a unit, the
 *      number of instructions is not known before; a state that is equal in everything is right by definition.
 *   3. If it never gets there, the two differ: report, end.
 *
 * The follower's stores are logged, so it can be put back: to try again with a store-exclusive failing, as the leader's
 * may have without a reason that the follower shares, and to stop where the report wants it.
 * Code that was changed without the maintenance that Arm asks for may run as it was or as it is: a difference of that kind is
 * excused, and the follower becomes what the leader is.
 *
 * The leader's stores hit memory inline and leave no log; every cfg.check units the pages that its write tags
 * allowed are compared in full.
 */
#include "xlate/lockstep_priv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "a64/cpu_ops.h"
#include "a64/exception.h"
#include "a64/gtimer.h"
#include "a64/interp.h"
#include "a64/pmu.h"
#include "a64/tlbi.h"
#include "a64/tlbset.h"
#include "a64/wait.h"
#include "base/bug.h"
#include "base/clock.h"
#include "xlate/jit.h"

#define CHECK_UNITS 8192
#define BASE_INSNS 100000u     /* what the follower is given to come to the end of a unit, at least */
#define CYCLE_INSNS 4u         /* and more for each cycle that the leader took, as it may have been in a loop */
#define SPIN_NS 1000000        /* a loop that takes longer waits for time to go on */

/* -- state -- */

#define ROW(name, f) {name, offsetof(struct vcpu, f), sizeof(((struct vcpu *)0)->f), 1}
#define ROWS(name, f, n) {name, offsetof(struct vcpu, f), sizeof(((struct vcpu *)0)->f[0]), n}
#define SYS(f) ROW(#f, sys.f)
const struct state_row state_rows[] = {
	ROW("pc", pc), ROWS("x", x, 31), ROW("sp", sp), ROW("nzcv", nzcv), ROWS("v", v, 32),
	ROW("fpcr", fp.fpcr), ROW("fpsr", fp.fpsr), ROWS("sp_el", sp_el, 2),
	ROW("el", el), ROW("spsel", spsel), ROW("daif", daif), ROW("pan", pan), ROW("uao", uao), ROW("ssbs", ssbs),
	ROW("dit", dit), ROW("tco", tco), ROW("il", il), ROW("ss", ss),
	SYS(sctlr), SYS(actlr), SYS(cpacr), SYS(ttbr0), SYS(ttbr1), SYS(tcr), SYS(mair), SYS(amair), SYS(contextidr),
	SYS(vbar), SYS(elr), SYS(spsr), SYS(esr), SYS(far), SYS(par), SYS(afsr0), SYS(afsr1),
	SYS(tpidr_el0), SYS(tpidrro_el0), SYS(tpidr_el1), SYS(cntkctl), SYS(cntfrq),
	ROWS("cnt_ctl", sys.cnt_ctl, 2), ROWS("cnt_cval", sys.cnt_cval, 2),
	SYS(mdscr), SYS(mdccint), SYS(oslock), SYS(osdlr), SYS(oseccr), SYS(dbgclaim), SYS(dbgdtr),
	ROWS("dbgbvr", sys.dbgbvr, 16), ROWS("dbgbcr", sys.dbgbcr, 16), ROWS("dbgwvr", sys.dbgwvr, 16),
	ROWS("dbgwcr", sys.dbgwcr, 16), SYS(csselr), SYS(rvbar),
};
const unsigned state_nrows = ARRAY_SIZE(state_rows);

/* Registers first: a difference is most often there. */
bool state_same(const struct vcpu *a, const struct vcpu *b)
{
	for (unsigned k = 0; k < state_nrows; k++) {
		const struct state_row *r = &state_rows[k];

		if (memcmp((const char *)a + r->off, (const char *)b + r->off, (size_t)r->size * r->count))
			return false;
	}
	return true;
}

static void state_copy(struct vcpu *to, const struct vcpu *from)
{
	for (unsigned k = 0; k < state_nrows; k++)
		memcpy((char *)to + state_rows[k].off, (const char *)from + state_rows[k].off,
		       (size_t)state_rows[k].size * state_rows[k].count);
}

static void state_save(char *to, const struct vcpu *c)
{
	for (unsigned k = 0; k < state_nrows; k++) {
		size_t n = (size_t)state_rows[k].size * state_rows[k].count;

		memcpy(to, (const char *)c + state_rows[k].off, n);
		to += n;
	}
}

static void state_restore(struct vcpu *c, const char *from)
{
	for (unsigned k = 0; k < state_nrows; k++) {
		size_t n = (size_t)state_rows[k].size * state_rows[k].count;

		memcpy((char *)c + state_rows[k].off, from, n);
		from += n;
	}
	cpu_ctx_update(c);
}

/* -- memory -- */

static uint8_t *other(const struct physmap *from, const struct physmap *to, const void *host)
{
	const struct mem_region *r = physmap_by_host(from, host), *o = r ? physmap_find(to, mk_gpa(r->start)) : NULL;

	return o ? o->host + ((const uint8_t *)host - r->host) : NULL;
}

uint8_t *ls_ref_host(const struct lockstep *ls, const void *lead_host) { return other(ls->cfg.pm, ls->ref_pm, lead_host); }
const uint8_t *ls_lead_host(const struct lockstep *ls, const void *ref_host) { return other(ls->ref_pm, ls->cfg.pm, ref_host); }

/* Of an instruction that took an exception: a pair whose second half faults may have stored the first, or not. */
static bool is_partial(const struct lockstep *ls, const struct store_rec *s) { return s->insn >= ls->ref->icount; }

static bool stores_same(const struct lockstep *ls)
{
	for (unsigned k = 0; k < ls->stores.n; k++) {
		const struct store_rec *s = &ls->stores.rec[k];

		if (!is_partial(ls, s) && memcmp(s->host, ls_lead_host(ls, s->host), s->len))
			return false;
	}
	return true;
}

static void take_partial_stores(struct lockstep *ls)
{
	for (unsigned k = ls->stores.n; k-- && is_partial(ls, &ls->stores.rec[k]);)
		memcpy(ls->stores.rec[k].host, ls_lead_host(ls, ls->stores.rec[k].host), ls->stores.rec[k].len);
}

static void undo_stores(struct lockstep *ls)
{
	struct store_log *l = &ls->stores;

	while (l->n--)
		memcpy(l->rec[l->n].host, l->old + l->rec[l->n].old, l->rec[l->n].len);
	l->n = l->nold = 0;
}

/* A device or the host wrote to the leader's RAM, on this thread. */
static void on_notice(void *arg, gpa a, uint64_t len)
{
	struct lockstep *ls = arg;
	const uint8_t *from = physmap_host(ls->cfg.pm, a, len, false);

	if (from)
		dma_write(ls->ref_pm, a, from, len);
}

/* True: equal. The leader's write tags go, so that it tells of pages again. */
static bool check_pages(struct lockstep *ls)
{
	for (uint32_t k = 0; k < ls->ntouched; k++) {
		uint32_t page = ls->touched[k];
		const uint8_t *p = ls->ram->host + ((uint64_t)page << TLB_PAGE_BITS), *q = ls_ref_host(ls, p);

		ls->touched_map[page / 64] &= ~BIT(page & 63);
		if (memcmp(p, q, TLB_PAGE)) {
			ls_report_page(ls, p, q);
			return false;
		}
	}
	ls->ntouched = 0;
	ls->since_check = 0;
	tlbset_inv_lines(ls->lead);
	return true;
}

/* -- the follower -- */

/* The follower may have run far beyond the leader: what it has cached of memory since is of a future that will not be. */
static void forget_caches(struct lockstep *ls)
{
	tlbset_inv_all(ls->ref);
	at_add(&code_gen_all, 1); /* pairs with ld_acq in find_block() */
}

void ls_rollback(struct lockstep *ls)
{
	undo_stores(ls);
	forget_caches(ls);
	ls->ref->icount = ls->start_icount;
	state_restore(ls->ref, ls->start);
	ls->ref->mon = ls->start_mon;
	ls->stx_seen = 0;
	tape_rewind(&ls->tape);
}

static bool there(void *arg)
{
	const struct lockstep *ls = arg;

	return ls->tape.at == ls->tape.n && !ls->tape.wrong && state_same(ls->lead, ls->ref) && stores_same(ls);
}

static bool at_pc(void *arg)
{
	const struct lockstep *ls = arg;

	return ls->tape.at == ls->tape.n || ls->tape.wrong;
}

bool ls_follow_pc(struct lockstep *ls, uint64_t most) { return interp_run_to(ls->ref, &ls->lead->pc, most, at_pc, ls); }

uint64_t ls_most(const struct lockstep *ls) { return BASE_INSNS + CYCLE_INSNS * ls->cycles; }

static bool follow(struct lockstep *ls)
{
	uint64_t most = ls_most(ls);

	ls->stx_fail = 0;
	if (interp_run_to(ls->ref, &ls->lead->pc, most, there, ls))
		return true;
	for (unsigned n = MIN(ls->stx_seen, STX_TRIES), fail = 1; fail < 1u << n; fail++) {
		ls_rollback(ls);
		ls->stx_fail = fail;
		if (interp_run_to(ls->ref, &ls->lead->pc, most, there, ls))
			return true;
	}
	ls->stx_fail = 0;
	return false;
}

/* -- code that changed -- */

/* Once more, with the code as it is now. */
static bool follow_anew(struct lockstep *ls, const struct tblock *unit)
{
	ls_rollback(ls);
	for (unsigned k = 0; k < unit->nspans; k++) {
		const struct mem_region *r = physmap_by_host(ls->ref_pm, ls_ref_host(ls, unit->spans[k].host));

		at_add(&r->code_gen[(ls_ref_host(ls, unit->spans[k].host) - r->host) >> TLB_PAGE_BITS], 1);
	}
	return follow(ls);
}

/* The unit was made of other words than there are now, in either memory. */
static bool is_stale(const struct lockstep *ls, const struct tblock *unit)
{
	const char *copy = unit->guest_copy;

	for (unsigned k = 0; k < unit->nspans; k++) {
		const struct tspan *s = &unit->spans[k];

		if (memcmp(copy, s->host, s->bytes) || memcmp(copy, ls_ref_host(ls, s->host), s->bytes))
			return true;
		copy += s->bytes;
	}
	return false;
}

static void excuse(struct lockstep *ls)
{
	ls->excused++;
	ls_rollback(ls);
	for (uint32_t k = 0; k < ls->ntouched; k++) {
		const uint8_t *p = ls->ram->host + ((uint64_t)ls->touched[k] << TLB_PAGE_BITS);

		memcpy(ls_ref_host(ls, p), p, TLB_PAGE);
	}
	state_copy(ls->ref, ls->lead);
	tlbset_inv_all(ls->ref);
	cpu_ctx_update(ls->ref);
	ls->ref->mon = (struct monitor){0};
}

/* Inputs that are no part of the state compared. */
static void share_inputs(struct lockstep *ls)
{
	st_rlx(&ls->ref->irq_lines, ld_acq(&ls->lead->irq_lines));
	event_take(ls->ref);
	ls->ref->event = event_pending(ls->lead);
	st_rlx(&ls->ref->request, 0);
}

/* What happened to the leader between two turns (an interrupt taken, a reset) happens to the follower. */
static void catch_up(struct lockstep *ls)
{
	if (ls->fresh) {
		physmap_copy_ram(ls->ref_pm, ls->cfg.pm);
		tlbset_inv_all(ls->ref);
		tlbset_inv_lines(ls->lead);
		memset(&ls->ref->mon, 0, sizeof(ls->ref->mon));
		gtimer_reset(ls->ref);
		pmu_reset(ls->ref);
		ls->fresh = false;
	}
	if (!state_same(ls->lead, ls->ref)) {
		state_copy(ls->ref, ls->lead);
		cpu_ctx_update(ls->ref);
	}
}

/* -- the leader -- */

static void *watch_main(void *arg)
{
	struct lockstep *ls = arg;
	uint64_t last = 0;

	while (!ld_acq(&ls->stop)) {
		uint64_t now = ld_acq(&ls->step);

		if (now == last && now & 1) {
			at_xchg(&ls->poked, 1);
			at_or(&ls->lead->request, REQ_POLL);
		}
		last = now;
		nanosleep(&(struct timespec){.tv_nsec = SPIN_NS}, NULL);
	}
	return NULL;
}

static const struct tblock *lead_step(struct lockstep *ls, bool brief)
{
	const struct tblock *u;

	st_rel(&ls->step, ls->step + 1); /* pairs with watch_main() */
	ls->cycles = __rdtsc();
	u = jit_step(ls->lead, brief);
	ls->cycles = __rdtsc() - ls->cycles;
	st_rel(&ls->step, ls->step + 1);
	at_and(&ls->lead->request, ~REQ_POLL);
	return u;
}

/* One round; false: the two differ. */
static bool round_of(struct lockstep *ls)
{
	bool brief = ls->units++ & 1;
	const struct tblock *unit;
	uint64_t n = ls->ref->icount;

	tape_start(&ls->tape);
	ls->stores.n = ls->stores.nold = 0;
	ls->stx_seen = 0;
	state_save(ls->start, ls->ref);
	ls->start_mon = ls->ref->mon;
	ls->start_icount = n;
	ls->start_pc = ls->lead->pc;
	share_inputs(ls);
	unit = lead_step(ls, brief);
	if (!follow(ls) && !(unit && follow_anew(ls, unit))) {
		if (!unit || !is_stale(ls, unit)) {
			ls_report(ls, unit);
			return false;
		}
		excuse(ls);
	}
	take_partial_stores(ls);
	if (at_xchg(&ls->poked, 0)) /* not before both have seen the same time */
		clock_virtual_set(clock_ns() + SPIN_NS);
	ls->follower_insns += ls->ref->icount - n;
	ls->lead->icount = ls->ref->icount;
	return ++ls->since_check < ls->cfg.check || check_pages(ls);
}

void lockstep_run_for(struct vcpu *lead, uint64_t insns)
{
	struct lockstep *ls = ls_of(lead);
	uint64_t end;

	if (ls->failed)
		return;
	catch_up(ls);
	end = ls->ref->icount + insns;
	tcache_enter(jit_cache_cpu(lead));
	while (!ld_acq(&lead->request) && ls->ref->icount < end) {
		if (!round_of(ls)) {
			ls->failed = true;
			ls->cfg.differ(ls->cfg.arg);
			break;
		}
	}
	tcache_leave(jit_cache_cpu(lead));
}

/* -- its life -- */

static struct vcpu *make_follower(struct lockstep *ls)
{
	const struct vcpu *l = ls->lead;
	const struct vcpu_config vc = {.index = l->index, .mpidr = l->mpidr, .model = l->model, .pm = ls->ref_pm,
				       .mops = l->mops, .machine = ls, .board = l->board, .all = ls->ref_all, .nvcpus = 1};

	ls->ref_all[0] = vcpu_new(&vc);
	return ls->ref_all[0];
}

struct lockstep *lockstep_new(const struct lockstep_config *cfg, struct err *e)
{
	struct lockstep *ls = calloc(1, sizeof(*ls));
	size_t packed = 0, pages;

	BUG_ON(!ls);
	for (unsigned k = 0; k < state_nrows; k++)
		packed += (size_t)state_rows[k].size * state_rows[k].count;
	BUG_ON(packed > sizeof(ls->start));
	ls->cfg = *cfg;
	ls->cfg.check = cfg->check ? cfg->check : CHECK_UNITS;
	ls->lead = cfg->lead;
	ls->fresh = true;
	ls->ref_pm = physmap_shadow(cfg->pm, e);
	if (!ls->ref_pm)
		goto fail;
	ls->ram = physmap_largest(cfg->pm);
	pages = ls->ram->size >> TLB_PAGE_BITS;
	ls->touched_map = calloc(pages / 64 + 1, 8);
	ls->touched = malloc(pages * sizeof(*ls->touched));
	ls->ref = make_follower(ls);
	if (!ls->touched_map || !ls->touched || !ls->ref || interp_init(ls->ref)) {
		err_set(e, EXIT_HOST, "no memory for the second engine");
		goto fail;
	}
	ls_wire(ls);
	physmap_set_notice(cfg->pm, on_notice, ls);
	if (pthread_create(&ls->watch, NULL, watch_main, ls)) {
		err_set(e, EXIT_HOST, "cannot start the thread that watches for loops");
		goto fail;
	}
	return ls;
fail:
	at_xchg(&ls->stop, 1);
	ls->watch = 0;
	lockstep_free(ls);
	return NULL;
}

void lockstep_free(struct lockstep *ls)
{
	if (!ls)
		return;
	if (!at_xchg(&ls->stop, 1))
		pthread_join(ls->watch, NULL);
	physmap_set_notice(ls->cfg.pm, NULL, NULL);
	ls->lead->probe = NULL;
	if (ls->mops)
		ls_unwire(ls);
	if (ls->ref) {
		interp_free(ls->ref);
		vcpu_free(ls->ref);
	}
	physmap_free(ls->ref_pm);
	free(ls->touched_map);
	free(ls->touched);
	free(ls->stores.rec);
	free(ls->stores.old);
	free(ls);
}

void lockstep_reset(struct lockstep *ls) { ls->fresh = true; }
struct lockstep_counts lockstep_counts(const struct lockstep *ls)
{
	return (struct lockstep_counts){ls->units, ls->follower_insns, ls->excused};
}
