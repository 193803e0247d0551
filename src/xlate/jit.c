/*
 * Run loop and set-up of the translating engine; see jit.h.
 *
 * A unit found in one pass is used until the loop polls the cache (tcache_poll()): the exit that has just been
 * taken is linked before.
 */
#include "xlate/jit.h"

#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

#include "a64/cpu_ops.h"
#include "a64/exclusive.h"
#include "a64/interp.h"
#include "a64/mmu.h"
#include "a64/tlbi.h"
#include "a64/tlbset.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/passes.h"
#include "mcm/mapping.h"
#include "tcache/tcache.h"
#include "x64/x64.h"
#include "xlate/disas.h"
#include "xlate/flow.h"
#include "xlate/heat.h"
#include "xlate/slow.h"
#include "xlate/xlate.h"

#define EXCLUSIVE_NEAR 8 /* instructions */
#define GLUE_BYTES 8192

struct jit_cpu {         /* OWNER(vcpu) */
	struct xlate *x;
	struct tcache_cpu *tc;
};

unsigned jit_hot, jit_evict_us;
static struct tcache_evictor *evictor; /* CONST_AFTER_INIT */

static struct tcache *cache; /* CONST_AFTER_INIT */

/* -- set-up -- */

static void kick(void *user)
{
	struct vcpu *c = user;

	at_or(&c->request, REQ_POLL);
}

static void on_stale(struct vcpu *c, const void *host, size_t len)
{
	struct tcache_cpu *tc = c && c->jit ? c->jit->tc : NULL;

	if (host)
		tcache_invalidate(cache, tc, host, len);
	else
		tcache_invalidate_all(cache, tc);
}

static void serve_tlb(void *arg)
{
	struct vcpu *c = arg;

	if (ld_acq(&c->request) & REQ_TLB)
		tlbi_serve(c);
}

static void on_sync(struct vcpu *c)
{
	if (c->jit)
		tcache_sync(c->jit->tc, serve_tlb, c);
}

/* Units lie in one page of the guest's, so one that has the load begins there. */
static void on_distrust(struct vcpu *c)
{
	if (c->jit)
		tcache_flush_page(cache, c->mon.load_pc);
}

static void on_place(struct vcpu *c, enum cpu_place place)
{
	if (!c->jit)
		return;
	switch (place) {
	case PLACE_RUNS: tcache_resume(c->jit->tc); break;
	case PLACE_WAITS: tcache_pause(c->jit->tc); break;
	}
}

int jit_init(size_t bytes, struct err *e)
{
	intptr_t delta;
	uint8_t *glue;

	if (!x64_supported())
		return err_set(e, EXIT_HOST, "the translator needs a host with AVX2, BMI1 and BMI2; use --accel interp");
	x64_cfg = (struct x64_config){
		.off_pc = offsetof(struct vcpu, pc),
		.off_request = offsetof(struct vcpu, request),
		.off_release = offsetof(struct vcpu, release_watch),
		.off_tlb = offsetof(struct vcpu, tlb),
		.off_tlb_unpriv = offsetof(struct vcpu, tlb_unpriv),
		.off_fp = offsetof(struct vcpu, fp),
		.off_owed = offsetof(struct vcpu, fence_owed),
		.off_nzcv = offsetof(struct vcpu, nzcv),
		.off_icount = offsetof(struct vcpu, icount),
		.tag_r = offsetof(struct tlb, e[0].tag[TLB_R]),
		.tag_w = offsetof(struct tlb, e[0].tag[TLB_W]),
		.addend = offsetof(struct tlb, e[0].addend),
		.tlb_bits = TLB_BITS,
		.tlb_hash = TLB_HASH_SHIFT,
		.jc = offsetof(struct tlb, jump),
		.jc_bits = TLB_JUMP_BITS,
		.jc_shift = TLB_JUMP_SHIFT,
		.slow = xlate_slow,
	};
	cache = tcache_new(bytes ? bytes : TCACHE_DEFAULT_BYTES, &(struct tcache_ops){.kick = kick}, e);
	if (!cache)
		return -1;
	glue = tcache_glue(cache, GLUE_BYTES, &delta);
	x64_glue_emit(glue, GLUE_BYTES, delta);
	excl_translated = true;
	code_stale = on_stale;
	code_sync = on_sync;
	code_distrust = on_distrust;
	cpu_place = on_place;
	evictor = jit_evict_us ? tcache_evictor_start(cache, jit_evict_us) : 0;
	excl_compare_always = mcm_lower(mcm_mapping_selected(), MCM_STX_IMPURE)->access == MCM_X_CMPXCHG;
	return 0;
}

