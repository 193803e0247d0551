/* Meaning of the operations of ops_fp.def over concrete values. */
#ifndef PARMA_IR_OPS_FP_H
#define PARMA_IR_OPS_FP_H

#include "ir/value.h"

#endif
