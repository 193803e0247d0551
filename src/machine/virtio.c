/*
 * -drive, -blockdev, -netdev, -nic, -object and -device: virtio devices on the
 * board's memory-mapped slots, from the highest slot down in the order given,
 * and the generic loader.
 *
 * A device that -device names is one row of drivers[]: it takes its options
 * from the struct opts and returns a struct virtio_dev, or does without.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/nearest.h"
#include "dev/blkimg.h"
#include "dev/netdev.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_mmio.h"
#include "dev/virtio_net.h"
#include "dev/virtio_rng.h"
#include "dev/virtio_serial.h"
#include "machine/machine_priv.h"
#include "machine/memmap.h"

static void reset_virtio(void *p) { virtio_reset(p); }
static void free_virtio(void *p) { virtio_free(p); }

/* Plugs d into the next slot; the machine owns it from then on. */
static int plug(struct machine *m, struct virtio_dev *d, struct err *e)
{
	unsigned slot;

	if (m->nvirtio == VIRT_VIRTIO_COUNT) {
		virtio_free(d);
		return err_set(e, EXIT_USAGE, "-device: the board has %u virtio slots, all are taken", VIRT_VIRTIO_COUNT);
	}
	slot = VIRT_VIRTIO_COUNT - 1 - m->nvirtio++;
	virtio_mmio_plug(&m->virtio[slot], d, m->pm, machine_spi(m, VIRT_SPI_VIRTIO + slot));
	machine_add_part(m, d, reset_virtio, free_virtio);
	return 0;
}

/* The entry whose `key` is id; counts the key as read in every entry. */
static struct opts *by_key(const struct opt_list *l, const char *key, const char *id)
{
	struct opts *found = NULL;

	for (unsigned k = 0; k < l->n; k++) {
		const char *v = opts_str(l->v[k], key, NULL);

		if (v && id && !strcmp(v, id))
			found = l->v[k];
	}
	return found;
}

/* -- disks -- */

/* A node of -blockdev, through the format layers down to the one that names a file. */
static struct opts *blockdev_leaf(struct machine *m, const char *name)
{
	struct opts *o = by_key(&m->cfg->blockdevs, "node-name", name);

	for (unsigned depth = 0; o && depth < m->cfg->blockdevs.n; depth++) {
		const char *lower = opts_str(o, "file", NULL);
		struct opts *next = lower ? by_key(&m->cfg->blockdevs, "node-name", lower) : NULL;

		if (!next)
			break;
		o = next;
	}
	return o;
}

static struct blkimg *open_drive(struct machine *m, const char *id, struct err *e)
{
	struct opts *o = by_key(&m->cfg->drives, "id", id);
	struct blkimg_config c;

	if (!o)
		o = blockdev_leaf(m, id);
	if (!o) {
		err_set(e, EXIT_USAGE, "-device: there is no -drive with id=%s and no -blockdev with node-name=%s", id, id);
		return NULL;
	}
	if (opts_has(o, "parma.used")) {
		err_set(e, EXIT_USAGE, "-device: the drive %s is in use by another device", id);
		return NULL;
	}
	if (blkimg_config(o, &c, e))
		return NULL;
	opts_set(o, "parma.used", "on");
	return blkimg_open(&c, e);
}

static struct virtio_dev *make_blk_on(struct opts *o, struct blkimg *img, struct err *e)
{
	struct virtio_blk_config c;
	struct virtio_dev *d = NULL;

	if (!virtio_blk_config(o, &c, e))
		d = virtio_blk_new(&c, img, e);
	if (!d)
		blkimg_close(img);
	return d;
}

static struct virtio_dev *make_blk(struct machine *m, struct opts *o, struct err *e)
{
	const char *drive = opts_need(o, "drive", e);
	struct blkimg *img = drive ? open_drive(m, drive, e) : NULL;

	return img ? make_blk_on(o, img, e) : NULL;
}

/* -drive without if=none is a disk of its own. */
static int add_plain_drives(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->drives.n; k++) {
		struct opts *o = m->cfg->drives.v[k];
		const char *type = opts_str(o, "if", "virtio");
		struct blkimg_config c;
		struct blkimg *img;
		struct opts *none;
		struct virtio_dev *d;

		opts_str(o, "index", NULL);
		opts_str(o, "media", NULL);
		opts_str(o, "id", NULL);
		if (!strcmp(type, "none") || !strcmp(type, "pflash"))
			continue;
		if (strcmp(type, "virtio"))
			return err_set(e, EXIT_USAGE, "-drive if=%s: this board has virtio disks and flash (if=virtio, if=pflash, or if=none with -device)", type);
		if (blkimg_config(o, &c, e) || opts_finish(o, e))
			return -1;
		img = blkimg_open(&c, e);
		if (!img)
			return -1;
		none = opts_new("-drive");
		d = make_blk_on(none, img, e);
		opts_free(none);
		if (!d || plug(m, d, e))
			return -1;
	}
	return 0;
}

