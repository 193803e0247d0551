/* Reference engine: the bodies of enc/base.enc over concrete values. */
#include "a64/eval_conc.h"

#include "a64/sem/arith_imm.h"
#include "a64/sem/arith_reg.h"
#include "a64/sem/bitfield.h"
#include "a64/sem/branch.h"
