/* Dispatch to the commands, parma --help and parma --version. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static void usage(FILE *f)
{
	fputs("usage: parma COMMAND [OPTIONS]\n\nCommands:\n", f);
#define X(name, help) fprintf(f, "  %-10s %s\n", #name, help);
	CLI_COMMANDS(X)
#undef X
	fputs("\n`parma help COMMAND` tells more.\n", f);
}

int cli_main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		puts("parma " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (argc >= 2 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return EXIT_OK;
	}
#define X(name, help) \
	if (argc >= 2 && !strcmp(argv[1], #name)) \
		return cmd_##name(argc - 1, argv + 1);
	CLI_COMMANDS(X)
#undef X
	usage(stderr);
	return EXIT_USAGE;
}
