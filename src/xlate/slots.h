/* The guest registers as slots of the intermediate code (ir/ir.h). */
#ifndef PARMA_XLATE_SLOTS_H
#define PARMA_XLATE_SLOTS_H

#include "ir/ir.h"

enum { SLOT_X0, SLOT_SP = 31, SLOT_NZCV, SLOT_V0, SLOT_COUNT = SLOT_V0 + 32 };
extern const struct ir_slot xlate_slots[SLOT_COUNT]; /* offsets in struct vcpu */

#endif
