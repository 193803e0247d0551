/* Reference engine: the bodies of enc/system.enc over concrete values. */
#include "a64/eval_conc.h"

#include "a64/sem/system.h"
