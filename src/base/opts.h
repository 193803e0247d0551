/*
 * Options in QEMU's notation: "driver,key=value,flag,key=value".
 *
 * ",," stands for a comma inside a value.  The first word without '=' is the
 * value of the implied key when there is one ("driver" of -device, "id" of
 * nothing else).  A later bare word `key` means key=on, and `nokey` key=off.
 * A key that appears twice: the last one counts, except where the reader
 * iterates over all of them (hostfwd=).
 *
 * Readers ask for each key that they know; opts_finish() then reports the
 * keys that nobody asked for, with the nearest one that somebody did.  Hence
 * there is no table of known keys to keep up to date.
 *
 * Not for use by several threads at once.  All texts returned live as long as
 * the struct opts.
 */
#ifndef PARMA_BASE_OPTS_H
#define PARMA_BASE_OPTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct opts;

/*
 * Parses text.  `what` names the option in messages ("-device"); implied is
 * the key of the first bare word, or NULL.  NULL with e filled on a syntax error.
 */
struct opts *opts_parse(const char *what, const char *text, const char *implied, struct err *e);
/* No keys at all; opts_set() adds them. */
struct opts *opts_new(const char *what);
/* Appends src's entries to dst (they count more), and frees src. */
void opts_merge(struct opts *dst, struct opts *src);
/* Adds key=value as if it stood last in the text. */
void opts_set(struct opts *o, const char *key, const char *value);
void opts_free(struct opts *o);

/* The option's name given to opts_parse(). */
const char *opts_what(const struct opts *o);
/* Is the key there? Does not count as asking. */
bool opts_has(const struct opts *o, const char *key);
/* "help" or "?" as the first value or as a bare word. */
bool opts_is_help(const struct opts *o);

/* The value of key ("on" for a bare word), or def. */
const char *opts_str(struct opts *o, const char *key, const char *def);
/* As opts_str, but an error when the key is missing: NULL with e filled. */
const char *opts_need(struct opts *o, const char *key, struct err *e);
/* All values of key in order: *iter starts as 0; NULL at the end. */
const char *opts_each(struct opts *o, const char *key, unsigned *iter);

/* These leave *out alone (the default) when the key is missing. 0, or -1 with e filled. */
int opts_bool(struct opts *o, const char *key, bool *out, struct err *e);
int opts_u64(struct opts *o, const char *key, uint64_t min, uint64_t max, uint64_t *out, struct err *e);
/* A size: 64M, 1.5G, 4096, 0x1000; `unit` multiplies a number without suffix. */
int opts_size(struct opts *o, const char *key, uint64_t unit, uint64_t *out, struct err *e);
/* One of the NULL-terminated names; *out becomes its index. */
int opts_enum(struct opts *o, const char *key, const char *const *names, unsigned *out, struct err *e);

/* Error if two of the n options have the same value of key (an id). 0, or -1 with e filled. */
int opts_unique(struct opts *const *o, unsigned n, const char *key, struct err *e);
/* Error if a key was given that no reader asked for. 0, or -1 with e filled. */
int opts_finish(const struct opts *o, struct err *e);

/* The same parsers for a text alone; `what` starts the message. */
int parse_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out, struct err *e);
int parse_size(const char *what, const char *text, uint64_t unit, uint64_t *out, struct err *e);
int parse_bool(const char *what, const char *text, bool *out, struct err *e);

#endif
