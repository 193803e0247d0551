/* See fdt.h.  The shape follows what QEMU's virt board gives its guests. */
#include "machine/fdt.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostrand.h"
#include "base/bits.h"
#include "base/bug.h"
#include "machine/memmap.h"

#define FDT_ROOM (1u << 20)
enum { PHANDLE_CLOCK = 0x8000, PHANDLE_GIC, PHANDLE_GPIO, PHANDLE_CPU0 };
enum { IRQ_SPI, IRQ_PPI };
enum { EDGE_RISING = 1, LEVEL_HIGH = 4 };

/* One cell list; the libfdt calls below can fail for lack of room only, which fdt_build() checks at the end. */
struct cells {
	fdt32_t c[64];
	unsigned n;
};

static void cell(struct cells *l, uint64_t v)
{
	BUG_ON(l->n == ARRAY_SIZE(l->c));
	l->c[l->n++] = cpu_to_fdt32((uint32_t)v);
}

static void cell64(struct cells *l, uint64_t v)
{
	cell(l, v >> 32);
	cell(l, v);
}

static void irq(struct cells *l, const struct fdt_config *c, unsigned type, unsigned n, unsigned flags)
{
	if (type == IRQ_PPI && c->gic_version == 2)
		flags |= (BIT(c->ncpus) - 1) << 8;
	cell(l, type);
	cell(l, n);
	cell(l, flags);
}

static void prop(void *f, const char *name, const struct cells *l)
{
	fdt_property(f, name, l->c, (int)(l->n * sizeof(l->c[0])));
}

static void reg(void *f, uint64_t base, uint64_t size)
{
	struct cells l = {0};

	cell64(&l, base);
	cell64(&l, size);
	prop(f, "reg", &l);
}

/* A list of strings separated by '|'. */
static void strings(void *f, const char *name, const char *list)
{
	char buf[128];
	int n = snprintf(buf, sizeof(buf), "%s", list);

	for (char *p = buf; (p = strchr(p, '|')); p++)
		*p = 0;
	fdt_property(f, name, buf, n + 1);
}

static void interrupt(void *f, const struct fdt_config *c, unsigned type, unsigned n, unsigned flags)
{
	struct cells l = {0};

	irq(&l, c, type, n, flags);
	prop(f, "interrupts", &l);
}

static void begin_dev(void *f, const char *name, uint64_t base)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%s@%llx", name, (unsigned long long)base);
	fdt_begin_node(f, buf);
}

static void primecell(void *f, const struct fdt_config *c, const char *name, const char *compatible, uint64_t base,
		      unsigned spi, bool uart)
{
	struct cells l = {0};

	begin_dev(f, name, base);
	strings(f, "compatible", compatible);
	reg(f, base, VIRT_DEV_SIZE);
	interrupt(f, c, IRQ_SPI, spi, LEVEL_HIGH);
	cell(&l, PHANDLE_CLOCK);
	if (uart)
		cell(&l, PHANDLE_CLOCK);
	prop(f, "clocks", &l);
	strings(f, "clock-names", uart ? "uartclk|apb_pclk" : "apb_pclk");
}

static void cpu_nodes(void *f, const struct fdt_config *c)
{
	fdt_begin_node(f, "cpus");
	fdt_property_u32(f, "#address-cells", 1);
	fdt_property_u32(f, "#size-cells", 0);
	for (unsigned k = 0; k < c->ncpus; k++) {
		uint64_t mpidr = virt_mpidr(k, c->gic_version);

		begin_dev(f, "cpu", mpidr);
		fdt_property_string(f, "device_type", "cpu");
		fdt_property_string(f, "compatible", c->cpu_compatible);
		fdt_property_u32(f, "reg", (uint32_t)mpidr);
		if (c->ncpus > 1)
			fdt_property_string(f, "enable-method", "psci");
		fdt_property_u32(f, "phandle", PHANDLE_CPU0 + k);
		fdt_end_node(f);
	}
	fdt_begin_node(f, "cpu-map");
	fdt_begin_node(f, "socket0");
	fdt_begin_node(f, "cluster0");
	for (unsigned k = 0; k < c->ncpus; k++) {
		char name[16];

		snprintf(name, sizeof(name), "core%u", k);
		fdt_begin_node(f, name);
		fdt_property_u32(f, "cpu", PHANDLE_CPU0 + k);
		fdt_end_node(f);
	}
	fdt_end_node(f);
	fdt_end_node(f);
	fdt_end_node(f);
	fdt_end_node(f);
}

