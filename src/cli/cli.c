/* Dispatch to the commands, parma --help and parma --version. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cli/cli.h"

#include <errno.h>
#include <stdbool.h>
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

/* Scripts written for QEMU's command find parma under that name through a link: the command is `boot` then. */
static bool is_qemus_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, "qemu-system-aarch64");
}

static int run(int argc, char **argv)
{
	bool qemu = argc > 0 && is_qemus_name(argv[0]);
	char *help[] = {argc > 2 ? argv[2] : NULL, (char[]){"--help"}, NULL};

	if (argc < 2 && !qemu) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-version"))) {
		puts("parma " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (qemu)
		return cmd_boot(argc, argv);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (!strcmp(argv[1], "help") && argc == 2)) {
		usage(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "help"))
		return dispatch(2, help);
	return dispatch(argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
	int status = run(argc, argv);

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "parma: cannot write to standard output%s%s\n", errno ? ": " : "", errno ? strerror(errno) : "");
	return status ? status : EXIT_HOST;
}
