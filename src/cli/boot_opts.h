/*
 * The options of `parma boot`: qemu-system-aarch64's by the same names, into a
 * struct machine_config.  One table row an option (boot_opts.def).
 */
#ifndef PARMA_CLI_BOOT_OPTS_H
#define PARMA_CLI_BOOT_OPTS_H

#include <stdio.h>

#include "machine/config.h"

/*
 * Parses argv[1..argc).  Returns 0; 1 if a help value was asked for and
 * printed (exit with 0); -1 with e filled.
 */
int boot_opts_parse(int argc, char **argv, struct machine_config *c, struct err *e);
/* Prints the options with their help, for `parma help boot`. */
void boot_opts_help(FILE *f);
/* Releases what boot_opts_parse() allocated. */
void boot_opts_free(struct machine_config *c);

#endif
