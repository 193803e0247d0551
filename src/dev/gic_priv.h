/*
 * What the files of the interrupt controller share.
 *
 * One core serves GICv2 and GICv3: 32 interrupts at a time are a struct
 * gic_irqs (bitmaps of their state).  Each vCPU has one for its SGIs and PPIs;
 * the SPIs are in banks of 32.  The front ends (gicv2_*.c, gicv3_*.c) only
 * translate registers to calls of the core.
 *
 * Locks.  There is none for the whole controller.
 *   - gic_cpu.lock (RANK_GIC_CPU) guards a vCPU's private interrupts, its CPU
 *     interface and its view of the SPIs.  Acknowledging and ending an SGI or
 *     PPI takes only that one; sending an SGI takes only the target's.
 *   - gic_bank.lock (RANK_GIC) guards the 32 SPIs of a bank.  Holding it, one
 *     gic_cpu.lock at a time may be taken.
 * An SPI that is pending, enabled and not active is *shown* to the vCPUs that
 * it is routed to: each has a copy of its priority and group in its view, so
 * that choosing the highest priority pending interrupt needs gic_cpu.lock only.
 * Whoever changes anything of an SPI hides it first and shows it again.
 * gic.ctlr and gic.eligible are atomic: who changes them re-evaluates every
 * bank and vCPU afterwards, each under its lock, so no change is lost.
 * vcpu_set_line() is called with gic_cpu.lock held, which keeps the order of
 * edges; it may take RANK_VCPU locks.
 *
 * Architecture: IHI 0069 (GICv3), IHI 0048B (GICv2).
 */
#ifndef PARMA_DEV_GIC_PRIV_H
#define PARMA_DEV_GIC_PRIV_H

#include "base/atomic.h"
#include "base/bits.h"
#include "base/lock.h"
#include "base/log.h"
#include "dev/gic.h"

#define GIC_NONE 1023u       /* spurious */
#define GIC_OTHER_GROUP 1022u /* GICv2: what waits is of group 1 */
#define GIC_NBANKS (1 + GIC_MAX_SPIS / 32)
#define GIC_NO_CPU UINT16_MAX
#define GIC_IDLE_PRIO 0x100u /* no active interrupt: any priority preempts */

/* Distributor enables, bits of gic.ctlr in both versions. */
#define GICD_CTLR_GRP0 (1u << 0)
#define GICD_CTLR_GRP1 (1u << 1)

/* State of 32 interrupts, a bit each. GUARDED_BY(the lock of the bank or vCPU that it is in) */
struct gic_irqs {
	uint32_t enabled;
	uint32_t latch;  /* pending by an edge, a register write or an SGI */
	uint32_t level;  /* input wires */
	uint32_t active;
	uint32_t edge;   /* edge-triggered, else level-sensitive */
	uint32_t group;  /* group 1, else group 0 */
	uint8_t prio[32];
};

/* A set of vCPUs: first + k for each bit k of mask. */
struct gic_dest {
	uint16_t first;
	uint8_t mask;
};

struct gic_bank {
	struct lock lock;          /* RANK_GIC */
	struct gic *g;             /* CONST_AFTER_INIT */
	unsigned index;            /* CONST_AFTER_INIT: holds INTIDs 32 * index .. + 31 */
	struct gic_irqs s;         /* GUARDED_BY(lock) */
	struct gic_dest shown[32]; /* GUARDED_BY(lock): in whose views it is */
	uint8_t targets[32];       /* GUARDED_BY(lock): GICv2 ITARGETSR */
	uint64_t route[32];        /* GUARDED_BY(lock): GICv3 IROUTER */
	uint16_t route_cpu[32];    /* GUARDED_BY(lock): vCPU of route, or GIC_NO_CPU */
	uint32_t any;              /* GUARDED_BY(lock): GICv3 IROUTER.IRM */
	uint16_t turn;             /* GUARDED_BY(lock): vCPU to try first for the next 1-of-N interrupt */
};

/* SPIs shown to a vCPU. */
struct gic_view {
	uint32_t banks;                  /* bit per bank that has any */
	uint32_t pending[GIC_NBANKS];
	uint32_t group[GIC_NBANKS];      /* valid where pending */
	uint8_t prio[GIC_NBANKS * 32];   /* valid where pending */
};

struct gic_cpu {
	struct lock lock;       /* RANK_GIC_CPU */
	struct gic *g;          /* CONST_AFTER_INIT */
	struct vcpu *vc;        /* CONST_AFTER_INIT */
	unsigned index;         /* CONST_AFTER_INIT */

