/* Reference engine: the bodies of enc/fp.enc over concrete values. */
#include "a64/eval_conc.h"

#include "a64/sem/fp_convert.h"
#include "a64/sem/fp_scalar.h"
#include "a64/sem/fp_vector.h"
#include "a64/sem/fp_element.h"
