/* The translation cache, one thread: table, links, invalidation, reclaim, completion. */
#include "tcache/tcache.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomic.h"
#include "tests/tcache/hostcode.h"
#include "mem/access.h"
#include "tests/tap.h"
#include "tcache/jcache.h"
#include "tcache/perfmap.h"

#define NPAGES 64
#define PAGE 4096

static uint8_t *ram;
static unsigned kicks, unused;
static uint64_t pcs[TCACHE_POLL_MAX];

static void kick(void *user) { ++*(unsigned *)user; }

static struct tkey key_at(unsigned off) { return (struct tkey){.host = ram + off, .pc = 0x1000 + off, .ctx = 1}; }

/* Translates the two words at ram + off. */
static struct tblock *translate(struct tcache *t, struct tcache_cpu *c, unsigned off, uint64_t word)
{
	struct tlink l = {0};
	struct tspan span = {.host = ram + off, .bytes = 8};
	struct tdraft d = {.key = key_at(off), .links = &l, .nlinks = 1, .spans = &span, .nspans = 1, .blob = "blob", .blob_bytes = 5};
	struct tspace s;
	uint32_t copy[2];

	d.pages[0] = ram + off;
	d.gen[0] = tcache_watch(t, ram + off);
	copy[0] = (uint32_t)ram_ld32(ram + off);
	copy[1] = (uint32_t)ram_ld32(ram + off + 4);
	d.guest_copy = copy;
	if (!tcache_reserve(c, 1024, &s))
		return NULL;
	d.code = s.rw;
	d.code_bytes = emit_block(s.rw, word, &l);
	d.guest_insns = 2;
	return tcache_publish(c, &d, NULL);
}

/* The same, waiting for space. */
static struct tblock *translate_now(struct tcache *t, struct tcache_cpu *c, unsigned off, uint64_t word)
{
	struct tblock *b;

	while (!(b = translate(t, c, off, word)))
		tcache_poll(c, pcs);
	return b;
}

static void test_table(struct tcache *t, struct tcache_cpu *c)
{
	struct tkey k = key_at(0);
	struct tblock *a, *b;

	ok(!tcache_lookup(t, &k), "nothing is found in an empty cache");
	a = translate(t, c, 0, 7);
	ok(a && tcache_lookup(t, &k) == a, "a published block is found");
	k.ctx = 2;
	ok(!tcache_lookup(t, &k), "another context is another block");
	b = translate(t, c, 0, 8);
	ok(b == a, "the second of the same key is the first");
	ok(!strcmp(a->blob, "blob") && !((uintptr_t)a->blob & 15), "the blob is kept, aligned");
	ok(tcache_find_code(t, a->code + 5) == a, "found by an address in its code");
	ok(!tcache_find_code(t, a->code + a->code_bytes) && !tcache_find_code(t, &k), "not by others");
}

static void test_links(struct tcache *t, struct tcache_cpu *c)
{
	struct tblock *a = translate(t, c, 64, 10), *b = translate(t, c, 128, 11), *d = translate(t, c, 192, 12);
	struct run_state s;

	ok(run_from(a, &s, 5) == 1 && s.n == 1 && s.word[0] == 10, "not linked: one block runs");
	tcache_link(t, a, 0, b);
	tcache_link(t, b, 0, a);
	ok(run_from(a, &s, 5) == 0 && s.n == 5 && s.word[4] == 10 && s.word[3] == 11, "a circle runs");
	tcache_link(t, b, 0, d);
	ok(run_from(a, &s, 5) == 1 && s.n == 3 && s.word[2] == 12, "linked elsewhere");
	tcache_link(t, d, 0, d);
	tcache_link(t, a, 0, d);
	ok(run_from(a, &s, 5) == 0 && s.n == 5 && s.word[4] == 12, "linked to itself");
	tcache_kill(t, d);
	ok(run_from(a, &s, 5) == 1 && s.n == 1, "all jumps to a killed block are undone");
	ok(!tcache_link(t, a, 0, d) && !tcache_link(t, d, 0, a), "a dead block takes no links");
	ok(!tcache_lookup(t, &d->key), "nor is it found");
}

