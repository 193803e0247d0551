/*
 * Architectural features that a CPU model may have.  The encoding table
 * names them (`feat LSE`), the ID registers are computed from them.
 */
#ifndef PARMA_A64_FEAT_H
#define PARMA_A64_FEAT_H

#define FEATS(X) \
	X(LSE) X(LSE2) X(CRC32) X(RDM) X(LRCPC) X(LRCPC2) X(DotProd) X(FP16) X(FHM) X(FCMA) X(JSCVT) \
	X(AES) X(PMULL) X(SHA1) X(SHA256) X(SHA512) X(SHA3) X(FlagM) X(FlagM2) X(PAN) X(PAN2) X(UAO) \
	X(DPB) X(DPB2) X(SSBS) X(SSBS2) X(SB) X(SPECRES) X(CSV2) X(CSV3) X(FRINTTS) X(I8MM) X(BF16) X(RNG) X(TTL) X(TTST) \
	X(HAFDBS) X(HPDS) X(TLBIOS) X(TLBIRANGE) X(DIT) X(TTCNP) X(XNX) X(IDST) X(PMUv3) X(GTG16) X(GTG64) \
	X(VMID16) X(CNTSC) X(E0PD) X(LOR) X(BBM) X(DGH) X(IESB) X(A72REGS) X(N1REGS)

enum feat {
	FEAT_NONE,
#define X(n) FEAT_##n,
	FEATS(X)
#undef X
	FEAT_COUNT
};

#endif
