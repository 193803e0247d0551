/* Meaning of the operations of ops_vec.def over concrete values. */
#ifndef PARMA_IR_OPS_VEC_H
#define PARMA_IR_OPS_VEC_H

#include "ir/value.h"

#endif