void jit_fini(void)
{
	code_stale = 0;
	code_sync = 0;
	code_distrust = 0;
	cpu_place = 0;
	tcache_evictor_stop(evictor);
	evictor = 0;
	tcache_free(cache);
	cache = 0;
}

int jit_cpu_init(struct vcpu *c)
{
	c->jit = calloc(1, sizeof(*c->jit));
	if (!c->jit)
		return -1;
	c->jit->x = xlate_new();
	c->jit->tc = tcache_cpu_new(cache, c);
	if (!c->jit->tc)
		return -1;
	return 0;
}

void jit_cpu_free(struct vcpu *c)
{
	if (!c->jit)
		return;
	xlate_free(c->jit->x);
	tcache_cpu_free(c->jit->tc);
	free(c->jit);
	c->jit = 0;
}

/* -- the loop -- */

static const uint32_t *fetch(struct vcpu *c, uint64_t pc)
{
	const uint32_t *host;
	uint32_t *code_gen;

	if (unlikely(pc & 3))
		exc_pc_align(c);
	host = tlb_hit(c->tlb, TLB_X, pc, 4);
	return likely(host) ? host : cpu_fetch_page(c, pc, &code_gen);
}

/* Runs a unit's code. Direct exits say where they go by their link alone. */
static struct tblock *enter(struct vcpu *c, const void *code, uint32_t *link)
{
	struct tblock *from = x64_enter(c, code, link);

	if (from && from != X64_EXEC && from != X64_RELEASE) {
		tblock_arrived(from);
		c->pc = from->links[*link - 1].user;
	}
	return from;
}

static void count_exit(struct vcpu *c, const struct tblock *prev)
{
	uint64_t *n = prev == X64_EXEC ? &c->st.exits_exec : ld_rlx(&c->request) ? &c->st.exits_request : prev ? &c->st.exits_direct
													 : &c->st.exits_lookup;

	++*n;
}

static struct tblock *translate(struct vcpu *c, uint64_t pc, const uint32_t *host)
{
	uint64_t t0 = clock_ns(), locked = c->st.lock_wait_ns;
	struct tblock *u;

	vcpu_doing(c, DOING_TRANSLATE);
	u = xlate_unit(c->jit->x, cache, c->jit->tc, c, pc, host, jit_hot);
	vcpu_doing(c, DOING_GUEST);
	c->st.translate_ns += clock_ns() - t0 - (c->st.lock_wait_ns - locked);
	return u;
}

/* To be followed by poll_cache(). */
static void wait_for_room(struct vcpu *c)
{
	uint64_t t0 = clock_ns();

	c->st.space_waits++;
	vcpu_doing(c, DOING_WAIT);
	tcache_wait(c->jit->tc, &c->request);
	vcpu_doing(c, DOING_GUEST);
	c->st.space_wait_ns += clock_ns() - t0;
}

/* A load-exclusive near is better translated: the interpreter has to watch its page (a64/exclusive.h). */
static bool loads_exclusive_soon(const uint32_t *host)
{
	for (unsigned k = 0; k < EXCLUSIVE_NEAR && (k == 0 || (uintptr_t)(host + k) & (TLB_PAGE - 1)); k++)
		if (flow_loads_exclusive((uint32_t)ram_ld32(host + k)))
			return true;
	return false;
}

