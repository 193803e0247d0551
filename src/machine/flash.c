/* The board's two banks of flash: -bios, -pflash, -drive if=pflash. */
#include <string.h>

#include "base/bits.h"
#include "dev/cfi_flash.h"
#include "machine/loader.h"
#include "machine/machine_priv.h"
#include "machine/memmap.h"

#define BANKS 2

static void reset_flash(void *p) { cfi_flash_reset(p); }
static void free_flash(void *p) { cfi_flash_free(p); }

/* The -drive if=pflash of each bank: unit=N says which, else they come in turn. */
static int find_drives(struct machine *m, struct opts *drive[BANKS], struct err *e)
{
	uint64_t unit = 0;

	for (unsigned k = 0; k < m->cfg->drives.n; k++) {
		struct opts *o = m->cfg->drives.v[k];

		if (strcmp(opts_str(o, "if", "virtio"), "pflash"))
			continue;
		if (opts_u64(o, "index", 0, BANKS - 1, &unit, e) || opts_u64(o, "unit", 0, BANKS - 1, &unit, e))
			return -1;
		if (unit >= BANKS || drive[unit])
			return err_set(e, EXIT_USAGE, "-drive if=pflash: the board has %u banks of flash, unit=0 and unit=1", BANKS);
		drive[unit++] = o;
	}
	if (drive[0] && m->cfg->bios)
		return err_set(e, EXIT_USAGE, "-bios and -pflash: give one of them for the first bank of flash");
	return 0;
}

static int open_image(struct opts *o, struct blkimg **img, struct err *e)
{
	struct blkimg_config c;

	opts_str(o, "id", NULL);
	if (blkimg_config(o, &c, e) || opts_finish(o, e))
		return -1;
	*img = blkimg_open(&c, e);
	return *img ? 0 : -1;
}

static int load_bios(struct machine *m, struct err *e)
{
	struct file_data f;
	int rc = 0;

	if (file_read(m->cfg->bios, &f, e))
		return -1;
	if (f.size > VIRT_FLASH_SIZE)
		rc = err_set(e, EXIT_INPUT, "'%s' has %llu bytes, a bank of flash %llu", m->cfg->bios, (unsigned long long)f.size,
			     (unsigned long long)VIRT_FLASH_SIZE);
	else
		memcpy(physmap_host(m->pm, mk_gpa(VIRT_FLASH), VIRT_FLASH_SIZE, false), f.data, f.size);
	file_free(&f);
	return rc;
}

int machine_add_flash(struct machine *m, struct err *e)
{
	struct opts *drive[BANKS] = {NULL};

	if (find_drives(m, drive, e))
		return -1;
	for (unsigned bank = 0; bank < BANKS; bank++) {
		struct cfi_flash_config c = {m->pm, mk_gpa(VIRT_FLASH + bank * VIRT_FLASH_SIZE), VIRT_FLASH_SIZE,
					     bank ? "flash 1" : "flash 0", NULL};
		struct cfi_flash *f;

		if (drive[bank] && open_image(drive[bank], &c.img, e))
			return -1;
		f = cfi_flash_new(&c, e);
		if (!f)
			return -1;
		machine_add_part(m, f, reset_flash, free_flash);
	}
	m->firmware = drive[0] || m->cfg->bios;
	return m->cfg->bios ? load_bios(m, e) : 0;
}
