/* Kernels of every format and device trees, from hostile bytes into a small guest memory. */
#include <stdlib.h>
#include <string.h>

#include "machine/fdt.h"
#include "machine/loader.h"
#include "machine/memmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct physmap *pm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fdt_config fc = {.ncpus = 2, .gic_version = 3, .ram_size = 1 << 20, .cpu_compatible = "arm,armv8",
				      .bootargs = "quiet", .initrd = 4096, .initrd_end = 8192};
	struct guest_ram ram = {.base = VIRT_RAM, .size = 4 << 20};
	struct loaded l;
	struct err e;
	uint64_t n;

	if (!pm) {
		pm = physmap_new();
		if (!pm || physmap_add_ram(pm, mk_gpa(ram.base), ram.size, "ram", &e))
			abort();
	}
	ram.pm = pm;
	if (size && data[0] & 1) {
		load_kernel_bytes(&ram, "fuzz", data + 1, size - 1, &l, &e);
	} else if (size) {
		/* An aligned copy, as a file that was read. */
		void *copy = malloc(size);

		memcpy(copy, data + 1, size - 1);
		free(fdt_adopt("fuzz", copy, size - 1, &fc, &n, &e));
		free(copy);
	}
	return 0;
}
