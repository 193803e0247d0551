/* The lowering of integer operations, linked instead of the library's, with a mistake to be switched on. */
#include "tests/xlate/wrong.h"
#include "x64/lower.h"

#define X_SUB (wrong == SUB_ADDS ? X_ADD : X_SUB)
#include "src/x64/lower_int.c"
