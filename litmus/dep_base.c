/* Event extraction: the bodies of enc/base.enc over values with dependencies. */
#include "litmus/eval_dep.h"

#include "a64/sem/arith_imm.h"
#include "a64/sem/arith_reg.h"
#include "a64/sem/bitfield.h"
#include "a64/sem/branch.h"
