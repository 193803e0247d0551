/*
 * What a bare-metal test guest has: a console, exceptions, vCPUs by PSCI,
 * system registers.  A guest defines guest_main() (vCPU 0) and prints what it
 * sees; the run is right if the output is that of its .expect file, which the
 * same guest gave under qemu-system-aarch64 -M virt (run_guest.sh).  Lines
 * that begin with '#' are information and not compared.
 *
 * MMU off until caches_on(): all memory is Device, so no exclusives, no unaligned accesses.
 */
#ifndef PARMA_TESTS_GUEST_H
#define PARMA_TESTS_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#define GICD 0x08000000ull
#define GICC 0x08010000ull
#define GICR 0x080a0000ull
#define UART 0x09000000ull
#define RTC 0x09010000ull
#define GPIO 0x09030000ull

#define mrs(reg)                                                       \
	({                                                             \
		uint64_t v_;                                           \
		__asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory"); \
		v_;                                                    \
	})
#define msr(reg, val)                                                                      \
	do {                                                                               \
		uint64_t v_ = (val);                                                       \
		__asm__ volatile("msr " #reg ", %0\n\tisb" ::"r"(v_) : "memory");           \
	} while (0)
#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb() __asm__ volatile("dsb sy" ::: "memory")
#define wfi() __asm__ volatile("dsb sy\n\twfi" ::: "memory")
#define irqs_on() __asm__ volatile("msr daifclr, #3\n\tisb" ::: "memory")
#define irqs_off() __asm__ volatile("msr daifset, #3\n\tisb" ::: "memory")

static inline uint32_t rd32(uint64_t a) { return *(volatile uint32_t *)a; }
static inline uint64_t rd64(uint64_t a) { return *(volatile uint64_t *)a; }
static inline uint8_t rd8(uint64_t a) { return *(volatile uint8_t *)a; }
/* A device write and what follows from it: done when these return. */
static inline void wr32(uint64_t a, uint32_t v) { *(volatile uint32_t *)a = v; dsb(); isb(); }
static inline void wr64(uint64_t a, uint64_t v) { *(volatile uint64_t *)a = v; dsb(); isb(); }
static inline void wr8(uint64_t a, uint8_t v) { *(volatile uint8_t *)a = v; dsb(); isb(); }

enum { PSCI_VERSION = 0x84000000, PSCI_CPU_OFF = 0x84000002, PSCI_CPU_ON = 0xc4000003, PSCI_AFFINITY_INFO = 0xc4000004,
       PSCI_SYSTEM_OFF = 0x84000008, PSCI_FEATURES = 0x8400000a };
int64_t psci(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
void power_off(void) __attribute__((noreturn));

/* %x, %lx (64 bits), %d, %s, %c. Not reentrant: one vCPU prints. */
void out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Set by a guest: what an IRQ and an FIQ do; unset, one is reported and ends the run. */
extern void (*on_irq)(void);
extern void (*on_fiq)(void);
/* Set by a guest: any other exception (0 synchronous, 3 SError); returns where to go on, at EL1. */
extern uint64_t (*on_sync)(uint64_t kind);
/* ELR and SPSR of the exception being handled, which a handler that returns 0 may change. */
extern uint64_t *exception_state;
/* Runs fn on vCPU n (1..15, Aff0) from power-on; the PSCI result. fn returns: WFI for ever. */
int64_t start_cpu(unsigned n, void (*fn)(unsigned n));
/* Looks at *p until it is v, or (`is` false) until it is not, and lets others have the CPU now and then; false: the counter is past `end` (~0: never). */
bool look_until(const volatile uint32_t *p, uint32_t v, bool is, uint64_t end);
/* Waits until *p is v; false (and a line of output) after 500 s, since the host may be busy. */
bool wait_for(volatile uint32_t *p, uint32_t v, const char *what);
void delay_us(uint64_t us);
/* Maps memory flat and turns caches on, for the calling vCPU: exclusives work. */
void caches_on(void);

/* The guest's own. */
void guest_main(void);
/* start.S calls these. */
void secondary_main(uint64_t n) __attribute__((noreturn));
uint64_t exception(uint64_t kind, uint64_t *state);

/* Reads a register that may be UNDEFINED: true if it is there. */
#define mrs_or_undef(reg, val)                               \
	({                                                   \
		undef_seen = 0;                              \
		expect_undef = 1;                            \
		*(val) = mrs(reg);                           \
		expect_undef = 0;                            \
		!undef_seen;                                 \
	})
extern volatile uint32_t expect_undef, undef_seen;

#endif
