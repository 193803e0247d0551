/*
 * The state of one vCPU.  Owned by its thread; the few fields that others
 * touch are ATOMIC.  Field order matters to translated code only through the
 * offsets that x64 takes with offsetof().
 */
#ifndef PARMA_A64_VCPU_H
#define PARMA_A64_VCPU_H

#include <setjmp.h>
#include <stdio.h>

#include "a64/feat.h"
#include "a64/sysstate.h"
#include "base/atomic.h"
#include "base/stats.h"
#include "base/lock.h"
#include "base/timer.h"
#include "base/types.h"
#include "ir/value.h"
#include "mem/monitor.h"
#include "mem/physmap.h"
#include "mem/tlb.h"

/* Reasons to leave guest code at the next poll; bits of vcpu.request. */
#define REQ_IRQ (1u << 0)   /* an interrupt input changed: look at pending against masks */
#define REQ_TLB (1u << 1)   /* TLB maintenance in the mailbox */
#define REQ_STOP (1u << 2)  /* leave the run loop: pause, power-off, reset, quit */
#define REQ_POLL (1u << 3)  /* pass a quiescent point (RCU, monitor handshakes) */
#define REQ_TIMER (1u << 4) /* re-evaluate the generic timers */
#define REQ_SLEEP (1u << 5) /* by the vCPU itself: WFI or WFE waits, outside translated code (vcpu.sleep_how) */

/*
 * Context bits: what code depends on besides the registers.  Derived from
 * PSTATE and system registers by cpu_ctx_update(); translated code is
 * specialised on them.
 */
#define CTX_EL1 (1u << 0)
#define CTX_FPTRAP (1u << 1)   /* FP and SIMD trap at this EL (CPACR_EL1.FPEN) */
#define CTX_ALIGN (1u << 2)    /* SCTLR_EL1.A: unaligned accesses fault */
#define CTX_SPALIGN (1u << 3)  /* SCTLR_EL1.SA or SA0, of this EL: SP is checked */
#define CTX_NAA (1u << 4)      /* SCTLR_EL1.nAA: unaligned ordered accesses are allowed */
#define CTX_UNPRIV (1u << 5)   /* LDTR and STTR check as EL0 (EL1 without UAO): tlb_unpriv differs from tlb */
#define CTX_IL (1u << 6)       /* PSTATE.IL */
#define CTX_STEP (1u << 7)     /* software step is active at this EL */
#define CTX_BREAK (1u << 8)    /* breakpoints are enabled */
#define CTX_TBI0 (1u << 9)     /* TCR_EL1.TBI0: branch targets with bit 55 clear lose their top byte */
#define CTX_TBI1 (1u << 10)    /* TCR_EL1.TBI1: the same with bit 55 set */
#define CTX_COUNT (1u << 11)   /* a performance counter counts instructions here: only the interpreter does */
#define CTX_HALF (1u << 12)    /* FPCR.AHP or FZ16: halves are others than the host's */
#define CTX_SP0 (1u << 13)     /* EL1 with SP_EL0 as its stack pointer (PSTATE.SP clear) */
#define CTX_FZ (1u << 14)      /* FPCR.FZ */
#define CTX_FZ_IXC (1u << 15)  /* and FPSR.IXC has been set: the host's Inexact of a flushed result tells nothing new */
#define CTX_SLOW (CTX_IL | CTX_STEP | CTX_BREAK)

/* With FPCR.FZ, until FPSR.IXC is set: floating point is left to C. */
static inline bool ctx_fp_settles(uint32_t ctx) { return (ctx & (CTX_FZ | CTX_FZ_IXC)) == CTX_FZ; }

struct machine_ops;
struct gic_cpu_ops;
struct tlbset;
struct decoded;
struct jit_cpu;
struct vcpu_probe;
struct cpu_model;

