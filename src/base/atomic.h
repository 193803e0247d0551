/*
 * Atomics with their order in the name, and the protection tags that every
 * field of a shared struct carries (docs/CONCURRENCY.md).
 *
 * The tags expand to nothing; they are there for the reader and for the check
 * that every field of a shared struct has one:
 *   CONST_AFTER_INIT        written before the object is shared
 *   ATOMIC(how)             only through the functions below; `how` names the pair
 *   GUARDED_BY(lock)        only with that lock held
 *   OWNER(thread)           only by that thread (racy statistical reads say so)
 *   RCU(domain)             read in a read-side section, written by its updater
 */
#ifndef PARMA_BASE_ATOMIC_H
#define PARMA_BASE_ATOMIC_H

#define CONST_AFTER_INIT
#define ATOMIC(how)
#define GUARDED_BY(lock)
#define OWNER(who)
#define RCU(domain)

#define ld_rlx(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define ld_acq(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ld_sc(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define st_rlx(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define st_rel(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define st_sc(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
/* Read-modify-writes are full barriers: on x86-64 a weaker one costs the same. */
#define at_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define at_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define at_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define at_xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define at_cas(p, expected_ptr, v) \
	__atomic_compare_exchange_n((p), (expected_ptr), (v), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define fence_sc() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define cpu_relax() __builtin_ia32_pause()

#endif
