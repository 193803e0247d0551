/*
 * Shared by the files of the lowering: the state of one unit's lowering and
 * the register allocator's interface.  A lowering function brings operands
 * into registers (lo_use*), which pins them, then asks for a destination
 * (lo_def*), then emits; rax, rcx, rdx, xmm0..2 are free for it throughout.
 */
#ifndef PARMA_X64_LOWER_H
#define PARMA_X64_LOWER_H

#include "x64/x64.h"

struct use {
	uint32_t pos, next;
};
struct val {
	int8_t reg;       /* -1: none */
	bool lazy;        /* emitted where it is used (conditions, flags) */
	bool live;
	bool snapped;     /* in a snapshot: it must be somewhere when that is captured */
	uint16_t spill;   /* slot + 1; 0: none */
	uint8_t depth;    /* of a condition */
	uint8_t normal;   /* with FPCR.FZ: bit set: no denormal in it, taken in that shape (lower_fp.c) */
	uint8_t host;     /* flags that are the host's: RL_FCMP or RL_FCMPR; 0: NZCV */
	int8_t hint;      /* register it would best be in; 0: any */
	uint32_t use;     /* head of the list of uses */
	uint32_t last_snap;
	uint32_t end;     /* last use or snapshot; 0: there is none */
};

/*
 * Accesses off one base register that share a check (lower_group.c): the first checks the whole span and keeps the
 * host address less the guest's in a value of its own, `ref`; 0 there sends the others to their slow paths.
 */
struct group {
	ir_ref leader, base, ref;
	int32_t lo, hi;
	bool write, excl; /* excl: a pair of exclusives */
	unsigned members;
};
#define MAX_GROUPS (IR_SPARE_NODES - 1)

enum stub_kind { STUB_EXIT, STUB_SLOW, STUB_LEAVE, STUB_CALL, STUB_EDGE, STUB_FLAGS };
struct stub {
	uint8_t kind, type;
	int8_t reg, base;   /* result or operand register; address register */
	int8_t in, in2;     /* operands */
	bool xmm_live, poll, load, used, release;
	uint16_t aux;
	int32_t disp;
	uint32_t rec;
	uint32_t first, n;  /* rlocs to write back */
	uint32_t more;      /* STUB_EDGE: rlocs after these that tell where carried slots are */
	unsigned block;     /* STUB_EDGE */
	uint64_t pc;
	uint8_t *from[6];
	unsigned nfrom;
	uint8_t *back;
	ir_ref node;
	int8_t zero;             /* STUB_SLOW: register to clear afterwards, or -1 */
	uint8_t memo;            /* STUB_SLOW: number + 1 of the access's memo; 0: none */
	bool write, probe;       /* probe: what was checked is more than the access: ask for it alone */
	bool chained;            /* STUB_SLOW: what the stub before does not find in the TLB goes on here: one look for both */
	int32_t lo, bytes;       /* what is checked, from the address register on */
	uint8_t *memo_miss, *memo_hit;
	uint32_t live_g, live_x; /* STUB_CALL: registers to keep */
	int8_t src[4];
};

#define MAX_USES (IR_MAX_NODES * 6)
#define MAX_STUBS 1200
#define MAX_RLOCS 30000
#define MAX_POOL 4096
#define MAX_CARRIED 24
#define MAX_BLOCKS 32
#define MAX_FIX 512

struct lower {
	struct xa a;
	const struct ir_unit *u;
	const struct x64_job *job;
	uint32_t cur;
	bool def_phase, fail;
	uint32_t pin_g, pin_x;
	ir_ref own_g[16], own_x[16];
	bool vectors;            /* some vector register was given out */
	ir_ref spill_own[FR_NSPILL];
	/* the flags register holds the result of this 32/64-bit node, if nothing was emitted since */
	ir_ref fl_ref;
	uint8_t *fl_pos;
	struct val *v;
	struct group *groups;    /* [1..ngroups] */
	uint8_t *group;          /* [node]: its group, 0: none */
	unsigned ngroups;
	ir_ref *snapped;         /* nodes with a snapshot in the blocks behind the first, where there is more than one */
	unsigned nsnapped;
	uint8_t *memo;           /* [node]: number + 1 of its memo, 0: none */
	unsigned nmemos;
	struct use *uses;
	uint32_t nuses;
	struct stub *stubs;
	uint32_t nstubs;
	struct x64_rec *recs;
	struct x64_rloc *rlocs;
	uint64_t *pool;
	struct x64_link *links;
	uint32_t nrecs, nrlocs, npool, nlinks;
	const uint8_t *group_end;  /* behind the last access of a group, NULL: none yet */
	const uint8_t *slow[2];    /* [vectors are kept]: what the unit's slow paths call; NULL: none yet */
	/* blocks that the unit's branches go to (lower_loop.c) */
	unsigned nblocks, block;   /* block: the one being lowered */
	bool block_synced;         /* memory was brought up to date in it */
	struct {
		ir_ref node;         /* the nodes of the slots that it wants in registers (carries) follow */
		unsigned ncarried;
		uint64_t pc;
		uint8_t *label;
		uint8_t carried[IR_MAX_SLOTS]; /* [slot]: the number of its node from 1, 0: not carried */
	} blocks[MAX_BLOCKS];
	uint32_t carry_g, carry_x; /* registers with which the block being lowered started */
	unsigned nfix;
	struct {
		uint8_t *at;
		unsigned block;
	} fix[MAX_FIX];            /* jumps to blocks */
};