static void gic_node(void *f, const struct fdt_config *c)
{
	struct cells l = {0};

	begin_dev(f, "intc", VIRT_GICD);
	fdt_property_u32(f, "phandle", PHANDLE_GIC);
	fdt_property_string(f, "compatible", c->gic_version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	fdt_property(f, "interrupt-controller", NULL, 0);
	fdt_property_u32(f, "#interrupt-cells", 3);
	fdt_property_u32(f, "#address-cells", 2);
	fdt_property_u32(f, "#size-cells", 2);
	fdt_property(f, "ranges", NULL, 0);
	cell64(&l, VIRT_GICD);
	cell64(&l, VIRT_GICD_SIZE);
	if (c->gic_version == 2) {
		cell64(&l, VIRT_GICC);
		cell64(&l, VIRT_GICC_SIZE);
	} else {
		unsigned first = MIN(c->ncpus, VIRT_GICR_MAX_CPUS);

		cell64(&l, VIRT_GICR);
		cell64(&l, first * VIRT_GICR_CPU_SIZE);
		if (c->ncpus > first) {
			cell64(&l, VIRT_GICR2);
			cell64(&l, (c->ncpus - first) * VIRT_GICR_CPU_SIZE);
		}
		fdt_property_u32(f, "#redistributor-regions", c->ncpus > first ? 2 : 1);
	}
	prop(f, "reg", &l);
	fdt_end_node(f);
}

static void timer_node(void *f, const struct fdt_config *c)
{
	struct cells l = {0};

	fdt_begin_node(f, "timer");
	strings(f, "compatible", "arm,armv8-timer|arm,armv7-timer");
	fdt_property(f, "always-on", NULL, 0);
	irq(&l, c, IRQ_PPI, VIRT_PPI_TIMER_SEC, LEVEL_HIGH);
	irq(&l, c, IRQ_PPI, VIRT_PPI_TIMER_PHYS, LEVEL_HIGH);
	irq(&l, c, IRQ_PPI, VIRT_PPI_TIMER_VIRT, LEVEL_HIGH);
	irq(&l, c, IRQ_PPI, VIRT_PPI_TIMER_HYP, LEVEL_HIGH);
	prop(f, "interrupts", &l);
	fdt_end_node(f);
}

static void psci_node(void *f, const struct fdt_config *c)
{
	fdt_begin_node(f, "psci");
	strings(f, "compatible", "arm,psci-1.0|arm,psci-0.2|arm,psci");
	fdt_property_string(f, "method", c->smccc_conduit ? c->smccc_conduit : "hvc");
	fdt_property_u32(f, "cpu_suspend", 0xc4000001);
	fdt_property_u32(f, "cpu_off", 0x84000002);
	fdt_property_u32(f, "cpu_on", 0xc4000003);
	fdt_property_u32(f, "migrate", 0xc4000005);
	fdt_end_node(f);
}

static void gpio_nodes(void *f, const struct fdt_config *c)
{
	struct cells l = {0};

	primecell(f, c, "pl061", "arm,pl061|arm,primecell", VIRT_GPIO, VIRT_SPI_GPIO, false);
	fdt_property(f, "gpio-controller", NULL, 0);
	fdt_property_u32(f, "#gpio-cells", 2);
	fdt_property_u32(f, "phandle", PHANDLE_GPIO);
	fdt_end_node(f);

	fdt_begin_node(f, "gpio-keys");
	fdt_property_string(f, "compatible", "gpio-keys");
	fdt_begin_node(f, "poweroff");
	fdt_property_string(f, "label", "GPIO Key Poweroff");
	fdt_property_u32(f, "linux,code", 116);
	cell(&l, PHANDLE_GPIO);
	cell(&l, 3);
	cell(&l, 0);
	prop(f, "gpios", &l);
	fdt_end_node(f);
	fdt_end_node(f);
}

static void device_nodes(void *f, const struct fdt_config *c)
{
	struct cells banks = {0};

	fdt_begin_node(f, "apb-pclk");
	fdt_property_string(f, "compatible", "fixed-clock");
	fdt_property_u32(f, "#clock-cells", 0);
	fdt_property_u32(f, "clock-frequency", 24000000);
	fdt_property_string(f, "clock-output-names", "clk24mhz");
	fdt_property_u32(f, "phandle", PHANDLE_CLOCK);
	fdt_end_node(f);

	begin_dev(f, "flash", VIRT_FLASH);
	fdt_property_string(f, "compatible", "cfi-flash");
	cell64(&banks, VIRT_FLASH);
	cell64(&banks, VIRT_FLASH_SIZE);
	cell64(&banks, VIRT_FLASH + VIRT_FLASH_SIZE);
	cell64(&banks, VIRT_FLASH_SIZE);
	prop(f, "reg", &banks);
	fdt_property_u32(f, "bank-width", 4);
	fdt_end_node(f);

	primecell(f, c, "pl011", "arm,pl011|arm,primecell", VIRT_UART, VIRT_SPI_UART, true);
	fdt_end_node(f);
	primecell(f, c, "pl031", "arm,pl031|arm,primecell", VIRT_RTC, VIRT_SPI_RTC, false);
	fdt_end_node(f);
	gpio_nodes(f, c);

	begin_dev(f, "fw-cfg", VIRT_FW_CFG);
	fdt_property_string(f, "compatible", "qemu,fw-cfg-mmio");
	reg(f, VIRT_FW_CFG, 0x18);
	fdt_property(f, "dma-coherent", NULL, 0);
	fdt_end_node(f);

	for (unsigned k = 0; k < VIRT_VIRTIO_COUNT; k++) {
		begin_dev(f, "virtio_mmio", VIRT_VIRTIO + k * VIRT_VIRTIO_SIZE);
		fdt_property_string(f, "compatible", "virtio,mmio");
		reg(f, VIRT_VIRTIO + k * VIRT_VIRTIO_SIZE, VIRT_VIRTIO_SIZE);
		interrupt(f, c, IRQ_SPI, VIRT_SPI_VIRTIO + k, EDGE_RISING);
		fdt_property(f, "dma-coherent", NULL, 0);
		fdt_end_node(f);
	}
}

/* Seeds for the guest's random number generator and address-space randomisation. */
static void seed(void *f, const char *name, unsigned bytes)
{
	uint8_t buf[32];

	if (hostrand(buf, bytes))
		fdt_property(f, name, buf, (int)bytes);
}

static void chosen_node(void *f, const struct fdt_config *c)
{
	char uart[32];

	snprintf(uart, sizeof(uart), "/pl011@%llx", (unsigned long long)VIRT_UART);
	fdt_begin_node(f, "aliases");
	fdt_property_string(f, "serial0", uart);
	fdt_end_node(f);
	fdt_begin_node(f, "chosen");
	fdt_property_string(f, "stdout-path", uart);
	seed(f, "rng-seed", 32);
	seed(f, "kaslr-seed", 8);
	if (c->bootargs)
		fdt_property_string(f, "bootargs", c->bootargs);
	if (c->initrd_end) {
		fdt_property_u64(f, "linux,initrd-start", c->initrd);
		fdt_property_u64(f, "linux,initrd-end", c->initrd_end);
	}
	fdt_end_node(f);
}

void *fdt_build(const struct fdt_config *c, uint64_t *size, struct err *e)
{
	void *f = calloc(1, FDT_ROOM);
	char mem[32];

	if (!f) {
		err_set(e, EXIT_HOST, "no memory for the device tree");
		return NULL;
	}
	fdt_create(f, FDT_ROOM);
	fdt_finish_reservemap(f);
	fdt_begin_node(f, "");
	fdt_property_string(f, "model", "linux,dummy-virt");
	fdt_property_string(f, "compatible", "linux,dummy-virt");
	fdt_property_u32(f, "#address-cells", 2);
	fdt_property_u32(f, "#size-cells", 2);
	fdt_property_u32(f, "interrupt-parent", PHANDLE_GIC);
	fdt_property(f, "dma-coherent", NULL, 0);
	psci_node(f, c);
	snprintf(mem, sizeof(mem), "memory@%llx", (unsigned long long)VIRT_RAM);
	fdt_begin_node(f, mem);
	fdt_property_string(f, "device_type", "memory");
	reg(f, VIRT_RAM, c->ram_size);
	fdt_end_node(f);
	device_nodes(f, c);
	if (c->pmu) {
		fdt_begin_node(f, "pmu");
		fdt_property_string(f, "compatible", "arm,armv8-pmuv3");
		interrupt(f, c, IRQ_PPI, VIRT_PPI_PMU, LEVEL_HIGH);
		fdt_end_node(f);
	}
	gic_node(f, c);
	cpu_nodes(f, c);
	timer_node(f, c);
	chosen_node(f, c);
	fdt_end_node(f);
	if (fdt_finish(f)) {
		free(f);
		err_set(e, EXIT_HOST, "the device tree does not fit its buffer (command line too long?)");
		return NULL;
	}
	*size = fdt_totalsize(f);
	return f;
}

static int adopt_chosen(void *f, const struct fdt_config *c)
{
	int node = fdt_path_offset(f, "/chosen"), rc = 0;

	if (node < 0)
		node = fdt_add_subnode(f, 0, "chosen");
	if (node < 0)
		return node;
	if (c->bootargs)
		rc = fdt_setprop_string(f, node, "bootargs", c->bootargs);
	if (!rc && c->initrd_end) {
		rc = fdt_setprop_u64(f, node, "linux,initrd-start", c->initrd);
		if (!rc)
			rc = fdt_setprop_u64(f, node, "linux,initrd-end", c->initrd_end);
	}
	return rc;
}

void *fdt_adopt(const char *path, const void *blob, uint64_t blob_size, const struct fdt_config *c, uint64_t *size,
		struct err *e)
{
	void *f;
	int rc;

	if (blob_size < sizeof(struct fdt_header) || fdt_check_header(blob) || fdt_totalsize(blob) > blob_size ||
	    fdt_check_full(blob, blob_size)) {
		err_set(e, EXIT_INPUT, "'%s' is not a valid device tree blob (make one with dtc, or start from -dumpdtb)", path);
		return NULL;
	}
	f = malloc(blob_size + 65536);
	if (!f) {
		err_set(e, EXIT_HOST, "no memory for the device tree");
		return NULL;
	}
	rc = fdt_open_into(blob, f, (int)(blob_size + 65536));
	if (!rc)
		rc = adopt_chosen(f, c);
	if (rc) {
		err_set(e, EXIT_INPUT, "cannot extend the device tree '%s': %s", path, fdt_strerror(rc));
		free(f);
		return NULL;
	}
	fdt_pack(f);
	*size = fdt_totalsize(f);
	return f;
}
