/*
 * Intermediate code of one translation unit: an array of nodes in execution
 * order.  A node is a pure operation (one per row of ops.def) or an effect;
 * operands are indices of earlier nodes (SSA within a block).  Guest
 * registers are "slots": the builder forwards their values, so reading a
 * register gives the node that wrote it, and nothing is written back except
 * where a node says so through its snapshot.
 *
 * A snapshot is the precise guest state at one place: the guest PC and the
 * (slot, value) pairs that differ from the state in memory.  Each node that
 * can leave the unit (fault, helper call, exit) carries one; back ends turn
 * it into stores in an exit stub or into a recovery table.
 *
 * Used by one thread at a time; a builder is reset and reused for each unit.
 */
#ifndef PARMA_IR_IR_H
#define PARMA_IR_IR_H

#include <stdio.h>

#include "base/types.h"
#include "ir/value.h"

typedef uint32_t ir_ref; /* index of a node; 0: none */

enum ir_type { T_NONE, T_INT, T_VEC, T_BOOL, T_FLAGS };

/* Effects and leaves: X(name, result type, operand letters). Fields used are told with each. */
#define IR_EFFECTS(X) \
	X(const, T_INT, "")        /* k */ \
	X(vconst, T_VEC, "")       /* k low, k2 high */ \
	X(kb, T_BOOL, "")          /* imm 0 or 1 */ \
	X(getr, T_NONE, "")        /* imm slot; type is the slot's. Among the first of a block: in the back end's register k - 1; \
				      aux 1: memory may be older */ \
	X(ldenv, T_INT, "")        /* imm offset in the environment, aux size log2; zero-extended */ \
	X(stenv, T_NONE, "Q")      /* imm offset, aux size log2 */ \
	X(ld, T_INT, "Q")          /* [a0 + k], aux MEM_ bits, snap */ \
	X(st, T_NONE, "QQ")        /* [a0 + k] = a1 */ \
	X(ldv, T_VEC, "Q")         /* 4 to 16 bytes, zeros above */ \
	X(stv, T_NONE, "QV") \
	X(rmw, T_INT, "QQ")        /* imm operation (numbering of the user); old value */ \
	X(cas, T_INT, "QQQ")       /* a1 expected, a2 desired; old value */ \
	X(casv, T_VEC, "QVV")      /* the same with 16 bytes */ \
	X(ldx, T_INT, "Q")         /* load-exclusive that is not half of a pair in this unit; always slow */ \
	X(stx, T_INT, "QQ")        /* store-exclusive, so; status */ \
	X(fence, T_NONE, "")       /* full fence; imm 1: only if one is owed */ \
	X(owe, T_NONE, "")         /* a fence is owed */ \
	X(helper, T_INT, "qqq")    /* function k, imm HF_ bits, operands optional; snap */ \
	X(block, T_NONE, "")       /* branches of the unit to pc k come here, but for the first; the k2 getr nodes that follow are in \
				      registers; imm BLOCK_FLAGS_ bits; aux not 0: the flags are those of this operation, and what \
				      BLOCK_FLAGS_A and _B do not tell of its operands comes as the param nodes that follow */ \
	X(param, T_INT, "")        /* imm 0 or 1: operand of the flags, from the branches to the block */ \
	X(brc, T_NONE, "B")        /* leave to pc k if a0 (imm 1: if not a0); snap */ \
	X(poll, T_NONE, "")        /* leave to the run loop with pc k if somebody wants something (imm 1: a store-release is watched); snap */ \
	X(br, T_NONE, "")          /* leave to pc k; snap; ends a block */ \
	X(jmp, T_NONE, "Q")        /* leave to pc a0, imm hint; snap; ends a block */ \
	X(leave, T_NONE, "")       /* leave to the run loop with pc k (imm 1: which executes that instruction itself); snap; ends a block */

enum ir_op {
	IR_none,
#define OP(n, s, p) IR_##n,
#include "ir/ops.def"
#undef OP
	IR_pure_end,
#define X(n, t, o) IR_##n,
	IR_EFFECTS(X)
#undef X
	IR_op_count
};

