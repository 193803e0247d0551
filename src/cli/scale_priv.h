/*
 * parma scale, what cmd_scale.c and scale_guest.c share: the options and what
 * is put into the guest.
 */
#ifndef PARMA_CLI_SCALE_PRIV_H
#define PARMA_CLI_SCALE_PRIV_H

#include "cli/scale.h"

struct scale_ctx {
	unsigned points[SCALE_POINTS], npoints, repeat, timeout_s;
	uint64_t ms;
	unsigned work;  /* amount of the workloads on Linux */
	unsigned model;
	const char *workloads, *csv, *json, *svg, *png;
	bool with_qemu, hotplug, explain;
	char *boot_args[200];
	unsigned nboot;
	char **command; /* NULL: built-in workloads */
	bool have_kernel, have_initrd;
	char kernel[256], initrd[256], script[16384];
	char dir[100];
	char bare[900]; /* command line of the built-in guest; "": not asked for */
	const char *linux_work[16];
	unsigned nlinux;
};

/* The built-in workloads, for people. */
void scale_list_workloads(FILE *f);
/* x->workloads to what is run, and what must not go together. 0, or -1 with e filled. */
int scale_choose(struct scale_ctx *x, struct err *e);
/* Lock workload `name` by n threads of this host for `ms`. False: there is none such, or threads cannot be started. */
bool scale_native(const char *name, unsigned n, uint64_t ms, struct sample *s);
/* Kernel and initial RAM disk in x->dir. 0, or -1 with e filled. */
int scale_prepare(struct scale_ctx *x, struct err *e);

#endif
