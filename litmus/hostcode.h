/*
 * What the translator makes of a test's code, for reports and for `parma
 * explain`: host code disassembled, with everything that orders memory
 * marked, and intermediate code.
 */
#ifndef PARMA_LITMUS_HOSTCODE_H
#define PARMA_LITMUS_HOSTCODE_H

#include <stdio.h>

#include "litmus/gang.h"

/* Disassembles n bytes of x86-64 code, a line each after `indent`; `main_only`: up to the first unconditional jump. */
void hostcode_print(FILE *f, const uint8_t *code, size_t n, const char *indent, bool main_only);

/* Between jobs: the units of host code that exist for guest code at [pc, pc + 4 * n). Returns how many there are. */
unsigned hostcode_units(FILE *f, struct gang *g, uint64_t pc, unsigned n, const char *indent);

/*
 * Between jobs: translates at most `insns` instructions from pc for the
 * occasion.  ir and host get the texts.  False: the translator passes.
 */
bool hostcode_translate(struct gang *g, uint64_t pc, unsigned insns, FILE *ir, FILE *host);

#endif
