/*
 * What somebody who watches a vCPU is asked and told (xlate/lockstep.c, which runs a guest twice): everything that
 * comes from outside of its registers and RAM passes here, and so do stores that take the slow path.
 *
 * Paths that translated code takes without a call do not look at vcpu.probe.  All functions are called on the vCPU's own
 * thread, and every one must be there.
 */
#ifndef PARMA_A64_PROBE_H
#define PARMA_A64_PROBE_H

#include "a64/vcpu.h"

struct vcpu_probe {
	/* A device's register, instead of the access itself. False: external abort. */
	bool (*mmio)(struct vcpu *c, const struct mem_region *r, gpa a, unsigned size, bool write, uint64_t *val);
	/* A value that depends on more than the guest's state (pending lines, random numbers, event counts): what it sees. */
	uint64_t (*outside)(struct vcpu *c, uint64_t val);
	/* Before a store to `size` bytes of RAM at host that does not go through the TLB. */
	void (*store)(struct vcpu *c, void *host, unsigned size);
	/* May stores to the page at host go through the TLB? */
	bool (*page)(struct vcpu *c, void *host);
	/* A store-exclusive: may it succeed? */
	bool (*stx)(struct vcpu *c);
};

static inline uint64_t probe_outside(struct vcpu *c, uint64_t val)
{
	return unlikely(c->probe) ? c->probe->outside(c, val) : val;
}

#endif
