/*
 * Address spaces as distinct value types: passing a guest virtual address
 * where a guest physical one is wanted does not compile.
 */
#ifndef PARMA_BASE_TYPES_H
#define PARMA_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

typedef struct { uint64_t v; } gva; /* guest virtual address */
typedef struct { uint64_t v; } gpa; /* guest physical address */

static inline gva mk_gva(uint64_t v) { return (gva){v}; }
static inline gpa mk_gpa(uint64_t v) { return (gpa){v}; }

#endif
