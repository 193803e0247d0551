/*
 * What a machine is made of, as the command line says it.  Filled by
 * src/cli/boot_opts.c, read by src/machine.  Texts live as long as argv and
 * the struct opts that they come from.
 */
#ifndef PARMA_MACHINE_CONFIG_H
#define PARMA_MACHINE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opts.h"
#include "sched/place.h"

enum accel { ACCEL_INTERP, ACCEL_JIT, ACCEL_LOCKSTEP, ACCEL_BEST };

/* Options that may be given several times, in order. */
struct opt_list {
	struct opts **v;
	unsigned n;
};

enum sandbox_mode {
	SANDBOX_DEFAULT, /* where the host has it */
	SANDBOX_ON,      /* or the machine does not start */
	SANDBOX_OFF,
};

enum { MACHINE_MAX_QMPS = 8 };

struct machine_config {
	const char *name;
	struct opts *machine_props; /* keeps the texts of -M alive; may be NULL */
	unsigned ncpus;
	uint64_t ram_size; /* bytes */
	const char *cpu;   /* model name */
	struct opts *cpu_props; /* feature=on|off after the model's name; may be NULL */
	unsigned gic_version;
	enum accel accel;
	struct opts *accel_props; /* may be NULL */

	const char *kernel, *initrd, *append, *dtb, *dumpdtb, *bios;

	struct opt_list chardevs, drives, blockdevs, devices, netdevs, nics, objects, fw_cfgs;
	const char **serials; /* -serial arguments in order */
	unsigned nserials;

	bool defaults;      /* false with -nodefaults */
	bool no_reboot;
	bool legacy_virtio;
	unsigned icount_cycles; /* -icount: 1 + shift; 0: none */
	bool semihosting, semihosting_el0; /* at EL1; at EL0 too */
	struct opts *semihosting_config;
	struct opts *rtc;
	bool start_paused;
	struct place_config place;
	char *qmps[MACHINE_MAX_QMPS]; /* -qmp arguments */
	unsigned nqmps;
	enum sandbox_mode sandbox;
	bool perfmap, jitdump;
	const char *symbols; /* file with the guest's symbols; NULL: none */
	const char *stats; /* "text", "json" or "json:FILE"; NULL: none */
};

#endif
