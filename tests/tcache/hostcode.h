/*
 * Host code for the translation cache's tests: a block that reports that it
 * ran and jumps on, and the way in.  A block is called with the state in rdi:
 *
 *     mov rax, BLOCK'S WORD ; mov rcx, [rdi] ; mov [rdi + rcx*8 + 16], rax ; inc qword [rdi]
 *     dec qword [rdi + 8] ; js out
 *     nops ; jmp rel32                  (the link, its displacement aligned)
 * stub: mov eax, 1 ; ret                (not linked)
 * out:  xor eax, eax ; ret              (ran as many as wanted)
 */
#ifndef PARMA_TESTS_TCACHE_HOSTCODE_H
#define PARMA_TESTS_TCACHE_HOSTCODE_H

#include <string.h>

#include "tcache/tcache.h"

#define TRACE_MAX 64

struct run_state {
	uint64_t n;    /* blocks run */
	int64_t left;  /* how many more may be jumped to */
	uint64_t word[TRACE_MAX];
};

static inline uint8_t *put(uint8_t *p, const char *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

/* Emits the block at rw; the link's site and stub are filled. Returns its size. */
static inline uint32_t emit_block(uint8_t *rw, uint64_t word, struct tlink *l)
{
	uint8_t *p = rw, *js;
	uint32_t disp = 0;

	p = put(p, "\x48\xb8", 2);
	memcpy(p, &word, 8);
	p += 8;
	p = put(p, "\x48\x8b\x0f\x48\x89\x44\xcf\x10\x48\xff\x07\x48\xff\x4f\x08", 15);
	p = put(p, "\x0f\x88", 2);
	js = p;
	p += 4;
	while ((uintptr_t)(p + 1) & 3)
		*p++ = 0x90;
	*p++ = 0xe9;
	l->site = (uint32_t)(p - rw);
	memcpy(p, &disp, 4); /* the stub follows */
	p += 4;
	l->stub = (uint32_t)(p - rw);
	p = put(p, "\xb8\x01\x00\x00\x00\xc3", 6);
	disp = (uint32_t)(p - (js + 4));
	memcpy(js, &disp, 4);
	p = put(p, "\x31\xc0\xc3", 3);
	return (uint32_t)(p - rw);
}

/* Runs at most `most` blocks from b on. Returns 1 if it left by a jump that was not linked. */
static inline int run_from(const struct tblock *b, struct run_state *s, unsigned most)
{
	int (*fn)(struct run_state *s) = (int (*)(struct run_state *))(uintptr_t)b->code;

	s->n = 0;
	s->left = (int64_t)most - 1;
	return fn(s);
}

#endif
