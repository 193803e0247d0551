/* Concrete carriers of the value types (see ops.def) and the FP environment. */
#ifndef PARMA_IR_VALUE_H
#define PARMA_IR_VALUE_H

#include "base/types.h"

/* FPCR as operations read it, FPSR as they accumulate into it; Arm's bit positions. */
struct fpenv {
	uint32_t fpcr;
	uint32_t fpsr;
};

#define FPCR_FIZ (1u << 0)
#define FPCR_AH (1u << 1)
#define FPCR_NEP (1u << 2)
#define FPCR_FZ16 (1u << 19)
#define FPCR_RMODE_SHIFT 22
#define FPCR_FZ (1u << 24)
#define FPCR_DN (1u << 25)
#define FPCR_AHP (1u << 26)

#define FPSR_IOC (1u << 0)
#define FPSR_DZC (1u << 1)
#define FPSR_OFC (1u << 2)
#define FPSR_UFC (1u << 3)
#define FPSR_IXC (1u << 4)
#define FPSR_IDC (1u << 7)
#define FPSR_QC (1u << 27)

#endif
