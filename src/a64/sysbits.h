/* Bits of system registers and exception classes, named as in the Arm ARM (D19). */
#ifndef PARMA_A64_SYSBITS_H
#define PARMA_A64_SYSBITS_H

#include "base/bits.h"

#define SCTLR_M BIT(0)
#define SCTLR_A BIT(1)
#define SCTLR_C BIT(2)
#define SCTLR_SA BIT(3)
#define SCTLR_SA0 BIT(4)
#define SCTLR_NAA BIT(6)
#define SCTLR_UMA BIT(9)
#define SCTLR_ENRCTX BIT(10)
#define SCTLR_I BIT(12)
#define SCTLR_DZE BIT(14)
#define SCTLR_UCT BIT(15)
#define SCTLR_NTWI BIT(16)
#define SCTLR_NTWE BIT(18)
#define SCTLR_WXN BIT(19)
#define SCTLR_TSCXT BIT(20)
#define SCTLR_SPAN BIT(23)
#define SCTLR_UCI BIT(26)
#define SCTLR_DSSBS BIT(44)
/* RES1 without AArch32, ExS and CSV2_2: ITD, SED, EOS, TSCXT, EIS, nTLSMD, LSMAOE. */
#define SCTLR_RES1 (BIT(7) | BIT(8) | BIT(11) | BIT(20) | BIT(22) | BIT(28) | BIT(29))

#define TCR_A1 BIT(22)
#define TCR_AS BIT(36)
#define TCR_HA BIT(39)
#define TCR_HD BIT(40)
#define TCR_E0PD0 BIT(55)
#define TCR_E0PD1 BIT(56)

#define PAR_F BIT(0)
#define PAR_RES1 BIT(11)
#define PAR_NS BIT(9)

#define SPSR_SS BIT(21)
#define SPSR_IL BIT(20)
#define SPSR_PAN BIT(22)
#define SPSR_UAO BIT(23)
#define SPSR_DIT BIT(24)
#define SPSR_SSBS BIT(12)

#define PSTATE_F 1u
#define PSTATE_I 2u
#define PSTATE_A 4u
#define PSTATE_D 8u

#define MDSCR_SS BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

/* Exception classes (ESR.EC). */
enum {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_FP = 0x07,
	EC_ILLEGAL = 0x0e,
	EC_SVC64 = 0x15,
	EC_HVC64 = 0x16,
	EC_SMC64 = 0x17,
	EC_SYSREG = 0x18,
	EC_IABORT_LOWER = 0x20,
	EC_IABORT = 0x21,
	EC_PC_ALIGN = 0x22,
	EC_DABORT_LOWER = 0x24,
	EC_DABORT = 0x25,
	EC_SP_ALIGN = 0x26,
	EC_SERROR = 0x2f,
	EC_BREAKPOINT_LOWER = 0x30,
	EC_STEP_LOWER = 0x32,
	EC_WATCHPOINT_LOWER = 0x34,
	EC_BRK64 = 0x3c,
};

#define ESR_EC_SHIFT 26
#define ESR_IL BIT(25)
#define ESR_CM BIT(8)
#define ESR_WNR BIT(6)
#define ESR_ISV BIT(24)
#define ESR_EX BIT(6) /* of a software step: a load-exclusive was stepped */

#endif
