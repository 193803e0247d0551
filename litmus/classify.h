/* The class of Arm memory operation (mcm/mapping.h) that an instruction belongs to. */
#ifndef PARMA_LITMUS_CLASSIFY_H
#define PARMA_LITMUS_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "mcm/mapping.h"

/* False: the instruction neither accesses memory nor orders accesses. */
bool lit_classify(uint32_t word, enum mcm_class *out);

#endif
