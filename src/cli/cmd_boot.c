/* parma boot: a guest from the command line. */
#include <stdio.h>
#include <sys/personality.h>
#include <unistd.h>

#include "cli/boot_opts.h"
#include "cli/cli.h"
#include "machine/machine.h"

/*
 * Runs that repeat (-sched rr) want the same host addresses each time: monitor stripes are found by them.  A host
 * that refuses gives runs that differ now and then.
 */
static void fix_addresses(const struct machine_config *cfg, char **argv)
{
	int now = personality(0xffffffff);
	char **all = argv - 1; /* "parma boot ...": cli_main() passes on the tail */

	if (cfg->place.policy != PLACE_RR || now == -1 || now & ADDR_NO_RANDOMIZE)
		return;
	if (personality((unsigned)now | ADDR_NO_RANDOMIZE) != -1)
		execv("/proc/self/exe", all);
}

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
		fix_addresses(&cfg, argv);
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
