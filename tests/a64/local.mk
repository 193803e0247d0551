# Instructions of the reference engine, without a system around them.
A64_FLAT = tests/a64/case.h tests/a64/flat.h tests/a64/flat.c tests/a64/vecfile.h tests/a64/vecfile.c
A64_FLAT_LIBS = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm

EXTRA_PROGRAMS += tests/a64/oracle
tests_a64_oracle_SOURCES = tests/a64/oracle.c $(A64_FLAT)
tests_a64_oracle_LDADD = $(A64_FLAT_LIBS)
EXTRA_DIST += tests/a64/oracle.sh tests/a64/harness.c
