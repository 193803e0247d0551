/*
 * Thin names over liburcu's QSBR flavour.  vCPU threads are readers: they
 * announce quiescent states in the run loop between units, and are offline
 * while they sleep or wait.  Whoever waits for a grace period
 * (synchronize, call_rcu's thread) is then never held up by a halted vCPU.
 *
 * call_rcu() work runs on liburcu's own thread.
 */
#ifndef PARMA_BASE_RCU_H
#define PARMA_BASE_RCU_H

#include <urcu/urcu-qsbr.h>

static inline void rcu_reader_register(void) { urcu_qsbr_register_thread(); }
static inline void rcu_reader_unregister(void) { urcu_qsbr_unregister_thread(); }
static inline void rcu_quiescent(void) { urcu_qsbr_quiescent_state(); }
static inline void rcu_offline(void) { urcu_qsbr_thread_offline(); }
static inline void rcu_online(void) { urcu_qsbr_thread_online(); }

#endif
