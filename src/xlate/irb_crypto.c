/* Instructions of a64/enc/crypto.enc over intermediate code. */
#include "xlate/eval_ir.h"
#include "a64/sem/crypto.h"