/* TLB maintenance for a vCPU by others (a64/tlbi.h). */
struct tlbi_op {
	uint64_t va, npages; /* of a range */
	uint16_t asid;
	uint8_t kind;        /* enum tlbi_kind */
};
#define TLBI_QUEUE 16
struct tlb_mailbox {
	struct lock lock;               /* rank RANK_VCPU */
	struct tlbi_op op[TLBI_QUEUE];  /* GUARDED_BY(lock) */
	unsigned n;                     /* ATOMIC(st_rlx with lock; ld_sc in post()); more than TLBI_QUEUE: everything */
	uint64_t posted;                /* GUARDED_BY(lock), ATOMIC(ld_sc in tlbi_dsb, tlbi_enter) */
	uint64_t served;                /* ATOMIC(st_rel by the owner, ld_acq in tlbi_dsb) */
	uint32_t running;               /* ATOMIC(at_xchg by the owner: guest code may run; ld_sc in tlbi_dsb) */
	bool unsynced;                  /* OWNER(vcpu): broadcast maintenance since its last DSB */
};

/* What a vCPU's thread is busy with, for statistical samples (sched/account.c). */
enum vcpu_doing {
	DOING_PARKED,    /* off or paused */
	DOING_GUEST,
	DOING_TRANSLATE,
	DOING_TLB,       /* TLB refill */
	DOING_MMIO,
	DOING_WAIT,      /* a wait that is timed exactly */
};

/* Interrupt outputs of a vCPU, for vcpu.timer_irq. */
enum { VCPU_IRQ_PHYS_TIMER, VCPU_IRQ_VIRT_TIMER, VCPU_IRQ_PMU };

struct vcpu {
	/* -- hot: registers and what inline code reads -- */
	uint64_t x[32];          /* OWNER(vcpu) x[31] stays 0 */
	uint64_t sp;             /* OWNER(vcpu) the current stack pointer */
	uint64_t pc;             /* OWNER(vcpu) */
	uint64_t npc;            /* OWNER(vcpu) where a terminator goes (interpreter) */
	uint32_t nzcv;           /* OWNER(vcpu) bits 31..28 */
	uint32_t request;        /* ATOMIC(at_or by anyone, at_and/ld_acq at the vCPU's polls): REQ_ bits */
	uint32_t ctx;            /* OWNER(vcpu) CTX_ bits */
	struct tlb *tlb;         /* OWNER(vcpu) table of the current translation context */
	struct tlb *tlb_unpriv;  /* OWNER(vcpu) table for LDTR and STTR: EL0's, or tlb itself at EL0 or with UAO */
	struct fpenv fp;         /* OWNER(vcpu) FPCR, FPSR */
	uint32_t release_watch;  /* OWNER(vcpu) translated code leaves after its next store-release (sched/crowd.c) */
	uint8_t fence_owed;      /* OWNER(vcpu) an STLR since the last full fence (memory-model.md) */
	u128 v[32];              /* OWNER(vcpu) */

	/* -- PSTATE apart from NZCV -- */
	uint8_t el;              /* 0 or 1 */
	uint8_t spsel;
	uint8_t daif;            /* D A I F in bits 3..0 */
	uint8_t pan, uao, ssbs, dit, tco;
	uint8_t il, ss;          /* illegal state, software step */
	uint8_t stepped;         /* OWNER(vcpu) an instruction was stepped: 1, or 2 if a load-exclusive */
	bool pmu_filtered;       /* OWNER(vcpu) a counter counts at one EL only: pmu_sync() around changes of EL */
	uint8_t pmu_insns;       /* OWNER(vcpu) bit EL: a counter counts instructions there */
	uint64_t sp_el[2];       /* banked SPs of EL0 and EL1; stale for the one in `sp` */

	struct monitor mon;      /* OWNER(vcpu) */
	struct sysstate sys;     /* OWNER(vcpu) unless a field says otherwise */
	struct pmu pmu;          /* OWNER(vcpu) */
	struct gtimers gt;       /* OWNER(vcpu) */
	struct tlbset *tlbs;     /* OWNER(vcpu) all translation contexts */
	struct tlb_mailbox mbox;
	struct decoded *decoded; /* OWNER(vcpu) decoded blocks of the interpreter */
	struct jit_cpu *jit;     /* OWNER(vcpu) the translator's state */

