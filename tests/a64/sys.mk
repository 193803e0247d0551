# The vCPU's system side.
EXTRA_DIST += tests/a64/cpu.h
check_PROGRAMS += tests/a64/t_mmu tests/a64/t_exception tests/a64/t_timers tests/a64/t_psci
tests_a64_t_mmu_LDADD = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm
tests_a64_t_exception_LDADD = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm
tests_a64_t_timers_LDADD = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm
tests_a64_t_psci_LDADD = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm
