/*
 * What the two engines see of the world outside of registers and RAM (lockstep.h).  The leader does it, and the tape
 * keeps what came of it; the follower reads the tape.  One set of functions serves both.
 */
#include <stdlib.h>
#include <string.h>

#include "a64/exclusive.h"
#include "base/bug.h"
#include "mem/tlb.h"
#include "xlate/lockstep_priv.h"

static bool leads(const struct lockstep *ls, const struct vcpu *c) { return c == ls->lead; }

static void put(struct lockstep *ls, const struct tape_entry *e)
{
	tape_put(&ls->tape, e);
	if (ls->tape.n > TAPE_ENOUGH) /* a loop leaves at its next turn */
		at_or(&ls->lead->request, REQ_POLL);
}

/* -- probes -- */

static bool probe_mmio(struct vcpu *c, const struct mem_region *r, gpa a, unsigned size, bool write, uint64_t *val)
{
	struct lockstep *ls = ls_of(c);
	struct tape_entry e = {.key = a.v, .kind = write ? TAPE_STORE : TAPE_LOAD, .size = (uint8_t)size, .val = write ? *val : 0};

	if (leads(ls, c)) {
		e.done = write ? physmap_mmio_write(r, a, size, c->index, *val) : physmap_mmio_read(r, a, size, c->index, val);
		e.val = *val;
		put(ls, &e);
		return e.done;
	}
	tape_get(&ls->tape, &e);
	*val = e.val;
	return e.done;
}

static uint64_t through_tape(struct vcpu *c, enum tape_kind kind, uint64_t key, uint64_t val)
{
	struct lockstep *ls = ls_of(c);
	struct tape_entry e = {.key = key, .kind = (uint8_t)kind, .size = 8, .val = val, .done = true};

	if (leads(ls, c))
		put(ls, &e);
	else
		tape_get(&ls->tape, &e);
	return e.val;
}

static uint64_t probe_value(struct vcpu *c, uint64_t val) { return through_tape(c, TAPE_VALUE, 0, val); }

static void *grown(void *p, unsigned *room, unsigned need, size_t unit)
{
	if (need <= *room)
		return p;
	*room = 2 * need;
	p = realloc(p, *room * unit);
	BUG_ON(!p);
	return p;
}

static void touch(struct lockstep *ls, const void *host)
{
	uint64_t off = (uint64_t)((const uint8_t *)host - ls->ram->host), page = off >> TLB_PAGE_BITS;

	if (off >= ls->ram->size || ls->touched_map[page / 64] >> (page & 63) & 1)
		return;
	ls->touched_map[page / 64] |= BIT(page & 63);
	ls->touched[ls->ntouched++] = (uint32_t)page;
}

static void probe_store(struct vcpu *c, void *host, unsigned size)
{
	struct lockstep *ls = ls_of(c);
	struct store_log *l = &ls->stores;

	touch(ls, leads(ls, c) ? host : ls_lead_host(ls, host));
	if (leads(ls, c))
		return;
	l->rec = grown(l->rec, &l->room, l->n + 1, sizeof(*l->rec));
	l->old = grown(l->old, &l->old_room, l->nold + size, 1);
	l->rec[l->n++] = (struct store_rec){host, size, l->nold, c->icount};
	memcpy(l->old + l->nold, host, size);
	l->nold += size;
}

static bool probe_page(struct vcpu *c, void *host)
{
	struct lockstep *ls = ls_of(c);

	if (!leads(ls, c))
		return false;
	touch(ls, host);
	return true;
}

static bool probe_stx(struct vcpu *c)
{
	struct lockstep *ls = ls_of(c);
	unsigned n;

	if (leads(ls, c))
		return true;
	n = ls->stx_seen++;
	return n >= STX_TRIES || !(ls->stx_fail >> n & 1);
}

static const struct vcpu_probe probe = {probe_mmio, probe_value, probe_store, probe_page, probe_stx};

/* -- the interrupt controller's registers; gic_cpu is the struct lockstep -- */

