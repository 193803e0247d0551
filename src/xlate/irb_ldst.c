/* Instructions of a64/enc/ldst.enc over intermediate code. */
#include "xlate/eval_ir.h"
#include "a64/sem/atomics.h"
#include "a64/sem/ldst.h"
#include "a64/sem/ldst_pair.h"
