/* See pl011.h. */
#include "dev/pl011.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/lock.h"
#include "base/log.h"

#define DEPTH 16

enum pl011_reg {
	UARTDR = 0x00, UARTRSR = 0x04, UARTFR = 0x18, UARTILPR = 0x20, UARTIBRD = 0x24, UARTFBRD = 0x28,
	UARTLCR_H = 0x2c, UARTCR = 0x30, UARTIFLS = 0x34, UARTIMSC = 0x38, UARTRIS = 0x3c, UARTMIS = 0x40,
	UARTICR = 0x44, UARTDMACR = 0x48, PERIPH_ID = 0xfe0,
};

enum {
	FR_CTS = 1 << 0, FR_DSR = 1 << 1, FR_DCD = 1 << 2, FR_BUSY = 1 << 3, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6,
	FR_TXFE = 1 << 7, FR_RI = 1 << 8,
	FR_MODEM = FR_CTS | FR_DSR | FR_DCD | FR_RI,
};
/* Interrupts: the four modem lines, receive, transmit, receive timeout, framing, parity, break, overrun errors. */
enum {
	INT_RI = 1 << 0, INT_CTS = 1 << 1, INT_DCD = 1 << 2, INT_DSR = 1 << 3, INT_RX = 1 << 4, INT_TX = 1 << 5,
	INT_RT = 1 << 6, INT_FE = 1 << 7, INT_PE = 1 << 8, INT_BE = 1 << 9, INT_OE = 1 << 10, INT_ALL = 0x7ff,
};
enum { LCR_BRK = 1 << 0, LCR_FEN = 1 << 4 };
enum { CR_LBE = 1 << 7, CR_DTR = 1 << 10, CR_RTS = 1 << 11, CR_OUT1 = 1 << 12, CR_OUT2 = 1 << 13, CR_RESET = 0x300 };
/* Error bits beside a received character in DR; RSR shows them shifted down by 8. */
enum { DR_BE = 1 << 10, DR_OE = 1 << 11 };

struct fifo {
	uint16_t data[DEPTH];
	unsigned head, n;
};

struct pl011 {
	struct lock lock;          /* rank DEVICE */
	struct irq_line irq;       /* CONST_AFTER_INIT */
	struct chardev *chardev;   /* CONST_AFTER_INIT; NULL: not connected */
	struct chardev_user user;  /* CONST_AFTER_INIT */
	struct fifo rx, tx;        /* GUARDED_BY(lock) */
	uint32_t rsr, lcr, cr, ilpr, ibrd, fbrd, ifls, imsc, ris, dmacr; /* GUARDED_BY(lock) */
	uint32_t modem;            /* GUARDED_BY(lock): FR's modem bits */
	bool throttled;            /* GUARDED_BY(lock): the chardev was told that there is no room */
	bool overrun;              /* GUARDED_BY(lock): the next character carries OE */
};

static void fifo_put(struct fifo *f, uint16_t v) { f->data[(f->head + f->n++) % DEPTH] = v; }

static uint16_t fifo_get(struct fifo *f)
{
	uint16_t v = f->data[f->head];

	f->head = (f->head + 1) % DEPTH;
	f->n--;
	return v;
}

static unsigned depth(const struct pl011 *p) { return p->lcr & LCR_FEN ? DEPTH : 1; }

/* Characters at which a FIFO asks for service: IFLS gives eighths (1, 2, 4, 6, 7). */
static unsigned level(const struct pl011 *p, unsigned field)
{
	static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

	return p->lcr & LCR_FEN ? DEPTH / 8 * eighths[field & 7] : 1;
}

static void update_irq(struct pl011 *p) { irq_set(&p->irq, (p->ris & p->imsc) != 0); }

/* ---- receive ---- */

static void rx_char(struct pl011 *p, uint16_t c)
{
	if (p->rx.n >= depth(p)) {
		p->overrun = true;
		p->ris |= INT_OE;
		p->rsr |= DR_OE >> 8;
		return;
	}
	if (p->overrun)
		c |= DR_OE;
	p->overrun = false;
	fifo_put(&p->rx, c);
	if (c & DR_BE)
		p->ris |= INT_BE;
	if (p->rx.n >= level(p, p->ifls >> 3))
		p->ris |= INT_RX;
}

/* The line is silent: what lies in the FIFO is due even below the trigger level. */
static void rx_pause(struct pl011 *p)
{
	if (p->rx.n)
		p->ris |= INT_RT;
}

