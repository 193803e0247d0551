/*
 * Names of guest addresses, from a System.map (lines of address, type, name, as /proc/kallsyms has them too) or from
 * the symbol table of a 64-bit little-endian ELF file.  Nothing in a file is trusted.
 * Read-only once made: any thread.
 */
#ifndef PARMA_BASE_SYMTAB_H
#define PARMA_BASE_SYMTAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct symtab;

/* From a file's bytes, which may go afterwards; `name` is for messages. NULL with e filled: no symbols of code in it. */
struct symtab *symtab_new(const char *name, const uint8_t *data, size_t size, struct err *e);
void symtab_free(struct symtab *s);
size_t symtab_count(const struct symtab *s);
/* The symbol that addr lies in, and how far; NULL: none is near. s may be NULL. */
const char *symtab_find(const struct symtab *s, uint64_t addr, uint64_t *offset);

#endif
