/*
 * What one host fence and one failed compare-and-swap cost on this host, for
 * the causes that are counted rather than timed (sched/account.c): a time
 * stamp on either side would cost as much as the thing itself.
 */
#ifndef PARMA_SCHED_COST_H
#define PARMA_SCHED_COST_H

/* Nanoseconds of one, where no other processor wants the line: with others it is dearer. Some 50 microseconds of work. */
struct unit_costs {
	double fence_ns, retry_ns;
};
struct unit_costs cost_measure(void);

#endif
