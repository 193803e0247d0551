/* What the files of the lockstep engine share (lockstep.h). All OWNER(vCPU thread) but where said. */
#ifndef PARMA_XLATE_LOCKSTEP_PRIV_H
#define PARMA_XLATE_LOCKSTEP_PRIV_H

#include <pthread.h>

#include "a64/probe.h"
#include "tcache/tcache.h"
#include "xlate/lockstep.h"
#include "xlate/tape.h"

/* A part of the state that both must agree on. */
struct state_row {
	const char *name;
	uint16_t off, size, count; /* in struct vcpu; size of one of `count` */
};
extern const struct state_row state_rows[];
extern const unsigned state_nrows;

/* A store of the follower: what was there. */
struct store_rec {
	uint8_t *host;
	uint32_t len;
	uint32_t old; /* offset in store_log.old */
	uint64_t insn; /* icount when it was made: below the present one if the instruction was completed */
};
struct store_log {
	struct store_rec *rec;
	unsigned n, room;
	uint8_t *old;
	unsigned nold, old_room;
};

#define TAPE_ENOUGH (TAPE_MAX / 4) /* entries after which a loop is asked to leave */
#define STX_TRIES 4 /* store-exclusives of a unit whose outcome may be chosen */

struct lockstep {
	struct lockstep_config cfg;  /* CONST_AFTER_INIT */
	struct vcpu *lead, *ref;     /* CONST_AFTER_INIT */
	struct vcpu *ref_all[1];
	struct physmap *ref_pm;      /* CONST_AFTER_INIT: the follower's memory */
	struct tape tape;
	struct store_log stores;
	char start[4096];            /* state of both when the unit began, as state_save() packs it */
	struct monitor start_mon;
	uint64_t start_pc, start_icount;
	unsigned stx_seen, stx_fail; /* by the follower in this unit; bit n: the nth is to fail */
	uint64_t cycles;             /* of the host, that the leader took */
	uint64_t units, follower_insns, excused;
	bool fresh, failed;

	/* pages that the leader may have written without telling */
	const struct mem_region *ram; /* CONST_AFTER_INIT: the leader's, the largest region */
	uint64_t *touched_map;
	uint32_t *touched;
	uint32_t ntouched;
	unsigned since_check;

	/* loops that spin until time goes on */
	pthread_t watch;
	uint64_t step;               /* ATOMIC(st_rel by the vCPU, ld_acq by watch_main): odd while the leader runs */
	uint32_t poked, stop;        /* ATOMIC(at_xchg by watch_main; by lockstep_free) */

	/* what the leader was wired to */
	const struct gic_cpu_ops *gic;
	void *gic_cpu;
	const struct machine_ops *mops;
	uint64_t (*semihost)(struct vcpu *c, uint64_t op, uint64_t arg);
	struct machine_ops lead_ops;
};

static inline struct lockstep *ls_of(const struct vcpu *c) { return c->probe_arg; }

/* lockstep_outside.c: probes and wrappers. */
void ls_wire(struct lockstep *ls);
/* Gives the lead back what ls_wire() took. */
void ls_unwire(struct lockstep *ls);

/* lockstep.c */
bool state_same(const struct vcpu *a, const struct vcpu *b);
/* The same address in the other RAM; NULL: not RAM. */
uint8_t *ls_ref_host(const struct lockstep *ls, const void *lead_host);
const uint8_t *ls_lead_host(const struct lockstep *ls, const void *ref_host);
/* Instructions that the follower is given. */
uint64_t ls_most(const struct lockstep *ls);
/* The follower as it was when the unit began, its memory too. */
void ls_rollback(struct lockstep *ls);
/* The follower up to pc and `most` instructions, for the report: true if it comes there. */
bool ls_follow_pc(struct lockstep *ls, uint64_t most);

/* lockstep_report.c */
void ls_report(struct lockstep *ls, const struct tblock *unit);
/* A page whose contents differ though the stores that the follower made are the same. */
void ls_report_page(struct lockstep *ls, const uint8_t *lead, const uint8_t *ref);

#endif
