/*
 * The x86-64 back end: intermediate code of a unit (ir/ir.h) to host code.
 *
 * Registers: r15 the environment (vCPU), r14 the TLB of the current context,
 * rsp the frame; rax, rcx, rdx and xmm0..2 are scratch of each lowering; the
 * rest is allocated.  The frame is the same for all units, so they jump to one another.
 *
 * Out of line, behind the unit's code: exits (write back what the snapshot
 * says, then a patchable jump) and slow paths of memory accesses.  A slow path
 * saves the registers in the frame, calls `slow` with the index of a record, which
 * tells where the operands are and the result goes, and loads the registers again; x64_recover() makes the precise guest
 * state from the record.
 */
#ifndef PARMA_X64_X64_H
#define PARMA_X64_X64_H

#include "ir/ir.h"
#include "x64/asm.h"

/*
 * Frame offsets from rsp.
 *
 * The guest's flags are lazy across units: when FR_NZ_KIND is not 0, they are those of that operation (enum x64_lk from
 * RL_FSUB on, as in an rloc) on FR_NZ_A and FR_NZ_B, and the environment's are stale.  Whoever reads the
 * environment's brings them up to date first: units that use them, helpers, the way out (glue.c).
 */
#define FR_NZ_KIND 0      /* 4 */
#define FR_NZ_A 8
#define FR_NZ_B 16
#define FR_GPR 32         /* 16 x 8 */
#define FR_XMM 160        /* 16 x 16 */
#define FR_ARG 416        /* struct op_args */
#define FR_TMP 528        /* 32: vector operand and result of slow paths */
#define FR_FLAGS 568      /* 4: MXCSR on its way to FPSR */
#define FR_MEMO_UNIT 572   /* 4: memo_unit() of the unit that the memos are of; 0: none */
#define FR_NMEMO 16
#define FR_MEMO_LEN 576   /* 8 each: memos of loops (lower_memo.c); 0: not valid */
#define FR_MEMO_START 704
#define FR_MEMO_ADD 832
#define FR_SPILL 960      /* 16 bytes a slot */
#define FR_NSPILL 192
#define FR_PARAM (FR_NSPILL - 2) /* these two hold param nodes */
#define FR_SIZE (FR_SPILL + FR_NSPILL * 16)

/* What the back end knows of the guest's environment; CONST_AFTER_INIT. */
struct x64_config {
	uint32_t off_pc, off_request, off_tlb, off_tlb_unpriv, off_fp, off_owed, off_nzcv, off_icount, off_release;
	uint32_t tag_r, tag_w, addend; /* in the TLB: fields of line 0; a line has 32 bytes */
	uint32_t tlb_bits, tlb_hash;             /* log2 of the lines; shift of the bits that the index mixes in */
	uint32_t jc, jc_bits, jc_shift;          /* its jump cache: {pc, code} pairs; (pc ^ pc >> jc_shift) / 4 is the index */
	/* does the access of a record, with registers in the frame */
	void (*slow)(void *env, void *unit, uint64_t rec, void *frame);
};
extern struct x64_config x64_cfg;

/* RL_ENV: another slot, which the unit does not write */
/*
 * RL_FCMP: of a floating-point comparison, whose flags are the host's in bits 15..8 of FR_NZ_A, as LAHF has them; RL_FCMPR: of
 * the operands the other way round.
 */
enum x64_lk { RL_GPR, RL_XMM, RL_SPILL, RL_K, RL_VK, RL_ENV, RL_FSUB, RL_FADD, RL_FLOGIC, RL_FCMP, RL_FCMPR };
static inline bool rl_has_two(unsigned kind) { return kind == RL_FSUB || kind == RL_FADD; }
struct x64_rloc {
	uint8_t slot;  /* 255: an operand of the entry before */
	uint8_t kind;  /* enum x64_lk; bit 7: 64-bit flags */
	uint16_t idx;
};
#define X64_NO_GROUP 255
struct x64_rec { /* of one memory access */
	uint32_t first;           /* rloc */
	int32_t pc;               /* less that of the unit */
	int32_t disp;             /* from the register `base` */
	uint16_t op, aux, imm;    /* of the node */
	uint8_t n;                /* rlocs */
	uint8_t base, in, in2;    /* registers: address, operands */
	uint8_t out;              /* where the result goes, if it has one */
	uint8_t group;            /* where the addend for a group of accesses goes that this one leads, or X64_NO_GROUP: */
	uint8_t below, last;      /* the group's bytes begin so far below the access, and this is the last of them, from there */
	uint8_t group_write;      /* and are checked for writing */
};
struct x64_link { /* a direct exit; who takes it finds the pc here, not in the environment */
	uint64_t pc;
	uint32_t site; /* offset of the rel32 in the code */
	uint32_t stub; /* offset of where it jumps while not linked */
};

/* Result of lowering; arrays belong to the lowering context until the next unit. */
struct x64_out {
	uint8_t *code;      /* executable view */
	uint32_t size;
	struct x64_rec *recs;
	struct x64_rloc *rlocs;
	uint64_t *pool;
	struct x64_link *links;
	uint32_t nrecs, nrlocs, npool, nlinks;
};

struct lower;
struct lower *x64_lower_new(void);
void x64_lower_free(struct lower *l);

struct x64_job {
	const struct ir_unit *u;
	void *unit;            /* token passed to slow paths and exits */
	uint64_t page_mask;    /* a direct exit inside the page of `pc` is chained, others look up */
	uint64_t pc;
	uint32_t ninsns;
	bool alone;             /* one vCPU: nobody else takes part in read-modify-writes */
	bool fp_native;        /* the host's arithmetic does */
	bool fp_half;          /* and its halves */
	bool fp_flush;         /* FPCR.FZ is set while the unit runs */
	bool fp_settles;       /* not yet fp_native: leave where FPSR.IXC has been set */
	uint8_t *buf, *end;    /* writable view */
	intptr_t delta;
};
/* false: did not fit (buffer, registers or tables). */
bool x64_lower(struct lower *l, const struct x64_job *job, struct x64_out *out);

/* Glue at the start of code memory. Returns bytes used. */
size_t x64_glue_emit(uint8_t *buf, size_t size, intptr_t delta);
/* What x64_enter() returns where the instruction at pc is left to the interpreter. */
#define X64_EXEC ((void *)1)
/* The same: after a store-release with the word at x64_cfg.off_release set. */
#define X64_RELEASE ((void *)3)
/* Runs code from `code` until something leaves: the unit of the exit, or NULL; *link its exit's number, from 1. */
void *x64_enter(void *env, const void *code, uint32_t *link);
/* The host has what the lowerings use (AVX2, BMI, LZCNT, ...). */
bool x64_supported(void);

/* Writes the state of a record of the unit at unit_pc into the environment, all slots and the pc. */
void x64_recover(const struct ir_slot *slots, const struct x64_rec *r, uint64_t unit_pc, const struct x64_rloc *locs,
		 const uint64_t *pool, const void *frame, void *env);

#endif
