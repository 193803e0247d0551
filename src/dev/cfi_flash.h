/*
 * Parallel NOR flash with the Common Flash Interface (JEDEC JESD68) and Intel's basic command set (algorithm 1): two
 * x16 chips side by side on a 32-bit bus, as the virt board has them.
 *
 * The guest reads the array like memory. From the first command on, data reads come here, since a chip may be
 * showing its status or its identification instead; instructions are fetched from the array always.
 * What is programmed or erased is there for reads at once, and written to the image by a thread of the flash's own; until
 * that is done the chip's status says that it is busy. It takes all commands meanwhile.
 */
#ifndef PARMA_DEV_CFI_FLASH_H
#define PARMA_DEV_CFI_FLASH_H

#include "base/err.h"
#include "dev/blkimg.h"
#include "mem/physmap.h"

struct cfi_flash_config {
	struct physmap *pm;
	gpa base;
	uint64_t size; /* bytes, a power of two */
	const char *name;
	struct blkimg *img; /* of exactly `size` bytes, or a shorter one that is read-only; owned by the flash. NULL: contents are lost */
};

struct cfi_flash;

/* Maps it and reads the image. NULL with e filled; img is closed then, too. */
struct cfi_flash *cfi_flash_new(const struct cfi_flash_config *c, struct err *e);
void cfi_flash_reset(struct cfi_flash *f);
void cfi_flash_free(struct cfi_flash *f);

#endif