/* imm of rmw nodes */
enum ir_rmw { IR_RMW_ADD, IR_RMW_CLR, IR_RMW_EOR, IR_RMW_SET, IR_RMW_SMAX, IR_RMW_SMIN, IR_RMW_UMAX, IR_RMW_UMIN, IR_RMW_SWP };

/* aux of memory nodes; imm of loads, stores, cas, ldx, stx is the user's, passed to the slow path */
#define MEM_SIZE 7u       /* log2 of the bytes, 0..4 */
#define MEM_SX64 (1u << 3) /* loads: sign-extend to 64 bits */
#define MEM_SX32 (1u << 4) /* loads: sign-extend to 32, zero above */
#define MEM_UNPRIV (1u << 5)
#define MEM_ALIGNED (1u << 6)
#define MEM_CHECK_SP (1u << 7)
#define MEM_ORDERED (1u << 8) /* loads: acquire; stores: release. Only for the slow path: fences are nodes */
#define MEM_NORET (1u << 9)
#define MEM_OP_SHIFT 10     /* rmw: enum ir_rmw */
#define MEM_OP(aux) ((aux) >> MEM_OP_SHIFT & 15)
#define MEM_EXCL (1u << 14) /* ld, ldv, cas, casv: half of a pair of exclusives; rmw: a whole one and what is between */

/* imm of helper nodes */
#define HF_SYNC (1u << 0)    /* write all of the snapshot to memory before the call */
#define HF_RESULT (1u << 1)  /* the result is used */
#define HF_LEAVE (1u << 2)   /* a result that is not 0 leaves to the run loop with the state in memory */

/* imm of block nodes */
#define BLOCK_FLAGS_DEAD (1u << 0) /* the flags need not be in memory here */
#define BLOCK_FLAGS_64 (1u << 1)   /* immediate of the flags' operation */
#define BLOCK_FLAGS_A (1u << 2)    /* its first operand is the value of the carried slot imm >> BLOCK_FLAGS_SLOT */
#define BLOCK_FLAGS_B (1u << 3)    /* its second operand is a constant */
#define BLOCK_FLAGS_USED (1u << 4) /* the block reads them, but not as above: better in memory than lazy */
#define BLOCK_FLAGS_SLOT 8
/* aux of br and brc nodes: what is there reads the flags at once; as BLOCK_FLAGS_USED */
#define BR_FLAGS_USED 1u

#define NF_W32 1u /* a 32-bit operation: reads the low halves, result zero-extended */

struct ir_node {
	uint16_t op;
	uint8_t type;
	uint8_t fl;
	uint16_t aux;
	uint16_t uses;  /* operand uses, saturating; snapshots do not count */
	uint32_t imm;
	uint32_t snap;  /* index + 1 of the snapshot; 0: none */
	ir_ref a[4];
	uint64_t k, k2;
};

struct ir_snapent {
	uint32_t slot;
	ir_ref ref;
};

struct ir_snap {
	uint64_t pc;
	uint32_t first, n;
};

#define IR_MAX_SLOTS 72
#define IR_MAX_OLD 256     /* writes of slots that can be undone */
#define IR_MAX_NODES 6000
#define IR_SPARE_NODES 256 /* room behind the nodes, for values that a back end adds */
#define IR_MAX_SNAPS 2000
#define IR_MAX_SNAPENTS 40000

struct ir_slot {
	uint8_t type;    /* enum ir_type */
	uint8_t size;    /* bytes in the environment */
	uint32_t offset; /* in the environment */
	const char *name;
};

struct ir_unit {
	const struct ir_slot *slots;
	unsigned nslots;
	struct ir_node *n;      /* [IR_MAX_NODES], n[0] unused */
	uint32_t nn;
	struct ir_snap *snaps;  /* [IR_MAX_SNAPS] */
	uint32_t nsnaps;
	struct ir_snapent *ents; /* [IR_MAX_SNAPENTS] */
	uint32_t nents;
	/* builder: what is known of each slot here */
	ir_ref cur[IR_MAX_SLOTS];   /* value, 0: still in memory and not read yet */
	uint64_t dirty[2];          /* bit set: memory is older than cur */
	uint32_t dirty_seq;         /* counts changes, to share snapshots */
	uint32_t snap_seq;
	uint64_t snap_pc;
	bool raw;                   /* set by the user: nothing is folded or shared (-d ir) */
	bool overflow;              /* ran out of nodes or snapshots: the unit is not usable */
	uint64_t dirtied[2];        /* slots that were dirty at some time, in blocks before this */
	ir_ref block;               /* values from before this node are not shared */
	unsigned nblocks;           /* block nodes */
	bool synced;                /* some node wrote slots back inside the unit */
	/* since ir_mark() */
	uint64_t old_dirty[2];
	uint32_t nold;
	struct {
		uint32_t slot;
		ir_ref cur;
	} old[IR_MAX_OLD];
	uint32_t cse[1024];
};

