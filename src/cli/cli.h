/* The command line: `parma COMMAND ...`; each command is one file, cmd_*.c. */
#ifndef PARMA_CLI_CLI_H
#define PARMA_CLI_CLI_H

/* Runs the command that argv names; returns the process's exit code. */
int cli_main(int argc, char **argv);

/* X(name, one-line help): int cmd_NAME(int argc, char **argv), argv[0] being the command's name. */
#define CLI_COMMANDS(X) \
	X(boot, "boot a guest") \
	X(scale, "how a guest scales with its vCPUs, and what holds it back") \
	X(top, "what the vCPUs of a running guest do") \
	X(model, "allowed outcomes of litmus tests") \
	X(mapping, "the mapping from Arm to host memory operations, and its check") \
	X(litmus, "run litmus tests") \
	X(explain, "what becomes of a litmus test: mapping, IR, host code, events")

#define X(name, help) int cmd_##name(int argc, char **argv);
CLI_COMMANDS(X)
#undef X

#endif
