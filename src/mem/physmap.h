/*
 * The guest's physical address space: RAM backed by host memory and device
 * windows.  Built before the first vCPU runs and constant afterwards, so
 * lookups take no lock and any thread may make them.
 */
#ifndef PARMA_MEM_PHYSMAP_H
#define PARMA_MEM_PHYSMAP_H

#include "base/atomic.h"
#include "base/err.h"
#include "base/types.h"

#define MMIO_NO_CPU (~0u) /* the access is a device's, not a vCPU's */

/*
 * A device window.  size is 1, 2, 4 or 8 and offset a multiple of size; the
 * map splits or refuses what lies outside [min_size, max_size]:
 *   - wider than max_size: done as consecutive accesses of max_size;
 *   - narrower than min_size: external abort to the guest.
 * cpu is the index of the vCPU that makes the access (banked registers) or
 * MMIO_NO_CPU.  Functions return false for an external abort.  They are
 * called on any thread with no lock held and lock for themselves.
 */
struct mmio_ops {
	const char *name;
	unsigned min_size, max_size; /* bytes; 0 means 1 and 8 */
	bool (*read)(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t *val);
	bool (*write)(void *dev, uint64_t offset, unsigned size, unsigned cpu, uint64_t val);
};

struct mem_region {
	uint64_t start, size;       /* CONST_AFTER_INIT */
	uint8_t *host;              /* CONST_AFTER_INIT; NULL for a device window */
	const struct mmio_ops *ops; /* CONST_AFTER_INIT; NULL for RAM, and for a ROM that ignores writes */
	void *dev;                  /* CONST_AFTER_INIT */
	bool readonly;              /* CONST_AFTER_INIT; ROM: fetched and read from host, writes go to ops */
	uint32_t trap_reads;        /* ATOMIC(st_rel in physmap_trap_reads, ld_acq at each read: such regions have no fast ones): data
	                               reads of a ROM go to ops, too */
	uint16_t *watched;          /* CONST_AFTER_INIT pointer, writable RAM: one word per 4 KiB page, ATOMIC: stores
	                               that monitors must see (a64/exclusive.h) */
	uint32_t *code_gen;         /* CONST_AFTER_INIT pointer, RAM: one word per 4 KiB page, ATOMIC: bumped
	                               (at_add) when translated or decoded code of the page becomes stale;
	                               read acquire at block entry */
};

struct physmap;

struct physmap *physmap_new(void);
void physmap_free(struct physmap *pm);

/* Maps `size` bytes (page multiples) of zeroed host memory at start. 0, or -1 with e filled. */
int physmap_add_ram(struct physmap *pm, gpa start, uint64_t size, const char *name, struct err *e);
/* The same for a ROM; ops may be NULL. */
int physmap_add_rom(struct physmap *pm, gpa start, uint64_t size, const char *name, const struct mmio_ops *ops, void *dev,
		    struct err *e);
/*
 * Data reads of the ROM at start go to its ops from now on. A read whose vCPU has not seen this yet comes from memory, as
 * one before the command that is the cause. Any thread.
 */
void physmap_trap_reads(struct physmap *pm, gpa start);
/* Maps a device window. Overlaps are a BUG. */
void physmap_add_mmio(struct physmap *pm, gpa start, uint64_t size, const struct mmio_ops *ops, void *dev);

/*
 * A second map: RAM of its own, zeroed, and the same device windows. NULL with e filled. To be freed before the first.
 * physmap_copy_ram(): contents of `from` into `to`, its shadow (or the map that it is the shadow of).
 */
struct physmap *physmap_shadow(const struct physmap *pm, struct err *e);
void physmap_copy_ram(const struct physmap *to, const struct physmap *from);
/* The largest RAM region. */
const struct mem_region *physmap_largest(const struct physmap *pm);
/* fn is told of each change of RAM by a device or the host (dma_write() and its kin), after it. Before any vCPU runs. */
void physmap_set_notice(struct physmap *pm, void (*fn)(void *arg, gpa a, uint64_t len), void *arg);
void physmap_notice(const struct physmap *pm, gpa a, uint64_t len);

/* The region that holds a, or NULL. Any thread, no lock. */
const struct mem_region *physmap_find(const struct physmap *pm, gpa a);

/* The RAM region whose host memory holds p, or NULL. Any thread, no lock. */
const struct mem_region *physmap_by_host(const struct physmap *pm, const void *p);

/* Host address of `len` bytes of RAM (not ROM unless !write) at a, all in one region; NULL if not. */
void *physmap_host(const struct physmap *pm, gpa a, uint64_t len, bool write);

/* One device access, with the splitting rules above. false: external abort. */
bool physmap_mmio_read(const struct mem_region *r, gpa a, unsigned size, unsigned cpu, uint64_t *val);
bool physmap_mmio_write(const struct mem_region *r, gpa a, unsigned size, unsigned cpu, uint64_t val);

/*
 * DMA: copies between guest physical memory and a host buffer; for devices
 * and loaders.  Any thread.  Counts as a writer for exclusive monitors and
 * never tears naturally aligned units up to 8 bytes.  false if any byte is
 * not RAM (nothing is said of how much was copied then).
 */
bool dma_read(const struct physmap *pm, gpa a, void *buf, uint64_t len);
bool dma_write(const struct physmap *pm, gpa a, const void *buf, uint64_t len);
/*
 * Says that the host changed len bytes of RAM at a through physmap_host() (a
 * read() into guest memory): code and monitors take notice as after dma_write(),
 * though a load-exclusive in between may go unnoticed.
 */
void dma_wrote(const struct physmap *pm, gpa a, uint64_t len);
/* Naturally aligned little-endian units with acquire/release order, for rings shared with the guest. */
bool dma_load(const struct physmap *pm, gpa a, unsigned size, uint64_t *val);
bool dma_store(const struct physmap *pm, gpa a, unsigned size, uint64_t val);

#endif
