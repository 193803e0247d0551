# Mutants that the everyday tests must notice.  MUTANTS=REGEX: only those.
EXTRA_DIST += tests/mutation/run.sh tests/mutation/mutants.txt
check-mutation: all
	top_srcdir=$(abs_top_srcdir) top_builddir=$(abs_builddir) bash $(top_srcdir)/tests/mutation/run.sh
.PHONY: check-mutation
