# Fuzz targets.  Each is a program of make check: its corpus and a second of random inputs (tests/fuzz/main.c);
# make check-fuzz builds them with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer in a folder of its own.
noinst_LIBRARIES += libfuzzmain.a
libfuzzmain_a_SOURCES = tests/fuzz/main.c
FUZZ_MAIN = libfuzzmain.a
FUZZ_LIBS = $(LIBCLI) $(LIBLITMUS) $(LIBMACHINE) $(LIBDEV) $(LIBSCHED) $(LIBXLATE) $(LIBTCACHE) $(LIBX64) \
	$(LIBA64) $(LIBIR) $(LIBMCM) $(LIBMEM) $(LIBBASE) \
	$(FDT_LIBS) $(SLIRP_LIBS) $(CAPSTONE_LIBS) $(HWLOC_LIBS) $(URCU_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS) -lm
# A new target is a line here and one below.
FUZZERS =
FUZZERS += tests/fuzz/fuzz_loader
FUZZERS += tests/fuzz/fuzz_opts
FUZZERS += tests/fuzz/fuzz_insn
FUZZERS += tests/fuzz/fuzz_litmus
FUZZERS += tests/fuzz/fuzz_qmp
FUZZERS += tests/fuzz/fuzz_xlate
FUZZERS += tests/fuzz/fuzz_devices
check_PROGRAMS += $(FUZZERS)
tests_fuzz_fuzz_loader_LDADD = $(FUZZ_MAIN) $(FUZZ_LIBS)
tests_fuzz_fuzz_opts_LDADD = $(FUZZ_MAIN) $(FUZZ_LIBS)
tests_fuzz_fuzz_insn_LDADD = $(FUZZ_MAIN) $(FUZZ_LIBS)
tests_fuzz_fuzz_litmus_LDADD = $(FUZZ_MAIN) $(FUZZ_LIBS)
tests_fuzz_fuzz_qmp_LDADD = $(FUZZ_MAIN) $(JANSSON_LIBS) $(LIBBASE)
tests_fuzz_fuzz_xlate_LDADD = $(FUZZ_MAIN) $(FUZZ_LIBS)
tests_fuzz_fuzz_devices_LDADD = $(FUZZ_MAIN) $(FUZZ_LIBS)
EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/corpus

# FUZZ_SECONDS=600: how long each; FUZZ="insn qmp": which.
FUZZ_SECONDS = 30
check-fuzz:
	top_srcdir=$(abs_top_srcdir) bash $(abs_top_srcdir)/tests/fuzz/run.sh $(FUZZ_SECONDS) $(if $(FUZZ),$(FUZZ),$(FUZZERS:tests/fuzz/fuzz_%=%))
.PHONY: check-fuzz
fuzz-sources: $(BUILT_SOURCES)
.PHONY: fuzz-sources
