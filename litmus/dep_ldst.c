/* Event extraction: the bodies of enc/ldst.enc over values with dependencies. */
#include "litmus/eval_dep.h"

#include "a64/sem/atomics.h"
#include "a64/sem/ldst.h"
#include "a64/sem/ldst_pair.h"
