EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/fuzz_loader.c tests/fuzz/fuzz_opts.c tests/fuzz/fuzz_insn.c

# FUZZ="600 insn": seconds for each target, and which.
check-fuzz: all
	top_srcdir=$(abs_top_srcdir) top_builddir=$(abs_builddir) bash $(top_srcdir)/tests/fuzz/run.sh $(FUZZ)
.PHONY: check-fuzz
