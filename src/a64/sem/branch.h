/* Semantics: branches (C4.1.93). */
#ifndef PARMA_A64_SEM_BRANCH_H
#define PARMA_A64_SEM_BRANCH_H

#include "a64/sem/common.h"

SEM(B) { br_to(e, (uint64_t)(int64_t)i->imm26 * 4); }
SEM(B_cond) { br_if(e, fl_test(e, get_flags(e), i->cond), (uint64_t)(int64_t)i->imm19 * 4); }

#endif
