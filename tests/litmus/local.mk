# Litmus front end: assembler, parser's messages, the axioms one by one, the corpus where it is at hand.
check_PROGRAMS += tests/litmus/t_asm
tests_litmus_t_asm_LDADD = $(LIBLITMUS) $(LIBA64) $(LIBIR) $(LIBMCM) $(LIBBASE) -lm
dist_check_SCRIPTS += tests/litmus/axioms.sh tests/litmus/corpus.sh tests/litmus/malformed.sh tests/litmus/harness.sh
EXTRA_DIST += litmus/tests tests/litmus/asm.txt tests/litmus/axioms tests/litmus/bad
dist_check_SCRIPTS += tests/litmus/axioms.sh tests/litmus/corpus.sh tests/litmus/malformed.sh
EXTRA_DIST += tests/litmus/asm.txt tests/litmus/axioms tests/litmus/bad
LONG_TESTS += tests/litmus/long.sh
# The translator's own code for litmus threads, through the TSO model.
check_PROGRAMS += tests/litmus/t_translated
tests_litmus_t_translated_LDADD = $(LIBLITMUS) $(LIBXLATE) $(LIBTCACHE) $(LIBX64) $(LIBA64) $(LIBIR) $(LIBMCM) $(LIBMEM) $(LIBBASE) \
	$(CAPSTONE_LIBS) $(URCU_LIBS) -lm
EXTRA_DIST += tests/litmus/bare
