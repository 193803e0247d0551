/*
 * The table of blocks: lookup and publication; and the cache's set-up.
 *
 * Buckets are RCU lists.  Readers follow them without a lock; writers hold
 * tcache.lock.  A block taken out keeps its own next pointer until its memory
 * is reused, so a reader that stands on it goes on to the rest of the list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tcache/tcache_priv.h"

#define META_ALIGN 16
#define BYTES_PER_BUCKET 2048 /* fewer than blocks when the cache is full, but a table that stays in the host's caches */
#define META_RATIO 2         /* room for metadata, in sizes of the code: short blocks have more of it than of code */
#define MAX_RX_GIB 1         /* rel32 must reach from any block to any other */

/* -- hash -- */

static struct tblock **bucket_of(const struct tcache *t, const struct tkey *k)
{
	/* Neighbours in the guest are neighbours here, which the host's caches like. */
	uint64_t page = ((uintptr_t)k->host >> 12 ^ k->pc >> 12 << 24 ^ (uint64_t)k->ctx << 48) * UINT64_C(0x9e3779b97f4a7c15);

	return &t->bucket[((page >> 32) + ((uintptr_t)k->host >> 2 & 1023)) & t->bucket_mask];
}

static bool key_equal(const struct tkey *a, const struct tkey *b)
{
	return a->host == b->host && a->pc == b->pc && a->ctx == b->ctx;
}

struct tblock *tcache_lookup(struct tcache *t, const struct tkey *k)
{
	struct tblock *b = ld_acq(bucket_of(t, k)); /* pairs with st_rel in tc_hash_insert() */

	while (b && !key_equal(&b->key, k))
		b = ld_acq(&b->hash_next);
	return b;
}

void tc_hash_insert(struct tcache *t, struct tblock *b)
{
	struct tblock **head = bucket_of(t, &b->key);

	b->hash_next = *head;
	st_rel(head, b); /* pairs with ld_acq in tcache_lookup() */
}

void tc_hash_remove(struct tcache *t, struct tblock *b)
{
	struct tblock **at = bucket_of(t, &b->key);

	while (*at != b)
		at = &(*at)->hash_next;
	st_rel(at, b->hash_next);
}

/* -- publication -- */

static size_t padded(size_t n) { return ALIGN_UP(n, META_ALIGN); }

static uint32_t guest_bytes(const struct tdraft *d)
{
	uint32_t n = 0;

	for (unsigned k = 0; k < d->nspans; k++)
		n += d->spans[k].bytes;
	return n;
}

static void *carve(uint8_t **at, const void *from, size_t bytes)
{
	void *p = *at;

	if (bytes)
		memcpy(p, from, bytes);
	*at += padded(bytes);
	return p;
}

/* Bytes of metadata that a draft becomes. */
static size_t meta_bytes(const struct tdraft *d)
{
	return padded(sizeof(struct tblock)) + padded(d->nlinks * sizeof(struct tlink)) + padded(d->nspans * sizeof(struct tspan)) +
	       padded(guest_bytes(d)) + padded(d->blob_bytes);
}

/* Writes the metadata of a draft; nobody else knows of the space yet. */
static struct tblock *build(struct tcache *t, const struct tdraft *d, uint8_t *at)
{
	struct tblock *p = (struct tblock *)(void *)at;
	struct tblock b = {.key = d->key, .code = d->code + tc_delta(t), .code_bytes = d->code_bytes,
			   .guest_insns = d->guest_insns, .nlinks = (uint16_t)d->nlinks, .nspans = (uint16_t)d->nspans,
			   .meta_bytes = (uint32_t)meta_bytes(d), .blob_bytes = d->blob_bytes};

