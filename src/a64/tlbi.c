/* See tlbi.h.  Operand formats: Arm ARM D8.17 and C5.5 (TLBI). */
#include "a64/tlbi.h"

#include <sched.h>

#include "a64/cpu_ops.h"
#include "a64/eval.h"
#include "a64/sysbits.h"
#include "a64/tlbset.h"
#include "base/clock.h"
#include "base/log.h"

void tlbi_init(struct vcpu *c) { lock_init(&c->mbox.lock, RANK_VCPU); }

static void apply(struct vcpu *c, const struct tlbi_op *op)
{
	switch ((enum tlbi_kind)op->kind) {
	case TLBI_ALL: tlbset_inv_all(c); break;
	case TLBI_ASID: tlbset_inv_asid(c, op->asid); break;
	case TLBI_VA: tlbset_inv_range(c, op->va, op->npages, op->asid, false); break;
	case TLBI_LINES: tlbset_inv_lines(c); break;
	case TLBI_VAA: tlbset_inv_range(c, op->va, op->npages, 0, true); break;
	}
}

void tlbi_serve(struct vcpu *c)
{
	struct tlb_mailbox *m = &c->mbox;
	struct tlbi_op op[TLBI_QUEUE];
	uint64_t posted;
	unsigned n;

	at_and(&c->request, ~REQ_TLB);
	lock_take(&m->lock);
	n = ld_rlx(&m->n);
	for (unsigned k = 0; k < MIN(n, TLBI_QUEUE); k++)
		op[k] = m->op[k];
	st_rlx(&m->n, 0);
	posted = m->posted;
	lock_drop(&m->lock);
	if (n > TLBI_QUEUE)
		tlbset_inv_all(c);
	else
		for (unsigned k = 0; k < n; k++)
			apply(c, &op[k]);
	st_rel(&m->served, posted); /* pairs with ld_acq in is_done() */
}

/*
 * A mailbox that is full costs a look: its owner is to drop everything, and will do that after this look (tlbi_serve()
 * writes n first, and dropping the lock is a full fence). So many sleeping vCPUs make a broadcast hardly dearer.
 */
static void post(struct vcpu *to, const struct tlbi_op *op)
{
	struct tlb_mailbox *m = &to->mbox;
	unsigned n = ld_sc(&m->n); /* pairs with st_rlx in tlbi_serve() */

	if (n > TLBI_QUEUE)
		return;
	lock_take(&m->lock);
	n = ld_rlx(&m->n);
	if (n < TLBI_QUEUE)
		m->op[n] = *op;
	st_rlx(&m->n, MIN(n + 1, TLBI_QUEUE + 1u));
	st_sc(&m->posted, m->posted + 1);
	lock_drop(&m->lock);
	at_or(&to->request, REQ_TLB);
}

static void broadcast(struct vcpu *c, const struct tlbi_op *op)
{
	apply(c, op);
	fence_sc(); /* the tables have changed before mailboxes are looked at */
	for (unsigned k = 0; k < c->nvcpus; k++)
		if (c->all[k] && c->all[k] != c) {
			post(c->all[k], op);
			c->mbox.unsynced = true;
		}
}

void tlbi_drop_lines(struct vcpu *c) { broadcast(c, &(struct tlbi_op){.kind = TLBI_LINES}); }

static bool is_done(struct vcpu *c, uint64_t posted)
{
	return ld_acq(&c->mbox.served) >= posted || !ld_sc(&c->mbox.running);
}

static void wait_for(struct vcpu *c, struct vcpu *other)
{
	uint64_t posted = ld_sc(&other->mbox.posted);

	for (unsigned spins = 0; !is_done(other, posted); spins++) {
		if (ld_acq(&c->request) & REQ_TLB)
			tlbi_serve(c);
		if (spins < 100)
			cpu_relax();
		else if (c->mops->relax)
			c->mops->relax(c, true);
		else
			sched_yield();
	}
}