static uint32_t read_dr(struct pl011 *p, bool *accept)
{
	uint16_t c;

	if (!p->rx.n)
		return 0;
	c = fifo_get(&p->rx);
	*accept = p->throttled && p->rx.n <= depth(p) / 2;
	if (*accept)
		p->throttled = false;
	p->rsr = (p->rsr & DR_OE >> 8) | (c >> 8 & 0xf);
	if (p->rx.n < level(p, p->ifls >> 3))
		p->ris &= ~(uint32_t)INT_RX;
	if (!p->rx.n)
		p->ris &= ~(uint32_t)INT_RT;
	return c;
}

static size_t can_read(void *arg)
{
	struct pl011 *p = arg;
	size_t n;

	lock_take(&p->lock);
	/* In loopback the input pin is not connected; it waits. */
	n = p->cr & CR_LBE ? 0 : depth(p) - MIN(p->rx.n, depth(p));
	p->throttled |= !n;
	lock_drop(&p->lock);
	return n;
}

static void on_input(void *arg, const uint8_t *buf, size_t n)
{
	struct pl011 *p = arg;

	lock_take(&p->lock);
	for (size_t k = 0; k < n; k++)
		rx_char(p, buf[k]);
	rx_pause(p);
	update_irq(p);
	lock_drop(&p->lock);
}

static void on_event(void *arg, enum chardev_event ev)
{
	struct pl011 *p = arg;

	if (ev != CHARDEV_BREAK)
		return;
	lock_take(&p->lock);
	if (!(p->cr & CR_LBE)) {
		rx_char(p, DR_BE);
		rx_pause(p);
		update_irq(p);
	}
	lock_drop(&p->lock);
}

/* ---- transmit ---- */

/* Moves what the line takes out of the transmit FIFO. */
static void tx_run(struct pl011 *p)
{
	bool moved = false;

	while (p->tx.n) {
		uint8_t c = (uint8_t)p->tx.data[p->tx.head];

		if (p->cr & CR_LBE)
			rx_char(p, c);
		else if (p->chardev && !chardev_write(p->chardev, &c, 1))
			break;
		fifo_get(&p->tx);
		moved = true;
	}
	if (moved && p->tx.n <= (p->lcr & LCR_FEN ? level(p, p->ifls) : 0))
		p->ris |= INT_TX;
	if (moved && p->cr & CR_LBE)
		rx_pause(p);
}

static void write_dr(struct pl011 *p, uint32_t v)
{
	if (p->tx.n >= depth(p)) {
		if (log_on(LOG_GUEST_ERROR))
			log_printf("pl011: character written to a full transmit FIFO\n");
		return;
	}
	fifo_put(&p->tx, v & 0xff);
	if (p->tx.n > (p->lcr & LCR_FEN ? level(p, p->ifls) : 0))
		p->ris &= ~(uint32_t)INT_TX;
	tx_run(p);
}

static void on_writable(void *arg)
{
	struct pl011 *p = arg;

	lock_take(&p->lock);
	tx_run(p);
	update_irq(p);
	lock_drop(&p->lock);
}

/* ---- registers ---- */

static uint32_t read_fr(const struct pl011 *p)
{
	return p->modem | (p->rx.n ? 0 : FR_RXFE) | (p->rx.n >= depth(p) ? FR_RXFF : 0) | (p->tx.n ? FR_BUSY : FR_TXFE) |
	       (p->tx.n >= depth(p) ? FR_TXFF : 0);
}

/* In loopback the modem outputs are the inputs; outside, nothing is connected to them. */
static void update_modem(struct pl011 *p)
{
	static const struct { uint32_t out, in, irq; } wires[] = {
		{CR_RTS, FR_CTS, INT_CTS}, {CR_DTR, FR_DSR, INT_DSR}, {CR_OUT1, FR_DCD, INT_DCD}, {CR_OUT2, FR_RI, INT_RI},
	};
	uint32_t old = p->modem;

	p->modem = 0;
	for (unsigned k = 0; k < ARRAY_SIZE(wires); k++) {
		if ((p->cr & CR_LBE) && (p->cr & wires[k].out))
			p->modem |= wires[k].in;
		if ((p->modem ^ old) & wires[k].in)
			p->ris |= wires[k].irq;
	}
}

static void write_lcr(struct pl011 *p, uint32_t v)
{
	uint32_t old = p->lcr;

	p->lcr = v & 0xff;
	if ((old ^ v) & LCR_FEN)
		p->rx.n = p->tx.n = 0;
	if ((v & ~old) & LCR_BRK && p->cr & CR_LBE) {
		rx_char(p, DR_BE);
		rx_pause(p);
	}
}