static void test_invalidate(struct tcache *t, struct tcache_cpu *c)
{
	struct tblock *a = translate(t, c, PAGE, 20), *b = translate(t, c, PAGE + 256, 21);
	struct tcache_stats s0, s1;
	struct run_state s;

	tcache_link(t, a, 0, b);
	tcache_poll(c, pcs);
	tcache_get_stats(t, &s0);
	tcache_invalidate(t, c, ram + PAGE, PAGE);
	tcache_get_stats(t, &s1);
	ok(s1.kept_same == s0.kept_same + 2 && !tcache_poll(c, pcs), "unchanged blocks live");
	kicks = 0;
	ram_st32(ram + PAGE + 256 + 4, 1);
	tcache_invalidate(t, c, ram + PAGE, 64);
	ok(tcache_lookup(t, &b->key) == b, "a change outside the lines named is not looked at");
	tcache_invalidate(t, c, ram + PAGE + 256, 64);
	ok(!tcache_lookup(t, &b->key) && tcache_lookup(t, &a->key) == a, "the block that changed dies, its neighbour lives");
	ok(run_from(a, &s, 5) == 1 && s.n == 1, "and is not jumped to");
	ok(kicks == 1 && tcache_poll(c, pcs) == 1 && pcs[0] == b->key.pc && !tcache_poll(c, pcs), "jump caches are told of it, once");
	tcache_leave(c);
	kicks = 0;
	tcache_kill(t, translate(t, c, PAGE + 512, 23));
	tcache_enter(c);
	ok(!kicks && tcache_poll(c, pcs) == 1, "who is outside is not kicked, and told when he comes in");
	ok(translate(t, c, PAGE + 256, 22) != b, "it can be translated again");
	ram_st32(ram + PAGE, 5);
	tcache_invalidate_all(t, c);
	ok(!tcache_lookup(t, &a->key), "invalidate all finds changes");
	tcache_get_stats(t, &s1);
	ok(s1.live > 0, "and keeps the rest");
	a = translate(t, c, 5 * PAGE + 64, 24);
	b = translate(t, c, 6 * PAGE, 25);
	tcache_flush_page(t, 0x1000 + 5 * PAGE);
	ok(!tcache_lookup(t, &a->key) && tcache_lookup(t, &b->key) == b, "a page's blocks die, unchanged too, those of the next live");
	tcache_sync(c, NULL, NULL);
	tcache_poll(c, pcs);
	tcache_invalidate(t, c, &s1, 64);
	tcache_invalidate(t, c, ram + 30 * PAGE, 2 * PAGE);
	ok(!tcache_poll(c, pcs), "memory without code is ignored");
}

/* Invalidated between reading and publishing. */
static void test_stale_draft(struct tcache *t, struct tcache_cpu *c, bool all)
{
	struct tlink l = {0};
	struct tdraft d = {.key = key_at(2 * PAGE), .links = &l, .nlinks = 1};
	struct tspan span = {.host = ram + 2 * PAGE, .bytes = 8};
	uint32_t copy[2] = {0};
	struct tspace s;

	d.spans = &span;
	d.nspans = 1;
	d.guest_copy = copy;
	d.pages[0] = ram + 2 * PAGE;
	d.gen[0] = tcache_watch(t, ram + 2 * PAGE);
	tcache_reserve(c, 1024, &s);
	d.code = s.rw;
	d.code_bytes = emit_block(s.rw, 1, &l);
	if (all)
		tcache_invalidate_all(t, c);
	else
		tcache_invalidate(t, c, ram + 2 * PAGE, 64);
	ok(!tcache_publish(c, &d, NULL), "invalidated %s before publication: refused", all ? "all" : "the page");
}