#define LN(r) (&l->u->n[r])

/* -- shared checks (lower_group.c) -- */
void lo_find_groups(struct lower *l);

/* -- what loops remember of pages (lower_memo.c) -- */
void lo_find_memos(struct lower *l);
/* The first n memos hold nothing from here on; frame: the frame's distance from rsp. Destroys xmm0. */
void lo_memo_forget(struct xa *a, unsigned n, int frame);
/* The memos are no unit's from here on. */
void lo_memo_lose(struct xa *a);
/* At the entry of a unit with memos: those there are are its own, or hold nothing. Destroys xmm0. */
void lo_memo_own(struct lower *l);
/* After a call of C code that may change the TLB. Destroys xmm0. */
void lo_memo_called(struct lower *l);
/* Does the stub's access fit its memo? rcx: addend, also after a miss. Destroys rdx. */
void lo_memo_check(struct lower *l, struct stub *s);
/* Fills it: rcx is the addend, at_reg the address; and back to where it fits. */
void lo_memo_fill(struct lower *l, const struct stub *s, int at_reg);
/* The TLB's answer for what the stub checks: rcx, or out of line. Returns the register of the address. */
int lo_tlb_check(struct lower *l, struct stub *s);
/* Emits the look-up for `bytes` at register `at`: rcx addend if flags say not above. Destroys rdx. */
void lo_tlb_look(struct xa *a, int at, bool write, bool unpriv, int bytes);
/* Once, before the first. */
void lo_tlb_prepare(void);
/* The access of a plain load or store node, registers as its stub has them. */
void lo_access(struct lower *l, const struct stub *s, struct xm m);

/* -- register allocation (regalloc.c) -- */
void ra_prepare(struct lower *l);
/* The register that holds r now (loaded if need be), pinned until the next node. */
int lo_use(struct lower *l, ir_ref r);
int lo_usex(struct lower *l, ir_ref r);
/* A register for the result r of the current node. */
int lo_def(struct lower *l, ir_ref r);
int lo_defx(struct lower *l, ir_ref r);
/* r's register becomes d's: the operand dies here. False if it lives on. */
bool lo_steal(struct lower *l, ir_ref d, ir_ref r);
/* A vector constant into register d; destroys rax. */
void lo_vconst(struct lower *l, int d, uint64_t k, uint64_t k2);
/* No use after the current node. */
bool lo_dies(struct lower *l, ir_ref r);
bool lo_imm32(const struct lower *l, ir_ref r, bool w, int32_t *imm);
/* Registers whose values are needed after the current node, among those a C call destroys. */
uint32_t lo_live_g(struct lower *l);
uint32_t lo_live_x(struct lower *l);
/* Where every value of a snapshot is; returns the number of entries from *first on. */
uint32_t lo_capture(struct lower *l, uint32_t snap, uint32_t *first);

/* -- conditions and flags (lower_cond.c) -- */
/* Brings what a condition or lazy flags need into registers. */
void lo_cond_prep(struct lower *l, ir_ref r);
/* Jumps where the condition is `want`; adds positions to from[]. */
void lo_branch(struct lower *l, ir_ref b, bool want, uint8_t **from, unsigned *nfrom, unsigned max);
/* A condition without && and ||: compares and returns the host condition. False if it is not one. */
bool lo_cmp(struct lower *l, ir_ref b, enum x_cc *cc);
/* Is the comparison r best done the other way round? */
bool lo_wants_swapped(const struct lower *l, ir_ref r);
/* NZCV of f (lazy or not) into eax; destroys rcx, rdx. */
void lo_flags_eax(struct lower *l, ir_ref f);
/* NZCV from the host flags just set by add/cmp/test into eax; inverted carry for subtractions. */
void lo_nzcv_from_host(struct xa *a, bool sub);
/* NZCV into eax from ah, kind RL_FCMP or RL_FCMPR; destroys rcx. */
void lo_nzcv_from_ah(struct xa *a, unsigned kind);
bool lo_is_lazy(const struct ir_node *n);
void low_cond_node(struct lower *l, ir_ref r);

