/*
 * Helpers that the bodies share.  Included after an evaluator's header (the
 * contract: a64/eval.h), several times per program but once per file.
 */
#ifndef PARMA_A64_SEM_COMMON_H
#define PARMA_A64_SEM_COMMON_H

/* v as a result of the operand size: 32-bit results are zero-extended. */
static inline v64 width(E *e, bool sf, v64 v) { return sf ? v : zext32(e, v); }

#endif
