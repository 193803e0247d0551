/* parma boot: a guest from the command line. */
#include <stdio.h>

#include "cli/boot_opts.h"
#include "cli/cli.h"
#include "machine/machine.h"

int cmd_boot(int argc, char **argv)
{
	struct machine_config cfg;
	struct err e = {0};
	int rc;

	if (argc == 2 && (argv[1][0] == '-' && (argv[1][1] == 'h' || (argv[1][1] == '-' && argv[1][2] == 'h')))) {
		boot_opts_help(stdout);
		return EXIT_OK;
	}
	rc = boot_opts_parse(argc, argv, &cfg, &e);
	if (!rc)
		rc = machine_main(&cfg, &e);
	else if (rc > 0)
		rc = EXIT_OK;
	boot_opts_free(&cfg);
	if (rc >= 0)
		return rc;
	fprintf(stderr, "parma: %s\n", e.msg);
	return e.code;
}
