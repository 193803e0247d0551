# The translator against the reference engine
XLATE_TEST_LIBS = $(LIBXLATE) $(LIBTCACHE) $(LIBX64) $(LIBA64) $(LIBIR) $(LIBMCM) $(LIBMEM) $(LIBBASE) $(CAPSTONE_LIBS) $(URCU_LIBS) -lm
check_PROGRAMS += tests/xlate/t_lockstep_random
tests_xlate_t_lockstep_random_SOURCES = tests/xlate/t_lockstep_random.c tests/xlate/lockstep.h
tests_xlate_t_lockstep_random_LDADD = $(XLATE_TEST_LIBS)
check_PROGRAMS += tests/xlate/t_pairs
tests_xlate_t_pairs_SOURCES = tests/xlate/t_pairs.c tests/xlate/lockstep.h
tests_xlate_t_pairs_LDADD = $(XLATE_TEST_LIBS)
check_PROGRAMS += tests/xlate/t_lockstep
tests_xlate_t_lockstep_SOURCES = tests/xlate/t_lockstep.c tests/xlate/lockstep.h tests/xlate/wrong.h tests/xlate/wrong_int.c tests/xlate/wrong_mem.c
tests_xlate_t_lockstep_LDADD = $(XLATE_TEST_LIBS)
check_PROGRAMS += tests/xlate/t_walk
tests_xlate_t_walk_SOURCES = tests/xlate/t_walk.c tests/xlate/lockstep.h
tests_xlate_t_walk_LDADD = $(XLATE_TEST_LIBS)
# Random programs, group by group
check_PROGRAMS += tests/xlate/t_programs
tests_xlate_t_programs_SOURCES = tests/xlate/t_programs.c tests/xlate/prog_world.h tests/xlate/prog_shrink.h tests/xlate/prog_qemu.h $(A64_PROG)
tests_xlate_t_programs_LDADD = $(XLATE_TEST_LIBS)
check_PROGRAMS += tests/xlate/t_shrink
tests_xlate_t_shrink_SOURCES = tests/xlate/t_shrink.c tests/xlate/prog_world.h tests/xlate/prog_shrink.h tests/xlate/prog_qemu.h $(A64_PROG)
tests_xlate_t_shrink_LDADD = $(XLATE_TEST_LIBS)
EXTRA_DIST += tests/a64/vectors/programs.vec
check_PROGRAMS += tests/xlate/t_flow
tests_xlate_t_flow_LDADD = $(XLATE_TEST_LIBS)
# The same without some of the host's features
dist_check_SCRIPTS += tests/xlate/host_cpu.sh
tests/xlate/host_cpu.log: tests/xlate/t_lockstep_random tests/xlate/t_fp
# Host code, pinned: tests/xlate/t_golden --update writes the files anew
check_PROGRAMS += tests/xlate/t_golden
tests_xlate_t_golden_SOURCES = tests/xlate/t_golden.c tests/xlate/lockstep.h
tests_xlate_t_golden_LDADD = $(XLATE_TEST_LIBS)
EXTRA_DIST += tests/xlate/golden/memory.txt tests/xlate/golden/control.txt tests/xlate/golden/order.txt tests/xlate/golden/fp.txt
# Accesses that share a check
check_PROGRAMS += tests/xlate/t_groups
tests_xlate_t_groups_SOURCES = tests/xlate/t_groups.c tests/xlate/lockstep.h
tests_xlate_t_groups_LDADD = $(XLATE_TEST_LIBS)
# Calls that come back elsewhere
check_PROGRAMS += tests/xlate/t_returns
tests_xlate_t_returns_SOURCES = tests/xlate/t_returns.c tests/xlate/lockstep.h
tests_xlate_t_returns_LDADD = $(XLATE_TEST_LIBS)
# Floating point in programs: modes, flags
check_PROGRAMS += tests/xlate/t_fp
tests_xlate_t_fp_SOURCES = tests/xlate/t_fp.c tests/xlate/lockstep.h tests/a64/fp_operands.h
tests_xlate_t_fp_LDADD = $(XLATE_TEST_LIBS)
# What loops remember of pages
check_PROGRAMS += tests/xlate/t_memos
tests_xlate_t_memos_SOURCES = tests/xlate/t_memos.c tests/xlate/lockstep.h
tests_xlate_t_memos_LDADD = $(XLATE_TEST_LIBS)