/* The code at c->pc has no unit. It gets one, or NULL: none now, and what was to be done instead has been. */
static struct tblock *make_unit(struct vcpu *c, const uint32_t *host)
{
	struct tblock *u = translate(c, c->pc, host);

	if (u)
		return u;
	if (xlate_no_room(c->jit->x))
		wait_for_room(c);
	else
		xlate_exec(c, (uint32_t)*host);
	return NULL;
}

static void interpret(struct vcpu *c, struct dline *line, const uint32_t *host)
{
	c->st.cold_blocks++;
	interp_block(c, line, host);
}

/* The unit at c->pc is where translated code finds it. */
static const void *found(struct vcpu *c, const struct tblock *u)
{
	if (unlikely(c->tlb->jump_ctx != c->ctx)) {
		tlb_jumps_clear(c->tlb);
		c->tlb->jump_ctx = c->ctx;
	}
	if (pass_on(PASS_JUMPS))
		tlb_jump_set(c->tlb, c->pc, u->code);
	c->st.jump_fills++;
	return u->code;
}

/* What translated code finds at c->pc when it jumps there, or NULL. */
static const void *known(const struct vcpu *c)
{
	const struct tlb_jump *j = &c->tlb->jump[tlb_jump_index(c->pc)];

	return j->pc == c->pc && c->tlb->jump_ctx == c->ctx ? j->code : NULL;
}

/*
 * The host code of the unit at c->pc, which prev is chained to. NULL: none now, and what was to be done instead has been.
 */
static const void *code_here(struct vcpu *c, struct tblock *prev, uint32_t link)
{
	const uint32_t *host = fetch(c, c->pc);
	uint16_t tag = heat_tag(host, c->pc, c->ctx);
	struct dline *line = decoded_line(c->decoded, host);
	const void *code;
	struct tblock *u;

	if (heat_is_low(line, tag, jit_hot)) {
		interpret(c, line, host);
		return NULL;
	}
	if (!prev && (code = known(c)))
		return code;
	u = tcache_lookup(cache, &(struct tkey){host, c->pc, c->ctx});
	if (!u) {
		if (!(c->nvcpus > 1 && loads_exclusive_soon(host)) && heat_still_low(line, tag, jit_hot)) {
			interpret(c, line, host);
			return NULL;
		}
		u = make_unit(c, host);
		if (!u)
			return NULL;
	}
	if (prev && prev->key.ctx == c->ctx && pass_on(PASS_CHAIN))
		tcache_link(cache, prev, link, u);
	return found(c, u);
}

/* FPSR.IXC has been set since the context was computed, which matters with FPCR.FZ. */
static void settle(struct vcpu *c)
{
	if (unlikely(ctx_fp_settles(c->ctx)) && c->fp.fpsr & FPSR_IXC)
		cpu_ctx_update(c);
}

/* An exception has come out of translated code, past its way out: C wants its own MXCSR. */
static void unwound(void) { _mm_setcsr(0x1f80); /* everything masked, to nearest */ }

/* One unit and what it is chained to; *prev and *exit: where it came back from. */
static void pass(struct vcpu *c, struct tblock **prev, uint32_t *link)
{
	const void *code;

	settle(c);
	code = code_here(c, *prev, *link - 1);
	if (!code) {
		*prev = 0;
		return;
	}
	if (log_on(LOG_EXEC | LOG_CPU))
		vcpu_log_exec(c);
	*prev = enter(c, code, link);
	if (unlikely(*prev == X64_RELEASE)) {
		*prev = 0;
		c->mops->released(c);
	}
	/* A tagged branch target is in no jump cache, so it comes here before anybody sees the pc. */
	if (unlikely(sext(c->pc, 56) != c->pc))
		c->pc = mmu_branch_target(c, c->pc);
	count_exit(c, *prev);
	if (*prev == X64_EXEC) { /* outside of translated code: it may sleep, and code may be freed meanwhile */
		*prev = 0;
		xlate_exec(c, (uint32_t)*fetch(c, c->pc));
	}
}

