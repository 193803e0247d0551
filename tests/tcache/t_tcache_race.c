/*
 * Four threads translate, chain, run, patch and invalidate through a cache of
 * 1 MiB, and a fifth one takes its oldest region away all the time.  What must hold: once a thread changed the guest's code, invalidated
 * and synchronised, and says so, no thread runs the old code any more, be it
 * found by lookup, by its jump cache or through a chain of jumps.
 *
 * A guest "instruction" word is its version; a block reports key and version.
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "tests/tcache/hostcode.h"
#include "mem/access.h"
#include "tests/tap.h"
#include "tcache/jcache.h"
#include "tcache/tcache.h"

#define NTHREADS 4
#define NPAGES 32
#define PAGE 4096
#define STRIDE 64
#define NKEYS (NPAGES * PAGE / STRIDE)
#define RUN_NS 1500000000ull

static uint8_t *ram;
static struct tcache *cache;
static uint32_t lowest[NKEYS]; /* ATOMIC: no older version may run from here on */
static uint32_t request[NTHREADS]; /* ATOMIC */
static uint32_t stop;

struct worker {
	unsigned id;
	uint64_t rng;
	struct tcache_cpu *c;
	struct jcache j;
	uint64_t runs, blocks, bad, changes, waits, polls;
};

static void kick(void *user) { at_or((uint32_t *)user, 1); }

static uint32_t rnd(struct worker *w)
{
	w->rng = w->rng * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(w->rng >> 33);
}

static struct tblock *translate(struct worker *w, unsigned key)
{
	uint8_t *at = ram + key * STRIDE;
	struct tlink l = {0};
	struct tspan span = {.host = at, .bytes = 4};
	struct tdraft d = {.key = {.host = at, .pc = key * STRIDE}, .links = &l, .nlinks = 1, .spans = &span, .nspans = 1,
			   .guest_insns = 1};
	struct tspace s;
	uint32_t version;

	d.pages[0] = at;
	d.gen[0] = tcache_watch(cache, at);
	version = (uint32_t)ram_ld32(at);
	d.guest_copy = &version;
	if (!tcache_reserve(w->c, 1024, &s)) {
		w->waits++;
		return NULL;
	}
	d.code = s.rw;
	d.code_bytes = emit_block(s.rw, (uint64_t)key << 32 | version, &l);
	return tcache_publish(w->c, &d, NULL);
}

static struct tblock *find(struct worker *w, unsigned key)
{
	struct tkey k = {.host = ram + key * STRIDE, .pc = key * STRIDE};
	struct tblock *b = tcache_lookup(cache, &k);

	return b ? b : translate(w, key);
}

static void run_some(struct worker *w, unsigned key)
{
	uint32_t low[8]; /* of the keys that a chain from here leads to */
	struct jcache_entry *e = jcache_at(&w->j, key * STRIDE);
	struct tblock *b, fake = {0};
	struct run_state s;

	for (unsigned k = 0; k < 8; k++)
		low[k] = ld_sc(&lowest[(key + k) % NKEYS]);
	if (e->pc == key * STRIDE) {
		fake.code = e->code;
		b = &fake;
	} else {
		b = find(w, key);
		if (!b)
			return;
		jcache_put(&w->j, key * STRIDE, b->code);
	}
	if (run_from(b, &s, 8) == 1 && s.n < 8 && b != &fake) {
		/* the chain ended: make it longer */
		unsigned last = (key + (unsigned)s.n - 1) % NKEYS;
		struct tblock *from = find(w, last), *to = find(w, (last + 1) % NKEYS);

		if (from && to)
			tcache_link(cache, from, 0, to);
	}
	w->runs++;
	w->blocks += s.n;
	for (unsigned k = 0; k < s.n; k++)
		if (s.word[k] >> 32 != (key + k) % NKEYS || (uint32_t)s.word[k] < low[k])
			w->bad++;
}

static void change_some(struct worker *w)
{
	/* Each thread changes keys of its own, so that versions rise. */
	unsigned key = (rnd(w) % (NKEYS / NTHREADS)) * NTHREADS + w->id;
	uint8_t *at = ram + key * STRIDE;
	uint32_t version = (uint32_t)ram_ld32(at) + 1;

	ram_st32(at, version);
	at_or(&request[w->id], 0); /* a full fence, as the guest's DSB */
	if (rnd(w) % 64)
		tcache_invalidate(cache, w->c, at, 64);
	else
		tcache_invalidate_all(cache, w->c);
	tcache_sync(w->c, NULL, NULL);
	st_sc(&lowest[key], version);
	w->changes++;
}

