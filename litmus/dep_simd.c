/* Event extraction: the bodies of enc/simd.enc over values with dependencies. */
#include "litmus/eval_dep.h"

#include "a64/sem/simd_elem.h"
#include "a64/sem/simd_ldst.h"
#include "a64/sem/simd_misc.h"
#include "a64/sem/simd_perm.h"
#include "a64/sem/simd_same.h"
#include "a64/sem/simd_shift.h"
#include "a64/sem/simd_wide.h"
