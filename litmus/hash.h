/* Fingerprints of tests; what hash.c needs of hash_insn.c. */
#ifndef PARMA_LITMUS_HASH_H
#define PARMA_LITMUS_HASH_H

#include "litmus/test.h"

/* Fingerprint of a test, in hexadecimal; init: its initial state between the braces. */
const char *lit_hash(const struct lit_test *t, const char *init, size_t len, struct mcm_arena *a);

/* Brings an instruction (upper case, labels renamed) to the form that fingerprints are made of. */
void lit_hash_insn(char *s, size_t size);

#endif