static void poll_requests(struct worker *w)
{
	uint64_t pcs[TCACHE_POLL_MAX];
	int n;

	at_and(&request[w->id], 0);
	w->polls++;
	n = tcache_poll(w->c, pcs);
	if (n < 0)
		jcache_clear(&w->j);
	for (int k = 0; k < n; k++)
		if (jcache_at(&w->j, pcs[k])->pc == pcs[k])
			jcache_put(&w->j, pcs[k], NULL), jcache_at(&w->j, pcs[k])->pc = JCACHE_EMPTY;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	jcache_clear(&w->j);
	tcache_enter(w->c);
	poll_requests(w);
	while (!ld_acq(&stop)) {
		for (unsigned k = 0; k < 16 && !ld_acq(&request[w->id]); k++)
			run_some(w, rnd(w) % NKEYS);
		if (rnd(w) % 16 == 0)
			change_some(w);
		poll_requests(w);
		if (rnd(w) % 1024 == 0) { /* asleep */
			tcache_leave(w->c);
			usleep(100);
			tcache_enter(w->c);
			poll_requests(w);
		}
	}
	tcache_leave(w->c);
	return NULL;
}

int main(void)
{
	static struct worker w[NTHREADS];
	struct tcache_ops ops = {.kick = kick};
	struct tcache_evictor *evictor;
	struct tcache_stats st;
	struct worker sum = {0};
	pthread_t th[NTHREADS];
	struct err e;

	alarm(1000);
	ram = mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cache = tcache_new(TCACHE_MIN_BYTES, &ops, &e);
	if (!cache) {
		printf("Bail out! %s\n", e.msg);
		return 1;
	}
	for (unsigned k = 0; k < NTHREADS; k++) {
		w[k].id = k;
		w[k].rng = k + 1;
		w[k].c = tcache_cpu_new(cache, &request[k]);
	}
	for (unsigned k = 0; k < NTHREADS; k++)
		pthread_create(&th[k], NULL, work, &w[k]);
	evictor = tcache_evictor_start(cache, 300);
	/* On a busy host until all sides have had their turns. */
	for (unsigned k = 0; k < 40; k++) {
		nanosleep(&(struct timespec){.tv_sec = RUN_NS / 1000000000, .tv_nsec = RUN_NS % 1000000000}, NULL);
		tcache_get_stats(cache, &st);
		if (st.killed_region > 100 && st.killed_changed > 100)
			break;
	}
	tcache_evictor_stop(evictor);
	st_rel(&stop, 1);
	for (unsigned k = 0; k < NTHREADS; k++) {
		pthread_join(th[k], NULL);
		sum.runs += w[k].runs;
		sum.blocks += w[k].blocks;
		sum.bad += w[k].bad;
		sum.changes += w[k].changes;
		sum.waits += w[k].waits;
		tcache_cpu_free(w[k].c);
	}
	tcache_get_stats(cache, &st);
	printf("# %" PRIu64 " runs of %" PRIu64 " blocks, %" PRIu64 " changes, %" PRIu64 " waits; %" PRIu64 " translated, %" PRIu64
	       " links, %" PRIu64 " unlinks, killed %" PRIu64 " changed %" PRIu64 " with their region, %" PRIu64
	       " regions, %" PRIu64 " lost races, %" PRIu64 " stale drafts\n",
	       sum.runs, sum.blocks, sum.changes, sum.waits, st.blocks, st.links, st.unlinks, st.killed_changed,
	       st.killed_region, st.regions_retired, st.lost_races, st.stale_drafts);
	ok(sum.runs > 100 && sum.changes > 10 && st.killed_region > 10, "all sides ran");
	is_u64(sum.bad, 0, "no stale code ran after its change was synchronised");
	is_u64(st.live, st.blocks - st.killed_changed - st.killed_region, "every block is accounted for");
	tcache_free(cache);
	munmap(ram, NPAGES * PAGE);
	return tap_done();
}
