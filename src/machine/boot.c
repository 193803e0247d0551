/*
 * What is in RAM when the first instruction runs: kernel, initial RAM disk,
 * device tree; or firmware; or the built-in guest.
 *
 * Places follow QEMU's virt board: an Image at RAM + text_offset (2 MiB later
 * if that is 0), the initial RAM disk at RAM + min(size/2, 128 MiB) or after the
 * kernel, the device tree after that at a 2 MiB boundary; for an ELF program the device
 * tree is at the start of RAM if there is room.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "base/bits.h"
#include "dev/fw_cfg.h"
#include "machine/fdt.h"
#include "machine/machine_priv.h"
#include "machine/memmap.h"

#define MiB (UINT64_C(1) << 20)

static const uint8_t builtin_guest[] = {
#include "guest/smp_guest.inc"
};
#define BUILTIN_ENTRY (VIRT_RAM + 0x80000)

static void *make_fdt(struct machine *m, uint64_t initrd, uint64_t initrd_size, uint64_t *size, struct err *e)
{
	const char *model = m->cpus[0]->model->name;
	char compatible[64];
	struct fdt_config c = {
		.ncpus = m->ncpus,
		.gic_version = m->cfg->gic_version,
		.ram_size = m->ram.size,
		.cpu_compatible = compatible,
		.bootargs = m->cfg->append,
		.initrd = initrd,
		.initrd_end = initrd_size ? initrd + initrd_size : 0,
		.pmu = vcpu_has(m->cpus[0], FEAT_PMUv3),
	};
	struct file_data f;
	void *blob;

	snprintf(compatible, sizeof(compatible), "arm,%s", strcmp(model, "max") ? model : "armv8");
	if (!m->cfg->dtb)
		return fdt_build(&c, size, e);
	if (file_read(m->cfg->dtb, &f, e))
		return NULL;
	blob = fdt_adopt(m->cfg->dtb, f.data, f.size, &c, size, e);
	file_free(&f);
	return blob;
}

static int load_initrd(struct machine *m, const struct loaded *k, uint64_t *at, uint64_t *size, struct err *e)
{
	uint64_t end = m->ram.base + m->ram.size;

	*at = MAX(ALIGN_UP(k->end, 4096), m->ram.base + MIN(m->ram.size / 2, 128 * MiB));
	*size = 0;
	if (!m->cfg->initrd)
		return 0;
	if (*at >= end)
		return err_set(e, EXIT_INPUT, "no room for the initial RAM disk after the kernel; give more RAM with -m");
	return load_raw(&m->ram, m->cfg->initrd, *at, end - *at, size, e);
}

/* Places the device tree; *at stays 0 where there is no room and the guest did not ask for one (bare metal). */
static int load_fdt(struct machine *m, const struct loaded *k, uint64_t initrd, uint64_t initrd_size, uint64_t *at,
		    struct err *e)
{
	uint64_t size, end = m->ram.base + m->ram.size;
	void *blob = make_fdt(m, initrd, initrd_size, &size, e);
	int rc = 0;

	*at = 0;
	if (!blob)
		return -1;
	if (k->linux_boot)
		*at = ALIGN_UP(initrd + initrd_size, 2 * MiB);
	else if (k->low >= m->ram.base + size || k->end <= m->ram.base)
		*at = m->ram.base;
	else if (ALIGN_UP(k->end, 2 * MiB) + size <= end)
		*at = ALIGN_UP(k->end, 2 * MiB);
	if (k->linux_boot && (*at >= end || size > end - *at)) /* small RAM: anywhere after the kernel */
		*at = ALIGN_UP(MAX(k->end, initrd_size ? initrd + initrd_size : 0), 8);
	if (*at)
		rc = load_bytes(&m->ram, "the device tree", *at, blob, size, e);
	free(blob);
	return rc;
}

/* A file as a pair of fw_cfg items, for firmware that loads kernels. */
static int offer(struct machine *m, const char *path, enum fw_cfg_key size, enum fw_cfg_key data, struct err *e)
{
	struct file_data f;

	if (!path)
		return 0;
	if (file_read(path, &f, e))
		return -1;
	if (f.size > UINT32_MAX) {
		file_free(&f);
		return err_set(e, EXIT_INPUT, "'%s' is too large for the firmware's interface (4 GiB)", path);
	}
	fw_cfg_add_u32(m->fw_cfg, size, (uint32_t)f.size);
	fw_cfg_add(m->fw_cfg, data, f.data, (uint32_t)f.size);
	file_free(&f);
	return 0;
}

/* Firmware in flash finds the device tree at the start of RAM, and kernel, initrd and command line through fw_cfg. */
static int load_for_firmware(struct machine *m, struct err *e)
{
	struct loaded nothing = {.low = m->ram.base + m->ram.size, .end = m->ram.base};
	const char *append = m->cfg->append;
	uint64_t dtb;

	if (offer(m, m->cfg->kernel, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, e) ||
	    offer(m, m->cfg->initrd, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, e))
		return -1;
	if (append) {
		fw_cfg_add_u32(m->fw_cfg, FW_CFG_CMDLINE_SIZE, (uint32_t)strlen(append) + 1);
		fw_cfg_add(m->fw_cfg, FW_CFG_CMDLINE_DATA, append, (uint32_t)strlen(append) + 1);
	}
	m->entry = VIRT_FLASH;
	m->boot_arg = 0;
	return load_fdt(m, &nothing, 0, 0, &dtb, e);
}

static int load_builtin(struct machine *m, struct err *e)
{
	m->entry = BUILTIN_ENTRY;
	m->boot_arg = 0;
	return load_bytes(&m->ram, "the built-in guest", BUILTIN_ENTRY, builtin_guest, sizeof(builtin_guest), e);
}

int machine_load(struct machine *m, struct err *e)
{
	struct loaded k = {.low = m->ram.base, .end = m->ram.base};
	uint64_t initrd, initrd_size, dtb;

	if (!m->cfg->kernel && !m->firmware) {
		m->entry = m->boot_arg = 0;
		if (machine_load_extra(m, e))
			return -1;
		return m->entry ? 0 : load_builtin(m, e);
	}
	if (m->firmware)
		return load_for_firmware(m, e) || machine_load_extra(m, e) ? -1 : 0;
	if (load_kernel(&m->ram, m->cfg->kernel, &k, e) || load_initrd(m, &k, &initrd, &initrd_size, e) ||
	    load_fdt(m, &k, initrd, initrd_size, &dtb, e))
		return -1;
	m->entry = k.entry;
	m->boot_arg = k.linux_boot ? dtb : 0;
	return machine_load_extra(m, e);
}

int machine_dump_dtb(struct machine *m, const char *path, struct err *e)
{
	uint64_t size;
	void *blob = make_fdt(m, 0, 0, &size, e);
	FILE *f;
	int rc = 0;

	if (!blob)
		return -1;
	f = fopen(path, "we");
	if (!f || fwrite(blob, 1, size, f) != size || fclose(f)) {
		rc = err_set(e, EXIT_HOST, "cannot write '%s': %s", path, strerror(errno));
		if (f)
			remove(path);
	}
	free(blob);
	return rc;
}
