/*
 * See physmap.h.  Regions are kept in one array sorted by start address and
 * never overlap; a lookup is a binary search over a handful of entries.  The
 * array is built by one thread before any vCPU runs, and only read later.
 */
#include "mem/physmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/bug.h"

#define MAX_REGIONS 256
#define HUGE_PAGE (UINT64_C(2) << 20)
#define GUEST_PAGE UINT64_C(4096)

struct physmap {
	struct mem_region regions[MAX_REGIONS]; /* CONST_AFTER_INIT */
	unsigned n;                             /* CONST_AFTER_INIT */
	void (*notice)(void *arg, gpa a, uint64_t len); /* CONST_AFTER_INIT */
	void *notice_arg;                       /* CONST_AFTER_INIT */
};

struct physmap *physmap_new(void)
{
	struct physmap *pm = calloc(1, sizeof(*pm));

	BUG_ON(!pm);
	return pm;
}

void physmap_free(struct physmap *pm)
{
	if (!pm)
		return;
	for (unsigned k = 0; k < pm->n; k++) {
		if (pm->regions[k].host)
			munmap(pm->regions[k].host, pm->regions[k].size);
		free(pm->regions[k].code_gen);
		free(pm->regions[k].watched);
	}
	free(pm);
}

/* Index of the first region that ends above a. */
static unsigned lower_bound(const struct physmap *pm, uint64_t a)
{
	unsigned lo = 0, hi = pm->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		const struct mem_region *r = &pm->regions[mid];

		if (r->start + (r->size - 1) < a)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct mem_region *insert(struct physmap *pm, uint64_t start, uint64_t size)
{
	unsigned k = lower_bound(pm, start);

	BUG_ON(!size || start + (size - 1) < start);
	BUG_ON(pm->n == MAX_REGIONS);
	BUG_ON(k < pm->n && pm->regions[k].start <= start + (size - 1));
	memmove(&pm->regions[k + 1], &pm->regions[k], (pm->n - k) * sizeof(pm->regions[0]));
	pm->n++;
	pm->regions[k] = (struct mem_region){.start = start, .size = size};
	return &pm->regions[k];
}

/* Anonymous memory whose host address has the guest address's offset in a huge page. */
static uint8_t *map_host(uint64_t start, uint64_t size)
{
	uint64_t skew = start & (HUGE_PAGE - 1), whole = size + 2 * HUGE_PAGE, head, tail;
	uint8_t *p, *at;

	if (whole < size)
		return NULL;
	p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	at = (uint8_t *)ALIGN_UP((uintptr_t)p, HUGE_PAGE) + skew;
	head = (uint64_t)(at - p);
	tail = whole - head - size;
	if (head)
		munmap(p, head);
	if (tail)
		munmap(at + size, tail);
	madvise(at, size, MADV_HUGEPAGE);
	return at;
}

static int add_host(struct physmap *pm, gpa start, uint64_t size, const char *name, bool readonly, struct err *e)
{
	struct mem_region *r;
	uint32_t *gens;
	uint16_t *watched;
	uint8_t *host;

	BUG_ON((start.v | size) & (GUEST_PAGE - 1));
	host = map_host(start.v, size);
	gens = host ? calloc(size / GUEST_PAGE, sizeof(*gens)) : NULL;
	watched = gens ? calloc(size / GUEST_PAGE, sizeof(*watched)) : NULL;
	if (!watched) {
		free(gens);
		if (host)
			munmap(host, size);
		return err_set(e, EXIT_HOST, "cannot allocate %llu MiB for %s: %s; give the guest less memory (-m)",
			       (unsigned long long)(size >> 20), name, strerror(errno));
	}
	r = insert(pm, start.v, size);
	r->host = host;
	r->code_gen = gens;
	r->watched = watched;
	r->readonly = readonly;
	return 0;
}

int physmap_add_ram(struct physmap *pm, gpa start, uint64_t size, const char *name, struct err *e)
{
	return add_host(pm, start, size, name, false, e);
}

static struct mem_region *find(struct physmap *pm, uint64_t a)
{
	unsigned k = lower_bound(pm, a);

	return k < pm->n && pm->regions[k].start <= a ? &pm->regions[k] : NULL;
}

int physmap_add_rom(struct physmap *pm, gpa start, uint64_t size, const char *name, const struct mmio_ops *ops, void *dev,
		    struct err *e)
{
	struct mem_region *r;

	if (add_host(pm, start, size, name, true, e))
		return -1;
	r = find(pm, start.v);
	r->ops = ops;
	r->dev = dev;
	return 0;
}

void physmap_trap_reads(struct physmap *pm, gpa start)
{
	struct mem_region *r = find(pm, start.v);

	BUG_ON(!r || !r->readonly || !r->ops);
	st_rel(&r->trap_reads, 1);
}

void physmap_add_mmio(struct physmap *pm, gpa start, uint64_t size, const struct mmio_ops *ops, void *dev)
{
	struct mem_region *r = insert(pm, start.v, size);

	r->ops = ops;
	r->dev = dev;
}

struct physmap *physmap_shadow(const struct physmap *pm, struct err *e)
{
	struct physmap *s = physmap_new();

	for (unsigned k = 0; k < pm->n; k++) {
		const struct mem_region *r = &pm->regions[k];

		if (!r->host) {
			physmap_add_mmio(s, mk_gpa(r->start), r->size, r->ops, r->dev);
			continue;
		}
		if (add_host(s, mk_gpa(r->start), r->size, "the second copy of RAM", r->readonly, e)) {
			physmap_free(s);
			return NULL;
		}
		find(s, r->start)->ops = r->ops;
		find(s, r->start)->dev = r->dev;
	}
	return s;
}

/* Pages that are equal stay as they are, so that what nobody has touched takes no memory. */
void physmap_copy_ram(const struct physmap *to, const struct physmap *from)
{
	for (unsigned k = 0; k < from->n; k++) {
		const struct mem_region *a = &from->regions[k], *b = &to->regions[k];

		for (uint64_t at = 0; a->host && at < a->size; at += GUEST_PAGE) {
			if (!memcmp(a->host + at, b->host + at, GUEST_PAGE))
				continue;
			memcpy(b->host + at, a->host + at, GUEST_PAGE);
			at_add(&b->code_gen[at / GUEST_PAGE], 1);
		}
	}
}

const struct mem_region *physmap_largest(const struct physmap *pm)
{
	const struct mem_region *best = NULL;

	for (unsigned k = 0; k < pm->n; k++)
		if (pm->regions[k].host && !pm->regions[k].readonly && (!best || pm->regions[k].size > best->size))
			best = &pm->regions[k];
	return best;
}

void physmap_set_notice(struct physmap *pm, void (*fn)(void *arg, gpa a, uint64_t len), void *arg)
{
	pm->notice = fn;
	pm->notice_arg = arg;
}

void physmap_notice(const struct physmap *pm, gpa a, uint64_t len)
{
	if (unlikely(pm->notice))
		pm->notice(pm->notice_arg, a, len);
}

const struct mem_region *physmap_find(const struct physmap *pm, gpa a)
{
	unsigned k = lower_bound(pm, a.v);

	return k < pm->n && pm->regions[k].start <= a.v ? &pm->regions[k] : NULL;
}

const struct mem_region *physmap_by_host(const struct physmap *pm, const void *p)
{
	for (unsigned k = 0; k < pm->n; k++) {
		const struct mem_region *r = &pm->regions[k];

		if (r->host && (uintptr_t)p - (uintptr_t)r->host < r->size)
			return r;
	}
	return NULL;
}

void *physmap_host(const struct physmap *pm, gpa a, uint64_t len, bool write)
{
	const struct mem_region *r = physmap_find(pm, a);

	if (!r || !r->host || (write && r->readonly))
		return NULL;
	if (len > r->size - (a.v - r->start))
		return NULL;
	return r->host + (a.v - r->start);
}

/* Width of the pieces that an access of `size` bytes is done in; 0: refused. */
static unsigned mmio_piece(const struct mem_region *r, gpa a, unsigned size)
{
	unsigned min = r->ops->min_size ? r->ops->min_size : 1;
	unsigned max = r->ops->max_size ? r->ops->max_size : 8;
	uint64_t off = a.v - r->start;

	if (size < min || (off & (size - 1)) || off >= r->size || size > r->size - off)
		return 0;
	return MIN(size, max);
}

bool physmap_mmio_read(const struct mem_region *r, gpa a, unsigned size, unsigned cpu, uint64_t *val)
{
	unsigned piece = mmio_piece(r, a, size);
	uint64_t part = 0;

	if (!piece)
		return false;
	*val = 0;
	for (unsigned k = 0; k < size; k += piece) {
		if (!r->ops->read(r->dev, a.v - r->start + k, piece, cpu, &part))
			return false;
		*val |= (part & mask64(8 * piece)) << (8 * k);
	}
	return true;
}

bool physmap_mmio_write(const struct mem_region *r, gpa a, unsigned size, unsigned cpu, uint64_t val)
{
	unsigned piece = mmio_piece(r, a, size);

	if (!piece)
		return false;
	for (unsigned k = 0; k < size; k += piece)
		if (!r->ops->write(r->dev, a.v - r->start + k, piece, cpu, val >> (8 * k) & mask64(8 * piece)))
			return false;
	return true;
}
