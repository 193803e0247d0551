/* MD5 of n bytes. */
#ifndef PARMA_LITMUS_MD5_H
#define PARMA_LITMUS_MD5_H

#include <stddef.h>
#include <stdint.h>

void md5(const void *data, size_t n, uint8_t out[16]);

#endif