/* Between units, holding none: blocks that died leave the jump caches. */
static void poll_cache(struct vcpu *c)
{
	uint64_t pcs[TCACHE_POLL_MAX];
	int n = tcache_poll(c->jit->tc, pcs);

	if (unlikely(n < 0))
		tlbset_clear_jumps(c);
	for (int k = 0; k < n; k++)
		tlbset_clear_jump(c, pcs[k]);
}

static void run_units(struct vcpu *c)
{
	struct tblock *prev = 0;
	uint32_t link = 0;

	poll_cache(c);
	while (likely(!ld_acq(&c->request)) && likely(!(c->ctx & (CTX_SLOW | CTX_COUNT)))) {
		if (!prev)
			poll_cache(c);
		pass(c, &prev, &link);
	}
}

void jit_run(struct vcpu *c)
{
	tcache_enter(c->jit->tc);
	while (!ld_acq(&c->request)) {
		c->pc = mmu_branch_target(c, c->pc);
		if (c->ctx & CTX_COUNT) {
			interp_run(c); /* to the next request: soon enough */
			continue;
		}
		if (c->ctx & CTX_SLOW) {
			interp_step(c);
			continue;
		}
		if (sigsetjmp(c->unwind, 0))
			unwound();
		run_units(c);
	}
	tcache_leave(c->jit->tc);
}

const struct tblock *jit_step(struct vcpu *c, bool brief)
{
	const struct tblock *volatile ran = 0; /* longjmp comes back here */
	struct tblock *u;
	uint32_t link;
	uint64_t pc;
	const uint32_t *host;

	poll_cache(c);
	if (c->ctx & (CTX_SLOW | CTX_COUNT)) {
		interp_step(c);
		return 0;
	}
	if (sigsetjmp(c->unwind, 0)) {
		unwound();
		return ran;
	}
	settle(c);
	c->pc = pc = mmu_branch_target(c, c->pc);
	host = fetch(c, pc);
	u = tcache_lookup(cache, &(struct tkey){host, pc, c->ctx});
	if (!u)
		u = xlate_unit(c->jit->x, cache, c->jit->tc, c, pc, host, 0);
	if (log_on(LOG_EXEC | LOG_CPU))
		vcpu_log_exec(c);
	if (!u) {
		if (xlate_no_room(c->jit->x))
			wait_for_room(c);
		xlate_exec(c, (uint32_t)*host);
		return 0;
	}
	ran = u;
	if (brief)
		at_or(&c->request, REQ_POLL);
	if (enter(c, u->code, &link) == X64_EXEC) {
		at_and(&c->request, ~REQ_POLL); /* WFI sees requests */
		if (sext(c->pc, 56) != c->pc)
			c->pc = mmu_branch_target(c, c->pc);
		xlate_exec(c, (uint32_t)*fetch(c, c->pc));
	}
	if (sext(c->pc, 56) != c->pc)
		c->pc = mmu_branch_target(c, c->pc);
	return ran;
}

void jit_log_unit(struct vcpu *c, const struct tblock *u)
{
	uint32_t ctx = c->ctx, mask = log_mask;

	c->ctx = u->key.ctx;
	log_mask = LOG_IN_ASM | LOG_OPT;
	if (memcmp(u->guest_copy, u->spans[0].host, u->spans[0].bytes))
		log_printf("The guest's code has changed since: what follows is made of what there is now, but for the host code.\n");
	xlate_unit(c->jit->x, cache, c->jit->tc, c, u->key.pc, u->key.host, 0);
	log_mask = mask;
	c->ctx = ctx;
	log_printf("OUT: %u bytes at %p\n", u->code_bytes, (const void *)u->code);
	disas_host(u->code, u->code_bytes);
}

struct tcache *jit_cache(void) { return cache; }
struct tcache_cpu *jit_cache_cpu(struct vcpu *c) { return c->jit->tc; }
