/* Reference engine: the bodies of enc/ldst.enc over concrete values. */
#include "a64/eval_conc.h"

#include "a64/sem/atomics.h"
#include "a64/sem/ldst.h"
#include "a64/sem/ldst_pair.h"