	at += padded(sizeof(b));
	b.links = carve(&at, d->links, d->nlinks * sizeof(*d->links));
	b.spans = carve(&at, d->spans, d->nspans * sizeof(*d->spans));
	b.guest_copy = carve(&at, d->guest_copy, guest_bytes(d));
	b.blob = carve(&at, d->blob, d->blob_bytes);
	for (unsigned k = 0; k < d->nlinks; k++) {
		struct tlink *l = &b.links[k];

		BUG_ON(((uintptr_t)b.code + l->site) & 3);
		l->from = p;
		l->to = NULL;
	}
	for (unsigned k = 0; k < TBLOCK_PAGES; k++) {
		b.pages[k].block = p;
		b.pages[k].page = d->pages[k] ? tc_page(t, d->pages[k]) : NULL;
	}
	*p = b;
	return p;
}

/* A page of the draft was invalidated since it was watched. Lock held. */
static bool is_stale(const struct tcache *t, const struct tblock *b, const struct tdraft *d)
{
	uint64_t all = (uint64_t)ld_acq(&t->gen_all) << 32;

	for (unsigned k = 0; k < TBLOCK_PAGES; k++)
		if (b->pages[k].page && (all | b->pages[k].page->gen) != d->gen[k])
			return true;
	return false;
}

static void list_pages(struct tblock *b)
{
	for (unsigned k = 0; k < TBLOCK_PAGES; k++) {
		struct tpage_ref *ref = &b->pages[k];

		if (!ref->page)
			continue;
		ref->next = ref->page->refs;
		ref->pprev = &ref->page->refs;
		if (ref->next)
			ref->next->pprev = &ref->next;
		ref->page->refs = ref;
	}
}

/* Lock held. */
static void make_known(struct tcache *t, struct region *r, struct tblock *b, const struct tdraft *d)
{
	r->meta_end += b->meta_bytes;
	r->code_end = (uint8_t *)(uintptr_t)d->code + ALIGN_UP(d->code_bytes, 16);
	r->live++;
	list_pages(b);
	st_rel(&b->dead, 0); /* pairs with tblock_arrived() */
	tc_hash_insert(t, b);
	t->stats.blocks++;
	t->stats.live++;
	t->stats.code_bytes += d->code_bytes;
	t->stats.meta_bytes += b->meta_bytes;
	t->stats.guest_bytes += guest_bytes(d);
	if (t->hook)
		t->hook(t->hook_arg, b);
}

struct tblock *tcache_publish(struct tcache_cpu *c, const struct tdraft *d, bool *no_space)
{
	struct tcache *t = c->tcache;
	struct region *r = c->region; /* nobody takes it away */
	bool fits = meta_bytes(d) <= (size_t)(r->meta + t->meta_bytes - r->meta_end);
	struct tblock *b = fits ? build(t, d, r->meta_end) : NULL, *other;

	if (no_space)
		*no_space = !fits;
	lock_take(&t->lock);
	if (b && (other = tcache_lookup(t, &d->key))) {
		t->stats.lost_races++;
		b = other;
	} else if (b && is_stale(t, b, d)) {
		t->stats.stale_drafts++;
		b = NULL;
	} else if (b) {
		make_known(t, r, b, d);
	}
	tc_give_back(t, c, fits);
	lock_drop(&t->lock);
	return b;
}

struct tblock *tcache_by_id(const struct tcache *t, uint32_t id)
{
	return (struct tblock *)(void *)(t->meta + (size_t)id * META_ALIGN);
}

uint32_t tc_id_at(const struct tcache *t, const uint8_t *meta)
{
	return (uint32_t)((size_t)(meta - t->meta) / META_ALIGN);
}

/* -- set-up -- */

static void unmap_all(struct tcache *t)
{
	if (t->rw)
		munmap(t->rw, t->bytes);
	if (t->rx)
		munmap(t->rx, t->bytes);
	if (t->meta)
		munmap(t->meta, META_RATIO * t->bytes);
	if (t->bucket)
		munmap(t->bucket, (t->bucket_mask + 1) * sizeof(*t->bucket));
	tc_pages_free(t);
	free(t->regions);
	free(t);
}

/*
 * Both views: shared anonymous memory, mapped a second time (mremap of 0 bytes does that, see its manual page), and not
 * a memfd, because perf reads /tmp/perf-PID.map for addresses in anonymous memory only.
 */
