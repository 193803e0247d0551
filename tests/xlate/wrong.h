/* Lowerings that a test makes wrong while it runs (wrong_int.c, wrong_mem.c). */
#ifndef PARMA_TESTS_XLATE_WRONG_H
#define PARMA_TESTS_XLATE_WRONG_H

extern enum wrong { RIGHT, SUB_ADDS, STORE_GOES_ASTRAY } wrong;

#endif
