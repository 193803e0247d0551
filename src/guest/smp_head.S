/* Entry points of the built-in guest: stack, MMU (1 GiB blocks: devices, then RAM), then smp_main(index). */
	.section .head, "ax"
	.global _start
_start:
	mov	x0, #0
	.global secondary_start
secondary_start:			// x0: index, from CPU_ON's context argument
	mov	x19, x0
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	add	x2, x0, #1
	add	x1, x1, x2, lsl #12
	mov	sp, x1

	adrp	x1, page_table
	msr	ttbr0_el1, x1
	ldr	x1, =0x00ff		// attribute 0: normal write-back, 1: device nGnRnE
	msr	mair_el1, x1
	ldr	x1, =0x200803519		// 39 bits, write-back inner shareable walks, 4 KiB, 40-bit PA, no TTBR1
	msr	tcr_el1, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mrs	x1, sctlr_el1
	mov	x2, #0x1005		// M, C, I
	orr	x1, x1, x2
	msr	sctlr_el1, x1
	isb
	mov	x0, x19
	bl	smp_main
1:	wfi
	b	1b

	.global psci			// x0 function, x1..x3 arguments
psci:	hvc	#0
	ret

	.global semihost		// w0 operation, x1 argument
semihost:
	hlt	#0xf000
	ret

	.balign	2048
vectors:				// any exception is a failure: report ESR and ELR
	.rept	16
	.balign	128
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	b	unexpected
	.endr

	.data
	.balign	4096
page_table:
	.quad	0x0060000000000405	// 0 GiB: device, execute-never
	.quad	0x0000000040000701	// 1 GiB: RAM
	.fill	510, 8, 0

	.bss
	.balign	4096
stacks:	.skip	128 * 4096
