/*
 * Concrete evaluator, part 1: the value types and one function per row of
 * ir/ops.def.  (Memory, control and system effects: eval_conc.h.)
 */
#ifndef PARMA_A64_EVAL_CONC_OPS_H
#define PARMA_A64_EVAL_CONC_OPS_H

#include "a64/vcpu.h"
#include "ir/ops_fp.h"
#include "ir/ops_int.h"
#include "ir/ops_vec.h"

typedef struct vcpu E;
typedef struct { uint64_t v; } v64;
typedef struct { u128 v; } v128;
typedef struct { bool v; } vb;
typedef struct { uint32_t v; } vf;

#define T_Q v64
#define T_V v128
#define T_B vb
#define T_F vf

/* ENV_props(e): the leading argument that operations with that property take. */
#define ENV_P(e)
#define ENV_FP(e) &(e)->fp,
#define ENV_QC(e) &(e)->fp,

#define DEF1(n, R, A, p) static inline R n(E *e, A a) { return (R){c_##n(ENV_##p(e) a.v)}; }
#define DEF1I(n, R, A, p) static inline R n(E *e, A a, uint32_t i) { return (R){c_##n(ENV_##p(e) a.v, i)}; }
#define DEF2(n, R, A, B, p) static inline R n(E *e, A a, B b) { return (R){c_##n(ENV_##p(e) a.v, b.v)}; }
#define DEF2I(n, R, A, B, p) \
	static inline R n(E *e, A a, B b, uint32_t i) { return (R){c_##n(ENV_##p(e) a.v, b.v, i)}; }
#define DEF3(n, R, A, B, C, p) \
	static inline R n(E *e, A a, B b, C c) { return (R){c_##n(ENV_##p(e) a.v, b.v, c.v)}; }
#define DEF3I(n, R, A, B, C, p) \
	static inline R n(E *e, A a, B b, C c, uint32_t i) { return (R){c_##n(ENV_##p(e) a.v, b.v, c.v, i)}; }
#define DEF4I(n, R, A, B, C, D, p) \
	static inline R n(E *e, A a, B b, C c, D d, uint32_t i) { return (R){c_##n(ENV_##p(e) a.v, b.v, c.v, d.v, i)}; }

#define DEF0I(n, R, p) static inline R n(E *e, uint32_t i) { return (R){c_##n(i)}; }
#define DEF0Q(n, R, p) static inline R n(E *e, uint64_t i) { return (R){c_##n(i)}; }

#include "ir/ops_sigs.h"

#define OP(name, sig, props) SIG_##sig(name, props)
#include "ir/ops.def"
#undef OP

static inline v64 k64(E *e, uint64_t v) { return (v64){v}; }
static inline vb kb(E *e, bool v) { return (vb){v}; }
static inline v128 vk128(E *e, uint64_t lo, uint64_t hi) { return (v128){(u128)hi << 64 | lo}; }

#endif