static uint32_t reg_read(struct pl011 *p, uint64_t off, bool *accept)
{
	static const uint8_t ids[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	if (off >= PERIPH_ID)
		return ids[(off - PERIPH_ID) / 4];
	switch (off) {
	case UARTDR: return read_dr(p, accept);
	case UARTRSR: return p->rsr;
	case UARTFR: return read_fr(p);
	case UARTILPR: return p->ilpr;
	case UARTIBRD: return p->ibrd;
	case UARTFBRD: return p->fbrd;
	case UARTLCR_H: return p->lcr;
	case UARTCR: return p->cr;
	case UARTIFLS: return p->ifls;
	case UARTIMSC: return p->imsc;
	case UARTRIS: return p->ris;
	case UARTMIS: return p->ris & p->imsc;
	case UARTDMACR: return p->dmacr;
	default:
		if (log_on(LOG_GUEST_ERROR))
			log_printf("pl011: read of offset 0x%x, where nothing is\n", (unsigned)off);
		return 0;
	}
}

static void reg_write(struct pl011 *p, uint64_t off, uint32_t v)
{
	switch (off) {
	case UARTDR: write_dr(p, v); break;
	case UARTRSR: p->rsr = 0; break;
	case UARTILPR: p->ilpr = v & 0xff; break;
	case UARTIBRD: p->ibrd = v & 0xffff; break;
	case UARTFBRD: p->fbrd = v & 0x3f; break;
	case UARTLCR_H: write_lcr(p, v); break;
	case UARTCR:
		p->cr = v & 0xff87;
		update_modem(p);
		break;
	case UARTIFLS: p->ifls = v & 0x3f; break;
	case UARTIMSC: p->imsc = v & INT_ALL; break;
	case UARTICR: p->ris &= ~v; break;
	case UARTDMACR:
		p->dmacr = v & 7;
		if (v & 3 && log_on(LOG_UNIMP))
			log_printf("pl011: DMA asked for, there is no DMA controller\n");
		break;
	default:
		if (log_on(LOG_GUEST_ERROR))
			log_printf("pl011: write of 0x%x to offset 0x%x, which takes none\n", v, (unsigned)off);
		break;
	}
}

static bool mmio_read(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val)
{
	struct pl011 *p = dev;
	bool accept = false;

	(void)cpu;
	lock_take(&p->lock);
	/* Registers are words; a narrow access sees its part of one. */
	*val = offset & 3 ? 0 : reg_read(p, offset, &accept) & mask64(8 * size);
	update_irq(p);
	lock_drop(&p->lock);
	if (accept && p->chardev)
		chardev_accept_input(p->chardev);
	return true;
}

static bool mmio_write(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val)
{
	struct pl011 *p = dev;

	(void)size;
	(void)cpu;
	if (offset & 3)
		return true;
	lock_take(&p->lock);
	reg_write(p, offset, (uint32_t)val);
	update_irq(p);
	lock_drop(&p->lock);
	/* Leaving loopback and a change of FIFO depth make room. */
	if ((offset == UARTCR || offset == UARTLCR_H) && p->chardev)
		chardev_accept_input(p->chardev);
	return true;
}

const struct mmio_ops pl011_mmio = {.name = "pl011", .min_size = 1, .max_size = 4, .read = mmio_read, .write = mmio_write};

void pl011_reset(struct pl011 *p)
{
	lock_take(&p->lock);
	p->rx.n = p->tx.n = 0;
	p->rsr = p->lcr = p->ilpr = p->ibrd = p->fbrd = p->imsc = p->ris = p->dmacr = p->modem = 0;
	p->cr = CR_RESET;
	p->ifls = 0x12;
	p->overrun = false;
	update_irq(p);
	lock_drop(&p->lock);
	if (p->chardev)
		chardev_accept_input(p->chardev);
}

struct pl011 *pl011_new(const struct pl011_config *cfg, struct irq_line irq, struct err *e)
{
	struct pl011 *p = calloc(1, sizeof(*p));

	BUG_ON(!p);
	lock_init(&p->lock, RANK_DEVICE);
	p->irq = irq;
	p->chardev = cfg->chardev;
	p->user = (struct chardev_user){can_read, on_input, on_event, on_writable, p};
	pl011_reset(p);
	if (p->chardev && chardev_attach(p->chardev, &p->user, e) < 0) {
		p->chardev = NULL;
		pl011_free(p);
		return NULL;
	}
	return p;
}

void pl011_free(struct pl011 *p)
{
	if (!p)
		return;
	if (p->chardev)
		chardev_detach(p->chardev, &p->user);
	lock_destroy(&p->lock);
	free(p);
}