/* A block whose metadata alone fills a region. */
static void test_no_space(struct tcache *t, struct tcache_cpu *c)
{
	struct tlink l = {0};
	struct tdraft d = {.key = key_at(3 * PAGE), .blob_bytes = 40 << 10, .links = &l, .nlinks = 1};
	struct tspace s, s2;
	bool no_space = false;
	struct tblock *b;

	d.blob = calloc(1, d.blob_bytes);
	d.pages[0] = ram + 3 * PAGE;
	d.gen[0] = tcache_watch(t, ram + 3 * PAGE);
	tcache_reserve(c, 1024, &s);
	d.code = s.rw;
	d.code_bytes = emit_block(s.rw, 5, &l);
	ok(!tcache_publish(c, &d, &no_space) && no_space, "a block that leaves no room for metadata is refused");
	d.blob_bytes = 20 << 10;
	for (unsigned k = 0; k < 2; k++) {
		tcache_reserve(c, 1024, &s);
		d.key = key_at(3 * PAGE + 64 * k);
		d.code = s.rw;
		d.code_bytes = emit_block(s.rw, 5, &l);
		b = tcache_publish(c, &d, &no_space);
	}
	ok(!b && no_space, "and so is one that the region has no more room for");
	tcache_reserve(c, 1024, &s2);
	d.code = s2.rw;
	d.code_bytes = emit_block(s2.rw, 5, &l);
	b = tcache_publish(c, &d, &no_space);
	ok(b && tcache_by_id(t, s2.id) == b && s2.rw != s.rw, "which another one has, and finds it by its number");
	free((void *)(uintptr_t)d.blob);
}

/* Fills the cache several times over. */
static void test_reclaim(struct tcache *t, struct tcache_cpu *c)
{
	const uint32_t request = 0;
	struct tcache_stats st;
	unsigned made = 0, waits = 0;
	bool good = true;
	struct run_state s;

	for (uint32_t k = 0; made < 40000 && waits < 10000; k++) {
		unsigned off = k * 8 % (NPAGES * PAGE);
		struct tblock *b;

		b = translate(t, c, off, k);
		if (!b) {
			waits++;
			tcache_wait(c, &request);
			tcache_poll(c, pcs);
			continue;
		}
		made++;
		good &= run_from(b, &s, 1) == 0 && s.n == 1;
		if (k % 64 == 0)
			tcache_poll(c, pcs);
	}
	tcache_get_stats(t, &st);
	ok(good && made == 40000, "blocks beyond the size of the cache are made and run (waited %u times)", waits);
	ok(tcache_poll(c, pcs) == -1 || !tcache_poll(c, pcs), "after many kills jump caches are emptied");
	ok(st.regions_retired > 0 && st.killed_region > 0 && st.live < 32768, "%u regions retired, %u blocks live",
	   (unsigned)st.regions_retired, (unsigned)st.live);
}

struct other {
	struct tcache_cpu *c;
	bool *stop, *synced;
};

static void *other_vcpu(void *arg)
{
	uint64_t own[TCACHE_POLL_MAX];
	struct other *o = arg;

	tcache_enter(o->c);
	while (!ld_acq(o->stop))
		;
	usleep(20000);
	if (ld_acq(o->synced))
		*o->stop = false; /* completion came too early */
	tcache_poll(o->c, own);
	while (!ld_acq(o->synced))
		usleep(100);
	tcache_leave(o->c);
	return NULL;
}

static void test_sync(struct tcache *t, struct tcache_cpu *c)
{
	bool stop = false, synced = false;
	struct other o = {tcache_cpu_new(t, &unused), &stop, &synced};
	pthread_t th;

	translate_now(t, c, 8 * PAGE, 1);
	tcache_enter(o.c);
	pthread_create(&th, NULL, other_vcpu, &o);
	ram_st32(ram + 8 * PAGE, 99);
	tcache_invalidate(t, c, ram + 8 * PAGE, 64);
	st_rel(&stop, true);
	tcache_sync(c, NULL, NULL);
	st_rel(&synced, true);
	pthread_join(th, NULL);
	ok(stop, "the barrier waits until the other vCPU has polled");
	tcache_sync(c, NULL, NULL);
	tcache_cpu_free(o.c);
	ok(tcache_cpu_new(t, &unused) == o.c, "a vCPU's record is used again");
}

