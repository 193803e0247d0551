/*
 * Layout of the immediate operand of the floating-point operations
 * (ops_fp.def).  Every row shares the low bits; the rest depends on the row.
 *
 *   bits  1..0   element size, log2 of bytes: FP_H, FP_S, FP_D
 *   bits  3..2   log2 of the number of lanes: 1, 2, 4 or 8
 *   bits  5..4   second element size: destination of fpcvt and of fp2i (the
 *                integer), source of i2fp (the integer)
 *   bits  8..6   rounding: enum fp_rounding
 *   bits 15..9   fraction bits of a fixed-point number, 0..64
 *   bits 31..16  flags of the row: FPI_
 *
 * An operation reads only the lanes that it names and zeroes the rest of its
 * 128-bit result: one lane is Arm's scalar form, 64 bits of lanes the form
 * with Q = 0.  Where the two element sizes differ, lanes of both sides are
 * packed from bit 0 up.
 */
#ifndef PARMA_IR_FP_IMM_H
#define PARMA_IR_FP_IMM_H

#include <stdint.h>

enum fp_size { FP_H = 1, FP_S = 2, FP_D = 3 };

/* The first four are FPCR.RMode's. */
enum fp_rounding {
	FPR_TIEEVEN = 0,
	FPR_POSINF = 1,
	FPR_NEGINF = 2,
	FPR_ZERO = 3,
	FPR_TIEAWAY = 4,
	FPR_ODD = 5,
	FPR_FPCR = 7, /* as FPCR says when the operation runs */
};

#define FPI_NEG_N (1u << 16)    /* fpmla, fmlal: first factor negated (before NaNs are looked at) */
#define FPI_NEG_A (1u << 17)    /* fpmla: addend negated */
#define FPI_UNSIGNED (1u << 18) /* fp2i, i2fp */
#define FPI_SIGNAL (1u << 19)   /* fpcmp: quiet NaNs raise Invalid Operation too */
#define FPI_EXACT (1u << 20)    /* fprint: raises Inexact */
#define FPI_ABS (1u << 21)      /* fpcmv: compares absolute values */
#define FPI_ODD (1u << 22)      /* bfwiden: odd elements instead of even ones */
#define FPI_RANGE64 (1u << 23)  /* fprintn: 64-bit range instead of 32-bit */
#define FPI_SHIFT 24            /* fpcmv: enum fp_cond; fcadd, fcmla: rotation */

enum fp_cond { FPC_EQ, FPC_GE, FPC_GT };

/* Lanes of `size` in a register of 64 << q bits. */
static inline uint32_t fpi_vec(unsigned size, unsigned q) { return size | (3 - size + q) << 2; }

/* One lane. */
static inline uint32_t fpi_scalar(unsigned size) { return size; }

static inline uint32_t fpi_lanes(unsigned size, unsigned log2_lanes) { return size | log2_lanes << 2; }
static inline uint32_t fpi_size2(unsigned size) { return size << 4; }
static inline uint32_t fpi_round(enum fp_rounding r) { return (uint32_t)r << 6; }
static inline uint32_t fpi_fbits(unsigned n) { return n << 9; }
static inline uint32_t fpi_cond(enum fp_cond c) { return (uint32_t)c << FPI_SHIFT; }
static inline uint32_t fpi_rot(unsigned quarter_turns) { return quarter_turns << FPI_SHIFT; }

static inline unsigned fpi_get_size(uint32_t imm) { return imm & 3; }
static inline unsigned fpi_get_lanes(uint32_t imm) { return 1u << (imm >> 2 & 3); }
static inline unsigned fpi_get_size2(uint32_t imm) { return imm >> 4 & 3; }
static inline unsigned fpi_get_round(uint32_t imm) { return imm >> 6 & 7; }
static inline unsigned fpi_get_fbits(uint32_t imm) { return imm >> 9 & 127; }
static inline unsigned fpi_get_cond(uint32_t imm) { return imm >> FPI_SHIFT & 3; }
static inline unsigned fpi_get_rot(uint32_t imm) { return imm >> FPI_SHIFT & 3; }

#endif
