/* Event extraction: the bodies of enc/system.enc over values with dependencies. */
#include "litmus/eval_dep.h"

#include "a64/sem/system.h"
