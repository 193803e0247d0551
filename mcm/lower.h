/*
 * What a mapping makes of Arm operations, as x86-TSO events: the lowering that
 * the checker takes programs through.  The translator's lowering follows the
 * same rows (mcm/mapping.h).
 *
 * A full fence is an MFENCE event; what stands for it in host code (a locked
 * operation on the stack) orders the same.  The owed fence is state of the
 * thread that runs (struct mcm_host).
 */
#ifndef PARMA_MCM_LOWER_H
#define PARMA_MCM_LOWER_H

#include "mcm/explore.h"
#include "mcm/mapping.h"

struct mcm_host {
	struct mcm_run *r;
	const struct mcm_mapping *map;
	bool owed;
	unsigned insn; /* host instructions so far */
};

/*
 * Each takes the Arm event's place and value from ev (dependencies do not
 * matter under TSO) and returns a read's event number; < 0: the run must stop.
 */
int mcm_host_load(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev);
int mcm_host_store(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev);
int mcm_host_barrier(struct mcm_host *h, enum mcm_class c);
/* The two halves of a locked read-modify-write; the second may be left out (mcm_host_rmw_skip). */
int mcm_host_rmw_read(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev);
int mcm_host_rmw_write(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev, int read);
int mcm_host_rmw_skip(struct mcm_host *h, enum mcm_class c);
/* Store-exclusive: the class for a pair with or without other accesses inside. */
static inline enum mcm_class mcm_stx_class(bool pure, bool release)
{
	return pure ? (release ? MCM_STX_PURE_REL : MCM_STX_PURE) : release ? MCM_STX_IMPURE_REL : MCM_STX_IMPURE;
}
/*
 * By comparison: *read is the number of the locked read. The caller chooses: success, where it requires that value and
 * the load-exclusive's to be the same and goes on with mcm_host_rmw_write(); or failure, _skip(), with both values left
 * open (that includes failing on equal values: more than the host does, and Arm allows it). By monitor: *read is -1 and
 * the caller stores with mcm_host_stx_monitor().
 */
int mcm_host_stx_begin(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev, int *read);
int mcm_host_stx_monitor(struct mcm_host *h, enum mcm_class c, const struct mcm_event *ev, unsigned ldx);

#endif
