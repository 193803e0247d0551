/*
 * The virt board: where things are and which interrupts they have.  The same
 * as QEMU's -M virt, so that kernels and firmware made for it run unmodified.
 */
#ifndef PARMA_MACHINE_MEMMAP_H
#define PARMA_MACHINE_MEMMAP_H

#include <stdint.h>

#define VIRT_FLASH UINT64_C(0x00000000)
#define VIRT_FLASH_SIZE UINT64_C(0x04000000) /* each of two banks */
#define VIRT_GICD UINT64_C(0x08000000)
#define VIRT_GICD_SIZE UINT64_C(0x00010000)
#define VIRT_GICC UINT64_C(0x08010000)
#define VIRT_GICC_SIZE UINT64_C(0x00010000)
#define VIRT_GICR UINT64_C(0x080a0000)
#define VIRT_GICR_CPU_SIZE UINT64_C(0x00020000)
#define VIRT_GICR_MAX_CPUS 123 /* what fits before the UART */
#define VIRT_GICR2 UINT64_C(0x4000000000) /* redistributors of the CPUs beyond */
#define VIRT_UART UINT64_C(0x09000000)
#define VIRT_RTC UINT64_C(0x09010000)
#define VIRT_FW_CFG UINT64_C(0x09020000)
#define VIRT_GPIO UINT64_C(0x09030000)
#define VIRT_DEV_SIZE UINT64_C(0x00001000)
#define VIRT_VIRTIO UINT64_C(0x0a000000)
#define VIRT_VIRTIO_SIZE UINT64_C(0x00000200)
#define VIRT_VIRTIO_COUNT 32u
#define VIRT_RAM UINT64_C(0x40000000)
#define VIRT_RAM_MAX (UINT64_C(255) << 30)

/* Shared peripheral interrupts (SPI n is INTID 32 + n). */
#define VIRT_SPI_UART 1u
#define VIRT_SPI_RTC 2u
#define VIRT_SPI_GPIO 7u
#define VIRT_SPI_VIRTIO 16u
#define VIRT_NSPIS 256u

/* Private peripheral interrupts (PPI n is INTID 16 + n). */
#define VIRT_PPI_PMU 7u
#define VIRT_PPI_TIMER_HYP 10u
#define VIRT_PPI_TIMER_VIRT 11u
#define VIRT_PPI_TIMER_SEC 13u
#define VIRT_PPI_TIMER_PHYS 14u

/* MPIDR affinity of CPU k: clusters of 8 with GICv2, 16 with GICv3. */
static inline uint64_t virt_mpidr(unsigned k, unsigned gic_version)
{
	unsigned per = gic_version == 2 ? 8 : 16;

	return (uint64_t)(k / per) << 8 | k % per;
}

#endif
