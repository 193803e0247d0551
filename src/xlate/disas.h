/* Disassembly into the log, both sides (capstone). */
#ifndef PARMA_XLATE_DISAS_H
#define PARMA_XLATE_DISAS_H

#include <stddef.h>
#include <stdint.h>

void disas_guest(uint32_t word, uint64_t pc);
void disas_host(const uint8_t *code, size_t len);

#endif