/* After all devices: options of -drive that nobody knows, and drives that nobody uses. */
static int check_drives(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->drives.n; k++) {
		struct opts *o = m->cfg->drives.v[k];
		struct blkimg_config c;

		opts_str(o, "parma.used", NULL);
		if (blkimg_config(o, &c, e) || opts_finish(o, e))
			return -1;
	}
	return 0;
}

/* -- network -- */

static void free_netdev(void *p) { netdev_free(p); }

static struct netdev *make_netdev(struct opts *o, struct machine *m, struct err *e)
{
	struct netdev *n = netdev_new(o, e);

	if (n)
		machine_add_part(m, n, NULL, free_netdev);
	return n;
}

static struct netdev *find_netdev(struct machine *m, const char *id, struct err *e)
{
	struct nearest near = nearest_begin(id);

	for (unsigned k = 0; k < m->nnetdevs; k++) {
		if (!strcmp(netdev_id(m->netdevs[k]), id))
			return m->netdevs[k];
		nearest_try(&near, netdev_id(m->netdevs[k]));
	}
	err_set(e, EXIT_USAGE, "-device: there is no -netdev with id=%s%s%s", id, nearest_get(&near) ? "; did you mean " : "",
		nearest_get(&near) ? nearest_get(&near) : "");
	return NULL;
}

static int add_netdevs(struct machine *m, struct err *e)
{
	m->netdevs = calloc(m->cfg->netdevs.n + 1, sizeof(*m->netdevs));
	BUG_ON(!m->netdevs);
	machine_add_part(m, m->netdevs, NULL, free);
	for (unsigned k = 0; k < m->cfg->netdevs.n; k++) {
		struct opts *o = m->cfg->netdevs.v[k];

		if (!opts_need(o, "id", e))
			return -1;
		m->netdevs[k] = make_netdev(o, m, e);
		if (!m->netdevs[k] || opts_finish(o, e))
			return -1;
		m->nnetdevs = k + 1;
	}
	return 0;
}

static struct virtio_dev *make_net(struct machine *m, struct opts *o, struct err *e)
{
	const char *id = opts_str(o, "netdev", NULL);
	struct netdev *n = id ? find_netdev(m, id, e) : NULL;
	struct virtio_net_config c;

	if ((id && !n) || virtio_net_config(o, &c, e))
		return NULL;
	return virtio_net_new(&c, n, e);
}

static int add_nics(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->nics.n; k++) {
		struct opts *o = m->cfg->nics.v[k];
		const char *type = opts_str(o, "type", "user"), *model = opts_str(o, "model", "virtio-net-device");
		struct virtio_net_config c;
		struct netdev *n;
		struct virtio_dev *d;

		if (!strcmp(type, "none"))
			continue;
		if (strncmp(model, "virtio", 6))
			return err_set(e, EXIT_USAGE, "-nic model=%s: the card is virtio-net-device", model);
		n = make_netdev(o, m, e);
		if (!n || virtio_net_config(o, &c, e) || opts_finish(o, e))
			return -1;
		d = virtio_net_new(&c, n, e);
		if (!d || plug(m, d, e))
			return -1;
	}
	return 0;
}

/* -- random numbers, serial ports -- */

static struct virtio_dev *make_rng(struct machine *m, struct opts *o, struct err *e)
{
	const char *id = opts_str(o, "rng", NULL);

	if (id && !by_key(&m->cfg->objects, "id", id)) {
		err_set(e, EXIT_USAGE, "-device: there is no -object with id=%s", id);
		return NULL;
	}
	opts_str(o, "max-bytes", NULL);
	opts_str(o, "period", NULL);
	return virtio_rng_new(m->loop);
}

static struct virtio_dev *make_serial(struct machine *m, struct opts *o, struct err *e)
{
	uint64_t ports = VIRTIO_SERIAL_MAX_PORTS;

	if (opts_u64(o, "max_ports", 1, VIRTIO_SERIAL_MAX_PORTS, &ports, e))
		return NULL;
	m->serial_bus = virtio_serial_new(m->loop, (unsigned)ports);
	return m->serial_bus;
}

static int add_port(struct machine *m, struct opts *o, bool console, struct err *e)
{
	struct virtio_serial_port_config c = {.console = console, .nr = -1};
	const char *id = opts_str(o, "chardev", NULL);
	uint64_t nr = UINT64_MAX;

	opts_str(o, "bus", NULL);
	c.name = opts_str(o, "name", NULL);
	if (opts_u64(o, "nr", 0, VIRTIO_SERIAL_MAX_PORTS - 1, &nr, e))
		return -1;
	if (nr != UINT64_MAX)
		c.nr = (int)nr;
	if (id && !(c.chardev = machine_chardev(m, "-device", id, e)))
		return -1;
	if (!m->serial_bus)
		return err_set(e, EXIT_USAGE, "-device: a port needs a bus: put -device virtio-serial-device before it");
	return virtio_serial_add_port(m->serial_bus, &c, e);
}

static int add_console(struct machine *m, struct opts *o, struct err *e) { return add_port(m, o, true, e); }
static int add_serialport(struct machine *m, struct opts *o, struct err *e) { return add_port(m, o, false, e); }

/* -- the generic loader: files and values in memory, start addresses; done again at each reset -- */