/* The map with and without symbols, and the dump, of one block each at guest address a000. */
static void test_perfmap(struct tcache *t, struct tcache_cpu *c)
{
	static const char map[] = "0000000000009f00 T first\n000000000000a004 t second\n";
	char path[64], dump[64], line[200] = "", want[100], bytes[4096];
	struct err e;
	struct symtab *syms = symtab_new("map", (const uint8_t *)map, sizeof(map) - 1, &e);
	struct perfmap *m;
	struct tblock *b;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%ld.map", (long)getpid());
	snprintf(dump, sizeof(dump), "jit-%ld.dump", (long)getpid());
	for (unsigned k = 0; k < 2; k++) {
		m = perfmap_start(t, PERFMAP_MAP | PERFMAP_DUMP, k ? syms : NULL, &e);
		ram_st32(ram + 9 * PAGE, 77);
		tcache_flush(t);
		b = translate_now(t, c, 9 * PAGE, 1);
		perfmap_stop(m);
		f = fopen(path, "r");
		ok(f && fgets(line, sizeof(line), f) && strstr(line, " parma glue\n"), "the perf map has the glue");
		ok(f && fgets(line, sizeof(line), f), "and the block");
		snprintf(want, sizeof(want), "%lx %x %s\n", (unsigned long)b->code, b->code_bytes, k ? "first+0x100" : "guest@a000");
		ok(!strcmp(line, want), "with its address, size and name");
		if (f)
			fclose(f);
	}
	f = fopen(dump, "r");
	if (f) {
		n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
	}
	ok(n > 40 && !memcmp(bytes, "DTiJ\1\0\0\0\50\0\0\0\76\0\0\0", 16), "the dump has its header");
	ok(n > b->code_bytes && memmem(bytes, n, b->code, b->code_bytes) && memmem(bytes, n, "first+0x100", 12), "and the code and its name");
	unlink(path);
	unlink(dump);
	symtab_free(syms);
}

static void test_jcache(void)
{
	static struct jcache j;

	jcache_clear(&j);
	ok(jcache_at(&j, 0)->pc != 0, "an empty jump cache has no entry for address 0");
	jcache_put(&j, 0x1004, "x");
	ok(jcache_at(&j, 0x1004)->pc == 0x1004 && jcache_at(&j, 0x1008)->pc != 0x1008, "entries are found");
}

int main(void)
{
	struct tcache_ops ops = {.kick = kick};
	struct tcache_cpu *c;
	struct tcache *t;
	struct err e;
	intptr_t delta;
	uint8_t *glue;

	ram = mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(!tcache_new(1000, &ops, &e), "a size that is no whole MiB is refused");
	t = tcache_new(TCACHE_MIN_BYTES, &ops, &e);
	if (!t) {
		printf("Bail out! %s\n", e.msg);
		return 1;
	}
	c = tcache_cpu_new(t, &kicks);
	tcache_enter(c);
	tcache_poll(c, pcs);
	glue = tcache_glue(t, 16, &delta);
	memcpy(glue, "\xb8\x2a\x00\x00\x00\xc3", 6);
	ok(((int (*)(void))(uintptr_t)(glue + delta))() == 42, "code written to one view runs in the other");
	test_table(t, c);
	test_links(t, c);
	test_invalidate(t, c);
	test_stale_draft(t, c, false);
	test_stale_draft(t, c, true);
	test_no_space(t, c);
	test_reclaim(t, c);
	test_sync(t, c);
	test_perfmap(t, c);
	test_jcache();
	tcache_cpu_free(c);
	tcache_free(t);
	munmap(ram, NPAGES * PAGE);
	return tap_done();
}
