/* Option strings and the whole command line of parma boot (parsing only). */
#include <stdlib.h>
#include <string.h>

#include "base/opts.h"
#include "cli/boot_opts.h"
#include "machine/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the parser asks of the machine. */
bool machine_has_accel(enum accel a) { return a != ACCEL_LOCKSTEP; }
void machine_list_cpus(FILE *f) { (void)f; }
void machine_list_cpu_keys(FILE *f) { (void)f; }
void machine_list_devices(FILE *f) { (void)f; }
void machine_list_chardevs(FILE *f) { (void)f; }
void machine_list_netdevs(FILE *f) { (void)f; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *argv[34] = {(char[]){"boot"}};
	static FILE *null;
	FILE *out = stdout;
	struct machine_config c;
	struct err e;
	int argc = 1;

	memcpy(text, data, size);
	text[size] = 0;
	/* Arguments are separated by newlines; -D would create files. */
	for (char *p = strtok(text, "\n"); p && argc < 33; p = strtok(NULL, "\n"))
		argv[argc++] = !strcmp(p, "-D") || !strcmp(p, "--D") ? (char[]){"-S"} : p;
	if (!null)
		null = fopen("/dev/null", "w");
	stdout = null; /* lists that options print */
	boot_opts_parse(argc, argv, &c, &e);
	stdout = out;
	boot_opts_free(&c);
	free(text);
	return 0;
}
