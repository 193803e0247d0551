/*
 * Puts kernels, initial RAM disks and raw files into guest memory.
 *
 * Kernels: Linux Image (arm64 boot protocol, Documentation/arm64/booting.rst),
 * the same compressed with gzip or wrapped as an EFI zboot image with a gzip
 * payload, 64-bit little-endian AArch64 ELF, and anything else as a raw image
 * at RAM + 512 KiB, as QEMU's virt board does.
 *
 * Called before the vCPUs run.  Every function returns 0, or -1 with e filled.
 */
#ifndef PARMA_MACHINE_LOADER_H
#define PARMA_MACHINE_LOADER_H

#include "base/err.h"
#include "mem/physmap.h"

struct guest_ram {
	const struct physmap *pm;
	uint64_t base, size; /* bytes */
};

struct loaded {
	uint64_t entry;    /* guest physical address of the first instruction */
	uint64_t low, end; /* first byte, and the byte after the last, that the image occupies (bss included) */
	bool linux_boot;   /* arm64 boot protocol: device tree address in x0 */
};

/* A file's bytes in one allocation (release with file_free). */
struct file_data {
	uint8_t *data;
	uint64_t size;
};
/*
 * Between these, what file_read() opens stays open and is found again by its
 * path: a reset loads the guest again where no file can be opened any more (base/sandbox.h),
 * and gets the same kernel even if the file was replaced. Main thread.
 */
void loader_keep_files(void);
void loader_forget_files(void);
int file_read(const char *path, struct file_data *out, struct err *e);
void file_free(struct file_data *f);

/* Loads a kernel by what its first bytes say it is. */
int load_kernel(const struct guest_ram *ram, const char *path, struct loaded *out, struct err *e);
/* Copies a file (uncompressed) to a; at most limit bytes. */
int load_raw(const struct guest_ram *ram, const char *path, uint64_t a, uint64_t limit, uint64_t *size,
	     struct err *e);
/* Copies bytes that are in host memory; `what` names them in the message. */
int load_bytes(const struct guest_ram *ram, const char *what, uint64_t a, const void *data, uint64_t size,
	       struct err *e);
/* The loaders by format, on a file's bytes; exported for the fuzz target. */
int load_kernel_bytes(const struct guest_ram *ram, const char *path, const uint8_t *data, uint64_t size,
		      struct loaded *out, struct err *e);

#endif
