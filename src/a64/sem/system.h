/* Semantics: system instructions. */
#ifndef PARMA_A64_SEM_SYSTEM_H
#define PARMA_A64_SEM_SYSTEM_H

#include "a64/sem/common.h"

SEM(NOP) {}

#endif