static int add_loader(struct machine *m, struct opts *o, struct err *e)
{
	uint64_t addr = 0, cpu = 0;

	if (!opts_has(o, "file"))
		return err_set(e, EXIT_USAGE, "-device loader: give file=");
	opts_str(o, "file", NULL);
	opts_str(o, "force-raw", NULL);
	return opts_u64(o, "addr", 0, UINT64_MAX, &addr, e) || opts_u64(o, "cpu-num", 0, m->ncpus - 1, &cpu, e);
}

int machine_load_extra(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->devices.n; k++) {
		struct opts *o = m->cfg->devices.v[k];
		const char *path = opts_str(o, "file", NULL);
		struct loaded l;
		bool raw = opts_has(o, "addr");

		if (strcmp(opts_str(o, "driver", ""), "loader"))
			continue;
		if (opts_bool(o, "force-raw", &raw, e))
			return -1;
		if (raw) {
			uint64_t addr = 0, size;

			if (opts_u64(o, "addr", 0, UINT64_MAX, &addr, e) || load_raw(&m->ram, path, addr, UINT64_MAX, &size, e))
				return -1;
			l.entry = addr;
		} else if (load_kernel(&m->ram, path, &l, e)) {
			return -1;
		}
		if (opts_has(o, "cpu-num"))
			m->entry = l.entry;
	}
	return 0;
}

static const struct {
	const char *name, *help;
	struct virtio_dev *(*make)(struct machine *m, struct opts *o, struct err *e); /* or */
	int (*add)(struct machine *m, struct opts *o, struct err *e);
} drivers[] = {
	{"virtio-blk-device", "disk: drive=ID", make_blk, NULL},
	{"virtio-net-device", "network card: netdev=ID", make_net, NULL},
	{"virtio-rng-device", "random numbers", make_rng, NULL},
	{"virtio-serial-device", "bus of serial ports and consoles", make_serial, NULL},
	{"virtconsole", "console (hvc) on the serial bus: chardev=ID", NULL, add_console},
	{"virtserialport", "named port on the serial bus: chardev=ID,name=NAME", NULL, add_serialport},
	{"loader", "file in memory: file=F[,addr=A][,cpu-num=0]", NULL, add_loader},
};

void machine_list_devices(FILE *f)
{
	for (unsigned k = 0; k < ARRAY_SIZE(drivers); k++)
		fprintf(f, "name \"%s\", desc \"%s\"\n", drivers[k].name, drivers[k].help);
}

static int unknown_driver(const char *name, struct err *e)
{
	struct nearest n = nearest_begin(name);
	const char *pci = strstr(name, "-pci");

	if (!strncmp(name, "virtio-", 7) && pci)
		return err_set(e, EXIT_USAGE, "-device %s: this board has no PCI; use %.*s-device", name, (int)(pci - name), name);
	if (!strncmp(name, "pci", 3) || pci)
		return err_set(e, EXIT_USAGE, "-device %s: this board has no PCI; leave it out", name);
	for (unsigned k = 0; k < ARRAY_SIZE(drivers); k++)
		nearest_try(&n, drivers[k].name);
	return err_set(e, EXIT_USAGE, "-device: unknown device '%s'%s%s (-device help lists them)", name,
		       nearest_get(&n) ? "; did you mean " : "", nearest_get(&n) ? nearest_get(&n) : "");
}

static int add_device(struct machine *m, struct opts *o, struct err *e)
{
	const char *name = opts_str(o, "driver", "");
	unsigned k = 0;

	opts_str(o, "id", NULL);
	while (k < ARRAY_SIZE(drivers) && strcmp(drivers[k].name, name))
		k++;
	if (k == ARRAY_SIZE(drivers))
		return unknown_driver(name, e);
	if (drivers[k].make) {
		struct virtio_dev *d = drivers[k].make(m, o, e);

		if (!d || plug(m, d, e))
			return -1;
	} else if (drivers[k].add(m, o, e)) {
		return -1;
	}
	return opts_finish(o, e);
}

static int check_objects(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->objects.n; k++) {
		const char *type = opts_str(m->cfg->objects.v[k], "qom-type", "");

		const char *file = opts_str(m->cfg->objects.v[k], "filename", NULL);

		opts_str(m->cfg->objects.v[k], "id", NULL);
		if (strcmp(type, "rng-random") && strcmp(type, "rng-builtin"))
			return err_set(e, EXIT_USAGE, "-object %s: there are rng-random and rng-builtin", type);
		/* The numbers come from the kernel in any case. */
		if (file && access(file, R_OK))
			return err_set(e, EXIT_INPUT, "-object %s: cannot open '%s': %s", type, file, strerror(errno));
		if (opts_finish(m->cfg->objects.v[k], e))
			return -1;
	}
	return 0;
}

int machine_add_virtio(struct machine *m, struct err *e)
{
	if (check_objects(m, e) || add_netdevs(m, e))
		return -1;
	for (unsigned k = 0; k < m->cfg->devices.n; k++)
		if (add_device(m, m->cfg->devices.v[k], e))
			return -1;
	if (add_plain_drives(m, e) || add_nics(m, e))
		return -1;
	return check_drives(m, e);
}