static bool map_code(struct tcache *t)
{
	void *rw = mmap(NULL, t->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *rx;

	if (rw == MAP_FAILED)
		return false;
	t->rw = rw;
	rx = mremap(rw, 0, t->bytes, MREMAP_MAYMOVE);
	if (rx == MAP_FAILED)
		return false;
	t->rx = rx;
	return !mprotect(rx, t->bytes, PROT_READ | PROT_EXEC);
}

/* Zeroed memory that takes space only where it is touched. */
static void *map_table(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct tcache *tcache_new(size_t bytes, const struct tcache_ops *ops, struct err *e)
{
	struct tcache *t;
	size_t buckets = 1024;

	if (bytes < TCACHE_MIN_BYTES || bytes % TCACHE_MIN_BYTES || bytes > (size_t)MAX_RX_GIB << 30) {
		err_set(e, EXIT_USAGE, "the size of the code cache must be whole MiB, from 1 to 1024");
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (t) {
		t->bytes = bytes;
		t->region_bytes = MIN(MAX(bytes / 256, (size_t)16 << 10), (size_t)512 << 10);
		t->meta_bytes = META_RATIO * t->region_bytes;
		while (buckets < bytes / BYTES_PER_BUCKET)
			buckets *= 2;
		t->ops = *ops;
		t->epoch = 1;
		t->bucket = map_table(buckets * sizeof(*t->bucket));
		t->bucket_mask = buckets - 1;
		if (t->bucket) /* all over which blocks are strewn from the start */
			tc_populate(t->bucket, buckets * sizeof(*t->bucket));
		t->meta = map_table(META_RATIO * bytes);
	}
	if (!t || !t->bucket || !t->meta || !map_code(t) || !tc_regions_init(t)) {
		err_set(e, EXIT_HOST, "cannot map %zu MiB of code memory: %s", bytes >> 20, strerror(errno));
		if (t)
			unmap_all(t);
		return NULL;
	}
	lock_init(&t->lock, RANK_TCACHE);
	lock_init(&t->link_lock, RANK_LINK);
	tc_stock_start(t);
	return t;
}

void tcache_free(struct tcache *t)
{
	if (!t)
		return;
	tc_stock_stop(t);
	for (struct tcache_cpu *c = t->cpus, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	lock_destroy(&t->lock);
	lock_destroy(&t->link_lock);
	unmap_all(t);
}

/* A record that its thread gave back, or NULL. */
static struct tcache_cpu *reuse_cpu(struct tcache *t)
{
	struct tcache_cpu *c = t->cpus;

	while (c && c->used)
		c = c->next;
	return c;
}

struct tcache_cpu *tcache_cpu_new(struct tcache *t, void *user)
{
	struct tcache_cpu *c;

	lock_take(&t->lock);
	c = reuse_cpu(t);
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (c) {
			c->tcache = t;
			c->next = t->cpus;
			st_rel(&t->cpus, c); /* pairs with ld_acq of walkers */
		}
	}
	if (c) {
		c->used = true;
		st_rel(&c->user, user); /* pairs with ld_acq in kick_inside() */
		st_rel(&c->seen, ld_sc(&t->epoch)); /* its jump caches are empty */
	}
	lock_drop(&t->lock);
	return c;
}

void tcache_cpu_free(struct tcache_cpu *c)
{
	if (!c)
		return;
	tcache_leave(c);
	lock_take(&c->tcache->lock);
	tc_give_back(c->tcache, c, true);
	c->unsynced = 0;
	c->used = false;
	st_rel(&c->user, NULL);
	lock_drop(&c->tcache->lock);
}

void tcache_get_stats(struct tcache *t, struct tcache_stats *s)
{
	lock_take(&t->lock);
	lock_take(&t->link_lock);
	*s = t->stats;
	lock_drop(&t->link_lock);
	lock_drop(&t->lock);
}

void tcache_set_hook(struct tcache *t, void (*published)(void *arg, const struct tblock *b), void *arg)
{
	t->hook_arg = arg;
	t->hook = published;
}
