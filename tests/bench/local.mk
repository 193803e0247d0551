EXTRA_DIST += tests/bench/run tests/bench/pbench.h tests/bench/pbench.c tests/bench/integer.c tests/bench/memory.c \
	tests/bench/fp.c tests/bench/system.c tests/bench/smp.c  tests/bench/litmus_rate.sh
EXTRA_DIST += tests/bench/litmus_pthread.c

# Side by side with QEMU; needs a cross compiler. BENCH="--scale 5 integer" and the like.
bench: all
	PARMA=$(abs_builddir)/parma $(top_srcdir)/tests/bench/run $(BENCH)
.PHONY: bench
# Trials a second of the litmus harness, against itself as a guest of QEMU.
bench-litmus: all
	PARMA=$(abs_builddir)/parma $(top_srcdir)/tests/bench/litmus_rate.sh $(BENCH)
.PHONY: bench-litmus
