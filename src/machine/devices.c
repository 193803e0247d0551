/* The board's fixed devices: UART, real-time clock, GPIO, the virtio slots. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "dev/pl011.h"
#include "dev/pl031.h"
#include "dev/pl061.h"
#include "dev/virtio_mmio.h"

#include "machine/machine_priv.h"
#include "machine/memmap.h"

static void reset_uart(void *p) { pl011_reset(p); }
static void free_uart(void *p) { pl011_free(p); }
static void reset_rtc(void *p) { pl031_reset(p); }
static void free_rtc(void *p) { pl031_free(p); }
static void reset_gpio(void *p) { pl061_reset(p); }
static void free_gpio(void *p) { pl061_free(p); }

static int add_uart(struct machine *m, struct err *e)
{
	struct pl011_config cfg = {0};
	struct pl011 *p;

	if (m->cfg->nserials) {
		if (m->cfg->nserials > 1 && strcmp(m->cfg->serials[1], "null") && strcmp(m->cfg->serials[1], "none"))
			return err_set(e, EXIT_USAGE, "-serial: the board has one serial port");
		if (strcmp(m->cfg->serials[0], "none")) {
			cfg.chardev = machine_serial(m, m->cfg->serials[0], e);
			if (!cfg.chardev)
				return -1;
		}
	}
	m->serial0 = cfg.chardev;
	p = pl011_new(&cfg, machine_spi(m, VIRT_SPI_UART), e);
	if (!p)
		return -1;
	machine_add_part(m, p, reset_uart, free_uart);
	physmap_add_mmio(m->pm, mk_gpa(VIRT_UART), VIRT_DEV_SIZE, &pl011_mmio, p);
	return 0;
}

/* -rtc base=utc|localtime|YYYY-MM-DD[THH:MM:SS]: seconds since 1970 that the clock shows now. */
static int rtc_start(struct machine *m, uint64_t *start, struct err *e)
{
	const char *base = m->cfg->rtc ? opts_str(m->cfg->rtc, "base", "utc") : "utc";
	time_t now = (time_t)clock_wall_s();
	struct tm tm;

	*start = (uint64_t)now;
	if (!strcmp(base, "localtime")) {
		localtime_r(&now, &tm);
		*start = (uint64_t)timegm(&tm);
	} else if (strcmp(base, "utc")) {
		const char *end;

		memset(&tm, 0, sizeof(tm));
		end = strptime(base, "%Y-%m-%dT%H:%M:%S", &tm);
		if (!end) {
			memset(&tm, 0, sizeof(tm));
			end = strptime(base, "%Y-%m-%d", &tm);
		}
		if (!end || *end)
			return err_set(e, EXIT_USAGE, "-rtc base=%s: give utc, localtime, 2006-06-17 or 2006-06-17T16:01:21", base);
		*start = (uint64_t)timegm(&tm);
	}
	if (!m->cfg->rtc)
		return 0;
	opts_str(m->cfg->rtc, "clock", "host");
	opts_str(m->cfg->rtc, "driftfix", "none");
	return opts_finish(m->cfg->rtc, e);
}

static int add_rtc_gpio(struct machine *m, struct err *e)
{
	struct pl031 *rtc;
	struct pl061 *gpio;
	uint64_t start;

	if (rtc_start(m, &start, e))
		return -1;
	rtc = pl031_new(start, machine_spi(m, VIRT_SPI_RTC));
	machine_add_part(m, rtc, reset_rtc, free_rtc);
	physmap_add_mmio(m->pm, mk_gpa(VIRT_RTC), VIRT_DEV_SIZE, &pl031_ops, rtc);
	gpio = pl061_new(machine_spi(m, VIRT_SPI_GPIO));
	m->gpio = gpio;
	machine_add_part(m, gpio, reset_gpio, free_gpio);
	physmap_add_mmio(m->pm, mk_gpa(VIRT_GPIO), VIRT_DEV_SIZE, &pl061_ops, gpio);
	return 0;
}

static void add_virtio_slots(struct machine *m)
{
	struct virtio_mmio *slots = calloc(VIRT_VIRTIO_COUNT, sizeof(*slots));

	BUG_ON(!slots);
	m->virtio = slots;
	machine_add_part(m, slots, NULL, free);
	for (unsigned k = 0; k < VIRT_VIRTIO_COUNT; k++) {
		slots[k].legacy = m->cfg->legacy_virtio;
		physmap_add_mmio(m->pm, mk_gpa(VIRT_VIRTIO + k * VIRT_VIRTIO_SIZE), VIRT_VIRTIO_SIZE, &virtio_mmio_ops, &slots[k]);
	}
}

int machine_add_devices(struct machine *m, struct err *e)
{
	if (machine_add_flash(m, e) || add_uart(m, e) || add_rtc_gpio(m, e))
		return -1;

	add_virtio_slots(m);
	return machine_add_virtio(m, e);
}
