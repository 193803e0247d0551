/*
 * A litmus test as parsed: initial state, code as text cells, and what the
 * final state is asked for.  The grammar is that of herd7's .litmus files
 * (see docs/MEMORY-MODEL.md).  Serves the model checker and the harness.
 *
 * Everything lives in the arena that litmus_parse() was given.
 */
#ifndef PARMA_LITMUS_TEST_H
#define PARMA_LITMUS_TEST_H

#include "base/err.h"
#include "mcm/arena.h"
#include "mcm/event.h"

enum lit_arch { LIT_AARCH64, LIT_X86, LIT_X86_64 };

struct lit_pos { /* 1-based */
	unsigned line, col;
};

/* Types of locations and registers. */
struct lit_type {
	uint8_t size;   /* bytes of an element: 1, 2, 4, 8, 16 */
	bool sgn;
	bool ptr;
	bool insn;      /* ins_t: holds an instruction */
	bool given;     /* written in the test (else int) */
};

enum lit_valkind { LIT_INT, LIT_LOC, LIT_LABEL, LIT_INSN, LIT_PTE };

struct lit_val {
	enum lit_valkind kind;
	uint64_t v;        /* integer */
	unsigned loc;      /* LIT_LOC: number, plus v elements; LIT_PTE: of the output address, flags (litmus/pte.h) in v */
	unsigned thread;   /* LIT_LABEL */
	const char *text;  /* LIT_LABEL: name; LIT_INSN: the instruction */
	struct lit_pos pos;
};

struct lit_loc {
	const char *name;
	struct lit_type type;
	unsigned nelem;       /* elements */
	bool array;
	bool pte;             /* the translation table entry of location `of` */
	unsigned of;
	struct lit_val *init; /* [nelem] */
};

/* Registers are numbered by the architecture's own parser (lit_reg_number()). */
struct lit_reginit {
	unsigned thread, reg;
	struct lit_type type;
	struct lit_val *val;  /* [nval]: one, or the elements of a vector register */
	unsigned nval;        /* 0: only a type */
	struct lit_pos pos;
};

/* One cell of the program: labels and at most one instruction. */
struct lit_line {
	const char *label;  /* or NULL */
	const char *insn;   /* or NULL */
	struct lit_pos pos; /* of the instruction, or of the label */
};

struct lit_thread {
	unsigned n;
	struct lit_line *line;
};

/* Things whose final value is asked for. */
enum lit_itemkind { LIT_REG, LIT_MEM, LIT_FAULT };

struct lit_item {
	enum lit_itemkind kind;
	unsigned thread, reg;  /* LIT_REG; LIT_FAULT: thread */
	unsigned vsize, vn;    /* vector register: bytes and number of elements; 0: integer register */
	unsigned loc;          /* LIT_MEM; LIT_FAULT: of the address, or LIT_ANY_LOC */
	int elem;              /* LIT_MEM: element, or -1: the whole location */
	struct lit_type type;
	bool brackets;         /* printed as [x] */
	const char *label, *ftype; /* LIT_FAULT: Pn:label, kind of fault; may be NULL */
	unsigned slot, nslots; /* in a final state (set by the front end of the checker) */
};

enum lit_propkind { LIT_TRUE, LIT_FALSE, LIT_AND, LIT_OR, LIT_NOT, LIT_IMPLIES, LIT_EQ, LIT_NE, LIT_HAPPENS };

struct lit_prop {
	enum lit_propkind kind;
	const struct lit_prop *a, *b;
	unsigned item;        /* LIT_EQ, LIT_NE, LIT_HAPPENS */
	struct lit_val *val;  /* [nval] */
	unsigned nval;
	bool brackets;
};

enum lit_quant { LIT_NONE, LIT_EXISTS, LIT_NOTEXISTS, LIT_FORALL };

#define LIT_HANDLER "__handler"
enum { LIT_MAX_LOCS = 64, LIT_MAX_ITEMS = 128 };
#define LIT_ANY_LOC (~0u)

struct lit_test {
	enum lit_arch arch;
	const char *name, *file;
	const char *variants;   /* Variant=, or "" */
	const char *hash;       /* Hash=, or NULL */
	const char *prefetch;   /* Prefetch=, or NULL */
	const char *cachetype;  /* CacheType=: what caches do for themselves, IDC, DIC; or NULL */
	const char *tthm;       /* TTHM=: who updates access flag and dirty state by hardware; or NULL */
	bool el0;               /* EL0=: some threads without privileges */
	bool vmsa;              /* speaks of translation table entries */
	unsigned nlocs;
	struct lit_loc loc[LIT_MAX_LOCS];
	unsigned nregs, capregs;
	struct lit_reginit *regs;
	unsigned nthreads;
	struct lit_thread thread[MCM_MAX_THREADS];
	bool handlers;          /* some thread has a fault handler, at its label LIT_HANDLER */
	unsigned nitems;
	struct lit_item item[LIT_MAX_ITEMS];
	const struct lit_prop *filter; /* or NULL */
	enum lit_quant quant;
	const struct lit_prop *prop;
};

/*
 * Parses a test. `file` names it in messages (file:line:column: what).
 * Returns NULL with e filled for malformed text.
 */
struct lit_test *litmus_parse(const char *file, const char *text, size_t len, struct mcm_arena *a, struct err *e);

/* Number of a register by name ("X3", "w3", "EAX"), or -1. */
int lit_reg_number(enum lit_arch arch, const char *name, size_t len);
/* Its name as states print it, into buf (at least 16 bytes). */
const char *lit_reg_name(enum lit_arch arch, unsigned reg, char *buf);

enum {
	LIT_REG_SP = 31, LIT_REG_ZR = 32, LIT_REG_V0 = 64, LIT_REG_SYM = 40, /* AArch64: X0.. are 0..; %names from SYM */
	LIT_X86_RIP = 16, LIT_X86_CS = 17,
	LIT_NREGS = 96,
};

/* One line for e in the form file:line:column: message; returns -1. */
int lit_err(struct err *e, const struct lit_test *t, struct lit_pos p, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
