/*
 * The slow path of memory accesses: what did not hit the software TLB, and
 * what never may (devices, watched pages, writes to ROM).  See cpu_ops.h for
 * the contract.  Order of checks as in the manual: translation and
 * permission, alignment that Device memory asks for, watchpoints.
 */
#include "a64/cpu_ops.h"
#include "a64/debug.h"
#include "a64/exception.h"
#include "a64/exclusive.h"
#include "a64/probe.h"
#include "a64/tlbset.h"
#include "base/log.h"

uint32_t code_gen_all;
void (*code_stale)(struct vcpu *c, const void *host, size_t len);
void (*code_sync)(struct vcpu *c);
void (*code_distrust)(struct vcpu *c);
void (*cpu_place)(struct vcpu *c, enum cpu_place place);

/* Translates for one kind of access, or raises. */
static void translate(struct vcpu *c, uint64_t va, enum mmu_kind kind, bool el0, struct mem_target *t)
{
	enum vcpu_doing doing = vcpu_doing(c, DOING_TLB);
	mmu_fsc fsc = tlbset_resolve(c, va, kind, el0, t);

	vcpu_doing(c, doing);
	if (unlikely(fsc != MMU_OK))
		exc_data_abort(c, va, fsc, kind == MMU_WRITE, 0);
}

static _Noreturn void external_abort(struct vcpu *c, uint64_t va, uint64_t pa, unsigned acc)
{
	if (log_on(LOG_GUEST_ERROR))
		log_printf("cpu %u: external abort, %s of physical 0x%llx at pc 0x%llx\n", c->index,
			   acc & ACC_WRITE ? "write" : "read", (unsigned long long)pa, (unsigned long long)c->pc);
	exc_data_abort(c, va, FSC_EXTERNAL, (acc & (ACC_READ | ACC_WRITE)) == ACC_WRITE, 0);
}

void *mem_slow(struct vcpu *c, uint64_t va, unsigned size, unsigned acc, struct mem_dev *dev)
{
	bool el0 = c->el == 0 || ((acc & ACC_UNPRIV) && !c->uao);
	bool write = acc & ACC_WRITE, pure_write = write && !(acc & ACC_READ);
	struct mem_target t;

	if (acc & ACC_READ) /* a read-modify-write that may not even read reports a read */
		translate(c, va, MMU_READ, el0, &t);
	if (write)
		translate(c, va, MMU_WRITE, el0, &t);
	if ((acc & (ACC_UNALIGNED | ACC_ZVA)) && mmu_is_device(t.attr))
		exc_data_abort(c, va, FSC_ALIGNMENT, pure_write, 0);
	if (unlikely(acc & ACC_ZVA)) {
		unsigned in = va & (size - 1);

		va -= in;
		t.pa -= in;
		t.host = t.host ? t.host - in : NULL;
	}
	if (unlikely(c->sys.mdscr & MDSCR_MDE)) {
		if (acc & ACC_READ)
			debug_watch(c, va, size, false, el0);
		if (write)
			debug_watch(c, va, size, true, el0);
	}
	if (t.host) {
		if (write)
			excl_slow_store(c, t.r, (t.pa - t.r->start) >> TLB_PAGE_BITS);
		if (write && unlikely(c->probe))
			c->probe->store(c, t.host, size);
		return t.host;
	}
	if ((acc & ACC_ATOMIC) || !t.r) {
		if (!t.r)
			external_abort(c, va, t.pa, acc);
		exc_data_abort(c, va, FSC_UNSUPP_ATOMIC, pure_write, 0);
	}
	*dev = (struct mem_dev){.region = t.r, .pa = mk_gpa(t.pa)};
	return NULL;
}

/* -d dev */
static void log_dev(const struct vcpu *c, const struct mem_region *r, gpa a, unsigned size, bool write, uint64_t val, bool done)
{
	if (log_on(LOG_DEV))
		log_printf("dev: cpu %u %s %s+0x%llx size %u: 0x%llx%s\n", c->index, write ? "write" : "read", r->ops->name,
			   (unsigned long long)(a.v - r->start), size, (unsigned long long)val, done ? "" : " (external abort)");
}

/* A device's register, as part of an access. False: refused. */
static bool dev_read(struct vcpu *c, const struct mem_region *r, gpa a, unsigned size, uint64_t *val)
{
	bool ok;

	if (unlikely(c->probe))
		return c->probe->mmio(c, r, a, size, false, val);
	ok = physmap_mmio_read(r, a, size, c->index, val);
	log_dev(c, r, a, size, false, ok ? *val : 0, ok);
	return ok;
}
static bool dev_write(struct vcpu *c, const struct mem_region *r, gpa a, unsigned size, uint64_t val)
{
	bool ok;

	if (unlikely(c->probe))
		return c->probe->mmio(c, r, a, size, true, &val);
	ok = physmap_mmio_write(r, a, size, c->index, val);
	log_dev(c, r, a, size, true, val, ok);
	return ok;
}

/* An access that is not aligned to its size goes byte by byte (Normal memory over a device). */
static bool mmio_bytes(const struct mem_dev *dev, unsigned size) { return dev->pa.v & (size - 1); }

uint64_t mmio_load(struct vcpu *c, const struct mem_dev *dev, uint64_t va, unsigned size, unsigned acc)
{
	unsigned piece = mmio_bytes(dev, size) ? 1 : size;
	enum vcpu_doing doing = vcpu_doing(c, DOING_MMIO);
	uint64_t val = 0, part = 0;

	c->st.mmio++;
	for (unsigned k = 0; k < size; k += piece) {
		if (!dev->region->ops ||
		    !dev_read(c, dev->region, mk_gpa(dev->pa.v + k), piece, &part))
			external_abort(c, va, dev->pa.v, acc);
		val |= (part & mask64(8 * piece)) << (8 * k);
	}
	vcpu_doing(c, doing);
	return val;
}

void mmio_store(struct vcpu *c, const struct mem_dev *dev, uint64_t va, unsigned size, uint64_t val, unsigned acc)
{
	unsigned piece = mmio_bytes(dev, size) ? 1 : size;
	enum vcpu_doing doing;

	c->st.mmio++;
	if (!dev->region->ops) /* ROM ignores writes */
		return;
	doing = vcpu_doing(c, DOING_MMIO);
	for (unsigned k = 0; k < size; k += piece)
		if (!dev_write(c, dev->region, mk_gpa(dev->pa.v + k), piece, val >> (8 * k) & mask64(8 * piece)))
			external_abort(c, va, dev->pa.v, acc);
	vcpu_doing(c, doing);
}

const uint32_t *cpu_fetch_page(struct vcpu *c, uint64_t pc, uint32_t **code_gen)
{
	struct mem_target t;
	enum vcpu_doing doing = vcpu_doing(c, DOING_TLB);
	mmu_fsc fsc = tlbset_resolve(c, pc, MMU_FETCH, c->el == 0, &t);

	vcpu_doing(c, doing);
	if (unlikely(fsc != MMU_OK))
		exc_insn_abort(c, pc, fsc);
	if (unlikely(!t.host))
		exc_insn_abort(c, pc, FSC_EXTERNAL);
	*code_gen = &t.r->code_gen[(t.pa - t.r->start) >> TLB_PAGE_BITS];
	return (const uint32_t *)t.host;
}