/* -- nodes -- */
bool low_int(struct lower *l, ir_ref r);    /* false: not handled */
bool low_native_v(struct lower *l, ir_ref r);
void low_call(struct lower *l, ir_ref r);   /* any pure operation by its C function */
void low_helper(struct lower *l, ir_ref r);
bool low_mem(struct lower *l, ir_ref r);
/* -- parts of memory accesses (lower_mem.c) -- */
/* The slow path of memory node r with these registers as address and operand; jumps to it are added by lo_slow_if(). */
struct stub *lo_slow_stub(struct lower *l, ir_ref r, int base, int in);
void lo_slow_if(struct lower *l, struct stub *s, enum x_cc cc);
/* Checks the access and returns its host operand, in which rcx and rax may be. Destroys rdx. */
struct xm lo_check(struct lower *l, struct stub *s, bool write, unsigned align);
/* The group's value where r is not its leader; -1: no group, or its leader. */
int lo_addend(struct lower *l, ir_ref r);
void lo_load_int(struct xa *a, unsigned aux, int d, struct xm m);
void lo_store_int(struct xa *a, unsigned size, struct xm m, int s);
void low_atomic(struct lower *l, ir_ref r);
void low_exit(struct lower *l, ir_ref r);
void low_stubs(struct lower *l);
/* Where direct exits go while they are not linked: behind all else of the unit. */
void low_links(struct lower *l);
/* Leaves to the run loop at pc if something is requested, having written these rlocs back. */
void low_poll(struct lower *l, uint64_t pc, uint32_t first, uint32_t n);
/* used: flags are stored as NZCV, not as an operation (FR_NZ_KIND). */
void low_writeback(struct lower *l, uint32_t first, uint32_t n, bool used);
void low_store_slot(struct lower *l, const struct x64_rloc *e, bool used);
struct xm lo_slot_mem(const struct lower *l, unsigned slot);
/* -- branches within the unit (lower_loop.c) -- */
void lo_find_blocks(struct lower *l);
/* The block that a branch goes to, or -1. */
int lo_edge(const struct lower *l, const struct ir_node *n);
/* The block that node r is in. */
unsigned lo_block_of(const struct lower *l, ir_ref r);
/* The node with which block b carries slot `slot`; 0: it does not. */
ir_ref lo_carried(const struct lower *l, unsigned b, unsigned slot);
void low_block(struct lower *l, ir_ref r);
void low_edge(struct lower *l, ir_ref r, unsigned block);
void low_edge_if(struct lower *l, ir_ref r, unsigned block);
void low_edge_stub(struct lower *l, const struct stub *s);
void low_bind_edges(struct lower *l);
struct stub *lo_stub(struct lower *l, enum stub_kind kind);
/* Brings the environment's flags up to date (FR_NZ_KIND); destroys rax, rcx, rdx. */
void low_sync_flags(struct lower *l);

/*
 * Native lowerings of vector rows: emit for operands s[] and result d
 * (GPR numbers for integers, XMM numbers for vectors), or return false having
 * emitted nothing, then the C function is called.  d is different from all
 * s[] unless the row says VL_ALIAS.
 */
typedef bool vl_fn(struct xa *a, const struct ir_node *n, int d, const int *s);
struct vl_row {
	vl_fn *fn;
	unsigned flags;
};
#define VL_ALIAS 1u
extern const struct vl_row vl_vec[IR_pure_end];
/* Floating point inline with its C function as the slow path (lower_fp.c). False: not this row or immediate. */
bool low_fp(struct lower *l, ir_ref r);
void low_call_stub(struct lower *l, const struct stub *s);
/* The host's sticky flags to FPSR; clear: and away from MXCSR. t0, t1: scratch; frame: 4 bytes at rsp + frame. */
void lo_fp_sync(struct xa *a, int t0, int t1, int frame, bool clear);
/* MXCSR as FPCR has it, no flags. Destroys rax, rcx. */
void lo_fp_start(struct xa *a);
/* MXCSR as C wants it, after lo_fp_sync() with this frame. */
void lo_fp_stop(struct xa *a, int frame);
/* The call itself: operands are in the frame, the result will be. */
void low_call_fn(struct lower *l, const struct ir_node *n, uint32_t g, uint32_t x);

/* [vectors are kept]: the slow path of an access: rdx the unit, the number of the record on the stack, which it takes away. */
extern const void *glue_slow[2];
/* To the run loop: rax and edx the result of x64_enter(); the pc in rax, by what the result is; the pc in that register, NULL. */
extern const void *glue_exit, *glue_leave[4], *glue_leave_at[16];
extern const void *glue_flags;
/* [store][log2 of the size]: the TLB's answer for the address in rax: rcx addend if flags say not above. Destroys rdx. */
extern const void *glue_probe[2][5];

#endif
