/*
 * Accesses of devices and loaders to guest memory (physmap.h).
 *
 * A copy goes granule by granule (64 bytes, the exclusives' reservation
 * granule).  A write holds the granule's monitor stripe and bumps its
 * sequence number, as a store of a vCPU does, so a load-exclusive that came
 * before cannot succeed.  Aligned 8-byte units are copied with one access, so
 * a vCPU that looks while a device writes sees no half of a word.
 *
 * Any thread; no lock but one stripe at a time (a leaf).
 */
#include <string.h>

#include "base/bits.h"
#include "mem/access.h"
#include "mem/monitor.h"
#include "mem/physmap.h"

#define GRANULE (UINT64_C(1) << MONITOR_GRANULE_LOG2)

static void copy_in(uint8_t *to, const uint8_t *from, uint64_t n)
{
	while (n) {
		unsigned unit = MIN(n, 8);
		uint64_t v = 0;

		while ((uintptr_t)from & (unit - 1) || unit > n || (unit & (unit - 1)))
			unit = unit & (unit - 1) ? 4 : unit / 2;
		switch (unit) {
		case 8: v = ram_ld64(from); break;
		case 4: v = ram_ld32(from); break;
		case 2: v = ram_ld16(from); break;
		default: v = ram_ld8(from); break;
		}
		memcpy(to, &v, unit);
		to += unit;
		from += unit;
		n -= unit;
	}
}

static void copy_out(uint8_t *to, const uint8_t *from, uint64_t n)
{
	while (n) {
		unsigned unit = MIN(n, 8);
		uint64_t v = 0;

		while ((uintptr_t)to & (unit - 1) || unit > n || (unit & (unit - 1)))
			unit = unit & (unit - 1) ? 4 : unit / 2;
		memcpy(&v, from, unit);
		switch (unit) {
		case 8: ram_st64(to, v); break;
		case 4: ram_st32(to, v); break;
		case 2: ram_st16(to, v); break;
		default: ram_st8(to, v); break;
		}
		to += unit;
		from += unit;
		n -= unit;
	}
}

/* Bytes from a that lie in one region; *r is that region. 0: not RAM. */
static uint64_t span(const struct physmap *pm, uint64_t a, uint64_t len, const struct mem_region **r)
{
	*r = physmap_find(pm, mk_gpa(a));
	if (!*r || !(*r)->host)
		return 0;
	return MIN(len, (*r)->size - (a - (*r)->start));
}

bool dma_read(const struct physmap *pm, gpa a, void *buf, uint64_t len)
{
	const struct mem_region *r;
	uint8_t *to = buf;

	for (uint64_t at = a.v; len;) {
		uint64_t n = span(pm, at, len, &r);

		if (!n)
			return false;
		copy_in(to, r->host + (at - r->start), n);
		to += n;
		at += n;
		len -= n;
	}
	return true;
}

static void write_granules(uint8_t *to, const uint8_t *from, uint64_t n)
{
	while (n) {
		uint64_t k = MIN(n, GRANULE - ((uintptr_t)to & (GRANULE - 1)));
		struct monitor_stripe *s = stripe_of((uintptr_t)to);

		stripe_take(s);
		stripe_bump(s, 1);
		copy_out(to, from, k);
		stripe_drop(s);
		to += k;
		from += k;
		n -= k;
	}
}

/* Decoded or translated code of the pages written is stale. */
static void bump_code(const struct physmap *pm, const struct mem_region *r, uint64_t off, uint64_t n)
{
	for (uint64_t page = off >> 12; page <= (off + n - 1) >> 12; page++)
		at_add(&r->code_gen[page], 1);
	physmap_notice(pm, mk_gpa(r->start + off), n);
}

bool dma_write(const struct physmap *pm, gpa a, const void *buf, uint64_t len)
{
	const struct mem_region *r;
	const uint8_t *from = buf;

	for (uint64_t at = a.v; len;) {
		uint64_t n = span(pm, at, len, &r);

		if (!n || r->readonly)
			return false;
		write_granules(r->host + (at - r->start), from, n);
		bump_code(pm, r, at - r->start, n);
		from += n;
		at += n;
		len -= n;
	}
	return true;
}

void dma_wrote(const struct physmap *pm, gpa a, uint64_t len)
{
	const struct mem_region *r;
	uint64_t n = len ? span(pm, a.v, len, &r) : 0, off, stripes;

	if (!n || r->readonly)
		return;
	off = a.v - r->start;
	/* Every stripe once is enough, however long the range. */
	stripes = MIN((off + n - 1) / GRANULE - off / GRANULE + 1, (uint64_t)MONITOR_STRIPES);
	for (uint64_t k = 0; k < stripes; k++) {
		struct monitor_stripe *s = stripe_of((uintptr_t)(r->host + off + k * GRANULE));

		stripe_take(s);
		stripe_bump(s, 1);
		stripe_drop(s);
	}
	bump_code(pm, r, off, n);
}

/* Host address of an aligned unit in RAM; NULL: not RAM or not aligned. */
static void *unit_at(const struct physmap *pm, gpa a, unsigned size, bool write)
{
	return a.v & (size - 1) ? NULL : physmap_host(pm, a, size, write);
}

bool dma_load(const struct physmap *pm, gpa a, unsigned size, uint64_t *val)
{
	const void *p = unit_at(pm, a, size, false);

	if (!p)
		return false;
	switch (size) {
	case 1: *val = ld_acq((const uint8_t *)p); return true;
	case 2: *val = ld_acq((const uint16_t *)p); return true;
	case 4: *val = ld_acq((const uint32_t *)p); return true;
	case 8: *val = ld_acq((const uint64_t *)p); return true;
	default: return false;
	}
}

static bool store_unit(void *p, unsigned size, uint64_t val)
{
	switch (size) {
	case 1: st_rel((uint8_t *)p, (uint8_t)val); return true;
	case 2: st_rel((uint16_t *)p, (uint16_t)val); return true;
	case 4: st_rel((uint32_t *)p, (uint32_t)val); return true;
	case 8: st_rel((uint64_t *)p, val); return true;
	default: return false;
	}
}

bool dma_store(const struct physmap *pm, gpa a, unsigned size, uint64_t val)
{
	void *p = unit_at(pm, a, size, true);
	struct monitor_stripe *s;
	bool done;

	if (!p)
		return false;
	s = stripe_of((uintptr_t)p);
	stripe_take(s);
	stripe_bump(s, 1);
	done = store_unit(p, size, val);
	stripe_drop(s);
	if (done)
		physmap_notice(pm, a, size);
	return done;
}
