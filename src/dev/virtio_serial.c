/*
 * See virtio_serial.h.  Threads: vCPUs post the task; the I/O thread runs it
 * and the chardevs' callbacks; the device's lock covers all state.
 *
 * Control messages to the guest are not queued: each port has bits of what the
 * guest has yet to hear, so that a guest that asks and never listens costs nothing.
 */
#include "dev/virtio_serial.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/log.h"

#define BATCH_BYTES 65536
#define BATCH_CHAINS 64

enum { F_MULTIPORT = 1, F_EMERG_WRITE = 2 };
enum { C_RX = 2, C_TX = 3 }; /* control queues */
enum { CFG_MAX_PORTS = 4, CFG_EMERG_WRITE = 8 };
enum {
	DEVICE_READY = 0, DEVICE_ADD = 1, PORT_READY = 3, CONSOLE_PORT = 4, PORT_OPEN = 6, PORT_NAME = 7,
};
/* What the guest has yet to hear of a port, in this order. */
enum { TELL_ADD = 1, TELL_CONSOLE = 2, TELL_NAME = 4, TELL_OPEN = 8 };

struct control { /* as in guest memory, little-endian */
	uint32_t id;
	uint16_t event, value;
};

struct port {
	struct serial *s;         /* CONST_AFTER_INIT; NULL: there is no such port */
	unsigned nr;              /* CONST_AFTER_INIT */
	bool console;             /* CONST_AFTER_INIT */
	char *name;               /* CONST_AFTER_INIT; may be NULL */
	struct chardev *chardev;  /* CONST_AFTER_INIT; may be NULL */
	struct chardev_user user; /* CONST_AFTER_INIT */
	unsigned tell;            /* GUARDED_BY(v.lock): TELL_* */
	bool host_open;           /* GUARDED_BY(v.lock): the chardev has a peer */
	bool guest_open;          /* GUARDED_BY(v.lock): a program in the guest has it open */
	uint64_t tx_off;          /* GUARDED_BY(v.lock): bytes of the next transmit chain that the chardev has */
};

struct serial {
	struct virtio_dev v;
	struct ioloop *loop;                        /* CONST_AFTER_INIT */
	struct iotask task;
	unsigned max_ports;                         /* CONST_AFTER_INIT */
	struct port port[VIRTIO_SERIAL_MAX_PORTS];  /* fields as tagged */
	struct vq_chain chain;                      /* GUARDED_BY(v.lock) */
};

static struct virtq *rx_queue(struct port *p) { return &p->s->v.vq[p->nr ? 2 * p->nr + 2 : 0]; }
static struct virtq *tx_queue(struct port *p) { return &p->s->v.vq[p->nr ? 2 * p->nr + 3 : 1]; }
static bool multiport(const struct serial *s) { return virtio_has(&s->v, F_MULTIPORT); }
static bool listening(const struct port *p) { return multiport(p->s) ? p->guest_open : p->nr == 0; }

/* ---- to the guest ---- */

static bool send_control(struct serial *s, struct port *p, uint16_t event, uint16_t value, const char *tail)
{
	struct virtq *q = &s->v.vq[C_RX];
	struct control c = {p->nr, event, value};
	size_t n;

	if (!virtq_pop(&s->v, q, &s->chain))
		return false;
	n = chain_write(&s->v, &s->chain, 0, &c, sizeof(c));
	if (tail)
		n += chain_write(&s->v, &s->chain, sizeof(c), tail, strlen(tail));
	virtq_push(&s->v, q, s->chain.head, (uint32_t)n);
	virtq_signal(&s->v, q);
	return true;
}

static bool tell_one(struct serial *s, struct port *p, unsigned what)
{
	switch (what) {
	case TELL_ADD: return send_control(s, p, DEVICE_ADD, 1, NULL);
	case TELL_CONSOLE: return send_control(s, p, CONSOLE_PORT, 1, NULL);
	case TELL_NAME: return send_control(s, p, PORT_NAME, 1, p->name);
	default: return send_control(s, p, PORT_OPEN, p->host_open, NULL);
	}
}

/* Tells the guest what it has not heard, as far as it gives buffers. */
static void tell_all(struct serial *s)
{
	for (unsigned k = 0; k < s->max_ports && multiport(s); k++) {
		struct port *p = &s->port[k];

		for (unsigned what = TELL_ADD; p->s && what <= TELL_OPEN; what <<= 1) {
			if (!(p->tell & what))
				continue;
			if (!tell_one(s, p, what))
				return;
			p->tell &= ~what;
		}
	}
}

