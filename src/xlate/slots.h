/* The guest registers as slots of the intermediate code (ir/ir.h). */
#ifndef PARMA_XLATE_SLOTS_H
#define PARMA_XLATE_SLOTS_H

#include "ir/ir.h"

enum {
	SLOT_X0, SLOT_SP = 31, SLOT_NZCV, SLOT_V0,
	/* the exclusive monitor: what follows SLOT_MON_ARMED only counts if that is not 0 */
	SLOT_MON_ARMED = SLOT_V0 + 32, SLOT_MON_VAL, SLOT_MON_VAL_HI, SLOT_MON_VA, SLOT_MON_PC,
	SLOT_COUNT
};
extern const struct ir_slot xlate_slots[SLOT_COUNT]; /* offsets in struct vcpu */

#endif