	/* The rest is GUARDED_BY(lock). */
	struct gic_irqs s;      /* INTIDs 0..31 */
	uint8_t sgi_from[16];   /* GICv2: vCPUs that sent the pending SGI */
	struct gic_view view;
	uint8_t pmr, bpr[2];
	bool grp_en[2];         /* IGRPEN, or the enables of GICC_CTLR */
	bool cbpr;              /* group 1 uses bpr[0] */
	bool split;             /* EOImode 1: EOIR only drops the priority */
	bool ack_ctl, fiq_en;   /* GICv2 */
	uint32_t apr[2][4];     /* active priorities of each group, a bit per level */
	uint32_t lines;         /* LINE_ bits as last told to the vCPU */
	uint32_t waker, rctlr;  /* GICv3: GICR_WAKER and the DPG bits of GICR_CTLR */
} __attribute__((aligned(64)));

struct gicr_window {
	struct gic *g;          /* CONST_AFTER_INIT */
	unsigned first, count;  /* CONST_AFTER_INIT: vCPUs */
};
#define GICR_MAX_REGIONS 4

struct gic {
	unsigned version;       /* CONST_AFTER_INIT: 2 or 3 */
	unsigned pri_bits;      /* CONST_AFTER_INIT: implemented priority bits */
	unsigned ncpus;         /* CONST_AFTER_INIT */
	unsigned nbanks;        /* CONST_AFTER_INIT: with the private one, index 0, which is not used */
	uint32_t ctlr;          /* ATOMIC(at_xchg in gic_set_ctlr, ld_acq wherever readiness is computed) */
	uint64_t eligible[2][GICV3_MAX_CPUS / 64]; /* ATOMIC(at_or/at_and in gic_cpu_eligible, ld_acq in
	                           1-of-N routing): vCPUs that take such interrupts of a group */
	struct gic_cpu *cpu;    /* CONST_AFTER_INIT: array of ncpus */
	struct gic_bank *bank;  /* CONST_AFTER_INIT: array of nbanks */
	struct gicr_window window[GICR_MAX_REGIONS]; /* CONST_AFTER_INIT */
	unsigned nwindows;      /* CONST_AFTER_INIT */
};

/* The highest priority pending interrupt of a vCPU; id GIC_NONE if there is none. */
struct gic_pick {
	unsigned id, prio, group;
};

static inline uint32_t gic_irqs_pending(const struct gic_irqs *s)
{
	return s->latch | (s->level & ~s->edge);
}

/* Bits of interrupts in the groups of the 2-bit mask `groups`. */
static inline uint32_t gic_irqs_in_groups(const struct gic_irqs *s, uint32_t groups)
{
	return (groups & 1 ? ~s->group : 0) | (groups & 2 ? s->group : 0);
}

static inline uint8_t gic_prio_mask(const struct gic *g) { return (uint8_t)(0xff << (8 - g->pri_bits)); }

/* -- gic_irqs.c: 32 interrupts -- */

/* The registers of one bit an interrupt, in the order of their offsets (offset >> 7). */
enum gic_word {
	GIC_WORD_GROUP = 1,
	GIC_WORD_ENABLE_SET,
	GIC_WORD_ENABLE_CLEAR,
	GIC_WORD_PENDING_SET,
	GIC_WORD_PENDING_CLEAR,
	GIC_WORD_ACTIVE_SET,
	GIC_WORD_ACTIVE_CLEAR,
};
void gic_irqs_reset(struct gic_irqs *s);
uint32_t gic_irqs_read(const struct gic_irqs *s, enum gic_word w);
void gic_irqs_write(struct gic_irqs *s, enum gic_word w, uint32_t val);
void gic_irqs_level(struct gic_irqs *s, unsigned bit, bool level);
/* ICFGR: 2 bits an interrupt, 16 interrupts (half 0 or 1). */
uint32_t gic_irqs_config(const struct gic_irqs *s, unsigned half);
void gic_irqs_set_config(struct gic_irqs *s, unsigned half, uint32_t val);

/* -- gic_cpu.c: a vCPU's interface; all take c->lock themselves unless they say otherwise -- */

/* Recomputes the lines. c->lock held. */
void gic_cpu_update(struct gic_cpu *c);
/* Shows or hides SPI `id`. Its bank's lock held. */
void gic_cpu_show(struct gic_cpu *c, unsigned id, uint8_t prio, bool group1);
void gic_cpu_hide(struct gic_cpu *c, unsigned id);
/*
 * Acknowledges what IAR returns for a register that takes the groups of the
 * 2-bit mask: INTID (with GICv2's source vCPU of an SGI from bit 10) or GIC_NONE;
 * GIC_OTHER_GROUP if GICv2 has something in another group.
 */
