/*
 * Entry, vectors and firmware calls of the bare-metal test guests.  EL1, MMU
 * off.  A vector saves what C may clobber and calls exception(kind) with kind
 * 0 synchronous, 1 IRQ, 2 FIQ, 3 SError; ELR_EL1 may be changed by it.
 */
	.section .head, "ax"
	.global _start
_start:
	mov	x0, #0
	b	1f
	.global secondary_entry
secondary_entry:			// x0: index of this vCPU, the context argument of CPU_ON
1:	mov	x19, x0
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	add	x2, x0, #1
	add	x1, x1, x2, lsl #14
	mov	sp, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	mov	x1, #3 << 20		// FP and SIMD do not trap
	msr	cpacr_el1, x1
	isb
	cbnz	x19, 2f
	bl	guest_main
	bl	power_off
2:	bl	secondary_main
3:	wfi
	b	3b

	.global psci			// x0 function, x1..x3 arguments
psci:	hvc	#0
	ret

	.balign	2048
vectors:
	.macro	vector kind
	.balign	128
	sub	sp, sp, #192
	stp	x0, x1, [sp]
	mov	x0, #\kind
	b	common
	.endm
	.rept	4
	vector	0
	vector	1
	vector	2
	vector	3
	.endr

common:	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [sp, #160]
	add	x1, sp, #160
	bl	exception		// x0 kind, x1 where ELR and SPSR are
	ldp	x1, x2, [sp, #160]
	cbz	x0, 4f
	mov	x1, x0			// exception() returns where to go on at EL1, 0: where it was
	mov	x2, #0x3c5
4:	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp]
	add	sp, sp, #192
	eret

	.bss
	.balign	4096
stacks:	.skip	16 * 16384