struct ir_opinfo {
	const char *name;
	const char *sig;   /* "Q_QQi" or the operand letters of an effect */
	uint8_t type;      /* result */
	uint8_t nops;
	char ops[5];       /* operand letters without the immediate */
	bool pure, fp, imm;
	bool idle;         /* without effects: nothing happens where the result is not used */
};
extern struct ir_opinfo ir_infos[IR_op_count]; /* filled before main() */
static inline const struct ir_opinfo *ir_info(unsigned op) { return &ir_infos[op]; }

/* Allocates a unit for a guest with these slots (at most IR_MAX_SLOTS). */
struct ir_unit *ir_new(const struct ir_slot *slots, unsigned nslots);
void ir_free(struct ir_unit *u);
void ir_reset(struct ir_unit *u);

/* -- building -- */
ir_ref ir_const(struct ir_unit *u, uint64_t k);
ir_ref ir_vconst(struct ir_unit *u, uint64_t lo, uint64_t hi);
ir_ref ir_kb(struct ir_unit *u, bool v);
/* A pure operation, folded and shared with an equal earlier one. q64: the immediate of a 'q' signature. */
ir_ref ir_pure(struct ir_unit *u, unsigned op, ir_ref a, ir_ref b, ir_ref c, ir_ref d, uint32_t imm);
ir_ref ir_pure_q(struct ir_unit *u, unsigned op, uint64_t q64);
/* Appends an effect node as it is given. */
ir_ref ir_emit(struct ir_unit *u, const struct ir_node *n);
/* Reads and writes of guest registers. */
ir_ref ir_get(struct ir_unit *u, unsigned slot);
void ir_set(struct ir_unit *u, unsigned slot, ir_ref v);
/* The slot is in memory again, or what is there does not matter any more. */
void ir_forget(struct ir_unit *u, unsigned slot);
/* The state here, for an instruction at pc; the value for ir_node.snap. */
uint32_t ir_snapshot(struct ir_unit *u, uint64_t pc);
/* A new block: all slots are in memory; values of the blocks before are gone. */
void ir_block(struct ir_unit *u);
/* After a node that wrote the snapshot to memory: nothing is dirty. */
void ir_synced(struct ir_unit *u);
/* What is known of the slots is that of the last ir_mark() again; nothing was synced since. */
void ir_mark(struct ir_unit *u);
void ir_undo(struct ir_unit *u);

static inline bool ir_is_const(const struct ir_unit *u, ir_ref r) { return u->n[r].op == IR_const; }
/* Splits an address into base + displacement. */
ir_ref ir_split_addr(const struct ir_unit *u, ir_ref addr, int32_t *disp);

/* -- verifying, printing -- */
/* NULL if the unit keeps the rules; otherwise what is wrong (static storage). */
const char *ir_verify(const struct ir_unit *u);
void ir_print(FILE *f, const struct ir_unit *u);
void ir_print_node(FILE *f, const struct ir_unit *u, ir_ref r);

/* -- meaning of the pure operations, callable -- */
struct op_args {
	u128 r;
	u128 a[4];
	uint64_t imm;
	struct fpenv *fp;
};
typedef void op_fn(struct op_args *x);
/* The function of a pure operation: reads a[], imm, fp; writes all of r (zero-extended). */
op_fn *ir_op_fn(unsigned op);
/* A pure node over concrete operands, W32 flag included. */
u128 ir_eval_node(const struct ir_node *n, const u128 *ops, struct fpenv *fp);

#endif
