/* vCPUs whose "guest code" is a function of the test: it is called until the request word is zero, as an engine is. */
#ifndef PARMA_TESTS_SCHED_CREW_H
#define PARMA_TESTS_SCHED_CREW_H

#include <sched.h>
#include <stdbool.h>

#include "a64/cpumodel.h"
#include "sched/sched.h"

struct crew {
	struct sched *s;
	struct physmap *pm;
	unsigned n;
};

static inline struct crew crew_new(unsigned n, void (*run)(struct vcpu *c))
{
	struct sched_config cfg = {.nvcpus = n, .run = run};
	struct crew w = {sched_new(&cfg), physmap_new(), n};

	for (unsigned k = 0; k < n; k++) {
		struct vcpu_config vc = {.index = k, .mpidr = k, .model = cpu_model_find("max"), .pm = w.pm,
					 .mops = &sched_machine_ops, .machine = w.s, .all = sched_vcpus(w.s), .nvcpus = n};

		sched_vcpus(w.s)[k] = vcpu_new(&vc);
		sched_set_boot(w.s, k, 0, 0);
	}
	return w;
}

static inline bool crew_run(const struct crew *w)
{
	struct err e;
	int code;

	return !sched_run(w->s, &code, &e);
}

static inline void crew_free(struct crew *w)
{
	for (unsigned k = 0; k < w->n; k++)
		vcpu_free(sched_vcpus(w->s)[k]);
	sched_free(w->s);
	physmap_free(w->pm);
}

/* From now on this process has at most n of the processors that it may use; false: it cannot choose. */
static inline bool crew_on(unsigned n)
{
	cpu_set_t all, some;

	if (sched_getaffinity(0, sizeof(all), &all))
		return false;
	CPU_ZERO(&some);
	for (unsigned k = 0; k < CPU_SETSIZE && n; k++)
		if (CPU_ISSET(k, &all)) {
			CPU_SET(k, &some);
			n--;
		}
	return !sched_setaffinity(0, sizeof(some), &some);
}

#endif
