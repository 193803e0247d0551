/* Instructions of a64/enc/fp.enc over intermediate code. */
#include "xlate/eval_ir.h"
#include "a64/sem/fp_convert.h"
#include "a64/sem/fp_scalar.h"
#include "a64/sem/fp_vector.h"
#include "a64/sem/fp_element.h"