	/* -- wiring, CONST_AFTER_INIT -- */
	unsigned index;          /* 0.. */
	uint64_t mpidr;
	const struct cpu_model *model;
	uint64_t feats[2];       /* bit set of enum feat */
	const struct physmap *pm;
	const struct machine_ops *mops;
	void *machine;           /* what mops works on */
	void *board;             /* what semihost works on */
	const struct gic_cpu_ops *gic; /* NULL: no system-register interface (GICv2) */
	void *gic_cpu;
	struct vcpu **all;       /* every vCPU of the machine */
	unsigned nvcpus;
	bool watch_releases;     /* release_watch is used: before code is translated */
	void (*timer_irq)(void *arg, int which, bool level); /* NULL: not wired; VCPU_IRQ_ */
	void *timer_irq_arg;
	uint64_t (*semihost)(struct vcpu *c, uint64_t op, uint64_t arg); /* NULL: HLT #0xf000 is UNDEFINED */
	bool semihost_el0;       /* EL0 may call it, too */
	uint8_t icount_cycles;          /* -icount: an instruction takes 1 << (icount_cycles - 1) cycles; 0: a cycle is a nanosecond */
	const struct vcpu_probe *probe; /* a64/probe.h; NULL: nobody looks */
	void *probe_arg;

	/* -- asynchronous inputs -- */
	uint32_t irq_lines;      /* ATOMIC(at_or/at_and by the GIC, ld_acq at polls): LINE_ bits */

	/* -- sleeping (sched) -- */
	uint32_t sleep_how;      /* OWNER(vcpu) SLEEP_ of REQ_SLEEP */
	uint32_t sleep_futex;    /* ATOMIC(at_xchg by the sleeper and by kick): SLEEP_ */
	/* -- the event register of WFE (a64/wait.h) -- */
	uint32_t event;          /* OWNER(vcpu) set by itself: SEVL, exception return */
	uint64_t sevs;           /* ATOMIC(at_add by the owner, ld_sc by whoever waits): its SEVs so far */
	uint64_t sevs_seen;      /* OWNER(vcpu) those of all vCPUs when the register was last cleared */
	uint32_t wfe_vain;       /* OWNER(vcpu) WFEs in a row that saw no change of the word at wfe_vain_at (a64/wait.c) */
	uint64_t wfe_vain_at;    /* OWNER(vcpu) */
	uint32_t spins;          /* OWNER(vcpu) hints of the spin that it seems to be in (sched/spin.c) */
	uint8_t doing;           /* OWNER(vcpu) enum vcpu_doing; samplers read it racily */
	uint64_t spin_tsc;       /* OWNER(vcpu), racy reads by others: host time stamp of the last of them */
	uint64_t spin_begin_tsc; /* OWNER(vcpu) and of the first */

	sigjmp_buf unwind;       /* OWNER(vcpu) where a faulting access of the interpreter returns to */
	struct stats st;         /* OWNER(vcpu) */
	uint64_t icount;         /* OWNER(vcpu) instructions retired (PMU, statistics) */
	uint64_t run_end;        /* OWNER(vcpu) interp_run_for(): icount at which it returns; interp_run_to(): what is left */
	uint64_t counted_to;     /* OWNER(vcpu) interpreter: icount holds what was retired before this address */
};

/* Says what c does from now on; returns what it did before. An exception taken sets it back to DOING_GUEST. */
static inline enum vcpu_doing vcpu_doing(struct vcpu *c, enum vcpu_doing what)
{
	enum vcpu_doing old = (enum vcpu_doing)c->doing;

	st_rlx(&c->doing, (uint8_t)what);
	return old;
}

#define LINE_IRQ (1u << 0)
#define LINE_FIQ (1u << 1)

#define SLEEP_NONE 0u
#define SLEEP_WFI 1u
#define SLEEP_WFE 2u
#define SLEEP_TURN 3u /* out of a crowd for a while (machine_ops.rest) */
#define SLEEP_NAP 5u  /* sleep_how only: a short WFE, which does not end the spin that it is part of */
#define SLEEP_POLL 4u /* looks for a reason to wake by itself, before WFI or WFE */

static inline bool vcpu_has(const struct vcpu *c, enum feat f)
{
	return c->feats[f >> 6] >> (f & 63) & 1;
}

/*
 * Upcalls of a vCPU to the machine (implemented in sched/ and src/machine).
 * Called on the vCPU's own thread with no lock held.
 */
