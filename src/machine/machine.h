/*
 * The virt machine: made from a struct machine_config, run until the guest,
 * the user or an error ends it.
 */
#ifndef PARMA_MACHINE_MACHINE_H
#define PARMA_MACHINE_MACHINE_H

#include <stdio.h>

#include "machine/config.h"

#define MACHINE_MAX_CPUS 128u
#define MACHINE_MAX_RAM (UINT64_C(255) << 30)

/* Is this engine part of the build? */
bool machine_has_accel(enum accel a);
void machine_list_cpus(FILE *f);
void machine_list_cpu_keys(FILE *f); /* what may follow a model's name */
void machine_list_devices(FILE *f);
void machine_list_chardevs(FILE *f);
void machine_list_netdevs(FILE *f);

/*
 * Makes the machine, loads the guest and runs it.  Returns the exit status of
 * the process (0: power-off; the guest's own status; 128 + N: ended by signal
 * N), or -1 with e filled when it could not start.  Call from the main thread
 * before any other thread exists.
 */
int machine_main(const struct machine_config *cfg, struct err *e);

#endif
