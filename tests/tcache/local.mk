TCACHE_TESTS = tests/tcache/t_tcache tests/tcache/t_tcache_race
check_PROGRAMS += $(TCACHE_TESTS)
EXTRA_DIST += tests/tcache/hostcode.h
tests_tcache_t_tcache_LDADD = $(LIBTCACHE) $(LIBBASE)
tests_tcache_t_tcache_race_LDADD = $(LIBTCACHE) $(LIBBASE)
