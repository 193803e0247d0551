/* Event extraction: the bodies of enc/crypto.enc over values with dependencies. */
#include "litmus/eval_dep.h"

#include "a64/sem/crypto.h"
