/* The device tree of the virt board, built with libfdt. */
#ifndef PARMA_MACHINE_FDT_H
#define PARMA_MACHINE_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct fdt_config {
	unsigned ncpus;
	unsigned gic_version; /* 2 or 3 */
	uint64_t ram_size;    /* bytes at VIRT_RAM */
	const char *cpu_compatible;
	const char *bootargs; /* NULL: none */
	uint64_t initrd, initrd_end; /* 0: none */
	bool pmu;
	const char *smccc_conduit; /* "hvc" */
};

/* A device tree blob in malloc()ed memory, its size in *size; NULL with e filled. */
void *fdt_build(const struct fdt_config *c, uint64_t *size, struct err *e);

/* For -dtb: checks a blob read from a file and adds what the boot options say (bootargs, initrd, memory). As fdt_build(). */
void *fdt_adopt(const char *path, const void *blob, uint64_t blob_size, const struct fdt_config *c, uint64_t *size,
		struct err *e);

#endif
