/* Reference engine: the bodies of enc/simd.enc over concrete values. */
#include "a64/eval_conc.h"

#include "a64/sem/simd_elem.h"
#include "a64/sem/simd_ldst.h"
#include "a64/sem/simd_misc.h"
#include "a64/sem/simd_perm.h"
#include "a64/sem/simd_same.h"
#include "a64/sem/simd_shift.h"
#include "a64/sem/simd_wide.h"
