/* Instructions of a64/enc/simd.enc over intermediate code. */
#include "xlate/eval_ir.h"
#include "a64/sem/simd_elem.h"
#include "a64/sem/simd_ldst.h"
#include "a64/sem/simd_misc.h"
#include "a64/sem/simd_perm.h"
#include "a64/sem/simd_same.h"
#include "a64/sem/simd_shift.h"
#include "a64/sem/simd_wide.h"
