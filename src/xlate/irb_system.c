/* Instructions of a64/enc/system.enc over intermediate code. */
#include "xlate/eval_ir.h"
#include "a64/sem/system.h"
