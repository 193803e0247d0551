/*
 * Meaning of the operations of ops_fp.def over concrete values: software
 * floating point, bit-exact with the Arm manual's pseudocode including FPSR.
 * Immediates as in fp_imm.h.  `env` gives FPCR and accumulates FPSR.
 */
#ifndef PARMA_IR_OPS_FP_H
#define PARMA_IR_OPS_FP_H

#include "ir/fp_imm.h"
#include "ir/value.h"

u128 c_fpadd(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpsub(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpmul(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpmulx(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpdiv(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpmax(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpmin(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpmaxnm(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpminnm(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpsqrt(struct fpenv *env, u128 a, uint32_t imm);
u128 c_fpmla(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm);
u128 c_fprecps(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fprsqrts(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fprecpe(struct fpenv *env, u128 a, uint32_t imm);
u128 c_fprsqrte(struct fpenv *env, u128 a, uint32_t imm);
u128 c_fprecpx(struct fpenv *env, u128 a, uint32_t imm);

uint32_t c_fpcmp(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fpcmv(struct fpenv *env, u128 a, u128 b, uint32_t imm);

u128 c_fpcvt(struct fpenv *env, u128 a, uint32_t imm);
u128 c_fp2i(struct fpenv *env, u128 a, uint32_t imm);
u128 c_i2fp(struct fpenv *env, u128 a, uint32_t imm);
u128 c_fprint(struct fpenv *env, u128 a, uint32_t imm);
u128 c_fprintn(struct fpenv *env, u128 a, uint32_t imm);
uint64_t c_fjcvtzs(struct fpenv *env, u128 a);

u128 c_fcadd(struct fpenv *env, u128 a, u128 b, uint32_t imm);
u128 c_fcmla(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm);
u128 c_fmlal(struct fpenv *env, u128 a, u128 n, u128 m, uint32_t imm);

u128 c_bfcvt(struct fpenv *env, u128 a, uint32_t imm);
u128 c_bfwiden(u128 a, uint32_t imm);
u128 c_bfdot(u128 a, u128 n, u128 m, uint32_t imm);
u128 c_bfmmla(u128 a, u128 n, u128 m);

/* The bits of the lanes that imm names; the sign bits of every lane of its size. */
static inline u128 fp_lanes_mask(uint32_t imm)
{
	unsigned bits = (8u << fpi_get_size(imm)) * fpi_get_lanes(imm);

	return bits >= 128 ? ~(u128)0 : ((u128)1 << bits) - 1;
}
static inline u128 fp_sign_mask(uint32_t imm)
{
	uint64_t m = fpi_get_size(imm) == FP_H	 ? UINT64_C(0x8000800080008000)
		     : fpi_get_size(imm) == FP_S ? UINT64_C(0x8000000080000000)
						 : UINT64_C(0x8000000000000000);

	return (u128)m << 64 | m;
}
static inline u128 c_fpabs(u128 a, uint32_t imm) { return a & ~fp_sign_mask(imm) & fp_lanes_mask(imm); }
static inline u128 c_fpneg(u128 a, uint32_t imm) { return (a ^ fp_sign_mask(imm)) & fp_lanes_mask(imm); }

#endif