uint32_t gic_cpu_ack(struct gic_cpu *c, unsigned groups);
/* The part of gic_spi_ack under c->lock: true if id is still what to signal, and is now acknowledged here. */
bool gic_cpu_ack_spi(struct gic_cpu *c, unsigned id);
/* HPPIR, as above but changes nothing and looks at no priority mask. */
uint32_t gic_cpu_pending(struct gic_cpu *c, unsigned groups);
/* EOIR: ignored if the highest active priority is of another group. */
void gic_cpu_eoi(struct gic_cpu *c, unsigned id, unsigned groups);
/* DIR: ignored unless EOImode is 1. */
void gic_cpu_deactivate(struct gic_cpu *c, unsigned id);
/* RPR. */
unsigned gic_cpu_running(struct gic_cpu *c);
/* Minimum of the binary point registers of a group. */
unsigned gic_min_bpr(const struct gic *g, unsigned group);
/* CPU interface to its reset state. */
void gic_cpu_reset_if(struct gic_cpu *c);
void gic_cpu_init(struct gic *g, unsigned k, struct vcpu *vc);
/* Sends SGI n, from vCPU `from`, if it is in one of the groups of the mask. */
void gic_cpu_sgi(struct gic_cpu *c, unsigned n, unsigned from, unsigned groups);
void gic_cpu_level(struct gic_cpu *c, unsigned n, bool level);

/* -- gic_spi.c: shared interrupts; all take locks themselves unless they say otherwise -- */

void gic_spi_level(struct gic *g, unsigned id, bool level);
/* Acknowledgement by c of an SPI that gic_cpu_ack chose; false: things have changed, choose again. */
bool gic_spi_ack(struct gic_cpu *c, unsigned id);
void gic_spi_deactivate(struct gic *g, unsigned id);
/* Re-evaluates SPIs of the bits in mask. b->lock held. */
void gic_bank_refresh(struct gic_bank *b, uint32_t mask);
/* Takes SPIs of the bits in mask out of all views (before a change). b->lock held. */
void gic_bank_hide(struct gic_bank *b, uint32_t mask);
void gic_bank_init(struct gic *g, unsigned index);
void gic_bank_reset(struct gic_bank *b);
/* IROUTER: the bits in mask. */
void gic_spi_set_route(struct gic *g, unsigned id, uint64_t route, uint64_t mask);
/* Publishes whether c takes 1-of-N interrupts of each group; c->lock not held. */
void gic_cpu_eligible(struct gic_cpu *c);

/* -- gic_mmio.c: what distributors and redistributors have in common -- */

/* Registers as 32-bit words: a write changes the bits of mask only (bytes of it, that is). */
struct gic_words {
	uint32_t (*read)(void *dev, uint32_t offset, unsigned cpu);
	void (*write)(void *dev, uint32_t offset, unsigned cpu, uint32_t val, uint32_t mask);
};
bool gic_words_read(const struct gic_words *w, void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val);
bool gic_words_write(const struct gic_words *w, void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val);

/*
 * Offsets 0x80..0x7ff and 0xc00..0xcff, which GICD and the SGI frame of GICR
 * lay out alike.  c: whose private interrupts are meant by INTIDs 0..31 (NULL: they
 * are not here and read as zero).  false: not such an offset, or no such interrupt.
 */
bool gic_common_read(struct gic *g, struct gic_cpu *c, uint32_t offset, uint32_t *val);
bool gic_common_write(struct gic *g, struct gic_cpu *c, uint32_t offset, uint32_t val, uint32_t mask);
/* New distributor enables (GICD_CTLR_ bits). */
void gic_set_ctlr(struct gic *g, uint32_t ctlr);
/* Identification registers of a frame: offset from 0xffd0. */
enum gic_part { GIC_PART_V2_DIST, GIC_PART_V3_DIST, GIC_PART_V3_RDIST };
uint32_t gic_id_reg(uint32_t offset, enum gic_part part);
void gic_guest_error(const char *what, uint64_t offset);

/* -d gic */
#define gic_log(...)                            \
	do {                                    \
		if (log_on(LOG_GIC))            \
			log_printf("gic: " __VA_ARGS__); \
	} while (0)

/* -- front ends -- */
extern const struct gic_cpu_ops gicv3_icc_ops;
extern const struct mmio_ops gicv3_dist_ops, gicv3_rdist_ops, gicv2_dist_ops, gicv2_cpu_ops;

#endif