void tlbi_dsb(struct vcpu *c)
{
	enum vcpu_doing doing;
	uint64_t t0;

	if (likely(!c->mbox.unsynced))
		return;
	fence_sc();
	t0 = clock_ns();
	doing = vcpu_doing(c, DOING_WAIT);
	for (unsigned k = 0; k < c->nvcpus; k++)
		if (c->all[k] && c->all[k] != c)
			wait_for(c, c->all[k]);
	c->mbox.unsynced = false;
	vcpu_doing(c, doing);
	c->st.dsb_waits++;
	c->st.dsb_wait_ns += clock_ns() - t0;
}

void tlbi_enter(struct vcpu *c)
{
	cpu_at(c, PLACE_RUNS);
	at_xchg(&c->mbox.running, 1); /* a full fence: see tlbi.h */
	if (ld_sc(&c->mbox.posted) != ld_rlx(&c->mbox.served))
		tlbi_serve(c);
}

void tlbi_leave(struct vcpu *c)
{
	cpu_at(c, PLACE_WAITS);
	at_xchg(&c->mbox.running, 0);
}

/* -- decoding -- */

static uint16_t asid_of(const struct vcpu *c, uint64_t arg)
{
	return (uint16_t)(arg >> 48 & (c->sys.tcr & TCR_AS ? 0xffff : 0xff));
}

/* Log2 of the granule that a range operation names; 0: reserved. */
static unsigned range_granule(uint64_t arg)
{
	static const uint8_t log2[4] = {0, 12, 14, 16};

	return log2[bits(arg, 47, 46)];
}

static void range_operand(const struct vcpu *c, uint64_t arg, struct tlbi_op *op)
{
	unsigned g = range_granule(arg);

	if (!g) {
		op->kind = TLBI_ALL;
		return;
	}
	op->va = sext(arg, 37) << g;
	op->npages = ((bits(arg, 43, 39) + 1) << (5 * bits(arg, 45, 44) + 1)) << (g - TLB_PAGE_BITS);
	op->asid = asid_of(c, arg);
}

static void page_operand(const struct vcpu *c, uint64_t arg, struct tlbi_op *op)
{
	/* Under a larger granule the page is one second-level entry, found by any address in it. */
	op->va = sext(arg, 44) << TLB_PAGE_BITS;
	op->npages = 1;
	op->asid = asid_of(c, arg);
}

bool tlbi_op(struct vcpu *c, uint32_t enc, uint64_t arg)
{
	unsigned crm = enc >> 3 & 15, op2 = enc & 7;
	bool range = crm == 2 || crm == 5 || crm == 6, local = crm == 7 || crm == 6, outer = crm == 1 || crm == 5;
	struct tlbi_op op = {.kind = TLBI_ALL};

	if ((crm != 1 && crm != 2 && crm != 3 && crm != 5 && crm != 6 && crm != 7) || op2 == 4 || op2 == 6)
		return false;
	if ((range && !vcpu_has(c, FEAT_TLBIRANGE)) || (outer && !vcpu_has(c, FEAT_TLBIOS)))
		return false;
	if (range && !(op2 & 1))
		return false;
	switch (op2) {
	case 0: break;
	case 1: case 5: op.kind = TLBI_VA; break; /* last level only is a hint here */
	case 2: op.kind = TLBI_ASID; op.asid = asid_of(c, arg); break;
	default: op.kind = TLBI_VAA; break;
	}
	if (range)
		range_operand(c, arg, &op);
	else if (op2 & 1)
		page_operand(c, arg, &op);
	if (log_on(LOG_MMU))
		log_printf("tlbi: cpu %u kind %u%s va 0x%llx pages %llu asid 0x%x\n", c->index, op.kind,
			   local ? "" : " broadcast", (unsigned long long)op.va, (unsigned long long)op.npages, op.asid);
	if (local)
		apply(c, &op);
	else
		broadcast(c, &op);
	return true;
}
