/* Reference engine: the bodies of sem/crypto.h over concrete values. */
#include "a64/eval_conc.h"

#include "a64/sem/crypto.h"