static size_t port_can_read(void *arg)
{
	struct port *p = arg;
	struct serial *s = p->s;
	size_t n = 0;

	lock_take(&s->v.lock);
	if (listening(p) && virtq_pop(&s->v, rx_queue(p), &s->chain)) {
		n = MIN(s->chain.in_bytes, 4096);
		/* A buffer of no size would hold up the port for ever. */
		if (n)
			virtq_unpop(rx_queue(p), 1);
		else
			virtq_push(&s->v, rx_queue(p), s->chain.head, 0);
	}
	lock_drop(&s->v.lock);
	return n;
}

static void port_read(void *arg, const uint8_t *buf, size_t n)
{
	struct port *p = arg;
	struct serial *s = p->s;
	size_t done = 0;

	lock_take(&s->v.lock);
	while (done < n && listening(p) && virtq_pop(&s->v, rx_queue(p), &s->chain)) {
		size_t k = chain_write(&s->v, &s->chain, 0, buf + done, n - done);

		virtq_push(&s->v, rx_queue(p), s->chain.head, (uint32_t)k);
		done += k;
	}
	virtq_signal(&s->v, rx_queue(p));
	lock_drop(&s->v.lock);
}

static void port_event(void *arg, enum chardev_event ev)
{
	struct port *p = arg;
	struct serial *s = p->s;

	if (ev == CHARDEV_BREAK)
		return;
	lock_take(&s->v.lock);
	p->host_open = ev == CHARDEV_OPENED;
	p->tell |= TELL_OPEN;
	if (!(s->v.status & VIRTIO_S_DRIVER_OK))
		p->tell &= ~(unsigned)TELL_OPEN; /* said at PORT_READY */
	tell_all(s);
	lock_drop(&s->v.lock);
}

/* ---- from the guest ---- */

enum drain { DRAINED, DRAIN_MORE, DRAIN_FULL };

/* Hands on what is left of the chain: all of it, a batch of it, or what the chardev takes. */
static enum drain drain_chain(struct serial *s, struct port *p)
{
	uint64_t end = p->tx_off + BATCH_BYTES;
	uint8_t buf[4096];

	while (p->tx_off < s->chain.out_bytes && p->chardev) {
		size_t n = chain_read(&s->v, &s->chain, p->tx_off, buf, sizeof(buf)), k = chardev_write(p->chardev, buf, n);

		p->tx_off += k;
		if (k < n)
			return DRAIN_FULL;
		if (!n)
			break;
		if (p->tx_off >= end)
			return DRAIN_MORE;
	}
	p->tx_off = 0;
	return DRAINED;
}

/* Sends what the port's driver queued; true: there may be more, later. */
static bool run_tx(struct serial *s, struct port *p)
{
	struct virtq *q = tx_queue(p);
	enum drain d = DRAINED;
	unsigned n = 0;

	while (d == DRAINED && n < BATCH_CHAINS && virtq_pop(&s->v, q, &s->chain)) {
		d = drain_chain(s, p);
		/* What is left is taken up again at p->tx_off. */
		if (d != DRAINED)
			virtq_unpop(q, 1);
		else
			virtq_push(&s->v, q, s->chain.head, 0);
		n++;
	}
	virtq_signal(&s->v, q);
	return d == DRAIN_MORE || n == BATCH_CHAINS;
}

static void on_control(struct serial *s, const struct control *c)
{
	struct port *p = c->id < s->max_ports && s->port[c->id].s ? &s->port[c->id] : NULL;

	if (c->event == DEVICE_READY) {
		for (unsigned k = 0; k < s->max_ports && c->value; k++)
			s->port[k].tell |= TELL_ADD;
	} else if (!p) {
		if (log_on(LOG_GUEST_ERROR))
			log_printf("virtio-serial: control message for port %u, which is not there\n", c->id);
	} else if (c->event == PORT_READY && c->value) {
		p->tell |= (p->console ? TELL_CONSOLE : 0) | (p->name ? TELL_NAME : 0) | (p->host_open ? TELL_OPEN : 0);
	} else if (c->event == PORT_OPEN) {
		p->guest_open = c->value;
	}
}

static void run_control(struct serial *s)
{
	struct virtq *q = &s->v.vq[C_TX];
	struct control c;

	for (unsigned n = 0; n < BATCH_CHAINS && virtq_pop(&s->v, q, &s->chain); n++) {
		bool whole = chain_read(&s->v, &s->chain, 0, &c, sizeof(c)) == sizeof(c);

		virtq_push(&s->v, q, s->chain.head, 0);
		if (whole)
			on_control(s, &c);
	}
	virtq_signal(&s->v, q);
}

