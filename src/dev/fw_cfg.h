/*
 * fw_cfg: named blobs that the machine hands to firmware and kernel, with the
 * register layout and DMA interface of QEMU's memory-mapped device
 * (docs/specs/fw_cfg.rst there).  All registers are big-endian:
 *   +0   data, 1 to 8 bytes: the next bytes of the selected item
 *   +8   selector, 2 bytes
 *   +16  address of a DMA descriptor, 8 bytes (or 4 high, then 4 low)
 *
 * Items are added before any vCPU runs; afterwards only the selection changes
 * (one lock, rank DEVICE).
 */
#ifndef PARMA_DEV_FW_CFG_H
#define PARMA_DEV_FW_CFG_H

#include "base/opts.h"
#include "mem/physmap.h"

#define FW_CFG_SIZE 0x18

enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_RAM_SIZE = 0x03, FW_CFG_NOGRAPHIC = 0x04,
	FW_CFG_NB_CPUS = 0x05, FW_CFG_KERNEL_SIZE = 0x08, FW_CFG_INITRD_SIZE = 0x0b, FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_MAX_CPUS = 0x0f, FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12, FW_CFG_CMDLINE_SIZE = 0x14,
	FW_CFG_CMDLINE_DATA = 0x15, FW_CFG_FILE_DIR = 0x19, FW_CFG_FILE_FIRST = 0x20,
};

struct fw_cfg;

struct fw_cfg *fw_cfg_new(struct physmap *pm);
void fw_cfg_reset(struct fw_cfg *f);
void fw_cfg_free(struct fw_cfg *f);

/* Sets an item (a copy of data), replacing an earlier one. */
void fw_cfg_add(struct fw_cfg *f, enum fw_cfg_key key, const void *data, uint32_t len);
void fw_cfg_add_u16(struct fw_cfg *f, enum fw_cfg_key key, uint16_t v);
void fw_cfg_add_u32(struct fw_cfg *f, enum fw_cfg_key key, uint32_t v);
/* Adds a file to the directory (a copy of data). 0, or -1 with e filled (name too long or taken, directory full). */
int fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, uint32_t len, struct err *e);
/* -fw_cfg name=NAME,file=PATH or name=NAME,string=TEXT, parsed with the implied key "name". */
int fw_cfg_add_option(struct fw_cfg *f, struct opts *o, struct err *e);

extern const struct mmio_ops fw_cfg_mmio;

#endif
