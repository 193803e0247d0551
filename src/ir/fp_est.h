/* Fractions of the architected estimates, for those who make tables of them. */
#ifndef PARMA_IR_FP_EST_H
#define PARMA_IR_FP_EST_H

/* RecipEstimate(): a in 256..511 stands for [0.5, 1), the result likewise for (1, 2] in units of 1/256. */
unsigned fp_recip_estimate(unsigned a);
/* RecipSqrtEstimate(): a in 128..511 stands for [0.25, 1), the result as above. */
unsigned fp_rsqrt_estimate(unsigned a);

#endif