static void run(void *arg)
{
	struct serial *s = arg;
	bool again = false;

	lock_take(&s->v.lock);
	if (multiport(s)) {
		run_control(s);
		tell_all(s);
		again = virtq_pending(&s->v, &s->v.vq[C_TX]);
	}
	for (unsigned k = 0; k < s->max_ports; k++)
		if (s->port[k].s)
			again |= run_tx(s, &s->port[k]);
	lock_drop(&s->v.lock);
	if (again)
		ioloop_post(s->loop, &s->task);
}

static void port_writable(void *arg) { run(((struct port *)arg)->s); }

static void serial_notify(struct virtio_dev *d, unsigned q)
{
	struct serial *s = container_of(d, struct serial, v);

	(void)q;
	ioloop_post(s->loop, &s->task); /* which also asks the chardevs' can_read again */
}

/* One character without a queue, for a kernel that is about to die. */
static void serial_config_write(struct virtio_dev *d, unsigned offset, unsigned size, uint64_t val)
{
	struct serial *s = container_of(d, struct serial, v);
	uint8_t c = (uint8_t)val;

	(void)size;
	if (offset == CFG_EMERG_WRITE && s->port[0].s && s->port[0].chardev)
		chardev_write(s->port[0].chardev, &c, 1);
}

static void serial_reset(struct virtio_dev *d)
{
	struct serial *s = container_of(d, struct serial, v);

	for (unsigned k = 0; k < s->max_ports; k++) {
		s->port[k].tell = 0;
		s->port[k].guest_open = false;
		s->port[k].tx_off = 0;
	}
}

static void serial_free(struct virtio_dev *d)
{
	struct serial *s = container_of(d, struct serial, v);

	/* What the guest sent before the end reaches the chardevs. */
	run(s);
	virtio_reset(d);
	for (unsigned k = 0; k < s->max_ports; k++) {
		if (s->port[k].chardev)
			chardev_detach(s->port[k].chardev, &s->port[k].user);
		free(s->port[k].name);
	}
	ioloop_flush_task(s->loop, &s->task);
	virtio_fini(d);
	free(s);
}

static const struct virtio_ops serial_ops = {
	.name = "virtio-serial", .id = 3, .notify = serial_notify, .config_write = serial_config_write, .reset = serial_reset,
	.free = serial_free,
};

struct virtio_dev *virtio_serial_new(struct ioloop *loop, unsigned max_ports)
{
	struct serial *s = calloc(1, sizeof(*s));

	BUG_ON(!s || !max_ports || max_ports > VIRTIO_SERIAL_MAX_PORTS);
	s->loop = loop;
	s->max_ports = max_ports;
	s->task = (struct iotask){.fn = run, .arg = s};
	virtio_init(&s->v, &serial_ops, BIT(F_MULTIPORT) | BIT(F_EMERG_WRITE), 2 * max_ports + 2, 128);
	virtio_config_put(&s->v, CFG_MAX_PORTS, 4, max_ports);
	virtio_config_put(&s->v, CFG_EMERG_WRITE, 4, 0);
	return &s->v;
}

static int pick_number(struct serial *s, const struct virtio_serial_port_config *c, struct err *e)
{
	if (c->nr >= 0) {
		if ((unsigned)c->nr >= s->max_ports)
			return err_set(e, EXIT_USAGE, "virtio-serial: port nr=%d, but there are %u (max_ports=)", c->nr, s->max_ports);
		if (s->port[c->nr].s)
			return err_set(e, EXIT_USAGE, "virtio-serial: port nr=%d is given twice", c->nr);
		if (!c->nr && !c->console)
			return err_set(e, EXIT_USAGE, "virtio-serial: port 0 is for a virtconsole");
		return c->nr;
	}
	for (unsigned k = c->console ? 0 : 1; k < s->max_ports; k++)
		if (!s->port[k].s)
			return (int)k;
	return err_set(e, EXIT_USAGE, "virtio-serial: more ports than max_ports=%u", s->max_ports);
}

int virtio_serial_add_port(struct virtio_dev *d, const struct virtio_serial_port_config *c, struct err *e)
{
	struct serial *s = container_of(d, struct serial, v);
	int nr = pick_number(s, c, e);
	struct port *p;

	if (nr < 0)
		return -1;
	p = &s->port[nr];
	p->nr = (unsigned)nr;
	p->console = c->console;
	p->user = (struct chardev_user){port_can_read, port_read, port_event, port_writable, p};
	p->s = s;
	if (c->chardev && chardev_attach(c->chardev, &p->user, e) < 0) {
		p->s = NULL;
		return -1;
	}
	p->chardev = c->chardev;
	p->host_open = c->chardev && chardev_is_open(c->chardev);
	p->name = c->name ? strdup(c->name) : NULL;
	return 0;
}