struct machine_ops {
	/* Wakes c's thread if it sleeps and makes it look at c->request soon. Any thread. */
	void (*kick)(struct vcpu *c);
	/* Blocks this vCPU's thread until an interrupt line is high, a request arrives, the event register is set
	   (`wfe` only) or the deadline has come (clock_ns scale, TIMER_NEVER: none). May return early. */
	void (*sleep)(struct vcpu *c, uint64_t deadline_ns, bool wfe);
	/* PSCI power control; results are PSCI return codes. */
	int64_t (*cpu_on)(struct vcpu *caller, uint64_t mpidr, uint64_t entry, uint64_t context);
	int64_t (*affinity_info)(struct vcpu *caller, uint64_t mpidr, uint64_t level);
	void (*cpu_off)(struct vcpu *c);         /* takes effect when the run loop is reached */
	void (*system_off)(struct vcpu *c, int exit_code);
	void (*system_reset)(struct vcpu *c);
	/*
	 * The vCPU spins (YIELD, WFE on a marked location, a DSB that waits): may give the host CPU away, and serve
	 * TLB maintenance. counted: the caller counts the time itself. NULL: nobody else needs the host CPU.
	 */
	void (*relax)(struct vcpu *c, bool counted);
	/* c's code has left after a store-release, with release_watch set: may ask to rest. */
	void (*released)(struct vcpu *c);
	/* Blocks as `sleep` does, until the vCPU's turn comes. */
	void (*rest)(struct vcpu *c);
};

/* System-register interface of a GICv3 (implemented in src/dev). enc as SYSREG(); false: UNDEFINED. */
struct gic_cpu_ops {
	bool (*read)(void *gic_cpu, uint32_t enc, uint64_t *val);
	bool (*write)(void *gic_cpu, uint32_t enc, uint64_t val);
};

/* Raises or lowers an input line of c; safe from any thread; kicks c when it rises. */
void vcpu_set_line(struct vcpu *c, uint32_t line, bool level);

/* What a new vCPU is wired to. The arrays and objects outlive it. */
struct vcpu_config {
	unsigned index;
	uint64_t mpidr;                /* affinity fields only */
	const struct cpu_model *model; /* a64/cpumodel.h */
	const struct physmap *pm;
	const struct machine_ops *mops;
	void *machine;
	void *board;                   /* for semihost */
	struct vcpu **all;             /* filled by the caller, this vCPU's slot too, before any vCPU runs */
	unsigned nvcpus;
	void (*timer_irq)(void *arg, int which, bool level);
	void *timer_irq_arg;
	uint64_t (*semihost)(struct vcpu *c, uint64_t op, uint64_t arg);
	bool semihost_el0;
	uint8_t icount_cycles;                /* as in struct vcpu */
};

/* A vCPU in reset state with pc 0. The caller may set gic, gic_cpu and the like before it runs. NULL: no memory. */
struct vcpu *vcpu_new(const struct vcpu_config *cfg);
void vcpu_free(struct vcpu *c);

/* Architectural reset (warm): EL1h, MMU off, everything masked, x0 = arg, pc = entry. Owner's thread, or not running. */
void vcpu_reset(struct vcpu *c, uint64_t entry, uint64_t arg);

/*
 * Serves what c->request asks for: TLB maintenance, timers, interrupts (may
 * take one: pc changes). Returns true if the run loop must be left (REQ_STOP,
 * which stays set). Owner's thread, between instructions.
 */
bool vcpu_poll(struct vcpu *c);

/*
 * The vCPU is to wait (WFI, WFE, CPU_SUSPEND): vcpu_poll() does it. The
 * engine is not on the stack then, so its code may go while the vCPU sleeps.
 */
void vcpu_ask_sleep(struct vcpu *c, uint32_t how);

/* True if WFI would not wait now: an interrupt is pending, masked or not, or a request other than maintenance is. */
bool vcpu_has_work(const struct vcpu *c);

/* All registers in readable form, for -d cpu and BUG(). */
void vcpu_dump(const struct vcpu *c, FILE *out);
/* -d exec and -d cpu, before the code at c->pc runs. Call if log_on(LOG_EXEC | LOG_CPU). */
void vcpu_log_exec(const struct vcpu *c);

#endif
