/* Event extraction: the bodies of enc/fp.enc over values with dependencies. */
#include "litmus/eval_dep.h"

#include "a64/sem/fp_convert.h"
#include "a64/sem/fp_scalar.h"
#include "a64/sem/fp_vector.h"
#include "a64/sem/fp_element.h"
