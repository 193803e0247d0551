/*
 * The translating engine: the run loop over the shared translation cache.
 * Same contract as the interpreter's (a64/interp.h).
 */
#ifndef PARMA_XLATE_JIT_H
#define PARMA_XLATE_JIT_H

#include "a64/vcpu.h"
#include "base/err.h"

/* Microseconds from one eviction of a region of code memory to the next, for tests; 0: none but for want of space. CONST_AFTER_INIT */
extern unsigned jit_evict_us;

/* Once, before any vCPU runs. bytes: size of code memory, 0: the default. 0, or -1 with e filled. */
int jit_init(size_t bytes, struct err *e);
void jit_fini(void);
/* The cache that all share, and a vCPU's part in it: for those who look into it. */
struct tcache;
struct tcache_cpu;
struct tcache *jit_cache(void);
struct tcache_cpu *jit_cache_cpu(struct vcpu *c);

/*
 * How often a vCPU comes to a place before it is translated; until then it is interpreted, which costs less than a translation
 * that is hardly used. 0, the default here: at once. CONST_AFTER_INIT
 */
extern unsigned jit_hot;
#define JIT_HOT_DEFAULT 160
#define JIT_HOT_MAX 200

/* A vCPU's part; interp_init() must have been called too. 0, or -1 without memory. */
int jit_cpu_init(struct vcpu *c);
void jit_cpu_free(struct vcpu *c);

struct tblock;
/*
 * Runs one unit, or one instruction where there is none, linking nothing; takes the exception that it raises. `brief`: a
 * loop in it leaves after one turn. The unit (good until the next step) or NULL. Between tcache_enter() and _leave().
 */
const struct tblock *jit_step(struct vcpu *c, bool brief);
/* A unit into the log, whatever -d says: guest code, intermediate code (translated once more) and its host code. */
void jit_log_unit(struct vcpu *c, const struct tblock *u);

/* Runs guest code until c->request is not zero. On the vCPU's own thread. */
void jit_run(struct vcpu *c);

#endif
