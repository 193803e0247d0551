# The system side of the vCPU: exceptions, MMU, registers, timers, PSCI.
liba64_a_SOURCES += \
	src/a64/cpumodel.h src/a64/cpumodel.c \
	src/a64/debug.h src/a64/debug.c \
	src/a64/exception.h src/a64/exception.c \
	src/a64/gtimer.h src/a64/gtimer.c \
	src/a64/memslow.c \
	src/a64/mmu.h src/a64/mmu.c \
	src/a64/pmu.h src/a64/pmu.c \
	src/a64/psci.h src/a64/psci.c \
	src/a64/sysbits.h src/a64/sysop.c \
	src/a64/sysreg.h src/a64/sysreg.def src/a64/sysreg.c src/a64/sysreg_priv.h src/a64/sysreg_regs.c \
	src/a64/tlbi.h src/a64/tlbi.c \
	src/a64/tlbset.h src/a64/tlbset.c \
	src/a64/vcpu.c src/a64/wait.h src/a64/wait.c
