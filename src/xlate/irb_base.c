/* Instructions of a64/enc/base.enc over intermediate code. */
#include "xlate/eval_ir.h"
#include "a64/sem/arith_imm.h"
#include "a64/sem/arith_reg.h"
#include "a64/sem/bitfield.h"
#include "a64/sem/branch.h"
