/* Dispatch to the commands, parma --help and parma --version. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"

static void usage(FILE *f)
{
	fputs("usage: parma COMMAND [OPTIONS]\n\nCommands:\n", f);
#define X(name, help) fprintf(f, "  %-10s %s\n", #name, help);
	CLI_COMMANDS(X)
#undef X
	fputs("\n`parma help COMMAND` tells more.\n", f);
}

static int dispatch(int argc, char **argv)
{
	struct nearest n = nearest_begin(argv[0]);

#define X(name, help) \
	if (!strcmp(argv[0], #name)) \
		return cmd_##name(argc, argv); \
	nearest_try(&n, #name);
	CLI_COMMANDS(X)
#undef X
	fprintf(stderr, "parma: unknown command '%s'%s%s (parma --help lists them)\n", argv[0],
		nearest_get(&n) ? "; did you mean " : "", nearest_get(&n) ? nearest_get(&n) : "");
	return EXIT_USAGE;
}

int cli_main(int argc, char **argv)
{
	char *help[] = {argc > 2 ? argv[2] : NULL, (char[]){"--help"}, NULL};

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-version")) {
		puts("parma " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (!strcmp(argv[1], "help") && argc == 2)) {
		usage(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "help"))
		return dispatch(2, help);
	return dispatch(argc - 1, argv + 1);
}