static bool lead_gic_read(void *arg, uint32_t enc, uint64_t *val)
{
	struct lockstep *ls = arg;
	struct tape_entry e = {.key = enc, .kind = TAPE_SYS_READ, .size = 8, .done = ls->gic->read(ls->gic_cpu, enc, val)};

	e.val = *val;
	put(ls, &e);
	return e.done;
}
static bool lead_gic_write(void *arg, uint32_t enc, uint64_t val)
{
	struct lockstep *ls = arg;
	struct tape_entry e = {.key = enc, .kind = TAPE_SYS_WRITE, .size = 8, .val = val};

	e.done = ls->gic->write(ls->gic_cpu, enc, val);
	put(ls, &e);
	return e.done;
}
static bool ref_gic_read(void *arg, uint32_t enc, uint64_t *val)
{
	struct lockstep *ls = arg;
	struct tape_entry e = {.key = enc, .kind = TAPE_SYS_READ, .size = 8};

	tape_get(&ls->tape, &e);
	*val = e.val;
	return e.done;
}
static bool ref_gic_write(void *arg, uint32_t enc, uint64_t val)
{
	struct lockstep *ls = arg;
	struct tape_entry e = {.key = enc, .kind = TAPE_SYS_WRITE, .size = 8, .val = val};

	tape_get(&ls->tape, &e);
	return e.done;
}
static const struct gic_cpu_ops lead_gic = {lead_gic_read, lead_gic_write}, ref_gic = {ref_gic_read, ref_gic_write};

/* -- firmware and semihosting -- */

static int64_t lead_cpu_on(struct vcpu *c, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	return (int64_t)through_tape(c, TAPE_FIRMWARE, mpidr, (uint64_t)ls_of(c)->mops->cpu_on(c, mpidr, entry, context));
}
static int64_t lead_affinity_info(struct vcpu *c, uint64_t mpidr, uint64_t level)
{
	return (int64_t)through_tape(c, TAPE_FIRMWARE, mpidr, (uint64_t)ls_of(c)->mops->affinity_info(c, mpidr, level));
}
static uint64_t lead_semihost(struct vcpu *c, uint64_t op, uint64_t arg)
{
	return through_tape(c, TAPE_SEMIHOST, op, ls_of(c)->semihost(c, op, arg));
}

static int64_t ref_cpu_on(struct vcpu *c, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	return (int64_t)through_tape(c, TAPE_FIRMWARE, mpidr, 0);
}
static int64_t ref_affinity_info(struct vcpu *c, uint64_t mpidr, uint64_t level)
{
	return (int64_t)through_tape(c, TAPE_FIRMWARE, mpidr, 0);
}
static uint64_t ref_semihost(struct vcpu *c, uint64_t op, uint64_t arg) { return through_tape(c, TAPE_SEMIHOST, op, 0); }

static void ref_kick(struct vcpu *c) {}
static void ref_sleep(struct vcpu *c, uint64_t deadline_ns, bool wfe) {}
static void ref_cpu_off(struct vcpu *c) {}
static void ref_system_off(struct vcpu *c, int exit_code) {}
static void ref_system_reset(struct vcpu *c) {}

static const struct machine_ops ref_ops = {
	.kick = ref_kick,
	.sleep = ref_sleep,
	.cpu_on = ref_cpu_on,
	.affinity_info = ref_affinity_info,
	.cpu_off = ref_cpu_off,
	.system_off = ref_system_off,
	.system_reset = ref_system_reset,
};

void ls_wire(struct lockstep *ls)
{
	struct vcpu *l = ls->lead, *r = ls->ref;

	ls->gic = l->gic;
	ls->gic_cpu = l->gic_cpu;
	ls->mops = l->mops;
	ls->semihost = l->semihost;
	ls->lead_ops = *l->mops;
	ls->lead_ops.cpu_on = lead_cpu_on;
	ls->lead_ops.affinity_info = lead_affinity_info;
	l->mops = &ls->lead_ops;
	r->mops = &ref_ops;
	if (l->gic) {
		l->gic = &lead_gic;
		l->gic_cpu = ls;
		r->gic = &ref_gic;
		r->gic_cpu = ls;
	}
	if (l->semihost) {
		l->semihost = lead_semihost;
		r->semihost = ref_semihost;
	}
	l->probe = r->probe = &probe;
	l->probe_arg = r->probe_arg = ls;
}

void ls_unwire(struct lockstep *ls)
{
	struct vcpu *l = ls->lead;

	l->mops = ls->mops;
	l->semihost = ls->semihost;
	if (ls->gic) {
		l->gic = ls->gic;
		l->gic_cpu = ls->gic_cpu;
	}
}
